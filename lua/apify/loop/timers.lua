--- When those who wait in fibers are to go on at the latest.
---
--- A task that waits again and again, each time until later, keeps the timer that it has: when that is due, it is put off to where the task
--- is by then. So a timer may be early, and most waits need none of their own. An error may come at any moment, such as Ctrl-C's, and so may
--- a finalizer that waits: what is in the queue twice is no harm, and a task is said to have a timer only while it is there.
local heap = require "apify.util.heap"

local timers = {}

local MIN_TIMERS = 256                   -- timers below which those of waits that are over may stay where they are

local queue, limit = heap.new(), MIN_TIMERS
local begun = 0                          -- waits, so far

--- Until when the task waits; nil where it does not, waits for ever, or is not resumed by the scheduler.
local function deadline_of(task)
  local ticket = task.ticket
  if ticket and not ticket.adapter and ticket.deadline < math.huge then return ticket.deadline end
end

--- Have a timer for a task that has begun to wait, one of all these.
---@param task apify.Task
---@param tasks table<thread, apify.Task>
function timers.set(task, tasks)
  begun = begun + 1
  local deadline = deadline_of(task)
  if not deadline or task.timer and task.timer <= deadline then return end
  if queue:size() >= limit then return timers.sweep(tasks) end
  queue:push(deadline, task)
  task.timer = deadline
end

--- All tasks, and a queue of those who wait.
local function gather(tasks)
  local all, kept = {}, heap.new()
  for _, task in pairs(tasks) do all[#all + 1] = task end          -- apart: a finalizer that begins a task while this goes on would be its end
  for _, task in ipairs(all) do
    local deadline = deadline_of(task)
    if deadline then kept:push(deadline, task) end
  end
  return all, kept
end

--- Begin anew, with one timer for each of those who wait.
---@param tasks table<thread, apify.Task>
function timers.sweep(tasks)
  local before
  repeat
    before = begun
    local all, kept = gather(tasks)
    for _, task in ipairs(all) do task.timer = nil end
    queue, limit = kept, math.max(MIN_TIMERS, 2 * kept:size())
    for _, task in ipairs(all) do task.timer = deadline_of(task) end
  until before == begun                                             -- else a finalizer has waited meanwhile
end

--- Remove the first timer, which is the task's at this time, unless a finalizer has done so.
local function drop(key, task)
  if task.timer == key then task.timer = nil end
  local first_key, first = queue:peek()
  if first == task and first_key == key then queue:pop() end
end

--- When the first timer is due; infinity when nobody waits for a time.
---@return number
function timers.next_time()
  while true do
    local key, task = queue:peek()
    if not key then return math.huge end
    if deadline_of(task) then return key end
    drop(key, task)
  end
end

--- Call the function with each task whose time has come.
---@param now number
---@param go_on fun(task: apify.Task)
function timers.run(now, go_on)
  while true do
    local key, task = queue:peek()
    if not key or key > now then return end
    local deadline = deadline_of(task)
    if deadline and deadline <= now then go_on(task) end
    if deadline and deadline > now then
      queue:push(deadline, task)
      task.timer = deadline
    end
    drop(key, task)
  end
end

return timers
