--- Programs that do the same, each in a process of its own, in turn; they print an answer in two words, wall seconds, CPU seconds
--- and peak memory in MB.
local race = {}

race.HOME = "build/javascript"

--- Is the JavaScript client there? If so, the program is put beside it; if not, it is said how to get it.
---@param name string of a file in spec/bench/javascript
---@return boolean
function race.has_peer(name)
  local file = io.open(race.HOME .. "/node_modules/apify-client/package.json")
  if not file then
    print("skipped: the JavaScript client is not there (npm install --prefix " .. race.HOME .. " apify-client@2.25.0)")
    return false
  end
  file:close()
  os.execute(("cp spec/bench/javascript/%s %s"):format(name, race.HOME))
  return true
end

local function run(command)
  local pipe = assert(io.popen(command))
  local one, two, wall, cpu, memory = pipe:read("*a"):match "^(%S+)%s+(%S+)%s+(%S+)%s+(%S+)%s+(%S+)"
  pipe:close()
  assert(one, command .. " failed")
  return { answer = one .. " " .. two, wall = tonumber(wall), cpu = tonumber(cpu), memory = tonumber(memory) }
end

--- All commands once, one after the other.
local function run_all(variants)
  local results = {}
  for i, variant in ipairs(variants) do
    results[i] = run(variant.command)
    assert(results[i].answer == results[1].answer, "the programs do not agree")
  end
  return results
end

local function median(list)
  table.sort(list)
  return list[math.floor((#list + 1) / 2)]
end

--- Medians of a figure, and of its ratio to the first variant's in the same round.
local function summary(rounds, i, figure)
  local values, ratios = {}, {}
  for r, results in ipairs(rounds) do
    values[r], ratios[r] = results[i][figure], results[1][figure] / results[i][figure]
  end
  return median(values), median(ratios)
end

--- Run the variants so many times, after a round that does not count, and print how they compare with the first.
---@param title string
---@param variants { name: string, command: string }[]
---@param count integer
function race.run(title, variants, count)
  local rounds = {}
  for round = 0, count do rounds[round] = run_all(variants) end
  print(("\n%s, %d rounds"):format(title, count))
  print(("%-24s %8s %8s %8s   %s"):format("", "wall s", "CPU s", "MB", "times less wall, CPU, memory"))
  for i, variant in ipairs(variants) do
    local wall, wall_ratio = summary(rounds, i, "wall")
    local cpu, cpu_ratio = summary(rounds, i, "cpu")
    local memory, memory_ratio = summary(rounds, i, "memory")
    print(("%-24s %8.2f %8.2f %8.1f   %6.1f %6.1f %6.1f"):format(variant.name, wall, cpu, memory, wall_ratio, cpu_ratio, memory_ratio))
  end
end

return race
