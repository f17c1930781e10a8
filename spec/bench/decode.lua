--- How fast the codec decodes pages of 1000 runs, beside lua-cjson in the same process.
--- lua5.4 spec/bench/decode.lua [rounds [pages]]
local core = require "apify.core"
local cjson = require "cjson"

local ROUNDS = tonumber(arg and arg[1]) or 9
local PAGES = tonumber(arg and arg[2]) or 100
local ROWS = 1000
local CHUNK = 16384
local PICK = { "id", "status", "startedAt", "usageTotalUsd" }

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
local STATUSES = { "SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED" }
local ORIGINS = { "WEB", "API", "SCHEDULER", "WEBHOOK" }
local AGENTS = {
  "ApifyClient/2.25.0 (linux; Node/v20.20.2); isAtHome/true; SDK/3.4.0; tool/scheduler",
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "ApifyClient/2.1.0 (linux; Python/3.12.4); isAtHome/false; tool/nightly",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
}

-- The same seed gives the same page, on every interpreter.
local seed

local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local function id()
  local out = {}
  for i = 1, 17 do
    local at = random(#ALPHABET)
    out[i] = ALPHABET:sub(at, at)
  end
  return table.concat(out)
end

local function date()
  return string.format("2025-%02d-%02dT%02d:%02d:%02d.%03dZ", random(12), random(28), random(24) - 1, random(60) - 1,
    random(60) - 1, random(1000) - 1)
end

local function run()
  local task = random(100) > 15 and string.format('"actorTaskId":"%s",', id()) or ""
  local finished = random(100) > 1 and string.format('"%s"', date()) or "null"
  local meta = string.format('{"origin":"%s","clientIp":"10.%d.%d.%d","userAgent":"%s"}', ORIGINS[random(#ORIGINS)],
    random(250), random(250), random(250), AGENTS[random(#AGENTS)])
  return string.format(
    '{"id":"%s","actId":"HDSasDasz78YcAPEB",%s"status":"%s","startedAt":"%s","finishedAt":%s,"buildId":"%s",'
    .. '"buildNumber":"0.%d.%d","meta":%s,"usageTotalUsd":%.4f,"defaultKeyValueStoreId":"%s","defaultDatasetId":"%s",'
    .. '"defaultRequestQueueId":"%s"}',
    id(), task, STATUSES[random(#STATUSES)], date(), finished, id(), random(9), random(99), meta, random(9999) / 10000,
    id(), id(), id())
end

local function page(number)
  seed = number * 7919 + 1
  local rows = {}
  for i = 1, ROWS do rows[i] = run() end
  return string.format('{"data":{"total":%d,"offset":%d,"limit":1000,"desc":false,"count":1000,"items":[%s]}}',
    PAGES * ROWS, (number - 1) * ROWS, table.concat(rows, ","))
end

local whole = core.decoder {}
local streamed = core.decoder {}
local picked = core.decoder { pick = PICK }

--- Walk all rows of a page that arrives in chunks.
local function stream(decoder, text)
  local rows = core.rows(decoder)
  local count = 0
  local function drain()
    for _ = 1, ROWS do
      if rows:next() == nil then return end
      count = count + 1
    end
  end
  for at = 1, #text, CHUNK do
    rows:feed(text, at, at + CHUNK - 1)
    drain()
  end
  rows:finish()
  assert(select(2, rows:next()) == "end" and count == ROWS)
end

local function plan(value)
  local count = 0
  for _, row in ipairs(value.data.items) do
    if row.id then count = count + 1 end
  end
  assert(count == ROWS)
end

local variants = {
  { name = "lua-cjson, whole pages", run = function(text) plan(cjson.decode(text)) end },
  { name = "whole pages", run = function(text) plan(whole:decode(text)) end },
  { name = "rows, 16 KiB chunks", run = function(text) stream(streamed, text) end },
  { name = "rows, 4 fields picked", run = function(text) stream(picked, text) end },
}

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

-- All pages lie in a file, so that one at a time is in memory, as in a client.
local file = assert(io.tmpfile())
local sizes = {}
for p = 1, PAGES do
  local text = page(p)
  sizes[p] = #text
  file:write(text)
end

--- CPU seconds of one variant for all pages, with the collector as it is by default; reading them does not count.
local function spend(variant)
  local spent = 0
  collectgarbage()
  file:seek "set"
  for p = 1, PAGES do
    local text = file:read(sizes[p])
    local start = os.clock()
    variant.run(text)
    spent = spent + os.clock() - start
  end
  return spent
end

--- CPU seconds of each variant in one round; the order rotates from round to round.
local function round(number)
  local spent = {}
  for i = 1, #variants do
    local v = (i + number) % #variants + 1
    spent[v] = spend(variants[v])
  end
  return spent
end

local times, ratios = {}, {}
for i = 1, #variants do times[i], ratios[i] = {}, {} end
local size = sizes[1]
for r = 1, ROUNDS do
  local spent = round(r)
  for i = 1, #variants do
    times[i][r] = spent[i]
    ratios[i][r] = spent[1] / spent[i]
  end
end

print(string.format("%s, %d rounds of %d pages of %d runs, about %d bytes each; medians", jit and jit.version or _VERSION,
  ROUNDS, PAGES, ROWS, size))
print(string.format("%-26s %10s %8s %12s", "", "ms a page", "MB/s", "x lua-cjson"))
for i, v in ipairs(variants) do
  local seconds = median(times[i]) / PAGES
  print(string.format("%-26s %10.3f %8.0f %12.2f", v.name, seconds * 1000, size / seconds / 1e6, median(ratios[i])))
end
