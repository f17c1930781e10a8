--- From a method, a path and options to an answer: builds calls, waits for them, unwraps what came.
local core = require "apify.core"
local errors = require "apify.errors"
local exchange = require "apify.exchange"
local transport = require "apify.transport"
local url = require "apify.url"

local request = {}

local NOTHING = {}

local BODIES = { POST = "", PATCH = "" }          -- what these send when there is nothing to send

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
---@field is_stream? boolean
---@field is_safe? boolean
---@field pick? string[]
---@field nulls? "omit"|"keep"
---@field request_timeout? number
---@field stall_timeout? number

---@param settings apify.Settings
---@param op apify.Operation
---@return apify.Call
function request.call(settings, op)
  local query = url.query(op.query or NOTHING)
  local address = settings.base.url .. op.path
  return {
    settings = settings, method = op.method or "GET", path = url.path(address),
    url = query == "" and address or address .. "?" .. query,
    headers = op.headers or NOTHING, body = op.body or BODIES[op.method],
    is_stream = op.is_stream, is_safe = op.is_safe,
    request_timeout = op.request_timeout or settings.request_timeout,
    stall_timeout = op.stall_timeout or settings.stall_timeout,
    decoder = decoder_for(settings, op.pick, op.nulls),
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
  local ok, reason, kind = transport.check()
  if not ok then return errors.new { kind = kind, message = reason } end
end

--- Begin an exchange.
function request.begin(settings, op, waiter, now, previous)
  settings.counts.calls = settings.counts.calls + (previous and 0 or 1)
  return exchange.new(request.call(settings, op), waiter, now, previous)
end

--- Wait until the waiter is woken or `seconds` are over; nil, or the fields of the error that ends the call.
function request.park(settings, waiter, seconds)
  local gate = settings.gate
  gate.parked[waiter] = true
  local how, reason, kind = transport.park(waiter, seconds)
  gate.parked[waiter] = nil
  if gate.is_closed then return { kind = "closed", message = "the client was closed" } end
  if how == "cancelled" then return { kind = "cancelled", message = "the fiber was cancelled" } end
  if how == nil then return { kind = kind, message = reason } end
end

--- Wait until the exchange is ready or has failed. true, or nil and the error.
local function finish(ex, settings)
  while true do
    local now = transport.now()
    local state = ex:poke(now)
    if state == "ready" then return true end
    if state == "failed" then return nil, ex.error end
    local err = request.park(settings, ex.waiter, ex.wake_at - now)
    if err then
      err.sent = ex.was_sent or ex.xfer ~= nil and ex.xfer:was_sent()
      ex:close(ex:describe(err))
      return nil, ex.error
    end
  end
end

--- The decoded body of a finished exchange, or nil, message, name, offset; true where the answer has no body by its nature.
---@param ex apify.Exchange
function request.decode(ex)
  if ex.xfer:status() == 204 or ex.call.method == "HEAD" then return true end
  return ex.xfer:value(ex.call.decoder)
end

--- Make the call and wait for its answer.
---@param settings apify.Settings
---@param op apify.Operation
---@param read? fun(ex: apify.Exchange): any   decodes the answer; the JSON value when absent
---@return any value
---@return any err_or_meta   an apify.Error beside nil; else { status, headers }
function request.run(settings, op, read)
  local refused = request.refusal(settings)
  if refused then return nil, refused end
  local waiter = transport.waiter()
  local ex = request.begin(settings, op, waiter, transport.now())
  while true do
    local ok, err = finish(ex, settings)
    if not ok then return nil, err end
    local value, message, name, offset = (read or request.decode)(ex)
    if message == nil then
      local meta = { status = ex.xfer:status(), headers = ex.xfer:headers() }
      ex:close()
      return value, meta
    end
    ex:reject(name, message, offset, transport.now())
  end
end

--- The same for an answer that must be an object: what is inside its `data`.
---@param ex apify.Exchange
function request.decode_object(ex)
  local body, message, name, offset = request.decode(ex)
  if message then return nil, message, name, offset end
  local value = request.unwrap(body)
  if type(value) ~= "table" then return nil, "the answer is not an object", "decode", 0 end
  return value
end

--- The value inside `data`, where the API wraps it.
function request.unwrap(body)
  if type(body) == "table" and body.data ~= nil then return body.data end
  return body
end

return request
