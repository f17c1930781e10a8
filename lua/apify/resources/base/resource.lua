--- What all handles share: a class, a path, the settings of their client, and the place where they are mounted.
local answers = require "apify.http.answers"
local bodies = require "apify.http.bodies"
local bookmark = require "apify.paging.bookmark"
local core = require "apify.core"
local errors = require "apify.util.errors"
local iterator = require "apify.paging.iterator"
local job_status = require "apify.resources.base.job_status"
local json = require "apify.util.json"
local names = require "apify.util.names"
local request = require "apify.http.request"
local tables = require "apify.util.tables"
local url = require "apify.util.url"

local resource = {}

--- Where a handle hangs. Below a last run, `query` chooses the run in every call.
---@class apify.Mount
---@field build_path? string of the build above, or of what may be one, below the API's base
---@field query? { [1]: string, [2]: string }[] parameters that belong to the path
---@field run_path? string of the run above, likewise
---@field is_last? boolean is that "the last run", which may be another one in the next call?

---@class apify.Resource
---@field id? string as given
---@field private settings apify.Settings
---@field private path string below the API's base
---@field private mount apify.Mount

local NO_MOUNT = { query = {} }
local MAY_BE_NIL = { client_key = true, id = true }

--- Each method that is put into the class from now on complains when it is called with a dot.
local function check_methods(class)
  getmetatable(class).__newindex = function(_, name, method)
    local title = class.noun .. ":" .. name
    rawset(class, name, function(self, ...)
      errors.check_self(self, class.metatable, title)
      return method(self, ...)
    end)
  end
  return class
end

--- A new class of handles: its methods go into the returned table. Messages name it by its noun: "key_value_store" of "KeyValueStore".
---@param name string
---@param may_be_nil? table<string, true> its fields that may be absent
function resource.define(name, may_be_nil)
  local title, class = "apify." .. name, { noun = name:gsub("(%l)(%u)", "%1_%2"):lower() }
  class.metatable = {
    __index = class,
    __name = title,
    __tostring = function(self) return ("%s: %s"):format(title, self.path) end,
    __call = function(self) names.refuse_call(class, self.noun .. "()") end,
    refuses_call = true,
  }
  return check_methods(names.guard(class, title, may_be_nil or MAY_BE_NIL))
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
---@param id string|{ id: string }
---@return string
function resource.id_text(id)
  return type(id) == "table" and id.id or id
end

--- A handle of what the API has under an id.
---@generic T : apify.Resource
---@param class T
---@param settings apify.Settings
---@param path string with a slash at its end
---@param id apify.Id
---@param what string what the id is of, for messages
---@return T
function resource.by_id(class, settings, path, id, what)
  return resource.new(class, settings, path .. url.id(id, what), resource.id_text(id))
end

--- A handle of what a run or a build has of its own.
---@generic T : apify.Resource
---@param class T
---@param parent apify.Resource
---@param path string below the parent's
---@return T
function resource.below(class, parent, path)
  return resource.new(class, parent.settings, parent.path .. path, nil, parent.mount)
end

--- A list that a client or a handle has. Misuse where its accessor, which takes no options, is given any: they would be lost.
---@generic T : apify.Resource
---@param class T
---@param parent apify.Client|apify.Resource
---@param path string below the parent's
---@param accessor string the name of the parent's method
---@param ... any what that was given
---@return T
function resource.list(class, parent, path, accessor, ...)
  if select("#", ...) > 0 then errors.misuse("%s:%s takes no options: give them to list or iterate", parent.noun, accessor) end
  return resource.new(class, parent.settings, parent.path .. path)
end

