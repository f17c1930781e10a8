--- The quick way for the rows of a page: which it gives, and what it leaves to the caller.
local core = require "apify.core"
local transfers = require "spec.support.transfers"

local MANY = 1000
local PATIENCE_MS = 60000                -- of a tap: machines may be slow

setup(transfers.start)
teardown(transfers.stop)
before_each(transfers.reset)
after_each(transfers.check)

local take = core.take

describe("a tap", function()
  local decoder, tap, x

  before_each(function() decoder, tap = core.decoder {}, core.tap(PATIENCE_MS) end)

  after_each(function()
    if x then x:close() end
    x = nil
  end)

  -- A transfer whose answer is the list of these rows, all of it there: compressed, as no more than some bytes are taken from the network at once.
  local function transfer(rows)
    local body, is_compressed = core.gzip():finish(core.encode(core.array(rows)))
    transfers.answer(body, is_compressed and { ["Content-Encoding"] = "gzip" } or nil)
    x = transfers.finish(transfers.submit { stream = true })
    return x
  end

  -- All that it gives: the rows, and the odd one behind them.
  local function take_all()
    local rows = {}
    for _ = 1, MANY do
      local row, odd = take(tap)
      if row == nil then return rows, odd end
      rows[#rows + 1] = row
    end
  end

  local function later(last, desc)
    return { key = "id", place = "at", last = last, desc = desc }
  end

  it("gives all rows without a rule, whatever they are, and counts them", function()
    local rows = { { a = 1 }, 2, "three", false, core.null, { 4 } }
    tap:open(transfer(rows), decoder, MANY)
    assert.equal(0, tap:count())
    for i, row in ipairs(rows) do
      assert.same(row, (take(tap)))
      assert.equal(i, tap:count())
    end
    assert.same({}, { take(tap) })
    assert.same({ nil, "end" }, { x:row(decoder) })
    assert.equal(#rows, tap:count())
  end)

  it("keeps its transfer and the decoder, and fills the envelope around the rows", function()
    transfers.answer '{"data":{"total":3,"items":[1,2,3],"limit":9}}'
    x = transfers.finish(transfers.submit { stream = true })
    tap:open(x, core.decoder {}, MANY)
    x = nil
    for i = 1, 3 do
      collectgarbage()
      collectgarbage()
      assert.equal(i, (take(tap)))
    end
    transfers.answer '{"data":{"total":3,"items":[1,2,3],"limit":9}}'
    x = transfers.finish(transfers.submit { stream = true })
    tap:open(x, decoder, MANY)
    assert.same({ 1, 2, 3 }, take_all())
    assert.same({ total = 3, limit = 9 }, x:envelope())
  end)

  it("gives no more than there is room for, and the next row is still there", function()
    tap:open(transfer { 1, 2, 3 }, decoder, 2)
    assert.same({ 1, 2 }, take_all())
    assert.equal(2, tap:count())
    assert.equal(3, x:row(decoder))
  end)

  it("gives rows that come one behind the other, and leaves the first that does not to the caller, not counted", function()
    for _, desc in ipairs { false, true } do
      local places = desc and { "9", "8", "7" } or { "7", "8", "9" }
      local before = desc and "95" or "6"
      local behind = desc and "1" or "99"
      for _, odd in ipairs {
        { id = "odd", at = places[3] }, { id = "odd", at = places[1] }, { id = "odd" }, { at = behind }, { id = 7, at = behind },
        { id = "", at = behind }, { id = "a\0b", at = behind }, "no object", 7, core.null, false,
      } do
        local rows = {}
        for i, place in ipairs(places) do rows[i] = { id = "row" .. i, at = place } end
        rows[4], rows[5] = odd, { id = "behind", at = desc and "0" or "999" }
        tap:open(transfer(rows), decoder, MANY, later(before, desc))
        local got, left = take_all()
        assert.same({ rows[1], rows[2], rows[3] }, got)
        assert.same(odd, left)
        assert.equal(3, tap:count())
        assert.same({ "row1\0row2\0row3\0", places[1], { "row2", "row3" }, { places[2], places[3] } }, { tap:rows(2) })
        assert.same({ { "row1", "row2", "row3" }, places }, { select(3, tap:rows(10)) })
        x:close()
      end
    end
  end)

  it("has no rule of before when it is opened without", function()
    tap:open(transfer { { id = "a", at = "b" } }, decoder, MANY, later "a")
    assert.equal(1, #take_all())
    x:close()
    assert.equal(0, select("#", tap:open(transfer { 1, "two" }, decoder, MANY)))
    assert.same({ 1, "two" }, take_all())
    assert.equal(0, select("#", tap:shut()))
    assert.equal(0, select("#", tap:clear()))
    assert.equal(0, select("#", tap:rows(5)))
  end)

  it("gives no row at the place of the one before it, or in front of it", function()
    for _, last in ipairs { "b", "ba", "c" } do
      local rule = later(last)
      tap:open(transfer { { id = "row", at = "b" } }, decoder, MANY, rule)
      assert.same(later(last), rule)
      assert.same({ nil, { id = "row", at = "b" } }, { take(tap) })
      assert.same({}, { tap:rows(10) })
      x:close()
    end
    tap:open(transfer { { id = "row", at = "ba" } }, decoder, MANY, later "b")
    assert.same({ id = "row", at = "ba" }, (take(tap)))
  end)

  it("remembers no more than a megabyte of keys or places, and leaves the row that is too much to the caller, not counted", function()
    for _, large in ipairs { "id", "at" } do
      local rows, ids, places = {}, {}, {}
      for i = 1, 6 do
        rows[i] = { id = "id" .. i, at = "at" .. i }
        rows[i][large] = ("x"):rep(300000) .. i
        ids[i], places[i] = rows[i].id, rows[i].at
      end
      tap:open(transfer(rows), decoder, MANY, later "a")
      local got, left = take_all()
      assert.is_true(#got == 3 and left.id == ids[4])
      assert.equal(3, tap:count())
      local keys, first, last_ids, last_places = tap:rows(10)
      assert.is_true(keys == table.concat(ids, "\0", 1, 3) .. "\0" and first == places[1])
      for i = 1, 4 do assert.is_true(last_ids[i] == (i < 4 and ids[i] or nil) and last_places[i] == (i < 4 and places[i] or nil)) end
      x:close()
    end
  end)

  it("gives rows with new keys, and puts those into the set", function()
    local new, old = { a = true }, { b = true }
    for _, odd in ipairs { { key = "a" }, { key = "b" }, { key = "c" }, { key = 1 }, {}, "text" } do
      new.c, new.d = nil, nil
      tap:open(transfer { { key = "c" }, { key = "d" }, odd }, decoder, MANY, { key = "key", new_keys = new, old_keys = old })
      local got, left = take_all()
      assert.same({ { { key = "c" }, { key = "d" } }, odd }, { got, left })
      assert.same({ { a = true, c = true, d = true }, { b = true }, 2 }, { new, old, tap:count() })
      x:close()
    end
  end)

  it("gives nothing before it is opened, after it is shut, and once all are stopped, until it is opened again", function()
    assert.same({}, { take(tap) })
    assert.equal(0, tap:count())
    local other = core.tap(PATIENCE_MS)
    transfer { 1, 2, 3 }
    tap:open(x, decoder, MANY)
    assert.equal(1, (take(tap)))
    tap:shut()
    assert.same({}, { take(tap) })
    assert.equal(1, tap:count())
    tap:open(x, decoder, MANY)
    assert.equal(0, tap:count())
    assert.equal(2, (take(tap)))
    other:open(x, decoder, MANY)
    assert.equal(0, select("#", core.stop_taps()))
    assert.same({}, { take(tap) })
    assert.same({}, { take(other) })
    assert.equal(1, tap:count())
    other:open(x, decoder, MANY)
    assert.equal(3, (take(other)))
    tap:clear()
    assert.equal(0, tap:count())
  end)

  it("gives nothing more when its time is over, but one row at least", function()
    local rows = {}
    for i = 1, MANY do rows[i] = i end
    tap = core.tap()
    tap:open(transfer(rows), decoder, MANY)
    local start = core.now()
    repeat until core.now() - start > 0.004
    assert.equal(1, (take(tap)))
    assert.same({}, { take(tap) })
    assert.equal(2, x:row(decoder))
    tap = core.tap(PATIENCE_MS)
    tap:open(x, decoder, MANY)
    start = core.now()
    repeat until core.now() - start > 0.004
    assert.same({ 3, 4 }, { (take(tap)), (take(tap)) })
  end)

  it("leaves rows that cannot be read, and a transfer that is closed, to the caller", function()
    transfers.answer '[1,{"a":x},3]'
    x = transfers.finish(transfers.submit { stream = true })
    tap:open(x, decoder, MANY)
    assert.equal(1, (take(tap)))
    for _ = 1, 2 do assert.same({}, { take(tap) }) end
    assert.equal("decode", (select(3, x:row(decoder))))
    assert.is_true(x:skip_row())
    tap:open(x, decoder, MANY)
    assert.equal(3, (take(tap)))
    x:close()
    assert.same({}, { take(tap) })
    assert.equal(1, tap:count())
  end)

  -- Call `fn` once, in the middle of reading a row. The ids of the rows that came until it was called, and what came then.
  local function meddle(fn)
    local rows = {}
    for i = 1, 3 * MANY do rows[i] = { id = ("%05d"):format(i), at = ("%05d"):format(i), list = { { i }, { i }, { i } } } end
    tap:open(transfer(rows), decoder, MANY, later "0")
    local undo = transfers.hurry_collector(110)
    collectgarbage()
    local got, was_called, odd = {}, false, nil
    local is_reading = false
    transfers.at_collections(function()
      if is_reading and #got > 10 and not was_called then
        was_called = true
        fn()
      end
      return was_called
    end)
    for _ = 1, 100 * MANY do
      is_reading = true
      local row
      row, odd = take(tap)
      is_reading = false
      if row ~= nil then got[#got + 1] = row.id elseif odd ~= nil or was_called or #got == #rows or x:failure() then break
      else tap:open(x, decoder, MANY, later(got[#got] or "0")) end
    end
    undo()
    assert.is_true(was_called)
    return got, odd
  end

  it("that a finalizer shuts, stops or opens anew in the middle of a row leaves that row to the caller", function()
    for _, fn in ipairs {
      function() tap:shut() end, function() tap:clear() end, function() core.stop_taps() end, function() tap:open(x, decoder, MANY, later "0") end,
    } do
      local got, odd = meddle(fn)
      assert.equal(("%05d"):format(#got + 1), odd.id)
      assert.is_true(tap:count() == 0 or tap:count() <= #got)
      x:close()
    end
  end)

  it("gives the row in the middle of which a finalizer closes the transfer, or asks for more", function()
    local more
    for _, fn in ipairs { function() x:close() end, function() more = { take(tap) } end } do
      local got = meddle(fn)
      for i, id in ipairs(got) do assert.equal(("%05d"):format(i), id) end
      if more then
        local row, word = x:row(decoder)
        assert.equal(#got < 3 * MANY and ("%05d"):format(#got + 1) or "end", row and row.id or word)
      end
      x:close()
    end
    assert.same({}, more)
  end)

  it("wants a tap, a transfer and a decoder", function()
    transfer { 1 }
    for _, fn in ipairs {
      function() take() end, function() take {} end, function() take(x) end, function() tap:open({}, decoder, 1) end,
      function() tap:open(x, {}, 1) end, function() tap:open(x, decoder) end, function() tap:open(x, decoder, 1, 7) end,
      function() tap:open(x, decoder, 1, { key = "id", last = {} }) end,
    } do assert.has_error(fn) end
    assert.same({}, { take(tap) })
  end)
end)
