--- An Actor.
--- https://docs.apify.com/api/v2/act-get
local operations = require("apify.resources.base.operations").actor
local resource = require "apify.resources.base.resource"
local run = require "apify.resources.run"
local run_start = require "apify.resources.run_start"
local runs = require "apify.resources.runs"
local url = require "apify.util.url"

---@class apify.ActorHandle : apify.Resource
local Actor = resource.define "Actor"

--- The Actor's own object.
---@param opts? apify.ObjectOptions
---@return apify.Actor? actor
---@return apify.Error? err `not_found` when there is none
function Actor:get(opts)
  return resource.perform(Actor, self, "get", operations.get, opts)
end

--- Start a run and return it at once. A lost answer is not asked for again: `err.sent` says that the run may be there.
---@param input? any a table, or a string of the `content_type`
---@param opts? apify.StartOptions|{ force_permission_level?: apify.ActorPermissionLevel }
---@return apify.Run? run
---@return apify.Error? err
function Actor:start(input, opts)
  resource.check_self(Actor, self, "start")
  return run_start.start(self, operations.start, input, opts, "actor:start")
end

--- Start a run and wait until it has ended: the run, whatever its status; nil and an error, with what is known of the run in `err.run`.
---@param input? any
---@param opts? apify.CallOptions|{ force_permission_level?: apify.ActorPermissionLevel }
---@return apify.Run? run
---@return apify.Error? err
function Actor:call(input, opts)
  resource.check_self(Actor, self, "call")
  return run_start.call(self, operations.call, input, opts, "actor:call")
end

--- Run it within one request, of at most 300 seconds: the record { key, value, content_type } that it leaves as its output.
---@param input? any
---@param opts? apify.RunSyncOptions
---@return apify.Record? output
---@return apify.Error? err status 408 when the time is over
function Actor:run_sync(input, opts)
  resource.check_self(Actor, self, "run_sync")
  return run_start.record(self, operations.run_sync, input, opts, "actor:run_sync")
end

--- Run it within one request, of at most 300 seconds: a page of the items that it leaves.
---@param input? any
---@param opts? apify.RunOptions|apify.DatasetItemsChoice
---@return apify.Page? page
---@return apify.Error? err status 408 when the time is over
function Actor:run_sync_get_dataset_items(input, opts)
  resource.check_self(Actor, self, "run_sync_get_dataset_items")
  return run_start.items(self, operations.run_sync_get_dataset_items, input, opts, "actor:run_sync_get_dataset_items")
end

--- The same item by item, in constant memory. The run starts with the first step, and only once: what breaks off stays so.
---@param input? any
---@param opts? apify.RunOptions|apify.DatasetItemsChoice|{ deadline?: number, pick?: string[] }
---@return (fun(): table?)|apify.Iterator, nil, nil, apify.Iterator
function Actor:run_sync_iterate_items(input, opts)
  resource.check_self(Actor, self, "run_sync_iterate_items")
  return run_start.iterate(self, operations.run_sync_iterate_items, input, opts, "actor:run_sync_iterate_items")
end

--- The Actor's runs.
---@return apify.Runs
function Actor:runs(...)
  resource.check_self(Actor, self, "runs")
  resource.check_no_options("actor:runs", ...)
  return runs.new(self.settings, self.path .. "/runs")
end

--- The Actor's last run, of a `status` or an `origin` if given: in every call that which it is then; `pin` holds it.
---@param opts? apify.LastRunOptions
---@return apify.RunHandle
function Actor:last_run(opts)
  resource.check_self(Actor, self, "last_run")
  return run.last(self.settings, self.path, opts, "actor:last_run")
end

local actor = {}

--- An Actor by its id.
---@param settings apify.Settings
---@param id apify.Id an id, `user~name`, `user/name`, or a table with an `id`
---@return apify.ActorHandle
function actor.new(settings, id)
  return resource.new(Actor, settings, "/acts/" .. url.id(id, "Actor id"), resource.id_text(id))
end

return actor
