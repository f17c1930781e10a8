--- Statistics of a dataset: for each field at the top its least and greatest number, and how often it is null or empty.
local cjson = require "cjson.safe"
local dataset_items = require "dataset_items"
local json_tree = require "json_tree"

local dataset_statistics = {}

local LOOKED_AT = 20000                 -- items beyond so many do not count

local function is_empty(value)
  return value == '""' or type(value) == "table" and #value.values == 0
end

local function add_number(field, number)
  if not number then return end
  if not field.min or number < field.min then field.min = number end
  if not field.max or number > field.max then field.max = number end
end

local function add_value(field, value)
  if value == "null" then field.nulls = field.nulls + 1
  elseif is_empty(value) then field.empty = field.empty + 1
  elseif type(value) == "string" then add_number(field, tonumber(value)) end
end

local function field_of(fields, name)
  if not fields[name] then
    fields[name] = { name = name, nulls = 0, empty = 0 }
    fields[#fields + 1] = fields[name]
  end
  return fields[name]
end

local function collect(data)
  local fields = {}
  for position = 1, math.min(dataset_items.count(data), LOOKED_AT) do
    local item = json_tree.parse(dataset_items.text(data, position))
    for i, key in ipairs(item.keys) do add_value(field_of(fields, key), item.values[i]) end
  end
  return fields
end

local function number_or_null(number)
  return number and ("%.14g"):format(number) or "null"
end

--- The statistics as JSON.
---@return string
function dataset_statistics.json(data)
  local parts = {}
  for i, field in ipairs(collect(data)) do
    parts[i] = ('%s:{"min":%s,"max":%s,"nullCount":%d,"emptyCount":%d}'):format(cjson.encode(field.name),
      number_or_null(field.min), number_or_null(field.max), field.nulls, field.empty)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

return dataset_statistics
