--- Collections of runs: of an Actor, of a task, of the account.
--- https://docs.apify.com/api/v2/act-runs-get
local answers = require "apify.http.answers"
local bookmark = require "apify.paging.bookmark"
local errors = require "apify.util.errors"
local options = require "apify.util.options"
local request = require "apify.http.request"
local resource = require "apify.resources.base.resource"
local run_status = require "apify.resources.base.run_status"
local offset_plan = require "apify.paging.offset_plan"

local MAX_PAGE = 1000
local MAX_PREFETCH = 64

local positive_secs = options.number { exclusive_min = 0 }
local nulls = options.enum { "omit", "keep" }

local list_rules = {
  desc = options.boolean,
  limit = options.integer { min = 1, max = MAX_PAGE },
  nulls = nulls,
  offset = options.integer { min = 0 },
  request_timeout = positive_secs,
  started_after = options.date,
  started_before = options.date,
  status = options.list_of(options.enum(run_status.STATUSES)),
}

local iterate_rules = {
  bookmark = options.string { nonempty = true },
  chunk_size = options.integer { min = 1, max = MAX_PAGE },
  deadline = positive_secs,
  desc = options.boolean,
  follow = options.boolean,
  limit = options.integer { min = 1 },
  nulls = nulls,
  offset = options.integer { min = 0 },
  pick = options.list_of(options.string { nonempty = true }),
  poll_secs = positive_secs,
  prefetch = options.integer { min = 1, max = MAX_PREFETCH },
  request_timeout = positive_secs,
  started_after = options.date,
  started_before = options.date,
  status = options.list_of(options.enum(run_status.STATUSES)),
}

local function without_dates(rules)
  local fewer = {}
  for name, rule in pairs(rules) do fewer[name] = rule end
  fewer.started_after, fewer.started_before = nil, nil
  return fewer
end

--- The checkers of a collection; runs of a task know no dates.
local with_dates = { list = options.spec(list_rules), iterate = options.spec(iterate_rules) }
local dateless = { list = options.spec(without_dates(list_rules)), iterate = options.spec(without_dates(iterate_rules)) }

local list_row = { path = "", query = options.query {
  { "desc", "desc" }, { "status", "status" }, { "started_after", "startedAfter" }, { "started_before", "startedBefore" },
} }

local page_query = options.query {
  { "offset", "offset" }, { "limit", "limit" },
  { "desc", "desc" }, { "status", "status" }, { "started_after", "startedAfter" }, { "started_before", "startedBefore" },
}

---@class apify.RunsListOptions
---@field desc? boolean newest first
---@field limit? integer 1 to 1000
---@field nulls? "omit"|"keep" null fields: absent (the default), or apify.null
---@field offset? integer
---@field request_timeout? number seconds
---@field started_after? string|number ISO 8601 or seconds since 1970, inclusive; not for runs of a task
---@field started_before? string|number likewise
---@field status? string|string[]

---@class apify.RunsIterateOptions : apify.RunsListOptions
---@field bookmark? string go on where `it:bookmark()` was taken
---@field chunk_size? integer rows a page, 1 to 1000
---@field deadline? number seconds inside the iterator, all in all
---@field follow? boolean go on with new runs as they are created; ascending only
---@field limit? integer rows in all
---@field pick? string[] build only these fields of each run
---@field poll_secs? number seconds between two looks for new runs
---@field prefetch? integer pages in flight

---@class apify.Page
---@field items table[]
---@field total integer
---@field offset integer
---@field limit integer
---@field count integer
---@field desc boolean

---@class apify.Runs : apify.Resource
local Runs = resource.define "Runs"

local function checkers(self)
  return self.has_dates and with_dates or dateless
end

--- One page of runs.
---@param opts? apify.RunsListOptions
---@return apify.Page? page
---@return apify.Error? err
function Runs:list(opts)
  resource.check_self(Runs, self, "list")
  local o = checkers(self).list(opts, "runs:list")
  local page, err = request.run(self.settings, {
    path = self.path, query = page_query(o), nulls = o.nulls, request_timeout = o.request_timeout,
  }, answers.reader "page")
  if not page then return nil, err end
  return resource.cut(page, o.limit)
end

--- Walk all runs, page after page; `limit` caps the rows, `chunk_size` is the page size.
--- In a `for` it raises an apify.Error if a page cannot be had; leaving the loop stops what is in flight.
---@param opts? apify.RunsIterateOptions
---@return apify.Iterator, nil, nil, apify.Iterator
function Runs:iterate(opts)
  resource.check_self(Runs, self, "iterate")
  local where = "runs:iterate"
  local o = checkers(self).iterate(opts, where)
  return resource.iterate(self, list_row, o, where, function(query, place)
    local is_desc = bookmark.find(query, "desc") ~= nil
    if o.follow and is_desc then errors.misuse("bad option 'follow' of %s: true (only without desc: new runs come last)", where) end
    return offset_plan.new {
      resume = place and place.mark, offset = o.offset, limit = o.limit or place and place.limit_left,
      chunk_size = o.chunk_size, max_page = MAX_PAGE, prefetch = o.prefetch or self.settings.prefetch,
      desc = is_desc, is_filtered = bookmark.find(query, "status") ~= nil,
    }
  end, { row_key = "id" })
end

local runs = {}

--- The runs below `parent_path`.
---@param settings apify.Settings
---@param path string
---@param has_dates boolean
---@return apify.Runs
function runs.new(settings, path, has_dates)
  local self = resource.new(Runs, settings, path)
  self.has_dates = has_dates
  return self
end

return runs
