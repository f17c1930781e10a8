--- Lists: one page of them, or all rows.
local bookmark = require "apify.paging.bookmark"
local cursor_plan = require "apify.paging.cursor_plan"
local errors = require "apify.util.errors"
local offset_plan = require "apify.paging.offset_plan"
local resource = require "apify.resources.base.resource"

local collection = {}

local MAX_PAGE = 1000

---@class apify.CollectionListOptions : apify.ObjectOptions
---@field desc? boolean newest first
---@field limit? integer 1 to 1000
---@field offset? integer

---@class apify.CollectionIterateOptions : apify.RowsOptions
---@field chunk_size? integer rows a page, 1 to 1000
---@field desc? boolean newest first
---@field offset? integer
---@field prefetch? integer pages in flight

---@class apify.Page
---@field items table[]
---@field total integer
---@field offset integer
---@field limit integer
---@field count integer
---@field desc boolean

--- A page without what it has more than was asked for: the next page has that.
---@param page table
---@param limit? integer
---@return table page
function collection.cut(page, limit)
  local items = page.items
  if not limit or type(items) ~= "table" or #items <= limit then return page end
  for i = #items, limit + 1, -1 do items[i] = nil end
  if type(page.count) == "number" then page.count = math.min(page.count, limit) end
  return page
end

--- All rows of a list at a path, page after page.
---@param self apify.Resource
---@param operation apify.Operation
---@param o table checked options
---@param where string for messages
---@param is_filtered? boolean|fun(query: { [1]: string, [2]: string }[]): boolean   can rows leave the list without being deleted?
---@param row_key? string every row is an object with this field
---@return apify.Iterator, nil, nil, apify.Iterator
function collection.walk(self, operation, o, where, is_filtered, row_key)
  return resource.iterate(self, operation, o, where, function(query, mark)
    local is_desc = bookmark.find(query, "desc") ~= nil                -- a bookmark may be what says so
    if o.follow and is_desc then errors.misuse("bad option 'follow' of %s: true (only without desc: what is new comes last)", where) end
    return offset_plan.new {
      resume = mark, offset = o.offset, limit = o.limit, chunk_size = o.chunk_size, max_page = MAX_PAGE,
      prefetch = o.prefetch or self.settings.prefetch, desc = is_desc,
      is_filtered = type(is_filtered) == "function" and is_filtered(query) or is_filtered == true,
    }
  end, { row_key = row_key })
end

--- All rows of a list in which each page says where the next one begins.
---@param self apify.Resource
---@param operation apify.Operation
---@param o table checked options
---@param where string for messages
---@param plan apify.CursorPlanOptions but for what the options say
---@return apify.Iterator, nil, nil, apify.Iterator
function collection.walk_cursors(self, operation, o, where, plan)
  return resource.iterate(self, operation, o, where, function(_, mark)
    plan.limit, plan.chunk_size, plan.resume = o.limit, o.chunk_size or MAX_PAGE, mark
    return cursor_plan.new(plan)
  end, { mark_kind = "cursor", row_key = plan.key_field })
end

--- What `list` of a collection does: one page.
---@param self apify.Resource
---@param operation apify.Operation
---@param opts? apify.CollectionListOptions
---@return apify.Page? page
---@return apify.Error? err
function collection.list(self, operation, opts)
  local page, err = resource.perform(self, "list", operation, opts)
  if not page then return nil, err end
  return collection.cut(page, opts and opts.limit)
end

--- What `iterate` of a collection does: all rows, each of which has an id.
---@param self apify.Resource
---@param operation apify.Operation
---@param opts? apify.CollectionIterateOptions
---@param is_filtered? boolean|fun(query: { [1]: string, [2]: string }[]): boolean
---@return apify.Iterator, nil, nil, apify.Iterator
function collection.iterate(self, operation, opts, is_filtered)
  local where = self.noun .. ":iterate"
  return collection.walk(self, operation, operation.check(opts, where), where, is_filtered, "id")
end

return collection
