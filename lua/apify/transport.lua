--- Transfers and waiting: the one core of this Lua state, and the loop that waits for it.
local core = require "apify.core"
local block = require "apify.loop.block"
local scheduler = require "apify.loop.scheduler"

local transport = {
  now = core.now,
  random = core.random,
  time = core.time,
  secret = core.secret,
}

local multi                              -- made when first needed; anew in a forked child
local news = {}                          -- filled by the core, reused
local is_in_hook = false

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

--- Tell the owner of each transfer with news.
local function dispatch(count)
  for i = 1, count do
    local owner = news[i]:owner()
    news[i] = nil
    local waiter = owner.waiter
    if waiter.queue then waiter.queue[#waiter.queue + 1] = owner end
    scheduler.wake(waiter)
  end
end

local MAX_SLEEP = 86400                  -- seconds; a longer wait is several

local host = { now = core.now }

--- Wait for the sockets at most `seconds`, and hand out the news.
function host.pump(seconds)
  local m, message = get_multi()
  if not m then error(message, 0) end
  local count = m:wait(math.min(seconds, MAX_SLEEP), news)
  if count and count > 0 then dispatch(count) end
end

--- Is nothing in flight?
function host.is_idle()
  return not multi or multi:in_flight() == 0
end

---@return apify.Waiter
function transport.waiter()
  return { is_awake = false }
end

transport.wake = scheduler.wake

--- May this caller wait now? nil and the reason where it may not.
---@return boolean?
---@return string? reason
function transport.check()
  if is_in_hook then return nil, "an on_attempt hook must not wait" end
  return block.check()
end

--- Wait until the waiter is woken, but at most `seconds`.
---@param waiter apify.Waiter
---@param seconds number
---@return "awake"|"time"|"cancelled"|nil how
---@return string? reason why waiting is impossible
function transport.park(waiter, seconds)
  local task = scheduler.current()
  if task and task.is_cancelled then return "cancelled" end
  local awake, reason = block.park(waiter, core.now() + seconds, host)
  waiter.is_awake = false
  if awake then return "awake" end
  if task and task.is_cancelled then return "cancelled" end
  if awake == nil then return nil, reason end
  return "time"
end

--- Let other fibers and the sockets go on, without waiting.
function transport.breathe()
  if not is_in_hook then block.breathe(host) end
end

--- Call a user's hook, inside which nothing can wait.
function transport.call_hook(fn, ...)
  local before = is_in_hook
  is_in_hook = true
  local ok, err = pcall(fn, ...)
  is_in_hook = before
  if not ok then error(err, 0) end
end

--- Has the running fiber been cancelled?
function transport.is_cancelled()
  local task = scheduler.current()
  return task ~= nil and task.is_cancelled
end

transport.start_task = scheduler.start
transport.cancel_task = scheduler.cancel
transport.current_task = scheduler.current

--- Number of transfers under way in this Lua state.
function transport.in_flight()
  return multi and multi:in_flight() or 0
end

return transport
