--- The table of the README, from what `make bench` has left: lua5.4 spec/bench/readme.lua
local core = require "apify.core"

local COLUMNS = {
  "this module, Lua 5.4", "this module, LuaJIT", "JavaScript client 2.25.0", "lua-cURL, lua-cjson, LuaJIT", "lua-http, lua-cjson, LuaJIT",
}
local AHEAD = { "this module, Lua 5.4, 16 pages ahead", "this module, LuaJIT, 16 pages ahead" }
local PICK = { "this module, Lua 5.4, pick of 4 fields", "this module, LuaJIT, pick of 4 fields" }
local ROWS = {
  { "100,000 runs", "100,000 runs" },
  { "4 fields of each by `pick`", "100,000 runs", PICK },
  { "each answer 50 ms away", "100,000 runs, each answer 50 ms away" },
  { "the same, 16 pages ahead", "100,000 runs, each answer 50 ms away", AHEAD },
  { "a dataset of 100,000 items, 58 MB", "a dataset of 100,000 items, 58 MB" },
  { "a small request", "small requests, one by one" },
  { "the same, 50 at once", "small requests, 50 at once" },
}

local file = assert(io.open("build/bench.json", "rb"), "make bench first")
local bench = core.decode(file:read "*a")
file:close()

local works = {}
for _, work in ipairs(bench.works) do
  works[work.title] = { count = work.count }
  for _, line in ipairs(work.lines) do works[work.title][line.name] = line end
end

local IS_QUIET = bench.others <= 0.25

-- Seconds, and in the module's columns how many times as much the JavaScript client took.
local function secs(figure, is_ours)
  return (is_ours and "%.2f s (%.1f ×)" or "%.2f s"):format(figure.median, figure.ratio)
end

-- Wall times only of a machine that did nothing else.
local function cell(work, line, is_ours)
  if not line then return "" end
  local parts = { secs(line.cpu, is_ours) }
  if work.count then parts[1] = (is_ours and "%.2f ms (%.1f ×)" or "%.2f ms"):format(line.cpu.median / work.count * 1000, line.cpu.ratio) end
  if IS_QUIET then table.insert(parts, 1, work.count and ("%.0f a second"):format(work.count / line.wall.median) or secs(line.wall, is_ours)) end
  if not work.count then parts[#parts + 1] = ("%.0f MB"):format(line.memory.median) end
  return table.concat(parts, ", ")
end

print(("%s, %d rounds: %s; others took %.0f %%"):format(bench.date, bench.rounds, bench.machine, bench.others * 100))
print((IS_QUIET and "wall time, " or "") .. "CPU, memory")
print("| | " .. table.concat(COLUMNS, " | ") .. " |\n|" .. ("---|"):rep(#COLUMNS + 1))
for _, row in ipairs(ROWS) do
  local work, names, cells = works[row[2]] or {}, row[3] or COLUMNS, {}
  for i in ipairs(COLUMNS) do cells[i] = cell(work, names[i] and work[names[i]], i <= 2) end
  print("| " .. row[1] .. " | " .. table.concat(cells, " | ") .. " |")
end
