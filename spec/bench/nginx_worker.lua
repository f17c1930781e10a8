--- Calls in an nginx worker: how many a second, what each takes, and the worker's CPU; beside other versions of the module.
--- lua5.4 spec/bench/nginx_worker.lua [rounds [folder of another checkout, built ...]]
package.path = package.path .. ";./?.lua"
local nginx_server = require "spec.hosts.nginx_server"
local server = require "spec.local_api.server"
local shell = require "spec.support.shell"

local ROUNDS = tonumber(arg and arg[1]) or 7
local DELAYS = { 0, 0.02, 0.2 }
local PARALLEL = { 1, 10, 50 }
local MOST_SECS = 2                      -- of one measurement, about
local IDLE_SECS = 4

-- An nginx of its own for this checkout, and one for each of the others.
local function open_sides(api)
  local sides = { { name = "this", nginx = nginx_server.start(api.url) } }
  for i = 2, #(arg or {}) do
    sides[i] = { name = arg[i], nginx = nginx_server.start(api.url, { shell = ('eval "$(sh %s/spec/setup/env luajit)";'):format(arg[i]) }) }
  end
  return sides
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

--- What fn has cost the side's worker: its result, milliseconds of CPU, context switches.
local function spend(side, fn)
  local pid = side.nginx:workers()[1]
  local before = nginx_server.look(pid)
  local result = fn()
  local after = nginx_server.look(pid)
  return result, after.cpu - before.cpu, after.switches - before.switches
end

local function note(side, key, values)
  side.measured = side.measured or {}
  for i, value in ipairs(values) do
    local name = key .. i
    side.measured[name] = side.measured[name] or {}
    table.insert(side.measured[name], value)
  end
end

local function calls(side, id, count, parallel)
  local text, cpu = spend(side, function() return side.nginx:get(("/play/calls?id=%s&n=%d&parallel=%d"):format(id, count, parallel)) end)
  local rate, middle, p99 = text:match "^(%S+) (%S+) (%S+)\n$"
  note(side, "calls", { tonumber(rate), tonumber(middle), tonumber(p99), cpu / count })
end

local function show(side, form, key, count)
  local values = {}
  for i = 1, count do values[i] = median(side.measured[key .. i]) end
  print(form:format(side.name, (unpack or table.unpack)(values)))
end

--- Each side in turn, in each round; a first round is not counted.
local function measure(sides, rounds, fn)
  for round = 0, rounds do
    if round < 2 then
      for _, side in ipairs(sides) do side.measured = {} end
    end
    for _, side in ipairs(sides) do fn(side) end
  end
end

local function measure_calls(api, sides, delay, parallel)
  api:faults { match = { path = "/actor%-runs/" }, action = { delay = delay } }
  local id = api:admin("ids").ids[1]
  local count = math.max(100, math.min(1000, math.floor(MOST_SECS * parallel / (delay + 0.002))))
  measure(sides, ROUNDS, function(side) calls(side, id, count, parallel) end)
  print(("\n%d calls, %d at a time, %g ms before each answer"):format(count, parallel, delay * 1000))
  print(("%-36s %9s %9s %9s %9s"):format("", "calls/s", "median ms", "p99 ms", "CPU ms"))
  for _, side in ipairs(sides) do show(side, "%-36s %9.1f %9.2f %9.2f %9.3f", "calls", 4) end
end

--- What a worker does in the last second of five calls that wait for their answers.
local function measure_rest(api, sides)
  api:faults { match = { path = "/actor%-runs/" }, action = { delay = IDLE_SECS } }
  local id = api:admin("ids").ids[1]
  measure(sides, math.min(ROUNDS, 2), function(side)
    local asked = {}
    for i = 1, 5 do asked[i] = side.nginx:begin("/play/get?id=" .. id) end
    shell.run(("sleep %g"):format(IDLE_SECS - 1.5))
    local _, cpu, switches = spend(side, function() shell.run "sleep 1" end)
    for i = 1, 5 do asked[i]:finish() end
    note(side, "rest", { switches, cpu })
  end)
  print(("\na second in which five calls wait\n%-36s %9s %9s"):format("", "switches", "CPU ms"))
  for _, side in ipairs(sides) do show(side, "%-36s %9.0f %9.2f", "rest", 2) end
end

local api = server.start()
local sides
local ok, err = pcall(function()
  api:admin("reset", { count = 25 })
  sides = open_sides(api)
  print(("medians of %d rounds"):format(ROUNDS))
  for _, delay in ipairs(DELAYS) do
    for _, parallel in ipairs(PARALLEL) do measure_calls(api, sides, delay, parallel) end
  end
  measure_rest(api, sides)
end)
for _, side in ipairs(sides or {}) do side.nginx:stop() end
api:stop()
assert(ok, err)
