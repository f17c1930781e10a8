--- How fast a list of runs is read from the local API, beside a C loop that only downloads and inflates the same pages
--- one after the other. lua5.4 spec/bench/listing.lua [rounds [runs]]
package.path = package.path .. ";./?.lua"
local apify = require "apify"
local core = require "apify.core"
local server = require "spec.local_api.server"

local ROUNDS = tonumber(arg and arg[1]) or 7
local RUNS = tonumber(arg and arg[2]) or 25000
local DELAYS = { 0, 0.05 }
local LOOP = "build/sequential"

--- Build the C loop if its source is newer.
local function build_loop()
  local command = ("test %s -nt %s.c || cc -O2 -o %s %s.c -lcurl"):format(LOOP, "spec/bench/sequential", LOOP, "spec/bench/sequential")
  assert(os.execute(command), "the C loop cannot be built")
end

local function run_loop(api)
  local pipe = assert(io.popen(("%s %s/v2/acts/janedoe~my-actor/runs %d"):format(LOOP, api.url, RUNS)))
  local seconds = pipe:read "*n"
  pipe:close()
  return assert(seconds, "the C loop failed")
end

local function iterate(api, opts)
  local client = apify.new { base_url = api.url, token = false }
  local start, count = core.now(), 0
  for run in client:actor("janedoe~my-actor"):runs():iterate(opts) do
    if run.id then count = count + 1 end
  end
  assert(count == RUNS)
  return core.now() - start
end

local PICK = { "id", "status", "startedAt", "usageTotalUsd" }

local variants = {
  { name = "C loop, bytes only", run = run_loop },
  { name = "iterate, prefetch 1", run = function(api) return iterate(api, { prefetch = 1 }) end },
  { name = "iterate, prefetch 4", run = function(api) return iterate(api, { prefetch = 4 }) end },
  { name = "iterate, prefetch 8", run = function(api) return iterate(api, { prefetch = 8 }) end },
  { name = "iterate, prefetch 16", run = function(api) return iterate(api, { prefetch = 16 }) end },
  { name = "prefetch 8, 4 fields", run = function(api) return iterate(api, { prefetch = 8, pick = PICK }) end },
}

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

--- Every variant in turn, in each round; a first round is not counted.
local function measure(api, delay)
  api:faults { match = { path = "/runs$" }, action = { delay = delay } }
  local times, ratios = {}, {}
  for i in ipairs(variants) do times[i], ratios[i] = {}, {} end
  for round = 0, ROUNDS do
    local spent = {}
    for i, variant in ipairs(variants) do spent[i] = variant.run(api) end
    for i in ipairs(round > 0 and variants or {}) do
      times[i][round], ratios[i][round] = spent[i], spent[1] / spent[i]
    end
  end
  print(("\n%d runs, gzip, %g ms before each answer, %d rounds, %s"):format(RUNS, delay * 1000, ROUNDS, jit and jit.version or _VERSION))
  print(("%-24s %10s %12s"):format("", "median s", "x C loop"))
  for i, variant in ipairs(variants) do
    print(("%-24s %10.3f %12.2f"):format(variant.name, median(times[i]), median(ratios[i])))
  end
end

build_loop()
local api = server.start()
local ok, err = pcall(function()
  api:admin("reset", { count = RUNS, settings = { cache_gzip = true } })
  for _, delay in ipairs(DELAYS) do measure(api, delay) end
end)
api:stop()
assert(ok, err)
