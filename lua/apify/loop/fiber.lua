--- Functions that run side by side in one thread: spawn, all, map, sleep.
local errors = require "apify.util.errors"
local input = require "apify.util.input"
local names = require "apify.util.names"
local options = require "apify.util.options"
local loop = require "apify.loop"

local unpack = table.unpack or unpack
local function pack(...) return { n = select("#", ...), ... } end

local fiber = {}

---@class apify.Fiber
---@field private results? table what the function returned
---@field private crash? { message: any, traceback: string, is_heard: boolean } the error that left it
local Fiber = names.guard({}, "apify.Fiber", { crash = true, guard = true, results = true, task = true })
local fiber_mt = { __index = Fiber, __name = "apify.Fiber" }

local function check_secs(secs, where)
  if type(secs) ~= "number" or secs ~= secs or secs < 0 then
    errors.misuse("bad argument 1 of %s: %s (expected seconds)", where, errors.show(secs))
  end
end

--- Why the caller cannot wait now, or nil.
local function refusal()
  local ok, reason, kind = loop.check()
  if not ok then return errors.new { kind = kind, message = reason } end
end

--- Wait until the waiter is woken or `seconds` are over. nil, or the error that ends the wait.
local function park(waiter, seconds)
  local fields = loop.why_ended(loop.park(waiter, seconds))
  return fields and errors.new(fields)
end

--- Call `fn` when the returned value is collected.
local function on_collect(fn)
  if newproxy then                                      -- 5.1: tables have no __gc there
    local proxy = newproxy(true)
    getmetatable(proxy).__gc = fn
    return proxy
  end
  return setmetatable({}, { __gc = fn })
end

local PATIENCE = 1                                      -- seconds in which somebody may begin to wait for a fiber that an error has ended

local under_way = {}                                    -- spawned fibers that nobody has waited for and nobody has cancelled -> true

--- To be called when the program ends, where Lua hears of it. It counts by a loop of its own: one that LuaJIT 2.1 has compiled for keys of
--- another type, as that of `tables.keys`, never ends while the state is being closed.
local function tell_of_those_left()
  local count = 0
  for _ in pairs(under_way) do count = count + 1 end
  if count == 0 then return end
  local words = count == 1 and "a fiber was" or count .. " fibers were"
  loop.report(("apify: the program has ended while %s under way; fiber:wait() waits for a fiber's end"):format(words))
end

local teller                                            -- of those that would tell, the one that does

--- The fiber has just begun. A host that is an editor or a server ends whenever it likes.
local function note_begin(self)
  if self.is_over or loop.is_hosted() then return end
  if not teller then
    local me = {}
    local at_end = on_collect(function()
      if teller == me then tell_of_those_left() end
    end)
    setmetatable(under_way, { __mode = "k", at_end = at_end })
    teller = me                                         -- last: what an interrupt leaves behind says nothing
  end
  under_way[self] = true
end

local function report(crash)
  local is_shown, text = pcall(tostring, crash.message)
  loop.report(("apify: error in a fiber that nobody waited for: %s\n%s"):format(is_shown and errors.escape(text) or "?", crash.traceback))
end

--- Remember the error that ended the fiber. If nobody has heard of it when the fiber is forgotten, it is reported; in an editor soon, as there
--- it may take hours until garbage is collected, and who keeps a fiber in order to cancel it would never hear.
local function note_crash(self, co, message)
  local is_cancel = self.task and self.task.is_cancelled and errors.is(message) and message.kind == "cancelled"
  local crash = { message = message, traceback = debug.traceback(co), is_heard = is_cancel or false }
  self.crash = crash
  local function tell()
    if not crash.is_heard then report(crash) end
    crash.is_heard = true
  end
  self.guard = on_collect(tell)
  if not is_cancel then loop.later(PATIENCE, tell) end
end

local function end_with(self)
  self.is_over, under_way[self] = true, nil
  for waiter in pairs(self.waiters) do loop.wake(waiter) end
end

--- A fiber that runs `fn(...)`. `on_crash(self, co, message)` hears of the error that ends it.
local function start(fn, on_crash, ...)
  local self = setmetatable({ waiters = {}, is_over = false }, fiber_mt)
  self.task = loop.start_task(function(...)
    self.results = pack(fn(...))
    end_with(self)
  end, function(co, message)
    if not self.is_over then on_crash(self, co, message) end
    end_with(self)                                       -- also when an interrupt came between its end and the telling
  end, ...)
  return self
