--- Compressed bodies kept for the next time: pages of finished runs are the same whenever they are asked.
local gzip = require "gzip"

local gzip_cache = {}

local MAX_BODIES = 400                  -- about 250 MB of full pages
local MIN_SIZE = 200                    -- below it nginx does not compress either

local packed, count = {}, 0

local function compressed(body)
  if packed[body] then return packed[body] end
  if count >= MAX_BODIES then packed, count = {}, 0 end
  packed[body], count = gzip.compress(body), count + 1
  return packed[body]
end

--- Compress the answer's body in place, when the client takes gzip.
---@param answer local_api.Answer
function gzip_cache.pack(answer)
  if answer.producer then return end
  local accepted = ngx.var.http_accept_encoding or ""
  if #answer.body < MIN_SIZE or not accepted:find("gzip", 1, true) then return end
  answer.body, answer.headers["Content-Encoding"] = compressed(answer.body), "gzip"
end

return gzip_cache
