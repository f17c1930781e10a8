--- Endpoints that have no method of their own: client:request and client:iterate.
local bookmark = require "apify.paging.bookmark"
local collection = require "apify.resources.base.collection"
local core = require "apify.core"
local errors = require "apify.util.errors"
local headers = require "apify.http.headers"
local input = require "apify.util.input"
local iterate = require("apify.resources.base.operations").custom.iterate
local options = require "apify.util.options"
local request = require "apify.http.request"
local resource = require "apify.resources.base.resource"
local job_status = require "apify.resources.base.job_status"
local user_data = require "apify.resources.base.user_data"

local custom = {}

---@class apify.RequestOptions : apify.ObjectOptions
---@field method? "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE" GET when absent
---@field path string such as "/users/me", with or without /v2 before it
---@field query? table<string, string|number|boolean|any[]>
---@field headers? table<string, string>
---@field body? string|table a table is sent as JSON
---@field request_timeout? number seconds; beside `waitForFinish` of the query, when absent
---@field stall_timeout? number seconds of silence; when absent, long enough for `waitForFinish` of the query

local check_request = options.spec {
  body = options.either(options.string(), options.table),
  headers = options.table,
  method = options.enum { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE" },
  nulls = options.enum { "omit", "keep" },
  path = options.string { nonempty = true },
  query = options.table,
  request_timeout = options.positive_secs,
  stall_timeout = options.positive_secs,
}

---@class apify.IterateOptions : apify.CollectionIterateOptions
---@field path string
---@field query? table<string, string|number|boolean|any[]>

--- A path below the base; misuse when it could lead elsewhere than it says.
local function check_path(path, where)
  if path == nil then errors.misuse("missing option 'path' of %s", where) end
  local function refuse(why) errors.misuse("bad option 'path' of %s: %s (%s)", where, errors.show(path), why) end
  if path:sub(1, 1) ~= "/" then refuse "it begins with /" end
  if path:find "[%c ?#\\\127-\255]" then refuse "percent-encode what is not plain, and give the query as a table" end
  for segment in path:gmatch "/([^/]*)" do
    local plain = segment:gsub("%%2[eE]", ".")
    if plain == "" or plain == "." or plain == ".." then refuse "no segment is empty, . or .." end
  end
  return (path:gsub("^/v2/", "/"))
end

local function bad_value(name, what, where)
  errors.misuse("bad option 'query' of %s: %s is %s (expected a string, a number, a boolean or a list of them)", where, errors.show(name), what)
end

local function value_text(name, value, where)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "boolean" then return value and "1" or "0" end
  if kind == "number" and value == value and value ~= math.huge and value ~= -math.huge then
    return options.text(value)
  end
  bad_value(name, errors.show(value), where)
end

--- The parameters of a query table, by name, so that the same call sends the same URL.
local function query_list(query, where)
  local list = {}
  for name, value in pairs(query or {}) do
    if type(name) ~= "string" then errors.misuse("bad option 'query' of %s: %s is not a name", where, errors.show(name)) end
    if type(value) == "table" then
      local texts, fault = {}, input.list_fault(value)
      if fault then bad_value(name, fault, where) end
      for i, item in ipairs(value) do texts[i] = value_text(name, item, where) end
      list[#list + 1] = { name, table.concat(texts, ",") }
    else
      list[#list + 1] = { name, value_text(name, value, where) }
    end
  end
  table.sort(list, function(a, b) return a[1] < b[1] end)
  return list
end

--- The body to send: JSON of a table.
local function encode_body(body, lines, where)
  if type(body) ~= "table" then return body end
  local text, why = core.encode(body)
  if not text then errors.misuse("bad option 'body' of %s: %s", where, why) end
  if not headers.has(lines, "content-type") then lines[#lines + 1] = "Content-Type: application/json" end
  return text
end

--- What is inside `data`, where that is all there is: so the API wraps its own objects, and a record may look otherwise.
local function unwrap(body)
  if type(body) ~= "table" or body.data == nil or next(body, next(body)) ~= nil then return body end
  return body.data
end

--- The limits of time: the API holds its answer for up to `waitForFinish` seconds.
local function limits(settings, o)
  local held = math.max(0, tonumber((o.query or {}).waitForFinish) or 0)
  local found = job_status.limits(settings, held, o.request_timeout)
  local hold_timeout = found.hold_timeout and not o.stall_timeout and math.max(settings.stall_timeout, found.hold_timeout) or nil
  return found.request_timeout, hold_timeout
end

--- Ask any endpoint, as Client:request says.
---@param settings apify.Settings
---@param opts apify.RequestOptions
---@return any body
---@return any meta_or_err
function custom.request(settings, opts)
  local where = "client:request"
  local o = check_request(opts, where)
  local path = check_path(o.path, where)
  local lines = headers.lines(o.headers, where)
  local body = encode_body(o.body, lines, where)
  local request_timeout, hold_timeout = limits(settings, o)
  local value, meta = request.run_meta(settings, {
    method = o.method, path = path, query = query_list(o.query, where), headers = lines, body = body,
    nulls = o.nulls, request_timeout = request_timeout, stall_timeout = o.stall_timeout, hold_timeout = hold_timeout,
  }, user_data.any)
  if value == nil then return nil, meta end
  return unwrap(value), meta
end

local LIST = { metatable = {} }           -- no class of handles: users do not see the list itself

local function is_filtered(query)
  return #query > (bookmark.find(query, "desc") and 1 or 0)
end

--- The rows of any list by offsets, as Client:iterate says.
---@param settings apify.Settings
---@param opts apify.IterateOptions
---@return apify.Iterator, nil, nil, apify.Iterator
function custom.iterate(settings, opts)
  local where = "client:iterate"
  local o = iterate.check(opts, where)
  local list, given = resource.new(LIST, settings, check_path(o.path, where)), query_list(o.query, where)
  for _, pair in ipairs(given) do
    if pair[1] == "offset" or pair[1] == "limit" or pair[1] == "desc" then
      errors.misuse("bad option 'query' of %s: %s is an option of its own", where, errors.show(pair[1]))
    end
  end
  local function query(options_given)
    local all = iterate.query(options_given)
    for i, pair in ipairs(given) do table.insert(all, i, pair) end
    return all
  end
  return collection.walk(list, { path = "", query = query }, o, where, is_filtered)
end

return custom
