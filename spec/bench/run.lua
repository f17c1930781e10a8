--- Runs every side of every work in turn, each in a process of its own, and prints how they compare. Start it by `make bench`.
--- run.lua ROUNDS [WORD...]: the works whose titles have one of the words; all when absent. With QUICK in the environment, who has no floor
--- runs in the first round alone.
package.path = package.path .. ";./?.lua"
local core = require "apify.core"
local api_server = require "spec.local_api.server"
local bench_server = require "spec.bench.server"
local shell = require "spec.support.shell"
local summary = require "spec.bench.summary"
local plan = require "spec.bench.works"

local ROUNDS = tonumber(arg[1])
local IS_QUICK = (os.getenv "QUICK" or "") ~= ""
local RESULT = "build/bench.json"
local WAITS = 1000
local QUIET = 0.25                       -- of the cores' time for others than the sides, nginx and the system among them

-- The sides that are there; the others are named.
local function find_sides()
  local found = {}
  for name, side in pairs(plan.sides) do
    local is_there = shell.run(("(%s) >/dev/null 2>&1 && echo yes"):format(side.needs)) ~= ""
    found[name] = is_there and side or nil
    if not is_there then print(("left out: %s%s"):format(side.name, side.missing and " (" .. side.missing .. ")" or "")) end
  end
  return found
end

local function filled(text, values)
  return (text:gsub("@([%u_]+)@", values))
end

-- What a line's program answered, and what it took.
local function measure(command, round)
  local answer, wall, cpu, memory = shell.run(command):match "^(.-)\t(%S+)\t(%S+)\t(%S+)\n$"
  assert(answer, command .. " failed")
  return { round = round, answer = answer, wall = tonumber(wall), cpu = tonumber(cpu), memory = tonumber(memory) }
end

-- The lines of a work whose sides are there, each with its samples to come.
local function lines_of(work, sides, values)
  local lines = {}
  for i, row in ipairs(work) do
    local side = sides[row[1]]
    if side then
      lines[#lines + 1] = {
        name = row.label or side.name, is_base = i == 1, has_own_answer = side.is_bytes or work.has_own_answers or row.is_taken_off,
        side = row[1], floor = row.floor, is_taken_off = row.is_taken_off, samples = {}, command = side.command .. " " .. filled(row[2], values),
      }
    end
  end
  return lines
end

-- All sides agree on what they read.
local function compare(title, lines)
  local answer
  for _, line in ipairs(lines) do
    local mine = line.samples[1].answer
    if not line.has_own_answer then
      answer = answer or mine
      assert(mine == answer, ("%s: %s read %s, the others %s"):format(title, line.name, mine, answer))
    end
  end
end

-- What one line of a side took is taken off the side's others.
local function take_off(lines)
  for _, off in ipairs(lines) do
    for _, line in ipairs(off.is_taken_off and lines or {}) do
      for _, sample in ipairs(line.side == off.side and line ~= off and line.samples or {}) do
        sample.wall, sample.cpu = sample.wall - off.samples[sample.round].wall, sample.cpu - off.samples[sample.round].cpu
      end
    end
  end
end

local function run_work(work, lines)
  for round = 1, work.rounds or ROUNDS do
    for i = 1, #lines do
      local line = lines[(i + round - 2) % #lines + 1]
      local is_in_all = line == lines[1] or line.floor or line.is_taken_off
      if round == 1 or not IS_QUICK or is_in_all then table.insert(line.samples, measure(line.command, round)) end
    end
  end
  compare(work.title, lines)
  take_off(lines)
end

local function is_wanted(work)
  for i = 2, #arg do
    if work.title:find(arg[i], 1, true) then return true end
  end
  return #arg < 2
end

local function run_all(values)
  local sides, results = find_sides(), {}
  for _, work in ipairs(plan.works) do
    local lines = lines_of(work, sides, values)
    if is_wanted(work) and #lines > 0 then
      run_work(work, lines)
      results[#results + 1] = summary.of(work, lines)
      print(summary.text(results[#results]))
    end
  end
  return results
end

-- The share of the cores' time that others took since then, all but the sides.
local function share_of_others(worked_before, all_before, results)
  local worked, all = summary.cores()
  local mine = 0
  for _, result in ipairs(results) do
    for _, line in ipairs(result.lines) do
      for _, sample in ipairs(line.samples) do mine = mine + sample.cpu end
    end
  end
  return (worked - worked_before - mine) / (all - all_before)
end

-- What is below its floor.
local function complaints_about(results, is_quiet)
  local complaints = {}
  for _, result in ipairs(results) do summary.complain(result, is_quiet, complaints) end
  return complaints
end

local worked, all = summary.cores()

local server, api = bench_server.start(), api_server.start()
local ok, results = pcall(function()
  local ids = api:admin("add_runs", { count = WAITS, schedule = { { 0, "RUNNING" } } }).ids
  shell.write_file("build/bench/ids", table.concat(ids, "\n") .. "\n")
  return run_all { FAST = server.url, LATE = server.late_url, API = api.url, API_TLS = api.tls_url, CA = api.ca_file }
end)
server:stop()
api:stop()
assert(ok, results)

local machine = summary.machine() .. "; gzip by " .. core.inflater()
local others = share_of_others(worked, all, results)
print(("\n%s\nothers than the sides, the server among them, took %.0f %% of the cores' time%s"):format(machine, others * 100,
  others > QUIET and ": wall times are not judged" or ""))
local complaints = complaints_about(results, others <= QUIET)
for _, complaint in ipairs(complaints) do print("below its floor: " .. complaint) end
shell.write_file(RESULT, core.encode {
  date = os.date "!%Y-%m-%d", rounds = ROUNDS, machine = machine, inflater = core.inflater(), others = others, works = results,
})
os.exit(#complaints == 0, true)
