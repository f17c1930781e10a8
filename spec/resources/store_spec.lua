--- Apify Store, against the local API.
local expect = require "spec.support.expect"
local testbed = require "spec.support.testbed"

describe("the store", function()
  local api = testbed.local_api { count = 0 }
  local client, store

  before_each(function()
    client = testbed.client(api)
    store = client:store()
    api:log(true)
  end)

  it("is walked from page to page, each Actor once", function()
    local page = assert(store:list { limit = 3, offset = 5 })
    assert.same({ 3, 5 }, { page.count, page.offset })
    assert.is_true(page.total > 200)
    local all, seen = assert(store:iterate { chunk_size = 50 }:collect()), {}
    for _, row in ipairs(all) do seen[row.id] = (seen[row.id] or 0) + 1 end
    assert.equal(page.total, #all)
    for _, row in ipairs(all) do assert.equal(1, seen[row.id]) end
    assert.same(page.items[1], all[6])
  end)

  it("gives what is searched for, in the order asked for", function()
    local newest = assert(store:list { search = "maps", sort_by = "newest" }).items
    assert.is_true(#newest > 10)
    for i, row in ipairs(newest) do
      assert.matches("^Maps", row.title)
      local number = tonumber(row.title:match "%d+$")
      assert.is_true(i == 1 or number < tonumber(newest[i - 1].title:match "%d+$"))
    end
    local popular = assert(store:list { sort_by = "popularity", limit = 2 }).items
    assert.is_true(popular[1].stats.totalUsers > popular[2].stats.totalUsers)
    assert.same({}, assert(store:list { search = "no such Actor" }).items)
  end)

  it("is filtered", function()
    local filter = { category = "NEWS", username = "apify", pricing_model = "PAY_PER_EVENT", allows_agentic_users = false }
    local rows = assert(store:iterate(filter):collect())
    assert.is_true(#rows > 0)
    for _, row in ipairs(rows) do
      assert.same({ "NEWS", "apify", "PAY_PER_EVENT", false },
        { row.categories[1], row.username, row.currentPricingInfo.pricingModel, row.isWhiteListedForAgenticPayments })
    end
    assert.truthy(api:log().requests[1].path:find("category=NEWS&username=apify&pricingModel=PAY_PER_EVENT&allowsAgenticUsers=0", 1, true))
    local all = assert(store:list()).total
    assert.is_true(assert(store:list { include_unrunnable_actors = true }).total > all)
    local brief = assert(store:list { response_format = "agent", limit = 1 }).items[1]
    assert.same({ "string" }, { type(brief.id), brief.url })
  end)

  it("goes on from a bookmark", function()
    local it = store:iterate { search = "crawler", chunk_size = 4 }
    local ids = {}
    for i = 1, 6 do ids[i] = it().id end
    local place = it:bookmark()
    it:close()
    for row in store:iterate { bookmark = place } do ids[#ids + 1] = row.id end
    local whole = {}
    for row in store:iterate { search = "crawler" } do whole[#whole + 1] = row.id end
    assert.same(whole, ids)
  end)

  it("passes on what the API refuses, and refuses what it does not know", function()
    local err = expect.failure("api", store:list { pricing_model = "GIFT" })
    assert.same({ 400, "invalid-input" }, { err.status, err.type })
    expect.misuse(function() store:list { desc = true } end, "unknown option 'desc' of store:list")
    expect.misuse(function() store:list { sort_by = "newst" } end, "'sort_by'", "newest")
    expect.misuse(function() store:list { pricing_model = "free" } end, "'pricing_model'", "FREE")
    expect.misuse(function() store:list { search = "" } end, "'search'")
    expect.misuse(function() store:list { limit = 1001 } end, "'limit'", "1001")
    expect.misuse(function() store:list { sort_by = "popularty" } end, 'did you mean "popularity"?')
    expect.misuse(function() store:list { pricing_model = "pay_per_event" } end, 'did you mean "PAY_PER_EVENT"?')
    expect.misuse(function() store:iterate { sortBy = "newest" } end, "did you mean 'sort_by'")
    expect.misuse(function() client:store "apify" end, "client:store")
    assert.equal(1, #api:log().requests)
  end)
end)
