--- What hangs below a run (log, dataset, key-value store, request queue, what is done to the run itself), on all its mounts: a run,
--- an Actor's last run, a task's last run, and the thing by its own id.
local auth = require "auth"
local endpoints = require "storage_endpoints"
local runs = require "runs"
local signatures = require "signatures"
local storages = require "storages"
local store = require "store"

local mounts = {}

local METHODS = { "GET", "HEAD", "POST", "PUT", "DELETE" }

-- `kind`: of the storage, absent when there is none; `below`: the path below a run; `own`: the path of its own, if it has one.
-- A noun module has `routes`, and for storages `init` and `view`, see storages.define. A route is a path, where "*" stands
-- for an id, and handlers by method: fn(request, storage or run, id...) -> answer.
local NOUNS = {
  { module = "datasets", kind = "datasets", below = "dataset", own = "datasets" },
  { module = "key_value_stores", kind = "key_value_stores", below = "key-value-store", own = "key-value-stores" },
  { module = "logs", below = "log", own = "logs" },
  { module = "run_actions", below = "" },
  { module = "request_queues", kind = "request_queues", below = "request-queue", own = "request-queues" },
}

-- Paths of runs, and how the run is found.
local RUN_MOUNTS = {
  { "actor-runs/*", function(_, id) return runs.find(id) end },
  { "actors/*/runs/last", runs.find_last_of_actor },
  { "acts/*/runs/last", runs.find_last_of_actor },
  { "actor-tasks/*/runs/last", runs.find_last_of_task },
}

-- A handler of the router: who asks is checked, and what the path leads to is found, before the noun's own handler acts.
local function mounted(handler, find)
  return function(request, id, ...)
    auth.check(request)
    return handler(request, find(request, id), ...)
  end
end

local function join(path, below)
  return below == "" and path or path .. "/" .. below
end

local function add_route(routes, path, route, find)
  local mounted_route = { join(path, route[1]) }
  for _, method in ipairs(METHODS) do
    if route[method] then mounted_route[method] = mounted(route[method], find) end
  end
  routes[#routes + 1] = mounted_route
end

local function add_mount(routes, path, noun_routes, find)
  for _, route in ipairs(noun_routes) do add_route(routes, path, route, find) end
end

-- All routes of a noun; a storage also has those of the object itself.
local function routes_of(noun)
  local module = require(noun.module)
  if not noun.kind then return module.routes end
  storages.define(noun.kind, module)
  local all = { { "", GET = endpoints.get, PUT = endpoints.put, DELETE = endpoints.delete } }
  for _, route in ipairs(module.routes) do all[#all + 1] = route end
  return all
end

local function finder(noun, find_run)
  if not noun.kind then return find_run end
  return function(request, id) return storages.of_run(noun.kind, find_run(request, id)) end
end

local function own_finder(noun)
  if not noun.kind then return function(_, id) return store.build_by_id[id] or runs.find(id) end end
  return function(request, id)
    local storage = storages.find(noun.kind, id)
    signatures.check(request, storage)
    return storage
  end
end

local function add_collection(routes, noun)
  local route = endpoints.collection(noun.kind)
  route[1] = noun.own
  routes[#routes + 1] = route
end

--- The router's routes for all nouns on all mounts.
---@return table[]
function mounts.routes()
  local routes = {}
  for _, noun in ipairs(NOUNS) do
    local noun_routes = routes_of(noun)
    for _, mount in ipairs(RUN_MOUNTS) do
      add_mount(routes, join(mount[1], noun.below), noun_routes, finder(noun, mount[2]))
    end
    if noun.own then add_mount(routes, noun.own .. "/*", noun_routes, own_finder(noun)) end
    if noun.kind then add_collection(routes, noun) end
  end
  return routes
end

return mounts
