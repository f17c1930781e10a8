--- Schedules: stored, with the time when they are due next and a log of when they were. They start nothing.
local answers = require "answers"
local auth = require "auth"
local bodies = require "bodies"
local cjson = require "cjson.safe"
local clock = require "clock"
local cron = require "cron"
local errors = require "errors"
local json_tree = require "json_tree"
local options = require "options"
local pages = require "pages"
local random = require "random"
local store = require "store"

local schedules = { controls = {} }

local MAX_LOG = 1000                    -- invocations that the log tells of
local FIELDS = {                        -- type, and what the schedule has without it
  name = { "string" }, title = { "string" }, description = { "string" }, cronExpression = { "string" },
  isEnabled = { "boolean", true }, isExclusive = { "boolean", false }, timezone = { "string", "UTC" },
}
local ORDER = { "name", "title", "description", "cronExpression", "timezone", "isEnabled", "isExclusive" }
local ROW_LACKS = { title = true, description = true }
local TARGETS = {
  RUN_ACTOR = { field = "actorId", all = "actors", type = "schedule-actor-not-found" },
  RUN_ACTOR_TASK = { field = "actorTaskId", all = "tasks", type = "schedule-actor-task-not-found" },
}

local ids, by_id, list

--- Forget all schedules.
function schedules.reset()
  ids, by_id, list = random.new(20190326), {}, {}
  schedules.list = list
end

local function find(id)
  return by_id[id] or error(errors.record_not_found, 0)
end

