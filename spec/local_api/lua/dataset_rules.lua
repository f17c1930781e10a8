--- A dataset's schema, as far as there is one: fields that every item must have.
local cjson = require "cjson.safe"
local errors = require "errors"
local json_tree = require "json_tree"

local dataset_rules = {}

local function errors_of(item, required)
  local found = {}
  for i, field in ipairs(required) do
    if not json_tree.get(item, field) then
      found[#found + 1] = ('{"instancePath":"","schemaPath":"#/required","keyword":"required","message":%s,"params":{"missingProperty":%s}}')
        :format(cjson.encode("must have required property '" .. field .. "'"), cjson.encode(required[i]))
    end
  end
  return found
end

--- Refuse a whole push when one of its items lacks a field; the failure tells which items, counted from 0.
---@param required? string[]
---@param texts string[] JSON objects
function dataset_rules.check(required, texts)
  local invalid = {}
  for i, text in ipairs(required and texts or {}) do
    local found = errors_of(json_tree.parse(text), required)
    if #found > 0 then
      invalid[#invalid + 1] = ('{"itemPosition":%d,"validationErrors":[%s]}'):format(i - 1, table.concat(found, ","))
    end
  end
  if #invalid == 0 then return end
  error(errors.new(400, "schema-validation-error", "Schema validation failed",
    '{"invalidItems":[' .. table.concat(invalid, ",") .. "]}"), 0)
end

return dataset_rules
