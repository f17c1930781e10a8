--- The body of the present request, whole and decoded. A client that leaves in mid-body ends its request here,
--- so that nothing of it is acted upon.
local brotli = require "brotli"
local cjson = require "cjson.safe"
local errors = require "errors"
local gzip = require "gzip"
local store = require "store"

local bodies = {}

local JOURNAL_BYTES = 100000            -- of a body in the journal

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- The body as it came over the wire, however long; "" for none.
---@return string
function bodies.received()
  ngx.req.read_body()
  local text = ngx.req.get_body_data()
  if text then return text end
  local path = ngx.req.get_body_file()  -- where nginx puts what is longer than its buffer
  return path and read_file(path) or ""
end

local DECODERS = { br = brotli.decompress, deflate = gzip.decompress_deflate, gzip = gzip.decompress }

local function decoded(text, max)
  local encoding = (ngx.var.http_content_encoding or "identity"):lower()
  local result, problem = text, #text > max and "too large" or nil
  if encoding ~= "identity" then
    local decode = DECODERS[encoding] or error(errors.unsupported_encoding(encoding), 0)
    result, problem = decode(text, max)
  end
  if problem == "too large" then error(errors.request_too_large(max, result and #result or max + 1), 0) end
  if problem == "no decoder" then error(errors.unsupported_encoding(encoding), 0) end
  if problem then error(errors.new(400, "invalid-request", ("The request body is not a complete %s stream: %s."):format(encoding, problem)), 0) end
  return result
end

--- The whole body, decoded; read once. A failure when it is too large, damaged, or in an encoding that is not known.
--- The journal then tells its size on the wire.
---@param request {body_text: string?}
---@return string
function bodies.read(request)
  if request.body_text then return request.body_text end
  local received = bodies.received()
  ngx.ctx.entry.body_bytes = #received
  request.body_text = decoded(received, store.settings.max_payload_bytes)
  return request.body_text
end

--- The body that has to be a JSON object: decoded, and as text.
---@param request {body_text: string?}
---@return table
---@return string
function bodies.object(request)
  local text = bodies.read(request)
  local object = text:find "^%s*{" and cjson.decode(text)
  return object or error(errors.invalid_body "The request body must be a JSON object.", 0), text
end

--- Note the body in the journal, decoded where that is possible, before anything is done with it.
---@param entry table
function bodies.note(entry)
  local received = bodies.received()
  local ok, text = pcall(decoded, received, math.huge)
  entry.body_bytes, entry.body = #received, (ok and text or received):sub(1, JOURNAL_BYTES)
end

return bodies
