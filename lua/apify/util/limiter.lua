--- A limiter: of many that want to be under way, only so many are at a time; the others stand in line.

--- Somebody who waits for a turn.
---@class apify.Limited
---@field is_over boolean wants no turn any more
---@field has_turn? boolean

---@class apify.Limiter
---@field takers integer how many want turns now and then; the owner counts them
---@field private count integer
---@field private free integer
---@field private line apify.Limited[] those who wait, from `first` to `last`
---@field private is_waiting table<apify.Limited, true>
---@field private on_turn fun(who: apify.Limited)
local Limiter = {}
Limiter.__index = Limiter

local limiter = {}

--- `on_turn` hears of those who get their turn after they had to wait.
---@param count integer
---@param on_turn fun(who: apify.Limited)
---@return apify.Limiter
function limiter.new(count, on_turn)
  return setmetatable({ takers = 0, count = count, free = count, line = {}, first = 1, last = 0, is_waiting = {}, on_turn = on_turn }, Limiter)
end

--- Is it `who`'s turn? If not, it stands in line from now on.
---@param who apify.Limited
---@return boolean
function Limiter:take(who)
  if who.has_turn then return true end
  if self.free > 0 then
    self.free, who.has_turn = self.free - 1, true
    return true
  end
  if not self.is_waiting[who] then
    self.last = self.last + 1
    self.line[self.last], self.is_waiting[who] = who, true
  end
  return false
end

--- Give a turn to the first in line who wants it: was there one? Who has it leaves the line after that.
local function pass_on(self)
  while self:is_crowded() do
    local heir = self.line[self.first]
    local wants = heir and not heir.is_over
    if wants then
      heir.has_turn = true
      self.on_turn(heir)
    end
    if heir then self.is_waiting[heir] = nil end
    self.line[self.first] = nil
    self.first = self.first + 1
    if wants then return true end
  end
  return false
end

--- The turn of `who` is over, if it had one: the next in line gets it. What was interrupted may be begun again.
---@param who apify.Limited
function Limiter:give_back(who)
  if not who.has_turn then return end
  if not pass_on(self) then self.free = self.free + 1 end
  who.has_turn = false
end

--- Are there fewer turns than takers?
---@return boolean
function Limiter:is_short()
  return self.takers > self.count
end

--- Does anybody stand in line?
---@return boolean
function Limiter:is_crowded()
  return self.first <= self.last
end

return limiter
