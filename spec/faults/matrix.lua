--- Every call times every fault, once and always: a table, and what is wrong. `QUICK=1`: a quarter of it; `CALL`, `FAULT`: only these
--- (names with commas between); `VERBOSE=1`: each cell as it is played.
package.path = "./?.lua;" .. package.path
local calls = require "spec.faults.calls"
local core = require "apify.core"
local judge = require "spec.faults.judge"
local kinds = require "spec.faults.kinds"
local scene = require "spec.faults.scene"

local QUICK = os.getenv "QUICK" == "1"
local VERBOSE = os.getenv "VERBOSE" == "1"
local PLACES = QUICK and 5 or 50
local SHARE = QUICK and 4 or 1          -- of so many cells one is played
local SHORT = { timeout = "time", network = "net", connect = "conn", decode = "dec", redirect = "redir", too_large = "large" }

local function is_wanted(name, variable)
  local wanted = os.getenv(variable)
  return not wanted or ("," .. wanted .. ","):find("," .. name .. ",", 1, true) ~= nil
end

local tally = { cells = 0, problems = {} }

local function play(stage, fault, call, times)
  if VERBOSE then io.stderr:write(("%s, %s, %s: "):format(fault.name, call.name, times)) end
  local started = core.now()
  local outcome, problem = judge.play(stage, fault, call, times)
  if VERBOSE then io.stderr:write(("%s %.2f\n"):format(outcome, core.now() - started)) end
  tally.cells = tally.cells + 1
  if problem then
    if VERBOSE then io.stderr:write("  ", problem, "\n") end
    local where = fault.is_cut and (" at %.2f"):format(fault.action.cut.part) or ""
    tally.problems[#tally.problems + 1] = ("%s%s, %s, %s: %s"):format(fault.name, where, call.name, times, problem)
  end
  return SHORT[outcome] or outcome
end

-- What is shown of one or more outcomes.
local function add(shown, outcome)
  if shown == "" or shown == outcome or shown == "-" then return outcome end
  if outcome == "-" then return shown end
  return (shown == "BAD" or outcome == "BAD") and "BAD" or "mixed"
end

-- The faults, those that are the same but for a place together.
local function rows()
  local found, by_name = {}, {}
  local function note(fault)
    if not is_wanted(fault.name, "FAULT") then return end
    if not by_name[fault.name] then
      by_name[fault.name] = { name = fault.name }
      found[#found + 1] = by_name[fault.name]
    end
    table.insert(by_name[fault.name], fault)
  end
  for _, fault in ipairs(kinds) do note(fault) end
  for _, fault in ipairs(kinds.cuts(PLACES)) do
    fault.always, fault.but = kinds.set(fault.always), {}
    note(fault)
  end
  return found
end

local function play_cell(stage, row, call)
  local once, always = "", ""
  for i, fault in ipairs(row) do
    if judge.fits(fault, call) then
      if fault.once then once = add(once, play(stage, fault, call, "once")) end
      if not fault.is_cut or i % 10 == 1 then always = add(always, play(stage, fault, call, "always")) end
    end
  end
  return ("%s/%s"):format(once, always):gsub("^/$", ""):gsub("^/", "")
end

local stage = scene.start()
local started = core.now()
judge.learn(stage, calls)
local line = { ("%-26s"):format(rawget(_G, "jit") and "LuaJIT: once/always" or _VERSION .. ": once/always") }
for _, call in ipairs(calls) do
  if is_wanted(call.name, "CALL") then line[#line + 1] = ("%-10s"):format(call.name) end
end
print((table.concat(line):gsub("%s+$", "")))
for r, row in ipairs(rows()) do
  line = { ("%-26s"):format(row.name) }
  for c, call in ipairs(calls) do
    if is_wanted(call.name, "CALL") then
      line[#line + 1] = ("%-10s"):format((r + c) % SHARE == 0 and play_cell(stage, row, call) or "")
    end
  end
  print((table.concat(line):gsub("%s+$", "")))
  stage.api:log(true)
end
stage:stop()
for _, text in ipairs(tally.problems) do print("WRONG: " .. text) end
print(("%d cells, %d wrong, %.0f s"):format(tally.cells, #tally.problems, core.now() - started))
os.exit(#tally.problems == 0 and tally.cells > 0, true)
