--- Which rows were delivered, as far back as it matters: by id for the last pages, by start for all before.
---
--- Nearly every look-up is for one of the last rows, and the usual row needs none. So all but the last rows are kept as a few
--- long strings, which cost the collector nothing, and an index is made of them only while somebody asks for older ones. Plain lists
--- of ids would make this file half as long, and cost 24 % more CPU for 100,000 runs on Lua 5.4, 11 % on LuaJIT.
local seen = {}

local RECENT = 10                        -- rows that are found without an index, and that a bookmark holds
local BLOCK = 100                        -- rows in a string
local SEPARATOR = "\0"

seen.RECENT = RECENT

---@class apify.Seen
---@field oldest? string nothing that started before is new
---@field last integer rows in `ids`
---@field private ids string[] the last rows; behind `last` there may be something left of older ones
---@field private ats (string|false)[] the latest start when each of them was delivered: they never go back
---@field private settled integer so many of `ids` are in blocks as well
---@field private blocks { [integer]: string, count: integer, next_start: string }[] oldest first; the first may have no `next_start`
---@field private remembered integer rows in blocks
---@field private index? table<string, true> of all that is remembered, up to `indexed` in `ids`
local Seen = {}
Seen.__index = Seen

---@param room integer rows to know by id at least
---@return apify.Seen
function seen.new(room)
  return setmetatable({
    room = room, ids = {}, ats = {}, last = 0, settled = 0, blocks = {}, remembered = 0, indexed = 0, was_asked = false,
  }, Seen)
end

--- Bring the index up to date.
local function index_rest(self)
  for i = self.indexed + 1, self.last do self.index[self.ids[i]] = true end
  self.indexed = self.last
end

--- Let the index have the ids of the block, or have them no more.
local function index_block(index, block, is_known)
  for _, ids in ipairs(block) do
    for id in ids:gmatch "%Z+" do index[id] = is_known end
  end
end

local function make_index(self)
  local index = {}
  for _, block in ipairs(self.blocks) do index_block(index, block, true) end
  self.indexed = 0
  self.index = index                                     -- last: it is there as a whole, or not
end

--- Was a row of this id delivered, as far as is remembered?
---@param id string
---@return boolean
function Seen:knows(id)
  local ids, last = self.ids, self.last
  for i = last, math.max(1, last - RECENT), -1 do
    if ids[i] == id then return true end
  end
  if not self.index then make_index(self) end
  index_rest(self)
  self.was_asked = true
  return self.index[id] == true
end

--- The first of the last rows that belong together: at least RECENT, and all that started together with the first of them.
local function first_recent(self)
  local ats, first = self.ats, math.max(1, self.last - RECENT + 1)
  while first > 1 and ats[first] and ats[first - 1] == ats[first] do first = first - 1 end
  return first
end

--- The ids of all rows in blocks, in order.
local function settled_ids(self)
  local list = {}
  for _, block in ipairs(self.blocks) do
    for _, ids in ipairs(block) do
      for id in ids:gmatch "%Z+" do list[#list + 1] = id end
    end
  end
  return list
end

--- The last rows, and their starts where they are known; or all that are remembered, with the starts of the last ones.
---@param wants_all? boolean
---@return string[] ids
---@return string[] ats
function Seen:recent(wants_all)
  local first = first_recent(self)
  local ids, ats = wants_all and settled_ids(self) or {}, {}
  for i = wants_all and self.settled + 1 or first, self.last do ids[#ids + 1] = self.ids[i] end
  for i = first, self.last do ats[#ats + 1] = self.ats[i] or nil end
  return ids, ats
end

--- Forget the oldest block: the next one says from which start on nothing is lost by that.
local function forget_block(self)
  self.oldest = self.blocks[2].next_start
  local block = table.remove(self.blocks, 1)
  self.remembered = self.remembered - block.count
  if self.index then index_block(self.index, block, nil) end
end

local function forget_oldest(self)
  while self.remembered - self.blocks[1].count >= self.room do forget_block(self) end
end

--- The first start in the rows from `first` on that differs from the one before: all rows that started earlier are delivered.
local function find_next_start(self, first)
  for i = math.max(first, 2), self.last do
    if self.ats[i] and self.ats[i] ~= self.ats[i - 1] then return self.ats[i] end
  end
end

--- Keep only the last rows in the lists.
local function trim(self)
  local ids, ats, count = self.ids, self.ats, 0
  for i = first_recent(self), self.last do
    count = count + 1
    ids[count], ats[count] = ids[i], ats[i]
  end
  self.last, self.settled, self.indexed = count, count, count
end

--- The block for rows among which this is the first start that differs. Where there is none, they belong to those before them.
local function block_for(self, next_start)
  local blocks = self.blocks
  if next_start or not blocks[1] then blocks[#blocks + 1] = { count = 0, next_start = next_start } end
  return blocks[#blocks]
end

--- Put the rows away that are not in a block yet, and forget what is too long ago.
local function pack(self)
  local first, count = self.settled + 1, self.last - self.settled
  if self.index then index_rest(self) end
  local ids = table.concat(self.ids, SEPARATOR, first, self.last)
  local block = block_for(self, find_next_start(self, first))
  block[#block + 1] = ids
  block.count, self.remembered = block.count + count, self.remembered + count
  trim(self)
  forget_oldest(self)
end

--- A row was delivered. `at`: the latest start so far.
---@param id string
---@param at string|false
function Seen:add(id, at)
  if self.last - self.settled >= BLOCK then pack(self) end
  local last = self.last + 1
  self.ids[last] = id
  self.ats[last] = at
  self.last = last                                       -- last, as all before may fail
end

--- The place for rows of which each started after the one before: they begin a block, unless the last one is small.
---@param first_at string when the first of them started
---@return table part
function Seen:part(first_at)
  if self.last > self.settled then pack(self) else trim(self) end
  local blocks = self.blocks
  local block = blocks[#blocks]
  if not block or block.count >= BLOCK then
    block = { count = 0, next_start = first_at }
    blocks[#blocks + 1] = block
  end
  return { block = block, at = #block + 1, count = 0, behind = self.last }
end

--- Rows were delivered of which each started after the one before. As often as one likes, until others are.
---@param part table what `part` returned for the first of these rows
---@param ids string those of all, each with a SEPARATOR behind it
---@param count integer
---@param last_ids string[] the last of them, RECENT if there are as many
---@param last_ats string[]
function Seen:add_part(part, ids, count, last_ids, last_ats)
  local block, behind = part.block, part.behind
  self.remembered, block.count = self.remembered + count - part.count, block.count + count - part.count
  part.count = count
  block[part.at] = ids
  for i, id in ipairs(last_ids) do self.ids[behind + i], self.ats[behind + i] = id, last_ats[i] end
  self.last = behind + #last_ids
  self.settled, self.indexed = self.last, self.last
  if self.index then index_block(self.index, { ids }, true) end
  forget_oldest(self)
end

--- Begin with the rows that `recent` returned.
function Seen:restore(ids, ats)
  local dateless = #ids - #ats                                          -- of the first ones no start was known
  for i, id in ipairs(ids) do self:add(id, ats[i - dateless] or false) end
  self.oldest = ats[1]
end

--- A page was read to its end. The index is kept only while there is a use for it.
function Seen:settle()
  if not self.was_asked then self.index = nil end
  self.was_asked = false
end

return seen
