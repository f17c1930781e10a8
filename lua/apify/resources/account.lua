--- What the account has, in lists: Actors, tasks, datasets, key-value stores and request queues.
--- https://docs.apify.com/api/v2/datasets-get
local bookmark = require "apify.paging.bookmark"
local errors = require "apify.util.errors"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"
local offset_plan = require "apify.paging.offset_plan"

local MAX_PAGE = 1000

---@class apify.CollectionListOptions
---@field desc? boolean newest first
---@field limit? integer 1 to 1000
---@field my? boolean of Actors: only the account's own
---@field nulls? "omit"|"keep" null fields: absent (the default), or apify.null
---@field offset? integer
---@field ownership? "ownedByMe"|"sharedWithMe" of storages
---@field request_timeout? number
---@field sort_by? "createdAt"|"stats.lastRunStartedAt" of Actors
---@field unnamed? boolean of storages: also those without a name

---@class apify.CollectionIterateOptions : apify.CollectionListOptions
---@field bookmark? string go on where `it:bookmark()` was taken
---@field chunk_size? integer rows a page, 1 to 1000
---@field deadline? number seconds inside the iterator, all in all
---@field limit? integer rows in all
---@field pick? string[] build only these fields of each row
---@field prefetch? integer pages in flight

--- A class of collections with the operations `rows`.
local function define(name, rows)
  ---@class apify.Collection : apify.Resource
  ---@field private noun string
  local Collection = resource.define(name)

  --- One page.
  ---@param opts? apify.CollectionListOptions
  ---@return apify.Page? page
  ---@return apify.Error? err
  function Collection:list(opts)
    resource.check_self(Collection, self, "list")
    local o = rows.list.check(opts, self.noun .. ":list")
    local page, err = resource.call(self, rows.list, o)
    if not page then return nil, err end
    return resource.cut(page, o.limit)
  end

  --- Walk all of them, page after page.
  ---@param opts? apify.CollectionIterateOptions
  ---@return apify.Iterator, nil, nil, apify.Iterator
  function Collection:iterate(opts)
    resource.check_self(Collection, self, "iterate")
    local where = self.noun .. ":iterate"
    local o = rows.iterate.check(opts, where)
    return resource.iterate(self, rows.iterate, o, where, function(query, place)
      return offset_plan.new {
        resume = place and place.mark, offset = o.offset, limit = o.limit or place and place.limit_left,
        chunk_size = o.chunk_size, max_page = MAX_PAGE, prefetch = o.prefetch or self.settings.prefetch,
        desc = bookmark.find(query, "desc") ~= nil, is_filtered = true,
      }
    end, { row_key = "id" })
  end

  return Collection
end

local Actors = define("Actors", operations.actors)
local Tasks = define("Tasks", operations.tasks)

---@class apify.Storages : apify.Collection
local Storages = define("Storages", operations.storages)

--- The storage of this name, made if there is none; without a name a new one that has none.
---@param name? string
---@param opts? { nulls?: "omit"|"keep", request_timeout?: number }
---@return table? storage the API's object
---@return apify.Error? err
function Storages:get_or_create(name, opts)
  resource.check_self(Storages, self, "get_or_create")
  local where, row = self.noun .. ":get_or_create", operations.storages.get_or_create
  if name ~= nil and (type(name) ~= "string" or name == "") then
    errors.misuse("bad argument 1 of %s: %s (expected a name)", where, errors.show(name))
  end
  local o = row.check(opts, where)
  local fields = { is_safe = name ~= nil or nil }                     -- once there, it is not made again
  if name then fields.query = { { "name", name } } end
  return resource.call(self, row, o, nil, fields)
end

local account = {}

local function new(class, settings, path, noun)
  local self = resource.new(class, settings, path)
  self.noun = noun
  return self
end

--- The account's Actors.
---@param settings apify.Settings
---@return apify.Collection
function account.actors(settings)
  return new(Actors, settings, "/acts", "actors")
end

--- The account's tasks.
---@param settings apify.Settings
---@return apify.Collection
function account.tasks(settings)
  return new(Tasks, settings, "/actor-tasks", "tasks")
end

--- The account's datasets, key-value stores or request queues.
---@param settings apify.Settings
---@param path string
---@param noun string for messages
---@return apify.Storages
function account.storages(settings, path, noun)
  return new(Storages, settings, path, noun)
end

return account
