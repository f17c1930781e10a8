--- The bytes of one answer, however often it has to be asked for: a connection that breaks off is made anew, and what came
--- before is skipped, once it has proved to be the same.
local answers = require "apify.http.answers"
local core = require "apify.core"
local drive = require "apify.http.drive"
local errors = require "apify.util.errors"
local request = require "apify.http.request"
local clock = require "apify.loop.clock"
local loop = require "apify.loop"

local PIECE = 4096                      -- bytes read at a time: of larger strings LuaJIT's collector lets too many pile up
local MIN_PAUSE, MAX_PAUSE = 1, 5        -- seconds before content that still grows is asked for again

---@class apify.StreamOptions
---@field settings apify.Settings
---@field request apify.Request of a GET
---@field deadline? number seconds inside
---`request.lead`, where it is set, is a request for the same content as it is now: what it brings is passed over.
---@field resolve? fun(limit: number): apify.Request?, apify.Error?   asked once, before the first request: what to use instead
---of `request`; `limit`, here and below: the seconds that the answer may take
---@field go_on? fun(limit: number): boolean?, apify.Error?   asked after a clean end: does the content still grow? Once it does
---not, the content is asked for a last time, as it may have grown before that was known

---@class apify.Stream
---@field private call? apify.Call
---@field private xfer? userdata its body is being read
---@field private head? { status: integer, headers: table<string, string> } of the answer that the first byte came from
---@field private delivered integer bytes
---@field private crc integer of these
---@field private skip integer bytes of the present answer that were delivered before, and are still to come
---@field private skipped_crc integer of those that came
---@field private fresh integer bytes delivered of the present answer
---@field private ready_at? number when its headers were there
---@field private ask_at? number when content that still grows is asked for again
---@field private is_leading? boolean what is there already is being passed over
---@field private passed? string the last byte that was passed over
---@field private is_final? boolean the content is known not to grow any more
---@field private clock apify.Clock stands still between two steps
---@field private slice_began_at number when the present time slice began
local Stream = {}
Stream.__index = Stream

local stream = {}

--- The request as one for a stream. What may be paused for long goes over HTTP/1.1: over HTTP/2 the core would hold what others are sent.
local function for_stream(asked)
  asked.answer, asked.http1 = "stream", true
  if asked.lead then for_stream(asked.lead) end
  return asked
end

local function set_request(self, asked)
  self.request, self.is_leading = for_stream(asked), asked.lead ~= nil
end

--- Nothing is sent before the first step.
---@param o apify.StreamOptions
---@return apify.Stream
function stream.new(o)
  local self = setmetatable({
    settings = o.settings, resolve = o.resolve, go_on = o.go_on, waiter = loop.waiter(),
    clock = clock.new(o.deadline), delivered = 0, crc = 0, pause = MIN_PAUSE, slice_began_at = loop.now(),
  }, Stream)
  set_request(self, o.request)
  return self
end

--- An error with what is known about the call; one that came from elsewhere stays as it is.
---@param fields table
---@return apify.Error
function Stream:describe(fields)
  if errors.is(fields) then return fields end
  local call = self.call
  if call and fields.sent == nil then fields.sent = call:may_have_acted() end
  if call then return call:describe(fields) end
  return request.describe(self.settings, self.request, fields)
end

--- Ask for the content, from its start.
local function open(self, now, previous)
  self.skip, self.skipped_crc, self.fresh, self.ready_at = self.delivered, 0, 0, nil
  local asked = request.with(self.is_leading and self.request.lead or self.request, { deadline_at = self.clock.ends_at })
  self.call = request.begin(self.settings, asked, self.waiter, now, previous)
end

--- End the present attempt, because of `err` if it failed.
local function let_go(self, err)
  local call = self.call
  self.call, self.xfer = nil, nil
  if call then call:close(err) end
end

--- The answer broke off, or fell silent: ask again. If it had brought anything new, the attempts and the time allowed for an
--- answer are counted from here; the time that its body took is not counted in any case.
local function resume(self, err, now)
  local call, has_fresh = self.call, self.fresh > 0
  local read_secs = self.ready_at and now - self.ready_at or 0
  err.attempts = has_fresh and 1 or call.attempts
  let_go(self, err)
  open(self, now, { attempts = err.attempts, error = err, started_at = not has_fresh and call.started_at + read_secs or nil })
end

