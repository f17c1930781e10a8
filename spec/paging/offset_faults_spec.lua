--- How a server that does not follow `offset` is found out: with plain values.
local offset_faults = require "apify.paging.offset_faults"

describe("an answer of another place than was asked for", function()
  it("is known by the offset that it tells", function()
    assert.equal("the server does not follow `offset`: it was asked for 20, and gave 0",
      offset_faults.misplacement { offset = 20, told_offset = 0 })
  end)

  it("is no other place where it tells the same offset, or none, or where there are no offsets", function()
    for _, page in ipairs { { offset = 20, told_offset = 20, is_placed = true }, { offset = 20 }, { told_offset = 0 } } do
      assert.is_nil(offset_faults.misplacement(page))
    end
  end)
end)

describe("an answer that comes once more at a higher offset", function()
  local plan

  before_each(function() plan = { known_by = { "id" } } end)

  --- The first row of the page at `offset`, which brings `scanned` rows in all, of 10 that were asked for.
  local function first_row(offset, row, fields)
    local page = { offset = offset, limit = 10, scanned = 10 }
    for name, value in pairs(fields or {}) do page[name] = value end
    return offset_faults.repetition(plan, page, row)
  end

  it("is known by its first row", function()
    assert.is_nil(first_row(0, { n = 1 }, { is_told = true }))
    assert.equal("the server does not follow `offset`: what it gave for 0 it gives for 10 again", first_row(10, { n = 1 }, { is_told = true }))
  end)

  it("is known by its first row, in whatever order the members of that are", function()
    local one, other = {}, {}
    for i = 1, 40 do one["n" .. i] = i end
    for i = 40, 1, -1 do other["n" .. i] = i end
    first_row(0, one, { is_told = true })
    assert.matches("does not follow", first_row(10, other, { is_told = true }))
  end)

  it("is all there is, where rows without ids come and nothing is said of pages", function()
    plan.is_plain = true
    first_row(0, { n = 1 })
    assert.equal("end", first_row(10, { n = 1 }))
  end)

  it("is an error where rows without ids come, and one of the answers says something of pages", function()
    plan.is_plain = true
    for _, told in ipairs { { true, nil }, { nil, true }, { true, true } } do
      first_row(0, { n = 1 }, { is_told = told[1] })
      assert.matches("does not follow", first_row(10, { n = 1 }, { is_told = told[2] }))
    end
  end)

  it("is all there is, where it had fewer rows than were asked for", function()
    first_row(0, { n = 1 }, { scanned = 7, is_told = true })
    assert.equal("end", first_row(10, { n = 1 }, { is_told = true }))
  end)

  it("is all there is, where it had as many as the total says", function()
    plan.total = 10
    first_row(0, { n = 1 }, { is_told = true })
    assert.equal("end", first_row(10, { n = 1 }, { is_told = true }))
    plan.total = 9
    first_row(0, { n = 1 }, { is_told = true })
    assert.truthy(first_row(10, { n = 1 }, { is_told = true }):find("does not follow", 1, true))
  end)

  it("is not one that begins otherwise", function()
    first_row(0, { n = 1 })
    assert.is_nil(first_row(10, { n = 2 }))
    assert.is_nil(first_row(20, { n = 1 }))                            -- not as the one before it
  end)

  it("is not one that goes on in the middle of the page before", function()
    first_row(10, "x")
    assert.is_nil(first_row(10, "x"))
  end)

  it("is not looked for where the answer says where it is, nor by a row that the plan knows by its id", function()
    first_row(0, { n = 1 })
    assert.is_nil(first_row(10, { n = 1 }, { is_placed = true }))
    assert.is_nil(first_row(20, { n = 1 }))                            -- nor beside that one
    first_row(30, { id = "a" })
    assert.is_nil(first_row(40, { id = "a" }))
    first_row(50, function() end)                                      -- what cannot be written as text
    assert.is_nil(first_row(60, function() end))
  end)

  it("may be there where a total says that there is more", function()
    plan.total = 30
    first_row(0, { n = 1 }, { is_told = true })
    assert.is_nil(first_row(10, { n = 1 }, { is_told = true }))
    first_row(20, { n = 1 }, { is_told = true })
    assert.truthy(first_row(30, { n = 1 }, { is_told = true }))
  end)
end)

