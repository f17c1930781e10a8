--- Functions that run side by side in one thread: spawn, all, map, sleep.
local errors = require "apify.errors"
local options = require "apify.options"
local transport = require "apify.transport"

local unpack = table.unpack or unpack
local function pack(...) return { n = select("#", ...), ... } end

local fiber = {}

---@class apify.Fiber
---@field private results? table what the function returned
---@field private crash? { message: any, traceback: string } the error that left it
local Fiber = {}
local fiber_mt = { __index = Fiber, __name = "apify.Fiber" }

--- Call `fn` when the returned value is collected.
local function on_collect(fn)
  if newproxy then                                      -- 5.1: tables have no __gc there
    local proxy = newproxy(true)
    getmetatable(proxy).__gc = fn
    return proxy
  end
  return setmetatable({}, { __gc = fn })
end

--- An error that nobody waits for is reported when the fiber is forgotten, once.
local function guard(self)
  local crash = self.crash
  local state = { is_heard = false }
  self.guard_state = state
  self.guard = on_collect(function()
    if state.is_heard then return end
    io.stderr:write("apify: error in a fiber that nobody waited for: ", errors.escape(tostring(crash.message)), "\n", crash.traceback, "\n")
  end)
end

local function end_with(self)
  self.is_over = true
  for waiter in pairs(self.waiters) do transport.wake(waiter) end
end

--- Start `fn(...)` at once; it runs until it waits for the first time, and goes on whenever something waits.
---@param fn function
---@return apify.Fiber
function fiber.spawn(fn, ...)
  if type(fn) ~= "function" then errors.misuse("bad argument 1 of spawn: %s (expected a function)", errors.show(fn)) end
  local self = setmetatable({ waiters = {}, is_over = false }, fiber_mt)
  self.task = transport.start_task(function(...)
    self.results = pack(fn(...))
    end_with(self)
  end, function(co, message)
    self.crash = { message = message, traceback = debug.traceback(co) }
    guard(self)
    end_with(self)
  end, ...)
  return self
end

--- Wait for the fiber's end: its results; its error is raised again. nil and an error when `secs` are over before.
---@param secs? number
---@return any ...
function Fiber:wait(secs)
  if secs ~= nil and (type(secs) ~= "number" or secs ~= secs or secs < 0) then
    errors.misuse("bad argument 1 of fiber:wait: %s (expected seconds)", errors.show(secs))
  end
  local ends_at = transport.now() + (secs or math.huge)
  local waiter = transport.waiter()
  while not self.is_over do
    local ok, reason = transport.check()
    if not ok then return nil, errors.new { kind = "context", message = reason } end
    local left = ends_at - transport.now()
    if left <= 0 then return nil, errors.new { kind = "timeout", message = ("the fiber has not ended within %g s"):format(secs) } end
    self.waiters[waiter] = true
    local how, why = transport.park(waiter, left)
    self.waiters[waiter] = nil
    if how == "cancelled" then return nil, errors.new { kind = "cancelled", message = "the waiting fiber was cancelled" } end
    if how == nil then return nil, errors.new { kind = "context", message = why } end
  end
  if self.crash then
    self.guard_state.is_heard = true
    error(self.crash.message, 0)
  end
  return unpack(self.results, 1, self.results.n)
end

--- End every wait in the fiber, now and later, with an error of kind "cancelled".
function Fiber:cancel()
  if not self.is_over then transport.cancel_task(self.task) end
end

--- Has its function ended?
---@return boolean
function Fiber:is_done()
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
  if type(secs) ~= "number" or secs ~= secs or secs < 0 then
    errors.misuse("bad argument 1 of sleep: %s (expected seconds)", errors.show(secs))
  end
  local ok, reason = transport.check()
  if not ok then return nil, errors.new { kind = "context", message = reason } end
  local waiter, ends_at = transport.waiter(), transport.now() + secs
  local left = secs
  repeat
    local how, why = transport.park(waiter, left)
    if how == "cancelled" then return nil, errors.new { kind = "cancelled", message = "the fiber was cancelled" } end
    if how == nil then return nil, errors.new { kind = "context", message = why } end
    left = ends_at - transport.now()
  until left <= 0
  return true
