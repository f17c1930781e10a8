--- Fibers: managed coroutines, their timers, and who goes on next. Knows no socket and no clock of its own;
--- a loop drives it by calling `run` and by sleeping no longer than `next_time` allows.
local heap = require "apify.heap"

local scheduler = {}

--- A place to wait at. Whoever has something for it sets `is_awake` through `wake`.
---@class apify.Waiter
---@field is_awake boolean
---@field queue? table[] what woke it, where somebody wants to know
---@field private fiber? table the fiber that is parked here

---@class apify.Task
---@field co thread
---@field is_cancelled boolean
---@field private place? apify.Waiter where it is parked

local PARK = {}                          -- what a managed coroutine yields: nobody else can, by accident

local tasks = {}                         -- managed coroutine -> task; anchors what is parked
local ready, ready_first, ready_last = {}, 1, 0
local timers = heap.new()

local function enqueue(task)
  if task.is_ready then return end
  task.is_ready = true
  ready_last = ready_last + 1
  ready[ready_last] = task
end

local function dequeue()
  if ready_first > ready_last then return nil end
  local task = ready[ready_first]
  ready[ready_first] = nil
  ready_first = ready_first + 1
  if ready_first > ready_last then ready_first, ready_last = 1, 0 end
  task.is_ready = false
  return task
end

--- The task of the coroutine that runs now, or nil: then nobody would resume it after a yield.
function scheduler.current()
  local co = coroutine.running()
  return co and tasks[co]
end

local function resume(task, ...)
  local co = task.co
  if coroutine.status(co) ~= "suspended" then return end        -- it is further down on this very stack
  local ok, mark = coroutine.resume(co, ...)
  if coroutine.status(co) == "dead" then
    tasks[co] = nil
    if not ok then task.on_crash(co, mark) end
  elseif mark ~= PARK then
    -- The function yielded on its own account: give it its turn again, so that it is not lost.
    enqueue(task)
  end
end

--- Start `fn(...)` at once in a coroutine that may be parked. `on_crash(co, message)` hears of an error that leaves it.
---@return apify.Task
function scheduler.start(fn, on_crash, ...)
  local task = { co = coroutine.create(fn), is_cancelled = false, on_crash = on_crash }
  tasks[task.co] = task
  resume(task, ...)
  return task
end

--- Wake every wait of the task, now and later.
function scheduler.cancel(task)
  task.is_cancelled = true
  if task.place then enqueue(task) end
end

---@param waiter apify.Waiter
function scheduler.wake(waiter)
  waiter.is_awake = true
  local task = waiter.task
  if task then enqueue(task) end
end

--- Park the running task until the waiter is woken, `deadline` has come or the task is cancelled.
---@param task apify.Task
---@param waiter apify.Waiter
---@param deadline number
function scheduler.park(task, waiter, deadline)
  waiter.task, task.place = task, waiter
  local ticket
  if deadline < math.huge then
    ticket = { task = task, place = waiter }
    timers:push(deadline, ticket)
  end
  if not (waiter.is_awake or task.is_cancelled) then coroutine.yield(PARK) end
  if ticket then ticket.task = nil end                            -- its time may still come: to nobody
  waiter.task, task.place = nil, nil
end

--- Let the other tasks go on before this one does.
function scheduler.pass(task)
  enqueue(task)
  coroutine.yield(PARK)
end

--- When the next timer is due; infinity without timers, 0 when somebody can go on at once.
function scheduler.next_time()
  if ready_first <= ready_last then return 0 end
  while true do
    local key, ticket = timers:peek()
    if not key then return math.huge end
    if ticket.task then return key end
    timers:pop()                                                  -- of a wait that is over
  end
end

--- Resume whoever can go on: the tasks that are ready now, and those whose time has come.
function scheduler.run(now)
  while true do
    local key, ticket = timers:peek()
    if not key or key > now then break end
    timers:pop()
    if ticket.task then enqueue(ticket.task) end
  end
  for _ = ready_first, ready_last do                              -- not those that become ready meanwhile: they have the next turn
    local task = dequeue()
    if not task then return end
    resume(task)
  end
end

return scheduler
