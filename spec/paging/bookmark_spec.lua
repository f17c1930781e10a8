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

  it("is the text that it always was", function()
    assert.equal('apify-bookmark-1 a8544226 {"at":{"ats":["2025-09-01T00:00:00.000Z"],"ids":["HG7ML7M8z78YcAPEB"],"is_plain":false,"pos":1234},' ..
      '"delivered":40,"limit_left":500,"path":"/acts/janedoe~my-actor/runs","query":[["desc","1"],["status","FAILED,SUCCEEDED"]]}',
      bookmark.write(place()))
    local long = { path = "/" .. ("z"):rep(2000), query = {}, mark = { pos = 0, ids = { "a" }, ats = { "b" } } }
    assert.equal("apify-bookmark-1 13ddcb8a ", bookmark.write(long):match "^%S+ %S+ ")           -- Adler-32, by zlib
    assert.same(long, bookmark.read(bookmark.write(long)))
    long.limit_left = 2 ^ 53
    assert.equal(2 ^ 53, bookmark.read(bookmark.write(long)).limit_left)
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
      function(p) p.mark.again = -1 end, function(p) p.mark.again = "0" end, function(p) p.mark.again = p.mark.pos + 1 end,
      function(p) p.mark.other = 1 end,
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
    for _, mark in ipairs { { pos = 5, ids = {}, ats = {}, again = 5 },
      { kind = "items", pos = 1, skip = 0 }, { kind = "items", pos = 1, skip = 2, limit = 3 },
      { kind = "cursor", given = {} }, { kind = "cursor", given = {}, cursor = "b", parameter = "p", next_field = "nextP", taken = 3 },
      { kind = "cursor", given = { "a" }, cursor = "b", is_ended = true } } do
      local p = place()
      p.mark, p.path = mark, "/actor-runs/HG7ML7M8z78YcAPEB/dataset/items"
      assert.same(p, bookmark.read(bookmark.write(p)))
    end
    for _, id in ipairs { "a%20b", "a%C3%A9b", "%5Bx%5D" } do
      local p = place()
      p.path = "/actor-runs/" .. id .. "/dataset/items"
      assert.same(p, bookmark.read(bookmark.write(p)))
    end
    local endless = '{"at":{"given":[],"kind":"cursor","x":[1e999]},"path":"/a","query":[]}'           -- which could not be written again
    for _, body in ipairs { "5", "null", "[]", '"x"', "true", endless } do
      local a, b = 1, 0
      for i = 1, #body do
        a = (a + body:byte(i)) % 65521
        b = (b + a) % 65521
      end
      assert.same({ nil, "it is damaged" }, { bookmark.read(("apify-bookmark-1 %04x%04x %s"):format(b, a, body)) })
    end
  end)
end)

describe("a list that is to be read on", function()
  local function resume(p, list, o)
    o, list = o or {}, list or {}
    o.bookmark, list.where, list.given = bookmark.write(p), "runs:iterate", list.given or {}
    list.path = list.path or "/acts/janedoe~my-actor/runs"
    return bookmark.resume(o, list)
  end

  local function refuses(why, ...)
    local ok, message = pcall(resume, ...)
    assert.is_false(ok)
    assert.equal(why, tostring(message):match "of runs:iterate: (.*)$")
  end

  local function with(fields)
    local p = place()
    for name, value in pairs(fields) do p[name] = value end
    return p
  end

  it("is that of the bookmark", function()
    assert.same(place(), resume(place()))
    refuses("it belongs to /acts/janedoe~my-actor/runs, not to /actor-runs", place(), { path = "/actor-runs" })
    refuses("it belongs to the last run of x, not to /acts/janedoe~my-actor/runs", with { last = "the last run of x" })
    refuses("it belongs to /acts/janedoe~my-actor/runs, not to the last run of x", place(), { last = "the last run of x" })
  end)

  it("below a last run may be in the run that was last then", function()
    local p = with { last = "the last run of x", path = "/actor-runs/abc/dataset/items" }
    local list = { last = "the last run of x", path = "/acts/x/runs/last/dataset/items", suffix = "/dataset/items" }
    assert.equal(p.path, resume(p, list).path)
    list.suffix = "/log"
    refuses("it belongs to the last run of x, not to the last run of x", p, list)
    p.last, list.last = nil, nil
    refuses("it belongs to /actor-runs/abc/dataset/items, not to /acts/x/runs/last/dataset/items", p, list)
  end)

  it("is of the same kind, but that one by offsets may have turned out to go on by cursors", function()
    local other = "it was taken by another kind of iteration"
    local cursor, turned = with { mark = { kind = "cursor", given = {} } }, with { mark = { kind = "cursor", given = {}, parameter = "cursor" } }
    assert.same(cursor, resume(cursor, { kind = "cursor" }))
    assert.same(turned, resume(turned))
    refuses(other, cursor)
    refuses(other, turned, { kind = "cursor" })
    refuses(other, place(), { kind = "items" })
    refuses(other, with { mark = { kind = "items", pos = 0, skip = 0 } })
  end)

  it("has the filters of the bookmark, where any are given", function()
    resume(place(), { given = { { "desc", "1" }, { "status", "FAILED,SUCCEEDED" } } })
    resume(with { query = {} }, { given = { { "desc", "0" } } })
    refuses("it was taken with other filters (desc=0 is given, the bookmark has 1)", place(), { given = { { "desc", "0" } } })
    refuses("it was taken with other filters (desc=1 is given, the bookmark has none)", with { query = {} }, { given = { { "desc", "1" } } })
  end)

  it("is given no other place", function()
    for name, value in pairs { offset = 5, cursor = "abc", exclusive_start_key = "abc" } do
      local ok, message = pcall(resume, place(), nil, { [name] = value })
      assert.is_false(ok)
      assert.matches("bad option '" .. name .. "' of runs:iterate: .*%(the bookmark has the position%)", message)
    end
    assert.error_matches(function() bookmark.resume({ bookmark = "x" }, { where = "runs:iterate", given = {} }) end, "it is not a bookmark")
  end)
end)