end

--- Start `fn(...)` at once; it runs until it waits for the first time, and goes on whenever something waits.
---@param fn function
---@return apify.Fiber
function fiber.spawn(fn, ...)
  if type(fn) ~= "function" then errors.misuse("bad argument 1 of spawn: %s (expected a function)", errors.show(fn)) end
  local self = start(fn, note_crash, ...)
  note_begin(self)
  return self
end

--- Wait for the fiber's end: its results; its error is raised again. nil and an error of kind "timeout" when `secs` are over before.
---@param secs? number
---@return any ...
function Fiber:wait(secs)
  errors.check_self(self, fiber_mt, "fiber:wait")
  if secs ~= nil then check_secs(secs, "fiber:wait") end
  if self.task and self.task == loop.current_task() then errors.misuse "fiber:wait: a fiber cannot wait for its own end" end
  under_way[self] = nil
  local ends_at = loop.now() + (secs or math.huge)
  local waiter = loop.waiter()
  while not self.is_over do
    self.waiters[waiter] = true
    local err = refusal() or park(waiter, math.max(0, ends_at - loop.now()))
    self.waiters[waiter] = nil
    if err then return nil, err end
    if not self.is_over and loop.now() >= ends_at then
      return nil, errors.new { kind = "timeout", message = ("the fiber has not ended within %g s"):format(secs) }
    end
  end
  local crash = self.crash
  if not crash then return unpack(self.results, 1, self.results.n) end
  crash.is_heard = true
  error(crash.message, 0)
end

--- End every wait in the fiber, now and later, and every step of an iterator, with an error of kind "cancelled". What it waits for is
--- aborted at once.
function Fiber:cancel()
  errors.check_self(self, fiber_mt, "fiber:cancel")
  under_way[self] = nil
  if not self.is_over then loop.cancel_task(self.task) end
end

--- Has its function ended?
---@return boolean
function Fiber:is_done()
  errors.check_self(self, fiber_mt, "fiber:is_done")
  return self.is_over
end

fiber_mt.__close = Fiber.cancel

function fiber_mt.__tostring(self)
  return "apify.Fiber: " .. (not self.is_over and "running" or self.crash and "failed" or "done")
end

--- Let `secs` seconds pass; other fibers go on meanwhile.
---@param secs number
---@return true? ok
---@return apify.Error? err kind "cancelled" when the fiber was cancelled
function fiber.sleep(secs)
  check_secs(secs, "sleep")
  local waiter, ends_at = loop.waiter(), loop.now() + secs
  repeat
    local err = refusal() or park(waiter, math.max(0, ends_at - loop.now()))
    if err then return nil, err end
  until loop.now() >= ends_at
  return true
end

--- The jobs of one `all` or `map`, and the feeder that starts them as long as there is room: all of them fibers.
---@class apify.Jobs
---@field results any[]
---@field running table<integer, apify.Fiber|true> by index
---@field open integer how many are running
---@field started integer jobs so far
---@field errors? table<integer, any> by index, where all are to run whatever happens
---@field failure? { message: any, index?: integer, is_crash: boolean } the first
---@field over apify.Waiter woken by a failure and by the end of all
---@field room apify.Waiter woken by the end of each job
local Jobs = {}
Jobs.__index = Jobs

local FEEDER = 0                                        -- its index

--- Something failed; only the first failure counts, and none of a single job where all are to run.
function Jobs:fail(index, message, is_crash)
  if index == FEEDER then index = self.started + 1 end
  if self.errors and index and not is_crash then
    self.errors[index] = message
    return
  end
  self.failure = self.failure or { message = message, index = index, is_crash = is_crash }
end

--- The fiber of that index has ended with what pcall returned. A raised apify.Error is a failure like a returned one.
function Jobs:settle(index, ok, first, err)
  self.running[index] = nil
  self.open = self.open - 1
  if not ok then self:fail(index, first, not errors.is(first))
  elseif first == nil and err ~= nil then self:fail(index, err, false)
  elseif index ~= FEEDER then self.results[index] = first
  end
  if self.failure or self.open == 0 then loop.wake(self.over) end
  loop.wake(self.room)
end

--- The fiber of that index was interrupted where it was settled.
function Jobs:abandon(index, message)
  self:fail(index, message, true)
  self.running[index] = nil
  self.open = 0
  for _ in pairs(self.running) do self.open = self.open + 1 end
  loop.wake(self.over)
  loop.wake(self.room)
