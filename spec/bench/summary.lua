--- Medians, ratios of the same round, and how they are shown.
local shell = require "spec.support.shell"

local summary = {}

local FIGURES = { "wall", "cpu", "memory" }

local function median(sorted)
  local middle = (#sorted + 1) / 2
  return (sorted[math.floor(middle)] + sorted[math.ceil(middle)]) / 2
end

-- Of one figure of a line: the median, and that of how many times as much the first line took in the same round, with the extremes.
local function figure_of(samples, first, figure)
  local values, ratios = {}, {}
  for i, sample in ipairs(samples) do
    values[i], ratios[i] = sample[figure], first[sample.round][figure] / sample[figure]
  end
  table.sort(values)
  table.sort(ratios)
  return { median = median(values), ratio = median(ratios), least_ratio = ratios[1], most_ratio = ratios[#ratios] }
end

--- What a work came to. Ratios are to its first line; floors hold only if that is the one they are meant for.
---@param work table
---@param lines table[]
---@return table
function summary.of(work, lines)
  local result = { title = work.title, count = work.count, note = work.note, has_base = lines[1].is_base, lines = {} }
  for i, line in ipairs(lines) do
    local shown = { name = line.name, answer = line.samples[1].answer, floor = line.floor, samples = line.samples }
    for _, figure in ipairs(FIGURES) do shown[figure] = figure_of(line.samples, lines[1].samples, figure) end
    result.lines[i] = shown
  end
  return result
end

local function line_text(result, line)
  local rate = result.count and ("%7.0f/s"):format(result.count / line.wall.median) or ""
  return ("  %-42s %7.3f s %7.3f s %6.1f MB %6.1f (%.1f-%.1f) %6.1f (%.1f-%.1f) %6.1f %s"):format(line.name, line.wall.median, line.cpu.median,
    line.memory.median, line.wall.ratio, line.wall.least_ratio, line.wall.most_ratio, line.cpu.ratio, line.cpu.least_ratio, line.cpu.most_ratio,
    line.memory.ratio, rate)
end

--- A work as a table to be read.
---@param result table
---@return string
function summary.text(result)
  local out = { ("\n%s\n  %-42s %9s %9s %9s   times less wall, CPU (range), memory"):format(result.title, "", "wall", "CPU", "memory") }
  for _, line in ipairs(result.lines) do
    out[#out + 1] = line_text(result, line)
    if result.note then out[#out + 1] = "    " .. line.answer end
  end
  return table.concat(out, "\n")
end

--- Name the lines that are below their floors.
---@param result table
---@param is_quiet boolean
---@param complaints string[]
function summary.complain(result, is_quiet, complaints)
  for _, line in ipairs(result.has_base and result.lines or {}) do
    for _, figure in ipairs(FIGURES) do
      local floor = line.floor and line.floor[figure]
      if floor and line[figure].ratio < floor and (is_quiet or figure ~= "wall") then
        complaints[#complaints + 1] = ("%s, %s: %s %.2f, the floor is %g"):format(result.title, line.name, figure, line[figure].ratio, floor)
      end
    end
  end
end

--- Seconds for which the cores together have worked, and all there were, since the machine was started.
---@return number worked
---@return number all
function summary.cores()
  local worked, all, column = 0, 0, 0
  for ticks in shell.read_file "/proc/stat":match "^cpu ([^\n]*)":gmatch "%d+" do
    column = column + 1
    if column <= 8 then all = all + ticks / 100 end                          -- what follows is counted in them already
    if column <= 8 and column ~= 4 and column ~= 5 then worked = worked + ticks / 100 end      -- but for idle, iowait
  end
  return worked, all
end

--- The machine and the versions, in one line.
---@return string
function summary.machine()
  local function first(command) return shell.run(command .. " 2>&1"):match "[^\n]*" or "?" end
  return ("%s, %s cores, %s; %s; %s; node %s; %s"):format(first "sed -n 's/^model name.*: //p' /proc/cpuinfo", first "nproc",
    first ". /etc/os-release; echo $PRETTY_NAME", first "lua5.4 -v":match "Lua [%d.]+" or "?", first "luajit -v":match "LuaJIT %S+" or "?",
    first "node -v", first "curl-config --version; curl -V":match "libcurl[ /][%d.]+" or "?")
end

return summary