-- What was due since the last look is in the log.
local function catch_up(schedule)
  local now = clock.now()
  local due = schedule.isEnabled and cron.next(schedule.cron, schedule.seen)
  while due and due <= now do
    local log = schedule.log
    log[#log + 1] = ('{"message":"Schedule invoked","level":"INFO","createdAt":"%s"}'):format(clock.iso(due))
    if #log > MAX_LOG then table.remove(log, 1) end
    schedule.last, due = due, cron.next(schedule.cron, due)
  end
  schedule.seen, schedule.next = now, due or nil
end

local function date_or_null(ms)
  return ms and '"' .. clock.iso(ms) .. '"' or "null"
end

local function action_json(action, is_row)
  if is_row then return ('{"id":"%s","type":"%s","%s":%s}'):format(action.id, action.type, action.field, cjson.encode(action.target)) end
  return json_tree.encode(action.tree)
end

local function view(schedule, is_row)
  catch_up(schedule)
  local parts, actions = {}, {}
  for _, name in ipairs(ORDER) do
    local value = schedule[name]
    if not (is_row and ROW_LACKS[name]) then parts[#parts + 1] = ('"%s":%s'):format(name, value == nil and "null" or cjson.encode(value)) end
  end
  for i, action in ipairs(schedule.actions) do actions[i] = action_json(action, is_row) end
  return ('{"id":"%s","userId":"%s",%s,"createdAt":"%s","modifiedAt":"%s","nextRunAt":%s,"lastRunAt":%s,%s"actions":[%s]}'):format(
    schedule.id, store.user.id, table.concat(parts, ","), clock.iso(schedule.created), clock.iso(schedule.modified),
    date_or_null(schedule.next), date_or_null(schedule.last), is_row and "" or '"notifications":{"email":true},', table.concat(actions, ","))
end

local function read_action(tree)
  if type(tree) ~= "table" or not tree.keys then error(errors.invalid_body("Each of the actions must be an object."), 0) end
  local kind = json_tree.text(json_tree.get(tree, "type") or '""')
  local target = TARGETS[kind] or error(errors.invalid_body("The type of an action is RUN_ACTOR or RUN_ACTOR_TASK."), 0)
  local id = json_tree.text(json_tree.get(tree, target.field) or '""')
  if not store[target.all][id] then error(errors.new(404, target.type, "The schedule's " .. target.field .. " leads nowhere."), 0) end
  local action = { id = ids:id(), type = kind, field = target.field, target = id, tree = tree }
  json_tree.set(tree, "id", '"' .. action.id .. '"')
  return action
end

local function read_actions(tree)
  local actions = {}
  if tree == nil or tree == "null" then return actions end
  if type(tree) ~= "table" or tree.keys then error(errors.invalid_body("actions must be an array."), 0) end
  for i, item in ipairs(tree.values) do actions[i] = read_action(item) end
  return actions
end

local function check_name(name, schedule)
  for _, other in ipairs(list) do
    if other ~= schedule and other.name == name then
      error(errors.new(409, "schedule-name-not-unique", "The name '" .. name .. "' is already in use."), 0)
    end
  end
end

local function read_cron(text)
  return cron.parse(text) or error(errors.new(400, "cron-expression-invalid",
    "The cron expression " .. cjson.encode(text or cjson.null) .. " is not valid."), 0)
end

-- The fields that a body gives, checked; null for what is to be reset.
local function read_fields(request)
  local given, text = bodies.object(request)
  local fields = {}
  for name, rule in pairs(FIELDS) do
    local value = given[name]
    if value ~= nil and value ~= cjson.null and type(value) ~= rule[1] then
      error(errors.invalid_body(("%s must be a %s."):format(name, rule[1])), 0)
    end
    fields[name] = value
  end
  return fields, given.actions ~= nil and json_tree.get(json_tree.parse(text), "actions") or nil
end

-- All that can be refused comes before anything is changed.
local function change(schedule, request)
  local fields, actions = read_fields(request)
  if fields.name == cjson.null then fields.name = "schedule-" .. schedule.id end
  if fields.name then check_name(fields.name, schedule) end
  local read = (fields.cronExpression or not schedule.cron) and read_cron(fields.cronExpression) or schedule.cron
  local list_of_actions = actions and read_actions(actions)
  if schedule.cron then catch_up(schedule) end
  for name, value in pairs(fields) do
    if value == cjson.null then value = FIELDS[name][2] end
    schedule[name] = value
  end
  schedule.cron, schedule.actions, schedule.modified = read, list_of_actions or schedule.actions, clock.now()
end

local function new_schedule()
  local now = clock.now()
  local schedule = { id = ids:id(), created = now, modified = now, seen = now, actions = {}, log = {} }
  for name, rule in pairs(FIELDS) do schedule[name] = rule[2] end
  schedule.name = "schedule-" .. schedule.id
  return schedule
end

--- GET /v2/schedules
function schedules.get_list(request)
  auth.check_list(request)
  return pages.answer(list, pages.query(request.args), function(schedule) return view(schedule, true) end)
end

--- POST /v2/schedules
function schedules.create(request)
  auth.check(request)
  local schedule = new_schedule()
  change(schedule, request)
  by_id[schedule.id], list[#list + 1] = schedule, schedule
  return answers.json(201, '{"data":' .. view(schedule) .. "}")
end

--- GET /v2/schedules/{scheduleId}
function schedules.get(request, id)
  auth.check(request)
  return answers.data(view(find(id)))
end

--- PUT /v2/schedules/{scheduleId}: what is not given stays, null resets.
function schedules.put(request, id)
  auth.check(request)
  local schedule = find(id)
  change(schedule, request)
  return answers.data(view(schedule))
end

--- DELETE /v2/schedules/{scheduleId}
function schedules.delete(request, id)
  auth.check(request)
  local schedule = find(id)
  by_id[id] = nil
  for i = 1, #list do
    if list[i] == schedule then table.remove(list, i) break end
  end
  return answers.none()
end

--- GET /v2/schedules/{scheduleId}/log
function schedules.get_log(request, id)
  auth.check(request)
  local schedule = find(id)
  catch_up(schedule)
  return answers.data("[" .. table.concat(schedule.log, ",") .. "]")
end

--- As if nobody had looked after the schedule for so long: what was due in that time is in its log.
function schedules.controls.age_schedule(given)
  local wanted = options.check(given, { schedule = options.required, secs = options.required }, "age_schedule")
  local schedule = by_id[wanted.schedule] or error(("unknown schedule '%s'"):format(tostring(wanted.schedule)), 0)
  schedule.seen = clock.now() - wanted.secs * 1000
  return {}
end

return schedules
