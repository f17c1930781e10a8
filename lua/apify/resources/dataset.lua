--- A dataset: items that are appended and never change.
--- https://docs.apify.com/api/v2/dataset-get
local bodies = require "apify.http.bodies"
local bookmark = require "apify.paging.bookmark"
local collection = require "apify.resources.base.collection"
local errors = require "apify.util.errors"
local item_plan = require "apify.paging.item_plan"
local operations = require("apify.resources.base.operations").dataset
local lazy = require "apify.util.lazy"
local push = lazy.module "apify.resources.dataset_push"
local resource = require "apify.resources.base.resource"
local job_status = require "apify.resources.base.job_status"
local download = require "apify.resources.base.download"
local storage = require "apify.resources.base.storage"
local user_data = require "apify.resources.base.user_data"

local CHUNK = 1000                       -- stored items a page, where items and rows are different things

--- Parameters with which the rows of an answer are not the stored items one by one.
local RESHAPING = { "clean", "skipEmpty", "skipHidden", "unwind", "view", "simplified", "skipFailedPages" }

--- Which items, and as what.
---@class apify.DatasetItemsChoice : apify.TimeoutOptions
---@field clean? boolean without empty items and hidden fields
---@field desc? boolean the last ones first; what is stored meanwhile moves them, so that some may come twice
---@field fields? string|string[] only these
---@field flatten? string|string[] nested objects as dotted names
---@field limit? integer
---@field offset? integer
---@field omit? string|string[]
---@field output_fields? string|string[] new names for `fields`, in their order
---@field simplified? boolean
---@field skip_empty? boolean
---@field skip_failed_pages? boolean
---@field skip_hidden? boolean without fields whose names begin with #
---@field unwind? string|string[] a row for each element of these fields
---@field view? string of the dataset's schema

---@class apify.DatasetShapeOptions : apify.DatasetItemsChoice
---@field signature? string of a public URL

---@class apify.DatasetItemsOptions : apify.DatasetShapeOptions, apify.ObjectOptions

---@class apify.DatasetIterateOptions : apify.DatasetItemsOptions, apify.RowsOptions
---@field chunk_size? integer stored items a request; all in one when absent, or 1000 where rows are not the stored items one by one
---@field follow? boolean go on with new items as they are stored, until the run above has ended
---@field poll_secs? number seconds between two looks for new items
---@field prefetch? integer requests in flight

---@class apify.DatasetHandle : apify.Resource
local Dataset = resource.define "Dataset"

--- The dataset's own object; nil and an error with `not_found` when there is none.
---@param opts? apify.ObjectOptions
---@return apify.Dataset? dataset
---@return apify.Error? err
function Dataset:get(opts)
  return resource.perform(self, "get", operations.get, opts)
end

--- Change its `name` (false: none any more), `title` or `general_access`; returns it as it is then.
---@param opts apify.StorageUpdateOptions
---@return apify.Dataset? dataset
---@return apify.Error? err
function Dataset:update(opts)
  return resource.change(self, "update", operations.update, opts)
end

--- Delete it with all that it holds.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function Dataset:delete(opts)
  return resource.perform(self, "delete", operations.delete, opts)
end

local function is_reshaped(query)
  for _, name in ipairs(RESHAPING) do
    local value = bookmark.find(query, name)
    if value and value ~= "0" then return true end
  end
  return false
end

--- One page of items. `count` is the number of stored items that it stands for, which differs from `#items` where items were skipped.
---@param opts? apify.DatasetItemsOptions
---@return apify.Page? page
---@return apify.Error? err
function Dataset:list_items(opts)
  local o, settings = operations.list_items.check(opts, "dataset:list_items"), self.settings
  local page, err = resource.call(self, operations.list_items, o, nil, user_data.fields(settings, o), user_data.page(settings, o))
  if not page then return nil, err end
  return is_reshaped(operations.list_items.query(o)) and page or collection.cut(page, o.limit)
end

--- Does a dataset that is followed still grow? Only below a run there is something to ask.
local function still_grows(settings)
  return function(path, limit)
    local run_path = path:match "^/actor%-runs/[^/]+"
    if not run_path then return true end
    return job_status.is_going(settings, { run_path = run_path }, limit)
  end
end

