--- `deadline`: the limit to things that have none of their own.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"
local SOON = 0.4                         -- seconds; what is slow here takes far longer
local LATE = 5                           -- seconds within which even a starved machine has noticed

describe("a deadline", function()
  local api = testbed.local_api { count = 3 }
  local client, actor, started_at

  before_each(function()
    api:admin("behaviour", { actor = ACTOR, schedule = { { 0, "READY" }, { 0.05, "RUNNING" }, { 60, "SUCCEEDED" } }, log_lines = 0 })
    client = testbed.client(api)
    actor = client:actor(ACTOR)
    started_at = os.time()
  end)

  --- The error of what must have ended because of its deadline, and has left nothing behind.
  local function timed_out(ok, err)
    assert.is_nil(ok)
    assert.equal("timeout", err.kind)
    assert.is_true(os.time() - started_at <= LATE)
    assert.equal(0, client:stats().in_flight)
    return err
  end

  local function running()
    return assert(actor:start {})
  end

  it("ends waiting for a run, with the run as last seen", function()
    local run = running()
    assert.equal("RUNNING", timed_out(client:run(run.id):wait_for_finish { deadline = SOON }).run.status)
    assert.equal("RUNNING", timed_out(client:wait_all({ run.id }, { deadline = SOON })).run.status)
    timed_out(client:wait_any({ run.id }, { deadline = SOON }))
  end)

  it("is another thing than wait_secs, which is the shorter one here", function()
    local ok, err = client:run(running().id):wait_for_finish { deadline = 60, wait_secs = SOON }
    assert.same({ nil, "unfinished" }, { ok, err.kind })
  end)

  it("ends a call, with the run that was started", function()
    local err = timed_out(actor:call({}, { deadline = SOON }))
    assert.equal("RUNNING", err.run.status)
    err = timed_out(actor:call({}, { deadline = SOON, log = function() end }))
    assert.equal("RUNNING", err.run.status)
  end)

  it("ends a call whose start is not answered", function()
    api:faults { match = { method = "POST" }, action = { hang = true } }
    assert.is_true(timed_out(actor:call({}, { deadline = SOON })).sent)
  end)

  it("ends a push between or within its requests, and says what is in doubt", function()
    local dataset = client:run(running().id):dataset()
    api:faults { match = { method = "POST", path = "/items$" }, action = { delay = 0.3 }, may_miss = true }       -- memcheck takes longer
    local n = 0
    local function big()
      n = n + 1
      return n <= 40 and { n = n, text = ("x"):rep(3000000) } or nil
    end
    local err = timed_out(dataset:push_items(big, { deadline = SOON }))
    assert.is_true(err.pushed < 5)
    assert.is_true(not err.in_doubt or err.in_doubt[1] == err.pushed + 1)
  end)

  it("does not count the time that an iterator takes", function()
    local dataset = client:run(running().id):dataset()
    local n = 0
    local function slow()
      n = n + 1
      apify.sleep(0.3)
      return n <= 4 and { n = n } or nil
    end
    assert.same({ true, 4 }, { dataset:push_items(slow, { deadline = 1 }) })
  end)

  it("ends a batch of requests, and says what is in doubt", function()
    local queue = client:run(running().id):request_queue()
    api:faults { match = { path = "/batch$" }, action = { hang = true } }
    local urls = {}
    for i = 1, 100 do urls[i] = "https://example.com/" .. i end
    local err = timed_out(queue:batch_add_requests(urls, { deadline = SOON }))
    assert.equal(100, #err.in_doubt + #err.unprocessed)
  end)

  it("is not waited for where the API asks to wait longer: its answer is the error, at once", function()
    local path = "/actor-runs/" .. running().id
    local run, o = client:run(path:match "[^/]+$"), { deadline = 60 }
    local calls = {
      function() return run:wait_for_finish(o) end,
      function() return actor:call({}, o) end,
      function() return run:watch(o):next() end,
      function() return client:runs():iterate(o):next() end,
      function() return client:iterate({ path = path, deadline = 60 }):next() end,
      function() return run:dataset():iterate_items(o):next() end,
      function() return run:key_value_store():iterate_keys(o):next() end,
      function() return actor:run_sync_iterate_items({}, o):next() end,
      function() return run:log():lines(o):next() end,
      function() return run:log():download(print, o) end,
      function() return run:dataset():download_items("csv", print, o) end,
      function() return run:dataset():push_items({ { n = 1 } }, o) end,
      function() return run:key_value_store():upload_record("HOST", "/etc/hostname", o) end,
      function() return run:request_queue():batch_add_requests({ "https://example.com" }, o) end,
    }
    api:faults { match = { path = "^/v2/" }, action = { status = { code = 429, retry_after = 100 } } }
    for i, call in ipairs(calls) do
      local ok, err = call()
      assert.same({ i, nil, "api", 429, 100, 1 }, { i, ok, err.kind, err.status, err.retry_after, err.attempts })
    end
    assert.is_true(os.time() - started_at <= LATE)
  end)
end)
