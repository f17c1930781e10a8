--- The environment variables of an Actor's version. What is secret is kept and never shown.
local answers = require "answers"
local cjson = require "cjson.safe"
local errors = require "errors"
local json_bodies = require "json_bodies"
local json_tree = require "json_tree"

local env_vars = {}

local find_version                       -- of actor_versions.lua, which needs this module

local function view(var)
  local value = var.is_secret and "" or (',"value":%s'):format(cjson.encode(var.value))
  return ('{"name":%s%s,"isSecret":%s}'):format(cjson.encode(var.name), value, tostring(var.is_secret))
end

local function rows(version)
  local list = {}
  for i, var in ipairs(version.env or {}) do list[i] = view(var) end
  return table.concat(list, ",")
end

--- The variables of a version as the tree of `envVars`.
function env_vars.text(version)
  return version.env and json_tree.parse("[" .. rows(version) .. "]") or "null"
end

local function change(var, given)
  var.value = json_bodies.text(given, "value") or var.value
  local is_secret = json_bodies.member(given, "isSecret", "boolean")
  if is_secret then var.is_secret = is_secret == "true" end
  if not var.name or var.name == "" or not var.value then error(errors.invalid_body("An environment variable must have a name and a value."), 0) end
  return var
end

local function new(given)
  if json_bodies.kind(given) ~= "object" then error(errors.invalid_body("An environment variable must be an object."), 0) end
  return change({ name = json_bodies.text(given, "name"), is_secret = false }, given)
end

--- Take the variables that a version's body has, if it has any; null: none.
function env_vars.take(version, given)
  local list = json_bodies.member(given, "envVars", "array")
  if not list then
    if json_tree.get(given, "envVars") == "null" then version.env = nil end
    return
  end
  local made = {}
  for i, each in ipairs(list.values) do made[i] = new(each) end
  version.env = made
end

local function find(version, name)
  for place, var in ipairs(version.env or {}) do
    if var.name == name then return var, place end
  end
end

local function of_path(request, actor_id, number, name)
  find_version = find_version or require("actor_versions").of_path
  local version = find_version(request, actor_id, number)
  if not name then return version end
  local var, place = find(version, name)
  return version, var or error(errors.record_not_found, 0), place
end

--- GET /v2/acts/{actorId}/versions/{versionNumber}/env-vars
function env_vars.list(...)
  local version = of_path(...)
  return answers.data(('{"total":%d,"items":[%s]}'):format(#(version.env or {}), rows(version)))
end

--- POST of the same
function env_vars.create(request, ...)
  local version = of_path(request, ...)
  local var = new(json_bodies.read(request))
  if find(version, var.name) then
    error(errors.new(400, "env-var-already-exists", ("There is an environment variable %s already."):format(var.name)), 0)
  end
  version.env = version.env or {}
  table.insert(version.env, var)
  return answers.json(201, '{"data":' .. view(var) .. "}")
end

--- GET /v2/acts/{actorId}/versions/{versionNumber}/env-vars/{envVarName}
function env_vars.get(...)
  local _, var = of_path(...)
  return answers.data(view(var))
end

--- PUT, and POST, of the same
function env_vars.put(request, ...)
  local _, var = of_path(request, ...)
  local given = json_bodies.read(request)
  local name = json_bodies.text(given, "name")
  if name and name ~= var.name then error(errors.new(400, "cannot-rename-env-var", "An environment variable keeps its name."), 0) end
  return answers.data(view(change(var, given)))
end

--- DELETE of the same
function env_vars.delete(...)
  local version, _, place = of_path(...)
  table.remove(version.env, place)
  return answers.none()
end

return env_vars
