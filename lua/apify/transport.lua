--- Transfers and waiting: the one core of this Lua state, and the loop that waits for it.
local core = require "apify.core"
local block = require "apify.loop.block"
local scheduler = require "apify.loop.scheduler"

local transport = {
  now = core.now,
  random = core.random,
  secret = core.secret,
  time = core.time,

  cancel_task = scheduler.cancel,
  start_task = scheduler.start,
  waiter = scheduler.waiter,
  wake = scheduler.wake,
}

local multi                              -- made when first needed; anew in a forked child
local news = {}                          -- filled by the core, reused

--- The core, or nil, message, name.
local function get_multi()
  if multi and multi:is_usable() then return multi end
  local made, message, name = core.multi()
  if not made then return nil, message, name end
  multi = made
  return multi
end

--- Start a transfer. `options.owner.waiter` is woken when it has news.
---@return userdata? transfer
---@return string? message
---@return string? name
function transport.submit(options)
  local m, message, name = get_multi()
  if not m then return nil, message, name end
  return m:submit(options)
end

--- Tell the owner of each transfer with news. From the end, so that what an interrupt left behind is told the next time.
local function dispatch()
  for i = #news, 1, -1 do
    local owner = news[i]:owner()
    news[i] = nil
    local waiter = owner and owner.waiter
    if waiter then
      if waiter.queue then waiter.queue[#waiter.queue + 1] = owner end
      scheduler.wake(waiter)
    end
  end
end

local MAX_SLEEP = 86400                  -- seconds; a longer wait is several

---@type apify.LoopHost
local host = { now = core.now }

--- Wait for the sockets at most `seconds`, and hand out the news. true, or nil, message, name.
function host.pump(seconds)
  local m, message, name = get_multi()
  if not m then return nil, message, name end
  dispatch()
  local count
  count, message, name = m:wait(math.min(seconds, MAX_SLEEP), news)
  if not count then return nil, message, name end
  dispatch()
  return true
end

--- Is nothing in flight?
function host.is_idle()
  return transport.in_flight() == 0
end

local OUTSIDE = {}                       -- stands for the task of a caller that is in none
local in_hook = {}                       -- task whose caller is in a hook -> true

--- May this caller wait now? nil, the reason and the kind of error where it may not.
---@return boolean?
---@return string? reason
---@return string? kind
function transport.check()
  local task = scheduler.current()
  if task and task.is_cancelled then return nil, "the fiber was cancelled", "cancelled" end
  if in_hook[task or OUTSIDE] then return nil, "an on_attempt hook must not wait", "context" end
  return block.check()
end

--- Wait until the waiter is woken, but at most `seconds`.
---@param waiter apify.Waiter
---@param seconds number
---@return "awake"|"time"|"cancelled"|nil how
---@return string? reason why waiting is impossible
---@return string? kind of that error
function transport.park(waiter, seconds)
  local task = scheduler.current()
  if task and task.is_cancelled then return "cancelled" end
  local is_awake, reason, kind = block.park(waiter, core.now() + seconds, host)
  if task and task.is_cancelled then return "cancelled" end
  if is_awake == nil then return nil, reason, kind or "context" end
  return is_awake and "awake" or "time"
end

--- Let other fibers and the sockets go on, without waiting. Tells whether the caller's fiber was cancelled meanwhile.
---@return "cancelled"?
function transport.breathe()
  local task = scheduler.current()
  if not in_hook[task or OUTSIDE] then block.breathe(host) end
  return task and task.is_cancelled and "cancelled" or nil
end

--- Call a user's hook, inside which nothing can wait.
function transport.call_hook(fn, ...)
  local who = scheduler.current() or OUTSIDE
  local before = in_hook[who]
  in_hook[who] = true
  local ok, err = pcall(fn, ...)
  in_hook[who] = before
  if not ok then error(err, 0) end
end

--- Number of transfers under way in this Lua state.
---@return integer
function transport.in_flight()
  return multi and multi:in_flight() or 0
end

--- The task in which the caller runs, if any.
---@return apify.Task?
function transport.current_task()
  return (scheduler.current())
end

return transport
