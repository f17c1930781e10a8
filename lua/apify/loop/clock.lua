--- Time inside the library: it stands still while the user's code runs, and knows when a deadline is over.
local core = require "apify.core"

local clock = {}

---@class apify.Clock
---@field ends_at number when the deadline is over, by this clock; infinity without one
---@field private deadline? number seconds
---@field private outside number seconds that were the user's
---@field private left_at number|false since when it stands still; false while it runs
local Clock = {}
Clock.__index = Clock

--- A clock that stands still until it is entered.
---@param deadline? number seconds inside
---@return apify.Clock
function clock.new(deadline)
  local now = core.now()
  return setmetatable({ deadline = deadline, ends_at = now + (deadline or math.huge), outside = 0, left_at = now }, Clock)
end

--- It runs from here, if it does not already. The time.
---@return number
function Clock:enter()
  local now = core.now()
  if self.left_at then
    self.outside = self.outside + (now - self.left_at)
    self.left_at = false
  end
  return now - self.outside
end

--- It stands still from here, if it does not already.
function Clock:leave()
  self.left_at = self.left_at or core.now()
end

--- The time, while it runs.
---@return number
function Clock:now()
  return core.now() - self.outside
end

--- Seconds until the deadline is over, while it runs.
---@return number
function Clock:left()
  return self.ends_at - self:now()
end

--- The fields of an error once the deadline is over, while it runs.
---@return { kind: "timeout", message: string }?
function Clock:lateness()
  if self:left() > 0 then return nil end
  return { kind = "timeout", message = ("the deadline of %g s is over"):format(self.deadline) }
end

return clock