describe("a page that broke off", function()
  it("may come again from its beginning unless its answer speaks of places or a total", function()
    for _, fresh in ipairs { 1, 5 } do assert.is_true(offset_faults.is_doubtful { fresh = fresh }) end
    assert.is_true(offset_faults.is_doubtful { fresh = 0, is_again = true })
    assert.is_false(offset_faults.is_doubtful { fresh = 0 })
    assert.is_false(offset_faults.is_doubtful { fresh = 5, total = 9 })
    assert.is_false(offset_faults.is_doubtful { fresh = 5, is_placed = true })
  end)
end)

describe("a list that does not go on", function()
  local plan

  before_each(function() plan = {} end)

  local function is_stuck(offset, fields)
    local page = { offset = offset, fresh = 0, first_id = "a" }
    for name, value in pairs(fields or {}) do page[name] = value end
    return offset_faults.is_stuck(plan, page, offset + 10)
  end

  it("is one whose pages begin alike three times more, with nothing new", function()
    local found = {}
    for i = 0, 4 do found[i + 1] = is_stuck(10 * i) end
    assert.same({ false, false, false, true, true }, found)
  end)

  it("is one whose second page is the first, once its total is reached", function()
    assert.is_false(is_stuck(0, { total = 20 }))
    assert.is_true(is_stuck(10, { total = 20 }))
  end)

  it("is not one of which a page is asked for again", function()
    for _ = 1, 6 do assert.is_false(is_stuck(10)) end
  end)

  for name, fields in pairs {
    ["has new rows"] = { fresh = 1 }, ["begins otherwise"] = { first_id = "b" }, ["says where it is"] = { is_placed = true },
    ["has another total"] = { total = 5 },
  } do
    it("is not one with a page that " .. name, function()
      for i = 0, 2 do is_stuck(10 * i) end
      assert.is_false(is_stuck(30, fields))
      assert.is_false(is_stuck(40))                                    -- and it begins anew
    end)
  end
end)

describe("rows of which no more come", function()
  it("are all there are when as many were delivered as the total says", function()
    local page = { total = 20 }
    assert.is_true(offset_faults.is_all({ base = 0, delivered = 20 }, page))
    assert.is_false(offset_faults.is_all({ base = 5, delivered = 15 }, page))
    assert.is_false(offset_faults.is_all({ base = 0, delivered = 19 }, page))
    assert.is_false(offset_faults.is_all({ base = nil, delivered = 20 }, page))         -- behind a bookmark
    assert.is_false(offset_faults.is_all({ base = 0, delivered = 20 }, {}))
  end)
end)

describe("rows that are the same whatever the offset is", function()
  it("are more known ones than a page repeats", function()
    assert.is_true(offset_faults.is_ignored { fresh = 0, scanned = 5, overlap = 1 })
    assert.is_false(offset_faults.is_ignored { fresh = 0, scanned = 1, overlap = 1 })
    assert.is_false(offset_faults.is_ignored { fresh = 1, scanned = 5, overlap = 1 })
    assert.is_false(offset_faults.is_ignored { fresh = 0, scanned = 5, overlap = 1, total = 9 })
  end)
end)

describe("an envelope", function()
  it("of a list that is paged by offset, or none at all, says nothing against it", function()
    for _, envelope in ipairs { {}, { total = 5, nextX = "x" }, { offset = 0, limit = 5 } } do
      assert.is_false(offset_faults.is_without_offset(envelope))
    end
  end)

  it("of a list that has one page ends it", function()
    assert.is_true(offset_faults.is_without_offset { count = 5 })
    assert.is_nil(offset_faults.cursor { count = 5, next = "x", nextPage = 5, nextCursor = "", nexthop = "x" })
  end)

  it("tells a cursor, and the parameter that carries it", function()
    assert.same({ "nextCursor", "cursor", "abc" }, { offset_faults.cursor { limit = 5, nextCursor = "abc" } })
    assert.same({ "nextExclusiveStartKey", "exclusiveStartKey", "k" }, { offset_faults.cursor { nextExclusiveStartKey = "k" } })
  end)
end)
