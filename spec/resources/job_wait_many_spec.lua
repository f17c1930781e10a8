--- Waiting for many runs, and what is left of a wait that is cancelled, against the local API.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local SLACK = 2                          -- seconds that a machine may be late which others use, too; on_time_spec is stricter

local api = testbed.local_api { count = 0 }

describe("waiting for runs", function()
  local client

  before_each(function() client = testbed.client(api) end)

  after_each(function() waiting.until_idle(client) end)

  local timed = waiting.timed
  local function add(...) return waiting.add(api, ...) end
  local function polls() return waiting.polls(api) end
  local function until_logged(...) return waiting.until_logged(api, ...) end
  local function until_open(...) return waiting.until_open(api, ...) end

  describe("cancelling", function()
    it("aborts a request before the canceller goes on", function()
      api:faults { match = { path = "actor%-runs" }, action = { hang = true } }
      local fiber = apify.spawn(function() return client:run(add()):get() end)
      until_open(1)
      fiber:cancel()
      assert.equal(0, client:stats().in_flight)
      assert.is_true(fiber:is_done())
      assert.equal("cancelled", select(2, fiber:wait()).kind)
      until_logged(499, 1)
    end)

    it("ends the sleep before a retry", function()
      local slow = client:with { min_delay_between_retries = 30 }
      api:faults { match = { path = "actor%-runs" }, action = { status = { code = 500 } } }
      local fiber = apify.spawn(function() return slow:run(add()):get() end)
      until_logged(500, 1)
      local took = timed(function()
        fiber:cancel()
        assert.equal("cancelled", select(2, fiber:wait()).kind)
      end)
      assert.is_true(took < SLACK)
      assert.equal(1, #polls())
    end)

    it("ends an iteration in mid-page", function()
      api:admin("reset", { count = 500 })
      api:faults { match = { path = "/runs$" }, action = { drip = { bytes = 500, secs = 0.01 } } }
      local seen = 0
      local fiber = apify.spawn(function()
        for _ in client:actor "janedoe~my-actor":runs():iterate { chunk_size = 100 } do seen = seen + 1 end
      end)
      while seen < 3 and not fiber:is_done() do assert(apify.sleep(0.005)) end
      fiber:cancel()
      local ok, err = pcall(fiber.wait, fiber)
      assert.is_false(ok)
      assert.equal("cancelled", type(err) == "table" and err.kind or err)
      assert.is_true(seen < 500)                                   -- and after_each sees that nothing is in flight
    end)
  end)

  describe("an on_attempt hook", function()
    -- A client whose hook calls `fn`.
    local function hooked(fn)
      return client:with { on_attempt = fn }
    end

    it("cannot wait, and the call goes on", function()
      local kinds = {}
      local c
      c = hooked(function()
        kinds[#kinds + 1] = select(2, apify.sleep(1)).kind
        kinds[#kinds + 1] = select(2, c:run "x":get()).kind
        kinds[#kinds + 1] = select(2, apify.all { function() end }).kind
      end)
      local id = add(0)
      assert.equal(id, assert(c:run(id):wait_for_finish()).id)
      assert.same({ "context", "context", "context" }, kinds)
      assert.is_true(apify.sleep(0))
    end)

    it("may start a fiber that waits, and cancel one", function()
      local other = apify.spawn(function() return apify.sleep(60) end)
      local started
      local c = hooked(function()
        started = apify.spawn(function() return apify.sleep(0.01) end)
        other:cancel()
      end)
      assert(c:run(add(0)):wait_for_finish())
      assert.is_true(started:wait())
      assert.equal("cancelled", select(2, other:wait()).kind)
    end)

    it("that raises ends the call with its error, and leaves everything in order", function()
      local c = hooked(function() error("a bug", 0) end)
      local ids = { add(0), add() }
      for _, call in ipairs {
        function() c:run(ids[1]):wait_for_finish() end,
        function() c:wait_all(ids) end,
        function() error(select(2, apify.map(ids, function(id) return c:run(id):wait_for_finish() end)), 0) end,
      } do
        local ok, err = pcall(call)
        assert.is_false(ok)
        assert.equal("a bug", err.cause)
      end
      assert.is_true(apify.sleep(0))
      assert.equal(ids[1], assert(client:run(ids[1]):wait_for_finish()).id)
    end)
  end)

  describe("wait_each", function()
    it("yields each run once, in the order of ending", function()
      local late, soon, middle = add(0.9, "FAILED"), add(0.1), add(0.5)
      local order, statuses = {}, {}
      for id, run, err in client:wait_each { late, { id = soon }, middle } do
        assert.is_nil(err)
        assert.equal(id, run.id)
        order[#order + 1], statuses[id] = id, run.status
      end
      assert.same({ soon, middle, late }, order)
      assert.equal("FAILED", statuses[late])
    end)

    it("waits once for a run that is given twice", function()
      local id = add(0.2)
      local seen = {}
      for got in client:wait_each { id, { id = id }, id } do seen[#seen + 1] = got end
      assert.same({ id }, seen)
      assert.same({ 60 }, polls())
    end)

    it("yields the error of a run that could not be waited for, and goes on", function()
      local id = add(0.2)
      api:faults { match = { path = "actor%-runs/bad" }, action = { status = { code = 400, type = "bad" } } }
      local outcome = {}
      for got, run, err in client:wait_each { id, "bad" } do outcome[got] = run and run.status or err.status end
      assert.same({ [id] = "SUCCEEDED", bad = 400 }, outcome)
    end)

    it("yields what did not end in time as unfinished", function()
      local endless, short = add(), add(0.1)
      local outcome = {}
      for got, run, err in client:wait_each({ endless, short }, { wait_secs = 0.6 }) do
        outcome[got] = run and run.status or err.kind .. " " .. err.run.status
      end
      assert.same({ [short] = "SUCCEEDED", [endless] = "unfinished RUNNING" }, outcome)
    end)

    it("sends nothing before its first step, and nothing for no runs", function()
      local it = client:wait_each { add() }
      assert.same({}, polls())
      it:close()
      assert.is_nil(it:next())
      for _ in client:wait_each {} do error "a run" end
      assert.same({}, polls())
    end)

    it("does not count the time that the loop's body takes", function()
      local quick, slow = add(0), add(0.3)
      local outcome = {}
      for id, run, err in client:wait_each({ quick, slow }, { wait_secs = 1 }) do
        outcome[id] = run and run.status or err.kind
        if id == quick then os.execute "sleep 1.6" end
      end
      assert.same({ [quick] = "SUCCEEDED", [slow] = "SUCCEEDED" }, outcome)
    end)

    it("aborts all polls when the loop is left", function()
      local endless, quick = add(), add(0)
      for id in client:wait_each { endless, quick } do
        if id == quick then break end
      end
      collectgarbage()                                              -- LuaJIT has no closing value in its loops
      collectgarbage()
      until_logged(499, 1)
    end)

    it("aborts all polls when it is closed, and wakes whoever waits in it", function()
      local it = client:wait_each { add(), add() }
      local fiber = apify.spawn(function() return it:next() end)
      until_open(2)
      it:close()
      assert.same({}, { fiber:wait() })
      until_logged(499, 2)
      it:close()
      assert.equal(2, #polls())
    end)

    it("raises in the loop when its fiber is cancelled", function()
      local ids = { add(), add() }
      local fiber = apify.spawn(function()
        for _ in client:wait_each(ids) do error "a run" end
      end)
      until_open(2)
      fiber:cancel()
      local ok, err = pcall(fiber.wait, fiber)
      assert.is_false(ok)
      assert.equal("cancelled", err.kind)
      until_logged(499, 2)
    end)

    it("feeds apify.map", function()
      local ids = { add(0.2), add(0.1), add(0) }
      local results = apify.map(client:wait_each(ids), function(id, run)
        return id == run.id and run.status
      end)
      assert.same({ "SUCCEEDED", "SUCCEEDED", "SUCCEEDED" }, results)
    end)
  end)

  describe("wait_all", function()
    it("gives the runs in the order given, one that is given twice at both places", function()
      local a, b = add(0.3), add(0.1)
      local runs = assert(client:wait_all { a, b, { id = a } })
      assert.same({ a, b, a }, { runs[1].id, runs[2].id, runs[3].id })
      assert.same({}, client:wait_all {})
    end)

    it("gives nil and the first error with the runs that had ended, and aborts the rest", function()
      local ended, endless = add(0), add()
      api:faults { match = { path = "actor%-runs/bad" }, action = { delay = 0.4, status = { code = 400, type = "bad" } } }
      local runs, err = client:wait_all { endless, ended, "bad" }
      assert.is_nil(runs)
      assert.equal(400, err.status)
      assert.is_nil(err.partial[1])
      assert.equal(ended, err.partial[2].id)
      until_logged(499, 1)
    end)

    it("is over when its time is", function()
      local ended, endless = add(0.1), add()
      local took, runs, err = timed(function() return client:wait_all({ ended, endless }, { wait_secs = 0.5 }) end)
      assert.is_nil(runs)
      assert.equal("unfinished", err.kind)
      assert.equal(endless, err.run.id)
      assert.equal(ended, err.partial[1].id)
      assert.is_true(took < 0.5 + SLACK, took)
    end)

    it("blocks a generator inside a fiber", function()
      local id = add(0.2)
      local fiber = apify.spawn(function()
        return coroutine.wrap(function() return client:wait_all { id } end)()
      end)
      assert.equal(id, fiber:wait()[1].id)
    end)
  end)

  describe("wait_any", function()
    it("gives the run that ends first and its index, and aborts the rest", function()
      local endless, soon = add(), add(0.2)
      local run, index = client:wait_any { endless, soon }
      assert.equal(soon, run.id)
      assert.equal(2, index)
      until_logged(499, 1)
    end)

    it("passes over a run that cannot be waited for", function()
      local soon = add(0.3)
      api:faults { match = { path = "actor%-runs/bad" }, action = { status = { code = 400, type = "bad" } } }
      local run, index = client:wait_any { "bad", soon }
      assert.equal(soon, run.id)
      assert.equal(2, index)
    end)

    it("gives nil and an error when none can end", function()
      local run, err = client:wait_any({ add(), add() }, { wait_secs = 0.3 })
      assert.is_nil(run)
      assert.equal("unfinished", err.kind)
      assert.has_error(function() client:wait_any {} end)
    end)
  end)
end)
