-- lua_http.lua WORK URL: a plain script with lua-http, lua-zlib and lua-cjson, one answer after the other over one connection.
local cjson = require "cjson"
local client = require "http.client"
local headers = require "http.headers"
local zlib = require "http.zlib"
local plain = require "spec.bench.plain"
io.write "ready\n"
io.flush()

local WORK, URL = arg[1], arg[2]
local HOST, PORT = URL:match "//([^:]+):(%d+)"

local connection = assert(client.connect { host = HOST, port = PORT, tls = false })

local function get(path)
  local asked = headers.new()
  asked:append(":method", "GET")
  asked:append(":scheme", "http")
  asked:append(":authority", HOST .. ":" .. PORT)
  asked:append(":path", path)
  asked:append("accept-encoding", "gzip")
  local stream = connection:new_stream()
  assert(stream:write_headers(asked, true))
  assert(assert(stream:get_headers()):get ":status" == "200")
  return cjson.decode(zlib.inflate()(assert(stream:get_body_as_string()), true))
end

plain(WORK, get)
