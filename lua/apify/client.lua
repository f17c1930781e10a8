--- A client: settings, and the way to everything that the API has.
local core = require "apify.core"
local lazy = require "apify.util.lazy"
local actor = lazy.module "apify.resources.actor"
local account = lazy.module "apify.resources.account"
local build = lazy.module "apify.resources.build"
local builds = lazy.module "apify.resources.builds"
local custom = lazy.module "apify.resources.custom"
local dataset = lazy.module "apify.resources.dataset"
local errors = require "apify.util.errors"
local input = require "apify.util.input"
local key_value_store = lazy.module "apify.resources.key_value_store"
local log = lazy.module "apify.resources.log"
local operations = require("apify.resources.base.operations").client
local request_queue = lazy.module "apify.resources.request_queue"
local resource = require "apify.resources.base.resource"
local run = lazy.module "apify.resources.run"
local runs = lazy.module "apify.resources.runs"
local schedule = lazy.module "apify.resources.schedule"
local settings = require "apify.http.settings"
local store = lazy.module "apify.resources.store"
local tables = require "apify.util.tables"
local task = lazy.module "apify.resources.task"
local user = lazy.module "apify.resources.user"
local loop = require "apify.loop"
local reactor = require "apify.loop.reactor"
local job_wait = lazy.module "apify.resources.job_wait"
local webhook = lazy.module "apify.resources.webhook"

---@class apify.Client
local Client = resource.define("Client", {})
local client_mt = Client.metatable

function client_mt.__tostring(self)
  return "apify.Client: " .. self.settings.base.url
end

local function wrap(s)
  return setmetatable({ settings = s, path = "" }, client_mt)
end

--- An Actor.
---@param id apify.Id an id, `user~name`, `user/name`, or a table with an `id`
---@return apify.ActorHandle
function Client:actor(id)
  return resource.by_id(actor.Actor, self.settings, "/acts/", id, "Actor id")
end

--- A task.
---@param id apify.Id an id, `user~name`, `user/name`, or a table with an `id`
---@return apify.TaskHandle
function Client:task(id)
  return resource.by_id(task.Task, self.settings, "/actor-tasks/", id, "task id")
end

--- A run.
---@param id apify.Id an id, or a table with an `id`, such as a row of a list
---@return apify.RunHandle
function Client:run(id)
  return run.new(self.settings, id)
end

--- A build of an Actor.
---@param id apify.Id an id, or a table with an `id`, such as a row of a list
---@return apify.BuildHandle
function Client:build(id)
  return build.new(self.settings, id)
end

--- A dataset.
---@param id apify.Id an id, `user~name`, `user/name`, or a table with an `id`
---@return apify.DatasetHandle
function Client:dataset(id)
  return resource.by_id(dataset.Dataset, self.settings, "/datasets/", id, "dataset id")
end

--- A key-value store.
---@param id apify.Id an id, `user~name`, `user/name`, or a table with an `id`
---@return apify.KeyValueStoreHandle
function Client:key_value_store(id)
  return resource.by_id(key_value_store.KeyValueStore, self.settings, "/key-value-stores/", id, "key-value store id")
end

--- A request queue; `client_key` names the owner of locks.
---@param id apify.Id an id, `user~name`, `user/name`, or a table with an `id`
---@param opts? apify.QueueOptions
---@return apify.RequestQueueHandle
function Client:request_queue(id, opts)
  local queue = resource.by_id(request_queue.RequestQueue, self.settings, "/request-queues/", id, "request queue id")
  return request_queue.owned(queue, opts, "client:request_queue")
end

--- The log of a run or a build.
---@param id apify.Id its id, or a table with an `id`
---@return apify.Log
function Client:log(id)
  return log.new(self.settings, id)
end

--- The account's Actors: those it owns or has used.
---@return apify.Actors
function Client:actors(...)
  return resource.list(account.Actors, self, "/acts", "actors", ...)
end

