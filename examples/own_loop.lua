-- Wait in a loop that the module does not know: a small one made of socket.select, and the table that tells `apify.use` of it.
--
--     APIFY_TOKEN=... lua5.4 examples/own_loop.lua                (Debian's package lua-socket)

local apify = require "apify"
local socket = require "socket"

local wake_at, watched = {}, {}                         -- thread of the loop -> when it goes on; what select looks at
local function go(fn)
  local thread = coroutine.create(fn)
  wake_at[thread] = 0
  return thread
end
local function running() return wake_at[coroutine.running() or 0] and coroutine.running() end
local function pause(secs)
  wake_at[running()] = socket.gettime() + secs
  coroutine.yield()
end
local function run_loop(main)                           -- until that thread has ended
  while wake_at[main] do
    local secs, due = 60, {}
    for _, time in pairs(wake_at) do secs = math.min(secs, time - socket.gettime()) end
    for _, object in ipairs(socket.select(watched, nil, math.max(0, secs))) do wake_at[object.thread] = 0 end
    for thread, time in pairs(wake_at) do due[#due + 1] = time <= socket.gettime() and thread or nil end
    for _, thread in ipairs(due) do
      assert(coroutine.resume(thread))
      if coroutine.status(thread) == "dead" then wake_at[thread] = nil end
    end
  end
end

local mine = {}
function mine.usable() return next(wake_at) ~= nil end  -- fibers ask too: they are no threads of the loop, but go on by it
function mine.check() return true end                   -- or nil and the reason why nothing can wait here and now
function mine.attach(host)                              -- a thread watches the requests, and the time at which fibers go on
  watched[1] = watched[1] or { getfd = function() return host.core():fd() end, thread = go(function()
    while watched[1] do
      host.pump(0) host.run()
      pause(host.next_time() - host.now())
    end
  end) }
  wake_at[watched[1].thread] = 0
  return true
end
function mine.detach() watched[1] = nil end
function mine.park(ticket, host)
  ticket.thread = running()                             -- none in a coroutine within a thread, which the loop cannot resume
  if not ticket.thread then return host.block(ticket) end
  while not host.is_over(ticket) and host.now() < ticket.deadline do pause(ticket.deadline - host.now()) end
  return true
end
function mine.wake(ticket) if ticket.thread then wake_at[ticket.thread] = 0 end end
function mine.sleep(secs, host) if running() then pause(secs) else host.pump(0) end end
apify.use(mine)
go(function() while true do print "the loop goes on" pause(0.05) end end)
run_loop(go(function()
  for run in apify.new():runs():iterate { desc = true, limit = 5 } do print(run.id, run.status) end
  print(apify.spawn(function() return apify.sleep(0.2) and "a fiber has slept" end):wait())
end))
