--- One wish: its attempts, the sleeps between them, redirects and the time allowed.
---
--- A call is a state machine that never waits: whoever owns it calls `poke` with the time and sleeps until
--- `wake_at` or until its waiter is woken. So one caller can hold a page, a window of pages or a thousand long polls.
local answers = require "apify.http.answers"
local core = require "apify.core"
local errors = require "apify.util.errors"
local headers = require "apify.http.headers"
local loop = require "apify.loop"
local reactor = require "apify.loop.reactor"
local redirect = require "apify.http.redirect"
local retry = require "apify.http.retry"
local url = require "apify.util.url"

local CLOCK_SLACK = 0.01          -- seconds by which the core's clock, in milliseconds, may differ

local ONCE = { POST = true, PATCH = true }          -- a second sending may do it twice
local IDLE = { GET = true, HEAD = true }            -- nothing is done by asking for it

-- Phases that may have begun, unnoticed, before somebody looks again.
local FOLLOWING = {
  queued = { "connecting", "sent", "head" }, connecting = { "connecting", "sent", "head" }, sent = { "head" },
}

local NOTHING = {}

local EMPTY = { POST = "", PATCH = "" }             -- what these send when there is nothing to send

local FLOWING = { page = true, stream = true }      -- kinds of answers that are read as they come

---@class apify.Call
---@field settings apify.Settings
---@field request apify.Request what is asked for
---@field method string
---@field url string
---@field decoder userdata
---@field waiter apify.Waiter
---@field wake_at number poke again then
---@field xfer? userdata the transfer whose answer is ready
---@field read? fun(self): any   what makes a value of the answer; nil, message, name, offset, is_stray when it is none
---@field value? any what it has made
---@field error? apify.Error
---@field attempts integer
---@field used_up? "attempts"|"time"|"patience" why it was not tried again
---@field send_once? boolean a second sending may do it twice: set with the first attempt
---@field was_sent boolean may the server have acted on one of the attempts that have failed?
---@field is_repetition? boolean ... on one of those before the present attempt?
local Call = {}
local call_mt = { __index = Call, __name = "apify.Call" }

--- Begin a call; nothing is sent before the first poke.
---@param settings apify.Settings
---@param request apify.Request
---@param waiter apify.Waiter
---@param now number
---@param previous? { attempts: integer, error: apify.Error, started_at?: number } what was tried before for the same purpose
---@return apify.Call
local function new(settings, request, waiter, now, previous)
  local address, query = settings.base.url .. request.path, url.query(request.query or NOTHING)
  local self = setmetatable({
    settings = settings, request = request, method = request.method or "GET",
    url = query == "" and address or address .. "?" .. query,
    decoder = request.decoder or settings:decoder_for(request.pick, request.nulls),
    time_allowed = request.request_timeout or settings.request_timeout,
    waiter = waiter, attempts = previous and previous.attempts or 0, was_sent = false,
    started_at = previous and previous.started_at or now, start_at = now, wake_at = now, looked_at = now, progress_at = now, moved = 0,
    is_reported = false,
  }, call_mt)
  self:go_home()
  settings.calls[self] = true
  if previous then self:consider(previous.error, now) else settings.counts.calls = settings.counts.calls + 1 end
  return self
end

--- Every attempt begins at the API itself, wherever redirects have led before.
function Call:go_home()
  self.address, self.redirects, self.is_home = self.url, 0, true
  self.is_loopback = self.settings.base.loopback
end

--- Where the present attempt goes, as the client remembers hosts that have answered.
function Call:host()
  return self.is_home and self.settings.base.url or url.origin(self.address)
end

--- When the time allowed is over.
function Call:ends_at()
  if self.state == "ready" and self.request.answer == "stream" then return math.huge end
  return self.started_at + self.time_allowed
end

--- Seconds left of the time allowed.
function Call:remaining(now)
  return self:ends_at() - now
end

--- The fields of an error, with what is known about this call. `sent` comes in as: has the present attempt reached the server? It goes out
--- as: may the server have acted? Not where there was nothing to do, nor where it said no, unless on an attempt before.
function Call:facts(fields)
  fields.message = self.settings:conceal(fields.message)
  if fields.sent ~= nil then fields.sent = self.was_sent or fields.sent and not IDLE[self.method] and not retry.is_refusal(fields) end
  fields.method, fields.path, fields.attempts = self.method, url.path(self.url), self.attempts
  return fields
