--- Schedules: Actors and tasks that are started by the clock.
--- https://docs.apify.com/api/v2/schedule-get
local collection = require "apify.resources.base.collection"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"

---@class apify.SchedulePage : apify.Page
---@field items apify.ScheduleRow[]

---@class apify.Schedules : apify.Resource
local Schedules = resource.define "Schedules"

--- One page of schedules.
---@param opts? apify.CollectionListOptions
---@return apify.SchedulePage? page
---@return apify.Error? err
function Schedules:list(opts)
  return collection.list(self, operations.schedules.list, opts)
end

--- Walk all schedules, page after page.
---@param opts? apify.CollectionIterateOptions
---@return (fun(): apify.ScheduleRow?)|apify.Iterator, nil, nil, apify.Iterator
function Schedules:iterate(opts)
  return collection.iterate(self, operations.schedules.iterate, opts)
end

--- Make a schedule from its fields, such as `cronExpression`, `isEnabled`, `isExclusive` and `actions`.
---@param schedule apify.ScheduleFields
---@param opts? apify.ObjectOptions
---@return apify.Schedule? schedule
---@return apify.Error? err status 400 when the API does not understand its cron expression
function Schedules:create(schedule, opts)
  return resource.send(self, "create", operations.schedules.create, schedule, opts)
end

---@class apify.ScheduleHandle : apify.Resource
local Schedule = resource.define "Schedule"

--- The schedule's own object.
---@param opts? apify.ObjectOptions
---@return apify.Schedule? schedule
---@return apify.Error? err `not_found` when there is none
function Schedule:get(opts)
  return resource.perform(self, "get", operations.schedule.get, opts)
end

--- Change the fields that are given; `apify.null` resets one. Returns the schedule.
---@param fields apify.ScheduleFields
---@param opts? apify.ObjectOptions
---@return apify.Schedule? schedule
---@return apify.Error? err
function Schedule:update(fields, opts)
  return resource.send(self, "update", operations.schedule.update, fields, opts)
end

--- Delete the schedule.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function Schedule:delete(opts)
  return resource.perform(self, "delete", operations.schedule.delete, opts)
end

--- What the schedule has done, up to 1000 invocations: a list of { message, level, createdAt }.
---@param opts? apify.ObjectOptions
---@return apify.ScheduleInvocation[]? log
---@return apify.Error? err
function Schedule:get_log(opts)
  return resource.perform(self, "get_log", operations.schedule.get_log, opts)
end

return { Schedule = Schedule, Schedules = Schedules }
