--- Fibers: managed coroutines, their timers, and who goes on next. Knows no socket and no clock of its own;
--- an adapter drives it by calling `run` and by sleeping no longer than `next_time` allows.
---
--- An error may come at any moment, such as Ctrl-C's. Who stays anywhere is in a set rather than counted, `leave` may be called again, and
--- `recover` finds those who would have been resumed.
local core = require "apify.core"
local timers = require "apify.loop.timers"

local unpack = table.unpack or unpack

local scheduler = {
  SLICE_SECS = 0.008,                    -- that one may go on, and fibers in a row, before others do
}

local MAX_DEPTH = 32                     -- fibers resumed inside each other; Lua 5.4 has room for about a hundred

--- A place to wait at. `wake` wakes whoever waits here, or else the next who comes.
---@class apify.Waiter
---@field is_awake boolean
---@field queue? table[] what woke it, where somebody wants to know
---@field private first? apify.Ticket those who wait here

--- One stay at a waiter.
---@class apify.Ticket
---@field is_awake boolean
---@field deadline number
---@field waiter? apify.Waiter nil once it is over
---@field inside? apify.Task the task in which the one who waits runs
---@field private adapter? apify.Loop whose `wake` hears of it; nil for a task that is resumed from here
---@field private next? apify.Ticket
---@field private outer? apify.Ticket of the same task: it was about to wait there when a finalizer came that waits

---@class apify.Task
---@field co? thread nil once its function has ended
---@field is_cancelled boolean
---@field private args? table what it is to be resumed with
---@field private is_lent? boolean it is in a function of its host, which will `continue` it
---@field private place integer|false in the queue of those that can go on; false once it was resumed
---@field private message any the error that ended its function, or false
---@field private ticket? apify.Ticket where it waits
---@field private timer? number the time of its timer, see timers.lua

local PARK = {}                          -- what a managed coroutine yields: nobody else can, by accident

--- As long as no fiber that was cancelled is still there, nobody has to ask whether his own is.
scheduler.cancelled = { count = 0 }
local counted = {}                       -- those: a set

local tasks = {}                         -- managed coroutine -> task; anchors what is parked
local ready, ready_first, ready_last = {}, 1, 0
local innermost                          -- the task that was resumed last on this stack
local depth = 0                          -- tasks on this stack
local stays, fiber_stays = {}, {}        -- sets of tickets: all, and those of tasks that are resumed from here
local is_hurt = false                    -- an error has come, and `recover` has not seen to all yet
local on_ready = function() end          -- called when there is somebody to resume, or a timer less
local on_yield = {}                      -- what a host's own functions yield first -> who takes care of it

--- Can a task be resumed here, or is the stack too deep?
---@return boolean
function scheduler.can_resume() return depth < MAX_DEPTH end

---@return apify.Waiter
function scheduler.waiter()
  return { is_awake = false }
end

--- `fn` is called whenever somebody wants to be resumed and nobody did before, and when a timer was called off.
---@param fn fun()
function scheduler.set_on_ready(fn) on_ready = fn end

--- When a task yields `mark` first, which a function of its host does, `fn(task, ...)` gets the rest and has to `continue` the task.
---@param mark any
---@param fn fun(task: apify.Task, ...)
function scheduler.set_on_yield(mark, fn) on_yield[mark] = fn end

--- Interrupted anywhere, it leaves a gap in the queue at most, and may be called again.
local function enqueue(task)
  local place = task.place
  if place and ready[place] == task then return end
  ready_last = ready_last + 1
  task.place = ready_last
  ready[ready_last] = task
  if ready_first == ready_last then on_ready() end
end

local function dequeue()
  local task = ready[ready_first]
  ready[ready_first] = nil
  ready_first = ready_first + 1
  if ready_first > ready_last then ready_first, ready_last = 1, 0 end
  return task
end

--- The task in which the caller runs, or nil outside of all. It can be parked only if the caller runs in its very
--- coroutine, not in one that the task drives itself, nor below a C function that nothing yields across.
---@return apify.Task? task
---@return boolean can_park
function scheduler.current()
  local co, is_main = coroutine.running()
  if not co or is_main then
    innermost, depth = nil, 0                                     -- also after an error that came from outside, such as Ctrl-C
    return nil, false
  end
  local task = tasks[co]
  if not task then return innermost, false end
  local is_yieldable = coroutine.isyieldable                      -- nginx's own coroutines lack it
  return task, not is_yieldable or is_yieldable()
end

--- The task's function has ended.
---@param task apify.Task
function scheduler.note_end(task)
  if not counted[task] then return end
  counted[task] = nil
  scheduler.cancelled.count = scheduler.cancelled.count - 1
