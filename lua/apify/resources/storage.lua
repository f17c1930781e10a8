--- What datasets, key-value stores and request queues share: the storage object itself.
local codec = require "apify.codec"
local core = require "apify.core"
local errors = require "apify.errors"
local resource = require "apify.resource"

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
  return assert(core.encode(fields, { sort_keys = true }))
end

storage.JSON_HEADERS = { "Content-Type: application/json; charset=utf-8" }

--- Add get, update and delete to a class. `noun` is its name in messages, `rows` its operations.
---@param class table
---@param noun string such as "dataset"
---@param rows table<string, apify.OperationRow>
function storage.add_methods(class, noun, rows)
  --- The storage object; nil and an error with `not_found` when there is none.
  ---@param opts? { request_timeout?: number }
  function class:get(opts)
    resource.check_self(class, self, "get")
    return resource.call(self, rows.get, rows.get.check(opts, noun .. ":get"))
  end

  --- Change its `name` (false: none any more), `title` or `general_access`; returns the storage object.
  ---@param opts { name?: string|false, title?: string|false, general_access?: string, request_timeout?: number }
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

--- The user's own JSON out of an answer: the value, or nil, message, name, offset.
---@param settings apify.Settings
---@param ex apify.Exchange
---@param nulls "omit"|"keep"
function storage.read_json(settings, ex, nulls)
  if not settings.json then return ex.xfer:value(ex.call.decoder) end
  local text, message, name, offset = ex.xfer:text()
  if not text then return nil, message, name, offset end
  local value
  value, message = codec.decode(settings, text, nulls)
  if value == nil then return nil, message, "decode" end
  return value
end

return storage
