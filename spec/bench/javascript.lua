--- Listing runs beside the official JavaScript client, each in a process of its own, in turn.
--- lua5.4 spec/bench/javascript.lua [rounds [runs]]   Needs once: npm install --prefix build/javascript apify-client@2.25.0
package.path = package.path .. ";./?.lua"
local race = require "spec.bench.javascript.race"
local server = require "spec.local_api.server"

local ROUNDS = tonumber(arg and arg[1]) or 5
local RUNS = tonumber(arg and arg[2]) or 100000
local LUA = jit and "luajit" or "lua5.4"

if not race.has_peer "list.mjs" then return end

local function measure(api, delay)
  local function lua(prefetch) return ("%s spec/bench/javascript/list.lua %s %d"):format(LUA, api.url, prefetch) end
  api:faults { match = { path = "/runs$" }, action = { delay = delay } }
  race.run(("%d runs, gzip, %g ms before each answer, %s"):format(RUNS, delay * 1000, LUA), {
    { name = "JavaScript client", command = ("node %s/list.mjs %s"):format(race.HOME, api.url) },
    { name = "iterate, prefetch 4", command = lua(4) },
    { name = "iterate, prefetch 8", command = lua(8) },
    { name = "iterate, prefetch 16", command = lua(16) },
  }, ROUNDS)
end

local api = server.start()
local ok, err = pcall(function()
  api:admin("reset", { count = RUNS, settings = { cache_gzip = true } })
  for _, delay in ipairs { 0, 0.05 } do measure(api, delay) end
end)
api:stop()
assert(ok, err)
