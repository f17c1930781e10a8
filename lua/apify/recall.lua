--- Which rows were delivered, as far back as it matters: by id for the last pages, by start for all before.
---
--- Nearly every look-up is for one of the last rows, and the usual row needs none. So the rows of a finished page are kept as
--- one string, which costs the collector nothing, and an index is made of them only while somebody asks for older ones.
local recall = {}

local RECENT = 10                        -- rows that are found without an index, and that a bookmark holds
local SEPARATOR = "\0"

---@class apify.Recall
---@field oldest? string nothing that started before is new
---@field last integer rows in `ids`
---@field private ids string[] the rows of the page that is being read, and the last ones before
---@field private ats (string|false)[] the latest start when each of them was delivered: they never go back
---@field private settled integer so many of `ids` are in blocks as well
---@field private blocks { ids: string, count: integer, turn?: string }[] finished pages, oldest first
---@field private remembered integer rows in blocks
---@field private index? table<string, true> of all that is remembered, up to `indexed` in `ids`
local Recall = {}
Recall.__index = Recall

---@param room integer rows to know by id at least
---@return apify.Recall
function recall.new(room)
  return setmetatable({
    room = room, ids = {}, ats = {}, last = 0, settled = 0, blocks = {}, remembered = 0, indexed = 0,
  }, Recall)
end

--- A row was delivered. `at`: the latest start so far.
---@param id string
---@param at string|false
function Recall:add(id, at)
  local last = self.last + 1
  self.last, self.ids[last], self.ats[last] = last, id, at
end

--- Bring the index up to date, or make it.
local function index_all(self)
  if not self.index then
    self.index, self.indexed = {}, 0
    for _, block in ipairs(self.blocks) do
      for id in block.ids:gmatch "%Z+" do self.index[id] = true end
    end
  end
  for i = self.indexed + 1, self.last do self.index[self.ids[i]] = true end
  self.indexed = self.last
  self.was_asked = true
end

--- Was a row of this id delivered, as far as is remembered?
---@param id string
---@return boolean
function Recall:knows(id)
  local ids, last = self.ids, self.last
  for i = last, math.max(1, last - RECENT), -1 do
    if ids[i] == id then return true end
  end
  index_all(self)
  return self.index[id] == true
end

--- The first of the last rows that belong together: at least RECENT, and all that started together with the first of them.
local function first_recent(self)
  local ats, first = self.ats, math.max(1, self.last - RECENT + 1)
  while first > 1 and ats[first] and ats[first - 1] == ats[first] do first = first - 1 end
  return first
end

--- The last rows, and their starts where they are known.
---@return string[] ids
---@return string[] ats
function Recall:recent()
  local ids, ats = {}, {}
  for i = first_recent(self), self.last do
    ids[#ids + 1] = self.ids[i]
    ats[#ats + 1] = self.ats[i] or nil
  end
  return ids, ats
end

--- Begin with the rows that `recent` returned.
function Recall:restore(ids, ats)
  local dateless = #ids - #ats                                          -- of the first ones no start was known
  for i, id in ipairs(ids) do self:add(id, ats[i - dateless] or false) end
  self.oldest = ats[1]
end

--- Forget the oldest block, if the next one says from which start on nothing is lost by that.
local function forget_block(self)
  local turn = self.blocks[2].turn
  if not turn then return false end
  local block = table.remove(self.blocks, 1)
  self.remembered, self.oldest = self.remembered - block.count, turn
  if self.index then
    for id in block.ids:gmatch "%Z+" do self.index[id] = nil end
  end
  return true
end

--- The first start in the rows from `first` on that differs from the one before: all rows that started earlier are delivered.
local function find_turn(self, first)
  for i = math.max(first, 2), self.last do
    if self.ats[i] and self.ats[i] ~= self.ats[i - 1] then return self.ats[i] end
  end
end

--- Keep only the last rows in the lists.
local function trim(self)
  local ids, ats, count = {}, {}, 0
  for i = first_recent(self), self.last do
    count = count + 1
    ids[count], ats[count] = self.ids[i], self.ats[i]
  end
  self.ids, self.ats, self.last, self.settled, self.indexed = ids, ats, count, count, count
end

--- A page was read to its end: put its rows away, and forget what is too long ago.
function Recall:settle()
  local first = self.settled + 1
  if first > self.last then return end
  if self.index then index_all(self) end
  local block = { ids = table.concat(self.ids, SEPARATOR, first, self.last), count = self.last - self.settled, turn = find_turn(self, first) }
  self.blocks[#self.blocks + 1] = block
  self.remembered = self.remembered + block.count
  while self.blocks[2] and self.remembered - self.blocks[1].count >= self.room and forget_block(self) do end
  if not self.was_asked then self.index = nil end
  self.was_asked = false
  trim(self)
end

return recall
