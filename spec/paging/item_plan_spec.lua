--- Which pages of a dataset are asked for and which rows delivered: with plain values, no network and no clock.
local item_plan = require "apify.paging.item_plan"

local function new(options)
  options.prefetch = options.prefetch or 4
  return item_plan.new(options)
end

local function plan_all(plan)
  local made = {}
  for page in function() return plan:next_page() end do made[#made + 1] = { page.offset, page.limit } end
  return made
end

--- What the API answers to the head page. `data` is a list of stored items, each the list of its rows.
--- `how`: cap (items a page), lag (of the total), has_count (is the Count header there).
local function serve(data, page, how)
  local limit = math.min(page.limit or 999999999999, how.cap or math.huge)
  local rows, last = {}, math.min(#data, page.offset + limit)
  for i = page.offset + 1, last do
    for _, row in ipairs(data[i]) do rows[#rows + 1] = row end
  end
  return {
    rows = rows, total = math.max(0, #data - (how.lag or 0)), limit = limit,
    count = how.has_count ~= false and math.max(0, last - page.offset) or nil,
  }
end

local function note(plan, page, answer)
  page.count, page.told_limit = answer.count, answer.limit
  plan:note_total(page, answer.total)
end

--- Read the head page as far as its `cut`-th row, or to its end; what it delivers goes into `got`. Returns the outcome.
local function read(plan, answer, got, cut)
  local page = plan.pages[1]
  for i, row in ipairs(answer.rows) do
    if plan.limit_left == 0 then return "enough" end
    if cut and i > cut then break end
    if page.scanned == 0 then
      note(plan, page, answer)
      if page.limit and answer.limit < page.limit then plan:shrink(answer.limit) end
    end
    if plan:take(page, row) == "deliver" then got[#got + 1] = row end
    if page.scanned == 1 then plan_all(plan) end
  end
  if cut and cut < #answer.rows and not plan:is_complete(page) then
    plan:go_on(page)
    return "cut"
  end
  note(plan, page, answer)
  return plan:finish(page)
end

--- Read to the end or to the limit: the rows, and the requests { offset, limit } in the order of planning.
local function read_all(plan, data, how)
  local got, requests, seen = {}, {}, {}
  for _ = 1, 2000 do
    if plan.is_ended or plan.limit_left == 0 then return got, requests end
    plan_all(plan)
    for _, page in ipairs(plan.pages) do
      if not seen[page] then
        seen[page] = true
        requests[#requests + 1] = { page.offset, page.limit }
      end
    end
    read(plan, serve(data, plan.pages[1], how or {}), got, how and how.cut and how.cut())
  end
  error("it does not end", 2)
end

--- Items 1 to count, one row each.
local function plain(count)
  local data = {}
  for i = 1, count do data[i] = { i } end
  return data
end

--- The rows of stored items from the `offset` on, `limit` of them at most.
local function rows_of(data, offset, limit)
  local rows = {}
  for i = (offset or 0) + 1, #data do
    for _, row in ipairs(data[i]) do rows[#rows + 1] = row end
  end
  for i = #rows, (limit or math.huge) + 1, -1 do rows[i] = nil end
  return rows
end

describe("the plan for a dataset", function()
  it("is one request for all items", function()
    local plan = new {}
    local got, requests = read_all(plan, plain(5000))
    assert.same(rows_of(plain(5000)), got)
    assert.same({ { 0 } }, requests)
  end)

  it("says how many are wanted, and asks for no more", function()
    local got, requests = read_all(new { limit = 70, offset = 10 }, plain(200))
    assert.same(rows_of(plain(200), 10, 70), got)
    assert.same({ { 10, 70 } }, requests)
  end)

  it("asks for nothing when nothing is left of the limit", function()
    assert.same({}, plan_all(new { limit = 0 }))
  end)

  it("of an empty dataset is one request", function()
    local got, requests = read_all(new {}, {})
    assert.same({}, got)
    assert.same({ { 0 } }, requests)
  end)

  it("asks for the first page alone, then keeps `prefetch` pages in flight and none beyond the total", function()
    local plan = new { chunk_size = 10, prefetch = 3 }
    assert.same({ { 0, 10 } }, plan_all(plan))
    plan:note_total(plan.pages[1], 45)
    assert.same({ { 10, 10 }, { 20, 10 } }, plan_all(plan))
    local got = {}
    read(plan, serve(plain(45), plan.pages[1], {}), got)
    assert.same({ { 30, 10 } }, plan_all(plan))
    read(plan, serve(plain(45), plan.pages[1], {}), got)
    assert.same({ { 40, 10 } }, plan_all(plan))
    read(plan, serve(plain(45), plan.pages[1], {}), got)
    assert.same({}, plan_all(plan))
  end)

  it("has no page that would begin at the total", function()
    local plan = new { chunk_size = 10, prefetch = 9 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 40)
    assert.same({ { 10, 10 }, { 20, 10 }, { 30, 10 } }, plan_all(plan))
  end)

  it("never asks for items beyond the limit", function()
    for limit = 1, 45 do
      local got, requests = read_all(new { chunk_size = 10, limit = limit, offset = 5 }, plain(100))
      assert.same(rows_of(plain(100), 5, limit), got)
      for _, r in ipairs(requests) do assert.is_true(r[1] + r[2] <= limit + 5, limit) end
      assert.equal(math.ceil(limit / 10), #requests)
    end
  end)

  it("writes offset and limit as whole numbers", function()
    local plan, query = new { chunk_size = 10 }, { { "clean", "1" } }
    plan:add_query(plan:next_page(), query)
    assert.same({ { "clean", "1" }, { "offset", "0" }, { "limit", "10" } }, query)
    plan, query = new { offset = 2 ^ 40 }, {}
    plan:add_query(plan:next_page(), query)
    assert.same({ { "offset", "1099511627776" } }, query)
  end)
end)

describe("an answer that breaks off", function()
  it("goes on behind its last delivered row", function()
    local plan, got = new { offset = 100 }, {}
    plan_all(plan)
    assert.equal("cut", read(plan, serve(plain(500), plan.pages[1], {}), got, 37))
    assert.same({ 137, nil, 0 }, { plan.pages[1].offset, plan.pages[1].limit, plan.pages[1].skip })
    assert.equal("end", read(plan, serve(plain(500), plan.pages[1], {}), got))
    assert.same(rows_of(plain(500), 100), got)
  end)

  it("asks for what is left of its page, in front of the pages behind it", function()
    local plan, got = new { chunk_size = 10, prefetch = 2 }, {}
    plan_all(plan)
    read(plan, serve(plain(50), plan.pages[1], {}), got, 4)
    assert.same({ 4, 6, 10, 10 }, { plan.pages[1].offset, plan.pages[1].limit, plan.pages[2].offset, plan.pages[2].limit })
  end)

  it("before its first row is asked for again as it was", function()
    local plan = new { chunk_size = 10 }
    plan_all(plan)
    assert.equal(plan:go_on(plan.pages[1]), plan.pages[1])
    assert.same({ 0, 10, 0 }, { plan.pages[1].offset, plan.pages[1].limit, plan.pages[1].skip })
  end)

  it("behind its last row is complete", function()
    local plan = new { chunk_size = 10 }
    plan_all(plan)
    for i = 1, 10 do
      assert.is_false(plan:is_complete(plan.pages[1]))
      plan:take(plan.pages[1], i)
    end
    assert.is_true(plan:is_complete(plan.pages[1]))
    note(plan, plan.pages[1], serve(plain(50), plan.pages[1], {}))
    assert.equal("next", plan:finish(plan.pages[1]))
    assert.equal(10, plan:next_page().offset)
  end)

  it("is never known to be complete where all items were asked for", function()
    local plan = new {}
    plan_all(plan)
    plan:note_total(plan.pages[1], 1)
    plan:take(plan.pages[1], 1)
    assert.is_false(plan:is_complete(plan.pages[1]))
  end)
end)

describe("a dataset whose rows are not its items", function()
  --- Item k has k % 3 rows.
  local function uneven(count)
    local data = {}
    for i = 1, count do
      data[i] = {}
      for part = 1, i % 3 do data[i][part] = i .. "." .. part end
    end
    return data
  end

  it("is read in pages of stored items", function()
    local got, requests = read_all(new { chunk_size = 10, prefetch = 1, is_reshaped = true }, uneven(35))
    assert.same(rows_of(uneven(35)), got)
    assert.same({ { 0, 10 }, { 10, 10 }, { 20, 10 }, { 30, 10 } }, requests)
  end)

  it("asks for a broken page again as it was, without the rows that came", function()
    local plan, got = new { chunk_size = 10, is_reshaped = true }, {}
    plan_all(plan)
    read(plan, serve(uneven(35), plan.pages[1], {}), got, 5)
    assert.same({ 0, 10, 5 }, { plan.pages[1].offset, plan.pages[1].limit, plan.pages[1].skip })
    read(plan, serve(uneven(35), plan.pages[1], {}), got, 3)                 -- breaks off even earlier
    assert.same({ 0, 10, 5 }, { plan.pages[1].offset, plan.pages[1].limit, plan.pages[1].skip })
    for _ = 1, 4 do
      plan_all(plan)
      read(plan, serve(uneven(35), plan.pages[1], {}), got)
    end
    assert.same(rows_of(uneven(35)), got)
    assert.is_true(plan.is_ended)
  end)

  it("does not end with a page of which nothing is left", function()
    local data = plain(35)
    for i = 1, 30 do data[i] = {} end
    for _, prefetch in ipairs { 1, 4 } do
      assert.same({ 31, 32, 33, 34, 35 }, (read_all(new { chunk_size = 10, prefetch = prefetch, is_reshaped = true }, data)))
    end
  end)

  it("advances by pages where the API does not say how many items it looked at", function()
    local got = read_all(new { chunk_size = 10, is_reshaped = true }, uneven(35), { has_count = false })
    assert.same(rows_of(uneven(35)), got)
  end)

  it("counts rows, not items, for the limit", function()
    for limit = 1, 40 do
      local got = read_all(new { chunk_size = 10, limit = limit, is_reshaped = true }, uneven(100))
      assert.same(rows_of(uneven(100), 0, limit), got)
    end
  end)
end)

describe("what the API tells", function()
  it("a cap makes pages smaller, without a gap", function()
    local got, requests = read_all(new { chunk_size = 100, prefetch = 1 }, plain(70), { cap = 25 })
    assert.same(rows_of(plain(70)), got)
    assert.same({ { 0, 100 }, { 25, 25 }, { 50, 25 } }, requests)
  end)

  it("a cap that comes later leaves the pages that are in flight, and has its gaps asked for", function()
    local plan, got = new { chunk_size = 10, prefetch = 3 }, {}
    plan_all(plan)
    read(plan, serve(plain(60), plan.pages[1], {}), got)
    plan_all(plan)
    local list = read_all(plan, plain(60), { cap = 4 })
    for _, row in ipairs(list) do got[#got + 1] = row end
    assert.same(rows_of(plain(60)), got)
  end)

  it("a cap on a request for all means that there is more", function()
    local got, requests = read_all(new {}, plain(70), { cap = 25 })
    assert.same(rows_of(plain(70)), got)
    assert.same({ { 0 }, { 25 }, { 50 } }, requests)
  end)

  it("a total that lags behind does not end a list of capped or full pages", function()
    for _, options in ipairs { {}, { chunk_size = 25 }, { chunk_size = 100 }, { chunk_size = 25, is_reshaped = true } } do
      options.prefetch = 4
      assert.same(rows_of(plain(101)), (read_all(new(options), plain(101), { cap = 25, lag = 60 })))
    end
  end)

  it("a page that is shorter than it should be has its gap asked for before the pages behind it", function()
    local plan, got = new { chunk_size = 10, prefetch = 3 }, {}
    plan_all(plan)
    plan:note_total(plan.pages[1], 40)
    plan_all(plan)
    local answer = serve(plain(40), plan.pages[1], {})
    for i = 10, 8, -1 do answer.rows[i] = nil end
    assert.equal("next", read(plan, answer, got))
    assert.same({ 7, 3, 10 }, { plan.pages[1].offset, plan.pages[1].limit, plan.pages[2].offset })
    read_all(plan, plain(40))
    assert.equal(7, #got)
  end)

  it("a page without any item is the end, though the total says more", function()
    local plan = new { chunk_size = 10 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 40)
    plan_all(plan)
    assert.equal("end", plan:finish(plan.pages[1]))
    assert.is_nil(plan:next_page())
  end)

  it("a short page is the end where all were asked for and no total says more, and none where so many were asked for", function()
    local function finish(options, total)
      local plan = new(options)
      local page = plan:next_page()
      if total then plan:note_total(page, total) end
      for i = 1, 5 do plan:take(page, i) end
      assert.equal(5, page.fresh)
      return plan:finish(page)
    end
    assert.equal("end", finish {})
    assert.equal("end", finish({}, 5))
    assert.equal("next", finish({}, 40))
    assert.equal("next", finish { chunk_size = 10 })
    assert.equal("end", finish({ chunk_size = 10 }, 5))
    assert.equal("next", finish({ chunk_size = 10 }, 40))
  end)

  it("that an answer has all there is, and more than was asked for, lets a page be as long as it is", function()
    local plan = new { chunk_size = 10 }
    local page = plan:next_page()
    plan:unbound(page)
    assert.is_nil(page.limit)
    for i = 1, 15 do plan:take(page, i) end
    assert.is_false(plan:is_complete(page))
    assert.equal("end", plan:finish(page))
  end)

  it("without a total an empty page is the end", function()
    local plan = new { chunk_size = 10 }
    plan_all(plan)
    assert.equal("end", plan:finish(plan.pages[1]))
  end)
end)

describe("a bookmark's mark", function()
  --- Take the first `count` rows, then go on from the mark with a new plan.
  local function resumed(options, data, count)
    local plan, got = new(options), {}
    while #got < count do
      plan_all(plan)
      local page, answer = plan.pages[1], serve(data, plan.pages[1], {})
      for _, row in ipairs(answer.rows) do
        if #got == count then break end
        if page.scanned == 0 then note(plan, page, answer) end
        if plan:take(page, row) == "deliver" then got[#got + 1] = row end
      end
      if #got < count then
        note(plan, page, answer)
        plan:finish(page)
      end
    end
    local again = new {
      chunk_size = options.chunk_size, is_reshaped = options.is_reshaped, resume = plan:mark(), limit = plan.limit_left,
    }
    for _, row in ipairs((read_all(again, data))) do got[#got + 1] = row end
    return got
  end

  it("goes on with the next row, at every position", function()
    local data = plain(23)
    for count = 0, 23 do
      assert.same(rows_of(data), resumed({}, data, count))
      assert.same(rows_of(data), resumed({ chunk_size = 5 }, data, count))
      assert.same(rows_of(data, 0, 20), resumed({ chunk_size = 5, limit = 20 }, data, math.min(count, 20)))
    end
  end)

  it("goes on within an item that has many rows", function()
    local data = { { 1, 2, 3 }, {}, {}, {}, { 4 }, { 5, 6 }, {}, { 7 } }
    for count = 0, 7 do
      assert.same({ 1, 2, 3, 4, 5, 6, 7 }, resumed({ chunk_size = 3, is_reshaped = true }, data, count))
    end
  end)

  it("keeps the size of a page that was begun, whatever chunk_size says now", function()
    local plan = new { offset = 20, chunk_size = 10, is_reshaped = true }
    plan_all(plan)
    for row = 1, 7 do plan:take(plan.pages[1], row) end
    plan = new { resume = plan:mark(), chunk_size = 3, is_reshaped = true }
    local page = plan:next_page()
    assert.same({ 20, 10, 7 }, { page.offset, page.limit, page.skip })
    plan:note_total(page, 100)
    assert.same({ { 30, 3 }, { 33, 3 }, { 36, 3 } }, plan_all(plan))
  end)

  it("is the same once more before anything was asked for", function()
    local plan = new { offset = 20, chunk_size = 10, is_reshaped = true }
    plan_all(plan)
    for row = 1, 7 do plan:take(plan.pages[1], row) end
    local mark = plan:mark()
    plan = new { resume = mark, chunk_size = 3, is_reshaped = true }
    assert.same(mark, plan:mark())
    plan:next_page()
    assert.same(mark, plan:mark())
  end)

  it("counts delivered rows that a page asked for again has not reached yet", function()
    local plan = new { chunk_size = 10, is_reshaped = true }
    plan_all(plan)
    for row = 1, 7 do plan:take(plan.pages[1], row) end
    plan:go_on(plan.pages[1])
    assert.equal("skip", plan:take(plan.pages[1], 1))
    assert.equal(7, plan:mark().skip)
  end)

  it("at the end finds what was added since", function()
    local plan = new {}
    read_all(plan, plain(5))
    assert.same({ 6, 7 }, (read_all(new { resume = plan:mark() }, plain(7))))
  end)
end)

describe("an answer of a dataset that was damaged", function()
  it("is taken back: its rows come again", function()
    local plan = new { offset = 5, chunk_size = 10, limit = 30 }
    local page = plan:next_page()
    plan:note_total(page, 100)
    page.start = { mark = plan:mark(), limit_left = plan.limit_left }
    for i = 1, 4 do plan:take(page, i) end
    assert.equal(9, plan:mark().pos)
    plan_all(plan)
    plan:go_back(page)
    assert.same({ {}, 30, false, nil }, { plan.pages, plan.limit_left, plan.is_ended, plan.total })
    assert.same({ { 5, 10 } }, plan_all(plan))
  end)
end)

describe("a dataset that grows", function()
  it("is looked at again behind its last item", function()
    for _, options in ipairs { {}, { chunk_size = 4 }, { chunk_size = 4, is_reshaped = true } } do
      local plan, got = new(options), {}
      for count = 0, 30 do
        for _, row in ipairs((read_all(plan, plain(count)))) do got[#got + 1] = row end
        plan:reopen()
      end
      assert.same(rows_of(plain(30)), got)
    end
  end)
end)

describe("any dataset", function()
  local seed = 1

  --- A number from 1 to n, the same in every run of this file.
  local function draw(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end

  local function maybe(n) return draw(3) == 1 and draw(n) or nil end

  local function random_data(is_reshaped)
    local data, number = {}, 0
    for i = 1, draw(120) - 1 do
      data[i] = {}
      for part = 1, is_reshaped and draw(4) - 1 or 1 do
        number = number + 1
        data[i][part] = number
      end
    end
    return data
  end

  it("comes whole, in order, each row once, with filters, caps, cuts, a lagging total, limits and offsets", function()
    for case = 1, 1000 do
      local is_reshaped = draw(2) == 1
      local data = random_data(is_reshaped)
      local offset, limit = maybe(30), maybe(150)
      local chunk = is_reshaped and draw(40) or maybe(40)
      local how = {
        cap = maybe(30), lag = maybe(20), has_count = not (is_reshaped and draw(4) == 1) or nil,
        cut = function() return maybe(20) end,
      }
      if is_reshaped and how.has_count == nil then how.has_count, how.cap, how.lag = false, nil, nil end
      local got = read_all(new {
        offset = offset, limit = limit, chunk_size = chunk, prefetch = draw(5), is_reshaped = is_reshaped,
      }, data, how)
      local expected = rows_of(data, offset, limit)
      assert.equal(table.concat(expected, " "), table.concat(got, " "), "case " .. case)
    end
  end)

  it("calls all rows usual that were not delivered before", function()
    local plan = item_plan.new { chunk_size = 5, prefetch = 1, is_reshaped = true, resume = { pos = 0, skip = 2, limit = 5 } }
    local page = plan:next_page()
    for _, is_usual in ipairs { false, false, true } do
      assert.equal(is_usual, plan:usual(page))
      plan:take(page, {})
    end
  end)
end)
