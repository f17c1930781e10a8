--- A task: an Actor with its input.
--- https://docs.apify.com/api/v2/actor-task-get
local operations = require("apify.resources.base.operations").task
local resource = require "apify.resources.base.resource"
local run = require "apify.resources.run"
local run_start = require "apify.resources.run_start"
local runs = require "apify.resources.runs"
local url = require "apify.util.url"

---@class apify.TaskHandle : apify.Resource
local Task = resource.define "Task"

--- The task's own object.
---@param opts? apify.ObjectOptions
---@return apify.ActorTask? task
---@return apify.Error? err `not_found` when there is none
function Task:get(opts)
  return resource.perform(Task, self, "get", operations.get, opts)
end

--- Start a run and return it at once. A lost answer is not asked for again: `err.sent` says that the run may be there.
---@param input? any a table, or a string of the `content_type`
---@param opts? apify.StartOptions
---@return apify.Run? run
---@return apify.Error? err
function Task:start(input, opts)
  resource.check_self(Task, self, "start")
  return run_start.start(self, operations.start, input, opts, "task:start")
end

--- Start a run and wait until it has ended: the run, whatever its status; nil and an error, with what is known of the run in `err.run`.
---@param input? any
---@param opts? apify.CallOptions
---@return apify.Run? run
---@return apify.Error? err
function Task:call(input, opts)
  resource.check_self(Task, self, "call")
  return run_start.call(self, operations.call, input, opts, "task:call")
end

--- Run it within one request, of at most 300 seconds: the record { key, value, content_type } that it leaves as its output.
---@param input? any
---@param opts? apify.RunSyncOptions
---@return apify.Record? output
---@return apify.Error? err status 408 when the time is over
function Task:run_sync(input, opts)
  resource.check_self(Task, self, "run_sync")
  return run_start.record(self, operations.run_sync, input, opts, "task:run_sync")
end

--- Run it within one request, of at most 300 seconds: a page of the items that it leaves.
---@param input? any
---@param opts? apify.RunOptions|apify.DatasetItemsChoice
---@return apify.Page? page
---@return apify.Error? err status 408 when the time is over
function Task:run_sync_get_dataset_items(input, opts)
  resource.check_self(Task, self, "run_sync_get_dataset_items")
  return run_start.items(self, operations.run_sync_get_dataset_items, input, opts, "task:run_sync_get_dataset_items")
end

--- The same item by item, in constant memory. The run starts with the first step, and only once: what breaks off stays so.
---@param input? any
---@param opts? apify.RunOptions|apify.DatasetItemsChoice|{ deadline?: number, pick?: string[] }
---@return (fun(): table?)|apify.Iterator, nil, nil, apify.Iterator
function Task:run_sync_iterate_items(input, opts)
  resource.check_self(Task, self, "run_sync_iterate_items")
  return run_start.iterate(self, operations.run_sync_iterate_items, input, opts, "task:run_sync_iterate_items")
end

--- The task's runs. They cannot be filtered by date.
---@return apify.Runs
function Task:runs(...)
  resource.check_self(Task, self, "runs")
  resource.check_no_options("task:runs", ...)
  return runs.new(self.settings, self.path .. "/runs", true)
end

--- The task's last run, of a `status` or an `origin` if given: in every call that which it is then; `pin` holds it.
---@param opts? apify.LastRunOptions
---@return apify.RunHandle
function Task:last_run(opts)
  resource.check_self(Task, self, "last_run")
  return run.last(self.settings, self.path, opts, "task:last_run")
end

local task = {}

--- A task by its id.
---@param settings apify.Settings
---@param id apify.Id an id, `user~name`, `user/name`, or a table with an `id`
---@return apify.TaskHandle
function task.new(settings, id)
  return resource.new(Task, settings, "/actor-tasks/" .. url.id(id, "task id"), resource.id_text(id))
end

return task
