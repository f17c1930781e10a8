--- What all handles share: a class, a path, the settings of their client, and the place where they are mounted.
local answers = require "apify.http.answers"
local bookmark = require "apify.paging.bookmark"
local errors = require "apify.util.errors"
local iterator = require "apify.paging.iterator"
local request = require "apify.http.request"
local url = require "apify.util.url"

local resource = {}

--- Where a handle hangs. Below a last run, `query` chooses the run in every call.
---@class apify.Mount
---@field query { [1]: string, [2]: string }[] parameters that belong to the path
---@field run_path? string of the run above, below the API's base
---@field is_last? boolean is that "the last run", which may be another one in the next call?

---@class apify.Resource
---@field id? string as given
---@field private settings apify.Settings
---@field private path string below the API's base
---@field private mount apify.Mount

local NO_MOUNT = { query = {} }

--- A new class of handles: its methods go into the returned table.
---@param name string
function resource.define(name)
  local class = {}
  class.metatable = {
    __index = class,
    __name = "apify." .. name,
    __tostring = function(self) return ("apify.%s: %s"):format(name, self.path) end,
  }
  return class
end

--- A handle.
---@param class table
---@param settings apify.Settings
---@param path string
---@param id? string
---@param mount? apify.Mount
function resource.new(class, settings, path, id, mount)
  return setmetatable({ settings = settings, path = path, id = id, mount = mount or NO_MOUNT }, class.metatable)
end

--- The text of an id that url.id has accepted.
function resource.id_text(id)
  return type(id) == "table" and id.id or id
end

--- Is this a handle of the class?
function resource.is(class, value)
  return getmetatable(value) == class.metatable
end

--- Complain about a handle's method that was called with a dot.
function resource.check_self(class, self, what)
  if not resource.is(class, self) then errors.misuse("%s is a method: call it with a colon", what) end
end

--- Complain about options that were given to a method that takes none, and would be lost.
function resource.check_no_options(what, ...)
  if select("#", ...) > 0 then errors.misuse("%s takes no options: give them to list or iterate", what) end
end