--- Walk all items, in constant memory however many there are; a connection that is lost on the way is no matter.
--- `limit` caps the rows. In a `for` it raises an apify.Error; leaving the loop stops what is in flight.
---@param opts? apify.DatasetIterateOptions
---@return (fun(): table?)|apify.Iterator, nil, nil, apify.Iterator
function Dataset:iterate_items(opts)
  local where, settings = "dataset:iterate_items", self.settings
  local o = operations.iterate_items.check(opts, where)
  local row_options = user_data.row_options(settings, o, where)
  local function make_plan(query, mark)
    local reshaped, is_desc = is_reshaped(query), bookmark.find(query, "desc") == "1"
    if o.follow and is_desc then errors.misuse("bad option 'follow' of %s: true (only without desc: new items come last)", where) end
    o.chunk_size = o.chunk_size or reshaped and CHUNK or nil
    row_options.answer = not o.chunk_size and "stream" or nil
    return item_plan.new {
      resume = mark, offset = o.offset, limit = o.limit, chunk_size = o.chunk_size, prefetch = o.prefetch or settings.prefetch,
      desc = is_desc, is_reshaped = reshaped,
    }
  end
  row_options.mark_kind, row_options.http1, row_options.still_grows = "items", true, still_grows(settings)
  return resource.iterate(self, operations.iterate_items, o, where, make_plan, row_options)
end

---@alias apify.DatasetFormat "json"|"jsonl"|"csv"|"xlsx"|"xml"|"html"|"rss"

---@class apify.DatasetFormatOptions
---@field attachment? boolean
---@field bom? boolean
---@field delimiter? string of csv
---@field feed_description? string of rss
---@field feed_title? string of rss
---@field skip_header_row? boolean of csv
---@field xml_root? string
---@field xml_row? string

---@class apify.DatasetDownloadOptions : apify.DatasetShapeOptions, apify.DatasetFormatOptions
---@field deadline? number seconds inside the call

--- Save the items in a format: to a file name, a handle or a function; without a sink the text is returned.
---@param format apify.DatasetFormat
---@param to? string|file*|fun(bytes: string): boolean?, string?
---@param opts? apify.DatasetDownloadOptions
---@return true|string|nil
---@return apify.Error? err
function Dataset:download_items(format, to, opts)
  local where = "dataset:download_items"
  download.check_items(format, to, where)
  local o = operations.download_items.check(opts, where)
  o.format = format
  local value, err = download.run(self, operations.download_items, o, to, nil, { media = format })
  if value == nil then return nil, err end
  return value
end

--- How many items a page of them says there are.
local function read_total(call)
  local total = tonumber(call.xfer:header "x-apify-pagination-total")
  if not total then return nil, "the answer does not say how many items there are", "decode", 0, true end
  return total
end

--- How many items are stored, empty ones and those with hidden fields too.
---@param opts? apify.TimeoutOptions|{ signature?: string }
---@return integer? count
---@return apify.Error? err
function Dataset:count_items(opts)
  return resource.perform(self, "count_items", operations.count_items, opts, nil, nil, read_total)
end

---@class apify.DatasetPublicUrlOptions : apify.DatasetItemsChoice, apify.DatasetFormatOptions
---@field expires_in_secs? number seconds from now on; for ever when absent
---@field format? apify.DatasetFormat

--- A URL of the items for whoever has no token: signed where the token may write to the dataset, and as plain as its access allows elsewhere.
---@param opts? apify.DatasetPublicUrlOptions
---@return string? url
---@return apify.Error? err
function Dataset:create_items_public_url(opts)
  local operation = operations.create_items_public_url
  local o = operation.check(opts, "dataset:create_items_public_url")
  return storage.public_url(self, operations.get, operation, o, storage.signer(o.expires_in_secs))
end

--- Store items whose JSON is encoded already: as it is, in one request.
local function push_encoded(self, bytes, o)
  if type(bytes) ~= "string" then
    errors.misuse("bad argument 1 of dataset:push_items: %s (with content_encoding it is a string that is encoded so)", errors.show(bytes))
  end
  return resource.call(self, operations.push_items, o, nil, {
    body = bytes, headers = { "Content-Type: " .. bodies.JSON_TYPE, "Content-Encoding: " .. o.content_encoding },
    request_timeout = math.min(o.deadline or math.huge, o.request_timeout or self.settings.request_timeout),
  })
end

--- Store one item, a list of items, JSON text, or what an iterator gives, in requests of at most 4 MiB one after the other.
--- On an error, `err.pushed` items are stored, and those from `err.in_doubt[1]` to `err.in_doubt[2]` perhaps. With `content_encoding`,
--- such as "gzip", the items are a text that is encoded so: it is sent as it is, and neither split nor counted.
---@param items table|string|fun(): table?
---@param opts? apify.TimeoutOptions|{ content_encoding?: string, deadline?: number }
---@return true? ok
---@return integer|apify.Error|nil count_or_err how many were stored
function Dataset:push_items(items, opts)
  local o = operations.push_items.check(opts, "dataset:push_items")
  if o.content_encoding then return push_encoded(self, items, o) end
  return push.items(self.settings, resource.resolvable(self, operations.push_items, o), items, o)
end

--- Minimum, maximum, nulls and empty values of each field.
---@param opts? apify.ObjectOptions
---@return apify.DatasetStatistics? statistics
---@return apify.Error? err
function Dataset:get_statistics(opts)
  return resource.perform(self, "get_statistics", operations.get_statistics, opts)
end

return { Dataset = Dataset }
