--- One page of a list: what is read of its answer, with plain values in the place of a transfer.
local core = require "apify.core"
local pages = require "apify.paging.page"

--- A transfer that gives these rows, or tables { why, name, offset } that stand for none. `told`: envelope, headers, proof, failure.
local function transfer(rows, told)
  local xfer, at = {}, 0
  told = told or {}
  function xfer.row()
    at = at + 1
    local row = rows[at]
    if row == nil then return nil, "end" end
    if type(row) == "table" and row.why then return nil, row.why, row.name, row.offset end
    return row
  end
  function xfer.read() return nil, "end" end
  function xfer.skip_row() return told.can_skip ~= false end
  function xfer.envelope() return told.envelope or {} end
  function xfer.header(_, name) return (told.headers or {})[name] end
  function xfer.proof() return told.proof or "none" end
  function xfer.failure() return told.failure end
  function xfer.has_all_rows() return told.has_all_rows or false end
  return xfer
end

local function page_with(xfer, fields)
  local page = { offset = 20, limit = 10, scanned = 0, fresh = 0, due = false, due_bad = false, due_at = -1, xfer = xfer }
  for name, value in pairs(fields or {}) do page[name] = value end
  return page
end

describe("the fields that are read of a row", function()
  it("are those that were asked for, and those that the plan knows it by, which are hidden", function()
    local pick = { "status", "id" }
    assert.same({ { "status", "id", "startedAt" }, { "startedAt" } }, { pages.fields(pick, { "id", "startedAt" }) })
    assert.same({ "status", "id" }, pick)
    assert.same({ { "id" }, nil }, { pages.fields({ "id" }, { "id" }) })
  end)

  it("are all where none was asked for", function()
    assert.same({}, { pages.fields(nil, { "id" }) })
  end)

  it("are shown without the hidden ones", function()
    assert.same({ status = "READY" }, pages.trim({ hidden = { "id" } }, { id = "a", status = "READY" }))
    assert.equal("x", pages.trim({ hidden = { "id" } }, "x"))
    assert.same({ id = "a" }, pages.trim({}, { id = "a" }))
  end)
end)

