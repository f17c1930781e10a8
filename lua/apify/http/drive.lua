--- Waiting for machines: what has `poke(now)`, says in `wake_at` when it wants to be poked again, and never waits itself. What stands
--- in the way of going on is here: a closed client, a cancelled fiber, a program that cannot wait now, a deadline that is over.
local errors = require "apify.util.errors"
local loop = require "apify.loop"

local drive = {}

--- The clock of what has no deadline, and no user's code in it.
drive.ANY_TIME = { ends_at = math.huge, now = loop.now, lateness = function() end }

--- What forbids going on, as the fields of an error; nil if nothing does.
function drive.obstacle(settings, clock)
  if settings.is_closed then return { kind = "closed", message = "the client is closed" } end
  local ok, reason, kind = loop.check()
  if not ok then return { kind = kind, message = reason } end
  return clock and clock:lateness()
end

--- Has the client been closed, or the caller's fiber cancelled? To be asked before each piece of work.
function drive.must_stop(settings)
  return settings.is_closed or loop.is_cancelled()
end

--- Why the client cannot be used now, or nil.
function drive.refusal(settings)
  local fields = drive.obstacle(settings)
  return fields and errors.new(fields)
end

--- Wait until the waiter is woken or `seconds` are over; nil, or the fields of the error that ends the wait.
function drive.park(settings, waiter, seconds)
  local fields
  if not settings.is_closed then                             -- else nobody would wake the caller
    settings.waiters[waiter] = true
    fields = loop.why_ended(loop.park(waiter, seconds))
    settings.waiters[waiter] = nil
  end
  if settings.is_closed then return { kind = "closed", message = "the client was closed" } end
  return fields
end

--- The same until `wake_at` of the clock, which runs, but not beyond its deadline.
function drive.wait(settings, waiter, wake_at, clock)
  return clock:lateness() or drive.park(settings, waiter, math.min(wake_at, clock.ends_at) - clock:now())
end

---@class apify.Machine
---@field settings apify.Settings
---@field waiter apify.Waiter woken when there is news
---@field wake_at number when to be poked again without any
---@field poke fun(self, now: number): string   goes on as far as possible; "wait", or how it ended
---@field abort fun(self, fields: table)   stops at once, because of this

--- Let a machine go on until it has ended, or has to be aborted: how it ended. `write_more` has something to do whenever the machine
--- waits, and gives the fields of an error if it cannot.
function drive.run(machine, clock, write_more)
  while true do
    local state = machine:poke(clock:now())
    if state ~= "wait" then return state end
    local fields = write_more and write_more() or drive.wait(machine.settings, machine.waiter, machine.wake_at, clock)
    if fields then
      machine:abort(fields)
      return "aborted"
    end
  end
end

return drive
