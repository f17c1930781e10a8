--- Many requests for a queue, in batches: several in flight, in the caller's coroutine; what the API leaves unprocessed is
--- sent again. Nothing is dropped: each request has its result, or the error tells what became of it.
local core = require "apify.core"
local answers = require "apify.http.answers"
local batch_input = require "apify.resources.request_queue_batch_input"
local errors = require "apify.util.errors"
local drive = require "apify.http.drive"
local request = require "apify.http.request"
local retry = require "apify.http.retry"
local bodies = require "apify.http.bodies"
local clock = require "apify.loop.clock"
local loop = require "apify.loop"

local batch_send = {}

local MAX_COUNT = 25                     -- requests that the API takes at once
local MAX_PARALLEL = 5                   -- batches in flight
local MAX_ROUNDS = 8                     -- times that a batch is sent again without progress

--- Requests that are sent together, or are to be sent again at `wake_at`.
---@class apify.Batch
---@field entries apify.BatchEntry[]
---@field rounds integer without progress
---@field wake_at number
---@field call? apify.Call

---@class apify.BatchOptions
---@field max_parallel? integer batches in flight
---@field max_unprocessed_requests_retries? integer
---@field max_unprocessed_retries? integer the same
---@field deadline? number seconds for all of them, the iterator's own time left out
---@field nulls? "omit"|"keep"
---@field request_timeout? number seconds for each batch

--- One call: what is in flight, and what has come of it.
---@class apify.BatchWork
---@field private batches apify.Batch[] in flight, or waiting to be sent again
---@field private results table<integer, table> by position
---@field private doubtful table<integer, true> positions whose answer was lost
---@field private seen table<string, apify.BatchEntry> by key
---@field private input apify.BatchInput
---@field private clock apify.Clock stands still inside the caller's iterator
---@field private failure? apify.Error the first; no batch is begun after it
---@field wake_at number when the first of the batches wants to be poked again
local Work = {}
Work.__index = Work

--- Something went wrong; only the first failure counts.
function Work:fail(err)
  if self.failure then return end
  if self.target and not err.path then request.describe(self.settings, self.target, err) end
  self.failure = err
end

--- Note the result of a request, and of those that are the same.
function Work:settle(entry, row)
  self.results[entry.position], self.doubtful[entry.position], entry.text = row, nil, nil
  for _, position in ipairs(entry.twins or {}) do
    self.results[position], self.doubtful[position] = self.kind.twin(row), nil
  end
end

--- It is unknown what became of these.
function Work:doubt(entries)
  for _, entry in ipairs(entries) do
    self.doubtful[entry.position] = true
    for _, position in ipairs(entry.twins or {}) do self.doubtful[position] = true end
  end
end

--- A request that is the same as an earlier one.
function Work:add_twin(first, position)
  local row = self.results[first.position]
  if row then
    self.results[position] = self.kind.twin(row)
  else
    first.twins = first.twins or {}
    table.insert(first.twins, position)
    if self.doubtful[first.position] then self.doubtful[position] = true end
  end
end

--- The next request that has to be sent; nil at the end, after a failure, or when there is nobody any more to send it.
function Work:pull()
  while not self.is_drained and not drive.must_stop(self.settings) do
    self.clock:leave()
    local entry, err = self.input.next()
    self.clock:enter()
    if not entry then
      self.is_drained = true
      if err then self:fail(err) end
      break
    end
    local first = entry.key and self.seen[entry.key]
    if not first then
      if entry.key then self.seen[entry.key] = entry end
      return entry
    end
    self:add_twin(first, entry.position)
  end
end

