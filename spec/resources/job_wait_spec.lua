-- runs first
--- Waiting for one run, against the local API. Slow (16 s): most of it is what the waits are allowed.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local SLACK = 2                          -- seconds that a machine may be late which others use, too; on_time_spec is stricter

local api = testbed.local_api { count = 0 }

describe("waiting for a run", function()
  local client

  before_each(function() client = testbed.client(api) end)

  after_each(function() waiting.until_idle(client) end)

  local timed = waiting.timed
  local function add(...) return waiting.add(api, ...) end
  local function polls() return waiting.polls(api) end
  local function until_logged(...) return waiting.until_logged(api, ...) end
  local function until_open(...) return waiting.until_open(api, ...) end

  for name, ask in pairs {
    ["a poll"] = function(c) return c:run(add(0)):wait_for_finish() end,
    ["a start that the API may hold"] = function(c) return c:actor("janedoe~my-actor"):start({}, { wait_for_finish = 60 }) end,
    ["a run_sync"] = function(c) return c:actor("janedoe~my-actor"):run_sync() end,
  } do
    it("notices when an answer has begun and falls silent: " .. name, function()
      api:admin("behaviour", { schedule = { { 0, "RUNNING" }, { 0.4, "SUCCEEDED" } }, output = { text = ("x"):rep(300) } })
      api:faults { match = { path = "run" }, action = { drip = { bytes = 5, secs = 60 } } }
      local run, err = ask(client:with { stall_timeout = 0.2, max_retries = 0 })
      assert.is_nil(run)
      assert.same({ "timeout", "not a byte within 0.2 s" }, { err.kind, err.message })
    end)
  end

  describe("wait_for_finish", function()
    it("gives a run that has finished, after one request", function()
      for _, status in ipairs { "SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED" } do
        api:log(true)
        local id = add(0, status)
        local run = assert(client:run(id):wait_for_finish())
        assert.equal(status, run.status)
        assert.is_true(apify.is_finished(run))
        assert.same({ 60 }, polls())
      end
    end)

    it("gives a run as soon as it ends, with one long poll", function()
      local id = add(0.4)
      local took, run = timed(function() return client:run(id):wait_for_finish() end)
      assert.equal("SUCCEEDED", run.status)
      assert.is_true(took < 0.4 + SLACK, took)
      assert.same({ 60 }, polls())
    end)

    it("gives nil and the run as last seen when the time is over", function()
      local id = add()
      for _, wait_secs in ipairs { 0, 0.3, 1.2 } do
        local took, run, err = timed(function() return client:run(id):wait_for_finish { wait_secs = wait_secs } end)
        assert.is_nil(run)
        assert.equal("unfinished", err.kind)
        assert.equal(id, err.run.id)
        assert.equal("RUNNING", err.run.status)
        assert.is_true(took >= wait_secs and took < wait_secs + SLACK, took)
      end
    end)

    it("asks once when there is no time to wait", function()
      local id = add()
      client:run(id):wait_for_finish { wait_secs = 0 }
      assert.same({ 0 }, polls())
    end)

    it("never asks the API to hold its answer for longer than what is left", function()
      local id = add()
      client:run(id):wait_for_finish { wait_secs = 1.7 }
      local asked = polls()
      assert.equal(1, asked[1])
      assert.is_true(#asked <= 5)
      for i = 2, #asked do assert.equal(0, asked[i]) end
    end)

    it("looks a last time when the time is over", function()
      local id = add(0.45)
      local run = assert(client:run(id):wait_for_finish { wait_secs = 0.6 })
      assert.equal("SUCCEEDED", run.status)
    end)

    it("finds a run that is unknown for a moment", function()
      local id = add(0)
      api:faults { match = { path = "actor%-runs/" .. id }, action = { status = { code = 404, type = "record-not-found" } }, name = "hidden" }
      local shown = apify.spawn(function()
        apify.sleep(1)
        api:faults()
      end)
      local took, run = timed(function() return client:run(id):wait_for_finish() end)
      assert.equal(id, run.id)
      assert.is_true(took >= 1 and took < 1 + SLACK, took)
      shown:wait()
    end)

    it("gives up after three seconds on a run that nobody knows", function()
      local took, run, err = timed(function() return client:run "nobody":wait_for_finish() end)
      assert.is_nil(run)
      assert.is_true(err.not_found)
      assert.equal(404, err.status)
      assert.is_true(took >= 2.9 and took < 3 + SLACK, took)
      assert.is_true(#polls() <= 14)
    end)

    it("gives up sooner when there is less time", function()
      local took, _, err = timed(function() return client:run "nobody":wait_for_finish { wait_secs = 0.3 } end)
      assert.is_true(err.not_found)
      assert.is_true(took < 0.3 + SLACK, took)
    end)

    it("gives other refusals at once", function()
      local refused = client:with { token = "apify_api_invalid" }
      local took, run, err = timed(function() return refused:run(add()):wait_for_finish() end)
      assert.is_nil(run)
      assert.equal(401, err.status)
      assert.is_true(took < SLACK)
    end)

    for name, action in pairs {
      ["429"] = { status = { code = 429 } }, ["500"] = { status = { code = 500 } }, ["cuts"] = { cut = {} },
      ["closed connections"] = { close_before_answer = {} }, ["broken JSON"] = { bad_json = {} },
      ["an answer that is no run"] = { bad_json = { body = '{"data":{"id":"x"}}' } },
    } do
      it("goes on after " .. name, function()
        local id = add(0.2)
        api:faults { match = { path = "actor%-runs", first = 2 }, action = action }
        local run = assert(client:run(id):wait_for_finish { wait_secs = 10 })
        assert.equal("SUCCEEDED", run.status)
        assert.is_true(#polls() >= 3)
      end)
    end

    it("gives a run seen before the trouble with what ended the wait", function()
      local id = add(3)
      api:faults { match = { path = "actor%-runs", after = 1 }, action = { status = { code = 403, type = "insufficient-permissions" } } }
      local run, err = client:run(id):wait_for_finish { wait_secs = 1.5 }
      assert.is_nil(run)
      assert.equal(403, err.status)
      assert.equal(id, err.run.id)
    end)

    it("does not hurry a server that answers before it should", function()
      local id = add()
      api:faults { match = { path = "actor%-runs" }, action = { bad_json = { body = ('{"data":{"id":"%s","status":"RUNNING"}}'):format(id) } } }
      local _, err = client:run(id):wait_for_finish { wait_secs = 2.5 }
      assert.equal("unfinished", err.kind)
      local asked = polls()
      assert.is_true(#asked >= 2 and #asked <= 6, #asked .. " requests")        -- fewer on a busy machine
    end)

    it("ends with a timeout when the host never answers", function()
      api:faults { match = { path = "actor%-runs" }, action = { hang = true } }
      local took, run, err = timed(function() return client:run(add()):wait_for_finish { wait_secs = 0.5 } end)
      assert.is_nil(run)
      assert.equal("timeout", err.kind)
      assert.is_nil(err.run)
      assert.is_true(took >= 0.5 and took < 0.5 + SLACK, took)
    end)

    it("bounds each poll by request_timeout, beside the time that the API holds it", function()
      api:faults { match = { path = "actor%-runs" }, action = { hang = true } }
      local took, _, err = timed(function() return client:run(add()):wait_for_finish { wait_secs = 1.5, request_timeout = 0.2 } end)
      assert.equal("timeout", err.kind)
      assert.is_true(took < 1.5 + SLACK, took)
    end)

    it("says how it failed when nobody listens", function()
      local nowhere = apify.new { base_url = "http://127.0.0.1:1", token = false, max_retries = 1, min_delay_between_retries = 0.01 }
      local run, err = nowhere:run "x":wait_for_finish()
      assert.is_nil(run)
      assert.equal("connect", err.kind)
      assert.equal(2, err.attempts)
    end)

    it("refuses wrong options at the caller's line", function()
      for option, value in pairs { wait_secs = -1, wait = 3, request_timeout = 0 } do
        local ok, message = pcall(function() client:run "x":wait_for_finish { [option] = value } end)
        assert.is_false(ok)
        assert.matches("wait_spec%.lua:%d+:.*" .. option, message)
      end
      assert.same({}, polls())
    end)

    it("ends at once when its fiber is cancelled, and the request with it", function()
      local id = add()
      local fiber = apify.spawn(function() return client:run(id):wait_for_finish() end)
      until_open(1)
      fiber:cancel()
      local run, err = fiber:wait()
      assert.is_nil(run)
      assert.equal("cancelled", err.kind)
      until_logged(499, 1)
    end)

    it("is not begun by a fiber that is cancelled already", function()
      local id = add()
      local fiber = apify.spawn(function()
        apify.sleep(60)
        return client:run(id):wait_for_finish()
      end)
      fiber:cancel()
      assert.equal("cancelled", select(2, fiber:wait()).kind)
      assert.same({}, polls())
    end)

    it("ends with its client", function()
      local id = add()
      local fiber = apify.spawn(function() return client:run(id):wait_for_finish() end)
      until_open(1)
      client:close()
      assert.equal("closed", select(2, fiber:wait()).kind)
      until_logged(499, 1)
    end)
  end)
end)
