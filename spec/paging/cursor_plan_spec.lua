--- Which pages of a cursor list are asked for and which rows delivered: with plain values, no network and no clock.
local cursor_plan = require "apify.paging.cursor_plan"

local function new(options)
  options = options or {}
  options.parameter, options.next_field, options.key_field = "exclusiveStartKey", "nextExclusiveStartKey", "key"
  options.chunk_size = options.chunk_size or 10
  return cursor_plan.new(options)
end

--- Rows first to last.
local function rows(first, last)
  local list = {}
  for n = first, last do list[#list + 1] = { key = "k" .. n } end
  return list
end

--- A list whose cursor is the number of the last row: the slice and the cursor that the page's answer has.
local function serve(list, page)
  local from = tonumber(page.cursor) or 0
  local last = math.min(#list, from + page.limit)
  local slice = {}
  for i = from + 1, last do slice[#slice + 1] = list[i] end
  return { rows = slice, next = last < #list and tostring(last) or nil }
end

--- Read the page as far as its `cut`-th row, or to its end. Returns what the plan says.
local function read(plan, answer, got, cut)
  local page = plan.pages[1]
  for i, row in ipairs(answer.rows) do
    if plan.limit_left == 0 then return "enough" end
    if cut and i > cut then
      plan:go_on(page)
      return "cut"
    end
    if plan:take(page, row) == "deliver" then got[#got + 1] = row.key end
  end
  return plan:finish(page, { nextExclusiveStartKey = answer.next })
end

--- Read to the end or to the limit: the keys, and the requests { cursor, limit }.
local function read_all(plan, list, cut)
  local got, requests = {}, {}
  for _ = 1, 2000 do
    if plan.is_ended or plan.limit_left == 0 then return got, requests end
    plan:next_page()
    local page = plan.pages[1]
    requests[#requests + 1] = { page.cursor or "", page.limit }
    read(plan, serve(list, page), got, cut and cut())
  end
  error("it does not end", 2)
end

local function keys(first, last)
  local list = {}
  for n = first, last do list[#list + 1] = "k" .. n end
  return list
end

describe("a cursor list", function()
  it("is asked for page by page, each behind the last row of the one before", function()
    local got, requests = read_all(new(), rows(1, 25))
    assert.same(keys(1, 25), got)
    assert.same({ { "", 10 }, { "10", 10 }, { "20", 10 } }, requests)
  end)

  it("has rows without a name told apart by their place in the page, when it breaks off and from a mark on", function()
    local function deliver(plan, texts)
      local page, got = plan.pages[1] or plan:next_page(), {}
      for _, text in ipairs(texts) do
        if plan:take(page, text) == "deliver" then got[#got + 1] = text end
      end
      return table.concat(got)
    end
    local plan = new()
    assert.equal("ab", deliver(plan, { "a", "b" }))
    plan:go_on(plan.pages[1])
    assert.equal("", deliver(plan, { "a" }))
    plan:go_on(plan.pages[1])
    assert.equal("c", deliver(plan, { "a", "b", "c" }))
    local later = new { resume = plan:mark() }
    assert.equal("d", deliver(later, { "a", "b", "c", "d" }))
    later:finish(later.pages[1], { nextExclusiveStartKey = "x" })
    assert.equal("ef", deliver(later, { "e", "f" }))
  end)

  it("has rows without a name asked for once more by whole pages, and counted in a mark", function()
    local plan = new { limit = 5 }
    local page = plan:next_page()
    assert.same({ 5, 0, true }, { page.limit, page.fresh, page.is_anchored })
    assert.is_nil(plan:mark().taken)
    assert.equal("deliver", plan:take(page, "a"))
    assert.same({ 1, 1 }, { page.fresh, plan:mark().taken })
    page = plan:go_on()
    assert.same({ 10, 0 }, { page.limit, page.fresh })
    assert.equal("skip", plan:take(page, "a"))
    assert.equal(0, page.fresh)
    assert.equal("deliver", plan:take(page, "b"))
    assert.same({ 1, 2 }, { page.fresh, plan:mark().taken })
  end)

  it("that an answer told of has its ways in a mark", function()
    assert.is_nil(new():mark().parameter)
    local mark = new({ is_found = true }):mark()
    assert.same({ "exclusiveStartKey", "nextExclusiveStartKey" }, { mark.parameter, mark.next_field })
  end)

  it("has one page in flight", function()
    local plan = new()
    assert.is_table(plan:next_page())
    assert.is_nil(plan:next_page())
  end)

  it("has a row that could not be counted as new when it is taken again", function()
    local plan = new { limit = 3 }
    local page = plan:next_page()
    setmetatable(plan.given, { __newindex = function() error "not enough memory" end })
    assert.has_error(function() plan:take(page, { key = "k1" }) end)
    setmetatable(plan.given, nil)
    assert.equal(0, page.scanned)
    assert.equal("deliver", plan:take(page, { key = "k1" }))
    assert.same({ 1, 2 }, { page.scanned, plan.limit_left })
  end)

  it("begins at a cursor", function()
    assert.same(keys(13, 25), (read_all(new { cursor = "12" }, rows(1, 25))))
  end)

  it("sends the cursor only where there is one", function()
    local plan, query = new(), { { "prefix", "a" } }
    plan:add_query(plan:next_page(), query)
    assert.same({ { "prefix", "a" }, { "limit", "10" } }, query)
    plan, query = new { cursor = "a/b" }, {}
    plan:add_query(plan:next_page(), query)
    assert.same({ { "exclusiveStartKey", "a/b" }, { "limit", "10" } }, query)
  end)

  it("never asks for rows beyond the limit", function()
    for limit = 1, 25 do
      local got, requests = read_all(new { limit = limit }, rows(1, 25))
      assert.same(keys(1, limit), got)
      assert.equal(math.ceil(limit / 10), #requests)
      assert.equal((limit - 1) % 10 + 1, requests[#requests][2])
    end
  end)

  it("asks for nothing when nothing is left of the limit", function()
    assert.is_nil(new({ limit = 0 }):next_page())
  end)
end)

describe("the end of a cursor list", function()
  local function finish_with(cursor, is_truncated)
    local plan = new()
    local outcome, why = plan:finish(plan:next_page(), { nextExclusiveStartKey = cursor, isTruncated = is_truncated })
    return outcome, why, plan.is_ended
  end

  it("is a page without a cursor", function()
    for _, is_truncated in ipairs { false, "true" } do assert.same({ "end", nil, true }, { finish_with(nil, is_truncated) }) end
    assert.same({ "end", nil, true }, { finish_with(nil) })
  end)

  it("is a cursor that is empty, or null", function()
    local null = require("apify.core").null
    assert.same({ "end", nil, true }, { finish_with "" })
    assert.same({ "end", nil, true }, { finish_with(null) })
  end)

  it("is an error where the page says that there are more rows", function()
    local why = "the answer says that there are more rows, and has no nextExclusiveStartKey"
    assert.same({ "end", why, false }, { finish_with(nil, true) })
    assert.same({ "next", nil, false }, { finish_with("k7", true) })
  end)

  it("is not a page without rows", function()
    assert.same({ "next", nil, false }, { finish_with "k7" })
  end)

  it("is an error where the cursor is that of the page itself", function()
    local plan = new { cursor = "k7" }
    local outcome, why = plan:finish(plan:next_page(), { nextExclusiveStartKey = "k7" })
    assert.equal("end", outcome)
    assert.matches("does not go on", why)
    assert.is_false(plan.is_ended)                       -- an error is the caller's, and changes nothing
  end)

  it("is an error where the cursors come round, soon after they did", function()
    -- Cursors 1, 2, 3, ... of which the one behind `tail + length` is `tail + 1` again: so many pages are asked for.
    local function pages_of(tail, length)
      local plan, cursor = new(), 0
      for count = 1, 200 do
        cursor = cursor < tail + length and cursor + 1 or tail + 1
        local outcome, why = plan:finish(plan:next_page(), { nextExclusiveStartKey = tostring(cursor) })
        if outcome == "end" then
          assert.matches("a cursor that came before", why)
          return count
        end
      end
    end
    assert.same({ 3, 6, 7, 12 }, { pages_of(0, 2), pages_of(0, 3), pages_of(0, 4), pages_of(0, 5) })
    assert.same({ 5, 6, 14, 25 }, { pages_of(1, 2), pages_of(2, 3), pages_of(5, 7), pages_of(7, 10) })
  end)

  it("is looked at again when the list may have grown, without the rows that came", function()
    local plan, got = new(), {}
    for count = 0, 45 do
      for _, key in ipairs((read_all(plan, rows(1, count)))) do got[#got + 1] = key end
      plan:reopen()
    end
    assert.same(keys(1, 45), got)
  end)
end)

describe("a cursor page that breaks off", function()
  it("is asked for again whole, and its delivered rows are skipped", function()
    local plan, got = new(), {}
    plan:next_page()
    assert.equal("cut", read(plan, serve(rows(1, 25), plan.pages[1]), got, 4))
    assert.same(keys(1, 4), got)
    assert.same(keys(1, 4), plan:mark().given)
    assert.equal("cut", read(plan, serve(rows(1, 25), plan.pages[1]), got, 2))
    assert.equal("next", read(plan, serve(rows(1, 25), plan.pages[1]), got))
    assert.same(keys(1, 10), got)
  end)

  it("does not count skipped rows for the limit", function()
    for limit = 1, 12 do
      for cut = 1, limit do
        local plan, got = new { limit = limit }, {}
        plan:next_page()
        read(plan, serve(rows(1, 25), plan.pages[1]), got, cut)
        for _, key in ipairs((read_all(plan, rows(1, 25)))) do got[#got + 1] = key end
        assert.same(keys(1, limit), got)
      end
    end
  end)

  it("gives the rows that are left when a delivered one was removed meanwhile", function()
    local plan, got, list = new(), {}, rows(1, 8)
    plan:next_page()
    read(plan, serve(list, plan.pages[1]), got, 5)
    table.remove(list, 2)
    read(plan, serve(list, plan.pages[1]), got)
    assert.same(keys(1, 8), got)
  end)

  it("does not lose rows without a key", function()
    local plan = new()
    local page = plan:next_page()
    assert.equal("deliver", plan:take(page, { size = 1 }))
    assert.equal("deliver", plan:take(page, "a text"))
    assert.equal("deliver", plan:take(page, { size = 1 }))
  end)

  it("anywhere and often, comes whole, in order, once", function()
    local seed = 1
    local function draw(n)
      seed = (seed * 16807) % 2147483647
      return seed % n + 1
    end
    for case = 1, 500 do
      local count, limit = draw(60) - 1, draw(3) == 1 and draw(60) or nil
      local plan = new { limit = limit, chunk_size = draw(12) }
      local got = read_all(plan, rows(1, count), function() return draw(2) == 1 and draw(8) or nil end)
      assert.same(keys(1, math.min(count, limit or count)), got, "case " .. case)
    end
  end)
end)

describe("a cursor list's mark", function()
  it("goes on with the next row, at every position", function()
    for count = 0, 25 do
      local plan, got = new(), {}
      while #got < count do
        plan:next_page()
        local page, answer = plan.pages[1], serve(rows(1, 25), plan.pages[1])
        for i = 1, math.min(#answer.rows, count - #got) do
          plan:take(page, answer.rows[i])
          got[#got + 1] = answer.rows[i].key
        end
        if #got < count then plan:finish(page, { nextExclusiveStartKey = answer.next }) end
      end
      for _, key in ipairs((read_all(new { resume = plan:mark() }, rows(1, 25)))) do got[#got + 1] = key end
      assert.same(keys(1, 25), got)
    end
  end)

  it("at the end is the end", function()
    local plan = new()
    read_all(plan, rows(1, 25))
    local again = new { resume = plan:mark() }
    assert.is_nil(again:next_page())
    assert.is_true(again.is_ended)
  end)
end)

describe("an answer that was damaged", function()
  it("is taken back: what was delivered before it is still known", function()
    local plan = cursor_plan.new {
      parameter = "cursor", next_field = "nextCursor", key_field = "id", chunk_size = 10, limit = 9, resume = { given = { "a" }, cursor = "c" },
    }
    local page = plan:next_page()
    page.start = { mark = plan:mark(), limit_left = plan.limit_left }
    for _, id in ipairs { "a", "b", "x" } do plan:take(page, { id = id }) end
    assert.equal(7, plan.limit_left)
    plan:go_back(page)
    assert.equal(9, plan.limit_left)
    page = plan:next_page()
    assert.equal("c", page.cursor)
    local actions = {}
    for i, id in ipairs { "a", "b", "d" } do actions[i] = plan:take(page, { id = id }) end
    assert.same({ "skip", "deliver", "deliver" }, actions)
  end)

  it("calls those rows usual whose names are new, of the page and of what comes again", function()
    local plan = cursor_plan.new {
      parameter = "cursor", next_field = "nextCursor", key_field = "key", chunk_size = 5, resume = { given = { "a" } },
    }
    plan:take(plan:next_page(), { key = "b" })
    assert.same({ key = "key", new_keys = { b = true }, old_keys = { a = true } }, plan:usual())
    plan:usual().new_keys.c = true
    assert.same({ "a", "b", "c" }, plan:mark().given)
  end)
end)
