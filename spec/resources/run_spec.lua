--- One run: `get`, with and without a wait on the server's side.
local apify = require "apify"
local core = require "apify.core"
local testbed = require "spec.support.testbed"

describe("a run", function()
  local api = testbed.local_api { count = 0 }
  local client

  before_each(function() client = testbed.client(api) end)

  local function add(schedule)
    return (api:admin("add_runs", { schedule = schedule }).ids[1])
  end

  local function paths()
    local list = {}
    for _, request in ipairs(api:log().requests) do list[#list + 1] = request.path end
    return list
  end

  it("is what the API says it is, with absent fields for null", function()
    local id = add { { 0, "RUNNING" } }
    local run = assert(client:run(id):get())
    assert.equal(id, run.id)
    assert.equal("RUNNING", run.status)
    assert.is_nil(run.finishedAt)
    assert.is_number(apify.time(run.startedAt))
    assert.is_false(apify.is_finished(run))
    assert.same({ "/v2/actor-runs/" .. id }, paths())
  end)

  it("is known by its id, or by a table with one", function()
    local id = add { { 0, "SUCCEEDED" } }
    assert.equal(id, client:run { id = id }.id)
    assert.equal(id, assert(client:run { id = id }:get()).id)
    assert.matches(id, tostring(client:run(id)))
  end)

  it("that does not exist is nil and an error that says so", function()
    local run, err = client:run "nobody":get()
    assert.is_nil(run)
    assert.is_true(err.not_found)
    assert.equal("record-not-found", err.type)
    assert.equal(1, err.attempts)
  end)

  it("is had when it ends, if that is soon enough", function()
    local id = add { { 0, "RUNNING" }, { 0.3, "FAILED" } }
    local started = core.now()
    local run = assert(client:run(id):get { wait_for_finish = 60 })
    assert.equal("FAILED", run.status)
    assert.is_true(core.now() - started < 5)
    assert.same({ "/v2/actor-runs/" .. id .. "?waitForFinish=60" }, paths())
  end)

  it("is had as it is when the time is over", function()
    local id = add { { 0, "RUNNING" } }
    local started = core.now()
    local run = assert(client:run(id):get { wait_for_finish = 1 })
    assert.equal("RUNNING", run.status)
    local took = core.now() - started
    assert.is_true(took >= 0.9 and took < 3, took)
    assert.equal("RUNNING", assert(client:run(id):get { wait_for_finish = 0 }).status)
  end)

  it("may be waited for longer than the client's timeouts for other calls", function()
    local id = add { { 0, "RUNNING" }, { 1.2, "SUCCEEDED" } }
    local hasty = client:with { request_timeout = 0.5, stall_timeout = 0.5 }
    assert.equal("SUCCEEDED", assert(hasty:run(id):get { wait_for_finish = 5 }).status)
  end)

  it("is not waited for longer than the request_timeout of the call", function()
    local id = add { { 0, "RUNNING" } }
    local started = core.now()
    local run, err = client:run(id):get { wait_for_finish = 30, request_timeout = 0.4 }
    assert.is_nil(run)
    assert.equal("timeout", err.kind)
    local took = core.now() - started
    assert.is_true(took >= 0.4 and took < 3, took)
  end)

  it("is not asked for with wrong options", function()
    local run = client:run "x"
    for option, values in pairs {
      wait_for_finish = { -1, 61, 1.5, "1", 0 / 0, math.huge },
      request_timeout = { 0, -1, "1" },
      wait_secs = { 1 },
    } do
      for _, value in ipairs(values) do
        local ok, message = pcall(function() run:get { [option] = value } end)
        assert.is_false(ok)
        assert.matches("run_spec%.lua:%d+: .*" .. option, message)
      end
    end
    assert.has_error(function() run.get() end)
    for _, id in ipairs { "", ".", "..", "a\nb" } do
      assert.has_error(function() client:run(id) end)
    end
    assert.has_error(function() client:run(nil) end)
    assert.same({}, paths())
  end)
end)
