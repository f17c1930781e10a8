--- Calling an Actor or a task: a run is started and waited for, perhaps while its log is passed on. Against the local API.
local apify = require "apify"
local child = require "spec.support.child"
local testbed = require "spec.support.testbed"

local ACTOR, TASK = "janedoe~my-actor", "janedoe~my-task"
local ENDLESS = { { 0, "RUNNING" } }
local QUICK = { { 0, "RUNNING" }, { 0.2, "SUCCEEDED" } }

describe("calling", function()
  local api = testbed.local_api()
  local client

  before_each(function() client = testbed.client(api) end)

  local function behave(how) api:admin("behaviour", how) end
  local function starts() return api:admin("starts").ids end
  local function call(opts) return client:actor(ACTOR):call(nil, opts) end

  --- The error of a call whose run was started: it knows the run.
  local function failure(run, err)
    assert.is_nil(run)
    assert.is_true(apify.is_error(err), tostring(err))
    assert.same(starts(), { err.run.id })
    return err
  end

  --- Can the client still be used?
  local function assert_usable()
    assert.equal(0, client:stats().in_flight)
    behave { schedule = QUICK }
    assert.equal("SUCCEEDED", assert(call()).status)
  end

  --- Go on once a fiber has made so many requests whose paths match.
  local function until_asked(pattern, count)
    for _ = 1, 300 do
      local seen = 0
      for _, request in ipairs(api:log().requests) do
        if request.path:find(pattern) then seen = seen + 1 end
      end
      if seen >= count then return end
      assert(apify.sleep(0.02))
    end
    error("too few requests of " .. pattern, 2)
  end

  --- Go on once the server has noticed that all clients left.
  local function until_left()
    for _ = 1, 300 do
      if api:log().counters.open == 0 then return end
      assert(apify.sleep(0.02))
    end
    error("the server still answers", 2)
  end

  describe("without a log", function()
    for _, status in ipairs { "SUCCEEDED", "FAILED", "ABORTED", "TIMED-OUT" } do
      it("gives the run, though it is " .. status, function()
        behave { schedule = { { 0, "READY" }, { 0.1, "RUNNING" }, { 0.2, status } } }
        local run = assert(call())
        assert.same({ status, starts()[1] }, { run.status, run.id })
        assert.is_string(run.finishedAt)
      end)
    end

    it("gives the run of a task, with its input and its options", function()
      behave { schedule = QUICK }
      local run = assert(client:task(TASK):call({ extra = 1 }, { memory = 256, timeout = 60, wait_secs = 60 }))
      assert.same({ 256, 60 }, { run.options.memoryMbytes, run.options.timeoutSecs })
      assert.truthy(api:admin("input_of", { run = run.id }).value:find('"extra":1', 1, true))
    end)

    it("gives a run that its own limit ended", function()
      behave { schedule = ENDLESS }
      assert.equal("TIMED-OUT", assert(call { timeout = 1 }).status)
    end)

    it("is over when its time is", function()
      behave { schedule = ENDLESS }
      for i, secs in ipairs { 0, 0.3 } do
        local run, err = call { wait_secs = secs }
        assert.is_nil(run)
        assert.equal("unfinished", err.kind)
        assert.same({ starts()[i], "RUNNING" }, { err.run.id, err.run.status })
      end
    end)

    it("has no limit of its own", function()
      client = client:with { request_timeout = 0.5 }
      behave { schedule = { { 0, "RUNNING" }, { 1.2, "SUCCEEDED" } } }
      assert.equal("SUCCEEDED", assert(call()).status)
    end)

    it("that fails after the start knows the run", function()
      behave { schedule = ENDLESS }
      api:faults { match = { path = "actor%-runs/" }, action = { status = { code = 403, type = "insufficient-permissions" } } }
      assert.equal(403, failure(call()).status)
    end)

    it("that fails to start has no run", function()
      behave { fail_start = { status = 402, type = "not-enough-usage-to-run-paid-actor" } }
      local run, err = call { log = function() end }
      assert.is_nil(run)
      assert.same({ 402, nil }, { err.status, err.run })
      run, err = client:actor "nobody~nothing":call()
      assert.is_nil(run)
      assert.is_true(err.not_found)
    end)

    it("goes on while others call", function()
      behave { schedule = QUICK }
      local runs = apify.map({ 1, 2, 3, 4, 5, 6, 7, 8 }, function(i) return client:actor(ACTOR):call { n = i } end)
      local seen = {}
      for _, run in ipairs(runs) do seen[run.id] = run.status end
      for _, id in ipairs(starts()) do assert.equal("SUCCEEDED", seen[id]) end
      assert.equal(8, #starts())
    end)
  end)

  describe("with a log", function()
    --- A function that keeps the numbers of the lines, and a list of them.
    local function collector()
      local numbers = {}
      return function(line, run)
        assert(line:find("run " .. run.id, 1, true), line)
        numbers[#numbers + 1] = tonumber(line:match "line (%d+)$")
      end, numbers
    end

    local function assert_lines(count, numbers)
      local expected = {}
      for i = 1, count do expected[i] = i end
      assert.same(expected, numbers)
    end

    it("gives a function each line once, in order, with the run", function()
      behave { log_lines = 300 }
      local fn, numbers = collector()
      assert.equal("SUCCEEDED", assert(call { log = fn }).status)
      assert_lines(300, numbers)
    end)

    it("gives each line once though the connection breaks", function()
      behave { log_lines = 300, schedule = { { 0, "RUNNING" }, { 0.8, "FAILED" } } }
      api:faults { match = { path = "/log", first = 3 }, action = { cut = { after_bytes = 3000 } } }
      local fn, numbers = collector()
      assert.equal("FAILED", assert(call { log = fn }).status)
      assert_lines(300, numbers)
    end)

    it("lets the function wait, and call the API", function()
      behave { log_lines = 10 }
      local seen = {}
      assert(call { log = function(_, run)
        assert(apify.sleep(0.01))
        seen[#seen + 1] = assert(client:run(run.id):get()).id
      end })
      assert.equal(10, #seen)
    end)

    it("that is a function which raises ends with that as its cause, and knows the run", function()
      local cause = { "of the user's" }
      for _, schedule in ipairs { QUICK, ENDLESS } do
        behave { schedule = schedule, log_lines = 50 }
        local count = 0
        local run, err = call { log = function()
          count = count + 1
          if count == 3 then error(cause) end
        end }
        assert.is_nil(run)
        assert.same({ "io", 3, starts()[#starts()] }, { err.kind, count, err.run.id })
        assert.equal(cause, err.cause)
        assert_usable()
      end
    end)

    it("that is a function which raises on the last line knows the finished run", function()
      behave { schedule = QUICK, log_lines = 5 }
      local err = failure(call { log = function(line) if line:find "line 5$" then error "the last" end end })
      assert.equal("io", err.kind)
      assert.truthy(err.message:find("the last", 1, true))
      assert_usable()
    end)

    it("is over when its time is", function()
      behave { schedule = ENDLESS, log_lines = 50 }
      local fn = collector()
      local err = failure(call { log = fn, wait_secs = 0.3 })
      assert.same({ "unfinished", "RUNNING", "the run was RUNNING after 0.3 s of waiting" }, { err.kind, err.run.status, err.message })
      assert_usable()
    end)

    it("that the API refuses ends with the API's error", function()
      behave { schedule = ENDLESS }
      api:faults { match = { path = "/log" }, action = { status = { code = 403, type = "insufficient-permissions" } } }
      local err = failure(call { log = function() end })
      assert.same({ "api", 403 }, { err.kind, err.status })
      api:faults()
      assert_usable()
    end)

    it("ends with what an on_attempt hook raises, about the run or about its log", function()
      for _, pattern in ipairs { "/actor%-runs/%w+$", "/log$" } do
        behave { schedule = ENDLESS }
        local c = client:with { on_attempt = function(attempt)
          if attempt.path:find(pattern) then error("a bug", 0) end
        end }
        api:faults { match = { path = pattern, first = 1 }, action = { delay = 0.1, status = { code = 500 } } }
        local ok, err = pcall(function() c:actor(ACTOR):call(nil, { log = function() end }) end)
        assert.same({ false, "a bug" }, { ok, err.cause })
        assert.equal("string", type(err.run.id))
        assert_usable()
      end
    end)

    it("asks for no log when told not to", function()
      behave { schedule = QUICK }
      assert(call { log = false })
      for _, request in ipairs(api:log().requests) do assert.is_nil(request.path:find("/log", 1, true)) end
    end)

    it("writes to the standard error stream when told so", function()
      behave { log_lines = 3 }
      local path = os.tmpname()
      local output, status = child.run(([[
        local client = require "apify".new { base_url = %q, token = false }
        print(assert(client:actor(%q):call(nil, { log = true })).status)]]):format(api.url, ACTOR), { before = "exec 2>" .. path .. ";" })
      local lines = {}
      for line in io.lines(path) do lines[#lines + 1] = line:gsub("runId:(%w+) %-> %S+Z run %1 ", "runId:ID -> ") end
      os.remove(path)
      assert.same({ "SUCCEEDED\n", 0 }, { output, status })
      for i = 1, 3 do assert.equal(("my-actor runId:ID -> line %d"):format(i), lines[i]) end
    end)
  end)

  describe("in a fiber", function()
    for name, log in pairs { ["without a log"] = false, ["with a log"] = function() end } do
      it("that is cancelled ends with the run, and leaves nothing in flight: " .. name, function()
        behave { schedule = ENDLESS }
        local fiber = apify.spawn(call, { log = log })
        until_asked(log and "/log" or "actor%-runs/", 1)
        fiber:cancel()
        assert.equal("cancelled", failure(fiber:wait()).kind)
        until_left()
        assert_usable()
      end)
    end

    it("that is cancelled while it starts does not know the run, but that there may be one", function()
      api:faults { match = { method = "POST" }, action = { delay = 30 } }
      local fiber = apify.spawn(call, {})
      until_asked("/runs$", 1)
      fiber:cancel()
      local run, err = fiber:wait()
      assert.is_nil(run)
      assert.same({ "cancelled", true, nil }, { err.kind, err.sent, err.run })
    end)

    it("whose client is closed ends with the run", function()
      behave { schedule = ENDLESS }
      local own = testbed.client(api)
      local fiber = apify.spawn(function() return own:actor(ACTOR):call(nil, { log = function() end }) end)
      until_asked("/log", 1)
      own:close()
      assert.equal("closed", failure(fiber:wait()).kind)
    end)
  end)
end)
