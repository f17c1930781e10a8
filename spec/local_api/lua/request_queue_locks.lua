--- The locks of a queue: who holds which request until when. Those that run out come first in a heap, in which
--- a lock that was released or prolonged leaves a row that no longer counts.
local locks = {}

---@class local_api.Lock
---@field client string "" for clients without a key
---@field expires integer milliseconds
---@field forefront boolean where the request goes afterwards
---@field serial integer order of locking

---@class local_api.Locks
---@field count integer of the locks that hold
local Locks = {}
Locks.__index = Locks

---@return local_api.Locks
function locks.new()
  return setmetatable({ heap = {}, held = {}, count = 0, serial = 0 }, Locks)
end

local function comes_before(a, b)
  if a.expires ~= b.expires then return a.expires < b.expires end
  return a.serial < b.serial
end

local function push(heap, row)
  local at = #heap + 1
  while at > 1 do
    local parent = math.floor(at / 2)
    if not comes_before(row, heap[parent]) then break end
    heap[at], at = heap[parent], parent
  end
  heap[at] = row
end

local function pop(heap)
  local row = table.remove(heap)
  local size, at = #heap, 1
  if size == 0 then return end
  while true do
    local child = at * 2
    if child < size and comes_before(heap[child + 1], heap[child]) then child = child + 1 end
    if child > size or not comes_before(heap[child], row) then break end
    heap[at], at = heap[child], child
  end
  heap[at] = row
end

local function watch(self, entry)
  push(self.heap, { entry = entry, lock = entry.lock, expires = entry.lock.expires, serial = entry.lock.serial })
end

--- Lock a request that is not locked.
function Locks:add(entry, client, expires)
  self.serial, self.count = self.serial + 1, self.count + 1
  entry.lock = { client = client, expires = expires, forefront = false, serial = self.serial }
  self.held[entry] = true
  watch(self, entry)
end

--- Let a locked request's lock run out at another time.
function Locks:prolong(entry, expires)
  entry.lock.expires = expires
  watch(self, entry)
end

--- Release a request, if it is locked.
function Locks:remove(entry)
  if not entry.lock then return end
  entry.lock, self.held[entry] = nil, nil
  self.count = self.count - 1
end

--- Release what has run out by `now`.
---@param released fun(entry: table, lock: local_api.Lock) called for each, in the order of running out
function Locks:expire(now, released)
  local row = self.heap[1]
  while row and row.expires <= now do
    pop(self.heap)
    local lock = row.lock
    if row.entry.lock == lock and lock.expires == row.expires then
      self:remove(row.entry)
      released(row.entry, lock)
    end
    row = self.heap[1]
  end
end

--- What a client has locked, in the order of locking.
---@return table[]
function Locks:of_client(client)
  local found = {}
  for entry in pairs(self.held) do
    if entry.lock.client == client then found[#found + 1] = entry end
  end
  table.sort(found, function(a, b) return a.lock.serial < b.lock.serial end)
  return found
end

return locks
