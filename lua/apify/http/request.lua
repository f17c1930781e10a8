--- What is asked for, and its answer, waited for.
local drive = require "apify.http.drive"
local errors = require "apify.util.errors"
local loop = require "apify.loop"
local url = require "apify.util.url"

local request = {}

--- What to ask for. It is made once, and nobody changes it. Times are seconds; where they are absent, the client's hold.
---@class apify.Request
---@field method? string GET when absent
---@field path string below the API's base, such as "/acts/x/runs"
---@field query? { [1]: string, [2]: string }[]
---@field headers? string[] header lines beside the token
---@field body? string
---@field upload? apify.Source a body that is sent as it is read: see upload.lua
---@field http1? boolean HTTP/1.1 only
---@field answer? "whole"|"head"|"page"|"stream" what makes it one: all of it (when absent); its head, whatever becomes of the rest; its
---head, after which the caller reads it as it comes: a page, for which `request_timeout` holds, or a stream, which may take any time
---@field is_raw? boolean the body is wanted as it came, compressed or not
---@field is_safe? boolean repeating is harmless whatever the method
---@field is_user_data? boolean the body is what some user stored: one that came whole and makes no sense stays so
---@field media? string what kind of bytes they have to be: see answers.is_stray
---@field pick? string[]
---@field nulls? "omit"|"keep"
---@field decoder? userdata instead of that of the settings, `pick` and `nulls`
---@field request_timeout? number for everything up to the complete answer; after an upload, from its last byte
---@field deadline_at? number by the clock of who pokes the call: no attempt is made after it, nor waited for
---@field stall_timeout? number without a byte, once the request is sent; may be infinite
---@field hold_timeout? number the same until the answer begins, where the API may hold it
---@field answer_name? string the field of an error that keeps the answer when a hook raises, beside `value`

--- The path that texts show: of the whole URL.
---@param settings apify.Settings
---@param path string below the API's base
---@return string
function request.path_text(settings, path)
  return url.path(settings.base.url .. path)
end

--- The error of a request for which there is no call, or none any more: of fields, or one that has come up already.
---@param settings apify.Settings
---@param req { method?: string, path: string }
---@param err table
---@return apify.Error
function request.describe(settings, req, err)
  err.method, err.path = req.method or "GET", request.path_text(settings, req.path)
  return errors.is(err) and err or errors.new(err)
end

--- The same request, but for what `own` has.
---@param req apify.Request
---@param own table
---@return apify.Request
function request.with(req, own)
  return setmetatable(own, { __index = req })
end

--- Begin a call, as call.lua says.
request.begin = require("apify.http.call").new

--- What a hook has raised: raised again, with the answer in it if that was known.
local function raise(why, call, value)
  if value ~= nil and errors.is(why) then
    why.value = value
    if call.request.answer_name then why[call.request.answer_name] = value end
  end
  error(why, 0)
end

--- Was the thing deleted by an earlier attempt, whose answer was lost?
local function is_deleted(call)
  return call.method == "DELETE" and call.is_repetition and call.error ~= nil and call.error.not_found
end

--- Wait for the answer of a call that was begun, as `run` does.
---@param call apify.Call
---@param read fun(call: apify.Call): any
---@param clock? apify.Clock
---@param write_more? fun(): table?   see drive.run
---@return any value
---@return apify.Error? err
function request.finish(call, read, clock, write_more)
  call.read = read
  local value, is_quiet, state = nil, pcall(drive.run, call, clock or drive.ANY_TIME, write_more)
  if is_quiet and state == "ready" then
    value, is_quiet, state = call.value, pcall(call.close, call)
  elseif is_deleted(call) then
    value = true
  elseif is_quiet then
    return nil, call.error
  end
  if not is_quiet then raise(state, call, value) end
  return value
end

--- Make the call and wait for its answer. What a hook raises is raised, with the answer in `value` where there is one.
---@param settings apify.Settings
---@param req apify.Request
---@param read fun(call: apify.Call): any   makes a value of the answer; nil, message, name, offset, is_stray when it is none
---@return any value
---@return apify.Error? err
function request.run(settings, req, read)
  local refused = drive.refusal(settings)
  if refused then return nil, refused end
  return request.finish(request.begin(settings, req, loop.waiter(), loop.now()), read)
end

--- The same for who wants status and headers of the answer too.
---@param settings apify.Settings
---@param req apify.Request
---@param read fun(call: apify.Call): any
---@return any value
---@return { status: integer, headers: table<string, string> }|apify.Error|nil meta_or_err
function request.run_meta(settings, req, read)
  local meta = { status = 404, headers = {} }            -- of what an earlier attempt has deleted
  local value, err = request.run(settings, req, function(call)
    meta = { status = call.xfer:status(), headers = settings:conceal(call.xfer:headers()) }
    return read(call)
  end)
  return value, err or meta
end

return request
