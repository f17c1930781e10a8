--- The control interface, /_control/NAME: what tests use to set the scene and to see what happened.
local behaviours = require "behaviours"
local bodies = require "bodies"
local builds = require "builds"
local cjson = require "cjson.safe"
local clock = require "clock"
local dataset_controls = require "dataset_controls"
local faults = require "faults"
local generator = require "generator"
local input_schemas = require "input_schemas"
local journal = require "journal"
local life_controls = require "life_controls"
local logs = require "logs"
local movement = require "movement"
local options = require "options"
local runs = require "runs"
local schedules = require "schedules"
local statuses = require "statuses"
local storages = require "storages"
local store = require "store"
local users = require "users"
local webhook_events = require "webhook_events"
local webhooks = require "webhooks"

local control = {}

local actions = {}

local DEFAULT_SCHEDULE = { { 0, "READY" }, { 0.1, "RUNNING" }, { 1, "SUCCEEDED" } }

local function with(defaults, name, value)
  local copy = {}
  for key, default in pairs(defaults) do copy[key] = default end
  copy[name] = value
  return copy
end

local RESET_DEFAULTS = with(generator.defaults, "settings", {})

local function apply_settings(given)
  for name, value in pairs(given) do
    if store.settings[name] == nil then error(("unknown settings option '%s'"):format(name), 0) end
    store.settings[name] = value
  end
end

--- Forget everything, then seed as `seed` would; count = 0 leaves no runs.
function control.reset(given)
  local wanted = options.check(given, RESET_DEFAULTS, "reset")
  store.reset()
  storages.reset()
  schedules.reset()
  users.reset()
  webhooks.reset()
  apply_settings(wanted.settings)
  journal.reset()
  movement.reset(nil)
  local seeded = generator.seed(wanted)
  faults.set {}                         -- last, as it raises what was asked for and never happened
  return seeded
end

for _, more in ipairs { builds.controls, dataset_controls, input_schemas.controls, life_controls, logs.controls, schedules.controls } do
  for name, action in pairs(more) do actions[name] = action end
end
actions.reset = control.reset

function actions.seed(given)
  return generator.seed(options.check(given, generator.defaults, "seed"))
end

function actions.settings(given)
  apply_settings(given)
  return store.settings
end

local ADD_DEFAULTS = {
  actor = generator.defaults.actor, count = 1, schedule = DEFAULT_SCHEDULE, spacing_secs = 0, started_at = false,
  task = false,
}

function actions.add_runs(given)
  local wanted = options.check(given, ADD_DEFAULTS, "add_runs")
  local started = wanted.started_at and clock.parse(wanted.started_at) or clock.now()
  local ids = {}
  for i = 1, wanted.count do
    local run = store.add_run {
      actor = store.actor(wanted.actor), task = wanted.task and store.task(wanted.task) or nil,
      started = started + math.floor((i - 1) * wanted.spacing_secs * 1000), schedule = behaviours.milliseconds(wanted.schedule),
    }
    webhook_events.created(run)
    ids[i] = run.id
  end
  return { ids = ids }
end

local function known_jobs(ids)
  local found = {}
  for i, id in ipairs(ids) do
    found[i] = store.job(id) or error(("unknown run '%s'"):format(tostring(id)), 0)
  end
  return found
end

local STATUS_DEFAULTS = { ids = options.required, status = options.required }

function actions.set_status(given)
  local wanted = options.check(given, STATUS_DEFAULTS, "set_status")
  for _, job in ipairs(known_jobs(wanted.ids)) do store.set_status(job, statuses.check(wanted.status)) end
  return {}
end

--- What becomes of the runs or builds from now on, in seconds after this moment.
function actions.set_schedule(given)
  local wanted = options.check(given, { ids = options.required, schedule = options.required }, "set_schedule")
  for _, job in ipairs(known_jobs(wanted.ids)) do
    store.set_schedule(job, behaviours.milliseconds(wanted.schedule, clock.now() - job.started))
  end
  return {}
end

function actions.remove(given)
  local wanted = options.check(given, { ids = options.required }, "remove")
  local set = {}
  for _, job in ipairs(known_jobs(wanted.ids)) do
    if store.build_by_id[job.id] then store.remove_build(job) else set[job.id] = true end
  end
  store.remove_runs(set)
  return {}
end

local IDS_DEFAULTS = { actor = false, desc = false, status = false, task = false }

local function noun_of(wanted)
  local noun = store
  if wanted.actor then noun = store.actors[wanted.actor] end
  if wanted.task then noun = store.tasks[wanted.task] end
  return noun or error("unknown Actor or task", 0)
end

--- The ids that a list would have now, without paging: the oracle of paging tests.
function actions.ids(given)
  local wanted = options.check(given, IDS_DEFAULTS, "ids")
  local filter = { statuses = wanted.status and { [statuses.check(wanted.status)] = true } or nil }
  local matching = runs.matching(noun_of(wanted).runs, filter, clock.now())
  local ids = {}
  for i, run in ipairs(matching) do ids[wanted.desc and #matching + 1 - i or i] = run.id end
  return { ids = ids }
end

--- Without options nothing moves any more.
function actions.bump(given)
  local wanted = next(given) and options.check(given, movement.defaults, "bump") or nil
  if wanted then statuses.check(wanted.add_status) end
  movement.reset(wanted)
  return {}
end

function actions.changes()
  return movement.changes
end

function actions.faults(given)
  if given.excuse then faults.excuse() end
  if given.rules then faults.set(given.rules, given.set_at) end
  return { rules = faults.report() }
end

function actions.log(given)
  local wanted = options.check(given, { clear = false }, "log")
  local report = cjson.encode(journal.report())
  if wanted.clear then journal.reset() end
  return report
end

local function read_options()
  local body = bodies.received()
  if body == "" then return {} end
  local given = cjson.decode(body)
  if type(given) ~= "table" then error("the body must be a JSON object", 0) end
  return given
end

local function perform()
  local name = ngx.var.uri:match("^/_control/([%w_]+)$")
  local action = actions[name] or error(("unknown control '%s'"):format(tostring(name)), 0)
  return action(read_options())
end

local function describe(problem)
  if type(problem) == "string" and not problem:find("%.lua:%d+:") then return problem end
  return debug.traceback(tostring(problem))
end

local function send(status, result)
  ngx.status = status
  ngx.print(type(result) == "string" and result or cjson.encode(result))
end

--- Answer a control request; what is wrong with it comes back as 400 with an `error` text.
function control.handle()
  local ok, result = xpcall(perform, describe)
  if not ok then return send(400, { error = result }) end
  return send(200, result)
end

return control
