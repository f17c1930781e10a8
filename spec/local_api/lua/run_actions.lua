--- What is done to a run: update, delete, abort, metamorph, reboot, resurrect, charge. Some of it also to a last run.
local answers = require "answers"
local auth = require "auth"
local behaviours = require "behaviours"
local bodies = require "bodies"
local cjson = require("cjson.safe").new()
local clock = require "clock"
local errors = require "errors"
local key_value_stores = require "key_value_stores"
local params = require "params"
local random = require "random"
local runs = require "runs"
local start_params = require "start_params"
local statuses = require "statuses"
local storages = require "storages"
local store = require "store"
local webhook_events = require "webhook_events"

local run_actions = {}

cjson.decode_invalid_numbers(false)

local ABORTING_MS, GRACEFUL_MS = 50, 1000
local DEFAULT_TYPE = "application/octet-stream"
local UPDATES = { generalAccess = "string", isStatusMessageTerminal = "boolean", runId = "string", statusMessage = "string" }
local GENERAL_ACCESS = {
  ANYONE_WITH_ID_CAN_READ = true, ANYONE_WITH_NAME_CAN_READ = true, FOLLOW_USER_SETTING = true, RESTRICTED = true,
}
local EVENTS = { ["page-crawled"] = true, ["result-item"] = true }

local function is_finished(run)
  return statuses.is_terminal[store.status(run, clock.now())] or false
end

local function find(request, id)
  auth.check(request)
  return runs.find(id)
end

local function check_update(run, given)
  if given.generalAccess == cjson.null then given.generalAccess = "FOLLOW_USER_SETTING" end
  for name, kind in pairs(UPDATES) do
    if given[name] ~= nil and type(given[name]) ~= kind then error(errors.invalid_body(name .. " must be a " .. kind .. "."), 0) end
  end
  if given.generalAccess and not GENERAL_ACCESS[given.generalAccess] then
    error(errors.invalid_body("generalAccess is not one of the allowed values."), 0)
  end
  if given.runId and given.runId ~= run.id then error(errors.new(400, "id-does-not-match", "runId is not that of the run."), 0) end
end

--- PUT /v2/actor-runs/{runId}
function run_actions.put(request, id)
  local run = find(request, id)
  local given = bodies.object(request)
  check_update(run, given)
  if given.statusMessage then
    run.message = { text = given.statusMessage, is_terminal = given.isStatusMessageTerminal or false, at = clock.now() }
  elseif given.isStatusMessageTerminal ~= nil and run.message then
    run.message.is_terminal = given.isStatusMessageTerminal
  end
  run.access = given.generalAccess or run.access
  return runs.show(request, run)
end

--- DELETE /v2/actor-runs/{runId}
function run_actions.delete(request, id)
  local run = find(request, id)
  if not is_finished(run) then
    error(errors.new(400, "cannot-remove-running-run", "A run that has not finished cannot be deleted."), 0)
  end
  store.remove_runs { [run.id] = true }
  return answers.none()
end

-- POST abort
local function abort(request, run)
  store.abort(run, params.flag(request.args, "gracefully") and GRACEFUL_MS or ABORTING_MS)
  return runs.show(request, run)
end

local function check_going_on(run)
  if is_finished(run) then error(errors.job_finished, 0) end
end

-- Where the run's new input is put, or nil when there is none.
local function put_input(request, run, number)
  local value = bodies.read(request)
  if value == "" then return nil end
  local key = "INPUT-METAMORPH-" .. number
  key_value_stores.put(storages.of_run("key_value_stores", run), key, value, ngx.var.http_content_type or DEFAULT_TYPE)
  return key
end

-- POST metamorph
local function metamorph(request, run)
  local target = params.text(request.args, "targetActorId") or params.refuse("targetActorId", "is required")
  local actor = runs.find_actor(target)
  local build = start_params.build(request.args, actor)
  check_going_on(run)
  run.metamorphs = run.metamorphs or {}
  local number = #run.metamorphs + 1
  run.metamorphs[number] = {
    at = clock.now(), actor_id = actor.id, build_id = random.new(run.serial * 31 + number):id(),
    input_key = put_input(request, run, number),
  }
  run.build_id = run.metamorphs[number].build_id
  store.move_run(run, actor)
  start_params.set_build(run, build)
  run.metamorphs[number].build_id = run.build_id
  return runs.show(request, run)
end

-- POST reboot
local function reboot(request, run)
  check_going_on(run)
  run.reboots = (run.reboots or 0) + 1
  return runs.show(request, run)
end

--- POST /v2/actor-runs/{runId}/resurrect
function run_actions.resurrect(request, id)
  local run = find(request, id)
  local options = start_params.options(request.args, run.actor, run.options or start_params.seeded())
  if not is_finished(run) then
    error(errors.new(400, "operation-not-allowed", "Only a run that has finished can be resurrected."), 0)
  end
  run.options, run.resurrections, run.message = options, (run.resurrections or 0) + 1, nil
  start_params.set_build(run, params.text(request.args, "build"))
  behaviours.begin(run, behaviours.of(run.actor), clock.now(), true)
  webhook_events.resurrected(run)
  return runs.show(request, run)
end

local function check_charge(given)
  local count = given.count
  if type(given.eventName) ~= "string" or not EVENTS[given.eventName] then
    error(errors.invalid_body("eventName is not an event of the Actor."), 0)
  end
  if type(count) ~= "number" or count < 1 or count % 1 ~= 0 then
    error(errors.invalid_body("count must be a positive whole number."), 0)
  end
end

--- POST /v2/actor-runs/{runId}/charge. With the same idempotency key only the first request counts.
function run_actions.charge(request, id)
  local run = find(request, id)
  local given, key = bodies.object(request), ngx.var.http_idempotency_key
  check_charge(given)
  run.charges, run.charge_keys = run.charges or {}, run.charge_keys or {}
  if not (key and run.charge_keys[key]) then
    run.charges[given.eventName] = (run.charges[given.eventName] or 0) + given.count
  end
  if key then run.charge_keys[key] = true end
  return answers.json(201, "{}")
end

run_actions.routes = {
  { "abort", POST = abort },
  { "metamorph", POST = metamorph },
  { "reboot", POST = reboot },
}

return run_actions
