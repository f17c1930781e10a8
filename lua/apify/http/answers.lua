--- What makes an answer right: of each kind of the API's objects the members that it cannot be without, of an acknowledgement its
--- status, of bytes their type. An operation of operations.lua names what its answer is.
---
--- What comes instead may be another program's word, such as a proxy's page to sign in on: it is no answer, and an error of kind
--- "decode" that shows how it begins. Readers are as request.run wants them: a value | nil, message, name, offset, is_stray.
local json = require "apify.util.json"
local core = require "apify.core"
local errors = require "apify.util.errors"
local names = require "apify.util.names"
local retry = require "apify.http.retry"

local SHOWN = 300                        -- bytes of a foreign text that a message shows

---@class apify.Shape
---@field what string for messages
---@field members table<string, string> the type of each; "rows" is a list of objects
---@field is_list? boolean it is a list of objects itself
---@field is_bare? boolean it is the whole answer, not its data

---@type table<string, apify.Shape>
local SHAPES = {
  batch = { what = "the result of a batch", members = { processedRequests = "rows", unprocessedRequests = "rows" } },
  limits = { what = "the limits of an account", members = { limits = "table" } },
  env_var = { what = "an environment variable", members = { name = "string" } },
  build = { what = "a build", members = { id = "string", status = "string" } },
  definition = { what = "an OpenAPI definition", members = { openapi = "string" }, is_bare = true },
  lock = { what = "a lock", members = { lockExpiresAt = "string" } },
  object = { what = "an object of the API", members = { id = "string" } },
  page = { what = "a page", members = { items = "rows" } },
  registration = { what = "the registration of a request", members = { requestId = "string" } },
  request = { what = "a request", members = { id = "string" } },
  run = { what = "a run", members = { id = "string", status = "string" } },
  schedule_log = { what = "the log of a schedule", members = {}, is_list = true },
  statistics = { what = "statistics", members = {} },
  unlocked = { what = "the number of locks given back", members = { unlockedCount = "number" } },
  usage = { what = "the usage of a month", members = { dailyServiceUsages = "rows" } },
  user = { what = "a user", members = { username = "string" } },
  verdict = { what = "a verdict on an input", members = { valid = "boolean" }, is_bare = true },
  version = { what = "a version of an Actor", members = { versionNumber = "string" } },
}

--- What the API gives for a change that it has made.
local ACKNOWLEDGED = { [200] = true, [201] = true, [204] = true }

--- Successes that do not bring what was asked for.
local BARE = { [202] = true, [204] = true, [205] = true }

--- Bytes that are never none.
local NEVER_EMPTY = { html = true, json = true, rss = true, xlsx = true, xml = true, zip = true }

--- Types of bytes, as patterns. Items as HTML are a page like any other.
local MEDIA = {
  any = { "" },
  csv = { "^text/csv$" },
  html = { "^text/html$" },
  json = { "json" },
  jsonl = { "json" },
  log = { "^text/plain$" },
  rss = { "^application/rss%+xml$", "^application/xml$", "^text/xml$" },
  xlsx = { "spreadsheet", "octet%-stream" },
  xml = { "^application/xml$", "^text/xml$" },
  zip = { "zip", "octet%-stream" },
}

local answers = {}

--- The answer's media type, such as "text/html"; "" when it does not say.
local function media_type(call)
  return json.media_type(call.xfer:header "content-type")
end

--- The failure of an answer that is another program's, or a part of it: what it says of itself, and how it begins.
---@param call apify.Call
---@param text? string its first bytes
---@return nil
---@return string message
---@return string name
---@return integer offset
---@return true is_stray
function answers.stray(call, text)
  local kind = media_type(call)
  local message = ("status %d with %s is not the API's answer"):format(call.xfer:status(), kind == "" and "no type" or errors.escape(kind, 100))
  if text and text ~= "" then message = message .. ": " .. call.settings:conceal(text):sub(1, SHOWN) end
  return nil, message, "decode", 0, true
end

--- The failure of an answer without a body where something is promised.
local function nothing()
  return nil, "the answer is empty", "decode", 0, true
end

local function is_object(value)
  return type(value) == "table" and value[1] == nil and getmetatable(value) ~= core.array_mt
end

local function is_list(value)
  return type(value) == "table" and (value[1] ~= nil or getmetatable(value) == core.array_mt)
end

--- Why a value is no list of objects, or nil.
local function fault_of_rows(rows)
  if not is_list(rows) then return "is not a list" end
  for i, row in ipairs(rows) do
    if not is_object(row) then return ("has no object at place %d"):format(i) end
  end
end

local function fault_of_member(value, kind)
  if kind == "rows" then return fault_of_rows(value) end
  if type(value) ~= kind then return "is not a " .. kind end
end

