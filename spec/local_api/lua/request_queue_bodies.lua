--- The bodies of queue requests: checked, and kept as the JSON text that came, so that nothing of it is lost.
local cjson = require("cjson.safe").new()
local clock = require "clock"
local errors = require "errors"
local ffi = require "ffi"
local json_tree = require "json_tree"

local request_bodies = {}

cjson.decode_invalid_numbers(false)

ffi.cdef "unsigned char *SHA256(const unsigned char *bytes, size_t length, unsigned char *digest);"

local DIGEST_BYTES = 32
local ID_LENGTH = 15
local MAX_BATCH = 25
local METHODS = {
  GET = true, HEAD = true, POST = true, PUT = true, DELETE = true, CONNECT = true, OPTIONS = true, TRACE = true,
  PATCH = true,
}

local function load_crypto()            -- inside nginx already, or else a library of its own
  local is_linked = pcall(function() return ffi.C.SHA256 end)
  return is_linked and ffi.C or ffi.load("crypto")
end

local crypto = load_crypto()
local digest = ffi.new("unsigned char[?]", DIGEST_BYTES)

--- The id that a request has by its unique key, as the service makes it.
---@param unique_key string
---@return string
function request_bodies.id(unique_key)
  crypto.SHA256(unique_key, #unique_key, digest)
  return (ngx.encode_base64(ffi.string(digest, DIGEST_BYTES)):gsub("[+/=]", ""):sub(1, ID_LENGTH))
end

local function refuse(reason)
  error(errors.invalid_body(reason), 0)
end

local function decode(text, what)
  local value = cjson.decode(text)
  if type(value) ~= "table" or text:match("^%s*(.)") ~= (what == "array" and "[" or "{") then
    refuse("The request body must be a JSON " .. what .. ".")
  end
  return value
end

-- The unique key of a request that has none of its own: its URL without what does not matter.
local function normalized(url)
  local scheme, host, rest = url:match("^%s*([%w+.-]+://)([^/?#%s]*)([^#%s]*)")
  if not scheme then return url end
  return scheme:lower() .. host:lower() .. rest:gsub("/$", "")
end

local function check_texts(given)
  if type(given.url) ~= "string" or given.url == "" then refuse("Each request needs a 'url'.") end
  if given.uniqueKey ~= nil and (type(given.uniqueKey) ~= "string" or given.uniqueKey == "") then
    refuse("The 'uniqueKey' of a request must be a text that is not empty.")
  end
  if given.method ~= nil and not METHODS[given.method] then refuse("The 'method' of a request must be an HTTP method.") end
end

local function check_others(given)
  local retries, handled = given.retryCount, given.handledAt
  if retries ~= nil and (type(retries) ~= "number" or retries < 0 or retries % 1 ~= 0) then
    refuse("The 'retryCount' of a request must be a whole number.")
  end
  if handled ~= nil and handled ~= cjson.null and not (type(handled) == "string" and clock.parse(handled)) then
    refuse("The 'handledAt' of a request must be a date and time.")
  end
  if given.userData ~= nil and type(given.userData) ~= "table" then refuse("The 'userData' of a request must be an object.") end
end

-- The text with the members that the service adds when they are absent.
local function completed(text, given, entry)
  local added = {}
  if given.id == nil then added[#added + 1] = '"id":"' .. entry.id .. '"' end
  if given.uniqueKey == nil then added[#added + 1] = '"uniqueKey":' .. cjson.encode(entry.unique_key) end
  if given.method == nil then added[#added + 1] = '"method":"GET"' end
  if given.retryCount == nil then added[#added + 1] = '"retryCount":0' end
  if #added == 0 then return text end
  return "{" .. table.concat(added, ",") .. "," .. text:match("^%s*{(.*)$")
end

local function new_entry(text, given)
  check_texts(given)
  check_others(given)
  local unique_key = given.uniqueKey or normalized(given.url)
  local entry = {
    id = request_bodies.id(unique_key), unique_key = unique_key, url = given.url, method = given.method or "GET",
    retry_count = given.retryCount or 0, is_handled = type(given.handledAt) == "string",
  }
  entry.text = completed(text, given, entry)
  return entry
end

local function new_request(text, given)
  if type(given) ~= "table" then refuse("Each request must be an object.") end
  if given.id ~= nil then refuse("A request that is added must not have an 'id'.") end
  return new_entry(text, given)
end

--- The request that a body adds.
---@param text string
---@return local_api.QueueEntry
function request_bodies.added(text)
  return new_request(text, decode(text, "object"))
end

--- What a body makes of the request of that id.
---@param text string
---@param id string
---@return local_api.QueueEntry
function request_bodies.updated(text, id)
  local given = decode(text, "object")
  if given.id ~= nil and given.id ~= id then
    error(errors.new(400, "request-id-invalid", "The 'id' of the request differs from the one in the URL."), 0)
  end
  local entry = new_entry(text, given)
  if entry.id ~= id then
    error(errors.new(400, "request-id-invalid", "The id of a request must be the one that belongs to its 'uniqueKey'."), 0)
  end
  return entry
end

local function decode_batch(text)
  local given = decode(text, "array")
  if #given > MAX_BATCH then refuse("A batch may have at most " .. MAX_BATCH .. " requests.") end
  for _, item in ipairs(given) do
    if type(item) ~= "table" then refuse("Each request must be an object.") end
  end
  return given
end

local function check_unique(entries)
  local seen = {}
  for _, entry in ipairs(entries) do
    if seen[entry.unique_key] then
      error(errors.new(400, "request-queue-duplicate-requests", "The batch has several requests with the same 'uniqueKey'."), 0)
    end
    seen[entry.unique_key] = true
  end
end

--- The requests that a batch adds, at most 25.
---@param text string
---@return local_api.QueueEntry[]
function request_bodies.batch(text)
  local given, texts, entries = decode_batch(text), json_tree.elements(text), {}
  for i, item in ipairs(given) do entries[i] = new_request(texts[i], item) end
  check_unique(entries)
  return entries
end

--- What a batch deletes: ids, with the unique keys that were given instead.
---@param text string
---@return {id: string, unique_key: string?, has_id: boolean}[]
function request_bodies.deletions(text)
  local wanted = {}
  for i, item in ipairs(decode_batch(text)) do
    local id, unique_key = item.id, item.uniqueKey
    if type(id or unique_key) ~= "string" then refuse("Each request needs an 'id' or a 'uniqueKey'.") end
    wanted[i] = { id = id or request_bodies.id(unique_key), unique_key = unique_key, has_id = id ~= nil }
  end
  return wanted
end

return request_bodies
