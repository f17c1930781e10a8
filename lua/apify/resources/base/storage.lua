--- What datasets, key-value stores and request queues share: the storage object itself.
local answers = require "apify.http.answers"
local json = require "apify.util.json"
local core = require "apify.core"
local errors = require "apify.util.errors"
local resource = require "apify.resources.base.resource"

local storage = {}

--- The fields of an update as the API wants them; `false` stands for null.
local FIELDS = { general_access = "generalAccess", name = "name", title = "title" }

local function update_body(o, where)
  local fields = {}
  for option, field in pairs(FIELDS) do
    local value = o[option]
    if value == false then value = core.null end
    fields[field] = value
  end
  if next(fields) == nil then errors.misuse("%s needs one of the options general_access, name, title", where) end
  return storage.json_body(fields, where)
end

--- The JSON of an object that is made of options; misuse where they are not UTF-8.
---@param fields table
---@param where string for messages
---@return string
function storage.json_body(fields, where)
  local text, why = core.encode(fields, { sort_keys = true })
  if not text then errors.misuse("bad options of %s: %s", where, why) end
  return text
end

--- Complain about an option that cannot be the value of a header.
---@param option string
---@param value string
---@param where string for messages
function storage.check_header(option, value, where)
  if value:find "%S" and not value:find "[^\32-\126]" then return end
  errors.misuse("bad option '%s' of %s: %s (a header has printable ASCII)", option, where, errors.show(value))
end

storage.JSON_HEADERS = { "Content-Type: application/json; charset=utf-8" }

--- Add get, update and delete to a class. `noun` is its name in messages, `rows` its operations.
---@param class table
---@param noun string such as "dataset"
---@param rows table<string, apify.OperationRow>
function storage.add_methods(class, noun, rows)
  --- The storage object; nil and an error with `not_found` when there is none.
  ---@param opts? { nulls?: "omit"|"keep", request_timeout?: number }
  function class:get(opts)
    resource.check_self(class, self, "get")
    return resource.call(self, rows.get, rows.get.check(opts, noun .. ":get"))
  end

  --- Change its `name` (false: none any more), `title` or `general_access`; returns the storage object.
  ---@param opts { name?: string|false, title?: string|false, general_access?: string, nulls?: "omit"|"keep", request_timeout?: number }
  function class:update(opts)
    resource.check_self(class, self, "update")
    local where = noun .. ":update"
    local o = rows.update.check(opts, where)
    return resource.call(self, rows.update, o, nil, { body = update_body(o, where), headers = storage.JSON_HEADERS })
  end

  --- Delete it with all that it holds.
  ---@param opts? { request_timeout?: number }
  function class:delete(opts)
    resource.check_self(class, self, "delete")
    return resource.perform(self, rows.delete, rows.delete.check(opts, noun .. ":delete"))
  end
end

--- How nulls of the user's own data are read.
---@param settings apify.Settings
---@param o { nulls?: "omit"|"keep" }
---@return "omit"|"keep"
function storage.nulls(settings, o)
  return o.nulls or settings.nulls or "keep"
end

--- The user's own JSON out of an answer: the value, or nil, message, name, offset, is_stray.
---@param settings apify.Settings
---@param call apify.Call
---@param nulls "omit"|"keep"
function storage.read_json(settings, call, nulls)
  return answers.json(call, settings.json and function()
    local text, message, name, offset = call.xfer:text()
    if not text then return nil, message, name, offset end
    local value
    value, message = json.decode(settings, text, nulls)
    if value == nil then return nil, message, "decode" end
    return value
  end)
end

--- What makes rows of the texts that the codec's own decoder gives; nil when the core decodes rows itself.
---@param settings apify.Settings
---@param nulls "omit"|"keep"
function storage.row_codec(settings, nulls)
  if not settings.json then return nil end
  return function(text) return json.decode(settings, text, nulls) end
end

--- Complain about `pick` where a codec of the user's builds the items.
---@param settings apify.Settings
---@param o { pick?: string[] }
---@param where string for messages
function storage.check_pick(settings, o, where)
  if not (settings.json and o.pick) then return end
  errors.misuse("bad option 'pick' of %s: a table (a codec of one's own, given as json, builds whole items)", where)
end

local function header_number(call, name)
  return tonumber(call.xfer:header("x-apify-pagination-" .. name))
end

--- Is this a list? An empty one is marked by our core, but not by every codec.
local function is_list(settings, items)
  if type(items) ~= "table" then return false end
  return #items > 0 or next(items) == nil and (settings.json ~= nil or getmetatable(items) == core.array_mt)
end

--- What reads a page of items from a list of them and the headers beside it.
---@param settings apify.Settings
---@param nulls "omit"|"keep"
function storage.read_items(settings, nulls)
  return function(call)
    local items, message, name, offset, is_stray = storage.read_json(settings, call, nulls)
    if message then return nil, message, name, offset, is_stray end
    if not is_list(settings, items) then return nil, "the answer is not a list of items", "decode", 0 end
    local desc = call.xfer:header "x-apify-pagination-desc"
    return {
      items = items, total = header_number(call, "total"), offset = header_number(call, "offset"),
      limit = header_number(call, "limit"), count = header_number(call, "count") or #items, desc = desc == "true" or desc == "1",
    }
  end
end

--- What reads a record: the value of JSON (nil of none), unless it is wanted `raw`; of all else the bytes.
---@param settings apify.Settings
---@param key string
---@param raw? boolean
---@param nulls "omit"|"keep"
---@param may_be_missing? boolean an empty answer says that there is no record
function storage.read_record(settings, key, raw, nulls, may_be_missing)
  local read_text = answers.text(may_be_missing and "any" or "record")
  return function(call)
    local content_type = call.xfer:header "content-type"
    local is_json = json.is_json_type(content_type)
    if may_be_missing and call.xfer:is_empty() and (is_json or call.xfer:status() == 204) then return { key = key, content_type = content_type } end
    local value, message, name, offset, is_stray
    if is_json and (not raw or call.xfer:is_empty()) then
      value, message, name, offset, is_stray = storage.read_json(settings, call, nulls)
    else
      value, message, name, offset, is_stray = read_text(call)
    end
    if message then return nil, message, name, offset, is_stray end
    return { key = key, value = value, content_type = content_type }
  end
end

return storage
