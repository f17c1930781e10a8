--- Walking a large dataset beside the official JavaScript client, each in a process of its own, in turn.
--- lua5.4 spec/bench/dataset.lua [rounds [items]]   Needs once: npm install --prefix build/javascript apify-client@2.25.0
package.path = package.path .. ";./?.lua"
local race = require "spec.bench.javascript.race"
local server = require "spec.local_api.server"

local ROUNDS = tonumber(arg and arg[1]) or 5
local ITEMS = tonumber(arg and arg[2]) or 100000
local LUA = jit and "luajit" or "lua5.4"

if not race.has_peer "items.mjs" then return end

local api = server.start()
local ok, err = pcall(function()
  api:admin("reset", { count = 1, settings = { cache_gzip = true } })
  local id = api:admin("ids").ids[1]
  api:admin("seed_items", { run = id, count = ITEMS })
  local function node(chunk) return ("node %s/items.mjs %s %s %d"):format(race.HOME, api.url, id, chunk) end
  local function lua(chunk) return ("%s spec/bench/javascript/items.lua %s %s %d"):format(LUA, api.url, id, chunk) end
  race.run(("%d items of 550 bytes, gzip, %s"):format(ITEMS, LUA), {
    { name = "JavaScript, whole list", command = node(0) },
    { name = "JavaScript, 1000 a page", command = node(1000) },
    { name = "iterate_items", command = lua(0) },
    { name = "iterate_items, 1000", command = lua(1000) },
  }, ROUNDS)
end)
api:stop()
assert(ok, err)
