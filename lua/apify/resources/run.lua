--- A run.
--- https://docs.apify.com/api/v2/actor-run-get
local core = require "apify.core"
local lazy = require "apify.util.lazy"
local dataset = lazy.module "apify.resources.dataset"
local errors = require "apify.util.errors"
local key_value_store = lazy.module "apify.resources.key_value_store"
local log = lazy.module "apify.resources.log"
local operations = require("apify.resources.base.operations").run
local options = require "apify.util.options"
local request_queue = lazy.module "apify.resources.request_queue"
local resource = require "apify.resources.base.resource"
local job_status = require "apify.resources.base.job_status"
local run_watch = lazy.module "apify.resources.run_watch"
local run_start = lazy.module "apify.resources.run_start"
local loop = require "apify.loop"
local url = require "apify.util.url"
local job_wait = lazy.module "apify.resources.job_wait"

---@class apify.RunHandle : apify.Resource
local Run = resource.define "Run"

--- The run as it is now; `wait_for_finish` lets the API hold the answer for up to so many seconds (0 to 60) while the run goes on.
---@param opts? apify.ObjectOptions|{ wait_for_finish?: integer }
---@return apify.Run? run
---@return apify.Error? err `not_found` when there is no such run
function Run:get(opts)
  return resource.perform(self, "get", operations.get, opts)
end

--- Wait until the run has ended, at most `wait_secs` seconds: the finished run, or nil and an error;
--- kind "unfinished" when the time is over, with the run as last seen in `err.run`. Of a last run, that which it is now.
---@param opts? apify.WaitOptions
---@return apify.Run? run
---@return apify.Error? err
function Run:wait_for_finish(opts)
  local o = operations.wait_for_finish.check(opts, "run:wait_for_finish")
  local began_at = loop.now()
  local limit = math.min(o.request_timeout or self.settings.request_timeout, o.deadline or math.huge, math.max(o.wait_secs or math.huge, 0.4))
  local resolved, err = resource.resolve(self, limit)
  if not resolved then return nil, err end
  local spent = loop.now() - began_at
  if o.wait_secs then o.wait_secs = math.max(0, o.wait_secs - spent) end
  if o.deadline then o.deadline = math.max(0, o.deadline - spent) end
  return job_wait.one(self.settings, "run", resolved.path, o)
end

local run = {}

--- A handle of fixed id for what may be another run later: the last run of an Actor or a task, as it is now.
---@param opts? apify.TimeoutOptions
---@return apify.RunHandle?
---@return apify.Error? err
function Run:pin(opts)
  local o = operations.pin.check(opts, "run:pin")
  local resolved, err, id = resource.resolve(self, o.request_timeout)
  if not id then return resolved, err end
  return run.new(self.settings, id)
end

--- Complain about what the API cannot do with "the last run".
local function check_fixed(self, method)
  if not self.mount.is_last then return end
  errors.misuse("run:%s needs a run of fixed id: a last run may be another one by then; use last_run{...}:pin()", method)
end

---@class apify.RunUpdateOptions : apify.ObjectOptions
---@field general_access? apify.GeneralAccess|false false: that of the account's settings
---@field is_status_message_terminal? boolean
---@field status_message? string

--- Change what the run says of itself: `status_message`, `is_status_message_terminal`, `general_access`; returns the run.
---@param opts apify.RunUpdateOptions
---@return apify.Run? run
---@return apify.Error? err
function Run:update(opts)
  check_fixed(self, "update")
  return resource.change(self, "update", operations.update, opts)
end

--- Delete the run, which must have ended.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err
function Run:delete(opts)
  check_fixed(self, "delete")
  return resource.perform(self, "delete", operations.delete, opts)
end

--- Abort the run; `gracefully` gives it 30 seconds to save its state. Returns the run, which is perhaps still ABORTING.
---@param opts? apify.ObjectOptions|{ gracefully?: boolean }
---@return apify.Run? run
---@return apify.Error? err
function Run:abort(opts)
  local is_safe = not self.mount.is_last                               -- aborting again changes nothing; but it might be another run
  return resource.perform(self, "abort", operations.abort, opts, nil, { is_safe = is_safe })
end

--- Turn the run into one of another Actor, with a new input.
---@param target apify.Id the Actor: an id, `user~name`, `user/name`, or a table with an `id`
---@param input? any a table, or a string of the `content_type`
---@param opts? apify.ObjectOptions|{ build?: string, content_type?: string }
---@return apify.Run? run
---@return apify.Error? err
function Run:metamorph(target, input, opts)
  local o = operations.metamorph.check(opts, "run:metamorph")
  o.target_actor_id = url.plain_id(target, "Actor id")
  return resource.call(self, operations.metamorph, o, nil, run_start.input_fields(self.settings, input, o.content_type, "run:metamorph", 2))
