--- Users, against the local API.
local apify = require "apify"
local expect = require "spec.support.expect"
local testbed = require "spec.support.testbed"

local failure, misuse = expect.failure, expect.misuse

describe("a user", function()
  local api = testbed.local_api { count = 1, settings = { journal_bodies = true } }
  local client, me

  before_each(function()
    client = testbed.client(api)
    me = client:user()
    api:log(true)
  end)

  local function paths()
    local list = {}
    for i, request in ipairs(api:log().requests) do list[i] = request.method .. " " .. request.path end
    return list
  end

  it("is the owner of the token, with what only that one sees", function()
    local user = assert(me:get())
    assert.same({ "janedoe", "me" }, { user.username, me.id })
    assert.same({ "string", true }, { type(user.proxy.password), user.plan.availableProxyGroups.DATACENTER > 0 })
    assert.equal(user.id, assert(client:user("me"):get()).id)
    assert.same({ "GET /v2/users/me", "GET /v2/users/me" }, paths())
  end)

  it("is another by name, id or object, with a profile that all may see", function()
    local user = assert(client:user("apify"):get())
    assert.same({ "Apify", "apify" }, { user.profile.name, user.username })
    assert.is_nil(user.email)
    local own = assert(me:get())
    assert.is_nil(assert(client:user(own):get()).email)
    assert.equal("GET /v2/users/" .. own.id, paths()[3])
  end)

  it("that is not there, or a token that is none, is an error", function()
    assert.is_true(failure("api", client:user("nobody"):get()).not_found)
    local forged = client:with({ token = "apify_api_invalid" }):user()
    for _, method in ipairs { "get", "limits", "monthly_usage" } do
      assert.equal("token-not-valid", failure("api", forged[method](forged)).type)
    end
    assert.equal("token-not-valid", failure("api", forged:update_limits { data_retention_days = 3 }).type)
    assert.equal(401, failure("api", client:with({ token = false }):user():get()).status)
  end)

  it("has nulls where they are wanted", function()
    assert.equal(apify.null, assert(me:get { nulls = "keep" }).profile.bio)
    assert.is_nil(assert(me:get()).profile.bio)
  end)

  it("has the usage of a month, which a date or a moment in it names", function()
    local leap = assert(me:monthly_usage { date = "2020-02-10" })
    assert.same({ "2020-02-01T00:00:00.000Z", "2020-02-29T23:59:59.999Z" }, { leap.usageCycle.startAt, leap.usageCycle.endAt })
    assert.equal(29, #leap.dailyServiceUsages)
    assert.same(leap, assert(me:monthly_usage { date = 1581292800 }))
    assert.same(leap, assert(me:monthly_usage { date = "2020-03-01T01:00:00+02:00" }))
    assert.same({}, assert(me:monthly_usage { date = 0 }).dailyServiceUsages)
    assert.is_true(assert(me:monthly_usage()).usageCycle.startAt > "2025")
    local seen = {}
    for i, path in ipairs(paths()) do seen[i] = path:match "date=(.*)$" or "none" end
    assert.same({ "2020-02-10", "2020-02-10", "2020-02-29", "1970-01-01", "none" }, seen)
  end)

  it("has limits, of which two can be changed", function()
    local before = assert(me:limits())
    assert.same({ "number", 1 }, { type(before.current.monthlyUsageUsd), before.current.actorCount })
    assert.is_true(me:update_limits { max_monthly_usage_usd = 1234.5, data_retention_days = 30 })
    assert.equal('{"dataRetentionDays":30,"maxMonthlyUsageUsd":1234.5}', api:log().requests[2].body)
    local after = assert(me:limits()).limits
    assert.same({ 1234.5, 30 }, { after.maxMonthlyUsageUsd, after.dataRetentionDays })
    assert.equal(before.limits.maxActorCount, after.maxActorCount)
  end)

  it("is told by the API what limit is too low", function()
    local err = failure("api", me:update_limits { max_monthly_usage_usd = 0 })
    assert.same({ 400, "monthly-usage-limit-too-low" }, { err.status, err.type })
    assert.equal(300, assert(me:limits()).limits.maxMonthlyUsageUsd)
  end)

  it("of whom the API tells no limits and no usage is wrong use, as are options that are none", function()
    local other = client:user "apify"
    misuse(function() other:limits() end, "user:limits is there for the owner of the token alone: client:user():limits")
    misuse(function() other:monthly_usage() end, "client:user():monthly_usage")
    misuse(function() other:update_limits { data_retention_days = 3 } end, "client:user():update_limits")
    misuse(function() me:monthly_usage { date = "2020-02-30" } end, "'date'", "2020-02-30", "an ISO date")
    misuse(function() me:update_limits {} end, "data_retention_days", "max_monthly_usage_usd")
    misuse(function() me:update_limits { max_monthly_usage_usd = -1 } end, "'max_monthly_usage_usd'", "-1")
    misuse(function() me:update_limits { data_retention_days = 1.5 } end, "'data_retention_days'", "1.5")
    misuse(function() me:update_limits { maxMonthlyUsageUsd = 3 } end, "did you mean 'max_monthly_usage_usd'")
    misuse(function() me.limits() end, "limits is a method")
    misuse(function() client:user "" end)
    assert.same({}, paths())
  end)
end)
