--- Waiting for runs to finish: long polls, one after another, for one run or for hundreds at once in one thread.
local errors = require "apify.errors"
local heap = require "apify.heap"
local request = require "apify.request"
local transport = require "apify.transport"

local wait = {}

local LONGEST_POLL = 60                  -- seconds that the API holds a request
local POLL_MARGIN = 15                   -- seconds of silence beyond that before a poll counts as dead
local NOT_FOUND_GRACE = 3                -- seconds in which a run may be unknown: it was started a moment ago
local SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 2
local GRACE = 0.4                        -- seconds beyond wait_secs for a poll that is under way

local FINISHED = { SUCCEEDED = true, FAILED = true, ["TIMED-OUT"] = true, ABORTED = true }

--- Has it ended for good: a run, or a status?
---@param run_or_status table|string
---@return boolean
function wait.is_finished(run_or_status)
  local status = run_or_status
  if type(status) == "table" then status = status.status end
  return FINISHED[status] == true
end

--- The operation of one poll.
---@param settings apify.Settings
---@param path string
---@param secs integer 0 to 60
function wait.poll_operation(settings, path, secs, query, request_timeout)
  local list = {}
  for i, pair in ipairs(query or {}) do list[i] = pair end
  if secs then list[#list + 1] = { "waitForFinish", ("%d"):format(secs) } end
  secs = secs or 0
  return {
    path = path, query = list,
    request_timeout = request_timeout or settings.request_timeout + secs,
    stall_timeout = secs > 0 and secs + POLL_MARGIN or nil,
  }
end

--- The waiting for one run: a state machine like an exchange.
---@class apify.RunWait
---@field run? table as last seen
---@field error? apify.Error
---@field wake_at number
local RunWait = {}
RunWait.__index = RunWait

---@param o { settings: apify.Settings, path: string, wait_secs?: number, waiter: apify.Waiter, now: number }
local function new_wait(o)
  return setmetatable({
    settings = o.settings, path = o.path, waiter = o.waiter, wait_secs = o.wait_secs,
    ends_at = o.now + (o.wait_secs or math.huge), wake_at = o.now, pause = SHORTEST_PAUSE, poll_at = o.now,
  }, RunWait)
end

function RunWait:close()
  if self.exchange then self.exchange:close() end
  self.exchange = nil
end

function RunWait:end_with(run, err)
  self:close()
  self.is_over, self.run, self.error = true, run or self.run, err
  return "done"
end

--- The time is over; `err` is what the last poll ended with, if it ended.
function RunWait:give_up(err)
  local fields = { path = "/v2" .. self.path, method = "GET", run = self.run, retryable = true }
  if self.run then
    fields.kind = "unfinished"
    fields.message = ("the run was %s after %g s of waiting"):format(tostring(self.run.status), self.wait_secs)
  else
    fields.kind = "timeout"
    fields.message = ("no answer within %g s"):format(self.wait_secs)
  end
  local ex = self.exchange
  local last = ex and ex.last_error or err
  if ex or err then fields.attempts = ex and ex.attempts or err.attempts end
  if last and not self.run then fields.message = fields.message .. "; the attempt before: " .. last.message end
  return self:end_with(nil, errors.new(fields))
end

function RunWait:start_poll(now)
  local left = math.max(0, self.ends_at - now)
  self.polled_at = now
  self.poll_secs = math.floor(math.min(LONGEST_POLL, left))
  local allowed = math.min(self.settings.request_timeout + self.poll_secs, left + GRACE)
  local op = wait.poll_operation(self.settings, self.path, self.poll_secs, nil, allowed)
  self.exchange = request.begin(self.settings, op, self.waiter, now)
  self.exchange.machine = self
end

--- An answer: is it the end? If the API came back early without one, do not hurry it.
function RunWait:take(run, now)
  self.run, self.missing_since = run, nil
  if FINISHED[run.status] then return self:end_with(run) end
  local is_early = self.poll_secs == 0 or now - self.polled_at < self.poll_secs - 0.5
  if is_early then
    self.poll_at = now + self.pause
    self.pause = math.min(LONGEST_PAUSE, self.pause * 2)
  else
    self.poll_at, self.pause = now, SHORTEST_PAUSE
  end
end

--- A poll failed for good. A run that nobody knows yet may turn up within a moment.
function RunWait:take_failure(err, now)
  if err.kind == "timeout" and now >= self.ends_at then return self:give_up(err) end
  if not err.not_found then return self:end_with(nil, err) end
  self.missing_since = self.missing_since or now
  if now - self.missing_since >= NOT_FOUND_GRACE or now >= self.ends_at then return self:end_with(nil, err) end
  self.poll_at = now + SHORTEST_PAUSE
end

function RunWait:finish_poll(now)
  local ex = self.exchange
  local body, message, name, offset = request.decode(ex)
  local run = request.unwrap(body)
  if message == nil and type(run) ~= "table" then message, name = "the answer is not a run", "decode" end
  if message then
    ex:reject(name, message, offset, now)
  else
    self:close()
    self:take(run, now)
  end
end

--- Go on as far as possible. "done": `run`, or `error`.
---@param now number
---@return "wait"|"done"
function RunWait:poke(now)
  while not self.is_over do
    if not self.exchange then
      if self.polled_at and now >= self.ends_at then return self:give_up() end
      if now < self.poll_at then
        self.wake_at = math.min(self.poll_at, self.ends_at)
        return "wait"
      end
      self:start_poll(now)
    end
    local state = self.exchange:poke(now)
    if state == "ready" then
      self:finish_poll(now)
    elseif state == "failed" then
      local err = self.exchange.error
      self:close()
      self:take_failure(err, now)
    else
      if now >= self.ends_at + GRACE then return self:give_up() end
      self.wake_at = math.min(self.exchange.wake_at, self.ends_at + GRACE)
      return "wait"
    end
  end
  return "done"
end

--- Several waits with one waiter: poked when they have news or when their time has come.
---@class apify.WaitGroup
local Group = {}
Group.__index = Group

local function new_group(settings)
  local waiter = transport.waiter()
  waiter.queue = {}
  return setmetatable({ settings = settings, waiter = waiter, timers = heap.new(), over = {}, first_over = 1, open = 0 }, Group)
end

function Group:add(machine, now)
  self.open = self.open + 1
  self:touch(machine, now)
end

function Group:touch(machine, now)
  if machine.is_taken then return end
  if machine:poke(now) == "done" then
    machine.is_taken = true
    self.over[#self.over + 1] = machine
  elseif machine.timer_at ~= machine.wake_at then
    machine.timer_at = machine.wake_at
    self.timers:push(machine.wake_at, machine)
  end
end

--- Poke the machines that have news, and those whose time has come.
function Group:run(now)
  local queue = self.waiter.queue
  self.waiter.queue = {}
  for _, ex in ipairs(queue) do
    if ex.machine and ex.machine.exchange == ex then self:touch(ex.machine, now) end
  end
  while true do
    local key, machine = self.timers:peek()
    if not key or key > now then break end
    self.timers:pop()
    if machine.timer_at == key then
      machine.timer_at = nil
      self:touch(machine, now)
    end
  end
end

--- The next machine that is over; nil when none is left; nil and an error when waiting is impossible.
function Group:next()
  while self.open > 0 do
    self:run(transport.now())
    local machine = self.over[self.first_over]
    if machine then
      self.over[self.first_over] = nil
      self.first_over = self.first_over + 1
      self.open = self.open - 1
      return machine
    end
    local fields = request.park(self.settings, self.waiter, (self.timers:peek() or math.huge) - transport.now())
    if fields then return nil, errors.new(fields) end
  end
  return nil
end

--- Wait for one run: the finished run, or nil and an error.
---@param settings apify.Settings
---@param path string of the run, below the API's base
---@param wait_secs? number
function wait.one(settings, path, wait_secs)
  local refused = request.refusal(settings)
  if refused then return nil, refused end
  local group, now = new_group(settings), transport.now()
  local machine = new_wait { settings = settings, path = path, wait_secs = wait_secs, waiter = group.waiter, now = now }
  group:add(machine, now)
  local over, err = group:next()
  if not over then
    machine:close()
    err.run = machine.run
    return nil, err
  end
  if over.error then
    over.error.run = over.error.run or over.run
    return nil, over.error
  end
  return over.run
end

--- Begins to wait for many runs: a group, and the machines in the order of the paths.
local function begin_many(settings, runs, wait_secs)
  local group, now = new_group(settings), transport.now()
  local machines = {}
  for i, run in ipairs(runs) do
    local machine = new_wait { settings = settings, path = run.path, wait_secs = wait_secs, waiter = group.waiter, now = now }
    machine.index, machine.id = i, run.id
    machines[i] = machine
    group:add(machine, now)
  end
  return group, machines
end

local function close_all(machines)
  for _, machine in ipairs(machines) do machine:close() end
end

---@class apify.RunsIterator
local RunsIterator = {}
local runs_iterator_mt = { __index = RunsIterator, __name = "apify.RunsIterator" }

--- The next run that ended: id, run, or id, nil, err; nothing when all have; nil, nil, err when waiting is impossible.
---@return string? id
---@return table? run
---@return apify.Error? err
function RunsIterator:next()
  local refused = request.refusal(self.settings)
  if refused then return nil, nil, refused end
  if self.is_closed then return nil end
  if not self.group then self.group, self.machines = begin_many(self.settings, self.runs, self.wait_secs) end
  local machine, err = self.group:next()
  if err then return nil, nil, err end
  if not machine then return nil end
  if machine.error then return machine.id, nil, machine.error end
  return machine.id, machine.run
end

--- Stop waiting. Safe to call twice.
function RunsIterator:close()
  self.is_closed = true
  close_all(self.machines or {})
end

runs_iterator_mt.__close = RunsIterator.close

function runs_iterator_mt.__call(self)
  local id, run, err = self:next()
  if id == nil and err then error(err, 0) end
  return id, run, err
end

--- An iterator over `id, run, err`, each run once, in the order in which they end. Sends nothing before its first step.
---@param settings apify.Settings
---@param runs { id: string, path: string }[]
---@param wait_secs? number
function wait.each(settings, runs, wait_secs)
  return setmetatable({ settings = settings, runs = runs, wait_secs = wait_secs }, runs_iterator_mt)
end

--- All runs in the order given, or nil and the first error, with those that have ended in `err.partial` (by index).
function wait.all(settings, runs, wait_secs)
  local refused = request.refusal(settings)
  if refused then return nil, refused end
  local group, machines = begin_many(settings, runs, wait_secs)
  local ended = {}
  while true do
    local machine, err = group:next()
    err = err or machine and machine.error
    if err then
      close_all(machines)
      err.partial = ended
      return nil, err
    end
    if not machine then return ended end
    ended[machine.index] = machine.run
  end
end

--- The first run that ends, and its index; or nil and an error when none can any more.
function wait.any(settings, runs, wait_secs)
  local refused = request.refusal(settings)
  if refused then return nil, refused end
  local group, machines = begin_many(settings, runs, wait_secs)
  local last_error
  while true do
    local machine, err = group:next()
    if machine and not machine.error then
      close_all(machines)
      return machine.run, machine.index
    end
    if not machine then
      close_all(machines)
      return nil, err or last_error
    end
    last_error = machine.error
  end
end

return wait
