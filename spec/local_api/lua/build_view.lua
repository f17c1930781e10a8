--- A build as JSON: the short row of a list, the full object, and the OpenAPI definition of its Actor.
local cjson = require "cjson.safe"
local clock = require "clock"
local store = require "store"

local build_view = {}

local MEMORY_MB = 4096
local IMAGE_BYTES = 975770223

local function compute_units(build, now)
  return math.max(0, (build.finished or now) - build.started) / 3600000 * MEMORY_MB / 1024
end

local function finished_at(build)
  return build.finished and clock.iso(build.finished) or cjson.null
end

local function meta(build)
  return build.meta or { origin = "WEB" }
end

--- The build as a row of a list; its status must be up to date.
---@param build local_api.Build
---@param now integer milliseconds
---@return string json
function build_view.row(build, now)
  return cjson.encode {
    id = build.id, actId = build.actor.id, userId = store.user.id, status = build.status, startedAt = clock.iso(build.started),
    finishedAt = finished_at(build), usageTotalUsd = compute_units(build, now) / 4, buildNumber = build.number, meta = meta(build),
  }
end

local function stats(build, now)
  local ms = math.max(0, (build.finished or now) - build.started)
  return {
    durationMillis = ms, runTimeSecs = ms / 1000, computeUnits = compute_units(build, now),
    imageSizeBytes = build.status == "SUCCEEDED" and IMAGE_BYTES or cjson.null,
  }
end

local function definition_of(build)
  return {
    actorSpecification = 1, name = build.actor.name:match("[^~]+$"), version = build.version, buildTag = build.tag,
    input = { title = "Input", type = "object", schemaVersion = 1, properties = { maxItems = { title = "Items", type = "integer" } } },
  }
end

--- The full build object; its status must be up to date.
---@param build local_api.Build
---@param now integer milliseconds
---@param with_costs boolean false hides what a caller without a token may not see
---@return string json
function build_view.full(build, now, with_costs)
  local units, is_ready = compute_units(build, now), build.status == "SUCCEEDED"
  return cjson.encode {
    id = build.id, actId = build.actor.id, userId = store.user.id, startedAt = clock.iso(build.started), finishedAt = finished_at(build),
    status = build.status, meta = meta(build), stats = stats(build, now), buildNumber = build.number,
    options = {
      useCache = build.use_cache or false, betaPackages = build.beta_packages or false, memoryMbytes = MEMORY_MB, diskMbytes = 2 * MEMORY_MB,
    },
    usage = { ACTOR_COMPUTE_UNITS = units }, usageTotalUsd = with_costs and units / 4 or nil,
    usageUsd = with_costs and { ACTOR_COMPUTE_UNITS = units / 4 } or nil,
    inputSchema = is_ready and cjson.encode(definition_of(build).input) or nil, readme = is_ready and "# Reads pages" or nil,
    actVersion = { sourceType = "SOURCE_FILES", buildTag = build.tag, versionNumber = build.version },
    actorDefinition = is_ready and definition_of(build) or cjson.null,
  }
end

--- The OpenAPI definition of the Actor as it was built.
---@param build local_api.Build
---@param base string the URL of the API
---@return string json
function build_view.definition(build, base)
  local name, schema = build.actor.name, definition_of(build)
  local body = { required = true, content = { ["application/json"] = { schema = { ["$ref"] = "#/components/schemas/inputSchema" } } } }
  local paths = {}
  for _, endpoint in ipairs { "runs", "run-sync", "run-sync-get-dataset-items" } do
    local responses = { [endpoint == "runs" and "201" or "200"] = { description = "OK" } }
    paths[("/acts/%s/%s"):format(name, endpoint)] = {
      post = { operationId = endpoint .. "-" .. name:gsub("~", "-"), requestBody = body, responses = responses },
    }
  end
  return cjson.encode {
    openapi = "3.0.1", info = { title = schema.name, version = build.version, ["x-build-id"] = build.id },
    servers = { { url = base } }, paths = paths, components = { schemas = { inputSchema = schema.input } },
  }
end

return build_view
