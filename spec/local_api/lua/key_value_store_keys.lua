--- The keys of a key-value store in the order of their bytes. Keys that come in order cost nothing; after others the
--- list is sorted when it is next read.
local keys = {}

---@class local_api.Keys
---@field list string[] ascending once sorted
---@field is_sorted boolean
local Keys = {}
Keys.__index = Keys

---@return local_api.Keys
function keys.new()
  return setmetatable({ list = {}, is_sorted = true }, Keys)
end

--- Add a key that is not there.
function Keys:add(key)
  local list = self.list
  if #list > 0 and key < list[#list] then self.is_sorted = false end
  list[#list + 1] = key
end

local function sort(self)
  if self.is_sorted then return end
  table.sort(self.list)
  self.is_sorted = true
end

-- The place of the first key that is not below `key` or, with `is_after`, that is above it.
local function place(self, key, is_after)
  sort(self)
  local list, low, high = self.list, 1, #self.list + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if list[middle] < key or (is_after and list[middle] == key) then low = middle + 1 else high = middle end
  end
  return low
end

--- Remove a key that is there.
function Keys:remove(key)
  table.remove(self.list, place(self, key))
end

-- Where to begin: after `start`, and when nothing limits the scan not before the first key with the prefix.
local function first_place(self, query)
  local after = query.start and place(self, query.start, true) or 1
  if query.scan or query.prefix == "" then return after end
  return math.max(after, place(self, query.prefix))
end

--- One page of keys.
---@param query {start: string?, prefix: string, limit: integer, scan: integer?} `start` is not part of the page;
---  `scan` is how many keys to look at at most
---@return string[] page
---@return string? next what the next page starts after; nil when this is the last one
function Keys:page(query)
  sort(self)
  local list, page, first = self.list, {}, first_place(self, query)
  local last = query.scan and math.min(#list, first + query.scan - 1) or #list
  local at = first
  while at <= last and #page < query.limit do
    if list[at]:sub(1, #query.prefix) == query.prefix then page[#page + 1] = list[at]
    elseif not query.scan then return page, nil end     -- past the last one with the prefix
    at = at + 1
  end
  return page, self:has_more(at, query) and list[at - 1] or nil
end

--- Whether a page that ended before `at` has another one behind it.
function Keys:has_more(at, query)
  local key = self.list[at]
  return key ~= nil and (query.scan ~= nil or key:sub(1, #query.prefix) == query.prefix)
end

return keys
