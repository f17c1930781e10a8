--- The order of the pending requests of a queue: a linked list, so that any request may be taken out at no cost.
local order = {}

---@class local_api.Order
local Order = {}
Order.__index = Order

---@return local_api.Order
function order.new()
  local ring = {}                       -- the first and the last request are the neighbours of this one
  ring.next, ring.previous = ring, ring
  return setmetatable({ ring = ring }, Order)
end

--- Add a request that is not there, at the end or at the front.
function Order:add(entry, forefront)
  local before = forefront and self.ring or self.ring.previous
  entry.previous, entry.next = before, before.next
  before.next.previous, before.next = entry, entry
end

--- Take a request out, if it is there.
function Order.remove(_, entry)
  if not entry.next then return end
  entry.previous.next, entry.next.previous = entry.next, entry.previous
  entry.previous, entry.next = nil, nil
end

--- Up to `limit` requests from the front.
function Order:head(limit)
  local head, entry = {}, self.ring.next
  while entry ~= self.ring and #head < limit do
    head[#head + 1], entry = entry, entry.next
  end
  return head
end

return order
