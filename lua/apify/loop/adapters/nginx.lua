--- The adapter to nginx (OpenResty). Each wait parks its light thread on a semaphore; fibers are light threads.
---
--- A timer, the driver, lives as long as something is in flight in this worker and drives the core. nginx cannot watch the core's descriptor,
--- so the driver looks again and again: each millisecond at first, and more and more rarely the longer nothing has happened. An answer is
--- seen late by the square of its seconds / 10 at most: 1 ms where it took up to 0.1 s, 4 ms after 0.2 s, and never by more than 0.3 s.
local semaphore = require "ngx.semaphore"

local core = require "apify.core"
local nginx_request = require "apify.loop.adapters.nginx_request"

local SHORTEST_WAIT = 0.001               -- seconds; a shorter one would not be a wait for nginx
local LONGEST_WAIT = 86400
local LONGEST_SLEEP = 0.3                 -- of the driver
local SLEEP_GROWTH = 0.1                  -- its sleep is this by the square of the seconds in which nothing has happened
local POLL_SECS = 0.01                    -- between looks of one who waits although no driver could be started
local SWEEP_SECS = 1                      -- between looks for threads that were killed
local CALL_SECS = 1                       -- between calls for a driver that does not come
local IDLE_SECS = 1                       -- how long something may be in flight that nobody waits for, before the driver leaves it alone
local LINGER_SECS = 0.1                   -- how long the driver stays without work: calls one after the other have one driver
local MAX_DELAYS = 2                      -- rounds: they may be long because of others, whom a later one does not help

---@type apify.Loop
local nginx = { name = "nginx" }

local parked = {}                         -- ticket -> true, of all requests
local is_driven = false                   -- is the driver at work?
local alarm = assert(semaphore.new(0))    -- on which the driver sleeps
local is_asleep = false                   -- does it?
local called_at = -math.huge              -- when it was called last: nginx may be out of timers, and forget it
local swept_at = 0
local wanted_at = 0                       -- when the driver last knew of somebody who waits

--- In init_by_lua nothing is served yet: blocking is right there.
function nginx.usable()
  return ngx.get_phase() ~= "init"
end

function nginx.check()
  if nginx_request.can_wait() then return true end
  return nil, ("nothing can wait in nginx's %s phase: use ngx.timer.at(0, fn) there"):format(ngx.get_phase()), "context"
end

nginx.who, nginx.current, nginx.start = nginx_request.who, nginx_request.fiber, nginx_request.start

--- Something was begun: the driver looks at once.
local function rouse()
  if not is_asleep then return end
  is_asleep = false
  alarm:post(1)
end

function nginx.on_submit(transfer)
  rouse()
  local r = nginx_request.record()
  if r then r.transfers[transfer] = true end
end

--- Nobody will ask for this wait's end: its thread was killed. Forget it, and abort what it waited for.
local function abandon(ticket, host)
  local r = ticket.request
  for transfer in pairs(r.transfers) do
    local owner = transfer:owner()
    if owner and owner.waiter == ticket.waiter then transfer:abort() end
  end
  parked[ticket], r.tickets[ticket] = nil, nil
  local fiber = ticket.inside
  host.leave(ticket)
  nginx_request.bury(fiber, host)
end

--- Was the thread killed that has this ticket, as nginx does when a client has gone? Then nobody waits on its semaphore; nor does
--- somebody who is just about to be resumed, but not for long.
local function is_forsaken(ticket, host)
  if (ticket.pause or ticket.sema):count() < 0 then return false end
  local is_certain = ticket.is_suspect or not host.is_over(ticket)
  ticket.is_suspect = true
  return is_certain
end

local function sweep(host)
  swept_at = host.now()
  for ticket in pairs(parked) do
    if is_forsaken(ticket, host) then abandon(ticket, host) end
  end
end

--- Abort whatever the running request has begun and not finished. For the log phase. An iterator that another request goes on with
--- sees a lost connection, and asks again.
function nginx.cleanup(host)
  local r = nginx_request.last_record()
  if not r then return end
  for ticket in pairs(r.tickets) do abandon(ticket, host) end
  for _, thread in pairs(r.threads) do nginx_request.bury(thread, host) end
  for transfer in pairs(r.transfers) do transfer:abort() end
end

