--- The place of an iteration as a string: version, path, filters, what is left of the limit, and position. No token.
---
---     apify-bookmark-1 CHECKSUM {"at":{...},"delivered":40,"limit_left":500,"path":"/acts/janedoe~my-actor/runs","query":[["desc","1"]]}
local core = require "apify.core"
local errors = require "apify.util.errors"
local url = require "apify.util.url"

local bookmark = {}

local FORMAT = "^apify%-bookmark%-(%d+) (%x+) (.*)$"
local VERSION = "1"
local MAX_COUNT = 2 ^ 53                 -- rows

---@class apify.Place
---@field path string
---@field query { [1]: string, [2]: string }[]
---@field limit_left? integer
---@field delivered? integer rows until then, from the first iteration on
---@field last? string the last run of what, if the path is that of the run which that was
---@field mark table of the plan, fit for JSON

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
    path = place.path, query = core.array(place.query), limit_left = place.limit_left, delivered = place.delivered,
    at = place.mark, last = place.last,
  }, { sort_keys = true }))
  return ("apify-bookmark-%s %s %s"):format(VERSION, checksum(text), text)
end

local function is_text(v) return type(v) == "string" end
local function is_flag(v) return type(v) == "boolean" end
local function is_count(v) return type(v) == "number" and v >= 0 and v % 1 == 0 and v <= MAX_COUNT end

--- What tells a list of such things.
local function list_of(is_one)
  return function(v)
    if type(v) ~= "table" then return false end
    local count = 0
    for _ in pairs(v) do count = count + 1 end
    for i = 1, count do
      if not is_one(v[i]) then return false end
    end
    return true
  end
end

local function is_pair(v)
  return type(v) == "table" and #v == 2 and is_text(v[1]) and is_text(v[2])
end

local function optional(is_one)
  return function(v) return v == nil or is_one(v) end
end

--- What each field of a place must be, and of the marks of each kind of iteration.
local PLACE = {
  path = is_text, query = list_of(is_pair), limit_left = optional(is_count), delivered = optional(is_count),
  last = optional(is_text),
  mark = function(v) return type(v) == "table" end,
}
local MARKS = {
  [false] = { pos = is_count, ids = list_of(is_text), ats = list_of(is_text), is_plain = optional(is_flag), again = optional(is_count) },
  items = { pos = is_count, skip = is_count, limit = optional(is_count) },
  cursor = {
    cursor = optional(is_text), given = list_of(is_text), is_ended = optional(is_flag), next_field = optional(is_text),
    parameter = optional(is_text), taken = optional(is_count),
  },
}

local function fits(fields, value)
  for name, is_right in pairs(fields) do
    if not is_right(value[name]) then return false end
  end
  return true
end

--- Is this an id as it is in a path?
local function is_id(segment)
  local id = segment:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
  local is_right, again = pcall(url.id, id, "run id")
  return is_right and again == segment
end

--- Is this what `write` writes? A checksum is no proof of that: anybody can make one.
local function is_whole(place)
  if not fits(PLACE, place) then return false end
  local run_id = place.path:match "^/actor%-runs/([^/]+)"
  if run_id and not is_id(run_id) then return false end                 -- it goes into a URL as it is
  local mark = place.mark
  local fields = MARKS[mark.kind or false]
  for name in pairs(mark) do
    if name ~= "kind" and not (fields and fields[name]) then return false end
  end
  return fields ~= nil and fits(fields, mark) and #(mark.ats or "") <= #(mark.ids or "") and (mark.again or 0) <= (mark.pos or 0)
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
  if type(place) ~= "table" then return nil, "it is damaged" end
  place.mark, place.at = place.at, nil
  if not is_whole(place) then return nil, "it is damaged" end
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

--- The list that is to be read on.
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

--- The kind of list that a mark is of: one by offsets may have turned out to go on by cursors.
local function kind_of(mark)
  if mark.kind == "cursor" and mark.parameter then return nil end
  return mark.kind
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
  if kind_of(place.mark) ~= list.kind then errors.misuse("bad option 'bookmark' of %s: it was taken by another kind of iteration", where) end
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
