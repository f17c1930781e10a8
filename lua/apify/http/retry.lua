--- When to try again, and after how long. Pure policy: no clock, no random numbers, no I/O of its own.
local dates = require "apify.util.dates"

local retry = {}

local MAX_DELAY = 60             -- seconds; doubling stops being useful, and the API's limits are per minute

local STRANGER_PATIENCE = 5      -- seconds, but two attempts at least, for a host that has never answered: its name or port is likely to be wrong

local REPEATABLE = { GET = true, HEAD = true, PUT = true, DELETE = true }       -- twice is as good as once

-- What cannot be decoded may go better: a proxy's page goes away, what was cut comes whole. Not so what the same answer would repeat,
-- which apify.http.call tells apart: a body that was refused for its coding, and what some user stored, if it came whole.
local TRANSIENT = { connect = true, network = true, timeout = true, decode = true }

local MONTHS = {
  Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6, Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12,
}

---@class apify.Failure
---@field kind apify.ErrorKind
---@field method string
---@field status? integer
---@field sent? boolean false: nothing of the request left this machine
---@field safe? boolean the operation carries its own key, or the user allows repeating

--- Is a second sending harmless, whatever became of the first?
local function is_harmless(failure)
  return REPEATABLE[failure.method] or failure.safe or failure.sent == false or failure.kind == "connect"
end

--- Does an answer with this status promise that a repeated request may go better, and do no harm?
local function is_status_retryable(failure)
  local status = failure.status
  if status == 429 then return true end
  if status == 408 then return REPEATABLE[failure.method] end         -- a POST that ran into it was acted upon
  return status >= 500 and is_harmless(failure)
end

--- Should this failed attempt be followed by another?
---@param failure apify.Failure
---@return "retry"|"fail"
function retry.verdict(failure)
  local again
  if failure.kind == "api" or (failure.kind == "decode" and (failure.status or 0) >= 400) then
    again = failure.status and is_status_retryable(failure)
  else
    again = TRANSIENT[failure.kind] and is_harmless(failure)
  end
  return again and "retry" or "fail"
end

--- Seconds to wait before the n-th retry: `base`, doubled each time, times one to two, at most a minute.
---@param n integer from 1 up
---@param base number seconds
---@param random number in [0, 1)
---@return number
function retry.delay(n, base, random)
  return math.min(MAX_DELAY, base * 2 ^ (n - 1) * (1 + random))
end

--- Seconds since 1970 of an HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT`, or nil.
local function read_http_date(value)
  local day, month, year, clock = value:match "^%a%a%a, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d:%d%d:%d%d) GMT$"
  if not MONTHS[month] then return nil end
  return dates.time(("%s-%02d-%sT%sZ"):format(year, MONTHS[month], day, clock))
end

--- Seconds that a Retry-After header asks to wait, never below 0; nil if there is none or it is garbage.
---@param value any number of seconds, or an HTTP date
---@param now_epoch number seconds since 1970
---@return number?
function retry.after(value, now_epoch)
  if type(value) ~= "string" then return nil end
  value = value:match "^%s*(.-)%s*$"
  local secs
  if value:find "^%-?%d+%.?%d*$" then
    secs = tonumber(value)
  else
    local at = read_http_date(value)
    secs = at and at - now_epoch
  end
  return secs and math.max(0, secs)
end

---@class apify.RetryPlan
---@field attempt integer attempts made so far, the failed one included
---@field max_retries integer
---@field base number seconds before the first retry
---@field random number in [0, 1)
---@field retry_after? number seconds the server asked to wait
---@field remaining? number seconds left for the whole call; nil: no limit
---@field kind? apify.ErrorKind of the failure
---@field elapsed? number seconds since the first attempt
---@field is_known? boolean has the host ever answered this client?

--- Seconds to wait before the next attempt, or nil and what is used up.
---@param state apify.RetryPlan
---@return number? delay
---@return "attempts"|"time"|"patience"|nil reason   "patience": nobody is there, as far as is known
function retry.plan(state)
  if state.attempt > state.max_retries then return nil, "attempts" end
  local wait = math.max(state.retry_after or 0, retry.delay(state.attempt, state.base, state.random))
  if state.remaining and wait > state.remaining then return nil, "time" end
  local is_stranger = state.kind == "connect" and not state.is_known
  if is_stranger and state.attempt > 1 and state.elapsed + wait > STRANGER_PATIENCE then return nil, "patience" end
  return wait
end

--- Does an answer say that nothing was done of what was asked for? Of a run that was waited for, a refusal is that it has failed.
---@param failure { kind: apify.ErrorKind, status?: integer, type?: string }
---@return boolean
function retry.is_refusal(failure)
  if failure.kind == "redirect" then return true end
  local status = failure.kind == "api" and failure.type ~= "run-failed" and failure.status or 500
  return status < 500 and status ~= 408                              -- what ran into the API's limit of time was begun
end

return retry
