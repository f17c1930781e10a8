--- The account's datasets, key-value stores and request queues.
--- https://docs.apify.com/api/v2/datasets-get
local bookmark = require "apify.bookmark"
local errors = require "apify.errors"
local operations = require "apify.operations"
local resource = require "apify.resource"
local walk = require "apify.walk"

local MAX_PAGE = 1000

local rows = operations.storages

---@class apify.StoragesListOptions
---@field desc? boolean newest first
---@field limit? integer 1 to 1000
---@field offset? integer
---@field ownership? "ownedByMe"|"sharedWithMe"
---@field request_timeout? number
---@field unnamed? boolean also those without a name

---@class apify.StoragesIterateOptions : apify.StoragesListOptions
---@field bookmark? string go on where `it:bookmark()` was taken
---@field chunk_size? integer rows a page, 1 to 1000
---@field deadline? number seconds inside the iterator, all in all
---@field limit? integer rows in all
---@field pick? string[] build only these fields of each row
---@field prefetch? integer pages in flight

---@class apify.Storages : apify.Resource
---@field private noun string
local Storages = resource.define "Storages"

--- One page.
---@param opts? apify.StoragesListOptions
---@return apify.Page? page
---@return apify.Error? err
function Storages:list(opts)
  resource.check_self(Storages, self, "list")
  return resource.call(self, rows.list, rows.list.check(opts, self.noun .. ":list"))
end

--- Walk all of them, page after page.
---@param opts? apify.StoragesIterateOptions
---@return apify.Iterator, nil, nil, apify.Iterator
function Storages:iterate(opts)
  resource.check_self(Storages, self, "iterate")
  local where = self.noun .. ":iterate"
  local o = rows.iterate.check(opts, where)
  return resource.iterate(self, rows.iterate, o, where, function(query, place)
    return walk.new {
      resume = place and place.mark, offset = o.offset, limit = o.limit or place and place.limit_left,
      chunk_size = o.chunk_size, max_page = MAX_PAGE, prefetch = o.prefetch or self.settings.prefetch,
      desc = bookmark.find(query, "desc") ~= nil, is_filtered = true,
    }
  end)
end

--- The storage of this name, made if there is none; without a name a new one that has none.
---@param name? string
---@param opts? { request_timeout?: number }
---@return table? storage the API's object
---@return apify.Error? err
function Storages:get_or_create(name, opts)
  resource.check_self(Storages, self, "get_or_create")
  local where = self.noun .. ":get_or_create"
  if name ~= nil and (type(name) ~= "string" or name == "") then
    errors.misuse("bad argument 1 of %s: %s (expected a name)", where, errors.show(name))
  end
  local o = rows.get_or_create.check(opts, where)
  local op = { is_safe = name ~= nil or nil }                         -- once there, it is not made again
  if name then op.query = { { "name", name } } end
  return resource.call(self, rows.get_or_create, o, nil, op)
end

local storages = {}

--- The collection at a path. `noun` is its name in messages.
---@param settings apify.Settings
---@param path string
---@param noun string
---@return apify.Storages
function storages.new(settings, path, noun)
  local self = resource.new(Storages, settings, path)
  self.noun = noun
  return self
end

return storages
