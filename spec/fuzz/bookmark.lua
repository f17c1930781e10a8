--- bookmark.lua - bookmarks as anybody could write them: the place of one, with the checksum that it should have, or the whole string.
local bookmark = require "apify.paging.bookmark"

local function checksum(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + text:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return ("%04x%04x"):format(b, a)
end

--- What is read can be written, and then reads and is written as the same.
local function check(mark)
  local place, why = bookmark.read(mark)
  if not place then return assert(type(why) == "string") end
  local written = bookmark.write(place)
  assert(bookmark.write(assert(bookmark.read(written))) == written, "what is written again is the same")
  assert(type(place.path) == "string" and type(place.query) == "table" and type(place.mark) == "table")
  for _, pair in ipairs(place.query) do assert(bookmark.find(place.query, pair[1])) end
end

--- It goes on, or is refused as misuse that has a reason.
local function resume(mark)
  local list = { path = "/acts/a/runs", given = { { "desc", "1" } }, where = "list" }
  local ok, err = pcall(bookmark.resume, { bookmark = mark }, list)
  if not ok then assert(type(err) == "string" and err:find("bookmark", 1, true), err) end
end

return function(text)
  for _, mark in ipairs { text, "apify-bookmark-1 " .. checksum(text) .. " " .. text } do
    check(mark)
    resume(mark)
  end
end