--- Is there work for the driver? What is in flight without anybody who waits, such as an iterator that was left in the middle, is none:
--- it would keep the worker from ending.
local function is_needed(host)
  if host.is_idle() then return false end
  local is_wanted = next(parked) ~= nil
  if is_wanted then wanted_at = host.now() end
  return host.now() - wanted_at < IDLE_SECS and (is_wanted or not ngx.worker.exiting())
end

--- How long the driver sleeps if it was at `moved_at` that something was begun, or that bytes came or went.
local function sleep_secs(host, moved_at)
  if not is_needed(host) then return ngx.worker.exiting() and SHORTEST_WAIT or LINGER_SECS end       -- those who were woken may begin something
  return math.max(SHORTEST_WAIT, math.min(SLEEP_GROWTH * (host.now() - moved_at) ^ 2, LONGEST_SLEEP))
end

--- Drive the core until there has been nothing to do for a while.
local function drive(host)
  wanted_at = host.now()
  local moved_at = wanted_at
  repeat
    local count, has_moved = host.pump(0)
    if count and has_moved then moved_at = host.now() end
    if host.now() - swept_at >= SWEEP_SECS then sweep(host) end
    is_asleep = true
    if alarm:wait(sleep_secs(host, moved_at)) then moved_at = host.now() end
    is_asleep = false
  until not is_needed(host)
end

--- The driver also works on while nginx shuts down, so that nothing in flight is lost.
local function driver(_, host)
  if is_driven then return end
  is_driven, called_at = true, -math.huge
  local ok, err = pcall(drive, host)
  is_driven, is_asleep = false, false
  if not ok then
    called_at = host.now()                                -- not again at once
    ngx.log(ngx.ERR, "apify: ", tostring(err))
    for ticket in pairs(parked) do ticket.sema:post(1) end  -- they look for themselves
  end
  if next(parked) then nginx.attach(host) end
end

--- Call the driver. Until it comes, those who wait look for themselves.
function nginx.attach(host)
  if is_driven or host.is_idle() or not host.is_wanted() or host.now() - called_at < CALL_SECS then return true end
  called_at = host.now()
  ngx.timer.at(0, driver, host)
  return true
end

function nginx.detach() end

--- Wait on the ticket's semaphore. true, or nil and why that is impossible.
local function wait(ticket, host)
  while not host.is_over(ticket) do
    local left = ticket.deadline - host.now()
    if left <= 0 then break end
    local is_alone = not is_driven and not host.is_idle()
    local ok, reason = ticket.sema:wait(math.max(SHORTEST_WAIT, math.min(left, is_alone and POLL_SECS or LONGEST_WAIT)))
    if not ok and reason ~= "timeout" then return nil, reason end
    if is_alone then host.pump(0) end
  end
  return true
end

--- How long nginx has not looked at its sockets and timers.
function nginx.round_secs()
  return core.time() - ngx.now()
end

--- Where many are resumed in one round of nginx's loop, the last ones wait for the next, so that other requests are served in between.
---@param pause fun() lasts until the next round
local function delay(host, pause)
  for _ = 1, MAX_DELAYS do
    if nginx.round_secs() < host.slice_secs then return end
    pause()
  end
end

--- The same for the ticket's thread: on a semaphore, as it must be seen that somebody waits.
local function delay_ticket(ticket, host)
  delay(host, function()
    ticket.pause = ticket.pause or assert(semaphore.new(0))
    ticket.pause:wait(SHORTEST_WAIT)
  end)
end

function nginx.park(ticket, host)
  local r = nginx_request.record()
  ticket.sema, ticket.request = assert(semaphore.new(0)), r
  parked[ticket], r.tickets[ticket] = true, true
  if not host.is_idle() then host.pump(0) end              -- what was begun is sent at once
  rouse()
  local ok, reason = wait(ticket, host)
  if ok then delay_ticket(ticket, host) end
  parked[ticket], r.tickets[ticket] = nil, nil
  return ok, reason
end

function nginx.wake(ticket)
  ticket.sema:post(1)
end

function nginx.report(text)
  ngx.log(ngx.ERR, text)
end

function nginx.sleep(seconds, host)
  if not nginx_request.can_wait() then return end
  ngx.sleep(math.max(seconds, SHORTEST_WAIT))
  delay(host, function() ngx.sleep(SHORTEST_WAIT) end)
end

return nginx
