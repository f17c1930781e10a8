--- An answer's body into a sink of the user's: what all downloads do.
local resource = require "apify.resources.base.resource"
local request = require "apify.http.request"
local drive = require "apify.http.drive"
local save = require "apify.http.save"
local sink = require "apify.http.sink"
local stream = require "apify.http.stream"

local download = {}

--- The bytes of an operation's answer. Below a last run, they are of the run that was last at the first step.
---@param self apify.Resource
---@param make_operation fun(handle: apify.Resource): apify.Request
---@param options? table further options of the stream
---@return apify.Stream
function download.stream(self, make_operation, options)
  local all = { settings = self.settings, request = make_operation(self) }
  for name, value in pairs(options or {}) do all[name] = value end
  if self.mount.is_last then
    all.resolve = resource.late(self, make_operation)
  end
  return stream.new(all)
end

--- Save the answer of an operation in what `sink.check` has accepted: true or, without a sink, the bytes; and the answer's
--- { status, headers }. Nothing half written stays behind.
---@param self apify.Resource
---@param row apify.OperationRow
---@param o table checked options
---@param to any
---@param more? { segment?: string, query?: { [1]: string, [2]: string }[], media?: string, is_raw?: boolean } what stands for the {} in the path;
---parameters beside those of the options; the kind of bytes, if it is not that of the row;
---and whether they are wanted as they come, compressed or not
---@return true|string|nil
---@return apify.Error|table err_or_info
function download.run(self, row, o, to, more)
  local refused = drive.refusal(self.settings)
  if refused then return nil, refused end
  more = more or {}
  local function make_operation(handle)
    local op = resource.operation(handle, row, o, more.segment)
    op.media, op.is_raw = more.media or op.media, more.is_raw
    for _, pair in ipairs(more.query or {}) do op.query[#op.query + 1] = pair end
    return op
  end
  local source = download.stream(self, make_operation, { deadline = o.deadline })
  local opened, why = sink.open(to, self.settings.max_body_size)
  if not opened then
    return nil, request.describe(self.settings, make_operation(self), why)
  end
  local value, err = save(source, opened)
  if value == nil then return nil, err end
  return value, source:info()
end

return download
