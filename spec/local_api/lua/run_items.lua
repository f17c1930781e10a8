--- The items that a run pushes to its default dataset while it is running.
local cjson = require "cjson.safe"
local dataset_items = require "dataset_items"
local json_tree = require "json_tree"
local storages = require "storages"

local run_items = {}

-- The run's input as JSON.
local function input_json(run)
  local input = run.input
  if not input or input.value == "" then return "null" end
  if not input.content_type:lower():find("^application/json") then return cjson.encode(input.value) end
  return input.value:find("[\r\n]") and json_tree.encode(json_tree.parse(input.value)) or input.value
end

-- How many items the run's dataset has by now, and the dataset; 0 and nil when it was deleted.
local function count_before(run)
  local ok, storage = pcall(storages.of_run, "datasets", run)
  if ok then return dataset_items.count(storage.data), storage end
  return 0, nil
end

--- So many items are pushed, spread evenly from `started` to `ended`, as long as the run goes on.
---@param run local_api.Run
---@param count integer
---@param started number milliseconds
---@param ended number
function run_items.begin(run, count, started, ended)
  local first, storage = 0, nil
  if run.finished then first, storage = count_before(run) end
  local function text(number)
    return ('{"n":%d,"run":"%s","input":%s}'):format(first + number - 1, run.id, input_json(run))
  end
  run.growth = {
    count = count, done = 0, started = started, interval_ms = math.max((ended - started) / math.max(count, 1), 0.01),
    text = text, run = run,
  }
  if storage then storage.data.growth = run.growth end
end

return run_items
