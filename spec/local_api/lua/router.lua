--- From a request to the answer of its endpoint. Endpoints of Actors, tasks, runs and the account are named here, all that is below a run in
--- From a request to the answer of its endpoint. Endpoints of Actors, tasks, builds and runs are named here, all that is below a run in
--- mounts.lua.
local actor_versions = require "actor_versions"
local answers = require "answers"
local auth = require "auth"
local env_vars = require "env_vars"
local builds = require "builds"
local errors = require "errors"
local input_schemas = require "input_schemas"
local mounts = require "mounts"
local noun_changes = require "noun_changes"
local nouns = require "nouns"
local run_actions = require "run_actions"
local run_starts = require "run_starts"
local runs = require "runs"
local schedules = require "schedules"
local store_actors = require "store_actors"
local users = require "users"
local webhook_dispatches = require "webhook_dispatches"
local webhooks = require "webhooks"

local router = {}

-- Path below /v2, where "*" stands for an id that is passed to the handler; then handlers by method.
local ROUTES = {
  { "actor-builds", GET = builds.list_all },
  { "actor-builds/*", GET = builds.get, DELETE = builds.delete },
  { "actor-builds/*/abort", POST = builds.abort },
  { "actor-builds/*/log", GET = builds.log },
  { "actor-builds/*/openapi.json", GET = builds.definition },
  { "actor-runs", GET = runs.list_all },
  { "actor-runs/*", GET = runs.get, PUT = run_actions.put, DELETE = run_actions.delete },
  { "actor-runs/*/charge", POST = run_actions.charge },
  { "actor-runs/*/resurrect", POST = run_actions.resurrect },
  { "schedules", GET = schedules.get_list, POST = schedules.create },
  { "schedules/*", GET = schedules.get, PUT = schedules.put, DELETE = schedules.delete },
  { "schedules/*/log", GET = schedules.get_log },
  { "store", GET = store_actors.list },
  { "users/*", GET = users.get },
  { "users/me", GET = users.get_own },
  { "users/me/limits", GET = users.get_limits, PUT = users.put_limits },
  { "users/me/usage/monthly", GET = users.get_usage },
  { "webhooks", GET = webhooks.list, POST = webhooks.create },
  { "webhooks/*", GET = webhooks.get, PUT = webhooks.put, DELETE = webhooks.delete },
  { "webhooks/*/dispatches", GET = webhooks.list_dispatches },
  { "webhooks/*/test", POST = webhooks.test },
  { "webhook-dispatches", GET = webhook_dispatches.list },
  { "webhook-dispatches/*", GET = webhook_dispatches.get },
}

