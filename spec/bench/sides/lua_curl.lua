-- lua_curl.lua WORK URL: a plain script with lua-cURL and lua-cjson, one answer after the other.
local cjson = require "cjson"
local curl = require "curl"
local plain = require "spec.bench.plain"
io.write "ready\n"
io.flush()

local WORK, URL = arg[1], arg[2]

local parts
local easy = curl.easy_init()
easy:setopt(curl.OPT_ACCEPT_ENCODING, "gzip")
easy:setopt(curl.OPT_PROXY, "")
easy:setopt(curl.OPT_WRITEFUNCTION, function(text)
  parts[#parts + 1] = text
  return #text
end)

local function get(path)
  parts = {}
  easy:setopt(curl.OPT_URL, URL .. path)
  assert(easy:perform())
  return cjson.decode(table.concat(parts))
end

plain(WORK, get)
