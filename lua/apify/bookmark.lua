--- The place of an iteration as a string: version, path, filters, what is left of the limit, and position. No token.
local core = require "apify.core"

local bookmark = {}

local VERSION = 1

---@class apify.Place
---@field path string
---@field query { [1]: string, [2]: string }[]
---@field limit_left? integer
---@field mark table of walk.lua

---@param place apify.Place
---@return string
function bookmark.write(place)
  local mark = place.mark
  return assert(core.encode({
    apify_bookmark = VERSION, path = place.path, query = core.array(place.query), limit_left = place.limit_left,
    pos = mark.pos, ids = core.array(mark.ids), ats = core.array(mark.ats), oldest = mark.oldest, frontier = mark.frontier,
    is_plain = mark.is_plain,
  }, { sort_keys = true }))
end

local function is_list_of(list, kind)
  if type(list) ~= "table" then return false end
  for _, v in ipairs(list) do
    if type(v) ~= kind then return false end
  end
  return true
end

local function is_count(n)
  return type(n) == "number" and n >= 0 and n == math.floor(n)
end

--- The place that a bookmark holds; nil when the string is not one.
---@param s string
---@return apify.Place?
---@return string? reason
function bookmark.read(s)
  local b = core.decode(s)
  if type(b) ~= "table" or b.apify_bookmark == nil then return nil, "it is not a bookmark" end
  if b.apify_bookmark ~= VERSION then return nil, "it was written by another version" end
  local is_sound = type(b.path) == "string" and is_list_of(b.query, "table") and is_count(b.pos)
    and is_list_of(b.ids, "string") and is_list_of(b.ats, "string") and (b.limit_left == nil or is_count(b.limit_left))
  if not is_sound then return nil, "it is damaged" end
  return {
    path = b.path, query = b.query, limit_left = b.limit_left,
    mark = { pos = b.pos, ids = b.ids, ats = b.ats, oldest = b.oldest, frontier = b.frontier, is_plain = b.is_plain },
  }
end

return bookmark
