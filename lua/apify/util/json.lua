--- JSON of the user's own data: items, records, queue requests, input. By our core, or by the codec that the client was given.
local core = require "apify.core"
local errors = require "apify.util.errors"
local tables = require "apify.util.tables"

local json = {}

--- Does not depend on settings, and remembers nothing of what it read.
local raw_decoder

--- The marks of others that are in this Lua state, and the options of core.encode that were made of them.
local known = {}

--- Put what the lua-cjson that is loaded, if it is, marks arrays with into the options.
local function add_cjson(options, cjson)
  if type(cjson) ~= "table" then return end
  table.insert(options.array_mts, cjson.array_mt)
  table.insert(options.array_mts, cjson.empty_array_mt)
  table.insert(options.empty_arrays, cjson.empty_array)
end

--- The options of core.encode, made anew when lua-cjson was loaded meanwhile; nil when there are no foreign marks.
local function encode_options()
  local cjson, safe, vim = package.loaded.cjson, package.loaded["cjson.safe"], rawget(_G, "vim")
  if cjson == known.cjson and safe == known.safe and vim == known.vim then return known.options end
  local options = { array_mts = {}, empty_arrays = {}, nulls = {} }
  add_cjson(options, cjson)
  add_cjson(options, safe)
  if type(vim) == "table" then table.insert(options.nulls, vim.NIL) end
  local has_marks = #options.array_mts + #options.empty_arrays + #options.nulls > 0
  known = { cjson = cjson, safe = safe, vim = vim, options = has_marks and options or nil }
  return known.options
end

--- What a foreign codec's decode returned. It may say nil for JSON's null; then it gives no reason.
local function take_decoded(ok, value, second, third)
  if not ok then return nil, errors.text(value), "decode" end
  if value ~= nil then return value end
  local reason = type(second) == "string" and second or third
  if reason == nil then return core.null end
  return nil, tostring(reason), "decode"
end

--- The table; of one that says itself, by `__pairs`, what is in it, a plain one of that.
---@param t table
---@return table
function json.plain(t)
  local mt = getmetatable(t)
  local iterate = type(mt) == "table" and rawget(mt, "__pairs")
  if not iterate then return t end
  local copy = {}
  for key, value in iterate(t) do copy[key] = value end
  return copy
end

--- The value with plain tables for those inside that have a `__pairs`, which not every codec asks: the value itself where there are none.
--- `made` is what came of the tables seen so far; false as long as it is not known.
local function plain_inside(value, made)
  if type(value) ~= "table" then return value end
  if made[value] ~= nil then
    if made[value] or json.plain(value) == value then return made[value] or value end
    error("a table that contains itself cannot be JSON", 0)
  end
  made[value] = false
  local plain = json.plain(value)
  local copy = plain
  for key, member in next, plain do
    local inside = plain_inside(member, made)
    if copy == value and inside ~= member then
      local mt = getmetatable(value)
      copy = {}
      for name, each in next, value do copy[name] = each end
      if type(mt) == "table" then setmetatable(copy, mt) end              -- it may be a mark of the codec's
    end
    if inside ~= member then copy[key] = inside end
  end
  made[value] = copy
  return copy
end

--- A value of the user's as JSON text.
---@param settings apify.Settings
---@param value any
---@return string? text
---@return string? message
function json.encode(settings, value)
  local codec = settings.json
  if not codec then
    local text, message = core.encode(value, encode_options())
    return text, message
  end
  local ok, text, message = pcall(function() return codec.encode(plain_inside(value, {})) end)
  if ok and type(text) == "string" then return text end
  return nil, errors.text(not ok and text or message or "the json codec gave no text")
end

--- An object of the API's as JSON text, its names in order. It is our core's to write, whatever codec the user's own data has; the marks
--- of others are known all the same.
---@param object table
---@return string? text
---@return string? message
function json.encode_object(object)
  local text, message = core.encode(object, tables.merge({ sort_keys = true }, encode_options()))
  return text, message
end

--- The text without the byte order mark that it may begin with.
---@param text string
---@return string
function json.without_mark(text)
  return (text:gsub("^\239\187\191", ""))
end

--- The media type in the value of a Content-Type, such as "text/html"; "" of none.
---@param content_type? string
---@return string
function json.media_type(content_type)
  return ((content_type or ""):lower():match "^[^;]*":gsub("%s", ""))
end

--- Is what has this media type one JSON text?
---@param content_type? string
---@return boolean
function json.is_json_type(content_type)
  local plain = json.media_type(content_type)
  return plain:find "/json$" ~= nil or plain:find "%+json$" ~= nil
end

--- The value of a JSON text of the user's, which may begin with a byte order mark; nulls are kept unless `nulls`, or the client, says "omit".
---@param settings apify.Settings
---@param text string
---@param nulls? "omit"|"keep"
---@return any value
---@return string? message
---@return string? name of the failure
---@return integer? offset
function json.decode(settings, text, nulls)
  if settings.json then return take_decoded(pcall(settings.json.decode, json.without_mark(text))) end
  return core.decode(text, { nulls = nulls or settings.nulls or "keep" })
end

--- The decoder that gives each row as its JSON text.
---@return apify.core.Decoder
function json.raw_decoder()
  raw_decoder = raw_decoder or core.decoder { raw = true }
  return raw_decoder
end

--- The decoder with which rows have to be read as texts for `codec.decode`; nil when the core decodes them itself.
---@param settings apify.Settings
---@return apify.core.Decoder?
function json.row_decoder(settings)
  return settings.json and json.raw_decoder() or nil
end

return json
