--- The inside of a request queue. A request is in the order while it is pending, under a lock, or handled.
local locks = require "request_queue_locks"
local order = require "request_queue_order"

local state = {}

---@class local_api.QueueEntry one request of a queue
---@field id string
---@field unique_key string
---@field url string
---@field method string
---@field retry_count integer
---@field is_handled boolean
---@field text string the whole request as JSON
---@field serial integer its place in the list of all requests
---@field lock local_api.Lock?

---@class local_api.Queue
---@field total integer
---@field handled integer
---@field bytes integer of JSON
---@field batches integer batch calls so far
local Queue = {}
Queue.__index = Queue

---@return local_api.Queue
function state.new()
  return setmetatable({
    by_id = {}, by_serial = {}, last_serial = 0, order = order.new(), locks = locks.new(), total = 0, handled = 0,
    bytes = 0, batches = 0, clients = {}, client_count = 0, counts = { delete = 0, head = 0, read = 0, write = 0 },
  }, Queue)
end

--- Note who uses the queue; "" is a client without a key.
function Queue:note_client(key)
  if self.clients[key] then return end
  self.clients[key], self.client_count = true, self.client_count + 1
end

---@return local_api.QueueEntry?
function Queue:find(id)
  return self.by_id[id]
end

-- Count the entry (or with -1 discount it).
local function count(self, entry, by)
  self.total, self.bytes = self.total + by, self.bytes + by * #entry.text
  if entry.is_handled then self.handled = self.handled + by end
end

--- Add a request whose id is not there.
function Queue:add(entry, forefront)
  self.last_serial = self.last_serial + 1
  entry.serial = self.last_serial
  self.by_id[entry.id], self.by_serial[entry.serial] = entry, entry
  count(self, entry, 1)
  if not entry.is_handled then self.order:add(entry, forefront) end
end

local function take_out(self, entry)
  self.order:remove(entry)
  self.locks:remove(entry)
end

function Queue:remove(entry)
  take_out(self, entry)
  count(self, entry, -1)
  self.by_id[entry.id], self.by_serial[entry.serial] = nil, nil
end

--- Put what `fresh` says into a request that is there. One that is still to be done goes to the end or to the front;
--- one that is locked stays so, and goes there afterwards.
function Queue:update(entry, fresh, forefront)
  count(self, entry, -1)
  entry.url, entry.method, entry.retry_count = fresh.url, fresh.method, fresh.retry_count
  entry.text, entry.is_handled = fresh.text, fresh.is_handled
  count(self, entry, 1)
  if entry.is_handled then take_out(self, entry)
  elseif entry.lock then entry.lock.forefront = forefront
  else
    self.order:remove(entry)
    self.order:add(entry, forefront)
  end
end

--- Up to `limit` requests that are pending and not locked, the next one first.
function Queue:head(limit)
  return self.order:head(limit)
end

--- Lock a request of the head.
function Queue:lock(entry, client, expires)
  self.order:remove(entry)
  self.locks:add(entry, client, expires)
end

--- Release a locked request; it is pending again, at the end or at the front.
function Queue:unlock(entry, forefront)
  self.locks:remove(entry)
  self.order:add(entry, forefront)
end

--- Release the locks that have run out.
function Queue:expire_locks(now)
  self.locks:expire(now, function(entry, lock) self.order:add(entry, lock.forefront) end)
end

--- Requests in the order in which they were added.
---@param query {after: integer, limit: integer, scan: integer?, accepts: fun(entry): boolean} `after`: a serial number
---@return local_api.QueueEntry[] page
---@return integer? next the `after` of the next page; nil when this is the last one
function Queue:page(query)
  local page, scanned, serial = {}, 0, query.after
  while serial < self.last_serial and #page < query.limit and scanned < (query.scan or math.huge) do
    serial = serial + 1
    local entry = self.by_serial[serial]
    if entry then
      scanned = scanned + 1
      if query.accepts(entry) then page[#page + 1] = entry end
    end
  end
  return page, serial < self.last_serial and serial or nil
end

return state
