--- URLs: made of ids and parameters, taken apart for the base URL, followed for redirects.
local errors = require "apify.util.errors"

---@class apify.Url
---@field scheme "http"|"https"
---@field host string in lower case; an IPv6 address in brackets
---@field port integer
---@field loopback boolean can no other machine be meant? Only by 127.x.x.x in full, [::1] and localhost
---@field path string from the first slash of the path on, or ""
---@field query string with its question mark, or ""

---@class apify.BaseUrl
---@field url string such as `https://api.apify.com/v2`, without a slash at its end
---@field scheme "http"|"https"
---@field host string
---@field port integer
---@field loopback boolean

local url = {}

local API_VERSION = "/v2"
local DEFAULT_PORTS = { http = 80, https = 443 }
local MAX_PORT = 65535

local ID_EXPECTED = "an id, 'user~name', 'user/name' or a table with an id"
local SEGMENT_EXPECTED = "a string without control characters, not empty, '.' or '..'"

-- Making

local RESERVED = "[^A-Za-z0-9%-._~]"

local function percent(byte)
  return ("%%%02X"):format(byte:byte())
end

--- Percent-encode all but the unreserved characters: letters, digits and `-._~`.
---@param segment string
---@return string
function url.encode(segment)
  if not segment:find(RESERVED) then return segment end
  return (segment:gsub(RESERVED, percent))
end

--- The text of a query, in the order of the list, without a question mark.
---@param list { [1]: string, [2]: string }[] pairs of name and value
---@return string
function url.query(list)
  local parts = {}
  for i, pair in ipairs(list) do
    parts[i] = url.encode(pair[1]) .. "=" .. url.encode(pair[2])
  end
  return table.concat(parts, "&")
end

local function is_segment(value)
  return type(value) == "string" and value ~= "" and value ~= "." and value ~= ".." and not value:find "%c"
end

--- One segment of a path, such as the key of a record, made safe for a URL. Raises misuse that names `what`.
---@param value any
---@param what string what the value is, such as "key"
---@return string
function url.segment(value, what)
  if not is_segment(value) then
    errors.misuse("bad %s: %s (expected %s)", what, errors.show(value), SEGMENT_EXPECTED)
  end
  return url.encode(value)
end

--- What kind of handle this is, if it is one of something else than `what` names: "run id" wants a run, "run or build id" one of both.
local function other_handle(value, what)
  local mt = getmetatable(value)
  local noun = type(mt) == "table" and mt.refuses_call and type(mt.__index) == "table" and mt.__index.noun
  if not noun then return nil end
  local wanted = what:lower():gsub(" id$", ""):gsub("[ -]", "_")
  if not ("_or_" .. wanted .. "_or_"):find("_or_" .. noun .. "_or_", 1, true) then return mt.__name end
end

--- An id, `user~name`, `user/name`, or a table with an `id`.
---@alias apify.Id string|{ id: string }

--- The text of an id; `user/name` becomes `user~name`. Raises misuse that names `what`.
---@param value any an id, `user~name`, `user/name` or a table with an `id`
---@param what string what the id is of, such as "Actor id"
---@return string
function url.plain_id(value, what)
  local id = value
  if type(value) == "table" then
    local other = other_handle(value, what)
    if other then errors.misuse("bad %s: a handle of the kind %s (expected %s)", what, other, ID_EXPECTED) end
    id = value.id
  end
  if not is_segment(id) or id:find("://", 1, true) then
    local is_row = type(value) == "table" and not errors.is(value)
    local shown = is_row and "a table whose id is " .. errors.show(id) or errors.show(value)
    errors.misuse("bad %s: %s (expected %s)", what, shown, ID_EXPECTED)
  end
  return id:find("/", 1, true) and id:gsub("/", "~", 1) or id
end

--- The same, made safe for a URL.
---@param value any
---@param what string
---@return string
function url.id(value, what)
  return url.encode(url.plain_id(value, what))
end

-- Taking apart

--- 127.0.0.0/8 as four plain decimal parts: 127.1, 0x7f.1 or 0177.0.0.1 are left to those who trust the resolver.
local function is_loopback_ipv4(host)
  local parts = { host:match "^(%d+)%.(%d+)%.(%d+)%.(%d+)$" }
  for _, part in ipairs(parts) do
    if part:find "^0%d" or tonumber(part) > 255 then return false end
  end
  return parts[1] == "127"
end

local function is_loopback(host)
  return host == "localhost" or host == "[::1]" or is_loopback_ipv4(host)
end

local function is_name(host)
  return #host <= 253 and not host:find "[^a-z0-9._-]" and not host:find "^[.-]" and not host:find("..", 1, true)
end

--- Groups of up to four hex digits, seven colons or one `::`; the last two groups may be an IPv4 address.
local function is_ipv6(host)
  local address = host:match "^%[([0-9a-f:.]+)%]$"
  if not address then return false end
  address = address:gsub(":%d+%.%d+%.%d+%.%d+$", ":0:0")
  if address:find "[.]" or address:find "%x%x%x%x%x" or address:find ":::" then return false end
  if address:find "^:[^:]" or address:find "[^:]:$" then return false end
  local _, groups = address:gsub("%x+", "")
  local _, gaps = address:gsub("::", "")
  return gaps == 0 and groups == 8 or gaps == 1 and groups < 8
end