end

--- An error with what is known about this call.
function Call:describe(fields)
  return errors.new(self:facts(fields))
end

--- Is there a transfer that can tell of itself? The collector finalizes that of a call which nobody has any more, and takes the
--- call out of the client's weak table only in its next cycle.
local function has_live_transfer(self)
  return self.xfer ~= nil and self.xfer:is_open()
end

--- May the server have acted?
---@return boolean
function Call:may_have_acted()
  return self.was_sent or not IDLE[self.method] and has_live_transfer(self) and self.xfer:was_sent()
end

--- The call failed for good.
function Call:fail(err)
  self:close(err)
  self.settings.counts.errors = self.settings.counts.errors + 1
  return "failed"
end

--- An attempt failed: try again later if that may help, is harmless and there is time; else give up.
function Call:consider(err, now)
  local request, settings = self.request, self.settings
  local verdict = retry.verdict {
    kind = err.kind, status = err.status, method = self.method, sent = err.sent,
    safe = request.is_safe or settings.retry_unsafe,
  }
  err.retryable = verdict == "retry"
  self.was_sent = self.was_sent or err.sent or false
  err.sent = self.was_sent
  local ok, why = pcall(self.release, self, err)
  if not ok then
    self:close(err)                                      -- of a hook: the call is over
    error(why, 0)
  end
  if verdict ~= "retry" then return self:fail(err) end
  if request.upload and not request.upload:can_rewind() then
    err.retryable, err.message = false, err.message .. "; not tried again: its body cannot be read again"
    return self:fail(err)
  end
  local delay
  delay, self.used_up = retry.plan {
    attempt = self.attempts, max_retries = settings.max_retries, base = settings.min_delay_between_retries,
    random = core.random(), retry_after = err.retry_after, remaining = math.min(self:remaining(now), (request.deadline_at or math.huge) - now),
    kind = err.kind, elapsed = now - self.started_at, is_known = settings.known[self:host()],
  }
  if self.used_up == "patience" then err.message = err.message .. "; given up: this host has never answered" end
  if not delay then return self:fail(err) end
  settings.counts.retries = settings.counts.retries + 1
  self.last_error, self.is_repetition = err, self.was_sent
  self.start_at, self.wake_at = now + delay, now + delay
  self:go_home()
  return "wait"
end

--- Tell the counters and the hook about the attempt that ends now, once. What the hook raises is raised as an apify.Error, to which
--- whoever has an answer by then adds it.
function Call:report(err)
  local xfer = self.xfer
  if self.is_reported or not has_live_transfer(self) then return end
  self.is_reported = true
  local settings, bytes_wire, bytes_decoded, is_reused = self.settings, xfer:totals()
  local counts = settings.counts
  counts.bytes_wire = counts.bytes_wire + bytes_wire
  counts.bytes_decoded = counts.bytes_decoded + bytes_decoded
  if is_reused then counts.reused_connections = counts.reused_connections + 1 end
  if not settings.on_attempt then return end
  local stats = xfer:stats()
  stats.method, stats.path, stats.attempt = self.method, url.path(self.url), self.attempts
  stats.status, stats.error, stats.cause = xfer:status(), err, self.last_error
  local ok, why = pcall(loop.call_hook, settings.on_attempt, stats)
  if ok then return end
  local has_acted = err and err.sent
  if has_acted == nil then has_acted = self:may_have_acted() end
  error(errors.of_user("the on_attempt hook", why, self:facts { sent = has_acted }), 0)
end

--- Let the transfer go, because of `err` if it failed; one that is unfinished is aborted.
function Call:release(err)
  local xfer = self.xfer
  if not xfer then return end
  local ok, why = pcall(self.report, self, err)           -- a hook may raise; the transfer must go all the same
  xfer:close()
  self.xfer = nil
  if not ok then error(why, 0) end
end

--- Stop at once, because of `err` if it did not succeed. Safe to call twice.
---@param err? apify.Error
function Call:close(err)
  self.error = self.error or err
  self.settings.calls[self] = nil
  self:release(self.error)
end

