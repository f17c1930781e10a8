--- Bodies that are JSON objects, as trees whose members are checked by tables of fields.
local bodies = require "bodies"
local errors = require "errors"
local json_tree = require "json_tree"

local json_bodies = {}

--- What kind of JSON value a tree is.
---@return "object"|"array"|"string"|"boolean"|"null"|"integer"|"number"
function json_bodies.kind(tree)
  if type(tree) == "table" then return tree.type end
  if tree:sub(1, 1) == '"' then return "string" end
  if tree == "true" or tree == "false" then return "boolean" end
  if tree == "null" then return "null" end
  return tree:find("[.eE]") and "number" or "integer"
end

--- The tree of the request's body, or a failure when it is no JSON object.
function json_bodies.read(request)
  local _, text = bodies.object(request)
  return json_tree.parse(text)
end

--- The text in a member that has to be a string, or nil when it is absent or null.
function json_bodies.text(object, name)
  local value = json_tree.get(object, name)
  if value == nil or value == "null" then return nil end
  if json_bodies.kind(value) ~= "string" then error(errors.invalid_body(name .. " must be a string."), 0) end
  return json_tree.text(value)
end

--- The value of a member of a kind, or nil when it is absent or null.
function json_bodies.member(object, name, kind)
  local value = json_tree.get(object, name)
  if value == nil or value == "null" then return nil end
  if json_bodies.kind(value) ~= kind then error(errors.invalid_body(("%s must be of the type %s."):format(name, kind)), 0) end
  return value
end

--- Put the members that `fields` knows into `object`; all are checked before anything is changed. A field's entry is its kind and what
--- null makes of it: "null", "default" (what it is when nobody sets it), or nothing where null is refused.
---@param object table tree
---@param given table tree
---@param fields table<string, { [1]: string, null: "null"|"default"|nil }>
function json_bodies.change(object, given, fields)
  for name, field in pairs(fields) do
    local value = json_bodies.member(given, name, field[1])
    if value == nil and json_tree.get(given, name) and not field.null then error(errors.invalid_body(name .. " must not be null."), 0) end
  end
  for i, name in ipairs(given.keys) do
    local field, value = fields[name], given.values[i]
    if field and value == "null" and field.null == "default" then json_tree.remove(object, name)
    elseif field then json_tree.set(object, name, value) end
  end
end

return json_bodies
