--- Actors and tasks that are created, changed and deleted, and the input of tasks.
local actor_versions = require "actor_versions"
local answers = require "answers"
local auth = require "auth"
local cjson = require "cjson.safe"
local clock = require "clock"
local errors = require "errors"
local json_bodies = require "json_bodies"
local json_tree = require "json_tree"
local nouns = require "nouns"
local runs = require "runs"
local start_params = require "start_params"
local store = require "store"

local noun_changes = {}

local ACTOR_FIELDS = {
  actorPermissionLevel = { "string", null = "default" }, actorStandby = { "object", null = "null" }, categories = { "array", null = "default" },
  defaultRunOptions = { "object", null = "default" }, description = { "string", null = "null" }, exampleRunInput = { "object", null = "null" },
  isDeprecated = { "boolean", null = "null" }, isPublic = { "boolean" }, restartOnError = { "boolean" },
  seoDescription = { "string", null = "null" }, seoTitle = { "string", null = "null" }, title = { "string", null = "null" },
}

local TASK_FIELDS = {
  actorStandby = { "object", null = "null" }, isPublic = { "boolean" }, options = { "object", null = "null" },
  publicConfig = { "object", null = "null" }, title = { "string", null = "null" },
}

local LEVELS = { FULL_PERMISSIONS = true, LIMITED_PERMISSIONS = true }

-- The `user~name` of the name in a body, or nil when it has none.
local function full_name(given)
  local name = json_bodies.text(given, "name")
  if not name then return nil end
  if not name:find("^%w[%w-]*$") then error(errors.invalid_body("name must have only letters, digits and hyphens."), 0) end
  return store.user.name .. "~" .. name
end

-- A name that none of `map` has.
local function free_name(map, noun)
  local number = 1
  while map[("%s~my-%s-%d"):format(store.user.name, noun, number)] do number = number + 1 end
  return ("%s~my-%s-%d"):format(store.user.name, noun, number)
end

local function refuse_taken(map, name, own, status, type)
  if name and map[name] and map[name] ~= own then error(errors.new(status, type, "Record with the given name already exists."), 0) end
end

local function change_actor(actor, given)
  local level, versions = json_bodies.text(given, "actorPermissionLevel"), actor_versions.of_body(given)
  if level and not LEVELS[level] then error(errors.invalid_body("actorPermissionLevel is not one of the allowed values."), 0) end
  json_bodies.change(actor.changes, given, ACTOR_FIELDS)
  actor.versions = versions or actor.versions
end

--- POST /v2/acts
function noun_changes.create_actor(request)
  auth.check(request)
  local given = json_bodies.read(request)
  local name = full_name(given) or free_name(store.actors, "actor")
  refuse_taken(store.actors, name, nil, 400, "actor-name-not-unique")
  local draft = { changes = json_tree.parse '{"description":null}', versions = {} }
  if json_tree.get(given, "isPublic") == "null" then json_tree.remove(given, "isPublic") end
  change_actor(draft, given)
  local actor = store.new_actor(name)
  actor.changes, actor.versions, actor.created, actor.modified = draft.changes, draft.versions, clock.now(), clock.now()
  return answers.json(201, '{"data":' .. nouns.actor_object(actor) .. "}", { Location = answers.own_url("/v2/acts/" .. actor.id) })
end

--- PUT /v2/acts/{actorId}
function noun_changes.put_actor(request, id)
  auth.check(request)
  local actor, given = runs.find_actor_itself(id), json_bodies.read(request)
  local name = full_name(given)
  refuse_taken(store.actors, name, actor, 400, "actor-name-not-unique")
  change_actor(actor, given)
  if name then store.rename(store.actors, actor, name) end
  actor.modified = clock.now()
  return answers.data(nouns.actor_object(actor))
end

--- DELETE /v2/acts/{actorId}
function noun_changes.delete_actor(request, id)
  auth.check(request)
  store.remove_noun(store.actors, store.actor_list, runs.find_actor_itself(id))
  return answers.none()
end

