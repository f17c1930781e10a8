--- How the query of a list of items changes each item: what is dropped, picked, unwound, flattened and renamed, in this order:
--- hidden fields, failed pages, fields and omit, unwind, flatten, output fields, empty items.
local json_tree = require "json_tree"

local dataset_shape = {}

local get, set, object = json_tree.get, json_tree.set, json_tree.object

local function is_object(value)
  return type(value) == "table" and value.type == "object"
end

-- The members that `is_kept` lets through.
local function filtered(item, is_kept)
  local result = object()
  for i, key in ipairs(item.keys) do
    if is_kept(key) then set(result, key, item.values[i]) end
  end
  return result
end

local function without_hidden(item)
  return filtered(item, function(key) return key:sub(1, 1) ~= "#" end)
end

local function picked(item, fields)
  local result = object()
  for _, name in ipairs(fields) do
    local value = get(item, name)
    if value ~= nil then set(result, name, value) end
  end
  return result
end

local function omitted(item, fields)
  local unwanted = {}
  for _, name in ipairs(fields) do unwanted[name] = true end
  return filtered(item, function(key) return not unwanted[key] end)
end

-- The item without the unwound field, with the members of `part` instead.
local function merged(item, field, part)
  local result = filtered(item, function(key) return key ~= field end)
  if is_object(part) then
    for i, key in ipairs(part.keys) do set(result, key, part.values[i]) end
  else
    set(result, field, part)
  end
  return result
end

-- One item for each element of an array; an object is merged with its parent; anything else stays as it is.
local function unwound(items, field)
  local result = {}
  for _, item in ipairs(items) do
    local value = get(item, field)
    if type(value) ~= "table" then
      result[#result + 1] = item
    elseif value.type == "object" then
      result[#result + 1] = merged(item, field, value)
    else
      for _, element in ipairs(value.values) do result[#result + 1] = merged(item, field, element) end
    end
  end
  return result
end

-- Set `value` under `name`, and a nested object's members under dotted names instead.
local function set_flat(result, name, value)
  if not is_object(value) or #value.keys == 0 then return set(result, name, value) end
  for i, key in ipairs(value.keys) do set_flat(result, name .. "." .. key, value.values[i]) end
end

local function flattened(item, fields)
  local wanted, result = {}, object()
  for _, name in ipairs(fields) do wanted[name] = true end
  for i, key in ipairs(item.keys) do
    if wanted[key] then set_flat(result, key, item.values[i]) else set(result, key, item.values[i]) end
  end
  return result
end

-- Names by position: the n-th of `fields` becomes the n-th of `names`.
local function renamed(item, fields, names)
  local new_names, result = {}, object()
  for i, name in ipairs(fields) do new_names[name] = names[i] end
  for i, key in ipairs(item.keys) do set(result, new_names[key] or key, item.values[i]) end
  return result
end

local function unwound_all(item, fields)
  local items = { item }
  for _, field in ipairs(fields or {}) do items = unwound(items, field) end
  return items
end

local function finished(item, query)
  if query.flatten then item = flattened(item, query.flatten) end
  if query.output_fields and query.fields then item = renamed(item, query.fields, query.output_fields) end
  return item
end

-- The items that come of one, in order.
local function shaped(item, query)
  if query.skip_hidden then item = without_hidden(item) end
  if query.skip_failed and get(item, "errorInfo") then return {} end
  if query.fields then item = picked(item, query.fields) end
  if query.omit then item = omitted(item, query.omit) end
  local result = {}
  for _, part in ipairs(unwound_all(item, query.unwind)) do
    part = finished(part, query)
    if not (query.skip_empty and #part.keys == 0) then result[#result + 1] = part end
  end
  return result
end

local function is_deep(query)
  return query.fields or query.omit or query.unwind or query.flatten or query.skip_failed
end

--- A function from an item's JSON text to the list of items, as texts or trees, that the client gets for it; nil when that
--- is always the item itself. `clean` and what it consists of leave most items as they are, without looking into them.
---@param query table see dataset_query.lua
---@return nil|fun(text: string): table[]
function dataset_shape.new(query)
  if is_deep(query) then
    return function(text) return shaped(json_tree.parse(text), query) end
  end
  if not (query.skip_hidden or query.skip_empty) then return nil end
  return function(text)
    local is_plain = not text:find('"#', 1, true) and not text:find("^%s*{%s*}%s*$")
    return is_plain and { text } or shaped(json_tree.parse(text), query)
  end
end

return dataset_shape
