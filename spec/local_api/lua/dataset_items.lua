--- The items of a dataset, in order: synthetic ones first, then JSON texts that were pushed or that grew by the clock.
local cjson = require "cjson"
local clock = require "clock"
local seeds = require "dataset_seeds"
local store = require "store"

local dataset_items = {}

local ROUNDING = 1e-6                   -- the last item is due when the time is over, not a moment later

---@class local_api.Growth items that join by the clock
---@field count integer how many, of which `done` have joined
---@field done integer
---@field started number milliseconds; the first item joins an interval later
---@field interval_ms number
---@field text fun(number: integer): string the JSON text of an item, counted from 1
---@field run local_api.Run? with whose end it is over

--- An empty dataset's inside.
function dataset_items.new()
  return { seeded = seeds.NONE, texts = {}, bytes = 0, scanned = 0, clean = 0, fields = {} }
end

-- Until when items join: now, or the end of the run that they come from.
local function end_of(growth)
  local now, run = clock.now(), growth.run
  if not run then return now, false end
  store.status(run, now)
  return math.min(now, run.finished or now), run.finished ~= nil
end

-- Items that were due by now join the others.
local function grow(data)
  local growth = data.growth
  if not growth then return end
  local ended, is_over = end_of(growth)
  local due = math.min(growth.count, math.floor((ended - growth.started) / growth.interval_ms + ROUNDING))
  for number = growth.done + 1, due do dataset_items.append(data, growth.text(number)) end
  growth.done = math.max(growth.done, due)
  if is_over or growth.done >= growth.count then data.growth = nil end
end

--- Add the JSON text of an object.
function dataset_items.append(data, text)
  data.texts[#data.texts + 1], data.bytes = text, data.bytes + #text
end

--- How many items there are now.
function dataset_items.count(data)
  grow(data)
  return data.seeded.count + #data.texts
end

--- The JSON text of an item, counted from 1.
function dataset_items.text(data, position)
  local seeded = data.seeded.count
  if position <= seeded then return seeds.text(data.seeded, position - 1) end
  return data.texts[position - seeded]
end

--- Write the JSON text of an item, counted from 1. Whether more is wanted.
function dataset_items.write(data, position, write)
  local seeded = data.seeded.count
  if position <= seeded then return seeds.write(data.seeded, position - 1, write) end
  return write(data.texts[position - seeded])
end

-- Names that an item is the first to have, in the order of their letters.
local function new_names(item, known)
  local names = {}
  for name in pairs(item) do
    if not known[name] then
      known[name] = true
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

local function has_clean_field(item)
  for name in pairs(item) do
    if name:sub(1, 1) ~= "#" then return true end
  end
  return false
end

local function scan_item(data, known, item)
  for _, name in ipairs(new_names(item, known)) do data.fields[#data.fields + 1] = name end
  if has_clean_field(item) then data.clean = data.clean + 1 end
end

-- Look at the texts that came since the last time.
local function scan(data)
  local known = {}
  for _, name in ipairs(data.fields) do known[name] = true end
  for i = data.scanned + 1, #data.texts do scan_item(data, known, cjson.decode(data.texts[i])) end
  data.scanned = #data.texts
  return known
end

--- What the dataset's object tells of its items: how many are not empty without hidden fields, the names of all fields at
--- the top, and the bytes.
---@return {clean: integer, fields: string[], bytes: integer}
function dataset_items.summary(data)
  local known, fields = scan(data), {}
  for i, name in ipairs(data.fields) do fields[i] = name end
  for _, name in ipairs(seeds.fields(data.seeded)) do
    if not known[name] then fields[#fields + 1] = name end
  end
  return {
    clean = data.clean + seeds.clean_count(data.seeded), fields = fields,
    bytes = data.bytes + data.seeded.count * seeds.ITEM_BYTES,
  }
end

return dataset_items
