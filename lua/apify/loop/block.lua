--- The loop of a plain script: waiting blocks, and fibers go on meanwhile.
local scheduler = require "apify.loop.scheduler"

local block = { name = "block" }

--- Can this loop wait here? Always.
function block.check() return true end

--- Wait until the waiter is woken or `deadline` has come. In a fiber this yields; elsewhere it drives everything.
---@param waiter apify.Waiter
---@param deadline number
---@param host { now: fun(): number, pump: fun(seconds: number), is_idle: fun(): boolean }
---@return boolean? is_awake
---@return string? reason why waiting is impossible
function block.park(waiter, deadline, host)
  local task = scheduler.current()
  if task then
    scheduler.park(task, waiter, deadline)
    return waiter.is_awake
  end
  while not waiter.is_awake do
    local now = host.now()
    scheduler.run(now)
    if waiter.is_awake then break end
    local next_time = scheduler.next_time()
    if now >= deadline then return false end
    if deadline == math.huge and next_time == math.huge and host.is_idle() then
      return nil, "nothing is under way that could end this wait"
    end
    host.pump(math.max(0, math.min(deadline, next_time) - now))
  end
  return true
end

--- Let others go on: fibers, and the sockets.
function block.breathe(host)
  local task = scheduler.current()
  if task then return scheduler.pass(task) end
  scheduler.run(host.now())
  host.pump(0)
end

return block
