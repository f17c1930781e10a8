--- A queue ordered by number: the smallest key leaves first, equal keys in the order in which they came.
---
--- An error may come at any moment, such as Ctrl-C's. So what is about to be moved is noted in `moving` until it has its place; what is
--- found there later was interrupted, and the heap is put in order again. So it is by a finalizer that uses the heap meanwhile: into a new
--- table, and what goes on with the old one does no harm.

---@class apify.HeapItem
---@field key number
---@field value any
---@field serial integer

---@class apify.Heap
---@field private items apify.HeapItem[] and their `count`
---@field private last_serial integer
---@field private moving? apify.HeapItem
local Heap = {}
local Heap_mt = { __index = Heap, __name = "apify.Heap" }

local heap = {}

---@return apify.Heap
function heap.new()
  return setmetatable({ items = { count = 0 }, last_serial = 0 }, Heap_mt)
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
  if not self.moving then return end                     -- a finalizer was here just now
  add(self.moving)
  for _, item in ipairs(self.items) do add(item) end
  table.sort(items, is_before)                           -- a sorted list is a heap
  items.count = #items
  self.items = items
  self.moving = nil
end

--- Find an item its place between the hole at `at` and the root.
local function sift_up(items, item, at)
  while at > 1 do
    local parent = math.floor(at / 2)
    if not is_before(item, items[parent]) then break end
    items[at] = items[parent]
    at = parent
  end
  items[at] = item
end

--- The child of `at` that leaves first; nil at the bottom.
local function first_child(items, at)
  local left = at * 2
  if left > items.count then return nil end
  local right = left + 1
  if right <= items.count and is_before(items[right], items[left]) then return right end
  return left
end

--- The same between the hole at `at` and the bottom.
local function sift_down(items, item, at)
  local child = first_child(items, at)
  while child and is_before(items[child], item) do
    items[at] = items[child]
    at, child = child, first_child(items, child)
  end
  items[at] = item
end

--- Add a value under a key, which must not be NaN.
---@param key number
---@param value any
function Heap:push(key, value)
  assert(type(key) == "number" and key == key, "a key must be a number and not NaN")
  self.last_serial = self.last_serial + 1
  local item = { key = key, value = value, serial = self.last_serial }
  if self.moving then repair(self) end
  self.moving = item
  local items = self.items
  sift_up(items, item, items.count + 1)
  items.count = items.count + 1
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
  self.moving = self.items[self.items.count]
  local items = self.items
  local first, last = items[1], items.count
  if last == 0 then return nil end
  items.count = last - 1
  if last > 1 then sift_down(items, items[last], 1) end
  items[last] = nil
  self.moving = nil
  return first.key, first.value
end

---@return integer
function Heap:size()
  return self.items.count
end

return heap