describe("what an answer says of the list", function()
  local noted, reader

  before_each(function()
    noted = {}
    reader = { plan = { note_total = function(_, _, total) noted[#noted + 1] = total end } }
  end)

  local function note(told)
    local page = page_with(transfer({}, told))
    pages.note_counts(reader, page)
    return page
  end

  it("is in members around the rows, or in headers", function()
    for _, told in ipairs {
      { envelope = { total = 95, offset = 20, limit = 5, count = 4 } },
      { headers = { ["x-apify-pagination-total"] = "95", ["x-apify-pagination-offset"] = "20", ["x-apify-pagination-limit"] = "5",
        ["x-apify-pagination-count"] = "4" } },
    } do
      local page = note(told)
      assert.same({ 20, 5, 4, true, true }, { page.told_offset, page.told_limit, page.count, page.is_told, page.is_placed })
    end
    assert.same({ 95, 95 }, noted)
  end)

  it("may be of another place, or nothing", function()
    assert.is_false(note({ envelope = { offset = 0 } }).is_placed)
    local page = note {}
    assert.same({ false, false }, { page.is_told, page.is_placed })
    assert.same({}, noted)
  end)

  it("is nothing where it is no count", function()
    for _, number in ipairs { -1, 0.5, 2 ^ 60, math.huge, "5", core.null } do
      assert.is_false(note({ envelope = { total = number } }).is_told)
    end
  end)
end)

describe("a row", function()
  --- The next row of the page, which is counted; and what is with it.
  local function next_row(reader, page)
    local row, why, fields = pages.next_row(reader, page)
    if row ~= nil or fields then page.scanned = page.scanned + 1 end
    return row, why, fields
  end

  it("of a list whose rows are known by a field has that", function()
    local reader, page = { row_key = "id" }, page_with(nil, { scanned = 3 })
    assert.is_nil(pages.flaw(reader, page, { id = "a" }))
    assert.is_nil(pages.flaw({}, page, 5))
    for text, row in pairs {
      ["the row at offset 23 is an object without 'id'"] = {}, ["the row at offset 23 is null"] = core.null, ["the row at offset 23 is 5"] = 5,
      ["the row at offset 23 is a list"] = { "a" }, ['the row at offset 23 is "a"'] = "a",
      ["the row at offset 23 is an object whose 'id' is 5"] = { id = 5 },
      ["the row at offset 23 is an object whose 'id' is null"] = { id = core.null },
    } do
      local flaw = pages.flaw(reader, page, row)
      assert.same({ "decode", text, false }, { flaw.kind, flaw.message, flaw.retryable })
    end
    page.offset = nil
    assert.equal("row 4 of the page is a list", pages.flaw(reader, page, core.array {}).message)
  end)

  it("comes after the other, and then the end", function()
    local page = page_with(transfer { "a", false })
    assert.equal("a", (next_row({}, page)))
    assert.equal(false, (next_row({}, page)))
    assert.same({ nil, "end" }, { next_row({}, page) })
  end)

  it("that cannot be decoded is passed over", function()
    local page = page_with(transfer { "a", { why = "bad escape", name = "decode", offset = 7 }, "c" })
    next_row({}, page)
    local row, why, fields = next_row({}, page)
    assert.same({ nil, pages.BAD_ROW, "bad escape", 7, false }, { row, why, fields.message, fields.offset, fields.retryable })
    assert.equal("c", (next_row({}, page)))
  end)

  it("comes again until it is counted, whatever it is", function()
    local page = page_with(transfer { "5", { why = "bad escape", name = "decode", offset = 7 }, false, "x" })
    local reader, tries = {}, 0
    for _ = 1, 3 do assert.equal("5", (pages.next_row(reader, page))) end
    reader.decode_row = function(text)
      tries = tries + 1
      if tries == 1 then error "not enough memory" end
      return tonumber(text), "no number"
    end
    assert.has_error(function() pages.next_row(reader, page) end)
    assert.equal(5, (next_row(reader, page)))
    for _ = 1, 3 do assert.equal("bad escape", select(3, pages.next_row(reader, page)).message) end
    next_row(reader, page)
    reader.decode_row = nil
    for _ = 1, 3 do assert.equal(false, (pages.next_row(reader, page))) end
    next_row(reader, page)
    assert.equal("x", (pages.next_row(reader, page)))
  end)

  it("whose end cannot be told ends the page as it failed", function()
    local bad, far = { why = "bad escape", name = "decode", offset = 7 }, { why = "no row in the 9 bytes", name = "too_large", offset = 5 }
    for _, second in ipairs { bad, far } do
      local page = page_with(transfer({ bad, second }, { can_skip = false }))
      for _ = 1, 2 do assert.same({ nil, second.why, second.name, second.offset }, { pages.next_row({}, page) }) end
    end
  end)

  it("is what decode_row makes of the text, or none", function()
    local reader = { decode_row = function(text) return tonumber(text), "no number" end }
    local page = page_with(transfer { "5", "x" })
    assert.equal(5, (next_row(reader, page)))
    local row, why, fields = next_row(reader, page)
    assert.same({ nil, pages.BAD_ROW, "no number" }, { row, why, fields.message })
  end)
end)

describe("an answer", function()
  it("without a row and without a word of the list is none of a list whose rows are known by a field", function()
    assert.is_true(pages.is_stray({ row_key = "id" }, page_with(transfer {})))
    assert.is_false(pages.is_stray({}, page_with(transfer {})))
    assert.is_false(pages.is_stray({ row_key = "id", is_bare = true }, page_with(transfer {})))
    assert.is_false(pages.is_stray({ row_key = "id" }, page_with(transfer({}, { envelope = { total = 0 } }))))
    assert.is_false(pages.is_stray({ row_key = "id" }, page_with(transfer {}, { scanned = 1 })))
  end)

  it("has all rows that were asked for when the limit, the plan or the answer says so", function()
    local function is_complete(limit_left, plan_says, answer_says)
      local plan = { limit_left = limit_left, is_complete = function() return plan_says end }
      return pages.is_complete({ plan = plan }, page_with(transfer({}, { has_all_rows = answer_says })))
    end
    assert.is_true(is_complete(0, false, false))
    assert.is_true(is_complete(5, true, false))
    assert.is_true(is_complete(nil, false, true))
    assert.is_false(is_complete(5, false, false))
  end)

  it("is unproved until its checksum is seen", function()
    for proof, is_unproved in pairs { open = true, bad = true, good = false, none = false } do
      assert.equal(is_unproved, pages.is_unproved(page_with(transfer({}, { proof = proof }))))
    end
    assert.falsy(pages.is_unproved(nil))
    assert.falsy(pages.is_unproved(page_with(nil)))
  end)

  it("that is bad is told when what is left of it was read", function()
    local failure = "checksum"
    local page = page_with(transfer({}, { proof = "bad", failure = failure }), { rest = { why = "end" } })
    assert.same({ nil, failure }, { pages.next_row({}, page) })
    page.rest.name, page.rest.why = "decode", "something else"
    assert.same({ nil, "something else", "decode" }, { pages.next_row({}, page) })
  end)
end)

it("of what is left of an answer, no more than is worth a checksum is read", function()
  local pieces, xfer = 0, transfer({}, { proof = "open" })
  function xfer.read()
    pieces = pieces + 1
    return ("x"):rep(2 ^ 20)
  end
  assert.same({ nil, "end" }, { pages.next_row({}, page_with(xfer, { rest = { why = "end" } })) })
  assert.equal(65, pieces)
end)

describe("a page that is closed", function()
  it("has no call any more, also when a hook raises", function()
    local count = 0
    local page = page_with({}, { call = { close = function()
      count = count + 1
      error("hook", 0)
    end } })
    assert.same({ false, "hook" }, { pcall(pages.close, page) })
    assert.same({}, { page.call, page.xfer })
    pages.close(page)
    assert.equal(1, count)
  end)
end)

describe("a page that begins to be read", function()
  local poked

  local function begin(state, fields)
    local call = { xfer = { want = function(_, wanted) poked = wanted end }, error = "late", started_at = 1, poke = function() return state end }
    local page = page_with(nil, { call = call })
    for name, value in pairs(fields or {}) do page[name] = value end
    local reader = { plan = { limit_left = 7, mark = function() return "mark" end }, delivered = 3 }
    return pages.begin_reading(reader, page, 50), page
  end

  it("takes the transfer once its answer has begun, and notes where that was", function()
    local err, page = begin "ready"
    assert.is_nil(err)
    assert.equal(page.call.xfer, page.xfer)
    assert.is_true(poked)
    assert.same({ mark = "mark", limit_left = 7, delivered = 3 }, page.start)
    assert.equal(1, page.call.started_at)
  end)

  it("has its time from then on if it waited behind others", function()
    local _, page = begin("ready", { is_behind = true })
    assert.equal(50, page.call.started_at)
  end)

  it("waits, or has the error of its call", function()
    local err, page = begin "wait"
    assert.same({}, { err, page.xfer })
    err, page = begin "failed"
    assert.same({ "late" }, { err, page.xfer })
  end)
end)