end

--- Start a job in a fiber of its own.
function Jobs:start(index, fn, ...)
  self.open = self.open + 1
  self.running[index] = true
  local made = start(
    function(...) self:settle(index, pcall(fn, ...)) end, function(_, _, message) self:abandon(index, message) end, ...)
  if self.running[index] then self.running[index] = made end
end

--- Start a job for each item that `next_item` gives. nil and an error if that gives one instead.
function Jobs:feed(next_item, fn, max_parallel)
  local function feed(item, ...)
    if item == nil then return false, (...) end
    if self.failure then return false end
    self.started = self.started + 1
    self:start(self.started, fn, item, ...)
    return true
  end
  local yield = loop.yielder()
  while not self.failure do
    local has_begun, why = feed(next_item())
    if not has_begun then return nil, why end
    if yield() then return nil, refusal() end
    while self.open > max_parallel do                   -- the feeder is one of them
      local err = park(self.room, math.huge)
      if err then return nil, err end
    end
  end
end

--- Cancel what is still running.
function Jobs:cancel()
  local fibers, yield = {}, loop.yielder()
  for _, made in pairs(self.running) do
    if made ~= true then fibers[#fibers + 1] = made end
  end
  for _, made in ipairs(fibers) do
    made:cancel()
    yield()
  end
end

--- From the first job to the last, or to a failure.
function Jobs:run(next_item, fn, max_parallel)
  self:start(FEEDER, Jobs.feed, self, next_item, fn, max_parallel)
  while not self.failure and self.open > 0 do
    local err = park(self.over, math.huge)
    if err then self:fail(nil, err, false) end
  end
end

--- Call `fn` with each item, some at a time. The list of first results, and errors by index if all are to run; or nil, err, index.
local function run_jobs(next_item, fn, o)
  local refused = refusal()
  if refused then return nil, refused end
  local jobs = setmetatable({
    results = {}, errors = o.keep_going and {} or nil, running = {}, open = 0, started = 0, over = loop.waiter(), room = loop.waiter(),
  }, Jobs)
  local ok, why = pcall(jobs.run, jobs, next_item, fn, o.max_parallel or math.huge)
  if not ok then jobs:fail(nil, why, true) end           -- an interrupt
  local failure = jobs.failure
  if not failure then return jobs.results, jobs.errors end
  jobs:cancel()
  local err = failure.message
  if failure.is_crash then error(err, 0) end
  if errors.is(err) then err.partial = jobs.results end
  return nil, err, failure.index
end

local check_jobs = options.spec { keep_going = options.boolean, max_parallel = options.integer { min = 1 } }

local function check_list(list, name, expected)
  local what = input.list_fault(list)
  if what then errors.misuse("bad argument 1 of %s: %s (expected %s)", name, what, expected) end
end

--- An iterator over the items of a list.
local function each_of(list)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

---@class apify.JobOptions
---@field max_parallel? integer how many run at a time
---@field keep_going? boolean run all, whichever fail

--- Run functions side by side: the list of their first results; or, when one fails, the others are cancelled: nil, err, index, with the
--- results that came in `err.partial`. With `keep_going` results and errors by index.
---@param fns function[]
---@param o? apify.JobOptions
---@return any[]? results
---@return any err the errors by index, with `keep_going`
---@return integer? index
function fiber.all(fns, o)
  check_list(fns, "all", "a list of functions")
  for i, fn in ipairs(fns) do
    if type(fn) ~= "function" then errors.misuse("bad item %d of all: %s (expected a function)", i, errors.show(fn)) end
  end
  return run_jobs(each_of(fns), function(fn) return fn() end, check_jobs(o, "all"))
end

--- Call `fn` for every item of a list or an iterator, side by side: the list of first results in the order of the items;
--- or, when one fails or the iterator does, the others are cancelled: nil, err, index, as for `all`.
---@param items any[]|fun(): any
---@param fn fun(item: any, ...): any
---@param o? apify.JobOptions
---@return any[]? results
---@return any err the errors by index, with `keep_going`
---@return integer? index
function fiber.map(items, fn, o)
  local is_iterator = input.is_callable(items)
  if not is_iterator then check_list(items, "map", "a list or an iterator") end
  if not input.is_callable(fn) then errors.misuse("bad argument 2 of map: %s (expected a function)", errors.show(fn)) end
  return run_jobs(is_iterator and items or each_of(items), fn, check_jobs(o, "map"))
end

return fiber
