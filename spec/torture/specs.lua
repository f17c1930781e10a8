--- specs.lua RESULTS KIND TIMES EVERY [NAME]: the cases of the core's specs, some points of each. What a case says does not matter, as it
--- does not expect failures: nothing may crash, hang or be left.
local core = require "apify.core"
local points = require "spec.torture.points"
local torture = rawget(_G, "torture")

local results_path, kind, times, every, only = ...
times, every = tonumber(times), tonumber(every)

local MAX_POINTS = 8                     -- of a case: some have a million
local log = results_path .. ".log"

package.loaded.busted = { subscribe = function() end }
_G.assert = require "luassert"

local block                              -- that is being read: { parent, before, after, setup, teardown, cases }

local function new_block(parent)
  return { parent = parent, before = {}, after = {}, setup = {}, teardown = {}, cases = {} }
end

local function adder(name)
  return function(fn) table.insert(block[name], fn) end
end

_G.before_each, _G.after_each, _G.setup, _G.teardown = adder "before", adder "after", adder "setup", adder "teardown"
_G.lazy_setup, _G.lazy_teardown = _G.setup, _G.teardown
_G.pending, _G.finally = function() end, function() end

function _G.it(name, fn) table.insert(block.cases, { name = name, fn = fn }) end

function _G.describe(_, fn)
  local outer = block
  block = new_block(outer)
  table.insert(outer.cases, block)
  fn()
  block = outer
end

local function call_all(list)
  for _, fn in ipairs(list) do fn() end
end

local function before_all(b)
  if b.parent then before_all(b.parent) end
  call_all(b.before)
end

--- A multi does not outlive a fork: each process has its own.
local function renew_multi(is_child)
  local transfers = package.loaded["spec.support.transfers"]
  if not transfers or not transfers.multi then return end
  transfers.patience = 3                 -- a case waits for what a failed transfer never does
  if is_child then transfers.multi = core.multi() else transfers.multi:close() end
end

local left_out = {}

local WAITS_ITSELF = "device or a pipe"  -- a case whose reader waits for a writer that could not be

local function run_case(b, case, n)
  renew_multi(true)
  before_all(b)
  points.arm({ kind = kind, times = times }, n)
  local ok, err = pcall(case.fn)
  local total, has_failed = torture.disarm()
  local is_memory = not ok and tostring(type(err) == "table" and err.message or err):find "memory"
  return points.verdict(ok and "ok" or is_memory and "memory" or "raised", total, has_failed, "")
end

local function attempt(b, case, n)
  return function()
    local ok, verdict = pcall(run_case, b, case, n)
    torture.disarm()
    if not ok then io.stderr:write(tostring(verdict), "\n") end
    return ok and verdict or points.verdict("raised", 1, true, "")
  end
end

local function sweep(b, case, results)
  local class, total = points.try(attempt(b, case, 0), log)
  if class ~= "ok" or case.name:find(WAITS_ITSELF, 1, true) then                  -- it needs what its setup has made in another process
    table.insert(left_out, case.name)
    return
  end
  local step = math.max(1, total / MAX_POINTS) * every
  local n = 1 + math.random() * (step - 1)
  while n <= total do
    local at = math.floor(n)
    local _, words
    class, _, _, words = points.try(attempt(b, case, at), log)
    points.add(results, at, class, total, case.name .. ": " .. words)
    n = n + step
  end
end

local function run(b, results)
  call_all(b.setup)
  renew_multi(false)
  for _, case in ipairs(b.cases) do
    if case.fn then sweep(b, case, results) else run(case, results) end
  end
  call_all(b.teardown)
end

local pipe = io.popen "grep -L -E 'require.*spec.support.(child|program|forking)' spec/core/*_spec.lua"
local paths = pipe:read "*a"
pipe:close()
for path in paths:gmatch "[^\n]+" do
  if only == "" or path:find(only, 1, true) then
    block = new_block()
    assert(loadfile(path))()
    local results = points.results(path)
    run(block, results)
    points.write(results, results_path)
  end
end
if #left_out > 0 then
  local out = assert(io.open(results_path, "a"))
  out:write("# left out, as they do not pass in a process of their own: ", table.concat(left_out, "; "), "\n")
  out:close()
end
os.remove(log)
