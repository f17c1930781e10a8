--- The dispatches of webhooks: each tells one event to one URL, at once and, if that fails, a few times more.
local answers = require "answers"
local auth = require "auth"
local calls = require "webhook_calls"
local cjson = require "cjson.safe"
local clock = require "clock"
local errors = require "errors"
local pages = require "pages"
local random = require "random"
local store = require "store"
local templates = require "webhook_templates"

local dispatches = {}

local RETRY_SECS = { 0.02, 0.04, 0.08 } -- before each further call; the service's are minutes and hours
local MAX_WORKERS = 32                  -- calls that are made at once: nginx has a limit for timers that run

local list, by_id, ids, queue, workers

--- Forget all dispatches; those under way come to nothing.
function dispatches.reset()
  list, by_id, ids, queue, workers = {}, {}, random.new(20230905), {}, 0
end

dispatches.reset()

local function quoted(value)
  return value == nil and "null" or cjson.encode(value)
end

local function time(ms)
  return quoted(ms and clock.iso(ms))
end

-- What webhooks of any kind send beside their own headers, which cannot change these.
local function fixed_headers(dispatch)
  return {
    ["Content-Type"] = "application/json; charset=utf-8", ["User-Agent"] = "Apify/1.0 (local API)", ["X-Apify-Webhook"] = "Apify",
    ["X-Apify-Webhook-Dispatch-Id"] = dispatch.id, ["X-Apify-Request-Origin"] = "WEBHOOK",
  }
end

local function values_of(dispatch, resource)
  local created = clock.iso(dispatch.created)
  return {
    userId = quoted(store.user.id), createdAt = quoted(created), eventType = quoted(dispatch.event_type), eventData = cjson.encode(dispatch.data),
    resource = resource, globals = ('{"dateISO":"%s","dateUnix":%d}'):format(created, math.floor(dispatch.created / 1000)),
  }
end

local function headers_of(dispatch, values)
  local webhook, fixed, headers = dispatch.webhook, fixed_headers(dispatch), {}
  local is_fixed = { host = true }
  for name in pairs(fixed) do is_fixed[name:lower()] = true end
  local own = webhook.headersTemplate and templates.render(webhook.headersTemplate, values, webhook.shouldInterpolateStrings) or "{}"
  for name, value in pairs(cjson.decode(own) or {}) do
    if not is_fixed[name:lower()] then headers[name] = tostring(value):gsub("[\r\n]", " ") end
  end
  for name, value in pairs(fixed) do headers[name] = value end
  return headers
end

-- Make one call; true when it was taken.
local function attempt(dispatch)
  local call, webhook = { started = clock.now() }, dispatch.webhook
  dispatch.calls[#dispatch.calls + 1] = call
  local status, text = calls.post(webhook.requestUrl, dispatch.headers, dispatch.payload, webhook.ignoreSslErrors)
  call.finished, call.status, call.body, call.message = clock.now(), status, status and text, not status and text or nil
  return status ~= nil and status >= 200 and status < 300
end

local function deliver(dispatch)
  local is_taken = attempt(dispatch)
  for _, secs in ipairs(dispatch.webhook.doNotRetry and {} or RETRY_SECS) do
    if is_taken or by_id[dispatch.id] ~= dispatch then break end
    ngx.sleep(secs)
    is_taken = attempt(dispatch)
  end
  dispatch.status, dispatch.finished = is_taken and "SUCCEEDED" or "FAILED", clock.now()
end

-- Deliver what is due until there is nothing more. A worker of another world, before a reset, ends with its queue.
local function work(_, own)
  while own[1] do deliver(table.remove(own, 1)) end
  if own == queue then workers = workers - 1 end
end

--- Tell the webhook's URL of an event.
---@param webhook local_api.Webhook
---@param event_type string
---@param data table what the event is about, by the names of its ids
---@param resource string JSON of the object that it is about
---@return table dispatch
function dispatches.new(webhook, event_type, data, resource)
  local dispatch = {
    id = ids:id(), webhook = webhook, event_type = event_type, data = data, created = clock.now(), status = "ACTIVE", calls = {},
  }
  local values = values_of(dispatch, resource)
  dispatch.headers = headers_of(dispatch, values)
  dispatch.payload = templates.render(webhook.payloadTemplate, values, webhook.shouldInterpolateStrings)
  list[#list + 1], by_id[dispatch.id], queue[#queue + 1] = dispatch, dispatch, dispatch
  webhook.last_dispatch, webhook.dispatch_count = dispatch, webhook.dispatch_count + 1
  if workers < MAX_WORKERS then
    workers = workers + 1
    assert(ngx.timer.at(0, work, queue))
  end
  return dispatch
end

local function call_view(call)
  return ('{"startedAt":%s,"finishedAt":%s,"errorMessage":%s,"responseStatus":%s,"responseBody":%s}'):format(time(call.started),
    time(call.finished), quoted(call.message), quoted(call.status), quoted(call.body))
end

local function webhook_view(webhook)
  if webhook.is_deleted then return "null" end
  return ('{"actionType":"HTTP_REQUEST","condition":%s,"requestUrl":%s,"isAdHoc":%s}'):format(cjson.encode(webhook.condition),
    quoted(webhook.requestUrl), quoted(webhook.isAdHoc))
end

--- A dispatch as JSON.
---@param dispatch table
---@return string
function dispatches.view(dispatch)
  local views = {}
  for i, call in ipairs(dispatch.calls) do views[i] = call_view(call) end
  return ('{"id":"%s","userId":"%s","webhookId":"%s","createdAt":%s,"status":"%s","eventType":"%s","eventData":%s,"webhook":%s,"calls":[%s]}')
    :format(dispatch.id, store.user.id, dispatch.webhook.id, time(dispatch.created), dispatch.status, dispatch.event_type,
      cjson.encode(dispatch.data), webhook_view(dispatch.webhook), table.concat(views, ","))
end

--- What a webhook tells of its last dispatch, as JSON.
function dispatches.summary(dispatch)
  if not dispatch then return "null" end
  return ('{"status":"%s","finishedAt":%s,"removedAt":null}'):format(dispatch.status, time(dispatch.finished))
end

--- The dispatches of one webhook, in their order.
---@param webhook local_api.Webhook
---@return table[]
function dispatches.of(webhook)
  local own = {}
  for _, dispatch in ipairs(list) do
    if dispatch.webhook == webhook then own[#own + 1] = dispatch end
  end
  return own
end

--- GET /v2/webhook-dispatches
function dispatches.list(request)
  auth.check(request)
  return pages.answer(list, pages.query(request.args), dispatches.view)
end

--- GET /v2/webhook-dispatches/{dispatchId}
function dispatches.get(request, id)
  auth.check(request)
  return answers.data(dispatches.view(by_id[id] or error(errors.record_not_found, 0)))
end

return dispatches
