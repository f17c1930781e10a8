--- The pages in flight when a plan changes, while the hook of the user's raises over each that is dropped.
local apify = require "apify"
local server = require "spec.local_api.server"
local waiting = require "spec.support.waiting"

local api, client, id, is_raising, raises

setup(function() api = server.start() end)
teardown(function() api:stop() end)

before_each(function()
  is_raising, raises = true, 0
  api:admin "reset"
  id = waiting.add(api)
  client = apify.new {
    base_url = api.url, token = "apify_api_test", min_delay_between_retries = 0.001,
    on_attempt = function(attempt)
      if is_raising and attempt.status == nil then error("dropped", 0) end
    end,
  }
end)

after_each(function()
  is_raising = false
  collectgarbage()                       -- of iterators that were left in the middle
  collectgarbage()
  assert.equal(0, client:stats().in_flight)
  api:faults()
end)

local function answer(query, body, headers)
  return { match = { query = query }, action = { status = { code = 200, body = body, content_type = "application/json", headers = headers } } }
end

--- Whatever is asked for at these offsets never gets an answer.
local function hang(query) return { match = { query = query }, action = { hang = {} } } end

--- The next row; what the hook raises is counted, and no row.
local function next_row(it)
  while true do
    local ok, row, err = pcall(it.next, it)
    if ok then return row, err end
    assert.truthy(tostring(row):find "dropped")
    raises = raises + 1
    assert.is_true(raises < 10)
  end
end

local function take(it, count)
  local rows = {}
  for _ = 1, count do
    local row, err = next_row(it)
    if row == nil then return rows, err end
    rows[#rows + 1] = type(row) == "table" and row.n or row
  end
  return rows
end

local function numbers(first, last)
  local list = {}
  for n = first, last do list[#list + 1] = n end
  return list
end

describe("pages that are dropped", function()
  it("as the list has ended before them, cost no look at what it grows by", function()
    api:admin("seed_items", { run = id, count = 60 })
    local last = answer("offset=10&", "[]", { ["x-apify-pagination-total"] = "60", ["x-apify-pagination-offset"] = "10" })
    local hanging = hang "offset=20&"
    last.match.first, hanging.match.first = 1, 1
    api:faults(last, hanging)
    local it = client:run(id):dataset():iterate_items { chunk_size = 10, prefetch = 3, follow = true, poll_secs = 0.05, deadline = 5 }
    assert.equal(0, it:next().n)
    waiting.until_open(api, 3)
    assert.same(numbers(1, 10), take(it, 10))
    assert.equal(1, raises)
    is_raising = false
    assert.same(numbers(11, 59), take(it, 49))
  end)

  it("as the API gives less at once cost no row, also where the iteration is left before the hook's error was told", function()
    local function page(query, first, last, limit)
      local items = table.concat(numbers(first, last), ",")
      return answer(query, ('{"data":{"total":25,"offset":%d,"limit":%d,"items":[%s]}}'):format(first, limit, items))
    end
    api:faults(page("offset=0&", 0, 9, 10), page("offset=10&", 10, 14, 5), hang "offset=20&limit=10", page("offset=15&", 15, 19, 5),
      page("offset=20&limit=5", 20, 24, 5))
    local it = client:iterate { path = "/datasets", chunk_size = 10, prefetch = 4 }
    assert.same(numbers(0, 24), take(it, 30))
    assert.equal(1, raises)
    it = client:iterate { path = "/datasets", chunk_size = 10, prefetch = 4 }
    assert.same(numbers(0, 10), take(it, 11))
    assert.equal(1, raises)
    local ok, err = pcall(it.close, it)
    assert.is_false(ok)
    assert.truthy(tostring(err):find "dropped")
  end)

  it("as the page before them is damaged leave it told which rows come again", function()
    api:admin("seed_items", { run = id, count = 450 })
    api:faults({ match = { query = "offset=0&" }, action = { flip = { byte = -6 } } }, hang "offset=[1-9]")
    local it = client:run(id):dataset():iterate_items { chunk_size = 150, prefetch = 3 }
    assert.equal(0, it:next().n)
    waiting.until_open(api, 2)
    local rows, err = take(it, 450)
    assert.same(numbers(1, #rows), rows)
    assert.same({ 1, #rows + 1 }, err and err.in_doubt)
    api:faults()
    assert.same(numbers(0, 449), take(it, 500))
    assert.equal(1, raises)
  end)

  it("with the page that was all there is do not have it asked for again", function()
    is_raising = false
    client = client:with { on_attempt = function() if is_raising then error("dropped", 0) end end }
    api:admin("behaviour", { schedule = { { 0, "RUNNING" }, { 0.05, "SUCCEEDED" } }, items = 2000 })
    api:faults { match = { path = "run%-sync" }, action = { drip = { bytes = 500, secs = 0.02 } } }
    local it = client:actor("janedoe~my-actor"):run_sync_iterate_items()
    assert.equal(0, it:next().n)
    is_raising = true
    local fiber = apify.spawn(function() return take(it, 2000) end)
    fiber:cancel()
    fiber:wait()
    assert.equal(1, raises)
    is_raising = false
    for _ = 1, 2 do assert.equal("cancelled", select(2, it:next()).kind) end
    assert.equal(1, api:admin("starts").count)
  end)
end)
