--- Which rows were delivered, as far back as it matters: with plain values.
local seen = require "apify.paging.seen"

local function id(n) return ("id%d"):format(n) end
local function at(n) return ("2025-09-01T00:00:%05d.000Z"):format(n) end

--- Rows first to last; `start(n)` is when row n started.
local function add(s, first, last, start)
  for n = first, last do s:add(id(n), (start or at)(n)) end
end

local function known(s, first, last)
  local count = 0
  for n = first, last do
    if s:knows(id(n)) then count = count + 1 end
  end
  return count
end

describe("the rows that were seen", function()
  it("are none at first", function()
    local s = seen.new(100)
    assert.is_false(s:knows "id1")
    assert.same({ {}, {} }, { s:recent() })
    assert.is_nil(s.oldest)
  end)

  it("are known by their ids, in any order of asking", function()
    local s = seen.new(5000)
    add(s, 1, 1234)
    assert.equal(1234, known(s, 1, 1234))
    assert.is_true(s:knows(id(1)))
    assert.is_false(s:knows(id(0)))
    assert.is_false(s:knows(id(1235)))
    add(s, 1235, 2000)                                                  -- while there is an index
    assert.equal(2000, known(s, 1, 2000))
    assert.is_false(s:knows(id(2001)))
  end)

  it("are at least as many as there is room for, and not many more", function()
    local s = seen.new(1000)
    for last = 250, 4000, 250 do
      add(s, last - 249, last)
      if last >= 1000 then assert.equal(1000, known(s, last - 999, last)) end
      assert.is_true(known(s, 1, last) < 1300, last)
    end
  end)

  it("are forgotten by the hundred, as soon as there is room for the others", function()
    for _, room in ipairs { 299, 300, 301 } do
      for _, last in ipairs { 99, 100, 101, 399, 400, 401, 480, 500, 580, 999, 1000 } do
        local s = seen.new(room)
        add(s, 1, last)
        local packed = last - 1 - (last - 1) % 100       -- when the next one comes
        assert.equal(last - math.max(0, math.floor((packed - room) / 100)) * 100, known(s, 1, last), room .. " " .. last)
      end
    end
  end)

  it("that were forgotten all started before `oldest`, and none was lost by that", function()
    for _, ties in ipairs { 1, 7, 250 } do
      local s = seen.new(500)
      local function start(n) return at(math.floor(n / ties)) end
      for n = 1, 5000 do
        s:add(id(n), start(n))
        if n % 500 == 0 then
          for k = 1, n do assert(s:knows(id(k)) or s.oldest ~= nil and start(k) < s.oldest, k) end
          s:settle()
        end
      end
      assert.is_true(s.oldest > start(3500) and s.oldest <= start(4501 + ties))
    end
  end)

  it("are all known where all started together", function()
    local s = seen.new(200)
    add(s, 1, 2000, function() return at(1) end)
    assert.equal(2000, known(s, 1, 2000))
    assert.is_nil(s.oldest)
  end)

  it("are all known where nothing is known of their starts", function()
    local s = seen.new(200)
    add(s, 1, 2000, function() return false end)
    assert.equal(2000, known(s, 1, 2000))
    assert.is_nil(s.oldest)
  end)
end)

describe("an index of them", function()
  it("is made when an old one is asked for, and kept while a page goes on asking", function()
    local s = seen.new(5000)
    add(s, 1, 1000)
    assert.is_true(s:knows(id(1000)))
    assert.is_true(s:knows(id(991)))
    assert.is_nil(s.index)                                              -- one of the last needs none
    assert.is_true(s:knows(id(1)))
    s:settle()
    assert.is_table(s.index)
    s:settle()
    assert.is_nil(s.index)
    assert.is_true(s:knows(id(1)))
  end)

  it("is made for a row that is not one of the last, wherever it is, and for no other", function()
    local s = seen.new(5000)
    add(s, 1, 3)
    assert.is_true(s:knows(id(1)))
    assert.is_nil(s.index)
    add(s, 4, 50)
    assert.is_true(s:knows(id(30)))
    assert.is_table(s.index)
  end)
end)

