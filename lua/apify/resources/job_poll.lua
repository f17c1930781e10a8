--- The waiting for one job, a run or a build, to finish: long polls, one after another, until one shows it finished or the time is over.
---
--- A state machine like a call: it never waits itself, so that one caller can hold a thousand of them.
local answers = require "apify.http.answers"
local errors = require "apify.util.errors"
local request = require "apify.http.request"
local job_status = require "apify.resources.base.job_status"

local job_poll = {}

local LONGEST_POLL = 60                  -- seconds that the API holds a request
local EARLY = 0.5                        -- an answer that comes so long before its time was not held
local LONGEST_PAUSE = 2
local CROWDED_POLL = 1                   -- seconds that the API holds a request while other waits want to poll
local LAST_LOOK = 0.4                    -- seconds beyond wait_secs for the poll that is under way then

---@class apify.JobPoll
---@field kind apify.JobKind
---@field job? apify.Run|apify.Build as last seen
---@field error? apify.Error
---@field is_over boolean
---@field wake_at number poke again then
---@field private poll_at number when to ask next
---@field private polled_at number when it was asked last
---@field private poll_secs integer how long the API was asked to hold its answer
local JobPoll = {}
JobPoll.__index = JobPoll

---@class apify.JobPollOptions
---@field settings apify.Settings
---@field kind apify.JobKind
---@field path string of the job
---@field waiter apify.Waiter
---@field wait_secs? number
---@field is_deadline? boolean it is an error of kind "timeout" when they are over
---@field request_timeout? number for the answer to a poll, beside the time that the API holds it
---@field nulls? "omit"|"keep"
---@field limiter? apify.Limiter shared by waits of which only some may poll at a time
---@field longest_poll? integer seconds that the API is asked to hold its answer at most

---@param o apify.JobPollOptions
---@param now number
---@return apify.JobPoll
function job_poll.new(o, now)
  return setmetatable({
    settings = o.settings, kind = o.kind, read = answers.reader(o.kind), path = o.path, waiter = o.waiter, wait_secs = o.wait_secs, nulls = o.nulls,
    request_timeout = o.request_timeout or o.settings.request_timeout, limiter = o.limiter, longest_poll = o.longest_poll or LONGEST_POLL,
    is_deadline = o.is_deadline, ends_at = now + (o.wait_secs or math.huge), poll_at = now, wake_at = now,
    pause = job_status.SHORTEST_PAUSE, is_over = false,
  }, JobPoll)
end

--- Abort the poll that is under way. The next poke begins another.
function JobPoll:close()
  local call = self.call
  self.call = nil
  if self.limiter then self.limiter:give_back(self) end
  if call then call:close() end                              -- last, as a hook may raise
end

local function end_with(self, job, err)
  self.job = job or self.job
  if err then err[self.kind] = err[self.kind] or self.job end
  self.error, self.is_over = err, true
  self:close()
end

--- The time is over. `err` is what the last poll ended with, if it failed.
local function give_up(self, err)
  local call, job = self.call, self.job
  local fields = { retryable = true, attempts = call and call.attempts or err and err.attempts }
  if job then
    fields.kind = self.is_deadline and "timeout" or "unfinished"
    fields.message = ("the %s was %s after %s of waiting"):format(self.kind, job.status, errors.secs(self.wait_secs))
  else
    local last = call and call.last_error or err
    fields.kind, fields.message = "timeout", ("no answer within %s"):format(errors.secs(self.wait_secs))
    if last and last.kind ~= "timeout" then fields.message = fields.message .. "; the attempt before: " .. last.message end
  end
  end_with(self, nil, request.describe(self.settings, self, fields))
end

local function start_poll(self, now)
  local left = math.max(0, self.ends_at - now)
  local longest = self.limiter and self.limiter:is_short() and CROWDED_POLL or self.longest_poll
  self.polled_at, self.poll_secs = now, math.floor(math.min(longest, left))
  local allowed = math.min(self.request_timeout + self.poll_secs, left + LAST_LOOK)
  self.is_last = allowed == left + LAST_LOOK
  local req = job_status.limits(self.settings, self.poll_secs, allowed)
  req.path, req.nulls, req.query = self.path, self.nulls, { { "waitForFinish", ("%d"):format(self.poll_secs) } }
  local call = request.begin(self.settings, req, self.waiter, now)
  call.machine, call.read = self, self.read
  self.call = call
end

--- When to ask again: at once if the API held its answer as asked; else, as it is not to be hurried, after a pause, but
--- for the last time when the time is over.
local function plan(self, now)
  local was_held = self.poll_secs > 0 and now - self.polled_at >= self.poll_secs - EARLY
  if was_held then self.pause = job_status.SHORTEST_PAUSE end
  if was_held and self.ends_at - now >= 1 then
    self.poll_at = now
  else
    self.poll_at = math.min(now + self.pause, self.ends_at)
    self.pause = math.min(LONGEST_PAUSE, self.pause * 2)
  end
end

local function take(self, job, now)
  self.job, self.missing_since = job, nil
  if job_status.is_finished(job) then return end_with(self, job) end
  plan(self, now)
  self:close()
  if now >= self.ends_at then give_up(self) end
end

--- A poll failed for good. A job that nobody knows yet may turn up within a moment.
local function take_failure(self, err, now)
  local is_short_of_time = self.is_last and self.call.used_up == "time"
  self.poll_at = now
  self:close()
  if err.kind == "timeout" and now >= self.ends_at then return give_up(self, err) end
  if self.job and err.retryable and (is_short_of_time or now >= self.ends_at) then return give_up(self, err) end
  if not err.not_found or now >= self.ends_at then return end_with(self, nil, err) end
  self.missing_since = self.missing_since or now
  if now - self.missing_since >= job_status.NOT_FOUND_GRACE then return end_with(self, nil, err) end
  self.poll_at = math.min(now + job_status.SHORTEST_PAUSE, self.ends_at)
end

--- Go on as far as possible. "done": `job`, or `error`.
---@param now number
---@return "wait"|"done"
function JobPoll:poke(now)
  while not self.is_over do
    if not self.call then
      if now < self.poll_at then
        self.wake_at = self.poll_at
        return "wait"
      end
      if self.limiter and not self.limiter:take(self) then
        if now >= self.ends_at + LAST_LOOK then
          give_up(self)
          break
        end
        self.wake_at = self.ends_at + LAST_LOOK
        return "wait"
      end
      start_poll(self, now)
    end
    local state = self.call:poke(now)
    if state == "ready" then
      take(self, self.call.value, now)
    elseif state == "failed" then
      take_failure(self, self.call.error, now)
    elseif now >= self.ends_at + LAST_LOOK then
      give_up(self)
    else
      self.wake_at = math.min(self.call.wake_at, self.ends_at + LAST_LOOK)
      return "wait"
    end
  end
  return "done"
end

return job_poll
