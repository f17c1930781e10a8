--- Makes the data of the benchmarks, always the same: lists of runs in pages, a dataset, single runs; served as they are, in gzip.
--- lua5.4 data.lua FOLDER. Under www/ lies what nginx serves; pages/ has the pages of runs for the decoders; `steps` is how to build their
--- tables, for sides/tables.c. The file `made` is written last.
local cjson = require "cjson"

local FOLDER = assert(arg[1], "data.lua FOLDER")
local RUNS, ITEMS, SINGLES = 100000, 100000, 50
local PAGE = 1000
local BEGIN = 1735689600                 -- 2025

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
local STATUSES = { "SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED", "TIMED-OUT", "ABORTED" }
local ORIGINS = { "WEB", "API", "SCHEDULER", "WEBHOOK" }
local AGENTS = {
  "ApifyClient/2.25.0 (linux; Node/v20.20.2); isAtHome/true; SDK/3.4.0; tool/scheduler",
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "ApifyClient/2.1.0 (linux; Python/3.12.4); isAtHome/false; tool/nightly",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
}
local PLACES = { "garden", "kitchen", "office", "bath" }
local WORDS = { "garden", "steel", "café", "compact", "handle", "blue", "ceramic", "naïve", "set", "large", "brush", "lámpara", "oak", "folding" }

local seed = 42

-- Exact in doubles: the same on every Lua.
local function random(n)
  seed = (seed * 16807) % 2147483647
  return seed % n + 1
end

local function pick(list) return list[random(#list)] end

local function id()
  local out = {}
  for i = 1, 17 do
    local at = random(#ALPHABET)
    out[i] = ALPHABET:sub(at, at)
  end
  return table.concat(out)
end

local function date(secs) return ("%s.%03dZ"):format(os.date("!%Y-%m-%dT%H:%M:%S", secs), random(1000) - 1) end

local function run(n)
  local started = BEGIN + n * 300
  local task = random(100) > 15 and ('"actorTaskId":"%s",'):format(id()) or ""
  local finished = random(100) > 1 and ('"%s"'):format(date(started + random(3600))) or "null"
  local meta = ('{"origin":"%s","clientIp":"10.%d.%d.%d","userAgent":"%s"}')
    :format(pick(ORIGINS), random(250), random(250), random(250), pick(AGENTS))
  return ('{"id":"%s","actId":"HDSasDasz78YcAPEB",%s"status":"%s","startedAt":"%s","finishedAt":%s,"buildId":"%s","buildNumber":"0.%d.%d",'
    .. '"meta":%s,"usageTotalUsd":%.4f,"defaultKeyValueStoreId":"%s","defaultDatasetId":"%s","defaultRequestQueueId":"%s"}')
    :format(id(), task, pick(STATUSES), date(started), finished, id(), random(9), random(99), meta, random(9999) / 10000, id(), id(), id())
end

local function words(count)
  local out = {}
  for i = 1, count do out[i] = pick(WORDS) end
  return table.concat(out, " ")
end

-- JSON as Python writes it: what is not ASCII is escaped.
local function escaped(text)
  return (text:gsub("[\195][\128-\191]", function(two) return ("\\u%04x"):format(two:byte(2) + 64) end))
end

local function item(n)
  local rating = random(3) > 1 and ('"rating":{"average":%.1f,"count":%d},'):format(random(50) / 10, random(5000)) or ""
  local text = random(4) > 1 and escaped(words(17)) or words(17)
  return ('{"n":%d,"url":"https://shop.example/%s/%d","title":"%s","description":"%s","price":%d.%02d,"currency":"EUR","inStock":%s,%s'
    .. '"images":["https://img.example/%s-1.jpg","https://img.example/%s-2.jpg"],"categories":["%s","%s","%s"],'
    .. '"variants":[{"sku":"%s","size":%d},{"sku":"%s","size":%d}],"scrapedAt":"%s"}')
    :format(n, pick(PLACES), n, escaped(words(5)), text, random(900), random(100) - 1, random(3) > 1 and "true" or "false", rating, id(),
      id(), pick(WORDS), pick(WORDS), pick(WORDS), id(), random(60), id(), random(60), date(BEGIN + n))
end

local function rows_of(count, make)
  local rows = {}
  for i = 1, count do rows[i] = make(i) end
  return rows
end

local function write(path, text)
  local file = assert(io.open(FOLDER .. "/" .. path, "wb"))
  assert(file:write(text))
  file:close()
end

local function page(rows, offset)
  local last = math.min(offset + PAGE, #rows)
  return ('{"data":{"total":%d,"offset":%d,"limit":%d,"desc":false,"count":%d,"items":[%s]}}')
    :format(#rows, offset, PAGE, last - offset, table.concat(rows, ",", offset + 1, last))
end

-- Who walks by whole pages asks for offsets of 1000; this module lets each page begin with the last row of the one before.
local function write_pages(rows)
  for offset = 0, #rows - 1, PAGE do
    local text = page(rows, offset)
    write(("www/runs/%d"):format(offset), text)
    write(("pages/%d"):format(offset / PAGE), text)
  end
  for offset = PAGE - 1, #rows - 1, PAGE - 1 do write(("www/runs/%d"):format(offset), page(rows, offset)) end
end

-- The tables of these rows as steps for sides/tables.c, members without null: a letter, a number of four bytes, the bytes of a string.
local function add_steps(value, out)
  local kind = type(value)
  if kind == "table" then
    local count = 0
    for _, member in pairs(value) do count = count + (member ~= cjson.null and 1 or 0) end
    out[#out + 1] = ("<c1I4"):pack("t", count)
    for key, member in pairs(value) do
      if member ~= cjson.null then
        add_steps(key, out)
        add_steps(member, out)
        out[#out + 1] = ("<c1I4"):pack("=", 0)
      end
    end
  elseif kind == "string" then out[#out + 1] = ("<c1s4"):pack("s", value)
  else out[#out + 1] = ("<c1I4d"):pack("n", 8, value)
  end
end

local function write_steps(rows)
  local file = assert(io.open(FOLDER .. "/steps", "wb"))
  for _, text in ipairs(rows) do
    local out = {}
    add_steps(cjson.decode(text), out)
    out[#out + 1] = ("<c1I4"):pack(".", 0)
    file:write(table.concat(out))
  end
  file:close()
end

local function shell(command) assert(os.execute(command), command) end

shell(("rm -rf %s && mkdir -p %s/www/runs %s/www/run %s/pages"):format(FOLDER, FOLDER, FOLDER, FOLDER))
local runs = rows_of(RUNS, run)
write_pages(runs)
write_steps(runs)
for i = 1, SINGLES do write(("www/run/%d"):format(i), ('{"data":%s}'):format(runs[i])) end
write("www/items", "[" .. table.concat(rows_of(ITEMS, item), ",") .. "]")
shell(("find %s/www -type f -print0 | xargs -0 gzip -n"):format(FOLDER))
write("made", "")
