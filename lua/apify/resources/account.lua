--- What the account has, in lists: Actors, tasks, datasets, key-value stores and request queues.
--- https://docs.apify.com/api/v2/datasets-get
local collection = require "apify.resources.base.collection"
local errors = require "apify.util.errors"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"

---@class apify.ActorsFilter
---@field my? boolean only the account's own
---@field sort_by? "createdAt"|"stats.lastRunStartedAt"|string

---@class apify.StoragesFilter
---@field ownership? "ownedByMe"|"sharedWithMe"|string
---@field unnamed? boolean also those without a name

---@alias apify.Storage apify.Dataset|apify.KeyValueStore|apify.RequestQueue
---@alias apify.StorageRow apify.DatasetRow|apify.KeyValueStore|apify.RequestQueueRow

---@class apify.ActorPage : apify.Page
---@field items apify.ActorRow[]

---@class apify.ActorTaskPage : apify.Page
---@field items apify.ActorTaskRow[]

---@class apify.StoragePage : apify.Page
---@field items apify.StorageRow[]

--- What loses its name, or is not shared any more, leaves a list without being deleted.
local IS_FILTERED = true

---@class apify.Actors : apify.Resource
local Actors = resource.define "Actors"

--- One page of Actors.
---@param opts? apify.CollectionListOptions|apify.ActorsFilter
---@return apify.ActorPage? page
---@return apify.Error? err
function Actors:list(opts)
  return collection.list(self, operations.actors.list, opts)
end

--- Walk all Actors, page after page.
---@param opts? apify.CollectionIterateOptions|apify.ActorsFilter
---@return (fun(): apify.ActorRow?)|apify.Iterator, nil, nil, apify.Iterator
function Actors:iterate(opts)
  return collection.iterate(self, operations.actors.iterate, opts, IS_FILTERED)
end

--- Create an Actor, of fields by the API's names.
---@param object table such as { name = "shop", versions = { ... } }
---@param opts? apify.ObjectOptions
---@return apify.Actor? actor
---@return apify.Error? err with `sent` when the answer was lost, so that there may be one
function Actors:create(object, opts)
  return resource.send(self, "create", operations.actors.create, object, opts)
end

---@class apify.Tasks : apify.Resource
local Tasks = resource.define "Tasks"

--- One page of tasks.
---@param opts? apify.CollectionListOptions
---@return apify.ActorTaskPage? page
---@return apify.Error? err
function Tasks:list(opts)
  return collection.list(self, operations.tasks.list, opts)
end

--- Walk all tasks, page after page.
---@param opts? apify.CollectionIterateOptions
---@return (fun(): apify.ActorTaskRow?)|apify.Iterator, nil, nil, apify.Iterator
function Tasks:iterate(opts)
  return collection.iterate(self, operations.tasks.iterate, opts, IS_FILTERED)
end

--- Create a task, of fields by the API's names.
---@param object table such as { actId = "...", name = "each-night", input = { pages = 20 } }
---@param opts? apify.ObjectOptions
---@return apify.ActorTask? task
---@return apify.Error? err with `sent` when the answer was lost, so that there may be one
function Tasks:create(object, opts)
  return resource.send(self, "create", operations.tasks.create, object, opts)
end

---@class apify.Storages : apify.Resource
---@field private noun string
local Storages = resource.define "Storages"

--- One page of storages.
---@param opts? apify.CollectionListOptions|apify.StoragesFilter
---@return apify.StoragePage? page
---@return apify.Error? err
function Storages:list(opts)
  return collection.list(self, operations.storages.list, opts)
end

--- Walk all storages, page after page.
---@param opts? apify.CollectionIterateOptions|apify.StoragesFilter
---@return (fun(): apify.StorageRow?)|apify.Iterator, nil, nil, apify.Iterator
function Storages:iterate(opts)
  return collection.iterate(self, operations.storages.iterate, opts, IS_FILTERED)
end

---@class apify.GetOrCreateOptions : apify.ObjectOptions
---@field schema? table what the API holds items, or keys and records, against; not of a request queue

--- The storage of this name, made if there is none; without a name a new one that has none.
---@param name? string
---@param opts? apify.GetOrCreateOptions
---@return apify.Storage? storage
---@return apify.Error? err
function Storages:get_or_create(name, opts)
  local where, operation = self.noun .. ":get_or_create", operations.storages.get_or_create
  if name ~= nil and (type(name) ~= "string" or name == "") then
    errors.misuse("bad argument 1 of %s: %s (expected a name)", where, errors.show(name))
  end
  local o = operation.check(opts, where)
  if o.schema and self.noun == "request_queues" then errors.misuse("bad option 'schema' of %s: a table (a request queue has none)", where) end
  o.name = name
  local fields = o.schema and resource.json_fields({ schema = o.schema }, where) or {}
  fields.is_safe = name ~= nil or nil                                                -- once there, it is not made again
  return resource.call(self, operation, o, nil, fields)
end

--- The account's datasets, key-value stores or request queues.
---@param client apify.Client
---@param path string
---@param accessor string the name of the client's method, and of the list in messages
---@param ... any what that was given
---@return apify.Storages
local function storages(client, path, accessor, ...)
  local self = resource.list(Storages, client, path, accessor, ...)
  self.noun = accessor
  return self
end

return { Actors = Actors, Tasks = Tasks, storages = storages }