end

--- The task's function has ended: let go of its stack, so that nothing on it is kept alive, and of its closing values.
local function bury(task, ok, message)
  local co = task.co
  if not ok then
    task.message = message                                        -- first: what follows may fail
    task.on_crash(co, message)
    if coroutine.close then coroutine.close(co) end               -- 5.4: an error leaves them open
  end
  scheduler.note_end(task)
  tasks[co] = nil
  task.co, task.on_crash, task.message = nil, nil, nil            -- its timer may stay for long: it keeps nothing alive
end

--- The task has yielded or ended: what coroutine.resume returned.
local function settle(task, ok, mark, ...)
  task.args = nil
  if coroutine.status(task.co) == "dead" then return bury(task, ok, mark) end
  if mark == PARK then return end
  local take = mark ~= nil and on_yield[mark]
  if take then
    task.is_lent = true
    return take(task, ...)
  end
  enqueue(task)                                                   -- it yielded on its own account: it goes on in the next round
end

local function leave_stack(outer, outer_depth, ...)
  innermost, depth = outer, outer_depth
  return ...
end

local NONE = { n = 0 }

local function resume(task)
  local outer, outer_depth, co, args = innermost, depth, task.co, task.args or NONE
  task.place = false
  if not co or coroutine.status(co) ~= "suspended" then return end   -- over, or further down on this very stack
  innermost, depth = task, depth + 1
  settle(task, leave_stack(outer, outer_depth, coroutine.resume(co, unpack(args, 1, args.n))))
end

--- Resume the task in the next round: the host's function returns these values there.
---@param task apify.Task
function scheduler.continue(task, ...)
  task.args = { n = select("#", ...), ... }
  task.is_lent = nil
  enqueue(task)
end

--- Resume the task at the head of the queue, if it still wants that.
local function resume_next()
  local task = dequeue()
  if task and task.place then resume(task) end
end

--- Start `fn(...)` in a coroutine that may be parked: at once, or where that would be too deep, in the next round.
--- `on_crash(co, message)` hears of an error that leaves it.
---@return apify.Task
function scheduler.start(fn, on_crash, ...)
  local task = {
    co = coroutine.create(fn), is_cancelled = false, on_crash = on_crash, place = false, message = false, args = { n = select("#", ...), ... },
  }
  tasks[task.co] = task
  if scheduler.can_resume() then resume(task) else enqueue(task) end
  return task
end

--- End every wait of the task, now and later. One that is parked goes on at once, or in the next round.
---@param task apify.Task
---@param is_later? boolean
function scheduler.cancel(task, is_later)
  if not task.is_cancelled then
    scheduler.cancelled.count = scheduler.cancelled.count + 1      -- first: too many of them is no harm
    core.stop_taps()
    counted[task] = true
    task.is_cancelled = true
  end
  local ticket = task.ticket
  if not ticket then return end
  if ticket.adapter then return ticket.adapter.wake(ticket) end
  if is_later or not scheduler.can_resume() then return enqueue(task) end
  resume(task)
  on_ready()                                                      -- its timer is not waited for any more
end

--- Wake those who wait there; if nobody does, the next one does not have to wait.
---@param waiter apify.Waiter
function scheduler.wake(waiter)
  waiter.is_awake = true
  local ticket = waiter.first
  while ticket do
    if not ticket.adapter then enqueue(ticket.inside) end         -- first, as it may fail
    ticket.is_awake = true
    if ticket.adapter then ticket.adapter.wake(ticket) end
    ticket = ticket.next
  end
end

--- A ticket for a wait that is about to begin. Without `adapter` it is the task that is to be resumed.
---@param waiter apify.Waiter
---@param deadline number
---@param task? apify.Task in which the caller runs
---@param adapter? apify.Loop whose `wake` ends the wait
---@return apify.Ticket
function scheduler.ticket(waiter, deadline, task, adapter)
  return { is_awake = false, deadline = deadline, waiter = waiter, inside = task, adapter = adapter }
end

--- Begin to wait.
---@param ticket apify.Ticket
---@return apify.Ticket
function scheduler.enter(ticket)
  local waiter, task, adapter = ticket.waiter, ticket.inside, ticket.adapter
  stays[ticket] = true
  if not adapter then fiber_stays[ticket] = true end
  if task then ticket.outer, task.ticket = task.ticket, ticket end
  ticket.is_awake = waiter.is_awake
  ticket.next = waiter.first
  waiter.first = ticket
  if not adapter and not ticket.is_awake then timers.set(task, tasks) end
  return ticket
end

