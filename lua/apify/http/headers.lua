--- Header lines, such as "Accept: */*".
local errors = require "apify.util.errors"

local headers = {}

local OWN = { authorization = "the token is set with client:with", host = "the host is that of base_url",
  ["content-length"] = "it is counted", ["accept-encoding"] = "it is what the core decodes", ["transfer-encoding"] = "it is the core's" }

--- What one call says of itself or of its body: for all calls it would be wrong.
local OF_A_CALL = { "connection", "content-encoding", "content-type", "expect", "idempotency-key", "if-match", "if-none-match", "range" }

local OWN_OF_ALL = setmetatable({}, { __index = OWN })
for _, name in ipairs(OF_A_CALL) do OWN_OF_ALL[name] = "it is one call's, not for all of a client" end

--- The lines of a table of names and values; misuse, which shows no value, of what cannot be sent or is none of the caller's.
---@param given? table<string, string|number>
---@param where string for messages
---@param are_of_all? boolean for all calls of a client
---@return string[]
function headers.lines(given, where, are_of_all)
  local lines, own = {}, are_of_all and OWN_OF_ALL or OWN
  for name, value in pairs(given or {}) do
    local function refuse(why) errors.misuse("bad option 'headers' of %s: %s (%s)", where, errors.show(name), why) end
    if type(name) ~= "string" or not name:find "^[%w!#$%%&'*+.^_`|~-]+$" then refuse "not a header name" end
    if own[name:lower()] then refuse(own[name:lower()]) end
    if type(value) ~= "string" and type(value) ~= "number" then refuse "its value is no string" end
    value = tostring(value)
    if value:find "[\r\n%z]" then refuse "its value has a line break or NUL" end
    lines[#lines + 1] = value:find "%S" and name .. ": " .. value or name .. ";"       -- the latter is libcurl's way to say "empty"
  end
  table.sort(lines)
  return lines
end

local function name_of(line)
  return line:match "^[^:;]*":lower()
end

--- Is there a line of this name, which is in lower case?
function headers.has(lines, name)
  for _, line in ipairs(lines) do
    if name_of(line) == name then return true end
  end
  return false
end

--- The lines of `own`, which take the place of others with the same name, and those others that are left.
function headers.merge(lines, own)
  if not own[1] then return lines end
  local is_own, all = {}, {}
  for i, line in ipairs(own) do is_own[name_of(line)], all[i] = true, line end
  for _, line in ipairs(lines) do
    if not is_own[name_of(line)] then all[#all + 1] = line end
  end
  return all
end

return headers
