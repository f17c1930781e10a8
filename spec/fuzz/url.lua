--- url.lua - base URLs, redirects and ids. A line break in the input is between the URL asked and the location answered.
local url = require "apify.util.url"

--- Parts that no URL of ours has: they would say something else to whoever reads it next.
local function check_address(address)
  assert(address:find "^https?://[a-z0-9.:_%[%]-]+/" and not address:find "[%c #\128-\255]", address)
  assert(not address:find "^https?://[^/]*@", address)
end

local function check_base(text)
  local base, why = url.base(text)
  if not base then return assert(type(why) == "string") end
  check_address(base.url .. "/")
  assert(base.url:find "/v2$" and base.port >= 1 and base.port <= 65535)
  local again = assert(url.base(base.url))
  assert(again.url == base.url and again.host == base.host and again.port == base.port, "a base URL is its own")
  assert(url.origin(base.url) == ("%s://%s:%d"):format(base.scheme, base.host, base.port))
end

local function check_resolve(from, location)
  local address, parts = url.resolve(from, location)
  if not address then return assert(type(parts) == "string") end
  check_address(address)
  assert(parts.path:find "^/" and not (parts.path .. "/"):find("/../", 1, true) and not (parts.path .. "/"):find("/./", 1, true), parts.path)
  assert(url.origin(address) == ("%s://%s:%d"):format(parts.scheme, parts.host, parts.port), "the origin is that of the parts")
  local again = assert(url.resolve(address, address))
  assert(again == address, "an address leads to itself")
  if location:find "^/[^/]" then assert(url.origin(address) == url.origin(from), "a path stays with the origin") end
end

local function check_id(text)
  local ok, id = pcall(url.id, text, "id")
  if not ok then return assert(type(id) == "string") end
  assert(id:find "^[A-Za-z0-9%-._~%%]+$" and id ~= "." and id ~= ".." and not id:find "%%00")
  local plain = id:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end)
  assert(plain == text:gsub("/", "~", 1), "an id is what was given")
end

return function(text)
  local from, location = text:match "^([^\n]*)\n(.*)$"
  check_base(from or text)
  check_id(text)
  if location and not from:find "[^!-~]" then check_resolve(from, location) end           -- what is asked is an address of our own
  check_resolve("https://api.apify.com/v2/acts?x=1", text)
  assert(url.path(text):find "^[^?#]*$")
end
