--- Webhooks: of an Actor, a task or a run, and the ad hoc ones that a start brings along.
local answers = require "answers"
local auth = require "auth"
local bodies = require "bodies"
local cjson = require "cjson.safe"
local clock = require "clock"
local dispatches = require "webhook_dispatches"
local errors = require "errors"
local events = require "webhook_events"
local pages = require "pages"
local params = require "params"
local random = require "random"
local runs = require "runs"
local store = require "store"
local templates = require "webhook_templates"

local webhooks = {}

---@class local_api.Webhook
---@field id string
---@field condition table<string, string>
---@field is_told_of table<string, true> its event types
---@field dispatch_count integer

local EVENT_TYPES = { TEST = true }
for _, what in ipairs { "CREATED", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "RESURRECTED" } do
  EVENT_TYPES["ACTOR.RUN." .. what] = true
  EVENT_TYPES["ACTOR.BUILD." .. what] = what ~= "RESURRECTED" or nil
end

local TYPES = {
  condition = "table", description = "string", doNotRetry = "boolean", eventTypes = "table", headersTemplate = "string",
  idempotencyKey = "string", ignoreSslErrors = "boolean", isAdHoc = "boolean", payloadTemplate = "string", requestUrl = "string",
  shouldInterpolateStrings = "boolean",
}
-- What a field has that is absent or null; a field without a default cannot be null.
local DEFAULTS = {
  description = false, doNotRetry = false, headersTemplate = false, ignoreSslErrors = false, isAdHoc = false,
  payloadTemplate = templates.DEFAULT, shouldInterpolateStrings = false,
}
local NULLABLE = { "payloadTemplate", "headersTemplate", "description" }
local FLAGS = { "isAdHoc", "shouldInterpolateStrings", "ignoreSslErrors", "doNotRetry" }
local REQUIRED = { "eventTypes", "condition", "requestUrl" }

local list, by_id, by_key, ids

--- Forget all webhooks and their dispatches.
function webhooks.reset()
  list, by_id, by_key, ids = {}, {}, {}, random.new(20191212)
  events.reset()
  dispatches.reset()
end

webhooks.reset()

local function refuse(reason)
  error(errors.invalid_body(reason), 0)
end

local function check_types(given)
  for name, kind in pairs(TYPES) do
    local value = given[name]
    if value ~= nil and value ~= cjson.null and type(value) ~= kind then
      refuse(("%s must be %s."):format(name, kind == "table" and name == "eventTypes" and "an array" or "a " .. kind))
    end
  end
end

-- The event types as a set.
local function told_of(event_types)
  local set = {}
  for _, event_type in ipairs(event_types) do
    if type(event_type) ~= "string" or not EVENT_TYPES[event_type] then refuse "eventTypes must be event types of webhooks." end
    set[event_type] = true
  end
  if next(set) == nil then refuse "eventTypes must have at least one event type." end
  return set
end

local FINDERS = {
  actorId = function(id) return runs.find_actor(id) end, actorTaskId = function(id) return runs.find_task(id) end,
  actorRunId = function(id) return runs.find(id) end,
}

-- The condition, by ids alone.
local function resolved(condition)
  local known = {}
  for name, find in pairs(FINDERS) do
    local id = condition[name]
    if id ~= nil and id ~= cjson.null then known[name] = find(id).id end
  end
  if next(known) == nil then refuse "condition must have an actorId, an actorTaskId or an actorRunId." end
  return known
end

-- Change the webhook as a body says, all of it or nothing.
local function change(webhook, given)
  check_types(given)
  local wanted = setmetatable({}, { __index = webhook })
  for name, default in pairs(DEFAULTS) do
    local value = given[name]
    if value == cjson.null or value == "" then value = default end
    wanted[name] = value
  end
  for _, name in ipairs(REQUIRED) do
    if given[name] ~= cjson.null then wanted[name] = given[name] end
  end
  if not wanted.requestUrl:find "^https?://[^/]" then refuse "requestUrl must be a URL." end
  wanted.is_told_of, wanted.condition = told_of(wanted.eventTypes), resolved(wanted.condition)
  templates.check(wanted.payloadTemplate, wanted.shouldInterpolateStrings, "payloadTemplate")
  if wanted.headersTemplate then templates.check(wanted.headersTemplate, wanted.shouldInterpolateStrings, "headersTemplate") end
  for name, value in pairs(wanted) do webhook[name] = value end
  webhook.modified = clock.now()
end

local function check_required(given)
  for _, name in ipairs(REQUIRED) do
    if given[name] == nil or given[name] == cjson.null then refuse(name .. " is required.") end
  end
end

