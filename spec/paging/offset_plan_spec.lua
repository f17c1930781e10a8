local offset_plan = require "apify.paging.offset_plan"

local function row(n) return { id = "run" .. n, startedAt = ("2025-09-01T00:00:%05d.000Z"):format(n + 10000) } end

--- A list of rows first to last.
local function rows(first, last)
  local list = {}
  for n = first, last do list[#list + 1] = row(n) end
  return list
end

local function new(options)
  options.max_page = options.max_page or 1000
  options.prefetch = options.prefetch or 4
  return offset_plan.new(options)
end

local function plan_all(plan)
  local made = {}
  for page in function() return plan:next_page() end do made[#made + 1] = { page.offset, page.limit } end
  return made
end

--- Give the head page these rows; the numbers of those delivered, and what the plan says in the end.
local function give(plan, list, total)
  local page, delivered = plan.pages[1], {}
  local function deliver(r) delivered[#delivered + 1] = type(r) == "table" and tonumber(tostring(r.id):match "%d+") or r end
  if total then plan:note_total(page, total) end
  for _, r in ipairs(list) do
    local action = plan:take(page, r)
    if action == "deliver" then deliver(r) end
    if action == "release" then
      for held in function() return plan:release(page) end do deliver(held) end
    end
    if action == "reject" then
      plan:reject(page)
      return delivered, "reject"
    end
  end
  local outcome = plan:finish(page, {})
  if outcome == "reject" then plan:reject(page) end
  return delivered, outcome
end

--- The slice of a list that the head page asked for.
local function asked(plan, list)
  local page, slice = plan.pages[1], {}
  for i = page.offset + 1, math.min(#list, page.offset + page.limit) do slice[#slice + 1] = list[i] end
  return slice
end

--- Read a list that does not change: how many rows came, and the requests { offset, limit }.
local function read_all(plan, list, total)
  local count, requests, noted = 0, {}, {}
  for _ = 1, 1000 do
    plan_all(plan)
    for _, page in ipairs(plan.pages) do
      if not noted[page] then
        noted[page] = true
        requests[#requests + 1] = { page.offset, page.limit }
      end
    end
    if not plan.pages[1] then break end
    count = count + #give(plan, asked(plan, list), total or #list)
  end
  return count, requests
end

--- Begin: the first page of `list` read as far as its end.
local function begun(options, list, total)
  local plan = new(options)
  plan_all(plan)
  give(plan, asked(plan, list), total or #list)
  return plan
end

describe("the plan", function()
  it("asks for the first page alone until its total and a row of it are known", function()
    local plan = new {}
    assert.same({ { 0, 1000 } }, plan_all(plan))
    plan:note_total(plan.pages[1], 5000)
    assert.same({}, plan_all(plan))
    plan:take(plan.pages[1], row(1))
    assert.same({ { 999, 1000 }, { 1998, 1000 }, { 2997, 1000 } }, plan_all(plan))
  end)

  it("strides so that each page repeats the last row of the one before", function()
    local plan = new { chunk_size = 100, prefetch = 3 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 1000)
    plan:take(plan.pages[1], row(1))
    assert.same({ { 99, 101 }, { 199, 101 } }, plan_all(plan))
  end)

  it("repeats ten rows of a list that a filter may take rows from", function()
    local plan = new { chunk_size = 100, is_filtered = true, prefetch = 2 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 1000)
    plan:take(plan.pages[1], row(1))
    assert.same({ { 90, 110 } }, plan_all(plan))
  end)

  it("repeats no more than half of what the API gives at once", function()
    local plan = begun({ chunk_size = 4, max_page = 4, is_filtered = true, prefetch = 1 }, rows(1, 20))
    assert.same({ { 2, 4 } }, plan_all(plan))
  end)

  it("repeats ten rows once the total has fallen", function()
    local plan = begun({ chunk_size = 100, prefetch = 1 }, rows(1, 300))
    assert.same({ { 99, 101 } }, plan_all(plan))
    give(plan, asked(plan, rows(1, 300)), 299)
    assert.same({ { 190, 110 } }, plan_all(plan))
  end)

  it("keeps no more pages in flight than `prefetch`, and none beyond the total", function()
    local plan = new { chunk_size = 10, prefetch = 16 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 35)
    plan:take(plan.pages[1], row(1))
    assert.equal(3, #plan_all(plan))
    for total, count in pairs { [30] = 2, [31] = 3 } do
      plan = new { chunk_size = 10, prefetch = 16 }
      plan_all(plan)
      plan:note_total(plan.pages[1], total)
      plan:take(plan.pages[1], row(1))
      assert.equal(count, #plan_all(plan))
    end
    plan = new { chunk_size = 10, prefetch = 3, limit = 35 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 100)
    plan:take(plan.pages[1], row(1))
    assert.same({ { 9, 11 }, { 19, 11 } }, plan_all(plan))
  end)

  it("never asks for rows beyond the limit", function()
    for limit = 1, 45 do
      local plan = new { chunk_size = 10, limit = limit }
      local count, requests = read_all(plan, rows(1, 100))
      assert.equal(limit, count)
      for _, r in ipairs(requests) do assert.is_true(r[1] + r[2] <= limit, limit) end
      assert.equal(math.ceil(limit / 10), #requests)
    end
  end)

  it("counts the limit from the offset", function()
    local plan = new { offset = 50, limit = 15, chunk_size = 10 }
    local count, requests = read_all(plan, rows(1, 100))
    assert.equal(15, count)
    assert.same({ { 50, 10 }, { 59, 6 } }, requests)
  end)

  it("adds where a page begins and how long it is to the parameters that there are", function()
    local plan, query = new { offset = 20, chunk_size = 10 }, { { "status", "READY" } }
    plan:add_query(plan:next_page(), query)
    assert.same({ { "status", "READY" }, { "offset", "20" }, { "limit", "10" } }, query)
  end)

  it("counts what it delivers, and knows where a page's new rows begin", function()
    local plan = begun({ chunk_size = 10, prefetch = 1 }, rows(1, 100))
    assert.equal(10, plan.delivered)
    plan_all(plan)
    local page = plan.pages[1]
    for n = 10, 13 do plan:take(page, row(n)) end
    assert.same({ 13, 3, 10, "run10" }, { plan.delivered, page.fresh, page.starts_at, page.first_id })
  end)

  it("asks for nothing when nothing is left of the limit", function()
    assert.same({}, plan_all(new { limit = 0 }))
  end)

  it("begins at the offset", function()
    local plan = new { offset = 25, chunk_size = 10 }
    plan_all(plan)
    assert.same({ 26, 27, 28, 29, 30, 31, 32, 33, 34, 35 }, (give(plan, asked(plan, rows(1, 100)), 100)))
  end)
end)

describe("a row", function()
  it("that could not be counted is new when it is taken again, and so is one that was held", function()
    local plan = new { chunk_size = 10 }
    plan_all(plan)
    local page = plan.pages[1]
    local function fail_once(fn)
      local add = plan.seen.add
      plan.seen.add = function() error "not enough memory" end
      local before = plan:position()
      assert.has_error(fn)
      assert.equal(before, plan:position())
      plan.seen.add = add
    end
    local tie = { id = "tie", startedAt = row(2).startedAt }
    for _, r in ipairs { row(1), row(2), tie } do
      fail_once(function() plan:take(page, r) end)
      assert.equal("deliver", plan:take(page, r))
    end
    plan = begun({ chunk_size = 4 }, rows(1, 9))
    plan_all(plan)
    page = plan.pages[1]
    local known, new_tie = plan.seen:recent(), { id = "new tie", startedAt = row(4).startedAt }
    assert.equal("hold", plan:take(page, new_tie))
    assert.equal("release", plan:take(page, { id = known[#known], startedAt = row(4).startedAt }))
    fail_once(function() plan:release(page) end)
    assert.equal(new_tie, plan:release(page))
    assert.is_nil(plan:release(page))
  end)
end)

describe("a list that is read from its middle on", function()
  it("has no rows that started before the first of them, but those that started with it", function()
    local plan = new { offset = 25, chunk_size = 10, prefetch = 1 }
    plan_all(plan)
    give(plan, rows(26, 35), 100)
    plan_all(plan)
    local page = plan.pages[1]
    assert.equal("skip", plan:take(page, row(25)))
    assert.equal("deliver", plan:take(page, { id = "x", startedAt = row(26).startedAt }))
  end)
end)

describe("a mark in a page whose answer tells neither total nor offset", function()
  --- A plan that goes on where another was, when it had been given the first rows of the list.
  local function later(list, count, options)
    local plan = new { chunk_size = 20 }
    plan_all(plan)
    for n = 1, count do plan:take(plan.pages[1], list[n]) end
    options = options or {}
    options.chunk_size, options.resume = options.chunk_size or 20, plan:mark()
    return new(options)
  end

  it("has that page asked for again, as far as the mark at least", function()
    assert.same({ { 0, 20 } }, plan_all(later(rows(1, 20), 15)))
    assert.same({ { 0, 15 } }, plan_all(later(rows(1, 20), 15, { chunk_size = 5 })))
    assert.same({ { 0, 10 } }, plan_all(later(rows(1, 20), 15, { max_page = 10 })))
    assert.is_nil(new({}):mark().again)
  end)

  it("has the rows behind it delivered, wherever they are by then", function()
    for _, list in ipairs { rows(1, 20), rows(4, 20), rows(14, 20) } do
      local plan = later(rows(1, 20), 15)
      plan_all(plan)
      assert.same({ 16, 17, 18, 19, 20 }, (give(plan, list)))
    end
  end)

  it("is none where a total, a place or new rows behind it have told that the server follows offsets", function()
    for _, fields in ipairs { { total = 30 }, { is_placed = true }, { from = 20 } } do
      local plan = new { chunk_size = 20 }
      plan_all(plan)
      if fields.from then
        give(plan, rows(1, 20))
        plan_all(plan)
        plan:take(plan.pages[1], row(20))
        assert.same({ 20, 0 }, { plan:mark().pos, plan:mark().again })
      else
        if fields.total then plan:note_total(plan.pages[1], 30) end
        plan.pages[1].is_placed = fields.is_placed
      end
      plan:take(plan.pages[1], row(21))
      assert.same({ nil, fields.from and 21 or 1 }, { plan:mark().again, plan:mark().pos })
    end
  end)

  it("stays one behind that page, and behind the end", function()
    local list = rows(1, 20)
    for count, answers in pairs { [20] = { list }, [25] = { list, rows(1, 20), rows(1, 20) } } do
      local plan = new { chunk_size = count }
      for _, answer in ipairs(answers) do
        plan_all(plan)
        if plan.pages[1] then give(plan, answer) end
      end
      local mark = plan:mark()
      assert.same({ 0, 20, 20 }, { mark.again, mark.pos, #mark.ids })
      plan = new { chunk_size = 25, resume = mark }
      plan_all(plan)
      assert.same({}, (give(plan, list)))
    end
  end)

  it("is that of the bookmark before it, too", function()
    local plan = later(rows(1, 20), 15)
    plan_all(plan)
    assert.same({ 0, 15, 15 }, { plan:mark().again, plan:mark().pos, #plan:mark().ids })
    for n = 1, 16 do plan:take(plan.pages[1], row(n)) end
    assert.same({ 0, 16, 16 }, { plan:mark().again, plan:mark().pos, #plan:mark().ids })
    plan = new { offset = 5, chunk_size = 20 }
    plan_all(plan)
    plan:take(plan.pages[1], row(6))
    local mark = new({ chunk_size = 20, resume = plan:mark() }):mark()
    assert.same({ 5, 6, 1 }, { mark.again, mark.pos, #mark.ids })
  end)

  it("counts rows without ids", function()
    local plan = later({ "a", "b", "c" }, 2)
    plan_all(plan)
    assert.same({ "c", "d" }, (give(plan, { "a", "b", "c", "d" })))
  end)

  it("knows no more of the rows before it when the page breaks off than at first", function()
    local plan = later(rows(1, 30), 15, { chunk_size = 30 })
    plan_all(plan)
    for n = 1, 18 do plan:take(plan.pages[1], row(n)) end
    plan:go_on(plan.pages[1])
    assert.same({ 19, 20, 21 }, (give(plan, rows(1, 21))))
  end)
end)

describe("an answer that says nothing of offsets", function()
  local function finish(envelope, is_plain)
    local plan = new { chunk_size = 10, limit = 25 }
    plan_all(plan)
    local page = plan.pages[1]
    for n = 1, 10 do plan:take(page, is_plain and n or row(n)) end
    return plan, plan:finish(page, envelope)
  end

  it("has the list go on by the cursor that it tells", function()
    local plan, outcome, why, onward = finish { count = 10, nextCursor = "abc" }
    assert.same({ "next", nil, false }, { outcome, why, plan.is_ended })       -- it is left as it was, and not asked again
    local query = {}
    onward:add_query(onward:next_page(), query)
    assert.same({ { "cursor", "abc" }, { "limit", "10" } }, query)
    assert.equal(15, onward.limit_left)
  end)

  it("ends it where it tells none and rows that come again would not be known; any other does not", function()
    local plan, outcome = finish({ count = 10 }, true)
    assert.same({ "end", true }, { outcome, plan.is_ended })
    assert.same({ "next" }, { select(2, finish { count = 10 }) })
    assert.same({ "next" }, { select(2, finish({ total = 30, nextCursor = "abc" }, true)) })
  end)
end)

describe("a list that does not go on", function()
  it("ends with an error, or without where all rows were delivered", function()
    for total, is_error in pairs { [10] = false, [11] = true } do
      local plan = new { chunk_size = 10, prefetch = 1 }
      plan_all(plan)
      give(plan, rows(1, 10), total)
      local outcome, why
      for _ = 1, 5 do
        plan_all(plan)
        local page = plan.pages[1]
        if not page then break end
        plan:note_total(page, total)
        for n = 1, 10 do plan:take(page, row(n)) end
        outcome, why = plan:finish(page, {})
        if outcome == "end" then break end
      end
      assert.equal("end", outcome)
      assert.equal(not is_error, plan.is_ended)                               -- an error is the caller's, and changes nothing
      assert.equal(is_error, why ~= nil and why:find("is the one before it once more", 1, true) ~= nil)
    end
  end)
end)

describe("the end", function()
  it("comes with a short page that reaches the total", function()
    local plan = begun({ chunk_size = 10 }, rows(1, 7))
    assert.is_true(plan.is_ended)
    assert.same({}, plan_all(plan))
  end)

  it("comes with an empty list", function()
    assert.is_true(begun({}, {}).is_ended)
  end)

  it("comes beyond the end of the list", function()
    local plan = new { offset = 500 }
    plan_all(plan)
    assert.same({ {}, "end" }, { give(plan, {}, 20) })
  end)

  it("is looked for once more behind a full last page", function()
    local count, requests = read_all(new { chunk_size = 10 }, rows(1, 20))
    assert.equal(20, count)
    assert.same({ { 0, 10 }, { 9, 11 }, { 19, 11 } }, requests)
  end)

  it("comes where the rows end although the total says more", function()
    for _, count in ipairs { 0, 5, 10, 25, 99 } do
      local plan = new { chunk_size = 10 }
      local got, requests = read_all(plan, rows(1, count), 5000)
      assert.is_true(plan.is_ended)
      assert.equal(count, got)
      assert.is_true(#requests < count / 10 + 10, #requests)
    end
  end)

  it("is not believed of a short page when no total is told", function()
    local plan = new { chunk_size = 10 }
    plan_all(plan)
    assert.same({ { 1, 2, 3 }, "next" }, { give(plan, rows(1, 3)) })
    give(plan, { row(3) })
    assert.same({ {}, "end" }, { give(plan, {}) })
  end)

  it("can be opened again", function()
    local plan = begun({ chunk_size = 10, prefetch = 1 }, rows(1, 15))
    plan_all(plan)
    give(plan, asked(plan, rows(1, 15)), 15)
    plan:reopen()
    assert.same({ { 5, 20 } }, plan_all(plan))
    assert.same({ 16, 17 }, (give(plan, asked(plan, rows(1, 17)), 17)))
    assert.is_true(plan.is_ended)
  end)
end)

describe("a page that is shorter than it should be", function()
  it("has its gap filled before later pages are delivered", function()
    local plan = new { chunk_size = 10 }
    local list = rows(1, 40)
    plan_all(plan)
    plan:note_total(plan.pages[1], 40)
    for n = 1, 4 do plan:take(plan.pages[1], row(n)) end
    plan_all(plan)
    local second = plan.pages[2]
    assert.equal("next", plan:finish(plan.pages[1], {}))
    assert.same({ 3, 7, second }, { plan.pages[1].offset, plan.pages[1].limit, plan.pages[2] })
    assert.same({ 5, 6, 7, 8, 9, 10 }, (give(plan, asked(plan, list), 40)))
    assert.equal(second, plan.pages[1])
  end)

  it("may be longer than what was asked for, and is followed by what is behind it", function()
    local plan = new { chunk_size = 10, prefetch = 1 }
    plan_all(plan)
    plan:unbound(plan.pages[1])
    give(plan, rows(1, 15), 100)
    local page = plan.pages[1]
    assert.same({ 14, 2 }, { page.offset, page.limit })
    for n = 15, 16 do
      assert.is_false(plan:is_complete(page))
      plan:take(page, row(n))
    end
    assert.is_true(plan:is_complete(page))
  end)

  it("is as long as the chunks where the API would give more", function()
    local plan = new { chunk_size = 2, prefetch = 1 }
    plan_all(plan)
    plan:shrink(5)
    give(plan, rows(1, 5), 100)
    assert.same({ { 4, 3 } }, plan_all(plan))
    plan = new { chunk_size = 100 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 1000)
    plan:take(plan.pages[1], row(1))
    assert.equal(3, #plan_all(plan))
    plan:shrink(5)
    assert.same({ 1, 0, 5, 5 }, { #plan.pages, plan.pages[1].offset, plan.pages[1].limit, plan.pages[1].upto })
    assert.same({ { 4, 5 }, { 8, 5 }, { 12, 5 } }, plan_all(plan))
  end)

  it("is followed by others as short until all rows are there", function()
    for size = 1, 5 do
      local plan, list, got = new { chunk_size = 10 }, rows(1, 35), 0
      for _ = 1, 200 do
        plan_all(plan)
        if not plan.pages[1] then break end
        local slice = asked(plan, list)
        for i = #slice, size + 1, -1 do slice[i] = nil end
        got = got + #give(plan, slice, 35)
      end
      assert.is_true(plan.is_ended)
      assert.equal(35, got, size)
    end
  end)

  it("has its gap filled as far as it was to go where it has shown known rows only", function()
    local plan = begun({ chunk_size = 100, prefetch = 1, is_filtered = true, limit = 101 }, rows(1, 1000))
    plan_all(plan)
    local function asked_for() return { plan.pages[1].offset, plan.pages[1].limit, plan:position() } end
    assert.same({ 90, 11, 100 }, asked_for())
    give(plan, rows(91, 93), 1000)
    assert.same({ 92, 9, 100 }, asked_for())
    give(plan, rows(93, 93), 1000)
    assert.same({ 93, 8, 100 }, asked_for())
    assert.same({ 101 }, (give(plan, rows(94, 101), 1000)))
  end)

  it("is no gap when the API says that it gives no more at once", function()
    for _, max in ipairs { 1, 2, 5, 250 } do
      local plan, list, got = new { is_filtered = true }, rows(1, 600), 0
      for round = 1, 2000 do
        plan_all(plan)
        if not plan.pages[1] then break end
        if round == 1 then plan:shrink(max) end
        assert.is_true(plan.pages[1].limit <= max)
        got = got + #give(plan, asked(plan, list), 600)
      end
      assert.equal(600, got, max)
      assert.is_true(plan.is_ended)
    end
  end)
end)

describe("rows without ids", function()
  it("are counted, with no row asked for twice", function()
    local list = {}
    for n = 1, 25 do list[n] = n end
    local count, requests = read_all(new { chunk_size = 10 }, list)
    assert.equal(25, count)
    assert.same({ { 0, 10 }, { 10, 10 }, { 20, 10 } }, requests)
  end)

  it("may be alike", function()
    local list = {}
    for n = 1, 25 do list[n] = { value = n % 2, id = n } end            -- a number is the user's own, not the API's id
    assert.equal(25, (read_all(new { chunk_size = 10 }, list)))
  end)

  it("go on at the very next one", function()
    local plan = new { chunk_size = 10 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 25)
    for n = 1, 4 do plan:take(plan.pages[1], n) end
    plan:go_on(plan.pages[1])
    assert.same({ 4, 6 }, { plan.pages[1].offset, plan.pages[1].limit })
  end)
end)

describe("rows without ids among others", function()
  it("are known by their place: those of the overlap were delivered", function()
    local plan = begun({ chunk_size = 10, prefetch = 1 }, rows(1, 100))
    plan_all(plan)
    local page = plan.pages[1]
    assert.same({ "skip", "deliver" }, { plan:take(page, "a"), plan:take(page, "b") })
    plan = begun({ chunk_size = 10, prefetch = 1 }, rows(1, 100))
    plan_all(plan)
    give(plan, { row(10), row(11), row(12), row(13), row(14), row(15), row(16), row(17), row(18), row(19), "c" })
    assert.same({ { 19, 11 } }, plan_all(plan))
  end)
end)

describe("rows with ids alone", function()
  it("come once when the list moves back by less than is remembered", function()
    local plan = new { chunk_size = 10, prefetch = 1 }
    local function bare(first, last)
      local list = rows(first, last)
      for _, r in ipairs(list) do r.startedAt = nil end
      return list
    end
    plan_all(plan)
    give(plan, bare(1, 10), 30)
    plan_all(plan)
    assert.same({ 11, 12, 13 }, (give(plan, bare(3, 13), 30)))
  end)
end)

describe("a page that broke off", function()
  it("goes on behind its last delivered row", function()
    local plan = new { chunk_size = 10 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 100)
    for n = 1, 4 do plan:take(plan.pages[1], row(n)) end
    plan_all(plan)
    local second, again = plan.pages[2], plan:go_on(plan.pages[1])
    assert.same({ 3, 7 }, { again.offset, again.limit })
    assert.same({ 5, 6, 7, 8, 9, 10 }, (give(plan, asked(plan, rows(1, 100)), 100)))
    assert.equal(second, plan.pages[1])
  end)

  it("is asked for again as it was when it had given nothing", function()
    local plan = new { offset = 5, chunk_size = 10 }
    plan_all(plan)
    plan:go_on(plan.pages[1])
    assert.same({ 5, 10 }, { plan.pages[1].offset, plan.pages[1].limit })
  end)

  it("is asked for again with as many known rows as before, while none was met", function()
    local plan = begun({ chunk_size = 100, prefetch = 1 }, rows(1, 1000))
    plan_all(plan)
    for _ = 1, 2 do give(plan, { row(150) }, 900) end
    assert.equal(80, plan.pages[1].offset)
    assert.equal(80, plan:go_on(plan.pages[1]).offset)
  end)

  it("is asked for again from where it began, however few of its known rows it had shown", function()
    local plan = begun({ chunk_size = 100, prefetch = 1, is_filtered = true, limit = 101 }, rows(1, 1000))
    plan_all(plan)
    assert.same({ 90, 11 }, { plan.pages[1].offset, plan.pages[1].limit })
    for _ = 1, 20 do
      plan:take(plan.pages[1], row(91))
      plan:go_on(plan.pages[1])
      assert.same({ 90, 11, 100 }, { plan.pages[1].offset, plan.pages[1].limit, plan:mark().pos })
    end
    assert.same({ 101 }, (give(plan, asked(plan, rows(1, 1000)), 1000)))
  end)
end)

describe("a page that broke off and may come again from its beginning", function()
  it("is asked for once more as a whole", function()
    for offset, is_anchored in pairs { [0] = true, [5] = false } do
      local plan = new { offset = offset, chunk_size = 10 }
      plan_all(plan)
      for n = 1, 3 do plan:take(plan.pages[1], row(n)) end
      local page = plan:go_on(plan.pages[1])
      assert.equal(page, plan.pages[1])
      assert.same({ offset, 10, offset + 3, offset + 10, 3, true, is_anchored, 0, 0 }, {
        page.offset, page.limit, page.from, page.upto, page.overlap, page.is_again, page.is_anchored, page.scanned, page.fresh,
      })
      assert.equal(offset + 3, plan:position())
      assert.same({ "skip", "skip", "skip", "deliver" },
        { plan:take(page, row(1)), plan:take(page, row(2)), plan:take(page, row(3)), plan:take(page, row(4)) })
      assert.equal(offset + 4, plan:position())
    end
  end)

  it("is known by the place of its rows where they have no ids", function()
    local plan = new { offset = 5, chunk_size = 10 }
    plan_all(plan)
    for n = 1, 3 do plan:take(plan.pages[1], n) end
    local page = plan:go_on(plan.pages[1])
    assert.is_true(page.is_anchored)
    assert.same({ "skip", "skip", "skip", "deliver" }, { plan:take(page, 1), plan:take(page, 2), plan:take(page, 3), plan:take(page, 4) })
  end)
end)

describe("a list that moves", function()
  it("shows new rows in front as known ones", function()
    local plan = begun({ chunk_size = 10, prefetch = 1 }, rows(1, 30))
    plan_all(plan)
    assert.same({ 11, 12, 13, 14, 15, 16 }, (give(plan, rows(6, 16), 35)))
  end)

  it("is known by startedAt beyond what is remembered", function()
    local plan = new { chunk_size = 10, prefetch = 1, max_page = 10 }
    for first = 1, 91, 10 do
      plan_all(plan)
      give(plan, rows(plan.pages[1].offset + 1, first + 9), 200)
    end
    plan_all(plan)
    assert.same({ {}, "next" }, { give(plan, rows(1, 10), 290) })
  end)

  it("has a page without a known row asked for again, with twice the overlap each time", function()
    local plan = begun({ chunk_size = 100, prefetch = 1 }, rows(1, 1000))
    plan_all(plan)
    local seen = {}
    for i = 1, 3 do
      assert.equal("reject", select(2, give(plan, { row(150) }, 900)))
      seen[i] = { plan.pages[1].offset, plan.pages[1].upto }
    end
    assert.same({ { 90, 200 }, { 80, 200 }, { 60, 200 } }, seen)
    assert.same({ 101, 102 }, (give(plan, { row(100), row(101), row(102) }, 900)))
  end)

  it("drops the pages behind one that is asked for again", function()
    local plan = begun({ chunk_size = 10 }, rows(1, 100))
    plan_all(plan)
    assert.equal(4, #plan.pages)
    give(plan, { row(15) }, 95)
    assert.equal(1, #plan.pages)
    plan:take(plan.pages[1], row(5))
    assert.same({ { 10, 20 }, { 20, 20 }, { 30, 20 } }, plan_all(plan))
  end)

  it("is looked for at its end when it shrank below the page", function()
    local plan = begun({ chunk_size = 10, prefetch = 1 }, rows(1, 100))
    plan_all(plan)
    assert.equal("reject", select(2, give(plan, {}, 6)))
    assert.equal(0, plan.pages[1].offset)
    assert.same({ {}, "end" }, { give(plan, rows(2, 7), 6) })
    plan = begun({ chunk_size = 100, prefetch = 1 }, rows(1, 200))
    plan_all(plan)
    give(plan, {}, 50)
    assert.equal(40, plan.pages[1].offset)
  end)

  it("is found out by the first row that started later than the last one", function()
    local plan = begun({ chunk_size = 100, prefetch = 1, is_filtered = true }, rows(1, 1000))
    plan_all(plan)
    assert.equal("reject", plan:take(plan.pages[1], row(150)))
  end)

  it("delivers an unknown row that started with the last one only when a known row follows it", function()
    local function tie(n, other)
      local r = row(n)
      r.startedAt = row(other).startedAt
      return r
    end
    local options = { chunk_size = 20, prefetch = 1, is_filtered = true }
    local plan = begun(options, rows(1, 50))
    plan_all(plan)
    assert.same({ { 70, 71, 21 }, "next" }, { give(plan, { tie(70, 20), tie(71, 20), row(20), row(21) }, 50) })
    plan = begun(options, rows(1, 50))
    plan_all(plan)
    assert.same({ {}, "reject" }, { give(plan, { tie(70, 20), row(21) }, 50) })
    for count, outcome in pairs { [10] = "next", [11] = "reject" } do  -- more than it repeats cannot have stood in front of a known one
      plan = begun(options, rows(1, 50))
      plan_all(plan)
      local list = {}
      for n = 1, count do list[n] = tie(100 + n, 20) end
      list[count + 1] = row(20)
      local delivered, how = give(plan, list, 50)
      assert.same({ count == 10 and 10 or 0, outcome }, { #delivered, how })
    end
  end)

  it("gives the rows that waited no more than the limit allows", function()
    local plan = begun({ chunk_size = 20, prefetch = 1, is_filtered = true, limit = 21 }, rows(1, 50))
    plan_all(plan)
    local page = plan.pages[1]
    for _, n in ipairs { 70, 71 } do
      assert.equal("hold", plan:take(page, { id = "x" .. n, startedAt = row(20).startedAt }))
    end
    assert.equal("release", plan:take(page, row(20)))
    assert.equal("x70", plan:release(page).id)
    assert.equal(0, plan.limit_left)
  end)
end)

describe("a mark", function()
  --- What a bookmark keeps of it: numbers, strings and lists.
  local function resumed(plan, options)
    options.resume = plan:mark()
    options.max_page, options.prefetch = 1000, 4
    return offset_plan.new(options)
  end

  it("goes on at the next row", function()
    local plan = new { chunk_size = 10 }
    plan_all(plan)
    plan:note_total(plan.pages[1], 30)
    for n = 1, 4 do plan:take(plan.pages[1], row(n)) end
    local count, requests = read_all(resumed(plan, { chunk_size = 10 }), rows(1, 30))
    assert.equal(26, count)
    assert.same({ 0, 14 }, requests[1])
  end)

  it("finds its place in a list that has moved by any distance", function()
    local plan = begun({ chunk_size = 100, prefetch = 1 }, rows(1, 300))
    local plan2 = resumed(plan, { chunk_size = 100 })
    local list = rows(81, 300)                                          -- 80 rows in front are gone
    assert.equal(200, (read_all(plan2, list)))
    local plan3 = resumed(plan, { chunk_size = 100 })
    assert.equal(200, (read_all(plan3, rows(-400, 300))))
  end)

  it("keeps all rows that started with the first of the last ten", function()
    local function tied(n) return { id = "run" .. n, startedAt = row(0).startedAt } end
    local list = {}
    for n = 1, 40 do list[n] = tied(n) end
    local plan = new { chunk_size = 30, prefetch = 1 }
    plan_all(plan)
    give(plan, asked(plan, list), 40)
    assert.equal(30, #plan:mark().ids)
    assert.equal(10, (read_all(resumed(plan, {}), list)))
    assert.equal(10, #begun({ chunk_size = 30 }, rows(1, 100)):mark().ids)
  end)

  it("knows rows from before by their start", function()
    local plan = resumed(begun({ chunk_size = 30, prefetch = 1 }, rows(1, 100)), {})
    plan_all(plan)
    assert.equal("skip", plan:take(plan.pages[1], row(5)))
    assert.equal("deliver", plan:take(plan.pages[1], row(31)))
  end)

  it("that was taken before the first row is a start", function()
    local plan = new { offset = 20, chunk_size = 10 }
    plan_all(plan)
    local count, requests = read_all(resumed(plan, { chunk_size = 10 }), rows(1, 40))
    assert.equal(20, count)
    assert.same({ 20, 10 }, requests[1])
  end)

  it("of a list that went on by cursors is a plan of cursors, with chunks as large", function()
    local query = {}
    local plan = new { chunk_size = 7, resume = { kind = "cursor", parameter = "cursor", next_field = "nextCursor", cursor = "abc", given = {} } }
    plan:add_query(plan:next_page(), query)
    assert.same({ { "cursor", "abc" }, { "limit", "7" } }, query)
  end)

  it("of rows without ids is a position", function()
    local list = {}
    for n = 1, 25 do list[n] = n end
    local plan = begun({ chunk_size = 10, prefetch = 1 }, list)
    local count, requests = read_all(resumed(plan, {}), list)
    assert.equal(15, count)
    assert.same({ 10, 1000 }, requests[1])
  end)
end)

describe("an answer that was damaged", function()
  it("is taken back: its rows come again, and those before it do not", function()
    local list = rows(1, 300)
    local plan = begun({ chunk_size = 100, prefetch = 2, limit = 250 }, list)
    plan_all(plan)
    local page = plan.pages[1]
    page.start = { mark = plan:mark(), limit_left = plan.limit_left }
    for _, r in ipairs(asked(plan, list)) do plan:take(page, { id = r.id .. "x", startedAt = "2099" }) end        -- all of them wrong
    plan:go_back(page)
    assert.same({}, plan.pages)
    assert.equal(150, plan.limit_left)
    assert.equal(150, (read_all(plan, list)))
  end)

  it("knows usual rows by what comes behind the last start, once a page is anchored, and remembers those that a tap gave", function()
    local plan = new { chunk_size = 5, prefetch = 1 }
    plan_all(plan)
    local page = plan.pages[1]
    assert.is_false(plan:usual(page))                                   -- no start is known
    plan:take(page, row(1))
    local rule = plan:usual(page)
    assert.same({ key = "id", place = "startedAt", last = row(1).startedAt, desc = false }, rule)
    local given = 0
    local tap = { count = function() return given end }
    function tap.rows()
      if given == 0 then return end
      local ids, starts = {}, {}
      for n = 1, given do ids[n], starts[n] = row(n + 1).id, row(n + 1).startedAt end
      return table.concat(ids, "\0") .. "\0", starts[1], ids, starts
    end
    for _, count in ipairs { 0, 2, 2, 3 } do                            -- as they come
      given, page.scanned = count, count + 1
      plan:count_usual(rule, tap)
      assert.equal(row(count + 1).startedAt, plan:usual(page).last)
      assert.same({ count + 1, row(count + 1).id }, { plan:mark().pos, plan:mark().ids[count + 1] })
    end
    assert.equal("skip", plan:take(page, row(3)))
    assert.equal("next", plan:finish(page, {}))
    plan_all(plan)
    page = plan.pages[1]
    assert.is_false(plan:usual(page))                                   -- not anchored
    assert.equal("skip", plan:take(page, row(4)))
    assert.equal("deliver", plan:take(page, row(5)))
    assert.equal(row(5).startedAt, plan:usual(page).last)
  end)
end)