--- The account's tasks.
---@return apify.Tasks
function Client:tasks(...)
  return resource.list(account.Tasks, self, "/actor-tasks", "tasks", ...)
end

--- The account's datasets.
---@return apify.Storages
function Client:datasets(...)
  return account.storages(self, "/datasets", "datasets", ...)
end

--- The account's key-value stores.
---@return apify.Storages
function Client:key_value_stores(...)
  return account.storages(self, "/key-value-stores", "key_value_stores", ...)
end

--- The account's request queues.
---@return apify.Storages
function Client:request_queues(...)
  return account.storages(self, "/request-queues", "request_queues", ...)
end

--- All runs of the account.
---@return apify.Runs
function Client:runs(...)
  return resource.list(runs.Runs, self, "/actor-runs", "runs", ...)
end

--- The account's schedules.
---@return apify.Schedules
function Client:schedules(...)
  return resource.list(schedule.Schedules, self, "/schedules", "schedules", ...)
end

--- A schedule.
---@param id apify.Id an id, or a table with an `id`
---@return apify.ScheduleHandle
function Client:schedule(id)
  return resource.by_id(schedule.Schedule, self.settings, "/schedules/", id, "schedule id")
end

--- Apify Store: the Actors that everybody may use.
---@return apify.Store
function Client:store(...)
  return resource.list(store.Store, self, "/store", "store", ...)
end

--- A user; without an id the owner of the token.
---@param id? apify.Id an id, a name, or a table with an `id`
---@return apify.UserHandle
function Client:user(id)
  if id == nil then id = user.ME end
  return resource.by_id(user.User, self.settings, "/users/", id, "user id")
end

--- The account's webhooks.
---@return apify.Webhooks
function Client:webhooks(...)
  return resource.list(webhook.Webhooks, self, "/webhooks", "webhooks", ...)
end

--- A webhook.
---@param id apify.Id an id, or a table with an `id`
---@return apify.WebhookHandle
function Client:webhook(id)
  return resource.by_id(webhook.Webhook, self.settings, "/webhooks/", id, "webhook id")
end

--- What all webhooks of the account have told.
---@return apify.WebhookDispatches
function Client:webhook_dispatches(...)
  return resource.list(webhook.WebhookDispatches, self, "/webhook-dispatches", "webhook_dispatches", ...)
end

--- A dispatch of a webhook.
---@param id apify.Id its id, or a table with an `id`
---@return apify.WebhookDispatchHandle
function Client:webhook_dispatch(id)
  return resource.by_id(webhook.WebhookDispatch, self.settings, "/webhook-dispatches/", id, "webhook dispatch id")
end

--- All builds of the account's Actors.
---@return apify.Builds
function Client:builds(...)
  return resource.list(builds.Builds, self, "/actor-builds", "builds", ...)
end

--- What the runs and builds that are to be waited for are, with their ids and paths; and the options. A build is given by its handle.
local function resolve_jobs(list, opts, where)
  local o = operations.wait_many.check(opts, where)
  local what = input.list_fault(list)
  if what then errors.misuse("bad argument 1 of %s: %s (expected a list of runs, their ids, or handles of builds)", where, what) end
  local resolved = {}
  for i, item in ipairs(list) do
    local build_path = build.path_of(item)
    resolved[i] = { id = resource.id_text(item), kind = build_path and "build" or "run", path = build_path or resource.run_path(item) }
  end
  return resolved, o
end

--- Wait for many runs, and builds by their handles, in one thread: an iterator over `id, run, err`, each once, in the order in which
--- they end.
---@param list (apify.Id|apify.BuildHandle)[]
---@param opts? apify.WaitManyOptions
---@return (fun(): string?, apify.Run|apify.Build|nil, apify.Error?)|apify.WaitIterator, nil, nil, apify.WaitIterator
function Client:wait_each(list, opts)
  local it = job_wait.each(self.settings, resolve_jobs(list, opts, "client:wait_each"))
  return it, nil, nil, it
end

