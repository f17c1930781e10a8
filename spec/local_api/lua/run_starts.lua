--- The endpoints that start runs of an Actor or of a task: at once, or with their output or their items as the answer.
local answers = require "answers"
local auth = require "auth"
local behaviours = require "behaviours"
local bodies = require "bodies"
local cjson = require "cjson.safe"
local clock = require "clock"
local dataset_query = require "dataset_query"
local datasets = require "datasets"
local errors = require "errors"
local json_tree = require "json_tree"
local key_value_stores = require "key_value_stores"
local noun_changes = require "noun_changes"
local params = require "params"
local run_view = require "run_view"
local runs = require "runs"
local start_params = require "start_params"
local storages = require "storages"
local store = require "store"
local webhook_events = require "webhook_events"
local webhooks = require "webhooks"

local run_starts = {}

local JSON_TYPE = "application/json; charset=utf-8"
local DEFAULT_TYPE = "application/octet-stream"

local function is_json(content_type)
  return content_type:lower():find("^application/json") ~= nil
end

-- The body as an input; nil when there is none.
local function given_input(request)
  local value, content_type = bodies.read(request), ngx.var.http_content_type or DEFAULT_TYPE
  if value == "" then return nil end
  if is_json(content_type) and cjson.decode(value) == nil then
    error(errors.new(400, "run-input-body-not-valid-json", "The input of the run is not valid JSON."), 0)
  end
  return { value = value, content_type = content_type }
end

-- A task's own input, with the members of the given object in place of its own. What is not JSON is taken as it is.
local function task_input(task, given)
  if not given then return task.input and { value = task.input, content_type = JSON_TYPE } end
  if not is_json(given.content_type) then return given end
  local object = json_tree.parse(given.value)
  if not object.keys then error(errors.new(400, "input-json-not-object", "The input of a task must be a JSON object."), 0) end
  local merged = task.input and json_tree.parse(task.input) or json_tree.object()
  for i, key in ipairs(object.keys) do json_tree.set(merged, key, object.values[i]) end
  return { value = json_tree.encode(merged), content_type = JSON_TYPE }
end

local function add_run(actor, task, input, options, behaviour, hooks)
  local now = clock.now()
  local run = store.add_run {
    actor = actor, task = task, started = now, status = "READY", input = input, options = options, is_started = true,
    charges = {}, meta = run_view.api_meta(ngx.var.remote_addr, ngx.var.http_user_agent),
  }
  start_params.set_build(run, options.build)
  behaviours.begin(run, behaviour, now)
  store.starts[#store.starts + 1] = run.id
  webhooks.attach(run, hooks)
  webhook_events.created(run)
  return run
end

-- The Actor that a path leads to.
local function actor_of(request, id)
  auth.check(request)
  return runs.find_actor(id)
end

-- The Actor and the task that a path leads to.
local function task_of(request, id)
  auth.check(request)
  local task = runs.find_task(id)
  return store.actor_of(task), task
end

-- Check all and start the run of an Actor, or of a task when there is one.
local function start(request, actor, task, is_sync)
  local base = noun_changes.run_defaults(actor, task)
  local options, given = start_params.of_start(request.args, not task and not is_sync, actor, base), given_input(request)
  local behaviour, hooks = behaviours.of(actor), webhooks.of_start(request.args)
  local fail = behaviour.fail_start
  if fail then error(errors.new(fail.status, fail.type, fail.message), 0) end
  return add_run(actor, task, task and task_input(task, given) or given, options, behaviour, hooks)
end

local function start_and_show(request, actor, task)
  local wait_secs = params.wait_for_finish(request.args)
  local run = start(request, actor, task)
  local answer = runs.wait_and_show(request, run, wait_secs)
  answer.status, answer.headers.Location = 201, answers.own_url("/v2/actor-runs/" .. run.id)
  return answer
end

--- POST /v2/acts/{actorId}/runs
function run_starts.of_actor(request, actor_id)
  return start_and_show(request, actor_of(request, actor_id))
end

--- POST /v2/actor-tasks/{taskId}/runs
function run_starts.of_task(request, task_id)
  return start_and_show(request, task_of(request, task_id))
end

-- Start a run and hold the caller until it has succeeded; a failure when it does not, or not in time.
local function run_to_end(request, actor, task)
  local run, limit = start(request, actor, task, true), store.settings.sync_limit_secs
  store.wait(run, limit)
  local status = store.status(runs.find(run.id), clock.now())
  if status == "SUCCEEDED" then return run end
  if not run.finished then error(errors.run_timeout_after(limit), 0) end
  error(errors.run_failed(run.id, status), 0)
end

-- An Actor need not leave a record: then the answer has no body.
local function sync(request, actor, task)
  local key = params.text(request.args, "outputRecordKey") or "OUTPUT"
  key_value_stores.check_key(key)
  local run = run_to_end(request, actor, task)
  local record = storages.of_run("key_value_stores", run).data.records[key]
  if not record then return answers.json(201, "") end
  return answers.other(201, record.content_type, record.value)
end

local function sync_items(request, actor, task)
  dataset_query.new(request.args)
  local run = run_to_end(request, actor, task)
  local answer = datasets.get_items(request, storages.of_run("datasets", run))
  answer.status = 201
  return answer
end

--- GET and POST /v2/acts/{actorId}/run-sync
function run_starts.sync_of_actor(request, actor_id)
  return sync(request, actor_of(request, actor_id))
end

--- GET and POST /v2/actor-tasks/{taskId}/run-sync
function run_starts.sync_of_task(request, task_id)
  return sync(request, task_of(request, task_id))
end

--- GET and POST /v2/acts/{actorId}/run-sync-get-dataset-items
function run_starts.sync_items_of_actor(request, actor_id)
  return sync_items(request, actor_of(request, actor_id))
end

--- GET and POST /v2/actor-tasks/{taskId}/run-sync-get-dataset-items
function run_starts.sync_items_of_task(request, task_id)
  return sync_items(request, task_of(request, task_id))
end

return run_starts
