--- Collections of runs: of an Actor, of a task, of the account.
--- https://docs.apify.com/api/v2/act-runs-get
local bookmark = require "apify.paging.bookmark"
local collection = require "apify.resources.base.collection"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"

---@class apify.RunsListOptions : apify.CollectionListOptions
---@field started_after? string|number ISO 8601 or seconds since 1970, inclusive; not for runs of a task
---@field started_before? string|number likewise
---@field status? apify.RunStatus|apify.RunStatus[]

---@class apify.RunsIterateOptions : apify.RunsListOptions, apify.CollectionIterateOptions
---@field follow? boolean go on with new runs as they are created; ascending only
---@field poll_secs? number seconds between two looks for new runs

---@class apify.RunPage : apify.Page
---@field items apify.RunRow[]

---@class apify.Runs : apify.Resource
local Runs = resource.define "Runs"

--- Runs leave the list of a status when they get another.
local function is_filtered(query)
  return bookmark.find(query, "status") ~= nil
end

--- Those of a task can be filtered by less.
local function operations_of(self)
  return self.path:find "^/actor%-tasks/" and operations.task_runs or operations.runs
end

--- One page of runs.
---@param opts? apify.RunsListOptions
---@return apify.RunPage? page
---@return apify.Error? err
function Runs:list(opts)
  return collection.list(self, operations_of(self).list, opts)
end

--- Walk all runs, page after page; `limit` caps the rows, `chunk_size` is the page size.
--- In a `for` it raises an apify.Error if a page cannot be had; leaving the loop stops what is in flight.
---@param opts? apify.RunsIterateOptions
---@return (fun(): apify.RunRow?)|apify.Iterator, nil, nil, apify.Iterator
function Runs:iterate(opts)
  return collection.iterate(self, operations_of(self).iterate, opts, is_filtered)
end

return { Runs = Runs }