--- Was the present attempt begun by the process that this one was forked from? Then it brings nothing here: it is made anew.
local function resume_in_child(self)
  local call = self.call
  if not (call and call.xfer and call.xfer:is_foreign()) then return false end
  resume(self, call:describe { kind = "network", message = "the connection belongs to the parent process", sent = true }, self.clock:enter())
  return true
end

--- The error that what comes now is not what came before.
local function changed(self)
  local err = self:describe({ kind = "decode", message = "the content changed while it was being read", sent = true, retryable = true })
  self.is_changed = true
  self.call:fail(err)
  let_go(self)
  return err
end

--- What is new of the bytes: "" if nothing is; nil if what was delivered before them was something else.
local function sift(self, bytes)
  local known = math.min(self.skip, #bytes)
  if known == 0 then return bytes end
  self.skipped_crc = core.crc32(self.skipped_crc, bytes, 1, known)
  self.skip = self.skip - known
  if self.skip == 0 and self.skipped_crc ~= self.crc then return nil end
  return bytes:sub(known + 1)
end

--- Count bytes that are delivered now.
local function count(self, bytes)
  self.crc = core.crc32(self.crc, bytes)
  self.delivered, self.fresh = self.delivered + #bytes, self.fresh + #bytes
  self.pause = MIN_PAUSE
end

--- What forbids going on: a closed client, a cancelled fiber, a deadline that is over; nil if nothing does.
local function obstacle(self)
  self.clock:enter()
  local fields = drive.obstacle(self.settings, self.clock)
  return fields and self:describe(fields)
end

--- Let others go on; what forbids going on after it, or nil.
local function yield(self)
  self.clock:enter()                     -- what others take is not the caller's
  loop.yield()
  self.slice_began_at = loop.now()
  return obstacle(self)
end

--- What is there without waiting: bytes ("": look again) | nil (nothing yet) | nil, err
local function take(self)
  if resume_in_child(self) then return "" end
  if not self.xfer or self.settings.is_closed then return nil end
  local bytes, why, name, offset = self.xfer:read(PIECE)
  if bytes then
    bytes = sift(self, bytes)
    if not bytes then return nil, changed(self) end
    if bytes ~= "" then count(self, bytes) end
    if not self.is_leading then return bytes end
    self.passed = bytes ~= "" and bytes:sub(-1) or self.passed
    return ""
  end
  if why == "more" then return nil end
  if why == "end" and self.delivered == 0 and answers.is_never_empty(self.request.media) then why, name = "the answer is empty", "decode" end
  if why ~= "end" then
    resume(self, self.call:describe { kind = name, message = why, offset = offset, sent = true }, self.clock:enter())
    return ""
  end
  if self.skip > 0 then return nil, changed(self) end
  self.has_ended, self.is_leading = not self.is_leading, false
  let_go(self)
  return ""
end

--- Put a question to whoever made the stream: its answer, or nil and an error. It may take as long as an answer of the API, but
--- not beyond the deadline.
local function ask(self, question)
  local answer, err = question(math.min(self.request.request_timeout or self.settings.request_timeout, self.clock:left()))
  if err then return nil, obstacle(self) or err end
  return answer
end

--- The content came to its end: is that all? Sets when it is asked for again; or returns an error.
local function see_end(self)
  if not self.go_on or self.is_final then
    self.has_ended, self.is_over = false, true
    return nil
  end
  local still_grows, err = ask(self, self.go_on)
  if err then return err end
  self.has_ended, self.is_final = false, not still_grows
  if self.is_final then return nil end
  self.ask_at = self.clock:enter() + self.pause
  self.pause = math.min(2 * self.pause, MAX_PAUSE)
end

--- The headers are there.
local function begin_reading(self, now)
  self.xfer, self.ready_at = self.call.xfer, now
  self.xfer:want(true)
  if self.delivered == 0 then self.head = { status = self.xfer:status(), headers = self.call.settings:conceal(self.xfer:headers()) } end
end

--- The call failed for good. What is gone by the time of the last look has been seen as far as it can be. Returns as `see_to_call`.
local function see_failure(self, now, err)
  let_go(self)
  if not (self.is_final and self.head and err.not_found) then return nil, err end
  self.is_over = true
  return now
end

--- The answer is of another type than what was asked for: try again, or give up, once it is known how it begins. Returns when
--- to look again.
local function refuse(self, now)
  local call = self.call
  call.xfer:want(true)
  local bytes, why = call.xfer:read(PIECE)
  if why == "more" and not call:watch_body(now) then return call.wake_at end
  local _, message, name, offset, is_stray = answers.stray(call, bytes)
  call:reject(name, message, offset, now, is_stray)
  return now
end

--- See to the call. Returns when it wants to be seen again (at once: there is something to read), or nil and an error.
local function see_to_call(self, now)
  if not self.call then
    if self.ask_at and now < self.ask_at then return self.ask_at end
    self.ask_at = nil
    open(self, now)
  end
  local call = self.call
  if self.xfer then
    local err = call:watch_body(now)
    if not err then return call.wake_at end
    resume(self, err, now)
    return now
  end
  local state = call:poke(now)
  if state == "wait" then return call.wake_at end
  if state == "ready" and self.request.media and answers.is_stray(call, self.request.media) then return refuse(self, now) end
  if state == "ready" then
    begin_reading(self, now)
    return now
  end
  return see_failure(self, now, call.error)
end

--- Before anything is asked for: what to ask for, once. Returns an error if that is not known.
local function resolve(self)
  local asked, err = ask(self, self.resolve)
  if not asked then return err end
  set_request(self, asked)
  self.resolve = nil
end

--- Wait until there may be something to read, or return the error that stands in the way.
local function wait_for_news(self)
  local err = obstacle(self)
  if err then return err end
  if self.has_ended then return see_end(self) end
  if self.resolve then return resolve(self) end
  if resume_in_child(self) then return nil end
  local now = self.clock:enter()
  local wake_at, failure = see_to_call(self, now)
  if failure then return failure end
  if wake_at <= now then return nil end
  local fields = drive.wait(self.settings, self.waiter, wake_at, self.clock)
  self.slice_began_at = loop.now()
  return fields and self:describe(fields)
end

--- One look, and a wait if there is nothing yet: bytes, which may be "" | nil, err
local function step(self)
  local bytes, err
  if loop.is_slice_over(self.slice_began_at) then
    err = yield(self)
  else
    bytes, err = take(self)
    if bytes or err then return bytes, err end
    err = wait_for_news(self)
  end
  if not err then return "" end
  local is_shared = err.kind == "cancelled" and loop.is_waited_at(self.waiter)
  if not is_shared then let_go(self) end                                 -- what was cancelled or took too long stops at once
  return nil, err
end

--- The error of a step in a cancelled fiber, whatever is there; nil outside of one. What is in flight is aborted, unless
--- somebody else waits for it.
---@return apify.Error?
function Stream:cancellation()
  if not loop.is_cancelled() then return nil end
  local err = self:describe({ kind = "cancelled", message = "the fiber was cancelled" })
  if not loop.is_waited_at(self.waiter) then let_go(self, err) end
  return err
end

--- The next bytes, never none; nil at the end, or once it was closed; nil and an error, after which `read` may be called
--- again and goes on.
---@return string? bytes
---@return apify.Error? err
function Stream:read()
  local cancelled = not (self.is_closed or self.is_over) and self:cancellation()
  if cancelled then return nil, cancelled end
  while not (self.is_closed or self.is_over) do
    local bytes, err = step(self)
    if bytes ~= "" then
      self.clock:leave()
      return bytes, err
    end
  end
end

--- Status and headers of the answer that the first byte came from, or may come from, waiting for it if need be; nil once it was
--- closed; nil and an error.
---@return { status: integer, headers: table<string, string> }? info
---@return apify.Error? err
function Stream:info()
  while not (self.head or self.is_closed) do
    local err = wait_for_news(self)
    self.clock:leave()
    if err then
      let_go(self)
      return nil, err
    end
  end
  return self.head
end

--- The last byte of what was passed over, once; nil if nothing was.
---@return string?
function Stream:take_passed()
  local passed = self.passed
  self.passed = nil
  return passed
end

--- Put a question to the API that belongs to what is read: its answer, or nil and an error.
---@param question fun(limit: number): any, apify.Error?
function Stream:ask(question)
  self.clock:enter()
  local answer, err = ask(self, question)
  self.clock:leave()
  return answer, err
end

--- The path of the URL, for texts.
---@return string
function Stream:path()
  return request.path_text(self.settings, self.request.path)
end

--- Begin again with the first byte, whatever was delivered before.
function Stream:restart()
  let_go(self)
  self.delivered, self.crc, self.pause = 0, 0, MIN_PAUSE
  self.has_ended, self.is_over, self.is_changed = false, false, false
  self.ask_at, self.head = nil, nil
end

--- Stop at once, and wake whoever waits in `read`. Safe to call twice.
function Stream:close()
  self.is_closed = true
  loop.wake(self.waiter)
  let_go(self)
end

return stream
