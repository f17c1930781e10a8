--- The place of an iteration as a string: version, path, filters, what is left of the limit, and position. No token.
---
---     apify-bookmark-1 CHECKSUM {"at":{...},"limit_left":500,"path":"/acts/janedoe~my-actor/runs","query":[["desc","1"]]}
local core = require "apify.core"
local errors = require "apify.errors"

local bookmark = {}

local FORMAT = "^apify%-bookmark%-(%d+) (%x+) (.*)$"
local VERSION = "1"

---@class apify.Place
---@field path string
---@field query { [1]: string, [2]: string }[]
---@field limit_left? integer
---@field last? string the last run of what, if the path is that of the run which that was
---@field mark table of the walk, fit for JSON

--- Tells a damaged string from a whole one (Adler-32).
local function checksum(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + text:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return ("%04x%04x"):format(b, a)
end

---@param place apify.Place
---@return string
function bookmark.write(place)
  local text = assert(core.encode({
    path = place.path, query = core.array(place.query), limit_left = place.limit_left, at = place.mark, last = place.last,
  }, { sort_keys = true }))
  return ("apify-bookmark-%s %s %s"):format(VERSION, checksum(text), text)
end

--- The place that a bookmark holds; nil when the string is not one.
---@param s string
---@return apify.Place?
---@return string? reason
function bookmark.read(s)
  local version, sum, text = s:match(FORMAT)
  if not version then return nil, "it is not a bookmark" end
  if version ~= VERSION then return nil, "it was written by another version" end
  local place = checksum(text) == sum and core.decode(text)
  if not place then return nil, "it is damaged" end
  place.mark, place.at = place.at, nil
  return place
end

--- The value of a parameter in a list of pairs, or nil.
---@param query { [1]: string, [2]: string }[]
---@param name string
function bookmark.find(query, name)
  for _, pair in ipairs(query) do
    if pair[1] == name then return pair[2] end
  end
end

--- The list that is to be walked on.
---@class apify.BookmarkedList
---@field path string
---@field given { [1]: string, [2]: string }[] filters
---@field where string for messages
---@field kind? string of its marks
---@field last? string the last run of what it is below
---@field suffix? string of the path, below that run

--- Is the place in this list? Below a last run, also if it is in the list of the run that was last then.
local function is_in(place, list)
  if place.last ~= list.last then return false end
  return place.path == list.path or list.last ~= nil and place.path:match "^/actor%-runs/[^/]+(/.*)$" == list.suffix
end

--- The place where an iteration is to go on; misuse if the bookmark belongs to another list, or to other filters than those given.
---@param o table options of the iteration
---@param list apify.BookmarkedList
---@return apify.Place
function bookmark.resume(o, list)
  local where = list.where
  local place, why = bookmark.read(o.bookmark)
  if not place then errors.misuse("bad option 'bookmark' of %s: %s", where, why) end
  if not is_in(place, list) then
    errors.misuse("bad option 'bookmark' of %s: it belongs to %s, not to %s", where, errors.escape(place.last or place.path), list.last or list.path)
  end
  if place.mark.kind ~= list.kind then errors.misuse("bad option 'bookmark' of %s: it was taken by another kind of iteration", where) end
  for _, pair in ipairs(list.given) do
    local name, value = pair[1], pair[2]
    local had = bookmark.find(place.query, name)
    if (had or "0") ~= value then                                        -- no desc is the same as desc=0
      errors.misuse("bad option 'bookmark' of %s: it was taken with other filters (%s=%s is given, the bookmark has %s)",
        where, name, value, had or "none")
    end
  end
  for _, name in ipairs { "offset", "cursor", "exclusive_start_key" } do
    if o[name] then errors.misuse("bad option '%s' of %s: %s (the bookmark has the position)", name, where, errors.show(o[name])) end
  end
  return place
end

return bookmark
