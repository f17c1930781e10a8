-- runs last
--- What is over when its time is: calls and waits end at most half a second after the time that they are allowed.
local child = require "spec.support.child"
local testbed = require "spec.support.testbed"
local core = require "apify.core"
local waiting = require "spec.support.waiting"

local LATE = 0.5                         -- seconds

describe("on time", function()
  local api = testbed.local_api { count = 5 }
  local client

  before_each(function() client = testbed.client(api) end)

  -- What the function gives, which must come between `earliest` and half a second later.
  local function assert_on_time(earliest, fn)
    local began = core.now()
    local value, err = fn()
    local took = core.now() - began
    assert.is_true(took > earliest - 0.02 and took < earliest + LATE, took)
    return value, err
  end

  local function assert_error(kind, earliest, fn)
    local value, err = assert_on_time(earliest, fn)
    assert.is_nil(value)
    assert.equal(kind, err.kind)
    return err
  end

  local function list(with) return (with or client):runs():list { request_timeout = 0.3 } end

  it("a call to a host that is silent ends", function()
    api:faults { action = { hang = {} } }
    assert_error("timeout", 0.3, list)
  end)

  it("a call whose answer comes byte by byte ends", function()
    api:faults { action = { drip = { bytes = 10, secs = 0.05 } } }
    assert_error("timeout", 0.3, list)
  end)

  it("a call to a host that does not even accept ends", function()
    local port, stop = child.black_hole()
    local far = client:with { base_url = "http://127.0.0.1:" .. port, connect_timeout = 0.2, max_retries = 1 }
    assert_error("connect", 0.4, function() return far:runs():list {} end)
    assert_error("timeout", 0.3, function() return list(client:with { base_url = "http://127.0.0.1:" .. port }) end)
    stop()
  end)

  it("a long poll ends with its run, with the time that the API may hold it, or with its request_timeout", function()
    local ending, endless = client:run(waiting.add(api, 0.4)), client:run(waiting.add(api))
    assert.equal("SUCCEEDED", assert(assert_on_time(0.4, function() return ending:get { wait_for_finish = 60 } end)).status)
    assert.equal("RUNNING", assert(assert_on_time(1, function() return endless:get { wait_for_finish = 1 } end)).status)
    assert_error("timeout", 0.4, function() return endless:get { wait_for_finish = 30, request_timeout = 0.4 } end)
  end)

  it("a wait ends with its run, or when its time is over", function()
    local ending, endless = waiting.add(api, 0.4), waiting.add(api)
    assert.equal("SUCCEEDED", assert(assert_on_time(0.4, function() return client:run(ending):wait_for_finish() end)).status)
    assert_error("unfinished", 0.5, function() return client:wait_all({ ending, endless }, { wait_secs = 0.5 }) end)
    assert_error("api", 0.3, function() return client:run "nobody":wait_for_finish { wait_secs = 0.3 } end)
  end)

  it("a wait for a host that never answers ends", function()
    api:faults { match = { path = "actor%-runs" }, action = { hang = {} } }
    local id = waiting.add(api)
    assert_error("timeout", 0.5, function() return client:run(id):wait_for_finish { wait_secs = 0.5 } end)
    assert_error("timeout", 0.2, function() return client:run(id):wait_for_finish { wait_secs = 0.8, request_timeout = 0.2 } end)
  end)
end)
