-- lua_http.lua WORK URL: a plain script with lua-http, lua-zlib and lua-cjson, one answer after the other over one connection.
local cjson = require "cjson"
local client = require "http.client"
local headers = require "http.headers"
local zlib = require "http.zlib"
io.write "ready\n"
io.flush()

local WORK, URL = arg[1], arg[2]
local PAGE = 1000
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

local count, sum, last = 0, 0, nil

local works = {}

function works.runs()
  local offset, total = 0, 1
  while offset < total do
    local page = get(("/v2/acts/bench/runs?offset=%d&limit=%d"):format(offset, PAGE)).data
    for _, run in ipairs(page.items) do
      if run.status == "SUCCEEDED" then count = count + 1 end
      sum, last = sum + run.usageTotalUsd, run.id
    end
    offset, total = offset + page.count, page.total
  end
end

function works.items()
  for _, item in ipairs(get "/v2/datasets/bench/items") do
    if item.inStock then count = count + 1 end
    sum, last = sum + item.price, item.n
  end
end

works[WORK]()
print(("%d %.4f %s"):format(count, sum, last))
