-- runs first
--- Watching a run: its changes, one after the other, until it has ended. Against the local API.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ACTOR = "janedoe~my-actor"
local ENDLESS = { { 0, "RUNNING" } }
local OFTEN = 0.02                       -- seconds between two looks

describe("watching a run", function()
  local api = testbed.local_api { count = 0 }
  local client

  before_each(function() client = testbed.client(api) end)

  --- A handle of a run that was just started.
  local function started(behaviour)
    api:admin("behaviour", behaviour)
    return client:run(assert(client:actor(ACTOR):start()))
  end

  local function looks()
    local count = 0
    for _, request in ipairs(api:log().requests) do
      if request.method == "GET" then count = count + 1 end
    end
    return count
  end

  --- Go on once the run has been looked at.
  local function until_looked(count)
    for _ = 1, 300 do
      if looks() >= count then return end
      assert(apify.sleep(0.02))
    end
    error("nobody looks", 2)
  end

  local function become(run, status) api:admin("set_status", { ids = { run.id }, status = status }) end

  it("tells each change of its status, the last when it has ended", function()
    local run = started { schedule = { { 0, "READY" } } }
    local next_status = { READY = "RUNNING", RUNNING = "TIMING-OUT", ["TIMING-OUT"] = "TIMED-OUT" }
    local seen, last = {}, nil
    for now in run:watch { interval = OFTEN } do
      assert.equal(run.id, now.id)
      seen[#seen + 1], last = now.status, now
      if next_status[now.status] then become(run, next_status[now.status]) end
    end
    assert.same({ "READY", "RUNNING", "TIMING-OUT", "TIMED-OUT" }, seen)
    assert.is_string(last.finishedAt)
  end)

  local function end_after_looks(run, count)
    until_looked(count)
    become(run, "SUCCEEDED")
    return true
  end

  it("tells each change of its status message", function()
    local run = started { schedule = ENDLESS }
    local messages, seen, ender = { "one", "two", "two" }, {}, nil
    for now in run:watch { interval = OFTEN } do
      seen[#seen + 1] = now.status .. " " .. tostring(now.statusMessage)
      local message = table.remove(messages, 1)
      if message then assert(run:update { status_message = message }) end
      if #seen == 3 then ender = apify.spawn(end_after_looks, run, looks() + 2) end
    end
    assert(ender:wait())
    assert.same({ 4, "RUNNING one", "RUNNING two" }, { #seen, seen[2], seen[3] })
    assert.truthy(seen[4]:find "^SUCCEEDED ")
  end)

  it("of a run that has ended tells it once, with one look", function()
    local run = started { schedule = { { 0, "FAILED" } } }
    local it = run:watch()
    assert.equal(0, looks())
    assert.equal("FAILED", assert(it:next()).status)
    for _ = 1, 2 do assert.same({}, { it:next() }) end
    assert.equal(1, looks())
  end)

  it("looks once a second when nothing else is said", function()
    local run = started { schedule = { { 0, "RUNNING" }, { 1.5, "SUCCEEDED" } } }
    for _ in run:watch() do end
    assert.is_true(looks() <= 4, looks())
  end)

  it("of a last run goes on with that run, though another is the last by then", function()
    local run = started { schedule = ENDLESS }
    local it = client:actor(ACTOR):last_run():watch { interval = OFTEN }
    assert.equal(run.id, assert(it:next()).id)
    waiting.add(api)
    assert(run:abort())
    local last
    for now in it do last = now end
    assert.same({ run.id, "ABORTED" }, { last.id, last.status })
  end)

  it("ends when it is closed, also for another fiber that waits in it", function()
    local run = started { schedule = ENDLESS }
    local it = run:watch { interval = 60 }
    assert(it:next())
    local fiber = apify.spawn(function() return it:next() end)
    assert(apify.sleep(0.05))
    assert.is_false(fiber:is_done())
    it:close()
    assert.same({}, { fiber:wait() })
    assert.same({}, { it:next() })
    it:close()
    assert.equal(1, looks())
  end)

  it("ends when it is closed while it looks", function()
    local run = started { schedule = ENDLESS }
    api:faults { match = { path = "actor%-runs" }, action = { hang = true } }
    local it = run:watch()
    local fiber = apify.spawn(function() return it:next() end)
    until_looked(1)
    it:close()
    assert.same({}, { fiber:wait(5) })
    assert.equal(0, client:stats().in_flight)
  end)

  it("that is not closed does not look any more once the loop is left", function()
    local run = started { schedule = ENDLESS }
    for now in run:watch { interval = OFTEN } do
      if now.status == "RUNNING" then break end
    end
    assert(apify.sleep(0.1))
    assert.equal(1, looks())
  end)

  it("is over when its deadline is, and says so each time", function()
    local run = started { schedule = ENDLESS }
    local it = run:watch { interval = 0.05, deadline = 0.3 }
    assert(it:next())
    for _ = 1, 2 do
      local now, err = it:next()
      assert.is_nil(now)
      assert.equal("timeout", err.kind)
    end
  end)

  it("keeps its deadline though a look takes longer", function()
    local run = started { schedule = ENDLESS }
    api:faults { match = { path = "actor%-runs" }, action = { hang = true } }
    local took, now, err = waiting.timed(function() return run:watch { deadline = 0.3 }:next() end)
    assert.is_nil(now)
    assert.equal("timeout", err.kind)
    assert.is_true(took < 5, took)
  end)

  it("does not count the time between two steps", function()
    local run = started { schedule = ENDLESS }
    local it = run:watch { interval = 0.05, deadline = 1 }
    assert(it:next())
    os.execute "sleep 1.5"
    assert(run:abort())
    assert.truthy(assert(it:next()).status:find "^ABORT")
  end)

  it("of a run that is not there is an error, raised in a loop", function()
    local missing = client:run "nobody"
    local found = assert(apify.all {                       -- side by side: a run is looked for during three seconds
      function() return { missing:watch():next() } end,
      function()
        return { pcall(function()
          for _ in missing:watch() do error "a run" end
        end) }
      end,
      function() return { client:actor(ACTOR):last_run { status = "ABORTED" }:watch():next() } end,
    })
    for _, answer in ipairs(found) do
      assert.is_falsy(answer[1])
      assert.is_true(answer[2].not_found)
    end
  end)

  it("goes on after an error", function()
    local run = started { schedule = ENDLESS }
    local it = client:with { max_retries = 0 }:run(run.id):watch { interval = OFTEN }
    api:faults { match = { path = "actor%-runs", first = 2 }, action = { status = { code = 503 } } }
    for _ = 1, 2 do assert.equal(503, select(2, it:next()).status) end
    assert.equal("RUNNING", assert(it:next()).status)
    it:close()
  end)

  it("survives answers that are lost", function()
    local run = started { schedule = { { 0, "RUNNING" }, { 0.5, "SUCCEEDED" } } }
    api:faults { match = { path = "actor%-runs", nth = 2 }, action = { close_before_answer = {} } }
    local seen = {}
    for now in run:watch { interval = OFTEN } do seen[#seen + 1] = now.status end
    assert.same({ "RUNNING", "SUCCEEDED" }, seen)
  end)

  it("ends with its fiber", function()
    local run = started { schedule = ENDLESS }
    local fiber = apify.spawn(function()
      for _ in run:watch { interval = 30 } do end
    end)
    until_looked(1)
    fiber:cancel()
    local ok, err = pcall(fiber.wait, fiber)
    assert.same({ false, "cancelled" }, { ok, type(err) == "table" and err.kind })
  end)

  it("refuses wrong options at the caller's line, and sends nothing", function()
    local run = client:run "some"
    for name, call in pairs {
      interval = function() run:watch { interval = 0 } end,
      deadline = function() run:watch { deadline = -1 } end,
      wait_secs = function() run:watch { wait_secs = 1 } end,
      colon = function() run.watch {} end,
      method = function() run:watch().next() end,
    } do
      local ok, text = pcall(call)
      assert.is_false(ok)
      local place = ("run_watch_spec.lua:%d: "):format(debug.getinfo(call, "S").linedefined)
      assert.truthy(text:find(place, 1, true) and text:find(name, 1, true), text)
    end
    assert.equal(0, #api:log().requests)
  end)
end)
