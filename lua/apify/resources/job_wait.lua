--- Waiting for jobs, which are runs and builds, to finish: one, or hundreds at once in one thread.
local errors = require "apify.util.errors"
local heap = require "apify.util.heap"
local drive = require "apify.http.drive"
local request = require "apify.http.request"
local job_poll = require "apify.resources.job_poll"
local job_status = require "apify.resources.base.job_status"
local clock = require "apify.loop.clock"
local loop = require "apify.loop"
local limiter = require "apify.util.limiter"
local names = require "apify.util.names"
local tables = require "apify.util.tables"

local job_wait = {}

local WATCHED_POLL = 5                   -- seconds that the API holds a request when somebody wants to hear of every change

---@class apify.WaitOptions : apify.ObjectOptions
---@field deadline? number seconds after which it is an error of kind "timeout"
---@field wait_secs? number seconds; no limit when absent

---@class apify.WaitManyOptions : apify.WaitOptions
---@field max_parallel? integer runs and builds that are asked about at a time; all when absent
---@field on_progress? fun(counts: table<apify.RunStatus, integer>) told how many have which status, whenever that changes

--- A job to wait for.
---@class apify.WaitTarget
---@field id? string
---@field kind apify.JobKind
---@field path string below the API's base

--- Several waits with one waiter: poked when they have news or when their time has come. A job that is given twice is waited for once.
---@class apify.WaitGroup
---@field machines apify.JobPoll[] each with its `id` and the `indexes` of its job in the list given
---@field private over apify.JobPoll[] those that have ended and are not yet handed out, from `first_over` to `last_over`
---@field private clock apify.Clock stands still while the caller is busy: that is no time to the waits
---@field private error? apify.Error why waiting is impossible, until it is told
---@field private goes_on? boolean whoever could not wait may ask again
local Group = {}
Group.__index = Group

--- The machine has ended: hand it out, once.
local function take(self, machine)
  if self.over[self.last_over] ~= machine then
    self.over[self.last_over + 1] = machine
    self.last_over = self.last_over + 1
  end
  machine.is_taken = true
  if not self.limiter then return end
  self.limiter:give_back(machine)                          -- if an interrupt has kept it from that
  self.limiter.takers = self.limiter.takers - 1
end

--- Let the machine go on, and see to it that it is poked again in time. What an error ends in the middle is begun again by `run`.
function Group:touch(machine, now)
  self.touched = machine
  if machine:poke(now) == "done" then
    if not machine.is_taken then take(self, machine) end
  elseif not machine.timer_at or machine.wake_at < machine.timer_at then
    self.timers:push(machine.wake_at, machine)
    machine.timer_at = machine.wake_at
  end
  self.touched = nil
end

--- Poke the machines that have news, and those whose time has come. A timer may come early: its machine knows.
function Group:run(now)
  if self.touched then self:touch(self.touched, now) end
  local queue = self.waiter.queue
  while queue[1] do                                      -- one by one, and gone when it is over: an error that leaves here loses none
    local call = queue[1]
    if call.machine.call == call then self:touch(call.machine, now) end
    table.remove(queue, 1)
  end
  while true do
    local key, machine = self.timers:peek()
    if not key or key > now then break end
    if machine.timer_at == key then
      self.touched = machine
      machine.timer_at = nil
    end
    self.timers:pop()
    if self.touched then self:touch(machine, now) end
  end
end

