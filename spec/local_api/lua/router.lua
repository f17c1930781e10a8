--- From a request to the answer of its endpoint. A new noun adds its rows to ROUTES.
local answers = require "answers"
local auth = require "auth"
local errors = require "errors"
local runs = require "runs"

local router = {}

-- Path below /v2, where "*" stands for an id that is passed to the handler; then handlers by method.
local ROUTES = {
  { "actor-runs", GET = runs.list_all },
  { "actor-runs/*", GET = runs.get },
  { "actor-tasks/*/runs", GET = runs.list_of_task },
  { "actor-tasks/*/runs/last", GET = runs.last_of_task },
  { "actors/*/runs", GET = runs.list_of_actor },
  { "actors/*/runs/last", GET = runs.last_of_actor },
  { "acts/*/runs", GET = runs.list_of_actor },
  { "acts/*/runs/last", GET = runs.last_of_actor },
}
local METHODS = { "OPTIONS", "GET", "POST", "PUT", "DELETE" }   -- in the order in which the API names them

local function split(path)
  local segments = {}
  for segment in path:gmatch("[^/]+") do segments[#segments + 1] = segment end
  return segments
end

for _, route in ipairs(ROUTES) do route.segments = split(route[1]) end

-- The ids of a path that has the route's shape, or nil.
local function match(route, segments)
  if #segments ~= #route.segments then return nil end
  local ids = {}
  for i, wanted in ipairs(route.segments) do
    if wanted == "*" then ids[#ids + 1] = ngx.unescape_uri(segments[i])
    elseif wanted ~= segments[i] then return nil end
  end
  return ids
end

local function find_route(path)
  local below = path:match("^/v2/(.*)$")
  local segments = split(below or "")
  for _, route in ipairs(below and ROUTES or {}) do
    local ids = match(route, segments)
    if ids then return route, ids end
  end
  error(errors.page_not_found, 0)
end

local function allowed_methods(route)
  local allowed = {}
  for _, method in ipairs(METHODS) do
    if method == "OPTIONS" or route[method] then allowed[#allowed + 1] = method end
  end
  return table.concat(allowed, ",")
end

local function call_endpoint(request)
  local route, ids = find_route(request.path)
  if request.method == "OPTIONS" then
    return answers.other(204, "text/plain", "", { Allow = allowed_methods(route) })
  end
  local handler = route[request.method == "HEAD" and "GET" or request.method]
  if not handler then error(errors.method_not_allowed(allowed_methods(route)), 0) end
  return handler(request, unpack(ids))
end

local function describe(problem)
  if errors.is_failure(problem) then return problem end
  ngx.log(ngx.ERR, debug.traceback(tostring(problem)))
  return errors.internal
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