local function refuse_unready(actor, changes)
  if json_tree.get(changes, "isPublic") ~= "true" then return end
  if json_tree.get(actor.changes, "isPublic") ~= "true" then error(errors.new(400, "actor-not-public", "The Actor of the task is not public."), 0) end
  if not json_bodies.member(changes, "publicConfig", "object") then error(errors.invalid_body("A public task must have a publicConfig."), 0) end
end

-- All is checked on a copy before anything is changed.
local function change_task(task, given)
  local changes, input = json_tree.parse(json_tree.encode(task.changes)), json_bodies.member(given, "input", "object")
  json_bodies.change(changes, given, TASK_FIELDS)
  refuse_unready(task.actor or store.default_actor, changes)
  task.changes = changes
  if json_tree.get(given, "input") then task.input = input and json_tree.encode(input) or nil end
end

--- POST /v2/actor-tasks
function noun_changes.create_task(request)
  auth.check(request)
  local given = json_bodies.read(request)
  local actor_id = json_bodies.text(given, "actId") or error(errors.invalid_body("actId is required."), 0)
  local draft = { actor = runs.find_actor(actor_id), changes = json_tree.parse '{"options":null}' }
  local name = full_name(given) or free_name(store.tasks, "task")
  refuse_taken(store.tasks, name, nil, 409, "actor-task-name-not-unique")
  change_task(draft, given)
  local task = store.task(name)
  task.actor, task.changes, task.input, task.created, task.modified = draft.actor, draft.changes, draft.input, clock.now(), clock.now()
  return answers.json(201, '{"data":' .. nouns.task_object(task) .. "}", { Location = answers.own_url("/v2/actor-tasks/" .. task.id) })
end

--- PUT /v2/actor-tasks/{taskId}
function noun_changes.put_task(request, id)
  auth.check(request)
  local task, given = runs.find_task(id), json_bodies.read(request)
  local name = full_name(given)
  refuse_taken(store.tasks, name, task, 409, "actor-task-name-not-unique")
  change_task(task, given)
  if name then store.rename(store.tasks, task, name) end
  task.modified = clock.now()
  return answers.data(nouns.task_object(task))
end

--- DELETE /v2/actor-tasks/{taskId}
function noun_changes.delete_task(request, id)
  auth.check(request)
  store.remove_noun(store.tasks, store.task_list, runs.find_task(id))
  return answers.none()
end

--- GET /v2/actor-tasks/{taskId}/input
function noun_changes.get_input(request, id)
  auth.check(request)
  return answers.json(200, runs.find_task(id).input or "{}")
end

--- PUT /v2/actor-tasks/{taskId}/input: the members that are not given stay.
function noun_changes.put_input(request, id)
  auth.check(request)
  local task, given = runs.find_task(id), json_bodies.read(request)
  local merged = json_tree.parse(task.input or "{}")
  for i, name in ipairs(given.keys) do json_tree.set(merged, name, given.values[i]) end
  task.input, task.modified = json_tree.encode(merged), clock.now()
  return answers.json(200, task.input)
end

-- Options as the API names them, of an Actor or a task; cjson.null stands for what is not said.
local function said(noun, name)
  local object = noun and json_tree.get(noun.changes, name)
  return type(object) == "table" and cjson.decode(json_tree.encode(object)) or {}
end

--- What a run has of its task, else of its Actor, where a start asks for nothing else.
function noun_changes.run_defaults(actor, task)
  local own, shared, defaults = said(task, "options"), said(actor, "defaultRunOptions"), start_params.DEFAULTS
  local function pick(name, default)
    for _, value in ipairs { own[name] or cjson.null, shared[name] or cjson.null } do
      if value ~= cjson.null then return value end
    end
    return default
  end
  return {
    build = pick("build", defaults.build), timeout = pick("timeoutSecs", defaults.timeout), memory = pick("memoryMbytes", defaults.memory),
    max_items = pick "maxItems", max_total_charge_usd = pick "maxTotalChargeUsd",
  }
end

return noun_changes