--- Take the ticket out of those at its waiter.
local function unlink(waiter, ticket)
  if waiter.first == ticket then
    waiter.first = ticket.next
    return
  end
  local before = waiter.first
  while before and before.next ~= ticket do before = before.next end
  if before then before.next = ticket.next end
end

--- End the wait. Was it woken? Safe to call twice, and for a wait whose beginning was interrupted.
---@param ticket apify.Ticket
---@return boolean
function scheduler.leave(ticket)
  local waiter, task = ticket.waiter, ticket.inside
  if not waiter then return ticket.is_awake end                   -- somebody has given it up
  unlink(waiter, ticket)
  if ticket.is_awake then waiter.is_awake = false end
  if task and not ticket.adapter then task.place = false end          -- it goes on already, whatever else has woken it
  local outer = ticket.outer
  if task and task.ticket == ticket then task.ticket = outer and outer.waiter and outer or nil end
  stays[ticket], fiber_stays[ticket] = nil, nil
  ticket.waiter = nil
  if outer then timers.set(task, tasks) end
  return ticket.is_awake
end

--- Was the ticket woken, or its task cancelled? (Its time may be over as well.)
---@param ticket apify.Ticket
---@return boolean
function scheduler.is_over(ticket)
  local task = ticket.inside
  return ticket.is_awake or (task ~= nil and task.is_cancelled)
end

--- Does anybody wait at this place?
---@param waiter apify.Waiter
---@return boolean
function scheduler.is_waited_at(waiter) return waiter.first ~= nil end

--- Does anybody wait, here or by means of the host?
---@return boolean
function scheduler.is_waited_for()
  if next(stays) ~= nil then return true end
  stays = {}                                                      -- one that many have left is slow to look through
  return false
end

--- Does a task wait that is resumed from here?
---@return boolean
function scheduler.has_waiting_tasks()
  if next(fiber_stays) ~= nil then return true end
  fiber_stays = {}
  return false
end

--- Park the running task until its ticket is woken, its time has come or the task is cancelled.
---@param ticket apify.Ticket
function scheduler.park(ticket)
  if not ticket.is_awake then coroutine.yield(PARK) end
end

--- Let the other tasks go on before this one does.
---@param task apify.Task
function scheduler.pass(task)
  enqueue(task)
  coroutine.yield(PARK)
end

--- When the next timer is due; infinity without timers, 0 when somebody can go on at once.
---@return number
function scheduler.next_time()
  return ready_first <= ready_last and 0 or timers.next_time()
end

--- A round: resume whoever can go on, the tasks that are ready now, and those whose time has come; if `clock` is given, for a slice of
--- its time. Those who are left are in the next.
---@param now number
---@param clock? fun(): number
function scheduler.run(now, clock)
  if not scheduler.can_resume() then return end
  if is_hurt then scheduler.recover() end
  timers.run(now, enqueue)
  for _ = ready_first, ready_last do                              -- not those that become ready meanwhile: they are in the next round
    if ready_first > ready_last then return end
    resume_next()
    if clock and clock() - now >= scheduler.SLICE_SECS then return end
  end
end

--- Count anew, after an interrupt, the fibers that were cancelled and are still there.
local function count_cancelled()
  local count = 0
  for task in pairs(counted) do
    if task.is_cancelled then count = count + 1 else counted[task] = nil end
  end
  scheduler.cancelled.count = count
end

--- Would the task, which has not ended, be resumed without being woken? One that is suspended and waits nowhere has let others go on, or
--- was about to be started.
local function can_go_on(task)
  if task.place then return true end
  local ticket = task.ticket
  if ticket then return not ticket.adapter and (ticket.is_awake or task.is_cancelled) end
  return not task.is_lent and coroutine.status(task.co) == "suspended"
end

--- After an error that left `run`, `start`, `cancel` or a wait: see to it that everybody who was to be resumed still is. What may fail
--- comes first; if it does, the next `run` begins with it.
---@param why? any that error
function scheduler.recover(why)
  is_hurt = true
  scheduler.current()                                             -- how deep the stack is now
  local queue, dead = {}, {}
  for co, task in pairs(tasks) do
    if coroutine.status(co) == "dead" then dead[#dead + 1] = task
    elseif can_go_on(task) then queue[#queue + 1] = task
    end
  end
  for _, task in pairs(tasks) do task.place = false end
  for place, task in ipairs(queue) do task.place = place end
  ready, ready_first, ready_last = queue, 1, #queue
  if queue[1] then on_ready() end
  count_cancelled()
  for _, task in ipairs(dead) do bury(task, false, task.message or why or "the fiber was interrupted") end
  timers.sweep(tasks)
  is_hurt = false
end

return scheduler
