--- What happens to runs, and which webhooks are told of it. Runs change by the clock: while there are webhooks, a timer looks at those
--- that have not ended. Other jobs that the store has by the clock have events, too, once their kind is known.
local clock = require "clock"
local dispatches = require "webhook_dispatches"
local run_view = require "run_view"
local statuses = require "statuses"
local store = require "store"

local events = {}

local TICK_SECS = 0.02                  -- how late an end that nobody asks for is noticed at most

local kinds = {}
local subscribed, pending               -- webhooks; jobs that have not ended, while there are webhooks
local is_ticking = false

--- A kind of jobs: the beginning of their events, the name that conditions have for their ids, all of them, one by its id, one as JSON.
---@param kind { prefix: string, id_name: string, all: (fun(): table[]), find: (fun(id: string): table?), view: fun(job: table): string }
function events.add_kind(kind)
  kinds[#kinds + 1] = kind
end

events.add_kind {
  prefix = "ACTOR.RUN.", id_name = "actorRunId", all = function() return store.runs end, find = function(id) return store.run_by_id[id] end,
  view = function(run) return run_view.full(run, store.user, clock.now(), true) end,
}

--- Forget all webhooks and jobs; the timer then ends by itself.
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

-- Tell all webhooks whose condition it meets.
local function tell(event_type, data, view)
  local resource
  for _, webhook in ipairs(subscribed) do
    if webhook.is_told_of[event_type] and is_meant(webhook.condition, data) then
      resource = resource or view()
      dispatches.new(webhook, event_type, data, resource)
    end
  end
end

local function kind_of(job)
  for _, kind in ipairs(kinds) do
    if kind.find(job.id) == job then return kind end
  end
end

local function happened(what, job)
  local kind = #subscribed > 0 and kind_of(job)
  if not kind then return end
  local data = { actorId = job.actor.id, actorTaskId = job.task and job.task.id, [kind.id_name] = job.id }
  tell(kind.prefix .. what, data, function() return kind.view(job) end)
end

local function look()
  local now = clock.now()
  for job in pairs(pending) do
    if kind_of(job) then store.status(job, now)         -- which calls on_end
    else pending[job] = nil end                         -- it was deleted
  end
end

local function tick(is_premature)
  is_ticking = false
  if is_premature then return end
  look()
  events.watch()
end

--- Look at the jobs that have not ended, as long as there are any; `job` is one of them now.
function events.watch(job)
  if job and #subscribed > 0 then pending[job] = true end
  if is_ticking or next(pending) == nil then return end
  is_ticking = true
  assert(ngx.timer.at(TICK_SECS, tick))
end

function store.on_end(job)
  pending[job] = nil
  happened((job.status:gsub("-", "_")), job)
end

--- A job has been created; its own webhooks are subscribed already.
function events.created(job)
  events.watch(job)
  happened("CREATED", job)
end

--- A run goes on that had ended.
function events.resurrected(run)
  events.watch(run)
  happened("RESURRECTED", run)
end

-- All jobs, as they are now.
local function each_job(visit)
  local now = clock.now()
  for _, kind in ipairs(kinds) do
    for _, job in ipairs(kind.all()) do visit(job, store.status(job, now)) end
  end
end

--- From now on the webhook is told of what happens.
---@param webhook local_api.Webhook
function events.subscribe(webhook)
  each_job(function() end)                              -- what has ended already did so before
  subscribed[#subscribed + 1] = webhook
  each_job(function(job, status)
    if not statuses.is_terminal[status] then events.watch(job) end
  end)
end

--- The webhook is told of nothing more.
function events.unsubscribe(webhook)
  for i, other in ipairs(subscribed) do
    if other == webhook then table.remove(subscribed, i) break end
  end
  if #subscribed == 0 then pending = {} end
end

return events
