--- One logical call: its attempts, the sleeps between them, redirects and the time allowed.
---
--- An exchange is a state machine that never waits: whoever owns it calls `poke` with the time and sleeps until
--- `wake_at` or until its waiter is woken. So one caller can hold a page, a window of pages or a thousand long polls.
local errors = require "apify.errors"
local retry = require "apify.retry"
local transport = require "apify.transport"
local url = require "apify.url"

local MAX_REDIRECTS = 5

local REDIRECTS = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

--- What to send and how to go about it. Times are seconds.
---@class apify.Call
---@field settings apify.Settings
---@field method string
---@field path string of the URL, for texts
---@field url string
---@field headers string[] header lines beside the token
---@field body? string
---@field is_stream? boolean the caller takes the rows as they come
---@field is_safe? boolean repeating is harmless whatever the method
---@field request_timeout number for everything up to the complete answer
---@field stall_timeout number without a byte, once the request is sent
---@field decoder userdata

---@class apify.Exchange
---@field waiter apify.Waiter
---@field wake_at number poke again then
---@field xfer? userdata the transfer whose answer is ready
---@field error? apify.Error
---@field attempts integer
---@field bytes integer
local Exchange = {}
local exchange_mt = { __index = Exchange, __name = "apify.Exchange" }

--- Begin a call; nothing is sent before the first poke.
---@param call apify.Call
---@param waiter apify.Waiter
---@param now number
---@param previous? { attempts: integer, error: apify.Error } what was tried before for the same purpose
---@return apify.Exchange
local function new(call, waiter, now, previous)
  local self = setmetatable({
    call = call, waiter = waiter,
    attempts = previous and previous.attempts or 0,
    address = call.url, redirects = 0, is_home = true,
    started_at = now, start_at = now, wake_at = now,
    received = -1, progress_at = now,
  }, exchange_mt)
  if previous then self:consider(previous.error, now) end
  return self
end

--- Seconds left of the time allowed.
function Exchange:remaining(now)
  return self.started_at + self.call.request_timeout - now
end

--- An error with what is known about this call.
function Exchange:describe(fields)
  local call = self.call
  fields.method, fields.path, fields.attempts = call.method, call.path, self.attempts
  return errors.new(fields)
end

--- The call failed for good.
function Exchange:fail(err)
  self:release()
  self.error = err
  self.call.settings.counts.errors = self.call.settings.counts.errors + 1
  return "failed"
end

--- An attempt failed: try again later if that may help, is harmless and there is time; else give up.
function Exchange:consider(err, now)
  local call, settings = self.call, self.call.settings
  self:release()
  local verdict = retry.verdict {
    kind = err.kind, status = err.status, method = call.method, sent = err.sent,
    safe = call.is_safe or settings.retry_unsafe,
  }
  err.retryable = verdict == "retry"
  if verdict ~= "retry" then return self:fail(err) end
  local delay = retry.plan {
    attempt = self.attempts, max_retries = settings.max_retries, base = settings.min_delay_between_retries,
    random = transport.random(), retry_after = err.retry_after, remaining = self:remaining(now),
  }
  if not delay then return self:fail(err) end
  settings.counts.retries = settings.counts.retries + 1
  self.cause, self.last_error = err, err
  self.start_at, self.wake_at = now + delay, now + delay
  return "wait"
end

--- Tell the hook and the counters about the attempt that ends now.
function Exchange:report(err)
  local xfer = self.xfer
  if not xfer or self.is_reported then return end
  self.is_reported = true
  local settings, stats = self.call.settings, xfer:stats()
  local counts = settings.counts
  counts.bytes_wire = counts.bytes_wire + stats.bytes_wire
  counts.bytes_decoded = counts.bytes_decoded + stats.bytes_decoded
  if stats.is_reused then counts.reused_connections = counts.reused_connections + 1 end
  if not settings.on_attempt then return end
  stats.method, stats.path, stats.attempt = self.call.method, self.call.path, self.attempts
  stats.status, stats.error, stats.cause = xfer:status(), err, self.cause
  transport.call_hook(settings.on_attempt, stats)
end

--- Let the transfer go; one that is unfinished is aborted.
function Exchange:release()
  local xfer = self.xfer
  if not xfer then return end
  self:report(self.error)
  xfer:close()
  self.xfer = nil
end

--- Stop at once. Safe to call twice.
function Exchange:close()
  self:release()
  self.is_closed = true
end