end

local check_map = options.spec { max_parallel = options.integer { min = 1 } }

--- Give every job that `next_job` yields to `call`, some at a time. The list of first results, or nil, err, index.
local function run_jobs(next_job, call, max_parallel)
  local results, running, count = {}, {}, 0
  local failure, is_drained
  local waiter = transport.waiter()

  local function finish(index, ok, first, err)
    running[index] = nil
    count = count - 1
    if not ok and not errors.is(first) then
      failure = failure or { crash = first, index = index }
    elseif not ok then
      failure = failure or { err = first, index = index }
    elseif first == nil and err ~= nil then
      failure = failure or { err = err, index = index }
    else
      results[index] = first
    end
    transport.wake(waiter)
  end

  local function start(index, ...)
    count = count + 1
    local job = pack(...)
    running[index] = true
    local made = fiber.spawn(function()
      finish(index, pcall(call, unpack(job, 1, job.n)))
    end)
    if running[index] then running[index] = made end
  end

  local index = 0
  while not failure do
    while not is_drained and count < max_parallel and not failure do
      local job = pack(next_job())
      if job[1] == nil then
        is_drained = true
      else
        index = index + 1
        start(index, unpack(job, 1, job.n))
      end
    end
    if failure or count == 0 then break end
    local how, why = transport.park(waiter, math.huge)
    if how == "cancelled" then failure = { err = errors.new { kind = "cancelled", message = "the fiber was cancelled" } }
    elseif how == nil then failure = { err = errors.new { kind = "context", message = why } } end
  end
  if not failure then return results end
  for _, made in pairs(running) do
    if made ~= true then made:cancel() end
  end
  if failure.crash ~= nil then error(failure.crash, 0) end
  return nil, failure.err, failure.index
end

--- Run functions side by side: the list of their first results; or, when one fails, the others are cancelled: nil, err, index.
---@param fns function[]
---@param o? { max_parallel?: integer }
---@return any[]? results
---@return any err
---@return integer? index
function fiber.all(fns, o)
  if type(fns) ~= "table" then errors.misuse("bad argument 1 of all: %s (expected a list of functions)", errors.show(fns)) end
  for i, fn in ipairs(fns) do
    if type(fn) ~= "function" then errors.misuse("bad item %d of all: %s (expected a function)", i, errors.show(fn)) end
  end
  local max = check_map(o, "all").max_parallel or math.huge
  local i = 0
  return run_jobs(function()
    i = i + 1
    return fns[i]
  end, function(fn) return fn() end, max)
end

local function is_callable(v)
  if type(v) == "function" then return true end
  local mt = getmetatable(v)
  return type(mt) == "table" and mt.__call ~= nil
end

--- Call `fn` for every item of a list or an iterator, side by side: the list of first results in the order of the items;
--- or, when one fails, the others are cancelled: nil, err, index.
---@param items any[]|fun(): any
---@param fn fun(item: any, ...): any
---@param o? { max_parallel?: integer }
---@return any[]? results
---@return any err
---@return integer? index
function fiber.map(items, fn, o)
  if not is_callable(fn) then errors.misuse("bad argument 2 of map: %s (expected a function)", errors.show(fn)) end
  local max = check_map(o, "map").max_parallel or math.huge
  if is_callable(items) then return run_jobs(items, fn, max) end
  if type(items) ~= "table" then errors.misuse("bad argument 1 of map: %s (expected a list or an iterator)", errors.show(items)) end
  local i = 0
  return run_jobs(function()
    i = i + 1
    return items[i]
  end, fn, max)
end

return fiber
