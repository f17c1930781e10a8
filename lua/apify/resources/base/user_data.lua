--- The user's own JSON and bytes in answers, which may be anything: values, pages of items, records, and how their nulls are read.
---
--- Readers are as request.run wants them: a value | nil, message, name, offset, is_stray.
local answers = require "apify.http.answers"
local core = require "apify.core"
local errors = require "apify.util.errors"
local json = require "apify.util.json"
local names = require "apify.util.names"

local user_data = {}

--- How nulls of the user's own data are read.
---@param settings apify.Settings
---@param o { nulls?: "omit"|"keep" }
---@return "omit"|"keep"
function user_data.nulls(settings, o)
  return o.nulls or settings.nulls or "keep"
end

--- The fields of a request for the user's data.
---@param settings apify.Settings
---@param o { nulls?: "omit"|"keep" }
---@return { nulls: "omit"|"keep", is_user_data: true }
function user_data.fields(settings, o)
  return { nulls = user_data.nulls(settings, o), is_user_data = true }
end

--- The options of an iterator over the user's items; misuse of `pick` where a codec of the user's builds them.
---@param settings apify.Settings
---@param o { nulls?: "omit"|"keep", pick?: string[] }
---@param where string for messages
---@return { nulls: "omit"|"keep", decoder?: userdata, decode_row?: function }
function user_data.row_options(settings, o, where)
  if settings.json and o.pick then
    errors.misuse("bad option 'pick' of %s: a table (a codec of one's own, given as json, builds whole items)", where)
  end
  local nulls = user_data.nulls(settings, o)
  local decode_row = settings.json and function(text) return json.decode(settings, text, nulls) end
  return { nulls = nulls, decoder = json.row_decoder(settings), decode_row = decode_row or nil }
end

--- The JSON value of an answer, built by the user's own codec if there is one.
local function read_json(settings, call, nulls)
  return answers.json(call, settings.json and function()
    local text, message, name, offset = call.xfer:text()
    if not text then return nil, message, name, offset end
    local value
    value, message = json.decode(settings, text, nulls)
    if value == nil then return nil, message, "decode" end
    return value
  end)
end

--- The reader of any answer: JSON is decoded, all else is text; true when there is nothing.
---@param call apify.Call
function user_data.any(call)
  if call.method == "HEAD" or call.xfer:is_empty() then return true end
  if json.is_json_type(call.xfer:header "content-type") then return answers.json(call) end
  return call.xfer:text()
end

--- The reader of a JSON value.
---@param settings apify.Settings
---@param o { nulls?: "omit"|"keep" }
function user_data.value(settings, o)
  local nulls = user_data.nulls(settings, o)
  return function(call) return read_json(settings, call, nulls) end
end

local function header_number(call, name)
  return tonumber(call.xfer:header("x-apify-pagination-" .. name))
end

--- Is this a list? An empty one is marked by our core, but not by every codec.
local function is_list(settings, items)
  if type(items) ~= "table" then return false end
  return #items > 0 or next(items) == nil and (settings.json ~= nil or getmetatable(items) == core.array_mt)
end

--- The reader of a page of items: a list of them and the headers beside it.
---@param settings apify.Settings
---@param o { nulls?: "omit"|"keep" }
function user_data.page(settings, o)
  local nulls = user_data.nulls(settings, o)
  return function(call)
    local items, message, name, offset, is_stray = read_json(settings, call, nulls)
    if message then return nil, message, name, offset, is_stray end
    if not is_list(settings, items) then return nil, "the answer is not a list of items", "decode", 0 end
    local desc = call.xfer:header "x-apify-pagination-desc"
    return names.page {
      items = items, total = header_number(call, "total"), offset = header_number(call, "offset"),
      limit = header_number(call, "limit"), count = header_number(call, "count") or #items, desc = desc == "true" or desc == "1",
    }
  end
end

---@class apify.Record
---@field key string
---@field value any a table or other JSON value for JSON; else a string
---@field content_type? string

--- The reader of a record: the value of JSON (nil of none), unless it is wanted `raw`; of all else the bytes.
---@param settings apify.Settings
---@param o { nulls?: "omit"|"keep", raw?: boolean }
---@param key string
---@param may_be_missing? boolean an empty answer says that there is no record
function user_data.record(settings, o, key, may_be_missing)
  local nulls, read_text = user_data.nulls(settings, o), answers.text(may_be_missing and "any" or "record")
  return function(call)
    local content_type = call.xfer:header "content-type"
    local is_json = json.is_json_type(content_type)
    if may_be_missing and call.xfer:is_empty() and (is_json or call.xfer:status() == 204) then return { key = key, content_type = content_type } end
    local value, message, name, offset, is_stray
    if is_json and (not o.raw or call.xfer:is_empty()) then
      value, message, name, offset, is_stray = read_json(settings, call, nulls)
    else
      value, message, name, offset, is_stray = read_text(call)
    end
    if message then return nil, message, name, offset, is_stray end
    return { key = key, value = value, content_type = content_type }
  end
end

return user_data
