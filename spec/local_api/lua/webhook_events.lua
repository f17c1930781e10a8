--- What happens to runs, and which webhooks are told of it. Runs change by the clock: while there are webhooks, a timer looks at those
--- that have not ended.
local clock = require "clock"
local dispatches = require "webhook_dispatches"
local run_view = require "run_view"
local statuses = require "statuses"
local store = require "store"

local events = {}

local TICK_SECS = 0.02                  -- how late an end that nobody asks for is noticed at most

local subscribed, pending               -- webhooks; runs that have not ended, while there are webhooks
local is_ticking = false

--- Forget all webhooks and runs; the timer then ends by itself.
function events.reset()
  subscribed, pending = {}, {}
end

events.reset()

local function is_meant(condition, data)
  for name, id in pairs(condition) do
    if data[name] ~= id then return false end
  end
  return true
end

--- Tell all webhooks whose condition it meets.
---@param event_type string
---@param data table ids of what it happened to, by the names that conditions have for them
---@param view fun(): string JSON of that
function events.happened(event_type, data, view)
  local resource
  for _, webhook in ipairs(subscribed) do
    if webhook.is_told_of[event_type] and is_meant(webhook.condition, data) then
      resource = resource or view()
      dispatches.new(webhook, event_type, data, resource)
    end
  end
end

local function run_happened(event_type, run)
  if #subscribed == 0 then return end
  local data = { actorId = run.actor.id, actorTaskId = run.task and run.task.id, actorRunId = run.id }
  events.happened("ACTOR.RUN." .. event_type, data, function() return run_view.full(run, store.user, clock.now(), true) end)
end

local function look()
  local now = clock.now()
  for run in pairs(pending) do
    if store.run_by_id[run.id] ~= run then pending[run] = nil
    else store.status(run, now) end     -- which calls on_end
  end
end

local function tick(is_premature)
  is_ticking = false
  if is_premature then return end
  look()
  events.watch()
end

--- Look at the runs that have not ended, as long as there are any; `run` is one of them now.
function events.watch(run)
  if run and #subscribed > 0 then pending[run] = true end
  if is_ticking or next(pending) == nil then return end
  is_ticking = true
  assert(ngx.timer.at(TICK_SECS, tick))
end

function store.on_end(run)
  pending[run] = nil
  run_happened((run.status:gsub("-", "_")), run)
end

--- A run has been created; its own webhooks are subscribed already.
function events.created(run)
  events.watch(run)
  run_happened("CREATED", run)
end

--- A run goes on that had ended.
function events.resurrected(run)
  events.watch(run)
  run_happened("RESURRECTED", run)
end

--- From now on the webhook is told of what happens.
---@param webhook local_api.Webhook
function events.subscribe(webhook)
  local now = clock.now()
  for _, run in ipairs(store.runs) do store.status(run, now) end        -- what has ended already did so before
  subscribed[#subscribed + 1] = webhook
  for _, run in ipairs(store.runs) do
    if not statuses.is_terminal[run.status] then events.watch(run) end
  end
end

--- The webhook is told of nothing more.
function events.unsubscribe(webhook)
  for i, other in ipairs(subscribed) do
    if other == webhook then table.remove(subscribed, i) break end
  end
  if #subscribed == 0 then pending = {} end
end

return events