describe("the last rows", function()
  it("are ten, with their starts", function()
    for _, count in ipairs { 4, 10, 11, 99, 100, 101, 5000 } do
      local s = seen.new(1000)
      add(s, 1, count)
      local ids, ats = s:recent()
      assert.equal(math.min(10, count), #ids)
      assert.equal(#ids, #ats)
      assert.same({ id(count), at(count) }, { ids[#ids], ats[#ats] })
      assert.same({ id(count - #ids + 1), at(count - #ids + 1) }, { ids[1], ats[1] })
    end
  end)

  it("are more where several started with the first of them", function()
    local s = seen.new(1000)
    add(s, 1, 450, function(n) return at(math.floor(n / 200)) end)
    local ids, ats = s:recent()
    assert.same({ 51, id(400), at(2) }, { #ids, ids[1], ats[1] })
  end)

  it("have no start in front where none was known then", function()
    local s = seen.new(1000)
    add(s, 1, 3, function() return false end)
    add(s, 4, 5)
    assert.same({ { id(1), id(2), id(3), id(4), id(5) }, { at(4), at(5) } }, { s:recent() })
  end)

  it("come behind all that are remembered, in order, where those are wanted", function()
    for _, count in ipairs { 0, 4, 99, 100, 101, 205, 400 } do
      local s, again = seen.new(300), seen.new(300)
      add(s, 1, count)
      local ids, ats = s:recent(true)
      assert.equal(known(s, 1, count), #ids)
      for i, known_id in ipairs(ids) do assert.equal(id(count - #ids + i), known_id) end
      assert.same(select(2, s:recent()), ats)
      again:restore(ids, ats)
      assert.equal(#ids, known(again, 1, count))
      assert.same({ s:recent() }, { again:recent() })
    end
  end)

  it("are enough to go on with", function()
    local s, again = seen.new(1000), seen.new(1000)
    add(s, 1, 3, function() return false end)
    add(s, 4, 7)
    again:restore(s:recent())
    assert.same({ s:recent() }, { again:recent() })
    assert.equal(at(4), again.oldest)
    assert.equal(7, known(again, 1, 7))
    add(again, 8, 13)
    add(s, 8, 13)
    assert.same({ s:recent() }, { again:recent() })
    add(again, 14, 300)
    assert.equal(300, known(again, 1, 300))
  end)

  describe("and came together, each after the one before", function()
    -- Rows first to last, of which the last ten are told one by one.
    local function add_part(s, first, last, part)
      local ids, last_ids, last_ats = {}, {}, {}
      for n = first, last do ids[#ids + 1] = id(n) .. "\0" end
      for n = math.max(first, last - seen.RECENT + 1), last do
        last_ids[#last_ids + 1], last_ats[#last_ats + 1] = id(n), at(n)
      end
      part = part or s:part(at(first))
      s:add_part(part, table.concat(ids), last - first + 1, last_ids, last_ats)
      return part
    end

    it("are known as if they had been added one by one", function()
      for _, size in ipairs { 3, 40, 300 } do
        local s, one_by_one, last = seen.new(1000), seen.new(1000), nil
        for first = 1, 3000, size + 2 do
          last = first + size + 1
          add_part(s, first, last - 2)
          add(s, last - 1, last)
          add(one_by_one, first, last)
          assert.same({ one_by_one:recent() }, { s:recent() })
          if first % 7 == 0 then assert.is_true(s:knows(id(first))) end
        end
        assert.equal(1000, known(s, last - 999, last))
        assert.is_true(known(s, 1, last) < 1000 + size + 300)
        for n = 1, last do assert(s:knows(id(n)) or at(n) < s.oldest, n) end
      end
    end)

    it("are forgotten as those that were added one by one", function()
      local s = seen.new(200)
      for first = 1, 901, 100 do
        add_part(s, first, first + 99)
        assert.equal(math.min(first + 99, 200), known(s, 1, first + 99), first)
      end
    end)

    it("may be told again, when there are more of them", function()
      local s = seen.new(200)
      add(s, 1, 5)
      local part = add_part(s, 6, 8)
      assert.equal(8, known(s, 1, 8))
      add_part(s, 6, 150, part)
      add_part(s, 6, 150, part)
      add(s, 151, 155)
      assert.equal(155, known(s, 1, 155))
      local ids = s:recent()
      for i, known_id in ipairs(ids) do assert.equal(id(155 - #ids + i), known_id) end
      add(s, 156, 900)
      assert.is_true(known(s, 1, 900) < 500)
    end)
  end)
end)
