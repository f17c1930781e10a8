--- Base64, for the one parameter of the API that wants it.

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local base64 = {}

--- Four characters for up to three bytes.
local function group(bytes)
  local a, b, c = bytes:byte(1, 3)
  local n = a * 65536 + (b or 0) * 256 + (c or 0)
  local text = ""
  for shift = 18, 0, -6 do
    local at = math.floor(n / 2 ^ shift) % 64 + 1
    text = text .. ALPHABET:sub(at, at)
  end
  return text:sub(1, #bytes + 1) .. ("="):rep(3 - #bytes)
end

--- The text of some bytes.
---@param bytes string
---@return string
function base64.encode(bytes)
  return (bytes:gsub("..?.?", group))
end

return base64