--- The requests of the next batch. One that does not fit in any more is kept for the one after.
function Work:gather()
  local entries, names, size = {}, {}, 2
  while #entries < MAX_COUNT do
    local entry = self.ahead or self:pull()
    self.ahead = nil
    if not entry then break end
    size = size + #entry.text + (entries[1] and 1 or 0)
    if names[entry.name] or (entries[1] and size > bodies.MAX_SIZE) then
      self.ahead = entry
      break
    end
    names[entry.name] = true
    entries[#entries + 1] = entry
  end
  return entries
end

--- Is it known where the batches go?
function Work:is_resolved()
  if self.target then return true end
  local err
  self.target, err = self.resolve(math.min(self.clock:left(), self.options.request_timeout or self.settings.request_timeout))
  if err then self:fail(err) end
  return self.target ~= nil
end

--- As many batches as may be in flight.
function Work:fill()
  while not self.failure and (self.ahead or not self.is_drained) and #self.batches < self.max_parallel do
    local entries = self:gather()
    if self.failure or not entries[1] or not self:is_resolved() then return end
    table.insert(self.batches, { entries = entries, rounds = 0, wake_at = self.clock:now() })
  end
end

local read = answers.reader "batch"

--- Send a batch.
function Work:send(b, now)
  local texts = {}
  for i, entry in ipairs(b.entries) do texts[i] = entry.text end
  local body, headers = bodies.of_json("[" .. table.concat(texts, ",") .. "]")
  local req = request.with(self.target, { headers = headers, body = body, is_safe = self.kind.is_safe(b.entries), deadline_at = self.clock.ends_at })
  b.call = request.begin(self.settings, req, self.waiter, now)
  b.call.read = read
end

--- It is unknown what became of requests that the answer does not name.
function Work:lose_unnamed(entries)
  self:fail(errors.new {
    kind = "decode", retryable = false, sent = true,
    message = ("the answer names %d of the requests neither as processed nor as unprocessed, the first of them %s"):format(
      #entries, batch_input.place(entries[1].position)),
  })
end

--- Settle what was processed. Returns what is to be sent again: what the API has left aside, and what its answer does not name,
--- if it has a key, by which it is not added twice.
function Work:take(b, answer)
  local rows, missing = self.kind.match(b.entries, answer.processedRequests, answer.unprocessedRequests)
  local left, unnamed = {}, {}
  for _, entry in ipairs(b.entries) do
    if rows[entry] then
      self:settle(entry, rows[entry])
    else
      if missing[entry] then self:doubt { entry } end
      local list = missing[entry] and not entry.key and unnamed or left
      list[#list + 1] = entry
    end
  end
  if unnamed[1] then self:lose_unnamed(unnamed) end
  return left
end

--- Too often nothing of the batch was processed.
function Work:give_up(b)
  self:fail(errors.new {
    kind = "api", type = "unprocessed-requests", retryable = true, attempts = b.rounds, sent = true,
    message = ("%d of the requests were not processed, the first of them %s"):format(#b.entries, batch_input.place(b.entries[1].position)),
  })
end

--- Send again, a little later, what was not processed. False when the batch is over.
function Work:retry(b, left, now)
  b.call = nil
  if not left[1] then return false end
  b.rounds = #left < #b.entries and 1 or b.rounds + 1
  b.entries = left
  if b.rounds > self.max_rounds then self:give_up(b) end
  if self.failure then return false end
  b.wake_at = now + retry.delay(b.rounds, self.settings.min_delay_between_retries, core.random())
  return true
end

--- The batch has failed for good.
function Work:lose(b)
  local err = b.call.error
  if err.sent then self:doubt(b.entries) end
  self:fail(err)
  return false
end

--- Go on with a batch as far as possible. Is it still under way?
function Work:poke_batch(b, now)
  if not b.call then
    if self.failure then return false end
    if now < b.wake_at then return true end
    self:send(b, now)
  end
  local call = b.call
  local state = call:poke(now)
  if state == "failed" then return self:lose(b) end
  if state == "wait" then
    b.wake_at = call.wake_at
    return true
  end
  local is_open = self:retry(b, self:take(b, call.value), now)
  call:close()                                           -- last, as a hook may raise
  return is_open
end

--- Go on with all batches.
function Work:poke_all()
  local now, open = self.clock:now(), {}
  self.wake_at = math.huge
  for _, b in ipairs(self.batches) do
    if self:poke_batch(b, now) then
      open[#open + 1] = b
      self.wake_at = math.min(self.wake_at, b.wake_at)
    end
  end
  self.batches = open
end

--- Waiting is over: abort what is in flight.
function Work:abort(fields)
  self.failure = nil
  for _, b in ipairs(self.batches) do
    local call = b.call
    if call then
      call:abort { kind = fields.kind, message = fields.message }
      self:lose(b)
    end
  end
  self.batches = {}
  self:fail(errors.new(fields))
end

--- Go on as far as possible, until all is settled, or nothing is in flight after a failure.
---@return "wait"|"over"
function Work:poke()
  local is_over, is_full
  repeat
    self:fill()
    local fields = drive.obstacle(self.settings, self.clock)         -- the caller's iterator may have brought it
    if fields then self:abort(fields) end
    self:poke_all()
    is_over, is_full = self.failure or self.is_drained and not self.ahead, #self.batches >= self.max_parallel
  until is_over or is_full
  return is_over and not self.batches[1] and "over" or "wait"
end

--- Tell in the error what became of each request.
function Work:describe(err)
  local doubtful, unprocessed = {}, {}
  for position = 1, self.input.count do
    if self.doubtful[position] then
      doubtful[#doubtful + 1] = position
    elseif not self.results[position] then
      unprocessed[#unprocessed + 1] = position
    end
  end
  err.partial, err.in_doubt, err.unprocessed = self.results, doubtful, unprocessed
  return err
end

--- The list of results, or nil and the error.
function Work:finish()
  if not self.failure then return self.results end
  return nil, self:describe(self.failure)
end

--- A hook that raises, or an interrupt, leaves nothing in flight.
function Work:drive_to_end()
  self.clock:enter()
  local ok, why = pcall(drive.run, self, self.clock)
  if ok then return end
  for _, b in ipairs(self.batches) do
    local call = b.call
    if call and call:may_have_acted() then self:doubt(b.entries) end
    if call then pcall(call.close, call) end
  end
  if errors.is(why) then self:describe(why) end
  error(why, 0)
end

--- Send all requests.
---@param settings apify.Settings
---@param kind apify.BatchKind
---@param target apify.Resolvable
---@param requests table|function
---@param o apify.BatchOptions
---@return table[]? results in the order given
---@return apify.Error? err with `partial` (results by position), `unprocessed` and `in_doubt` (lists of positions)
function batch_send.run(settings, kind, target, requests, o)
  local self = setmetatable({
    settings = settings, kind = kind, options = o, waiter = loop.waiter(), batches = {}, results = {},
    doubtful = {}, seen = {}, input = batch_input.new(settings, kind, requests),
    max_parallel = o.max_parallel or MAX_PARALLEL, max_rounds = o.max_unprocessed_requests_retries or o.max_unprocessed_retries or MAX_ROUNDS,
  }, Work)
  self.clock = clock.new(o.deadline)
  if type(target) == "function" then self.resolve = target else self.target = target end
  local err = drive.refusal(settings) or self.input.error
  if err then self:fail(err) else self:drive_to_end() end
  return self:finish()
end

return batch_send