--- The parameters of a call itself: those of its options, and the owner of locks.
local function own_query(self, row, o)
  local query = row.query(o)
  if row.takes_client_key and self.client_key then query[#query + 1] = { "clientKey", self.client_key } end
  return query
end

--- All parameters of a call: those that belong to its path come first.
local function whole_query(self, row, o)
  local query = {}
  for i, pair in ipairs(self.mount.query) do query[i] = pair end
  for _, pair in ipairs(own_query(self, row, o)) do query[#query + 1] = pair end
  return query
end

--- The operation of a row of operations.lua on a handle, with `fields` added. `segment` stands for the {} in its path.
---@param self apify.Resource
---@param row apify.OperationRow
---@param o table checked options
---@param segment? string fit for a URL
---@param fields? table
---@return apify.Request
function resource.operation(self, row, o, segment, fields)
  local op = {
    method = row.method, path = self.path .. row.path:gsub("{}", function() return segment end),
    query = whole_query(self, row, o), nulls = o.nulls, request_timeout = o.request_timeout,
    answer = row.answers == "nothing" and "head" or nil, media = row.media,
  }
  for name, value in pairs(fields or {}) do op[name] = value end
  return op
end

--- Make the call: the object that its answer is; or nil and an error.
---@param self apify.Resource
---@param row apify.OperationRow
---@param o table checked options
---@param segment? string
---@param fields? table
---@return table?
---@return apify.Error? err
function resource.call(self, row, o, segment, fields)
  return request.run(self.settings, resource.operation(self, row, o, segment, fields), answers.reader(row.answers))
end

--- A page of a list that is paged by offset, without what it has more than was asked for: the next page has that.
---@param page table
---@param limit? integer
---@return table page
function resource.cut(page, limit)
  local items = page.items
  if not limit or type(items) ~= "table" or #items <= limit then return page end
  for i = #items, limit + 1, -1 do items[i] = nil end
  if type(page.count) == "number" then page.count = math.min(page.count, limit) end
  return page
end

--- The same for an answer that says nothing beyond its status.
---@return true?
---@return apify.Error? err
function resource.perform(self, row, o, segment, fields)
  return request.run(self.settings, resource.operation(self, row, o, segment, fields), answers.acknowledgement)
end

--- The path of a run.
---@param id any an id, or a table with an `id`
---@return string
function resource.run_path(id)
  return "/actor-runs/" .. url.id(id, "run id")
end

--- The path of the run that "the last run" is at this moment.
---@param settings apify.Settings
---@param mount apify.Mount
---@param request_timeout? number
---@return string? path
---@return apify.Error? err
---@return string? id
function resource.last_run_path(settings, mount, request_timeout)
  local op = { path = mount.run_path, query = mount.query, request_timeout = request_timeout }
  local run, err = request.run(settings, op, answers.reader "run")
  if not run then return nil, err end
  return resource.run_path(run.id), nil, run.id
end

--- The same handle where several calls must mean the same run: below a last run, that which it is now.
---@generic T : apify.Resource
---@param self T
---@param request_timeout? number for the question which it is
---@return T?
---@return apify.Error? err
function resource.pinned(self, request_timeout)
  local mount = self.mount
  if not mount.is_last then return self end
  local run_path, err = resource.last_run_path(self.settings, mount, request_timeout)
  if not run_path then return nil, err end
  local pinned = {}
  for name, value in pairs(self) do pinned[name] = value end
  pinned.path = run_path .. self.path:sub(#mount.run_path + 1)
  pinned.mount = { query = {}, run_path = run_path }
  return setmetatable(pinned, getmetatable(self))
end

--- For what has to wait until the first step: a function that finds the run that is last then, and gives what `make` makes of the
--- handle below it; or nil and an error.
---@param self apify.Resource
---@param make fun(pinned: apify.Resource): any
---@return fun(limit?: number): any, apify.Error?
function resource.late(self, make)
  return function(limit)
    local pinned, err = resource.pinned(self, limit)
    if not pinned then return nil, err end
    return make(pinned)
  end
end

--- Where requests go, or what finds that out before the first of them.
---@alias apify.Target { path: string, query?: { [1]: string, [2]: string }[] }|fun(limit?: number): table?, apify.Error?

--- The operation for something that takes several calls: below a last run a function that finds the run first.
---@param self apify.Resource
---@param row apify.OperationRow
---@param o table checked options
---@return apify.Target
function resource.target(self, row, o)
  if not self.mount.is_last then return resource.operation(self, row, o) end
  return resource.late(self, function(pinned) return resource.operation(pinned, row, o) end)
end

--- What a bookmark below a last run tells of it: which it was, and of what.
local function last_of(mount)
  return mount.is_last and mount.run_path .. "?" .. url.query(mount.query) or nil
end

--- An iterator over the rows of an operation. Below a last run, all pages are of the run that was last at the first step.
---@param self apify.Resource
---@param row apify.OperationRow
---@param o table checked options
---@param where string for messages
---@param make_plan fun(query: { [1]: string, [2]: string }[], place: apify.Place?): table   the plan for these filters
---@param reader_options? table
---@return apify.Iterator, nil, nil, apify.Iterator
function resource.iterate(self, row, o, where, make_plan, reader_options)
  local is_last, path = self.mount.is_last, self.path .. row.path
  local last = last_of(self.mount)
  local place = o.bookmark and bookmark.resume(o, {
    path = path, given = own_query(self, row, o), where = where, kind = reader_options and reader_options.mark_kind,
    last = last, suffix = last and self.path:sub(#self.mount.run_path + 1) .. row.path,
  })
  o.desc = o.desc or nil                                 -- false is what the API does anyway
  local query = place and place.query or own_query(self, row, o)
  local all = {
    settings = self.settings, path = place and place.path or path, query = query, plan = make_plan(query, place),
    nulls = o.nulls, pick = o.pick, deadline = o.deadline, request_timeout = o.request_timeout,
    follow = o.follow, poll_secs = o.poll_secs, last = last,
  }
  if is_last and all.path == path then
    all.resolve = resource.late(self, function(pinned) return pinned.path .. row.path end)
  end
  for name, value in pairs(reader_options or {}) do all[name] = value end
  local it = iterator.new(all)
  return it, nil, nil, it
end

return resource
