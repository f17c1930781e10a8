--- Collections of builds: of an Actor, of the account.
--- https://docs.apify.com/api/v2/act-builds-get
local collection = require "apify.resources.base.collection"
local operations = require("apify.resources.base.operations").builds
local resource = require "apify.resources.base.resource"

---@class apify.BuildPage : apify.Page
---@field items apify.BuildRow[]

---@class apify.Builds : apify.Resource
local Builds = resource.define "Builds"

--- One page of builds, in the order in which they were started.
---@param opts? apify.CollectionListOptions
---@return apify.BuildPage? page
---@return apify.Error? err
function Builds:list(opts)
  return collection.list(self, operations.list, opts)
end

--- Walk all builds, page after page; `limit` caps the rows, `chunk_size` is the page size.
---@param opts? apify.CollectionIterateOptions
---@return (fun(): apify.BuildRow?)|apify.Iterator, nil, nil, apify.Iterator
function Builds:iterate(opts)
  return collection.iterate(self, operations.iterate, opts)
end

return { Builds = Builds }