--- Wait until all of the runs and builds have ended: the list of them; or nil and the first error, with those that ended in `err.partial`.
---@param list (apify.Id|apify.BuildHandle)[]
---@param opts? apify.WaitManyOptions
---@return (apify.Run|apify.Build)[]? ended
---@return apify.Error? err
function Client:wait_all(list, opts)
  return job_wait.all(self.settings, resolve_jobs(list, opts, "client:wait_all"))
end

--- Wait until one of the runs and builds has ended: it and its index; or nil and an error when none can any more.
---@param list (apify.Id|apify.BuildHandle)[]
---@param opts? apify.WaitManyOptions
---@return apify.Run|apify.Build|nil ended
---@return integer|apify.Error|nil index_or_err
function Client:wait_any(list, opts)
  local resolved, o = resolve_jobs(list, opts, "client:wait_any")
  if #resolved == 0 then errors.misuse "bad argument 1 of client:wait_any: an empty list (expected something to wait for)" end
  return job_wait.any(self.settings, resolved, o)
end

--- Tell what the present run is doing, in an Actor: the run is that of ACTOR_RUN_ID in the environment. Returns it.
---@param text string
---@param opts? apify.ObjectOptions|{ is_terminal?: boolean } `is_terminal`: the last word on the run
---@return apify.Run? run
---@return apify.Error? err
function Client:set_status_message(text, opts)
  local where, id = "client:set_status_message", os.getenv "ACTOR_RUN_ID"
  local o = operations.set_status_message.check(opts, where)
  if type(text) ~= "string" then errors.misuse("bad argument 1 of %s: %s (expected a text)", where, errors.show(text)) end
  if not id or id == "" then errors.misuse("%s is for programs inside a run: the environment has no ACTOR_RUN_ID", where) end
  return self:run(id):update {
    status_message = text, is_status_message_terminal = o.is_terminal, nulls = o.nulls, request_timeout = o.request_timeout,
  }
end

--- Any endpoint: the decoded body, or what is in its `data` where that is its only member, and { status, headers }; or nil and an error.
---@param opts apify.RequestOptions
---@return any body
---@return any meta_or_err
function Client:request(opts)
  return custom.request(self.settings, opts)
end

--- Any endpoint that answers with pages of `items`: an iterator like that of runs.
---@param opts apify.IterateOptions
---@return (fun(): table?)|apify.Iterator, nil, nil, apify.Iterator
function Client:iterate(opts)
  return custom.iterate(self.settings, opts)
end

--- The same sockets with other settings, such as another token.
---@param opts apify.Options
---@return apify.Client
function Client:with(opts)
  return wrap(settings.with(self.settings, opts))
end

---@class apify.Stats
---@field calls integer calls begun
---@field attempts integer requests sent for them
---@field retries integer attempts that followed a failed one
---@field rate_limited integer answers 429
---@field errors integer calls that failed for good
---@field bytes_wire integer received, headers included
---@field bytes_decoded integer bodies after decoding
---@field reused_connections integer attempts over a connection that was there already
---@field in_flight integer transfers under way now, of all clients

--- What this client has done so far.
---@return apify.Stats
function Client:stats()
  return tables.merge(self.settings.counts, { in_flight = reactor.in_flight() })
end

local function abort(call)
  call:abort { kind = "closed", message = "the client was closed" }
end

--- End the client: what waits returns an error of kind "closed", and so does every later call. Safe to call twice.
function Client:close()
  local own = self.settings
  own.is_closed = true                                      -- who was interrupted in here calls it again
  core.stop_taps()
  local unwoken = tables.call_with_each(tables.keys(own.waiters), loop.wake)
  local failure = tables.call_with_each(tables.keys(own.calls), abort) or unwoken
  if failure then error(failure[1], 0) end                   -- of a hook, or for want of memory: who calls it again wakes those who are left
end

client_mt.__close = Client.close

local client = {}

--- A client with these settings.
---@param opts? apify.Options
---@return apify.Client
function client.new(opts)
  return wrap(settings.new(opts))
end

return client
