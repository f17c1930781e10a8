local bookmark = require "apify.bookmark"

local function place()
  return {
    path = "/acts/janedoe~my-actor/runs", query = { { "desc", "1" }, { "status", "FAILED,SUCCEEDED" } }, limit_left = 500,
    mark = { pos = 1234, ids = { "HG7ML7M8z78YcAPEB" }, ats = { "2025-09-01T00:00:00.000Z" }, is_plain = false },
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
end)