end

--- Restart the run's container.
---@param opts? apify.ObjectOptions
---@return apify.Run? run
---@return apify.Error? err
function Run:reboot(opts)
  return resource.perform(self, "reboot", operations.reboot, opts)
end

--- Let a run that has ended go on.
---@param opts? apify.RunLimits|apify.ObjectOptions
---@return apify.Run? run
---@return apify.Error? err
function Run:resurrect(opts)
  check_fixed(self, "resurrect")
  return resource.perform(self, "resurrect", operations.resurrect, opts)
end

--- A key that the same charge has, however often it is sent, and no other.
local function charge_key(self, event)
  local plain = (self.id .. "-" .. event):gsub("[^A-Za-z0-9_-]", "_"):sub(1, 100)
  return plain .. "-" .. core.random_hex(16)
end

--- Charge for an event of the run, `count` times (1). A retry charges once; so does a later call with the same `idempotency_key`.
---@param event string
---@param opts? apify.TimeoutOptions|{ count?: integer, idempotency_key?: string }
---@return true? ok
---@return apify.Error? err
function Run:charge(event, opts)
  check_fixed(self, "charge")
  if type(event) ~= "string" or event == "" then
    errors.misuse("bad argument 1 of run:charge: %s (expected the name of an event)", errors.show(event))
  end
  local o = operations.charge.check(opts, "run:charge")
  local key = o.idempotency_key or charge_key(self, event)
  local fields = resource.json_fields({ eventName = event, count = o.count or 1 }, "run:charge")
  fields.headers[2], fields.is_safe = "idempotency-key: " .. key, true
  return resource.call(self, operations.charge, o, nil, fields)
end

--- Watch the run: steps are the run, now and each time that its status or its status message has changed, until it has ended.
---@param opts? apify.ObjectOptions|{ interval?: number, deadline?: number } `interval`: seconds between two looks (1)
---@return (fun(): apify.Run?)|apify.RunWatch, nil, nil, apify.RunWatch
function Run:watch(opts)
  local o = operations.watch.check(opts, "run:watch")
  local it = run_watch.new {
    settings = self.settings, path = self.path, query = self.mount.is_last and self.mount.query or nil,
    interval = o.interval or 1, deadline = o.deadline, nulls = o.nulls, request_timeout = o.request_timeout,
  }
  return it, nil, nil, it
end

--- The run's log.
---@return apify.Log
function Run:log()
  return resource.below(log.Log, self, "/log")
end

--- The run's default dataset.
---@return apify.DatasetHandle
function Run:dataset()
  return resource.below(dataset.Dataset, self, "/dataset")
end

--- The run's default key-value store.
---@return apify.KeyValueStoreHandle
function Run:key_value_store()
  return resource.below(key_value_store.KeyValueStore, self, "/key-value-store")
end

--- The run's default request queue; `client_key` names the owner of locks.
---@param opts? apify.QueueOptions
---@return apify.RequestQueueHandle
function Run:request_queue(opts)
  return request_queue.owned(resource.below(request_queue.RequestQueue, self, "/request-queue"), opts, "run:request_queue")
end

local ORIGINS = { "DEVELOPMENT", "WEB", "API", "SCHEDULER", "TEST", "WEBHOOK", "ACTOR", "CLI", "CI", "STANDBY", "MCP", "APIFY_AI" }

--- Which runs count.
---@class apify.LastRunOptions
---@field origin? apify.RunOrigin
---@field status? apify.RunStatus

local check_last = options.spec { status = options.enum(job_status.STATUSES), origin = options.open_enum(ORIGINS) }
local last_query = options.query { { "status", "status" }, { "origin", "origin" } }

--- A run by its id.
---@param settings apify.Settings
---@param id apify.Id an id, or a table with an `id`
---@return apify.RunHandle
function run.new(settings, id)
  local path = resource.run_path(id)
  return resource.new(Run, settings, path, resource.id_text(id), { query = {}, run_path = path })
end

--- The last run of what is at `parent_path`: in every call that which it is then.
---@param settings apify.Settings
---@param parent_path string of an Actor or a task
---@param opts? apify.LastRunOptions
---@param where string for messages
---@return apify.RunHandle
function run.last(settings, parent_path, opts, where)
  local path = parent_path .. "/runs/last"
  local mount = { query = last_query(check_last(opts, where)), run_path = path, is_last = true }
  return resource.new(Run, settings, path, nil, mount)
end

return run
