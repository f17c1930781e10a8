local bookmark = require "apify.paging.bookmark"

local function place()
  return {
    path = "/acts/janedoe~my-actor/runs", query = { { "desc", "1" }, { "status", "FAILED,SUCCEEDED" } }, limit_left = 500,
    delivered = 40, mark = { pos = 1234, ids = { "HG7ML7M8z78YcAPEB" }, ats = { "2025-09-01T00:00:00.000Z" }, is_plain = false },
  }
end

describe("a bookmark", function()
  it("is read as it was written", function()
    assert.same(place(), bookmark.read(bookmark.write(place())))
  end)

  it("may be of a place before the first row, without filters or limit", function()
    local first = { path = "/actor-runs", query = {}, mark = { pos = 0, ids = {}, ats = {} } }
    assert.same(first, bookmark.read(bookmark.write(first)))
  end)

  it("is one line of printable characters, the same for the same place", function()
    assert.equal(bookmark.write(place()), bookmark.write(place()))
    assert.is_nil(bookmark.write(place()):find "[^\32-\126]")
  end)

  it("is refused when a character is changed, dropped or added anywhere", function()
    local whole = bookmark.write(place())
    for i = 1, #whole do
      local other = whole:sub(i, i) == "1" and "2" or "1"
      assert.is_nil((bookmark.read(whole:sub(1, i - 1) .. other .. whole:sub(i + 1))), i)
      assert.is_nil((bookmark.read(whole:sub(1, i - 1) .. whole:sub(i + 1))), i)
      assert.is_nil((bookmark.read(whole:sub(1, i) .. "0" .. whole:sub(i + 1))), i)
      assert.is_nil((bookmark.read(whole:sub(1, i - 1))), i)
    end
  end)

  it("is told from what is none, and from another version's", function()
    assert.same({ nil, "it is not a bookmark" }, { bookmark.read "" })
    assert.same({ nil, "it is not a bookmark" }, { bookmark.read '{"path":"/actor-runs"}' })
    assert.same({ nil, "it is damaged" }, { bookmark.read "apify-bookmark-1 00000001 {}" })
    assert.same({ nil, "it was written by another version" }, { bookmark.read(bookmark.write(place()):gsub("%d", "9", 1)) })
  end)

  it("is refused when something in it is not what is written there, whatever its checksum says", function()
    local huge = 2 ^ 60
    local changes = {
      function(p) p.path = nil end, function(p) p.path = 5 end, function(p) p.query = { "desc" } end,
      function(p) p.query = { { "desc", 1 } } end, function(p) p.query = { { "a", "b", "c" } } end,
      function(p) p.query = { { { "a" }, "b" } } end,
      function(p) p.limit_left = -1 end, function(p) p.limit_left = 1.5 end, function(p) p.limit_left = "9" end,
      function(p) p.limit_left = huge end, function(p) p.delivered = -1 end, function(p) p.delivered = "9" end,
      function(p) p.last = {} end, function(p) p.mark = nil end, function(p) p.mark = "x" end, function(p) p.mark.kind = {} end,
      function(p) p.mark.kind = "other" end, function(p) p.mark.pos = nil end, function(p) p.mark.pos = "1" end,
      function(p) p.mark.pos = -1 end,
      function(p) p.mark.pos = 0.5 end, function(p) p.mark.ids = nil end, function(p) p.mark.ids = { 1 } end,
      function(p) p.mark.ids = { a = "b" } end,
      function(p) p.mark.ats = { {} } end, function(p) p.mark.ats = { "a", "b" } end, function(p) p.mark.is_plain = "no" end,
      function(p) p.mark = { kind = "items", pos = 1 } end, function(p) p.mark = { kind = "items", pos = 1, skip = "1" } end,
      function(p) p.mark = { kind = "items", pos = {}, skip = 0 } end, function(p) p.mark = { kind = "items", pos = 1, skip = 1, limit = "x" } end,
      function(p) p.mark = { kind = "cursor" } end, function(p) p.mark = { kind = "cursor", given = { 5 } } end,
      function(p) p.mark = { kind = "cursor", given = {}, cursor = 5 } end, function(p) p.mark = { kind = "cursor", given = {}, is_ended = 1 } end,
      function(p) p.mark = { kind = "cursor", given = {}, parameter = 5 } end, function(p) p.mark = { kind = "cursor", given = {}, taken = -1 } end,
      function(p) p.mark = { kind = "cursor", given = {}, next_field = {} } end,
      function(p) p.path = "/actor-runs/../dataset/items" end, function(p) p.path = "/actor-runs/./dataset/items" end,
      function(p) p.path = "/actor-runs/a?b=c/dataset/items" end, function(p) p.path = "/actor-runs/a#b/dataset/items" end,
      function(p) p.path = "/actor-runs/%2e%2e/dataset/items" end, function(p) p.path = "/actor-runs/a%2Fb/dataset/items" end,
      function(p) p.path = "/actor-runs/a b/dataset/items" end, function(p) p.path = "/actor-runs/a%0Ab/dataset/items" end,
    }
    for i, change in ipairs(changes) do
      local p = place()
      change(p)
      assert.same({ nil, "it is damaged" }, { bookmark.read(bookmark.write(p)) }, i)
    end
    for _, mark in ipairs { { kind = "items", pos = 1, skip = 0 }, { kind = "items", pos = 1, skip = 2, limit = 3 },
      { kind = "cursor", given = {} }, { kind = "cursor", given = {}, cursor = "b", parameter = "p", next_field = "nextP", taken = 3 },
      { kind = "cursor", given = { "a" }, cursor = "b", is_ended = true } } do
      local p = place()
      p.mark, p.path = mark, "/actor-runs/HG7ML7M8z78YcAPEB/dataset/items"
      assert.same(p, bookmark.read(bookmark.write(p)))
    end
    for _, body in ipairs { "5", "null", "[]", '"x"', "true" } do
      local a, b = 1, 0
      for i = 1, #body do
        a = (a + body:byte(i)) % 65521
        b = (b + a) % 65521
      end
      assert.same({ nil, "it is damaged" }, { bookmark.read(("apify-bookmark-1 %04x%04x %s"):format(b, a, body)) })
    end
  end)
end)
