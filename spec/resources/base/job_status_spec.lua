--- Which statuses are final, what is asked while an answer is held, and whether a run still goes on.
local apify = require "apify"
local job_status = require "apify.resources.base.job_status"
local testbed = require "spec.support.testbed"

describe("a status", function()
  it("is final or not, alone or in a run", function()
    local final = {}
    for _, status in ipairs(job_status.STATUSES) do
      assert.equal(job_status.is_finished(status), job_status.is_finished { status = status })
      if job_status.is_finished(status) then final[#final + 1] = status end
    end
    assert.equal(8, #job_status.STATUSES)
    assert.same({ "SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED" }, final)
    assert.is_false(job_status.is_finished "PAUSED")
    assert.is_false(job_status.is_finished {})
  end)
end)

describe("the limits of a request whose answer is held", function()
  local settings = { request_timeout = 100 }

  it("grow by the time that it is held", function()
    assert.same({ request_timeout = 130, hold_timeout = 45 }, job_status.limits(settings, 30))
  end)

  it("are the client's where it is not held", function()
    assert.same({ request_timeout = 100 }, job_status.limits(settings))
    assert.same({ request_timeout = 100 }, job_status.limits(settings, 0))
  end)

  it("stay as given", function()
    assert.same({ request_timeout = 5, hold_timeout = 45 }, job_status.limits(settings, 30, 5))
  end)
end)

describe("a job", function()
  local api = testbed.local_api { count = 0 }
  local settings

  before_each(function() settings = apify.new({ base_url = api.url, max_retries = 0 }).settings end)

  local function is_going(status)
    return job_status.is_going(settings, { run_path = "/actor-runs/" .. api:admin("add_runs", { schedule = { { 0, status } } }).ids[1] })
  end

  it("goes on until its status is final", function()
    assert.is_true(is_going "RUNNING")
    assert.is_true(is_going "ABORTING")
    assert.is_false(is_going "SUCCEEDED")
  end)

  it("that is not there does not go on, and of others it is not known when the question fails", function()
    assert.is_false(job_status.is_going(settings, { run_path = "/actor-runs/none" }))
    api:faults { action = { status = { code = 500 } } }
    local goes_on, err = job_status.is_going(settings, { run_path = "/actor-runs/none" })
    assert.is_nil(goes_on)
    assert.equal(500, err.status)
  end)

  it("may be a build, which is asked for where there is no such run", function()
    local id = api:admin("add_builds", { schedule = { { 0, "RUNNING" } } }).ids[1]
    local mount = { run_path = "/actor-runs/" .. id, build_path = "/actor-builds/" .. id }
    assert.is_true(job_status.is_going(settings, mount))
    api:admin("set_status", { ids = { id }, status = "FAILED" })
    assert.is_false(job_status.is_going(settings, { build_path = mount.build_path }))
    api:admin("remove", { ids = { id } })
    assert.is_false(job_status.is_going(settings, mount))
  end)

  it("is found by what belongs to its path", function()
    api:admin("reset", { count = 3, statuses = { "SUCCEEDED" } })
    api:log(true)
    local mount = { run_path = "/acts/janedoe~my-actor/runs/last", query = { { "status", "SUCCEEDED" } } }
    assert.is_false(job_status.is_going(settings, mount, 5))
    assert.equal("/v2/acts/janedoe~my-actor/runs/last?status=SUCCEEDED", api:log().requests[1].path)
  end)
end)
