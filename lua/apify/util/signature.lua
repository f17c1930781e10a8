--- Signatures with which the API shows a storage, or a record of one, to whoever has the URL. Pure policy: no clock.
local base64 = require "apify.util.base64"
local core = require "apify.core"

local DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
local USED = 30                          -- hexadecimal digits of an HMAC that make a signature

local signature = {}

--- A number, given as a list of bytes with the highest first, by the base 62; the list is used up.
local function base62(bytes)
  local text = ""
  while bytes[1] do
    local rest, quotient = 0, {}
    for _, byte in ipairs(bytes) do
      local n = rest * 256 + byte
      local digit = math.floor(n / 62)
      rest = n % 62
      if digit > 0 or quotient[1] then quotient[#quotient + 1] = digit end
    end
    text, bytes = DIGITS:sub(rest + 1, rest + 1) .. text, quotient
  end
  return text
end

--- The signature of a text, such as the key of a record.
---@param key string the storage's urlSigningSecretKey
---@param text string
---@return string
function signature.of(key, text)
  local bytes = {}
  for pair in core.sha256(text, key):sub(1, USED):gmatch ".." do bytes[#bytes + 1] = tonumber(pair, 16) end
  return (base62(bytes):gsub("^0+(.)", "%1"))
end

--- The signature of what a storage holds, with the time until which it counts.
---@param key string the storage's urlSigningSecretKey
---@param id string of the storage
---@param expires_at? number seconds since 1970; for ever when absent
---@return string
function signature.of_storage(key, id, expires_at)
  local what = ("0.%.0f."):format(math.floor((expires_at or 0) * 1000))
  local text = base64.encode(what .. signature.of(key, what .. id))
  return (text:gsub("[+/=]", { ["+"] = "-", ["/"] = "_", ["="] = "" }))
end

return signature
