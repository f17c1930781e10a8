--- Waiting: whoever waits, for what is under way or for a time, comes here, in a fiber or outside of all, in whatever program this is.
local core = require "apify.core"
local errors = require "apify.util.errors"
local block = require "apify.loop.adapters.block"
local choice = require "apify.loop.choice"
local reactor = require "apify.loop.reactor"
local scheduler = require "apify.loop.scheduler"

local loop = {
  now = core.now,
  SLICE_SECS = scheduler.SLICE_SECS,

  is_hosted = choice.is_hosted,
  cancelled = scheduler.cancelled,
  is_waited_at = scheduler.is_waited_at,
  waiter = scheduler.waiter,
  wake = scheduler.wake,
}

local LOOK_EVERY = 32768                 -- bytes of work between two looks at the clock
local VALUE_COST = 256                   -- what a value costs beside its bytes, in bytes

---@type apify.LoopHost
local host = {
  now = core.now, core = reactor.core, pump = reactor.pump, is_idle = reactor.is_idle, slice_secs = scheduler.SLICE_SECS,
  is_over = scheduler.is_over, leave = scheduler.leave, note_end = scheduler.note_end, continue = scheduler.continue,
  is_wanted = scheduler.is_waited_for, has_fibers = scheduler.has_waiting_tasks, next_time = scheduler.next_time, can_run = scheduler.can_resume,
}

--- What pcall of the scheduler returned. What it raises comes from outside, at any moment.
local function settle(ok, ...)
  if ok then return ... end
  scheduler.recover((...))
  error(..., 0)
end

function host.run() settle(pcall(scheduler.run, core.now(), core.now)) end

function host.block(ticket) return block.park(ticket, host) end

local attached = {}                      -- list, and set, of the adapters that were used

scheduler.set_on_ready(function()
  for i = 1, #attached do attached[i].attach(host) end
end)

