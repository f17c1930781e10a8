--- From a method, a path and options to an answer: builds calls, and waits for them.
local core = require "apify.core"
local errors = require "apify.util.errors"
local call = require "apify.http.call"
local loop = require "apify.loop"
local url = require "apify.util.url"

local request = {}

local NOTHING = {}

local BODIES = { POST = "", PATCH = "" }        -- what these send when there is nothing to send

--- The decoder for these settings; decoders learn the shape of what they read, so they are kept.
local function decoder_for(settings, pick, nulls)
  nulls = nulls or settings.nulls or "omit"
  local key = nulls .. (pick and "\0" .. table.concat(pick, "\0") or "")
  local found = settings.decoders[key]
  if not found then
    found = core.decoder { nulls = nulls, pick = pick }
    settings.decoders[key] = found
  end
  return found
end

--- What to ask for.
---@class apify.Operation
---@field method? string GET when absent
---@field path string below the API's base, such as "/acts/x/runs"
---@field query? { [1]: string, [2]: string }[]
---@field headers? string[]
---@field body? string
---@field upload? { size?: integer } see apify.Call, as for the flags below
---@field http1? boolean
---@field is_raw? boolean
---@field is_stream? boolean
---@field is_open_ended? boolean
---@field is_safe? boolean
---@field is_repeatable? fun(): boolean
---@field is_user_data? boolean
---@field ignores_body? boolean
---@field media? string what kind of bytes a stream has to be of: see answers.is_stray
---@field pick? string[]
---@field nulls? "omit"|"keep"
---@field decoder? userdata instead of that of the settings, `pick` and `nulls`
---@field request_timeout? number
---@field stall_timeout? number
---@field hold_timeout? number
---@field answer_name? string the field of an error that keeps the answer when a hook raises, beside `value`
---@field wants_meta? boolean status and headers of the answer are wanted beside its value

---@param settings apify.Settings
---@param op apify.Operation
---@return apify.Call
function request.call(settings, op)
  local query = url.query(op.query or NOTHING)
  local address = settings.base.url .. op.path
  return {
    settings = settings, method = op.method or "GET", path = url.path(address),
    url = query == "" and address or address .. "?" .. query,
    headers = op.headers or NOTHING, body = op.body or not op.upload and BODIES[op.method] or nil,
    upload = op.upload, http1 = op.http1, is_stream = op.is_stream, is_open_ended = op.is_open_ended,
    is_raw = op.is_raw, is_safe = op.is_safe, is_repeatable = op.is_repeatable, is_user_data = op.is_user_data,
    ignores_body = op.ignores_body,
    request_timeout = op.request_timeout or settings.request_timeout,
    stall_timeout = op.stall_timeout or settings.stall_timeout, hold_timeout = op.hold_timeout,
    decoder = op.decoder or decoder_for(settings, op.pick, op.nulls),
  }
end

--- The path that texts show: of the whole URL.
---@param settings apify.Settings
---@param path string below the API's base
---@return string
function request.path_text(settings, path)
  return url.path(settings.base.url .. path)
end

--- Why the client cannot be used now, or nil.
function request.refusal(settings)
  if settings.gate.is_closed then return errors.new { kind = "closed", message = "the client is closed" } end
  local ok, reason, kind = loop.check()
  if not ok then return errors.new { kind = kind, message = reason } end
end

--- Begin an exchange.
function request.begin(settings, op, waiter, now, previous)
  settings.counts.calls = settings.counts.calls + (previous and 0 or 1)
  return call.new(request.call(settings, op), waiter, now, previous)
end

--- Wait until the waiter is woken or `seconds` are over; nil, or the fields of the error that ends the call.
function request.park(settings, waiter, seconds)
  local gate = settings.gate
  local how, reason, kind
  if not gate.is_closed then                                 -- else nobody would wake the caller
    gate.parked[waiter] = true
    how, reason, kind = loop.park(waiter, seconds)
    gate.parked[waiter] = nil
  end
  if gate.is_closed then return { kind = "closed", message = "the client was closed" } end
  if how == "cancelled" then return { kind = "cancelled", message = "the fiber was cancelled" } end
  if how == nil then return { kind = kind, message = reason } end
end

--- What an exchange needs while it is under way: a body, for instance. The clock may leave out what the user's code takes.
---@class apify.Helper
---@field now fun(self): number
---@field tend fun(self, ex: apify.Exchange): table?   the error that ends the call, or the fields of one

---@type apify.Helper
local NO_HELPER = { now = loop.now, tend = function() end }

--- The error object of what ends the call from outside; one that came from elsewhere stays as it is.
local function interruption(ex, err)
  if errors.is(err) then return err end
  if err.sent == nil then err.sent = ex.xfer ~= nil and ex.xfer:was_sent() end
  err.sent = ex.was_sent or err.sent
  return ex:describe(err)
end

--- Wait until the exchange is ready or has failed. true, or nil and the error.
local function finish(ex, settings, helper)
  while true do
    local state = ex:poke(helper:now())
    if state == "ready" then return true end
    if state == "failed" then return nil, ex.error end
    local err = helper:tend(ex) or request.park(settings, ex.waiter, ex.wake_at - helper:now())
    if err then
      ex:close(interruption(ex, err))
      return nil, ex.error
    end
  end
end

--- Was the thing deleted by an earlier attempt, whose answer was lost?
local function is_deleted(ex, err)
  return ex.call.method == "DELETE" and err.not_found and ex.is_repetition
end

--- End an exchange whose answer is known. What a hook raises then is raised with the answer in it.
---@param ex apify.Exchange
---@param value any
---@param name? string the field of the error, beside `value`
function request.end_with(ex, value, name)
  local ok, why = pcall(ex.close, ex)
  if ok then return end
  if errors.is(why) then
    why.value = value
    if name then why[name] = value end
  end
  error(why, 0)
end

--- Make the call and wait for its answer. What a hook raises is raised, with the answer in `value` where there is one.
---@param settings apify.Settings
---@param op apify.Operation
---@param read fun(ex: apify.Exchange): any   makes a value of the answer; nil, message, name, offset, is_stray when it is none
---@param helper? apify.Helper
---@return any value
---@return any err_or_meta   an apify.Error beside nil; else { status, headers }, if they are wanted
function request.run(settings, op, read, helper)
  local refused = request.refusal(settings)
  if refused then return nil, refused end
  helper = helper or NO_HELPER
  local ex = request.begin(settings, op, loop.waiter(), helper:now())
  while true do
    local ok, err = finish(ex, settings, helper)
    if not ok and is_deleted(ex, err) then return true, { status = err.status, headers = {} } end
    if not ok then return nil, err end
    local value, message, name, offset, is_stray = read(ex)
    if message == nil then
      local meta = op.wants_meta and { status = ex.xfer:status(), headers = ex:conceal(ex.xfer:headers()) } or nil
      request.end_with(ex, value, op.answer_name)
      return value, meta
    end
    ex:reject(name, message, offset, helper:now(), is_stray)
  end
end

return request
