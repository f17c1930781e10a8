--- Apify Store: the Actors that everybody may use.
--- https://docs.apify.com/api/v2/store-get
local collection = require "apify.resources.base.collection"
local operations = require("apify.resources.base.operations").store
local resource = require "apify.resources.base.resource"

---@class apify.StoreFilter
---@field allows_agentic_users? boolean only those that do, or do not
---@field category? string such as "AI"
---@field include_unrunnable_actors? boolean also those that are not safe to run unseen
---@field pricing_model? "FREE"|"FLAT_PRICE_PER_MONTH"|"PRICE_PER_DATASET_ITEM"|"PAY_PER_EVENT"|string
---@field response_format? "full"|"agent"|string fewer fields for "agent"
---@field search? string in title, name, description, username and readme
---@field sort_by? "relevance"|"popularity"|"newest"|"lastUpdate"|string
---@field username? string whose Actors

---@class apify.StoreListOptions : apify.ObjectOptions
---@field limit? integer 1 to 1000
---@field offset? integer

---@class apify.StoreIterateOptions : apify.RowsOptions
---@field chunk_size? integer rows a page, 1 to 1000
---@field offset? integer
---@field prefetch? integer pages in flight

---@class apify.StorePage : apify.Page
---@field items apify.StoreActorRow[]

--- What is less sought after moves down the list, and what does not fit any more leaves it.
local IS_FILTERED = true

---@class apify.Store : apify.Resource
local Store = resource.define "Store"

--- One page of Actors.
---@param opts? apify.StoreListOptions|apify.StoreFilter
---@return apify.StorePage? page
---@return apify.Error? err
function Store:list(opts)
  return collection.list(self, operations.list, opts)
end

--- Walk all Actors that fit, page after page.
---@param opts? apify.StoreIterateOptions|apify.StoreFilter
---@return (fun(): apify.StoreActorRow?)|apify.Iterator, nil, nil, apify.Iterator
function Store:iterate(opts)
  return collection.iterate(self, operations.iterate, opts, IS_FILTERED)
end

return { Store = Store }