--- Stop at once, because of what is no affair of the server's: the fields of an error, or one that came from elsewhere and stays as it is.
--- With `sent` in the fields, that is what they say of the present attempt.
---@param err table
function Call:abort(err)
  if errors.is(err) then return self:close(err) end
  if err.sent == nil then self.was_sent, err.sent = self:may_have_acted(), false end
  self:close(self:describe(err))
end

--- The core's options for an attempt. Away from the API's own origin go neither the token nor the headers of client and caller.
function Call:options()
  local request, settings, upload = self.request, self.settings, self.request.upload
  self.send_once = ONCE[self.method] and not (request.is_safe or settings.retry_unsafe) or nil
  return {
    owner = self, url = self.address, method = self.method, send_once = self.send_once,
    body = request.body or not upload and EMPTY[self.method] or nil, upload = upload and true, upload_size = upload and upload:size(),
    headers = self.is_home and headers.merge(settings.home_headers, request.headers or NOTHING) or settings.headers,
    secret = self.is_home and settings.secret or nil,
    user_agent = settings.user_agent, stream = FLOWING[request.answer], raw = request.is_raw,
    http1 = request.http1 or self.send_once,               -- HTTP/2 does not tell a refused request from one that was processed
    max_body_size = settings.max_body_size, max_connections = settings.max_connections,
    ca_file = settings.ca_file, proxy = self.is_loopback and "" or settings.proxy,
  }
end

function Call:start(now)
  self.attempts = self.attempts + 1
  self.is_reported = false
  self.settings.counts.attempts = self.settings.counts.attempts + 1
  self.moved, self.phase, self.progress_at, self.looked_at, self.uploaded = 0, nil, now, now, nil
  local xfer, message, kind = reactor.submit(self:options())
  if not xfer then return self:consider(self:describe { kind = kind, message = message, sent = false }, now) end
  self.xfer = xfer
  return self:watch(now)
end

--- Seconds without a byte that are too long in this phase.
function Call:patience(phase)
  local request, settings = self.request, self.settings
  if phase == "connecting" then return settings.connect_timeout end
  return phase == "sent" and request.hold_timeout or request.stall_timeout or settings.stall_timeout
end

--- Nothing came in time: what that means depends on how far the attempt got.
function Call:late_error(now)
  local is_sent = self.xfer:was_sent()
  if self:remaining(now) <= 0 then
    local message = ("no answer within %s"):format(errors.secs(self.time_allowed))
    if self.last_error then message = message .. "; the attempt before: " .. self.last_error.message end
    return self:describe { kind = "timeout", message = message, sent = is_sent, retryable = not (is_sent and self.send_once) }
  end
  local message = is_sent and ("not a byte within %g s"):format(self:patience(self.phase))
    or ("no connection within %g s"):format(self.settings.connect_timeout)
  return self:describe { kind = is_sent and "timeout" or "connect", message = message, sent = is_sent }
end

--- Note when bytes last moved, by the owner's clock, which stands still while the program is elsewhere.
function Call:look(now)
  local phase, moved, idle, uploaded = self.xfer:phase(), self.xfer:progress()
  if phase ~= self.phase or moved ~= self.moved then
    local is_seen = idle <= now - self.looked_at + CLOCK_SLACK          -- else the owner's clock stood still since
    self.progress_at = is_seen and now - idle or now
    self.phase, self.moved = phase, moved
    if self.request.upload and phase == "sent" and uploaded ~= self.uploaded then
      self.started_at, self.uploaded = self.progress_at, uploaded
    end
  end
  self.looked_at = now
end

--- Has the transfer been silent for too long, or is the time allowed over? Sets `wake_at`.
function Call:is_late(now)
  self:look(now)
  local phase, limit = self.phase, self:ends_at()
  if phase ~= "queued" then limit = math.min(limit, self.progress_at + self:patience(phase)) end
  self.wake_at = limit
  for _, next_phase in ipairs(FOLLOWING[phase] or NOTHING) do           -- nobody is woken when the phase changes
    self.wake_at = math.min(self.wake_at, now + self:patience(next_phase))
  end
  return now >= limit
end

--- After a fork, the child does not hear of what its parent has begun: nil, or the error that makes of it.
function Call:loss()
  if not self.xfer:is_foreign() then return nil end
  return self:describe { kind = "network", message = "the connection belongs to the parent process", sent = self.xfer:was_sent() }
