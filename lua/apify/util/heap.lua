--- A queue ordered by number: the smallest key leaves first, equal keys in the order in which they came.
---
--- An error may come at any moment, such as Ctrl-C's. So what is about to be moved is noted in `moving` until it has its place; what is
--- found there later was interrupted, and the heap is put in order again.

---@class apify.HeapItem
---@field key number
---@field value any
---@field serial integer

---@class apify.Heap
---@field private items apify.HeapItem[]
---@field private last_serial integer
---@field private count integer
---@field private moving? apify.HeapItem
local Heap = {}
local Heap_mt = { __index = Heap, __name = "apify.Heap" }

local heap = {}

---@return apify.Heap
function heap.new()
  return setmetatable({ items = {}, last_serial = 0, count = 0 }, Heap_mt)
end

--- Does `a` leave before `b`?
local function is_before(a, b)
  return a.key < b.key or (a.key == b.key and a.serial < b.serial)
end

--- After an interrupted move: an item may be there twice, and that which was moved not at all.
local function repair(self)
  local items, is_there = {}, {}
  local function add(item)
    if is_there[item] then return end
    is_there[item] = true
    items[#items + 1] = item
  end
  add(self.moving)
  for _, item in ipairs(self.items) do add(item) end
  table.sort(items, is_before)                           -- a sorted list is a heap
  self.items = items
  self.count = #items
  self.moving = nil
end

--- Find the item that is being moved its place between the hole at `at` and the root.
local function sift_up(self, at)
  local items, item = self.items, self.moving
  while at > 1 do
    local parent = math.floor(at / 2)
    if not is_before(item, items[parent]) then break end
    items[at] = items[parent]
    at = parent
  end
  items[at] = item
end

--- The child of `at` that leaves first; nil at the bottom.
local function first_child(self, at)
  local left, items = at * 2, self.items
  if left > self.count then return nil end
  local right = left + 1
  if right <= self.count and is_before(items[right], items[left]) then return right end
  return left
end

--- The same between the hole at `at` and the bottom.
local function sift_down(self, at)
  local items, item = self.items, self.moving
  local child = first_child(self, at)
  while child and is_before(items[child], item) do
    items[at] = items[child]
    at, child = child, first_child(self, child)
  end
  items[at] = item
end

--- Add a value under a key, which must not be NaN.
---@param key number
---@param value any
function Heap:push(key, value)
  assert(type(key) == "number" and key == key, "a key must be a number and not NaN")
  if self.moving then repair(self) end
  self.last_serial = self.last_serial + 1
  self.moving = { key = key, value = value, serial = self.last_serial }
  sift_up(self, self.count + 1)
  self.count = self.count + 1
  self.moving = nil
end

--- The pair that leaves next; nothing when the heap is empty.
---@return number? key
---@return any value
function Heap:peek()
  if self.moving then repair(self) end
  local first = self.items[1]
  if first then return first.key, first.value end
end

--- Remove the pair with the smallest key and return it; nothing when the heap is empty.
---@return number? key
---@return any value
function Heap:pop()
  if self.moving then repair(self) end
  local items, last = self.items, self.count
  local first = items[1]
  if last == 0 then return nil end
  self.moving = items[last]
  self.count = last - 1
  if last > 1 then sift_down(self, 1) end
  items[last] = nil
  self.moving = nil
  return first.key, first.value
end

---@return integer
function Heap:size()
  return self.count
end

return heap