--- Why a value has not the shape, or nil.
local function fault_of(value, shape)
  if shape.is_list then
    local fault = fault_of_rows(value)
    return fault and ("the answer is not %s: its data %s"):format(shape.what, fault)
  end
  if not is_object(value) then
    return ("the answer is not %s: it %s"):format(shape.what, shape.is_bare and "is no object" or "has no object in data")
  end
  for name, kind in pairs(shape.members) do
    local fault = fault_of_member(value[name], kind)
    if fault then return ("the answer is not %s: its %s %s"):format(shape.what, name, fault) end
  end
end

--- The JSON value of an answer.
---@param call apify.Call
---@param read? fun(): any   what decodes it, as `transfer:value` does
function answers.json(call, read)
  if call.xfer:status() == 204 or call.xfer:is_empty() then return nothing() end
  local value, message, name, offset
  if read then value, message, name, offset = read() else value, message, name, offset = call.xfer:value(call.decoder) end
  if not message then return value end
  if name == "decode" and not call.xfer:failure() and not json.is_json_type(media_type(call)) then return answers.stray(call, call.xfer:text()) end
  return nil, message, name, offset
end

local function reader(shape)
  return function(call)
    if call.method == "PUT" and call.xfer:status() == 204 then return true end           -- it is done, and that is all
    local body, message, name, offset, is_stray = answers.json(call)
    if message then return nil, message, name, offset, is_stray end
    local value = shape.is_bare and body or type(body) == "table" and body.data
    local fault = fault_of(value, shape)
    if fault then return nil, fault, "decode", 0 end
    return shape.members.items and names.page(value) or value
  end
end

local readers = {}
for name, shape in pairs(SHAPES) do readers[name] = reader(shape) end

--- The reader of the API's objects of a shape.
---@param shape string a name of SHAPES
---@return fun(call: apify.Call): table?, string?, string?, integer?, boolean?
function answers.reader(shape)
  return (assert(readers[shape], shape))
end

--- The reader of an answer that says nothing beyond its status and its type: true. What became of its body is no matter.
---@param call apify.Call
function answers.acknowledgement(call)
  local xfer = call.xfer
  local is_known = ACKNOWLEDGED[xfer:status()]
  local is_bare = xfer:status() == 204 or call.method == "HEAD" or xfer:is_empty() and not xfer:failure()
  if is_known and (is_bare or json.is_json_type(xfer:header "content-type")) then return true end
  return answers.stray(call, xfer:phase() == "done" and xfer:text() or nil)
end

--- A member of the API's error as text, whatever it is; nil of nothing.
local function text_of(value)
  if value == nil or value == core.null then return nil end
  if type(value) == "table" then return (core.encode(value, { sort_keys = true })) end
  return tostring(value)
end

--- What the API says, and what it cannot know of who asks without a token.
local function message_of(call, status, told, text)
  local message = text_of(told.message) or ("HTTP status " .. status .. (text ~= "" and ": " .. text:sub(1, SHOWN) or ""))
  local is_anonymous = status == 401 and call.is_home and not call.settings.secret
  return is_anonymous and message .. " - no token was sent: set APIFY_TOKEN, or give apify.new a token" or message
end

--- The error of an answer that is not a success, as the API tells it.
---@param call apify.Call
---@param status integer
---@return apify.Error
function answers.error(call, status)
  local xfer = call.xfer
  local text = call.settings:conceal(xfer:text() or "")
  local body = core.decode(text)
  local told = type(body) == "table" and type(body.error) == "table" and body.error or {}
  return call:describe {
    kind = "api", status = status, type = call.settings:conceal(text_of(told.type)), data = call.settings:conceal(told.data),
    message = message_of(call, status, told, text),
    sent = true, request_id = call.settings:conceal(xfer:header "x-apify-request-id" or xfer:header "x-request-id"),
    retry_after = retry.after(xfer:header "retry-after", core.time()),
  }
end

--- A page of HTML that no record is: of what it keeps, the API gives everything as an attachment when asked to.
local function is_no_record(call)
  return call.is_home and media_type(call) == "text/html" and not call.xfer:header "content-disposition"
end

--- Is the answer of another type than the bytes that were asked for?
---@param call apify.Call
---@param media string a name of MEDIA, or "record"
---@return boolean
function answers.is_stray(call, media)
  if BARE[call.xfer:status()] then return true end
  if media == "record" then return is_no_record(call) end
  local kind = media_type(call)
  if kind == "" then return false end
  for _, pattern in ipairs(MEDIA[media]) do
    if kind:find(pattern) then return false end
  end
  return true
end

--- Is an answer of no bytes at all not what was asked for?
---@param media? string
---@return boolean
function answers.is_never_empty(media)
  return NEVER_EMPTY[media] == true
end

--- The reader of bytes as one text.
---@param media string
---@return fun(call: apify.Call): string?, string?, string?, integer?, boolean?
function answers.text(media)
  return function(call)
    if answers.is_stray(call, media) then return answers.stray(call, call.xfer:text()) end
    return call.xfer:text()
  end
end

return answers
