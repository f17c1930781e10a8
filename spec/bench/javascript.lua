--- Listing runs beside the official JavaScript client, each in a process of its own, in turn.
--- lua5.4 spec/bench/javascript.lua [rounds [runs]]   Needs once: npm install --prefix build/javascript apify-client@2.25.0
package.path = package.path .. ";./?.lua"
local server = require "spec.local_api.server"

local ROUNDS = tonumber(arg and arg[1]) or 5
local RUNS = tonumber(arg and arg[2]) or 100000
local LUA = jit and "luajit" or "lua5.4"
local HOME = "build/javascript"

if not io.open(HOME .. "/node_modules/apify-client/package.json") then
  print("skipped: the JavaScript client is not there (npm install --prefix " .. HOME .. " apify-client@2.25.0)")
  return
end
os.execute("cp spec/bench/javascript/list.mjs " .. HOME)

local function node(api) return ("node %s/list.mjs %s"):format(HOME, api.url) end
local function lua(api, prefetch) return ("%s spec/bench/javascript/list.lua %s %d"):format(LUA, api.url, prefetch) end

local variants = {
  { name = "JavaScript client", command = node },
  { name = "iterate, prefetch 4", command = function(api) return lua(api, 4) end },
  { name = "iterate, prefetch 8", command = function(api) return lua(api, 8) end },
  { name = "iterate, prefetch 16", command = function(api) return lua(api, 16) end },
}

local function run(command)
  local pipe = assert(io.popen(command))
  local count, usd, wall, cpu, memory = pipe:read("*a"):match "^(%S+)%s+(%S+)%s+(%S+)%s+(%S+)%s+(%S+)"
  pipe:close()
  assert(count, command .. " failed")
  return { answer = count .. " " .. usd, wall = tonumber(wall), cpu = tonumber(cpu), memory = tonumber(memory) }
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

--- Medians of a figure, and of its ratio to the first variant's in the same round.
local function summary(rounds, i, figure)
  local values, ratios = {}, {}
  for r, spent in ipairs(rounds) do
    values[r], ratios[r] = spent[i][figure], spent[1][figure] / spent[i][figure]
  end
  return median(values), median(ratios)
end

local function measure(api, delay)
  api:faults { match = { path = "/runs$" }, action = { delay = delay } }
  local rounds = {}
  for round = 0, ROUNDS do
    local spent = {}
    for i, variant in ipairs(variants) do
      spent[i] = run(variant.command(api))
      assert(spent[i].answer == spent[1].answer, "the clients do not agree")
    end
    if round > 0 then rounds[round] = spent end
  end
  print(("\n%d runs, gzip, %g ms before each answer, %d rounds, %s"):format(RUNS, delay * 1000, ROUNDS, LUA))
  print(("%-22s %8s %8s %8s   %s"):format("", "wall s", "CPU s", "MB", "times less wall, CPU, memory"))
  for i, variant in ipairs(variants) do
    local wall, wall_ratio = summary(rounds, i, "wall")
    local cpu, cpu_ratio = summary(rounds, i, "cpu")
    local memory, memory_ratio = summary(rounds, i, "memory")
    print(("%-22s %8.2f %8.2f %8.1f   %6.1f %6.1f %6.1f"):format(variant.name, wall, cpu, memory, wall_ratio, cpu_ratio, memory_ratio))
  end
end

local api = server.start()
local ok, err = pcall(function()
  api:admin("reset", { count = RUNS, settings = { cache_gzip = true } })
  for _, delay in ipairs { 0, 0.05 } do measure(api, delay) end
end)
api:stop()
assert(ok, err)
