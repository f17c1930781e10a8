--- The loop of a plain script: waiting blocks, and fibers go on meanwhile.
local scheduler = require "apify.loop.scheduler"

local block = { name = "block" }

--- What a loop may ask of the transport.
---@class apify.LoopHost
---@field now fun(): number
---@field pump fun(seconds: number): boolean?, string?, string? wait for the sockets and hand out their news
---@field is_idle fun(): boolean is nothing in flight?

--- Can this loop wait here? Always.
---@return boolean
function block.check() return true end

--- Drive everything until the ticket is woken, its task is cancelled or its time has come.
local function drive(ticket, task, host)
  local has_looked = false
  while true do
    local now = host.now()
    scheduler.run(now)
    if ticket.is_awake or (task and task.is_cancelled) then return true end
    if has_looked and now >= ticket.deadline then return true end
    local until_time = math.min(ticket.deadline, scheduler.next_time())
    if until_time == math.huge and host.is_idle() then
      return nil, "nothing is under way that could end this wait"
    end
    local ok, message, kind = host.pump(math.max(0, until_time - now))
    if not ok then return nil, message, kind end
    has_looked = true
  end
end

--- Wait until the waiter is woken, the task in which the caller runs is cancelled, or `deadline` has come.
--- In a fiber this yields; elsewhere it blocks and drives everything.
---@param waiter apify.Waiter
---@param deadline number
---@param host apify.LoopHost
---@return boolean? is_awake
---@return string? reason why waiting is impossible
---@return string? kind of that error
function block.park(waiter, deadline, host)
  local task, can_park = scheduler.current()
  if can_park then return scheduler.park(task, waiter, deadline) end
  local ticket = scheduler.enter(waiter, deadline)
  local ok, reason, kind = drive(ticket, task, host)
  local is_awake = scheduler.leave(ticket)
  if not ok then return nil, reason, kind end
  return is_awake
end

--- Let others go on: fibers, and the sockets.
---@param host apify.LoopHost
function block.breathe(host)
  local task, can_park = scheduler.current()
  if can_park then return scheduler.pass(task) end
  scheduler.run(host.now())
  host.pump(0)
end

return block
