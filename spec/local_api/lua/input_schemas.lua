--- Inputs and the schemas of Actors: which fields must be there, of which type and of which values. A schema comes from a control, or from
--- the source of the Actor's newest version.
local actor_versions = require "actor_versions"
local answers = require "answers"
local auth = require "auth"
local bodies = require "bodies"
local cjson = require "cjson.safe"
local errors = require "errors"
local json_bodies = require "json_bodies"
local json_tree = require "json_tree"
local options = require "options"
local runs = require "runs"
local start_params = require "start_params"
local store = require "store"

local input_schemas = { controls = {} }

local FILES = { ["INPUT_SCHEMA.json"] = true, [".actor/INPUT_SCHEMA.json"] = true, [".actor/input_schema.json"] = true }

--- Inputs of the Actor have to fit a schema from now on; false: that of its source, if it has one.
function input_schemas.controls.input_schema(given)
  local wanted = options.check(given, { actor = "janedoe~my-actor", schema = options.required }, "input_schema")
  store.actor(wanted.actor).input_schema = wanted.schema or nil
  return {}
end

local function schema_of(actor)
  if actor.input_schema then return actor.input_schema end
  local schema = cjson.decode(actor_versions.file(actor, FILES) or "{}")
  return type(schema) == "table" and schema or {}
end

local function refuse(format, ...)
  error(errors.new(400, "invalid-input", "Input is not valid: " .. format:format(...)), 0)
end

local function is_one_of(tree, allowed)
  for _, value in ipairs(allowed) do
    if cjson.encode(value) == json_tree.encode(tree) then return true end
  end
  return false
end

local function check_field(name, tree, property)
  local kind, wanted = json_bodies.kind(tree), property.type
  if kind == "null" and property.nullable then return end
  if wanted and kind ~= wanted and not (kind == "integer" and wanted == "number") then refuse("Field input.%s must be %s", name, wanted) end
  if property.enum and not is_one_of(tree, property.enum) then refuse("Field input.%s must be one of the allowed values", name) end
end

local function check(input, schema)
  for _, name in ipairs(schema.required or {}) do
    if not json_tree.get(input, name) then refuse("Field input.%s is required", name) end
  end
  for i, name in ipairs(input.keys) do
    local property = (schema.properties or {})[name]
    if property then check_field(name, input.values[i], property) end
  end
end

--- POST /v2/acts/{actorId}/validate-input
function input_schemas.validate(request, actor_id)
  auth.check(request)
  local actor, text = runs.find_actor_itself(actor_id), bodies.read(request)
  start_params.build(request.args, actor)
  if cjson.decode(text) == nil then error(errors.new(400, "run-input-body-not-valid-json", "The input is not valid JSON."), 0) end
  local input = json_tree.parse(text)
  if json_bodies.kind(input) ~= "object" then error(errors.new(400, "input-json-not-object", "The input must be a JSON object."), 0) end
  check(input, schema_of(actor))
  return answers.json(200, '{"valid":true}')
end

return input_schemas