--- The parameters of a request itself: those of its options, and the owner of locks.
local function own_query(self, operation, o)
  local query = operation.query(o)
  if operation.takes_client_key and self.client_key then query[#query + 1] = { "clientKey", self.client_key } end
  return query
end

--- All parameters of a request: those that belong to its path come first.
local function whole_query(self, operation, o)
  local query = own_query(self, operation, o)
  for i, pair in ipairs(self.mount.query) do table.insert(query, i, pair) end
  return query
end

--- The request of an operation on a handle, with `fields` added. `segment` stands for the {} in its path.
---@param self apify.Resource
---@param operation apify.Operation
---@param o table checked options
---@param segment? string fit for a URL
---@param fields? table
---@return apify.Request
function resource.request(self, operation, o, segment, fields)
  local path = operation.path
  local req = {
    method = operation.method, path = self.path .. (segment and path:gsub("{}", function() return segment end) or path),
    query = whole_query(self, operation, o), nulls = o.nulls, request_timeout = o.request_timeout,
    answer = operation.answers == "nothing" and "head" or nil, media = operation.media,
  }
  if o.wait_for_finish then tables.add(req, job_status.limits(self.settings, o.wait_for_finish, o.request_timeout)) end
  return fields and tables.add(req, fields) or req
end

--- The fields of a request whose body is a JSON object made of options; misuse where these are not UTF-8.
---@param members table<string, any>
---@param where string for messages
---@return { body: string, headers: string[] }
function resource.json_fields(members, where)
  local text, why = core.encode(members, { sort_keys = true })
  if not text then errors.misuse("bad options of %s: %s", where, why) end
  return { body = text, headers = bodies.headers(false) }
end

local function reader_of(operation)
  if operation.answers == "nothing" then return answers.acknowledgement end
  return answers.reader(operation.answers)
end

--- Make the call: what `read`, or else the operation's own reader, makes of its answer, which is an object of the API, or true
--- where the answer says nothing beyond its status; nil and an error.
---@param self apify.Resource
---@param operation apify.Operation
---@param o table checked options
---@param segment? string
---@param fields? table
---@param read? function as request.run wants it
---@return any
---@return apify.Error? err
function resource.call(self, operation, o, segment, fields, read)
  return request.run(self.settings, resource.request(self, operation, o, segment, fields), read or reader_of(operation))
end

--- The same from a method that has no more to do: its options are checked first.
---@param self apify.Resource
---@param method string its name
---@param operation apify.Operation
---@param opts? table
---@param segment? string
---@param fields? table
---@param read? function
---@return any
---@return apify.Error? err
function resource.perform(self, method, operation, opts, segment, fields, read)
  return resource.call(self, operation, operation.check(opts, self.noun .. ":" .. method), segment, fields, read)
end

--- The same with a body that the caller gives: an object of the API or some of its fields, by the API's own names.
---@param self apify.Resource
---@param method string
---@param operation apify.Operation
---@param object table
---@param opts? table
---@param fields? table
---@return any
---@return apify.Error? err
function resource.send(self, method, operation, object, opts, fields)
  local where = self.noun .. ":" .. method
  if type(object) ~= "table" or object[1] ~= nil or next(object) == nil then
    errors.misuse("bad argument 1 of %s: %s (expected a table of fields, by the API's names)", where, errors.show(object))
  end
  local text, why = json.encode_object(object)
  if not text then errors.misuse("bad argument 1 of %s: %s", where, why) end
  local body, headers = bodies.of_json(text)
  return resource.call(self, operation, operation.check(opts, where), nil, tables.merge({ body = body, headers = headers }, fields))
end

--- The same with a body that is made of options, one of which has to be given.
---@param self apify.Resource
---@param method string
---@param operation apify.Operation with `members`
---@param opts table
---@return any
---@return apify.Error? err
function resource.change(self, method, operation, opts)
  local where = self.noun .. ":" .. method
  local o, body, known = operation.check(opts, where), {}, {}
  for i, member in ipairs(operation.members) do
    known[i], body[member[2]] = member[1], o[member[1]]
  end
  if next(body) == nil then errors.misuse("%s needs one of the options %s", where, table.concat(known, ", ")) end
  return resource.call(self, operation, o, nil, resource.json_fields(body, where))
end

--- The path of a run.
---@param id apify.Id an id, or a table with an `id`
---@return string
function resource.run_path(id)
  return "/actor-runs/" .. url.id(id, "run id")
end

--- The same handle where several calls must mean the same run: below a last run, that which it is now.
---@generic T : apify.Resource
---@param self T
---@param request_timeout? number for the question which it is
---@return T?
---@return apify.Error? err
---@return string? run_id where it was asked for
function resource.resolve(self, request_timeout)
  local mount = self.mount
  if not mount.is_last then return self end
  local req = { path = mount.run_path, query = mount.query, request_timeout = request_timeout }
  local run, err = request.run(self.settings, req, answers.reader "run")
  if not run then return nil, err end
  local run_path = resource.run_path(run.id)
  local own = { path = run_path .. self.path:sub(#mount.run_path + 1), mount = { query = {}, run_path = run_path } }
  return setmetatable(tables.merge(self, own), getmetatable(self)), nil, run.id
end

--- For what has to wait until the first step: a function that finds the run that is last then, and gives what `make` makes of the
--- handle below it; or nil and an error. nil where there is nothing to find.
---@param self apify.Resource
---@param make fun(resolved: apify.Resource): any
---@return nil|fun(limit?: number): any, apify.Error?
function resource.resolver(self, make)
  if not self.mount.is_last then return nil end
  return function(limit)
    local resolved, err = resource.resolve(self, limit)
    if not resolved then return nil, err end
    return make(resolved)
  end
end

--- A request, or what finds it out before it is sent.
---@alias apify.Resolvable apify.Request|fun(limit?: number): apify.Request?, apify.Error?

--- The request of something that takes several calls: below a last run a function that finds the run first.
---@param self apify.Resource
---@param operation apify.Operation
---@param o table checked options
---@return apify.Resolvable
function resource.resolvable(self, operation, o)
  local function make(handle) return resource.request(handle, operation, o) end
  return resource.resolver(self, make) or make(self)
end

--- What a bookmark below a last run tells of it: which it was, and of what.
local function last_of(mount)
  return mount.is_last and mount.run_path .. "?" .. url.query(mount.query) or nil
end

--- An iterator over the rows of an operation. Below a last run, all pages are of the run that was last at the first step.
---@param self apify.Resource
---@param operation apify.Operation
---@param o table checked options
---@param where string for messages
---@param make_plan fun(query: { [1]: string, [2]: string }[], mark: table?): table   the plan for these filters, of at most `o.limit` rows
---@param reader_options? table
---@return apify.Iterator, nil, nil, apify.Iterator
function resource.iterate(self, operation, o, where, make_plan, reader_options)
  local path, last = self.path .. operation.path, last_of(self.mount)
  local place = o.bookmark and bookmark.resume(o, {
    path = path, given = own_query(self, operation, o), where = where, kind = reader_options and reader_options.mark_kind,
    last = last, suffix = last and self.path:sub(#self.mount.run_path + 1) .. operation.path,
  }) or { path = path }
  o.desc = o.desc or nil                                 -- false is what the API does anyway
  o.limit = o.limit or place.limit_left
  local query = place.query or own_query(self, operation, o)
  local all = {
    settings = self.settings, path = place.path, query = query, plan = make_plan(query, place.mark),
    nulls = o.nulls, pick = o.pick, deadline = o.deadline, request_timeout = o.request_timeout,
    follow = o.follow, poll_secs = o.poll_secs, last = last, before = place.delivered,
  }
  if place.path == path then
    all.resolve = resource.resolver(self, function(resolved) return resolved.path .. operation.path end)
  end
  local it = iterator.new(tables.merge(all, reader_options))
  return it, nil, nil, it
end

return resource