-- Paths of Actors, also as "acts", and of tasks: the same endpoints for each.
local function add_noun_routes(path, of)
  for _, route in ipairs {
    { path .. "/*/run-sync", GET = of.run_sync, POST = of.run_sync },
    { path .. "/*/run-sync-get-dataset-items", GET = of.run_sync_items, POST = of.run_sync_items },
    { path .. "/*/runs", GET = of.list_runs, POST = of.start },
    { path .. "/*/runs/last", GET = of.last_run },
    { path .. "/*/webhooks", GET = of.list_webhooks },
  } do ROUTES[#ROUTES + 1] = route end
end

-- Paths of an Actor's builds.
local function add_build_routes(path)
  for _, route in ipairs {
    { "", GET = builds.list_of_actor, POST = builds.start },
    { "/default", GET = builds.get_default },
    { "/default/openapi.json", GET = builds.definition_of_default },
    { "/*", GET = builds.get_of_actor },
    { "/*/abort", POST = builds.abort_of_actor },
    { "/*/openapi.json", GET = builds.definition_of_actor },
  } do
    route[1] = path .. "/*/builds" .. route[1]
    ROUTES[#ROUTES + 1] = route
  end
end

local OF_ACTOR = {
  list_runs = runs.list_of_actor, last_run = runs.last_of_actor,
  start = run_starts.of_actor, run_sync = run_starts.sync_of_actor, run_sync_items = run_starts.sync_items_of_actor,
  list_webhooks = webhooks.list_of_actor,
}

add_noun_routes("acts", OF_ACTOR)
add_noun_routes("actors", OF_ACTOR)
add_build_routes("acts")
add_build_routes("actors")
add_noun_routes("actor-tasks", {
  list_runs = runs.list_of_task, last_run = runs.last_of_task,
  start = run_starts.of_task, run_sync = run_starts.sync_of_task, run_sync_items = run_starts.sync_items_of_task,
  list_webhooks = webhooks.list_of_task,
})

-- What else Actors, also as "acts", and tasks have, each for itself.
for _, path in ipairs { "acts", "actors" } do
  for _, route in ipairs {
    { path, GET = nouns.list_actors, POST = noun_changes.create_actor },
    { path .. "/*", GET = nouns.get_actor, PUT = noun_changes.put_actor, DELETE = noun_changes.delete_actor },
    { path .. "/*/validate-input", POST = input_schemas.validate },
    { path .. "/*/versions", GET = actor_versions.list, POST = actor_versions.create },
    { path .. "/*/versions/*", GET = actor_versions.get, PUT = actor_versions.put, POST = actor_versions.put, DELETE = actor_versions.delete },
    { path .. "/*/versions/*/env-vars", GET = env_vars.list, POST = env_vars.create },
    { path .. "/*/versions/*/env-vars/*", GET = env_vars.get, PUT = env_vars.put, POST = env_vars.put, DELETE = env_vars.delete },
  } do ROUTES[#ROUTES + 1] = route end
end
for _, route in ipairs {
  { "actor-tasks", GET = nouns.list_tasks, POST = noun_changes.create_task },
  { "actor-tasks/*", GET = nouns.get_task, PUT = noun_changes.put_task, DELETE = noun_changes.delete_task },
  { "actor-tasks/*/input", GET = noun_changes.get_input, PUT = noun_changes.put_input },
} do ROUTES[#ROUTES + 1] = route end

local METHODS = { "OPTIONS", "HEAD", "GET", "POST", "PUT", "DELETE" }

-- All routes as a tree: a node has `route`, and nodes by the next segment of the path; "*" is for any other segment.
local tree = {}

local function plant(route)
  local node = tree
  for segment in route[1]:gmatch("[^/]+") do
    node[segment] = node[segment] or {}
    node = node[segment]
  end
  node.route = route
end

for _, route in ipairs(mounts.routes()) do ROUTES[#ROUTES + 1] = route end
for _, route in ipairs(ROUTES) do plant(route) end

local function decode(segment)
  if not segment:find("%", 1, true) then return segment end
  return (segment:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- The route of a path, and the ids in it.
local function find_route(path)
  local node, ids = tree, {}
  for segment in (path:match("^/v2/(.*)$") or ""):gmatch("[^/]+") do
    local next_node = segment ~= "*" and segment ~= "route" and node[segment]
    if not next_node then
      next_node = node["*"]
      ids[#ids + 1] = decode(segment)
    end
    node = next_node or error(errors.page_not_found, 0)
  end
  return node.route or error(errors.page_not_found, 0), ids
end

local function allowed_methods(route)
  local allowed = {}
  for _, method in ipairs(METHODS) do
    if method == "OPTIONS" or route[method] then allowed[#allowed + 1] = method end
  end
  return table.concat(allowed, ",")
end

local function handler_of(route, method)
  return route[method] or method == "HEAD" and route.GET or error(errors.method_not_allowed(allowed_methods(route)), 0)
end

local function call_endpoint(request)
  local route, ids = find_route(request.path)
  if request.method == "OPTIONS" then
    return answers.other(204, "text/plain", "", { Allow = allowed_methods(route) })
  end
  return handler_of(route, request.method)(request, unpack(ids))
end

local function describe(problem)
  if errors.is_failure(problem) then return problem end
  ngx.log(ngx.ERR, debug.traceback(tostring(problem)))
  return errors.internal
end

--- The paths that there are, each with one of these ids in every place where one belongs.
---@param ids string[]
---@return string[]
function router.paths(ids)
  local paths = {}
  local function add(path)
    if not path:find("*", 1, true) then paths[#paths + 1] = path return end
    for _, id in ipairs(ids) do add((path:gsub("%*", function() return id end, 1))) end
  end
  for _, route in ipairs(ROUTES) do add("/v2/" .. route[1]) end
  return paths
end

--- The request that nginx is serving.
---@return {method: string, path: string, args: table, token: string?}
function router.request()
  local args = ngx.req.get_uri_args()
  return {
    method = ngx.req.get_method(), path = ngx.var.request_uri:match("^[^?]*"), args = args, token = auth.token(args),
  }
end

--- The endpoint's answer; failures are answers too.
---@return local_api.Answer
function router.answer(request)
  local ok, answer = xpcall(call_endpoint, describe, request)
  return ok and answer or answers.error(answer)
end

return router
