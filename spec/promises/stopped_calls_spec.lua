--- Calls that are stopped, or whose answers are odd, in the life of a run: nothing is done twice, nothing stays in flight.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"

describe("in a run's life", function()
  local api = testbed.local_api { count = 3 }
  local client, actor

  local function behave(schedule, more)
    local options = { actor = ACTOR, schedule = schedule, log_lines = 3, items = 3 }
    for name, value in pairs(more or {}) do options[name] = value end
    api:admin("behaviour", options)
  end

  -- What the call raises.
  local function raised(fn, ...)
    local ok, why = pcall(fn, ...)
    assert.is_false(ok)
    return why
  end

  local function starts() return api:admin("starts").count end

  before_each(function()
    behave { { 0, "RUNNING" }, { 0.2, "SUCCEEDED" } }
    client = testbed.client(api)
    actor = client:actor(ACTOR)
  end)

  it("a call is cancelled while its log function waits, although the run has ended", function()
    local is_inside = false
    local fiber = apify.spawn(function()
      return actor:call({}, { log = function()
        is_inside = true
        apify.sleep(60)
      end })
    end)
    for _ = 1, 100 do
      if is_inside then break end
      apify.sleep(0.05)
    end
    apify.sleep(0.5)                                     -- the run is over by now
    fiber:cancel()
    local run, err = fiber:wait(10)
    assert.is_nil(run)
    assert.equal("cancelled", err.kind)
    assert.is_truthy(err.run)
  end)

  it("a call does not wait for a silent log longer than its deadline", function()
    api:faults { match = { path = "/log$" }, action = { hang = true } }
    local began_at = os.time()
    assert(actor:call({}, { deadline = 1.5, log = function() end }))
    assert.is_true(os.time() - began_at < 8)
  end)

  it("a call passes the log of a run that is not known everywhere yet", function()
    api:faults { match = { path = "/log$", first = 2 }, action = { status = { code = 404, type = "record-not-found" } } }
    local lines = 0
    assert(actor:call({}, { log = function() lines = lines + 1 end }))
    assert.equal(3, lines)
  end)

  it("a run is not started again after a hook has raised", function()
    local is_raising = true
    client = testbed.client(api, { on_attempt = function() if is_raising then error("hook", 0) end end })
    api:faults { match = { method = "POST", first = 1 }, action = { close_before_answer = { act = true } } }
    local it = client:actor(ACTOR):run_sync_iterate_items {}
    assert.equal("hook", raised(it.next, it).cause)
    is_raising = false
    local row, err = it:next()
    assert.is_nil(row)
    assert.is_true(err.sent)
    assert.equal(1, starts())
  end)

  it("a cancelled iteration of one answer is aborted at once, and says that it was sent", function()
    behave { { 0, "RUNNING" }, { 60, "SUCCEEDED" } }
    local it = actor:run_sync_iterate_items {}
    local fiber = apify.spawn(function() return it:next() end)
    for _ = 1, 100 do
      if starts() == 1 then break end
      apify.sleep(0.05)
    end
    fiber:cancel()
    local _, err = fiber:wait(10)
    assert.same({ "cancelled", true }, { err.kind, err.sent })
    assert.equal(0, client:stats().in_flight)
    assert.same({ nil, err }, { it:next() })
    assert.equal(1, starts())
  end)

  it("a start whose answer is no run is an error that says that it was sent", function()
    for _, body in ipairs { '{"data":{}}', "[]", '{"data":null}' } do
      api:faults { match = { method = "POST" }, action = { status = { code = 201, body = body } } }
      for _, method in ipairs { "start", "call" } do
        local run, err = actor[method](actor, {})
        assert.same({ nil, "decode", true }, { run, err.kind, err.sent })
      end
    end
    api:faults { match = { method = "POST" }, action = { status = { code = 204, body = "" } } }
    assert.equal("decode", select(2, actor:call({})).kind)
  end)

  it("a closed client says of a start that it was sent", function()
    behave { { 0, "RUNNING" }, { 60, "SUCCEEDED" } }
    local fiber = apify.spawn(function() return actor:start({}, { wait_for_finish = 20 }) end)
    for _ = 1, 100 do
      if starts() == 1 then break end
      apify.sleep(0.05)
    end
    client:close()
    local _, err = fiber:wait(10)
    assert.same({ "closed", true }, { err.kind, err.sent })
  end)

  it("whatever stops the items of a run that was started says that it was sent", function()
    behave { { 0, "RUNNING" }, { 60, "SUCCEEDED" } }
    local calls = {
      function(o) return actor:run_sync_iterate_items({}, o):next() end,
      function(o) return actor:run_sync_download_items("csv", nil, {}, o) end,
    }
    for i, call in ipairs(calls) do
      local kinds = {}
      for _, stop in ipairs { "cancel", "close", "deadline" } do
        local before = starts()
        local fiber = apify.spawn(call, stop == "deadline" and { deadline = 0.3 } or {})
        for _ = 1, stop == "deadline" and 0 or 100 do
          if starts() > before then break end
          apify.sleep(0.05)
        end
        if stop == "cancel" then fiber:cancel() elseif stop == "close" then client:close() end
        local _, err = fiber:wait(10)
        kinds[#kinds + 1] = { err.kind, err.sent }
        client = testbed.client(api)
        actor = client:actor(ACTOR)
      end
      assert.same({ i, { "cancelled", true }, { "closed", true }, { "timeout", true } }, { i, kinds[1], kinds[2], kinds[3] })
    end
  end)

  it("what cannot be a header, a field or a run is an argument error, at the caller's line", function()
    local run = client:run(assert(actor:start {}).id)
    for text, fn in pairs {
      ["idempotency_key"] = function() run:charge("page-crawled", { idempotency_key = " " }) end,
      ["content_type"] = function() actor:start("x", { content_type = " " }) end,
      ["run:update"] = function() run:update { status_message = "\255" } end,
      ["run:charge"] = function() run:charge "\255" end,
      ["target_actor_id"] = function() run:metamorph("x", {}, { target_actor_id = "y" }) end,
    } do
      local ok, err = pcall(fn)
      assert.is_false(ok)
      assert.truthy(err:find("stopped_calls_spec.lua:%d+: ") and err:find(text, 1, true), err)
    end
  end)

  it("waits of more runs than may be asked about keep to that at the end, too", function()
    local ids = api:admin("add_runs", { count = 30, schedule = { { 0, "RUNNING" }, { 60, "SUCCEEDED" } } }).ids
    local most = 0
    client = testbed.client(api, { on_attempt = function() most = math.max(most, client:stats().in_flight) end })
    local runs, err = client:wait_all(ids, { max_parallel = 3, wait_secs = 1 })
    assert.is_nil(runs)
    assert.truthy(err.kind == "unfinished" or err.kind == "timeout")
    assert.is_true(most <= 3, most)
  end)

  it("a wait for all leaves nothing in flight when a hook raises", function()
    local ids = api:admin("add_runs", { count = 6, schedule = { { 0, "RUNNING" }, { 60, "SUCCEEDED" } } }).ids
    api:faults { match = { path = ids[1] }, action = { status = { code = 500 } } }
    client = testbed.client(api, { on_attempt = function() error("hook", 0) end })
    assert.equal("hook", raised(client.wait_all, client, ids).cause)
  end)

  it("a wait for a last run has time for one look, however short it is", function()
    local last = client:actor(ACTOR):last_run()
    assert.equal("SUCCEEDED", assert(actor:call({})).status)
    assert.equal("SUCCEEDED", assert(last:wait_for_finish { wait_secs = 0 }).status)
  end)
end)