-- The webhook that a body asks for: that of its key, if there is one, or a new one.
local function add(given)
  check_required(given)
  local key = given.idempotencyKey
  if by_key[key] then return by_key[key] end
  local webhook = { dispatch_count = 0, created = clock.now() }
  for name, default in pairs(DEFAULTS) do webhook[name] = default end
  change(webhook, given)
  webhook.id = ids:id()
  list[#list + 1], by_id[webhook.id] = webhook, webhook
  if type(key) == "string" then by_key[key], webhook.key = webhook, key end
  events.subscribe(webhook)
  return webhook
end

local function view(webhook, is_row)
  local object = {
    id = webhook.id, userId = store.user.id, createdAt = clock.iso(webhook.created), modifiedAt = clock.iso(webhook.modified),
    eventTypes = webhook.eventTypes, condition = webhook.condition, requestUrl = webhook.requestUrl,
    stats = { totalDispatches = webhook.dispatch_count },
  }
  for _, name in ipairs(FLAGS) do object[name] = webhook[name] end
  for _, name in ipairs(is_row and {} or NULLABLE) do object[name] = webhook[name] or cjson.null end
  return ('{"lastDispatch":%s,%s'):format(dispatches.summary(webhook.last_dispatch), cjson.encode(object):sub(2))
end

local function row(webhook)
  return view(webhook, true)
end

local function find(request, id)
  auth.check(request)
  return by_id[id] or error(errors.record_not_found, 0)
end

local function page(request, name, id, shown)
  local found = {}
  for _, webhook in ipairs(list) do
    if not name or webhook.condition[name] == id then found[#found + 1] = webhook end
  end
  return pages.answer(found, pages.query(request.args), shown)
end

--- GET /v2/webhooks
function webhooks.list(request)
  auth.check(request)
  return page(request, nil, nil, row)
end

--- GET /v2/acts/{actorId}/webhooks
function webhooks.list_of_actor(request, id)
  auth.check(request)
  return page(request, "actorId", runs.find_actor(id).id, row)
end

--- GET /v2/actor-tasks/{taskId}/webhooks
function webhooks.list_of_task(request, id)
  auth.check(request)
  return page(request, "actorTaskId", runs.find_task(id).id, view)
end

--- POST /v2/webhooks
function webhooks.create(request)
  auth.check(request)
  local webhook = add(bodies.object(request))
  return answers.json(201, '{"data":' .. view(webhook) .. "}", { Location = answers.own_url("/v2/webhooks/" .. webhook.id) })
end

--- GET /v2/webhooks/{webhookId}
function webhooks.get(request, id)
  return answers.data(view(find(request, id)))
end

--- PUT /v2/webhooks/{webhookId}
function webhooks.put(request, id)
  local webhook = find(request, id)
  change(webhook, bodies.object(request))
  return answers.data(view(webhook))
end

--- DELETE /v2/webhooks/{webhookId}
function webhooks.delete(request, id)
  local webhook = find(request, id)
  webhook.is_deleted, by_id[id], by_key[webhook.key or ""] = true, nil, nil
  for i, other in ipairs(list) do
    if other == webhook then table.remove(list, i) break end
  end
  events.unsubscribe(webhook)
  return answers.none()
end

--- POST /v2/webhooks/{webhookId}/test: a dispatch of an event that did not happen.
function webhooks.test(request, id)
  local webhook = find(request, id)
  local data = { actorId = webhook.condition.actorId or store.actor_list[1].id, actorRunId = ids:id() }
  local resource = ('{"id":"%s","actId":"%s","status":"SUCCEEDED"}'):format(data.actorRunId, data.actorId)
  return answers.json(201, '{"data":' .. dispatches.view(dispatches.new(webhook, "TEST", data, resource)) .. "}")
end

--- GET /v2/webhooks/{webhookId}/dispatches
function webhooks.list_dispatches(request, id)
  local webhook = find(request, id)
  return pages.answer(dispatches.of(webhook), pages.query(request.args), dispatches.view)
end

--- The ad hoc webhooks of a start: a failure when they are not as they should be.
---@param args table
---@return table[]
function webhooks.of_start(args)
  local text = params.text(args, "webhooks")
  if text == nil then return {} end
  local decoded = ngx.decode_base64(text)
  local given = decoded and decoded:find "^%s*%[" and cjson.decode(decoded)
  if not given then params.refuse("webhooks", "must be a JSON array encoded as base64") end
  for _, webhook in ipairs(given) do
    if type(webhook) ~= "table" or type(webhook.eventTypes) ~= "table" or type(webhook.requestUrl) ~= "string" then
      params.refuse("webhooks", "must have webhooks with eventTypes and a requestUrl")
    end
    check_types(webhook)
    told_of(webhook.eventTypes)
  end
  return given
end

--- Let a run have its ad hoc webhooks.
---@param run local_api.Run
---@param given table[] of `of_start`
function webhooks.attach(run, given)
  for _, webhook in ipairs(given) do
    webhook.condition, webhook.isAdHoc = { actorRunId = run.id }, true
    add(webhook)
  end
end

return webhooks
