-- lua_curl.lua WORK URL: a plain script with lua-cURL and lua-cjson, one answer after the other.
local cjson = require "cjson"
local curl = require "curl"
io.write "ready\n"
io.flush()

local WORK, URL = arg[1], arg[2]
local CALLS, SINGLES, PAGE = 2000, 50, 1000

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

function works.calls()
  for i = 1, CALLS do
    local run = get(("/v2/actor-runs/%d"):format(i % SINGLES + 1)).data
    count, sum, last = count + 1, sum + run.usageTotalUsd, #run.id
  end
end

works[WORK]()
print(("%d %.4f %s"):format(count, sum, last))
