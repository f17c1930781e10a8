--- A task: an Actor with its input.
--- https://docs.apify.com/api/v2/actor-task-get
local resource = require "apify.resource"
local runs = require "apify.resources.runs"
local url = require "apify.url"

---@class apify.TaskHandle : apify.Resource
local Task = resource.define "Task"

--- The task's runs. They cannot be filtered by date.
---@return apify.Runs
function Task:runs(...)
  resource.check_self(Task, self, "runs")
  resource.check_no_options("task:runs", ...)
  return runs.new(self.settings, self.path .. "/runs", false)
end

local task = {}

---@param settings apify.Settings
---@param id any an id, `user~name`, `user/name`, or a table with an `id`
---@return apify.TaskHandle
function task.new(settings, id)
  return resource.new(Task, settings, "/actor-tasks/" .. url.id(id, "task id"), resource.id_text(id))
end

return task