--- Wait for the target with the index i, or let the wait for the same job stand for it.
function Group:add(i, target, o, now)
  local machine = self.by_path[target.path]
  local is_deadline = o.deadline ~= nil and o.deadline < (o.wait_secs or math.huge)
  if not machine then
    machine = job_poll.new({
      settings = self.settings, kind = target.kind, path = target.path, waiter = self.waiter,
      wait_secs = is_deadline and o.deadline or o.wait_secs, is_deadline = is_deadline,
      request_timeout = o.request_timeout, nulls = o.nulls, limiter = self.limiter, longest_poll = self.longest_poll,
    }, now)
    machine.id, machine.indexes = target.id, {}
    self.by_path[target.path] = machine
    self.machines[#self.machines + 1] = machine
    if self.limiter then self.limiter.takers = self.limiter.takers + 1 end
  end
  table.insert(machine.indexes, i)
end

--- How many are not yet handed out.
function Group:count_open()
  return #self.machines - (self.first_over - 1)
end

--- Begin to wait; or nil and why that is impossible.
---@param settings apify.Settings
---@param targets apify.WaitTarget[]
---@param o apify.WaitManyOptions
---@return apify.WaitGroup?
---@return apify.Error? err
local function begin(settings, targets, o)
  local refused = drive.refusal(settings)
  if refused then return nil, refused end
  local waiter, time = loop.waiter(), clock.new()
  local now = time:enter()
  waiter.queue = {}
  local self = setmetatable({
    settings = settings, waiter = waiter, timers = heap.new(), machines = {}, by_path = {},
    over = {}, first_over = 1, last_over = 0, clock = time,
    on_progress = o.on_progress, longest_poll = o.on_progress and WATCHED_POLL or nil,
  }, Group)
  if o.max_parallel then
    self.limiter = limiter.new(o.max_parallel, function(machine)
      local at = time:now()
      self.timers:push(at, machine)
      machine.timer_at = at
    end)
  end
  for i, target in ipairs(targets) do self:add(i, target, o, now) end
  for _, machine in ipairs(self.machines) do self:touch(machine, now) end
  return self
end

--- Tell how many jobs have which status, if that has changed, and of one of them it is known.
function Group:tell()
  local counts, key = {}, {}
  for _, machine in ipairs(self.machines) do
    local status = machine.job and machine.job.status
    if status then counts[status] = (counts[status] or 0) + #machine.indexes end
  end
  for _, status in ipairs(job_status.STATUSES) do key[#key + 1] = counts[status] or 0 end
  key = table.concat(key, " ")
  if key == self.told or not next(counts) then return end
  self.told = key
  self.clock:leave()
  local ok, why = pcall(self.on_progress, counts)
  self.clock:enter()
  if ok then return end
  self:close()
  error(why, 0)
end

--- Go on until one of the machines has ended.
---@param now number
---@return "wait"|"ended"|"over"
function Group:poke(now)
  if self.is_closed or self:count_open() == 0 then return "over" end
  self:run(now)
  if self.on_progress then self:tell() end
  if self.over[self.first_over] then return "ended" end
  self.wake_at = self.timers:peek() or math.huge
  return "wait"
end

--- Abort the polls that are under way, unless others wait for them, too. The next step begins them again.
local function pause(self)
  if loop.is_waited_at(self.waiter) then return end
  local now = self.clock:now()
  local first_error = tables.call_with_each(self.machines, function(machine)
    if machine.is_over then return end
    self.timers:push(now, machine)
    machine.timer_at = now
    machine:close()                                      -- last, as a hook may raise
  end)
  if first_error then error(first_error[1], 0) end
end

--- Waiting is impossible, for this caller at this moment.
function Group:abort(fields)
  if self.goes_on then pause(self) else self:close() end
  self.error = errors.new(fields)
end

--- The machine that ended next; nil when none is left or the group is closed; nil and an error when waiting is impossible.
---@return apify.JobPoll?
---@return apify.Error? err
function Group:next()
  if drive.run(self, self.clock) ~= "ended" then
    local err = self.error
    self.error = nil
    return nil, err
  end
  local machine = self.over[self.first_over]
  self.first_over = self.first_over + 1
  self.over[self.first_over - 1] = nil
  return machine
end

--- Abort what is in flight, and wake whoever waits in `next`. Safe to call twice.
function Group:close()
  if self.is_closed then return end
  self.is_closed = true
  local first_error = tables.call_with_each(self.machines, function(machine) machine:close() end)       -- a hook may raise
  loop.wake(self.waiter)
  if first_error then error(first_error[1], 0) end
end

--- The next machine, of a group that nobody asks again after an error was raised. What a hook raises has what is known by then in it:
--- `run` or `build` and `value`, or in `partial` the jobs by index.
local function next_or_close(group, ended)
  local ok, machine, err = pcall(group.next, group)
  if ok then return machine, err end
  pcall(group.close, group)
  if errors.is(machine) then
    for _, m in ipairs(group.machines) do
      local is_finished = m.job and job_status.is_finished(m.job)
      if not ended then machine[m.kind], machine.value = m.job, is_finished and m.job or nil end
      for _, i in ipairs(ended and is_finished and m.indexes or {}) do ended[i] = m.job end
    end
    machine.partial = ended
  end
  error(machine, 0)
end

--- Wait for one job: as it is when finished, or nil and an error.
---@param settings apify.Settings
---@param kind apify.JobKind
---@param path string of the job, below the API's base
---@param o apify.WaitOptions
---@return any job
---@return apify.Error? err
function job_wait.one(settings, kind, path, o)
  local group, refused = begin(settings, { { kind = kind, path = path } }, o)
  if not group then return nil, refused end
  local machine, err = next_or_close(group)
  if err then
    err[kind] = group.machines[1].job
    return nil, request.describe(settings, { path = path }, err)
  end
  if machine.error then return nil, machine.error end
  return machine.job
end

--- All jobs in the order given; or nil and the first error, with those that have ended in `err.partial`, by index.
---@param settings apify.Settings
---@param targets apify.WaitTarget[]
---@param o apify.WaitManyOptions
---@return (apify.Run|apify.Build)[]? jobs
---@return apify.Error? err
function job_wait.all(settings, targets, o)
  local ended, group, refused = {}, begin(settings, targets, o)
  if not group then return nil, refused end
  while true do
    local machine, err = next_or_close(group, ended)
    err = err or machine and machine.error
    if err then
      group:close()
      err.partial = ended
      return nil, err
    end
    if not machine then return ended end
    for _, i in ipairs(machine.indexes) do ended[i] = machine.job end
  end
end

--- The first job that ends, and its index; or nil and the last error when none can end any more.
---@param settings apify.Settings
---@param targets apify.WaitTarget[]
---@param o apify.WaitManyOptions
---@return apify.Run|apify.Build|nil job
---@return integer|apify.Error|nil index_or_err
function job_wait.any(settings, targets, o)
  local group, refused = begin(settings, targets, o)
  if not group then return nil, refused end
  local last_error
  while true do
    local machine, err = next_or_close(group, {})
    if not machine then return nil, err or last_error end
    if not machine.error then
      group:close()
      return machine.job, machine.indexes[1]
    end
    last_error = machine.error
  end
end

---@class apify.WaitIterator
---@operator call: any
local WaitIterator = names.guard({}, "apify.WaitIterator", { group = true, is_closed = true })
local iterator_mt = { __index = WaitIterator, __name = "apify.WaitIterator" }

--- The group, begun at the first step, with its clock running.
local function enter(self)
  self.group = self.group or begin(self.settings, self.targets, self.options)
  self.group.goes_on = true
  self.group.clock:enter()
  return self.group
end

--- The next job that ended: id, run or build; or id, nil, err; nothing when all have; nil, nil, err when waiting is impossible.
---@return string? id
---@return apify.Run|apify.Build|nil job
---@return apify.Error? err
function WaitIterator:next()
  errors.check_self(self, iterator_mt, "iterator:next")
  if self.is_closed then return nil end
  local refused = drive.refusal(self.settings)
  if refused then return nil, nil, refused end
  local machine, err = enter(self):next()
  self.group.clock:leave()
  if not machine then
    if not err then self:close() end
    return nil, nil, err
  end
  if machine.error then return machine.id, nil, machine.error end
  return machine.id, machine.job
end

--- Stop waiting: what is in flight is aborted. Safe to call twice.
function WaitIterator:close()
  errors.check_self(self, iterator_mt, "iterator:close")
  self.is_closed = true
  if self.group then self.group:close() end
end

iterator_mt.__close = WaitIterator.close

function iterator_mt.__call(self)
  local id, job, err = self:next()
  if id == nil and err then error(err, 0) end
  return id, job, err
end

function iterator_mt.__tostring(self)
  local state = self.is_closed and "closed" or self.group and self.group:count_open() .. " to come" or "not begun"
  return ("apify.WaitIterator: %d waits, %s"):format(#self.targets, state)
end

--- An iterator over `id, job, err`, each job once, in the order in which they end. Sends nothing before its first step.
---@param settings apify.Settings
---@param targets apify.WaitTarget[]
---@param o apify.WaitManyOptions
---@return apify.WaitIterator
function job_wait.each(settings, targets, o)
  return setmetatable({ settings = settings, targets = targets, options = o }, iterator_mt)
end

return job_wait
