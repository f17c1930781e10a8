--- A queue ordered by number: the smallest key leaves first, equal keys in the order in which they came.

---@class apify.Heap
---@field private keys number[]
---@field private values any[]
---@field private serials integer[]
---@field private last_serial integer
---@field private count integer
local Heap = {}
local Heap_mt = { __index = Heap, __name = "apify.Heap" }

local heap = {}

---@return apify.Heap
function heap.new()
  return setmetatable({ keys = {}, values = {}, serials = {}, last_serial = 0, count = 0 }, Heap_mt)
end

local function move(self, from, to)
  self.keys[to], self.values[to], self.serials[to] = self.keys[from], self.values[from], self.serials[from]
end

local function put(self, at, key, value, serial)
  self.keys[at], self.values[at], self.serials[at] = key, value, serial
end

--- Does an item of this key and serial leave before the one at `at`?
local function is_before(self, key, serial, at)
  local other = self.keys[at]
  return key < other or (key == other and serial < self.serials[at])
end

--- Find the item its place between the hole at `at` and the root.
local function sift_up(self, at, key, value, serial)
  while at > 1 do
    local parent = math.floor(at / 2)
    if not is_before(self, key, serial, parent) then break end
    move(self, parent, at)
    at = parent
  end
  put(self, at, key, value, serial)
end

--- The child of `at` that leaves first; nil at the bottom.
local function first_child(self, at)
  local left = at * 2
  if left > self.count then return nil end
  local right = left + 1
  if right <= self.count and is_before(self, self.keys[right], self.serials[right], left) then return right end
  return left
end

--- Find the item its place between the hole at `at` and the bottom.
local function sift_down(self, at, key, value, serial)
  local child = first_child(self, at)
  while child and not is_before(self, key, serial, child) do
    move(self, child, at)
    at, child = child, first_child(self, child)
  end
  put(self, at, key, value, serial)
end

--- Add a value under a key, which must not be NaN.
---@param key number
---@param value any
function Heap:push(key, value)
  assert(type(key) == "number" and key == key, "a key must be a number and not NaN")
  self.count, self.last_serial = self.count + 1, self.last_serial + 1
  sift_up(self, self.count, key, value, self.last_serial)
end

--- The pair that leaves next; nothing when the heap is empty.
---@return number? key
---@return any value
function Heap:peek()
  return self.keys[1], self.values[1]
end

--- Remove the pair with the smallest key and return it; nothing when the heap is empty.
---@return number? key
---@return any value
function Heap:pop()
  local last = self.count
  if last == 0 then return nil end
  local key, value = self.keys[1], self.values[1]
  local last_key, last_value, last_serial = self.keys[last], self.values[last], self.serials[last]
  put(self, last, nil, nil, nil)
  self.count = last - 1
  if last > 1 then sift_down(self, 1, last_key, last_value, last_serial) end
  return key, value
end

---@return integer
function Heap:size()
  return self.count
end

return heap
