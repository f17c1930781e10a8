--- The loop of luv, libuv for plain Lua. A call outside of a fiber runs the uv loop until its answer is there; in a callback of that
--- loop, which libuv does not run inside itself, it blocks.
local uv = require "luv"

local uv_pump = require "apify.loop.uv"

---@type apify.Loop
local luv = { name = "luv" }

local pump = uv_pump.new(uv, function(fn) fn() end)

function luv.usable() return true end

function luv.check() return true end

function luv.attach(host) return pump:attach(host) end

function luv.detach() pump:detach() end

--- uv.run returns after each event, and whatever wakes a ticket is one.
function luv.wake() end

local spare                               -- the timer of a wait that is over; closing one takes a turn of the loop, which may never come

local function is_running() return uv.loop_mode() ~= nil end

function luv.park(ticket, host)
  if is_running() then return host.block(ticket) end
  local timer, ok, reason = spare or uv.new_timer(), true, nil
  spare = nil
  while not host.is_over(ticket) and host.now() < ticket.deadline do
    if ticket.deadline < math.huge then
      timer:start(uv_pump.milliseconds(ticket.deadline - host.now()), 0, function() end)
    end
    if not uv.run "once" and not host.is_over(ticket) and ticket.deadline == math.huge then
      ok, reason = nil, "nothing is under way that could end this wait"
      break
    end
  end
  timer:stop()
  spare = timer
  return ok, reason
end

function luv.sleep(_, host)
  if is_running() then host.pump(0) else uv.run "nowait" end
end

return luv
