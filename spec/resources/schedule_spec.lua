--- Schedules, against the local API.
local apify = require "apify"
local expect = require "spec.support.expect"
local testbed = require "spec.support.testbed"

local failure, misuse = expect.failure, expect.misuse

local ACTION = { type = "RUN_ACTOR", actorId = "janedoe~my-actor", runInput = { body = "{}", contentType = "application/json" } }

describe("schedules", function()
  local api = testbed.local_api { count = 1, settings = { journal_bodies = true } }
  local client, schedules

  before_each(function()
    client = testbed.client(api)
    schedules = client:schedules()
    api:log(true)
  end)

  local function create(fields)
    fields = fields or {}
    fields.cronExpression = fields.cronExpression or "0 8 * * *"
    return assert(schedules:create(fields))
  end

  it("are made of their fields, by the API's names, and found again", function()
    local made = create { name = "daily", isExclusive = true, actions = { ACTION } }
    assert.same({ "daily", true, true, "RUN_ACTOR" }, { made.name, made.isEnabled, made.isExclusive, made.actions[1].type })
    assert.matches("T08:00:00.000Z$", made.nextRunAt)
    local request = api:log().requests[1]
    assert.same({ "POST", "/v2/schedules" }, { request.method, request.path })
    assert.truthy(request.body:find('"cronExpression":"0 8 * * *"', 1, true))
    assert.same(made, assert(client:schedule(made.id):get()))
    assert.equal(made.id, client:schedule(made).id)
  end)

  it("come as a page and one by one, newest first if told so", function()
    for i = 1, 7 do create { name = "s" .. i } end
    local function names(rows)
      local list = {}
      for i, row in ipairs(rows) do list[i] = row.name end
      return table.concat(list, " ")
    end
    local page = assert(schedules:list { limit = 2, offset = 1 })
    assert.same({ 7, 2, "s2 s3" }, { page.total, page.count, names(page.items) })
    assert.equal("s1 s2 s3 s4 s5 s6 s7", names(assert(schedules:iterate { chunk_size = 3 }:collect())))
    assert.equal("s7 s6 s5", names(assert(schedules:iterate { desc = true, limit = 3 }:collect())))
  end)

  it("change in what is given; null resets", function()
    local handle = client:schedule(create { title = "Every morning", timezone = "Europe/Prague", actions = { ACTION } })
    local changed = assert(handle:update { isEnabled = false, title = apify.null })
    assert.same({ false, "Europe/Prague", 1 }, { changed.isEnabled, changed.timezone, #changed.actions })
    assert.same({}, { changed.title, changed.nextRunAt })
    assert.equal('{"isEnabled":false,"title":null}', api:log().requests[2].body)
    assert.same(changed, assert(handle:get()))
    assert.same({}, assert(handle:update { actions = apify.array {} }).actions)
  end)

  it("have a log of what they did, empty at first", function()
    local handle = client:schedule(create { cronExpression = "* * * * *" })
    assert.same({}, assert(handle:get_log()))
    api:admin("age_schedule", { schedule = handle.id, secs = 180 })
    local log = assert(handle:get_log())
    assert.equal(3, #log)
    assert.same({ "INFO", "Schedule invoked" }, { log[3].level, log[3].message })
    assert.equal(60, apify.time(log[3].createdAt) - apify.time(log[2].createdAt))
    assert.equal(log[3].createdAt, assert(handle:get()).lastRunAt)
  end)

  it("whose log is no list of objects are an error", function()
    local handle = client:schedule "s"
    for body, why in pairs {
      ['{"data":"text"}'] = "its data is not a list", ['{"data":{"items":[]}}'] = "its data is not a list",
      ['{"data":[{},5]}'] = "has no object at place 2", ["{}"] = "is not a list",
    } do
      api:faults { action = { status = { code = 200, body = body } } }
      local err = failure("decode", client:with({ max_retries = 0 }):schedule("s"):get_log())
      assert.truthy(err.message:find("the answer is not the log of a schedule", 1, true) and err.message:find(why, 1, true), err.message)
    end
    api:faults()
    assert.is_true(failure("api", handle:get_log()).not_found)
  end)

  it("are deleted once", function()
    local handle = client:schedule(create())
    assert.is_true(handle:delete())
    assert.is_true(failure("api", handle:delete()).not_found)
    assert.is_true(failure("api", handle:get()).not_found)
    assert.is_true(failure("api", handle:update { title = "x" }).not_found)
    assert.equal(0, assert(schedules:list()).total)
  end)

  it("that the API does not understand are its own error", function()
    local err = failure("api", schedules:create { cronExpression = "every day" })
    assert.same({ 400, "cron-expression-invalid", 1 }, { err.status, err.type, err.attempts })
    create { name = "taken" }
    err = failure("api", schedules:create { name = "taken", cronExpression = "@daily" })
    assert.same({ 409, "schedule-name-not-unique" }, { err.status, err.type })
    local handle = client:schedule(create())
    assert.equal("cron-expression-invalid", failure("api", handle:update { cronExpression = "60 * * * *" }).type)
    assert.equal("0 8 * * *", assert(handle:get()).cronExpression)
    assert.equal(401, failure("api", client:with({ token = "apify_api_invalid" }):schedules():list()).status)
  end)

  it("are not made twice where the answer was lost", function()
    api:faults { match = { method = "POST" }, action = { close_before_answer = { act = true } } }
    assert.is_true(failure("network", schedules:create { cronExpression = "@daily" }).sent)
    assert.equal(1, assert(schedules:list()).total)
  end)

  it("refuse what they cannot be made of, and options that are none", function()
    misuse(function() schedules:create() end, "bad argument 1 of schedules:create")
    misuse(function() schedules:create {} end, "bad argument 1 of schedules:create")
    misuse(function() schedules:create { actions = { print } } end, "bad argument 1 of schedules:create")
    misuse(function() client:schedule("s"):update("x") end, "bad argument 1 of schedule:update")
    misuse(function() client:schedule("s"):get_log { limit = 3 } end, "unknown option 'limit' of schedule:get_log")
    misuse(function() schedules:list { status = "x" } end, "'status'")
    misuse(function() client:schedules { limit = 3 } end, "client:schedules")
    misuse(function() client:schedule "" end)
    assert.equal(0, #api:log().requests)
  end)
end)
