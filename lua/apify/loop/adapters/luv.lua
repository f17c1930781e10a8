--- The adapter to luv, libuv for plain Lua. A call outside of a fiber runs the uv loop until its answer is there; in a callback of that
--- loop, which libuv does not run inside itself, it blocks.
local uv = require "luv"

local uv_pump = require "apify.loop.adapters.uv_pump"

---@type apify.Loop
local luv = { name = "luv" }

local pump = uv_pump.new(uv, function(fn) fn() end)

function luv.usable() return true end

function luv.check() return true end

function luv.attach(host) return pump:attach(host) end

function luv.detach() pump:detach() end

local AGAIN_MS = 1                        -- uv.run "once" may call timers first and then wait for something else: not for longer than this

local function nothing() end

--- Let uv.run return soon: what wakes a ticket may have been a timer, after which it still waits.
function luv.wake(ticket)
  if ticket.timer then ticket.timer:start(AGAIN_MS, AGAIN_MS, nothing) end
end

local spare                               -- the timer of a wait that is over; closing one takes a round of the loop, which may never come

local function is_running() return uv.loop_mode() ~= nil end

function luv.park(ticket, host)
  if is_running() then return host.block(ticket) end
  local timer, ok, reason = spare or uv.new_timer(), true, nil
  spare, ticket.timer = nil, timer
  while not host.is_over(ticket) and host.now() < ticket.deadline do
    if ticket.deadline < math.huge then
      timer:start(uv_pump.milliseconds(ticket.deadline - host.now()), AGAIN_MS, nothing)
    end
    if not uv.run "once" and not host.is_over(ticket) and ticket.deadline == math.huge then
      ok, reason = nil, "nothing is under way that could end this wait"
      break
    end
  end
  timer:stop()
  spare, ticket.timer = timer, nil
  return ok, reason
end

function luv.sleep(_, host)
  if is_running() then host.pump(0) else uv.run "nowait" end
end

return luv
