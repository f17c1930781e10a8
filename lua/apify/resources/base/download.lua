--- An answer's body into a sink of the user's: what all downloads do.
local errors = require "apify.util.errors"
local resource = require "apify.resources.base.resource"
local request = require "apify.http.request"
local drive = require "apify.http.drive"
local save = require "apify.http.save"
local sink = require "apify.http.sink"
local stream = require "apify.http.stream"
local tables = require "apify.util.tables"

local download = {}

--- These are names of answers.lua's kinds of bytes too.
local FORMATS = { json = true, jsonl = true, csv = true, xlsx = true, xml = true, html = true, rss = true }

--- Misuse unless the arguments name a format of items and a sink.
function download.check_items(format, to, where)
  if not FORMATS[format] then
    errors.misuse("bad argument 1 of %s: %s (expected json, jsonl, csv, xlsx, xml, html or rss)", where, errors.show(format))
  end
  sink.check(to, "argument 2 of " .. where)
end

--- The bytes of a request's answer. Below a last run, they are of the run that was last at the first step.
---@param self apify.Resource
---@param make_request fun(handle: apify.Resource): apify.Request
---@param options? table further options of the stream
---@return apify.Stream
function download.stream(self, make_request, options)
  return stream.new(tables.merge({
    settings = self.settings, request = make_request(self), resolve = resource.resolver(self, make_request),
  }, options))
end

--- Save the answer of an operation in what `sink.check` has accepted: true or, without a sink, the bytes; and the answer's
--- { status, headers }. Nothing half written stays behind.
---@param self apify.Resource
---@param operation apify.Operation
---@param o table checked options
---@param to any
---@param segment? string what stands for the {} in the path
---@param fields? table of the request
---@return true|string|nil
---@return apify.Error|table err_or_info
function download.run(self, operation, o, to, segment, fields)
  local refused = drive.refusal(self.settings)
  if refused then return nil, refused end
  local function make_request(handle) return resource.request(handle, operation, o, segment, fields) end
  local bytes = download.stream(self, make_request, { deadline = o.deadline })
  local opened, why = sink.open(to, self.settings.max_body_size)
  if not opened then
    return nil, request.describe(self.settings, make_request(self), why)
  end
  local value, err = save(bytes, opened)
  if value == nil then return nil, err end
  return value, bytes:info()
end

return download
