--- Who may read a restricted storage without a token: whoever has a signed URL. HMAC is the OpenSSL's that nginx is linked with.
local clock = require "clock"
local errors = require "errors"
local ffi = require "ffi"
local random = require "random"

ffi.cdef [[
  const void *EVP_sha256(void);
  unsigned char *HMAC(const void *md, const void *key, int key_len, const char *text, size_t len, unsigned char *out, unsigned int *out_len);
]]

local DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
local USED = 15                          -- bytes of the HMAC that count

local signatures = {}

--- The key with which URLs of the storage are signed.
function signatures.key(storage)
  return random.new(ngx.crc32_short(storage.id)):id()
end

-- A number, given by its bytes, the highest first, to the base 62: digit by digit, each time dividing what is left.
local function base62(bytes, n)
  local text, is_zero = "", false
  while not is_zero do
    local rest = 0
    is_zero = true
    for i = 0, n - 1 do
      local value = rest * 256 + bytes[i]
      bytes[i], rest = math.floor(value / 62), value % 62
      is_zero = is_zero and bytes[i] == 0
    end
    text = DIGITS:sub(rest + 1, rest + 1) .. text
  end
  return text
end

local function signed(storage, text)
  local key, out = signatures.key(storage), ffi.new "unsigned char[32]"
  ffi.C.HMAC(ffi.C.EVP_sha256(), key, #key, text, #text, out, nil)
  return base62(out, USED)
end

local function is_good_for_all(storage, signature)
  local text = ngx.decode_base64((signature:gsub("-", "+"):gsub("_", "/") .. ("="):rep(-#signature % 4))) or ""
  local expires_at, own = text:match "^0%.(%d+)%.(%w+)$"
  if not own or own ~= signed(storage, ("0.%s.%s"):format(expires_at, storage.id)) then return false end
  return expires_at == "0" or tonumber(expires_at) > clock.now()
end

-- Does the request have a signature for what it asks?
local function is_good(request, storage)
  local signature = request.args.signature
  if type(signature) ~= "string" or request.method ~= "GET" and request.method ~= "HEAD" then return false end
  local key = request.path:match "/records/([^/]+)$"
  if key then return signature == signed(storage, ngx.unescape_uri(key)) end
  return (request.path:find "/items$" or request.path:find "/keys$") ~= nil and is_good_for_all(storage, signature)
end

--- Refuse who has neither a token nor a signature, where one of them is needed.
function signatures.check(request, storage)
  if storage.access ~= "RESTRICTED" or request.token or is_good(request, storage) then return end
  error(errors.permission_denied, 0)
end

return signatures