--- Host in lower case and port (nil if not given) of `host:port`, or nil and why.
local function split_authority(authority)
  if authority:find("@", 1, true) then return nil, "user name and password in a URL are refused" end
  local host, port = authority:match "^(%[[^%[%]]*%])(.*)$"
  if not host then host, port = authority:match "^([^:]*)(.*)$" end
  if host == "" then return nil, "the host is missing" end
  host = host:lower()
  if not (is_name(host) or is_ipv6(host)) then return nil, "bad host " .. errors.show(host) end
  return host, port
end

--- The number of `:8080`, the default of the scheme for "", or nil and why.
local function read_port(text, scheme)
  if text == "" then return DEFAULT_PORTS[scheme] end
  local port = #text <= 6 and tonumber(text:match "^:(%d+)$")
  if not port or port < 1 or port > MAX_PORT then return nil, "bad port " .. errors.show(text:sub(2)) end
  return port
end

--- An absolute URL without fragment, or nil and why.
local function parse(s)
  local scheme, authority, path, query = s:match "^(%a[%w+.-]*)://([^/?#]*)([^?#]*)(%??[^#]*)"
  scheme = scheme and scheme:lower()
  if not DEFAULT_PORTS[scheme] then return nil, "it must begin with http:// or https://" end
  local host, rest = split_authority(authority)
  if not host then return nil, rest end
  local port, bad_port = read_port(rest, scheme)
  if not port then return nil, bad_port end
  return { scheme = scheme, host = host, port = port, loopback = is_loopback(host), path = path, query = query }
end

--- `scheme://host`, with the port where it is not the scheme's own.
local function root(parts)
  local port = parts.port == DEFAULT_PORTS[parts.scheme] and "" or (":%d"):format(parts.port)
  return parts.scheme .. "://" .. parts.host .. port
end

--- Take `.` and `..` out of an absolute path, as a browser does.
local function remove_dots(path)
  local kept, last = {}, nil
  for segment in path:gmatch "/([^/]*)" do
    last = segment
    if segment == ".." then
      kept[#kept] = nil
    elseif segment ~= "." then
      kept[#kept + 1] = segment
    end
  end
  if last == "." or last == ".." then kept[#kept + 1] = "" end
  return "/" .. table.concat(kept, "/")
end

--- The base URL of the API, given with or without slashes at its end and with or without `/v2`; or nil and why.
---@param s string
---@return apify.BaseUrl?
---@return string? reason
function url.base(s)
  if type(s) ~= "string" then return nil, "it must be a string" end
  if s:find "[%c ]" then return nil, "spaces and control characters are refused" end
  if s:find "[?#]" then return nil, "a query or a fragment is refused" end
  local parts, why = parse(s)
  if not parts then return nil, why end
  local path = parts.path ~= "" and remove_dots((parts.path:gsub("[\128-\255]", percent))) or ""
  local prefix = path:gsub("/+$", ""):gsub(API_VERSION .. "$", ""):gsub("/+$", "")
  return {
    url = root(parts) .. prefix .. API_VERSION,
    scheme = parts.scheme, host = parts.host, port = parts.port, loopback = parts.loopback,
  }
end

-- Following

--- Path and query of a reference without scheme and host, seen from `from`.
local function follow(from, reference)
  local path, query = reference:match "^([^?]*)(.*)$"
  if path == "" then return from.path, query ~= "" and query or from.query end
  if path:sub(1, 1) ~= "/" then path = (from.path:match "^.*/" or "/") .. path end
  return path, query
end

--- The absolute URL of a reference (without fragment) seen from `from`, taken apart; or nil and why.
local function locate(from, reference)
  if reference:find "^//" then return parse(from.scheme .. ":" .. reference) end
  if reference:find "^%a[%w+.-]*:" then return parse(reference) end
  local path, query = follow(from, reference)
  return {
    scheme = from.scheme, host = from.host, port = from.port, loopback = from.loopback, path = path, query = query,
  }
end

--- The URL that a redirect leads to, without fragment; or nil and why it is refused.
---@param base string the absolute URL that was asked
---@param location string? the Location header: absolute, or relative to `base`
---@return string? address
---@return apify.Url|string parts the same, taken apart; or the reason
function url.resolve(base, location)
  local from, bad_base = parse(base)
  if not from then return nil, bad_base end
  if type(location) ~= "string" or location:find "^%s*$" then return nil, "the location is missing" end
  local reference = location:gsub("#.*$", ""):match "^%s*(.-)%s*$"
  if reference:find "%c" then return nil, "control characters are refused" end
  local parts, why = locate(from, (reference:gsub("[ \128-\255]", percent)))       -- as servers should have
  if not parts then return nil, why end
  parts.path = remove_dots(parts.path == "" and "/" or parts.path)
  return root(parts) .. parts.path .. parts.query, parts
end

--- What decides whether a token may go along: `scheme://host:port`, the port always written; or nil and why.
---@param u string an absolute URL
---@return string?
---@return string? reason
function url.origin(u)
  local parts, why = parse(u)
  if not parts then return nil, why end
  return ("%s://%s:%d"):format(parts.scheme, parts.host, parts.port)
end

--- The path of a URL, for texts: no scheme, host, query or fragment.
---@param u string
---@return string
function url.path(u)
  local path = u:gsub("[?#].*$", ""):gsub("^%a[%w+.-]*://[^/]*", "")
  return path == "" and "/" or path
end

return url
