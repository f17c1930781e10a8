--- The sockets: owns the core that all clients of this Lua state share, begins transfers, and tells their owners of news.
local core = require "apify.core"
local choice = require "apify.loop.choice"
local scheduler = require "apify.loop.scheduler"

local reactor = {}

local MAX_SLEEP = 86400                  -- seconds; a longer wait is several

local multi                              -- made when first needed; anew in a forked child
local news = {}                          -- filled by the core, reused

--- The core, or nil, message, name.
function reactor.core()
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
function reactor.submit(options)
  local m, message, name = reactor.core()
  if not m then return nil, message, name end
  local transfer
  transfer, message, name = m:submit(options)
  local on_submit = transfer and choice.pick().on_submit
  if on_submit then on_submit(transfer) end
  return transfer, message, name
end

--- Tell the owner of each transfer with news: were there any? From the end, and each is gone once it was told, so that what an interrupt
--- left behind is told the next time.
local function dispatch()
  local has_news = news[1] ~= nil
  for i = #news, 1, -1 do
    local owner = news[i]:owner()
    local waiter = owner and owner.waiter
    if waiter then
      if waiter.queue then waiter.queue[#waiter.queue + 1] = owner end
      scheduler.wake(waiter)
    end
    news[i] = nil
  end
  return has_news
end

--- Wait for the sockets at most `seconds`, and hand out the news: how much, and was there anything on a socket? nil, message, name when that
--- cannot be.
function reactor.pump(seconds)
  local m, message, name = reactor.core()
  if not m then return nil, message, name end
  local has_news = dispatch()
  local count, has_moved
  count, has_moved, name = m:wait(has_news and 0 or math.min(seconds, MAX_SLEEP), news)
  if count then dispatch() end
  return count, has_moved, name
end

--- Number of transfers under way in this Lua state.
---@return integer
function reactor.in_flight()
  return multi and multi:in_flight() or 0
end

--- Is nothing in flight?
function reactor.is_idle()
  return reactor.in_flight() == 0
end

return reactor