end

--- The attempt is under way: has it stalled?
function Call:watch(now)
  local loss = self:loss()
  if loss then return self:consider(loss, now) end
  if not self:is_late(now) then return "wait" end
  local is_enough = (self.xfer:status() or 0) >= (self.request.answer == "head" and 200 or 300)
  if is_enough then return self:judge(now) end           -- the head says all that matters
  local err = self:late_error(now)
  if err.kind == "timeout" and self:remaining(now) <= 0 then return self:fail(err) end
  return self:consider(err, now)
end

--- The same for a stream whose rows are being read: nil, or why it has to be given up.
function Call:watch_body(now)
  return self:loss() or self:is_late(now) and self:late_error(now) or nil
end

--- The body of the answer turned out to be bad, or `is_stray`, something else than what was asked for: try again, or give up, see apify.http.retry.
function Call:reject(kind, message, offset, now, is_stray)
  self.state = nil
  local err = self:describe { kind = kind, message = message, offset = offset, sent = true, retryable = false }
  local came_whole = not self.xfer:failure()
  if came_whole and self.request.is_user_data and not is_stray then return self:fail(err) end
  return self:consider(err, now)
end

--- The answer points elsewhere: ask there, in the same attempt, or give up.
function Call:redirect(status, now)
  local location = self.xfer:header "location"
  self.redirects = self.redirects + 1
  local address, parts = redirect.follow {
    method = self.method, count = self.redirects, from = self.address, location = location, shown = self.settings:conceal(location),
  }
  if not address then return self:fail(self:describe { kind = "redirect", status = status, message = parts, sent = true }) end
  self:release()
  self.is_home = self.is_home and url.origin(address) == url.origin(self.url)
  self.address, self.is_loopback = address, parts.loopback
  self.attempts = self.attempts - 1                   -- it is counted again
  return self:start(now)
end

--- A success is there: it is the answer, unless nothing can be made of it.
function Call:succeed(now)
  if self.read then
    local value, message, name, offset, is_stray = self:read()
    if message then return self:reject(name, message, offset, now, is_stray) end
    self.value = value
  end
  self.state = "ready"
  return "ready"
end

--- Why a success cannot be what was asked for, whatever its body is: the same question would bring the same. nil when it can.
function Call:misfit(status)
  local message, kind = self.xfer:failure()
  if kind == "decode" then return message end                       -- before a byte was read: it is compressed in a way we cannot read
  if status ~= 206 or headers.has(self.request.headers or NOTHING, "range") then return nil end
  return "the answer is a part, and the whole was asked for"
end

--- The answer, or enough of it, is there.
function Call:judge(now)
  local xfer = self.xfer
  if xfer:was_resent() then self.is_repetition = true end
  local message, kind, received = xfer:failure()
  local status = xfer:status()
  if status then self.settings.known[self:host()] = true end
  local is_success = status and status >= 200 and status < 300
  local misfit = is_success and self.request.answer ~= "head" and self:misfit(status)
  if misfit then
    return self:fail(self:describe { kind = "decode", status = status, message = misfit, sent = true, retryable = false })
  end
  local is_enough = is_success and (FLOWING[self.request.answer] or self.request.answer == "head")
  if message and (not status or is_success) and not is_enough then
    return self:consider(self:describe { kind = kind, message = message, offset = status and received, sent = xfer:was_sent() }, now)
  end
  if is_success then return self:succeed(now) end
  if not status then
    return self:consider(self:describe { kind = "decode", message = "the answer has no status", sent = true }, now)
  end
  if redirect.is_one(status) then return self:redirect(status, now) end
  local err = answers.error(self, status)
  if status == 429 then
    self.settings.counts.rate_limited = self.settings.counts.rate_limited + 1
  end
  return self:consider(err, now)
end

--- Go on as far as possible.
---@param now number
---@return "wait"|"ready"|"failed" state   "ready": `xfer` holds a success, of a stream at least its headers
function Call:poke(now)
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
  if phase == "done" or (phase == "head" and FLOWING[self.request.answer] and is_success) then return self:judge(now) end
  return self:watch(now)
end

return { new = new }
