--- A task: an Actor with its input.
--- https://docs.apify.com/api/v2/actor-task-get
local errors = require "apify.util.errors"
local operations = require("apify.resources.base.operations").task
local resource = require "apify.resources.base.resource"
local lazy = require "apify.util.lazy"
local run = lazy.module "apify.resources.run"
local run_start = lazy.module "apify.resources.run_start"
local runs = lazy.module "apify.resources.runs"
local tables = require "apify.util.tables"
local user_data = require "apify.resources.base.user_data"
local webhook = lazy.module "apify.resources.webhook"

---@class apify.TaskHandle : apify.Resource
local Task = resource.define "Task"

--- The task's own object.
---@param opts? apify.ObjectOptions
---@return apify.ActorTask? task
---@return apify.Error? err `not_found` when there is none
function Task:get(opts)
  return resource.perform(self, "get", operations.get, opts)
end

--- Change fields of the task, by the API's names; `apify.null` resets one. Returns it as it is then.
---@param object table such as { title = "Each night", options = { memoryMbytes = 512 } }
---@param opts? apify.ObjectOptions
---@return apify.ActorTask? task
---@return apify.Error? err
function Task:update(object, opts)
  return resource.send(self, "update", operations.update, object, opts)
end

--- Delete the task.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function Task:delete(opts)
  return resource.perform(self, "delete", operations.delete, opts)
end

--- Show the task to everybody. Its Actor has to be public, and the task has to have a `publicConfig`, which `update` sets.
---@param opts? apify.ObjectOptions
---@return apify.ActorTask? task
---@return apify.Error? err
function Task:publish(opts)
  return resource.send(self, "publish", operations.update, { isPublic = true }, opts)
end

--- Show the task to nobody else any more; its `publicConfig` stays.
---@param opts? apify.ObjectOptions
---@return apify.ActorTask? task
---@return apify.Error? err
function Task:unpublish(opts)
  return resource.send(self, "unpublish", operations.update, { isPublic = false }, opts)
end

--- The input that the task gives to its runs.
---@param opts? apify.ObjectOptions
---@return table? input
---@return apify.Error? err
function Task:get_input(opts)
  local o, settings = operations.get_input.check(opts, "task:get_input"), self.settings
  return resource.call(self, operations.get_input, o, nil, user_data.fields(settings, o), user_data.value(settings, o))
end

--- Change fields of the input that the task gives to its runs; those that are not named stay. Returns all of it.
---@param fields table
---@param opts? apify.ObjectOptions
---@return table? input
---@return apify.Error? err
function Task:update_input(fields, opts)
  local where, settings = "task:update_input", self.settings
  if type(fields) ~= "table" then errors.misuse("bad argument 1 of %s: %s (expected a table of fields)", where, errors.show(fields)) end
  local o = operations.update_input.check(opts, where)
  local own = tables.merge(user_data.fields(settings, o), run_start.input_fields(settings, fields, nil, where))
  return resource.call(self, operations.update_input, o, nil, own, user_data.value(settings, o))
end

--- Start a run and return it at once. A lost answer is not asked for again: `err.sent` says that the run may be there.
---@param input? any a table, or a string of the `content_type`
---@param opts? apify.StartOptions
---@return apify.Run? run
---@return apify.Error? err
function Task:start(input, opts)
  return run_start.start(self, operations.start, input, opts, "task:start")
end

--- Start a run and wait until it has ended: the run, whatever its status; nil and an error, with what is known of the run in `err.run`.
---@param input? any
---@param opts? apify.CallOptions
---@return apify.Run? run
---@return apify.Error? err
function Task:call(input, opts)
  return run_start.call(self, operations.call, input, opts, "task:call")
end

--- Run it within one request, of at most 300 seconds: the record { key, value, content_type } that it leaves as its output.
---@param input? any
---@param opts? apify.RunSyncOptions
---@return apify.Record? output
---@return apify.Error? err status 408 when the time is over
function Task:run_sync(input, opts)
  return run_start.record(self, operations.run_sync, input, opts, "task:run_sync")
end

--- Run it within one request, of at most 300 seconds: a page of the items that it leaves.
---@param input? any
---@param opts? apify.RunOptions|apify.DatasetItemsChoice
---@return apify.Page? page
---@return apify.Error? err status 408 when the time is over
function Task:run_sync_get_dataset_items(input, opts)
  return run_start.items(self, operations.run_sync_get_dataset_items, input, opts, "task:run_sync_get_dataset_items")
end

--- The same in a format: to a file name, a handle or a function; without a sink the text is returned. What breaks off is not begun again.
---@param format apify.DatasetFormat
---@param to? string|file*|fun(bytes: string): boolean?, string?
---@param input? any
---@param opts? apify.RunInputOptions|apify.DatasetItemsChoice|apify.DatasetFormatOptions|{ deadline?: number }
---@return true|string|nil
---@return apify.Error? err status 408 when the time is over
function Task:run_sync_download_items(format, to, input, opts)
  return run_start.download(self, operations.run_sync_download_items, format, to, input, opts, "task:run_sync_download_items")
end

--- The items one by one, in constant memory. The run starts with the first step, and only once: what breaks off stays so.
---@param input? any
---@param opts? apify.RunOptions|apify.DatasetItemsChoice|{ deadline?: number, pick?: string[] }
---@return (fun(): table?)|apify.Iterator, nil, nil, apify.Iterator
function Task:run_sync_iterate_items(input, opts)
  return run_start.iterate(self, operations.run_sync_iterate_items, input, opts, "task:run_sync_iterate_items")
end

--- The task's runs. They cannot be filtered by date.
---@return apify.Runs
function Task:runs(...)
  return resource.list(runs.Runs, self, "/runs", "runs", ...)
end

--- The task's last run, of a `status` or an `origin` if given: in every call that which it is then; `pin` holds it.
---@param opts? apify.LastRunOptions
---@return apify.RunHandle
function Task:last_run(opts)
  return run.last(self.settings, self.path, opts, "task:last_run")
end

--- The task's webhooks.
---@return apify.Webhooks
function Task:webhooks(...)
  return resource.list(webhook.Webhooks, self, "/webhooks", "webhooks", ...)
end

return { Task = Task }
