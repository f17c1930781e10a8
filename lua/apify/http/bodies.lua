--- Bodies of requests: how large they may be, and compressed where that makes them smaller.
local core = require "apify.core"

local bodies = {}

local GZIP_LINE = "Content-Encoding: gzip"

bodies.JSON_TYPE = "application/json; charset=utf-8"
bodies.MAX_SIZE = 9437184                -- bytes of a body that the API takes, before compression

--- A body compressed where that makes it smaller, and the header line that tells so.
---@param bytes string
---@return string bytes
---@return string? header
function bodies.compress(bytes)
  local body, is_compressed = core.gzip():finish(bytes)
  if not body or not is_compressed then return bytes end
  return body, GZIP_LINE
end

--- The header lines of a body of JSON.
---@param is_compressed boolean
---@return string[]
function bodies.headers(is_compressed)
  return { "Content-Type: " .. bodies.JSON_TYPE, is_compressed and GZIP_LINE or nil }
end

--- A JSON text as the body of a request, compressed where that makes it smaller, and its header lines.
---@param text string
---@return string bytes
---@return string[] headers
function bodies.of_json(text)
  local bytes, encoding = bodies.compress(text)
  return bytes, bodies.headers(encoding ~= nil)
end

return bodies