local function append(list, more)
  local all = {}
  for i, v in ipairs(list) do all[i] = v end
  for _, v in ipairs(more) do all[#all + 1] = v end
  return all
end

--- The core's options for an attempt. Away from the API's own origin go neither the token nor the caller's headers.
function Exchange:options()
  local call, settings = self.call, self.call.settings
  return {
    owner = self, url = self.address, method = call.method, body = call.body,
    send_once = call.body ~= nil and not (call.is_safe or settings.retry_unsafe) and call.method ~= "PUT" or nil,
    headers = self.is_home and append(settings.headers, call.headers) or settings.headers,
    secret = self.is_home and settings.secret or nil,
    user_agent = settings.user_agent, stream = call.is_stream,
    max_body_size = settings.max_body_size, max_connections = settings.max_connections,
    ca_file = settings.ca_file, proxy = settings.base.loopback and "" or settings.proxy,
  }
end

function Exchange:start(now)
  self.attempts = self.attempts + 1
  self.is_reported = false
  self.call.settings.counts.attempts = self.call.settings.counts.attempts + 1
  self.received, self.progress_at = -1, now
  local xfer, message, kind = transport.submit(self:options())
  if not xfer then return self:consider(self:describe { kind = kind, message = message, sent = false }, now) end
  self.xfer = xfer
  return self:watch(now)
end

--- Nothing came in time: what that means depends on how far the attempt got.
function Exchange:late_error(now, phase)
  local call = self.call
  local is_sent = phase ~= "connecting" and phase ~= "queued"
  if self:remaining(now) <= 0 then
    local message = ("no answer within %g s"):format(call.request_timeout)
    if self.last_error then message = message .. "; the attempt before: " .. tostring(self.last_error.message) end
    return self:describe { kind = "timeout", message = message, sent = is_sent, retryable = true }
  end
  local message = is_sent and ("not a byte within %g s"):format(call.stall_timeout)
    or ("no connection within %g s"):format(call.settings.connect_timeout)
  return self:describe { kind = is_sent and "timeout" or "connect", message = message, sent = is_sent }
end

--- When the transfer will have been silent for too long, or the time allowed is over.
function Exchange:limit(now)
  local call, xfer = self.call, self.xfer
  local phase, received = xfer:phase(), xfer:received()
  if received ~= self.received or phase ~= self.phase or phase == "queued" then
    self.received, self.phase, self.progress_at = received, phase, now
  end
  local limit = phase == "connecting" and call.settings.connect_timeout or call.stall_timeout
  local stalls_at = phase == "queued" and now + limit or self.progress_at + limit
  local ends_at = self.started_at + call.request_timeout
  return math.min(stalls_at, ends_at), phase
end

--- The attempt is under way: has it stalled?
function Exchange:watch(now)
  local limit, phase = self:limit(now)
  self.wake_at = limit
  if now < limit then return "wait" end
  local err = self:late_error(now, phase)
  if err.kind == "timeout" and self:remaining(now) <= 0 then return self:fail(err) end
  return self:consider(err, now)
end

--- The same for a stream whose rows are being read: nil, or why it has to be given up.
function Exchange:watch_body(now)
  local limit, phase = self:limit(now)
  self.wake_at = limit
  if now >= limit then return self:late_error(now, phase) end
end

--- The body of the answer turned out to be bad: try again, or give up.
function Exchange:reject(kind, message, offset, now)
  self.state = nil
  local err = self:describe { kind = kind, message = message, offset = offset, sent = true }
  self:report(err)
  return self:consider(err, now)
end

--- The error object of an answer that is not a success.
function Exchange:api_error(status)
  local xfer = self.xfer
  local text = xfer:text() or ""
  local body = self.call.decoder:decode(text)
  local told = type(body) == "table" and type(body.error) == "table" and body.error or {}
  return self:describe {
    kind = "api", status = status, type = type(told.type) == "string" and told.type or nil, data = told.data,
    message = told.message and tostring(told.message) or ("HTTP status " .. status .. (text ~= "" and ": " .. text:sub(1, 300) or "")),
    sent = true, request_id = xfer:header "x-apify-request-id" or xfer:header "x-request-id",
    retry_after = retry.after(xfer:header "retry-after", transport.time()),
  }
end

function Exchange:redirect(status, now)
  local call, location = self.call, self.xfer:header "location"
  local function refuse(why)
    return self:fail(self:describe { kind = "redirect", status = status, message = why, sent = true })
  end
  if call.method ~= "GET" and call.method ~= "HEAD" then return refuse "only GET and HEAD follow a redirect" end
  self.redirects = self.redirects + 1
  if self.redirects > MAX_REDIRECTS then return refuse(("more than %d redirects"):format(MAX_REDIRECTS)) end
  local address, parts = url.resolve(self.address, location)
  if not address then return refuse(("to %s: %s"):format(errors.show(location), parts)) end
  if self.address:find "^https:" and parts.scheme ~= "https" then return refuse "from https to http" end
  self:release()
  self.is_home = self.is_home and url.origin(address) == url.origin(call.url)
  self.address = address
  self.attempts = self.attempts - 1                   -- the same attempt, at another place
  return self:start(now)
end

--- The answer, or enough of it, is there.
function Exchange:judge(now)
  local xfer = self.xfer
  local message, kind = xfer:failure()
  local status = xfer:status()
  local is_success = status and status >= 200 and status < 300
  if message and (not status or is_success) and not (is_success and self.call.is_stream) then
    local err = self:describe { kind = kind, message = message, status = nil, sent = xfer:was_sent() }
    self:report(err)
    return self:consider(err, now)
  end
  if is_success then
    self.state = "ready"
    return "ready"
  end
  if REDIRECTS[status] then return self:redirect(status, now) end
  local err = self:api_error(status)
  if status == 429 then
    self.call.settings.counts.rate_limited = self.call.settings.counts.rate_limited + 1
  end
  self:report(err)
  return self:consider(err, now)
end

--- Go on as far as possible.
---@param now number
---@return "wait"|"ready"|"failed" state   "ready": `xfer` holds a success, of a stream at least its headers
function Exchange:poke(now)
  if self.error then return "failed" end
  if self.state == "ready" then return "ready" end
  if not self.xfer then
    if now < self.start_at then
      self.wake_at = self.start_at
      return "wait"
    end
    return self:start(now)
  end
  local phase = self.xfer:phase()
  local is_success = (self.xfer:status() or 0) < 300
  if phase == "done" or (phase == "head" and self.call.is_stream and is_success) then return self:judge(now) end
  return self:watch(now)
end

return { new = new }
