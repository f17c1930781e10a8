--- Plays a scene in a program whose loop is that of copas 1.x: luajit spec/hosts/copas.lua, with SCENE and what it needs in the environment.
--- With UNIT=thread what runs side by side are threads of copas, else fibers. The module does not know copas: `loop` is a table of one's own.
local copas = require "copas"
local apify = require "apify"
local core = require "apify.core"
local play = require "spec.hosts.play"

local NO_FD = -1                         -- copas's select leaves this one out

-- This copas has neither timers nor a way to put a thread aside. So whoever runs its loop keeps the times.
local paused = {}                        -- thread -> when it goes on
local is_thread = setmetatable({}, { __mode = "k" })
local aside = { insert = function() end, push = function() end }   -- takes a thread for a queue of copas's, and forgets it

-- Start a thread of copas.
local function go(fn)
  local co = coroutine.create(fn)
  is_thread[co] = true
  copas.addthread(co)
end

-- The thread of copas that calls; nil in other coroutines.
local function running()
  local co = coroutine.running()
  return co and is_thread[co] and co
end

local function pause(seconds)
  paused[running()] = core.now() + seconds
  coroutine.yield(aside, aside)
end

local function wake(co)
  if paused[co] then paused[co] = 0 end
end

local function resume_due()
  local due, now = {}, core.now()
  for co, time in pairs(paused) do
    if time <= now then due[#due + 1] = co end
  end
  for _, co in ipairs(due) do
    paused[co] = nil
    copas.addthread(co)
  end
end

local apify_host                         -- what the loop is attached to
local is_served = false

-- The core's descriptor, which copas takes for a server: it is "accepted" whenever it is readable.
local server = {}

function server.settimeout() end

function server.getfd()
  if not apify_host or apify_host.is_idle() or not apify_host.is_wanted() then return NO_FD end
  return apify_host.core():fd()
end

function server.accept() apify_host.pump(0) end

local loop = { name = "copas" }

loop.who = running

function loop.usable() return true end

function loop.check() return true end

--- The times are looked at before each step, so that there is nothing to do about them here.
function loop.attach(host)
  apify_host = host
  if not is_served then copas.addserver(server, function() end) end
  is_served = true
  return true
end

function loop.park(ticket, host)
  ticket.thread = running()
  if not ticket.thread then return host.block(ticket) end
  while not host.is_over(ticket) and host.now() < ticket.deadline do pause(ticket.deadline - host.now()) end
  return true
end

function loop.wake(ticket)
  if ticket.thread then wake(ticket.thread) end
end

function loop.sleep(seconds, host)
  if running() then pause(seconds) else host.pump(0) end
end

function loop.detach() apify_host = nil end

apify.use(loop)

-- Wait for sockets until the next time of a thread or a fiber, and let all go on that can.
local function step()
  local at = apify_host and apify_host.next_time() or math.huge
  for _, time in pairs(paused) do at = math.min(at, time) end
  copas.step(at < math.huge and math.max(0, at - core.now()) or nil)
  if apify_host then apify_host.run() end
  resume_due()
end

local host = { name = "copas" }
local is_over

--- The host's own timer: calls `fn` each 5 ms until the returned function is called.
function host.ticker(fn)
  local is_stopped = false
  go(function()
    while not is_stopped do
      pause(0.005)
      if not is_stopped then fn() end
    end
  end)
  return function() is_stopped = true end
end

--- Call `begin`, and run the loop, which does not end by itself.
function host.loop(begin)
  is_over = false
  begin()
  while not is_over do step() end
end

--- End the loop.
function host.leave() is_over = true end

local threads = {}

--- The results of fn(1), ..., fn(count), each called in a thread of its own.
function threads.side_by_side(count, fn)
  local results, open, caller = {}, count, running()
  for i = 1, count do
    go(function()
      results[i] = fn(i)
      open = open - 1
      wake(caller)
    end)
  end
  while open > 0 do pause(math.huge) end
  return results
end

--- Call `fn` in a thread.
function threads.enter(fn)
  host.loop(function() go(fn) end)
end

if os.getenv "UNIT" == "thread" then
  for name, fn in pairs(threads) do host[name] = fn end
end

play(host, {})