--- Let the adapter hear of fibers that can go on, and of what functions of its program yield in them.
local function note(adapter)
  if attached[adapter] then return end
  attached[#attached + 1] = adapter
  attached[adapter] = true
  for mark, take in pairs(adapter.on_yield or {}) do
    scheduler.set_on_yield(mark, function(...) return take(host, ...) end)
  end
end

local function forget(adapter)
  for i = #attached, 1, -1 do
    if attached[i] == adapter then table.remove(attached, i) end
  end
  attached[adapter] = nil
end

--- See to it that the adapter drives what is under way. true, or nil, message, kind.
local function attach(adapter)
  note(adapter)
  return adapter.attach(host)
end

--- The fiber in which the caller runs, and whether it can be parked by the scheduler.
---@return apify.Task? task
---@return boolean can_park
local function current(adapter)
  if adapter.current then return adapter.current(), false end
  return scheduler.current()
end

local MAIN = {}                          -- stands for LuaJIT's main coroutine, which has no value
local in_hook = setmetatable({}, { __mode = "k" })        -- fiber, or thread of the program, whose caller is in a hook -> true
local outside = setmetatable({}, { __mode = "k" })        -- the same of coroutines that are in neither

--- What the caller is known by, and the set in which that is while it is in a hook.
local function who(adapter, task)
  local known = task or adapter.who and adapter.who()
  if known then return known, in_hook end
  return coroutine.running() or MAIN, outside
end

--- Is the caller in a hook, or in a coroutine that a hook has resumed? A hook that has yielded is in nobody's way.
local function is_in_hook(adapter, task)
  local known, set = who(adapter, task)
  if set == in_hook then return set[known] end
  for co in pairs(outside) do
    local status = co == MAIN and "normal" or coroutine.status(co)
    if status == "normal" or status == "running" then return true end
  end
  return false
end

--- nil, the reason, and the kind of error, which a table of one's own may leave out.
local function refuse(reason, kind)
  return nil, reason, errors.is_kind(kind) and kind or "context"
end

--- May this caller wait now? nil, the reason and the kind of error where it may not.
---@return boolean?
---@return string? reason
---@return string? kind
function loop.check()
  local adapter = choice.pick()
  local task, can_park = current(adapter)
  if task and task.is_cancelled then return nil, "the fiber was cancelled", "cancelled" end
  if is_in_hook(adapter, task) then return nil, "an on_attempt hook must not wait", "context" end
  if can_park then return true end
  local ok, reason, kind = adapter.check()
  if not ok then return refuse(reason or "its loop refuses to wait", kind) end
  return true
end

--- Have the adapter drive what is under way, and wait by its means unless the fiber is parked by the scheduler.
local function wait_in(adapter, ticket, can_park)
  local ok, reason, kind = attach(adapter)
  if not ok or can_park then return ok, reason, kind end
  return adapter.park(ticket, host)
end

--- From the beginning of a wait to its end: was it woken? And as `wait_in`.
local function stay(adapter, ticket, can_park)
  scheduler.enter(ticket)
  local ok, reason, kind = wait_in(adapter, ticket, can_park)
  if ok and can_park then scheduler.park(ticket) end
  if not ticket.is_awake and not reactor.is_idle() then reactor.pump(0) end           -- the program may have been late: what has come counts
  local is_awake = scheduler.leave(ticket)
  if not can_park and not scheduler.is_waited_for() then adapter.attach(host) end      -- what is in flight keeps no program alive
  return is_awake, ok, reason, kind
end

--- An error that ends a wait. That of Ctrl-C names the line that it hit, which in a wait is one of ours.
local function as_raised(why)
  return type(why) == "string" and why:match ": (interrupted!)$" or why
end

--- Wait until the waiter is woken, but at most `seconds`.
---@param waiter apify.Waiter
---@param seconds number
---@return "awake"|"time"|"cancelled"|nil how
---@return string? reason why waiting is impossible
---@return string? kind of that error
function loop.park(waiter, seconds)
  local adapter = choice.pick()
  local task, can_park = current(adapter)
  if task and task.is_cancelled then return "cancelled" end
  local ticket = scheduler.ticket(waiter, core.now() + seconds, task, not can_park and adapter or nil)
  local has_returned, is_awake, ok, reason, kind = pcall(stay, adapter, ticket, can_park)
  if not has_returned then                               -- an error that comes from the program ends the wait
    scheduler.leave(ticket)
    scheduler.recover(is_awake)
    error(as_raised(is_awake), 0)
  end
  if task and task.is_cancelled then return "cancelled" end
  if not ok then return refuse(reason or "its loop could not wait", kind) end
  return is_awake and "awake" or "time"
end

--- The fields of the error that ended such a wait; nil if none did.
---@param how? "awake"|"time"|"cancelled"
---@param reason? string
---@param kind? string
---@return { kind: string, message: string }?
function loop.why_ended(how, reason, kind)
  if how == "cancelled" then return { kind = "cancelled", message = "the fiber was cancelled" } end
  return how == nil and { kind = kind, message = reason } or nil
end

--- Let others go on, without waiting: fibers, the sockets, the program. Tells whether the caller's fiber was cancelled meanwhile.
---@return "cancelled"?
function loop.yield()
  local adapter = choice.pick()
  local task, can_park = current(adapter)
  if not is_in_hook(adapter, task) then
    attach(adapter)
    if can_park then scheduler.pass(task) else adapter.sleep(0, host) end
  end
  return task and task.is_cancelled and "cancelled" or nil
end

--- End every wait of the fiber, now and later.
---@param task apify.Task
function loop.cancel_task(task)
  local adapter = choice.pick()
  settle(pcall(scheduler.cancel, task, adapter.is_fast and adapter.is_fast()))
end

--- Has the caller gone on for so long since then, or the program with all of its callers, that others are to go on?
---@param since number
---@return boolean
function loop.is_slice_over(since)
  if core.now() - since >= loop.SLICE_SECS then return true end
  local round_secs = choice.pick().round_secs
  return round_secs ~= nil and round_secs() >= loop.SLICE_SECS
end

--- A function to be called again and again by who has much to do: it lets others go on when its slice is over, and
--- tells, like `yield`, whether the caller's fiber was cancelled.
---@return fun(): "cancelled"?
function loop.yielder()
  local began_at = core.now()
  return function()
    if not loop.is_slice_over(began_at) then return end
    local how = loop.yield()
    began_at = core.now()
    return how
  end
end

--- A function to be called with the size of each value that was worked on: now and then it lets others go on.
---@return fun(size: integer)
function loop.work_yielder()
  local spent, yield = 0, loop.yielder()
  return function(size)
    spent = spent + size + VALUE_COST
    if spent < LOOK_EVERY then return end
    spent = 0
    yield()
  end
end

--- Start `fn(...)` in a fiber. `on_crash(co, message)` hears of an error that leaves it.
---@return apify.Task
function loop.start_task(fn, on_crash, ...)
  local adapter = choice.pick()
  note(adapter)
  if not adapter.start then return settle(pcall(scheduler.start, fn, on_crash, ...)) end
  local ok, reason = adapter.check()
  if not ok then errors.misuse("spawn: %s", reason) end
  return adapter.start(host, fn, on_crash, ...)
end

--- Name the adapter that waits, or give one; nil: the program in which a call is made is recognised again.
---@param adapter? string|apify.Loop
function loop.use(adapter)
  local before, now = choice.use(adapter)
  local is_in_use = scheduler.is_waited_for() or scheduler.next_time() == 0
  if not before or before == now or is_in_use then return end
  before.detach(host)
  forget(before)
end

--- Tell the program's user of an error that nobody else hears of.
---@param text string
function loop.report(text)
  local tell = choice.pick().report
  if tell then tell(text) else io.stderr:write(text, "\n") end
end

--- Call `fn` after so many seconds, if the program is one that can.
---@param seconds number
---@param fn fun()
function loop.later(seconds, fn)
  local later = choice.pick().later
  if later then later(seconds, fn) end
end

--- Abort what the running nginx request has under way.
function loop.cleanup()
  local adapter = choice.pick()
  if adapter.cleanup then adapter.cleanup(host) end
end

local function call_inside(set, caller, before, fn, ...)
  set[caller] = true
  fn(...)
  set[caller] = before
end

--- Call a user's hook, inside which nothing can wait.
function loop.call_hook(fn, ...)
  local adapter = choice.pick()
  local caller, set = who(adapter, (current(adapter)))
  local before = set[caller]
  local ok, err = pcall(call_inside, set, caller, before, fn, ...)
  if ok then return end
  set[caller] = before
  error(err, 0)
end

--- Does the caller run in a fiber that was cancelled?
---@return boolean
function loop.is_cancelled()
  if scheduler.cancelled.count == 0 then return false end
  local task = loop.current_task()
  return task ~= nil and task.is_cancelled
end

--- The task in which the caller runs, if any.
---@return apify.Task?
function loop.current_task()
  return (current(choice.pick()))
end

return loop
