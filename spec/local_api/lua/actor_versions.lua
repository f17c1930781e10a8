--- The versions of an Actor: where its source is, with the environment variables of each (env_vars.lua).
local answers = require "answers"
local auth = require "auth"
local cjson = require "cjson.safe"
local clock = require "clock"
local env_vars = require "env_vars"
local errors = require "errors"
local json_bodies = require "json_bodies"
local json_tree = require "json_tree"
local runs = require "runs"

local actor_versions = {}

local SOURCE_TYPES = { SOURCE_FILES = true, GIT_REPO = true, TARBALL = true, GITHUB_GIST = true, SOURCE_CODE = true }

local FIELDS = {
  applyEnvVarsToBuild = { "boolean", null = "null" }, buildTag = { "string", null = "null" }, gitHubGistUrl = { "string", null = "null" },
  gitRepoUrl = { "string", null = "null" }, sourceFiles = { "array" }, sourceType = { "string", null = "null" },
  tarballUrl = { "string", null = "null" }, versionNumber = { "string" },
}

local function number_of(version)
  return json_tree.text(json_tree.get(version.tree, "versionNumber"))
end

local function view(version)
  json_tree.set(version.tree, "envVars", env_vars.text(version))
  return json_tree.encode(version.tree)
end

--- All versions of an Actor as JSON texts in a row.
function actor_versions.rows(actor)
  local rows = {}
  for i, version in ipairs(actor.versions) do rows[i] = view(version) end
  return table.concat(rows, ",")
end

local function check(given)
  local number, source = json_bodies.text(given, "versionNumber"), json_bodies.text(given, "sourceType")
  if number and not (number:find("^%d%d?%.%d%d?$") and not number:find("%f[%d]0%d")) then
    error(errors.invalid_body("versionNumber must be MAJOR.MINOR, of numbers from 0 to 99."), 0)
  end
  if source and not SOURCE_TYPES[source] then error(errors.invalid_body("sourceType is not one of the allowed values."), 0) end
end

local function change(version, given)
  check(given)
  json_bodies.change(version.tree, given, FIELDS)
  env_vars.take(version, given)
  return version
end

--- The version that an object of a body describes; a failure when it is none.
function actor_versions.new(given)
  if json_bodies.kind(given) ~= "object" or not json_bodies.text(given, "versionNumber") then
    error(errors.invalid_body("A version must have a versionNumber."), 0)
  end
  return change({ tree = json_tree.parse '{"versionNumber":null,"sourceType":null,"buildTag":null,"applyEnvVarsToBuild":false}' }, given)
end

--- The versions in the member `versions` of a body, or nil.
function actor_versions.of_body(given)
  local list, versions = json_bodies.member(given, "versions", "array"), {}
  if not list then return nil end
  for i, each in ipairs(list.values) do versions[i] = actor_versions.new(each) end
  return versions
end

local function find(actor, number)
  for place, version in ipairs(actor.versions) do
    if number_of(version) == number then return version, place end
  end
end

--- The tag of a version's builds, which may be nil; a failure when the Actor has no such version.
function actor_versions.build_tag(actor, number)
  local version = find(actor, number) or error(errors.record_not_found, 0)
  local tag = json_tree.get(version.tree, "buildTag")
  return tag ~= "null" and json_tree.text(tag) or nil
end

local function refuse_taken(actor, given, own)
  local number = json_bodies.text(given, "versionNumber")
  local taken = number and find(actor, number)
  if taken and taken ~= own then
    error(errors.new(400, "version-already-exists", ("The Actor has a version %s already."):format(number)), 0)
  end
end

--- The version that a path leads to, its Actor, and its place there.
function actor_versions.of_path(request, actor_id, number)
  auth.check(request)
  local actor = runs.find_actor_itself(actor_id)
  local version, place = find(actor, number)
  return version or error(errors.record_not_found, 0), actor, place
end

--- GET /v2/acts/{actorId}/versions
function actor_versions.list(request, actor_id)
  auth.check(request)
  local actor = runs.find_actor_itself(actor_id)
  return answers.data(('{"total":%d,"items":[%s]}'):format(#actor.versions, actor_versions.rows(actor)))
end

--- POST /v2/acts/{actorId}/versions
function actor_versions.create(request, actor_id)
  auth.check(request)
  local actor, given = runs.find_actor_itself(actor_id), json_bodies.read(request)
  refuse_taken(actor, given)
  local version = actor_versions.new(given)
  table.insert(actor.versions, version)
  actor.modified = clock.now()
  return answers.json(201, '{"data":' .. view(version) .. "}")
end

--- GET /v2/acts/{actorId}/versions/{versionNumber}
function actor_versions.get(...)
  return answers.data(view((actor_versions.of_path(...))))
end

--- PUT, and POST, of a version: the fields given.
function actor_versions.put(request, ...)
  local version, actor = actor_versions.of_path(request, ...)
  local given = json_bodies.read(request)
  refuse_taken(actor, given, version)
  change(version, given)
  actor.modified = clock.now()
  return answers.data(view(version))
end

--- DELETE /v2/acts/{actorId}/versions/{versionNumber}
function actor_versions.delete(...)
  local _, actor, place = actor_versions.of_path(...)
  table.remove(actor.versions, place)
  return answers.none()
end

--- The text of a file in the Actor's newest version, or nil.
---@param actor table
---@param names table<string, true>
function actor_versions.file(actor, names)
  local version = actor.versions[#actor.versions]
  local files = version and cjson.decode(json_tree.encode(version.tree)).sourceFiles
  for _, file in ipairs(type(files) == "table" and files or {}) do
    if names[file.name] and type(file.content) == "string" then
      return file.format == "BASE64" and ngx.decode_base64(file.content) or file.content
    end
  end
end

return actor_versions
