--- A task: an Actor with its input.
--- https://docs.apify.com/api/v2/actor-task-get
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"
local run = require "apify.resources.run"
local runs = require "apify.resources.runs"
local run_start = require "apify.resources.run_start"
local url = require "apify.util.url"

---@class apify.TaskHandle : apify.Resource
local Task = resource.define "Task"

run_start.add_methods(Task, "task", operations.task)

--- The task's runs. They cannot be filtered by date.
---@return apify.Runs
function Task:runs(...)
  resource.check_self(Task, self, "runs")
  resource.check_no_options("task:runs", ...)
  return runs.new(self.settings, self.path .. "/runs", false)
end

--- The task's last run, of a `status` or an `origin` if given: in every call that which it is then; `pin` holds it.
---@param opts? { status?: string, origin?: string }
---@return apify.RunHandle
function Task:last_run(opts)
  resource.check_self(Task, self, "last_run")
  return run.last(self.settings, self.path, opts, "task:last_run")
end

local task = {}

---@param settings apify.Settings
---@param id any an id, `user~name`, `user/name`, or a table with an `id`
---@return apify.TaskHandle
function task.new(settings, id)
  return resource.new(Task, settings, "/actor-tasks/" .. url.id(id, "task id"), resource.id_text(id))
end

return task
