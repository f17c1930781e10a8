--- The controls of datasets, see control.lua. Each names the dataset by `dataset`, an id or ~name, or by its `run`.
local clock = require "clock"
local dataset_items = require "dataset_items"
local errors = require "errors"
local options = require "options"
local seeds = require "dataset_seeds"
local storages = require "storages"
local store = require "store"

local controls = {}

local KINDS = { mixed = true, plain = true }

local function lookup(wanted)
  if wanted.dataset then return storages.find("datasets", wanted.dataset) end
  local run = store.run_by_id[wanted.run] or error("needs the id of a dataset or of a run", 0)
  return storages.of_run("datasets", run)
end

local function find(wanted)
  local ok, storage = pcall(lookup, wanted)
  if not ok then error(errors.is_failure(storage) and storage.message or storage, 0) end
  return storage
end

local SEED_DEFAULTS = { count = options.required, dataset = false, kind = "plain", run = false, seed = 1 }

--- The dataset has synthetic items instead of all that it had.
function controls.seed_items(given)
  local wanted = options.check(given, SEED_DEFAULTS, "seed_items")
  if not KINDS[wanted.kind] then error("kind must be plain or mixed", 0) end
  local storage = find(wanted)
  storage.data = dataset_items.new()
  storage.data.seeded = seeds.new(wanted)
  return { dataset = storage.id, count = wanted.count }
end

local GROW_DEFAULTS = { count = options.required, dataset = false, interval_secs = 0.05, run = false, size = 100 }

--- So many items of about that size join the others from now on, one after each interval.
function controls.grow_items(given)
  local wanted = options.check(given, GROW_DEFAULTS, "grow_items")
  local storage = find(wanted)
  dataset_items.count(storage.data)
  local filler = ("x"):rep(wanted.size)
  storage.data.growth = {
    count = wanted.count, done = 0, interval_ms = math.max(wanted.interval_secs * 1000, 1), started = clock.now(),
    text = function(number) return ('{"n":%d,"grown":true,"text":"%s"}'):format(number - 1, filler) end,
  }
  return { dataset = storage.id }
end

local ITEMS_DEFAULTS = { dataset = false, limit = math.huge, offset = 0, run = false }

--- What the dataset holds: the oracle of tests.
function controls.items(given)
  local wanted = options.check(given, ITEMS_DEFAULTS, "items")
  local data = find(wanted).data
  local total, texts = dataset_items.count(data), {}
  for position = wanted.offset + 1, math.min(wanted.offset + wanted.limit, total) do
    texts[#texts + 1] = dataset_items.text(data, position)
  end
  return ('{"total":%d,"items":[%s]}'):format(total, table.concat(texts, ","))
end

local RULES_DEFAULTS = { dataset = false, required = {}, run = false, views = {} }

--- Fields that items pushed from now on must have, and views: lists of fields by name.
function controls.dataset_rules(given)
  local wanted = options.check(given, RULES_DEFAULTS, "dataset_rules")
  local storage = find(wanted)
  storage.required, storage.views = wanted.required, wanted.views
  return { dataset = storage.id }
end

return controls
