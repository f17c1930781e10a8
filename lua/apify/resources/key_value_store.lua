--- A key-value store: records of any content type by key.
--- https://docs.apify.com/api/v2/key-value-store-get
local answers = require "apify.http.answers"
local json = require "apify.util.json"
local core = require "apify.core"
local collection = require "apify.resources.base.collection"
local errors = require "apify.util.errors"
local operations = require("apify.resources.base.operations").key_value_store
local record_key = require("apify.resources.base.operation").record_key
local request = require "apify.http.request"
local resource = require "apify.resources.base.resource"
local signature = require "apify.util.signature"
local download = require "apify.resources.base.download"
local bodies = require "apify.http.bodies"
local sink = require "apify.http.sink"
local drive = require "apify.http.drive"
local source = require "apify.http.source"
local storage = require "apify.resources.base.storage"
local upload = require "apify.http.upload"
local url = require "apify.util.url"
local user_data = require "apify.resources.base.user_data"

local TEXT_TYPE = "text/plain; charset=utf-8"
local BYTES_TYPE = "application/octet-stream"

--- Media types that are compressed already, so that doing it again is in vain.
local PACKED = { "^audio/", "^video/", "^image/", "^font/woff", "zip", "gzip", "compressed", "openxmlformats", "pdf" }

--- As text, whatever they hold.
local NOT_PACKED = { "^image/svg", "^image/bmp", "%+xml", "%+json" }

---@class apify.KeyValueStoreHandle : apify.Resource
local KeyValueStore = resource.define "KeyValueStore"

--- The store's own object; nil and an error with `not_found` when there is none.
---@param opts? apify.ObjectOptions
---@return apify.KeyValueStore? store
---@return apify.Error? err
function KeyValueStore:get(opts)
  return resource.perform(self, "get", operations.get, opts)
end

--- Change its `name` (false: none any more), `title` or `general_access`; returns it as it is then.
---@param opts apify.StorageUpdateOptions
---@return apify.KeyValueStore? store
---@return apify.Error? err
function KeyValueStore:update(opts)
  return resource.change(self, "update", operations.update, opts)
end

--- Delete it with all that it holds.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function KeyValueStore:delete(opts)
  return resource.perform(self, "delete", operations.delete, opts)
end

--- The checked options of a method that is about one key, the key as it stands in a URL, and the method's name for messages;
--- misuse when the API allows no such key.
local function check(method, key, opts)
  local where = "key_value_store:" .. method
  if not record_key.check(key) then errors.misuse("bad argument 1 of %s: %s (expected %s)", where, errors.show(key), record_key.expected) end
  return operations[method].check(opts, where), url.segment(key, "key"), where
end

---@class apify.KeysFilter
---@field collection? string of the store's schema
---@field prefix? string only keys that begin with it
---@field signature? string

---@class apify.ListKeysOptions : apify.KeysFilter, apify.ObjectOptions
---@field exclusive_start_key? string begin behind this key
---@field limit? integer 1 to 1000

--- One page of keys, as the API gives it: items, count, limit, isTruncated, nextExclusiveStartKey.
---@param opts? apify.ListKeysOptions
---@return apify.KeyPage? page
---@return apify.Error? err
function KeyValueStore:list_keys(opts)
  return resource.perform(self, "list_keys", operations.list_keys, opts)
end

---@class apify.IterateKeysOptions : apify.KeysFilter, apify.RowsOptions
---@field chunk_size? integer keys a page, 1 to 1000
---@field exclusive_start_key? string begin behind this key

--- Walk all keys: steps are { key, size, recordPublicUrl }.
---@param opts? apify.IterateKeysOptions
---@return (fun(): apify.KeyValueStoreKey?)|apify.Iterator, nil, nil, apify.Iterator
function KeyValueStore:iterate_keys(opts)
  local where = "key_value_store:iterate_keys"
  local o = operations.iterate_keys.check(opts, where)
  return collection.walk_cursors(self, operations.iterate_keys, o, where, {
    parameter = "exclusiveStartKey", next_field = "nextExclusiveStartKey", key_field = "key", cursor = o.exclusive_start_key,
  })
end

--- A record: { key, value, content_type }. JSON is decoded (`raw`: not), all else is a string; nil and an error with `not_found`
--- when there is none.
---@param key string
---@param opts? apify.ObjectOptions|{ raw?: boolean, signature?: string }
---@return apify.Record? record
---@return apify.Error? err
function KeyValueStore:get_record(key, opts)
  local o, segment = check("get_record", key, opts)
  local settings = self.settings
  o.attachment = true
  return resource.call(self, operations.get_record, o, segment, user_data.fields(settings, o), user_data.record(settings, o, key))
end

--- What a HEAD of a record tells. Of HTML it may be the page of some proxy: that is seen by GET alone.
---@return true|"unclear"|nil
local function read_head(call)
  if answers.is_stray(call, "record") then return "unclear" end
  return answers.acknowledgement(call)
end

--- Does the head of a GET tell that there is a record? true; or nil and an error.
local function has_answer(self, o, segment)
  o.attachment = true
  local bytes = download.stream(self, function(handle) return resource.request(handle, operations.download_record, o, segment) end)
  local info, err = bytes:info()
  bytes:close()
  return info and true, err
end

--- Is there a record of this key?
---@param key string
---@param opts? apify.TimeoutOptions
---@return boolean? exists
---@return apify.Error? err
function KeyValueStore:record_exists(key, opts)
  local o, segment = check("record_exists", key, opts)
  local ok, err = resource.call(self, operations.record_exists, o, segment, nil, read_head)
  if ok == "unclear" then ok, err = has_answer(self, o, segment) end
  if ok then return true end
  if err.not_found then return false end
  return nil, err
end

--- The bytes to store and their content type, as the official clients infer it.
local function encode_value(settings, value, content_type)
  if type(value) == "string" then
    return value, content_type or (core.is_utf8(value) and TEXT_TYPE or BYTES_TYPE)
  end
  if content_type and not json.is_json_type(content_type) then
    errors.misuse("bad argument 2 of key_value_store:set_record: %s (a record of the type %s has to be a string)", errors.show(value),
      errors.escape(content_type, 60))
  end
  local text, message = json.encode(settings, value)
  if not text then errors.misuse("bad argument 2 of key_value_store:set_record: %s", message) end
  return text, content_type or bodies.JSON_TYPE
end

local function is_packed(content_type)
  local plain = content_type:lower()
  for _, pattern in ipairs(NOT_PACKED) do
    if plain:find(pattern) then return false end
  end
  for _, pattern in ipairs(PACKED) do
    if plain:find(pattern) then return true end
  end
  return false
end

--- Store a record under the key. Tables, numbers, booleans and apify.null become JSON; strings are text, or bytes where they are
--- not UTF-8; `content_type` says otherwise. With `content_encoding`, such as "gzip", the value is a string that is encoded so.
---@param key string
---@param value any
---@param opts? apify.TimeoutOptions|{ content_encoding?: string, content_type?: string }
---@return true? ok
---@return apify.Error? err
function KeyValueStore:set_record(key, value, opts)
  local o, segment = check("set_record", key, opts)
  if value == nil then
    errors.misuse "bad argument 2 of key_value_store:set_record: nil (delete_record removes a record, apify.null is JSON's null)"
  end
  if o.content_encoding and type(value) ~= "string" then
    errors.misuse("bad argument 2 of key_value_store:set_record: %s (with content_encoding it is a string that is encoded so)", errors.show(value))
  end
  local body, content_type = encode_value(self.settings, value, o.content_type or o.content_encoding and BYTES_TYPE)
  if #body > bodies.MAX_SIZE then
    return nil, request.describe(self.settings, resource.request(self, operations.set_record, o, segment), {
      kind = "too_large", sent = false,
      message = ("the record '%s' has %d bytes, and the API takes at most %d"):format(key, #body, bodies.MAX_SIZE),
    })
  end
  local fields = { body = body, headers = { "Content-Type: " .. content_type } }
  if o.content_encoding then
    fields.headers[2] = "Content-Encoding: " .. o.content_encoding
  elseif not is_packed(content_type) then
    fields.body, fields.headers[2] = bodies.compress(body)
  end
  return resource.call(self, operations.set_record, o, segment, fields)
end

--- Store a file, what a handle has from where it stands, or what a function gives piece by piece, without holding it in memory.
--- `size` says how many bytes a function will give. A function cannot be tried again once it was called.
---@param key string
---@param from string|file*|fun(): string?, string?
---@param opts? apify.TimeoutOptions|{ content_encoding?: string, content_type?: string, deadline?: number, size?: integer }
---@return true? ok
---@return apify.Error? err
function KeyValueStore:upload_record(key, from, opts)
  local o, segment, where = check("upload_record", key, opts)
  source.check(from, "argument 2 of " .. where)
  local req = resource.request(self, operations.upload_record, o, segment, {
    headers = { "Content-Type: " .. (o.content_type or BYTES_TYPE), o.content_encoding and "Content-Encoding: " .. o.content_encoding },
    max_size = bodies.MAX_SIZE, deadline = o.deadline,
  })
  local refused = drive.refusal(self.settings)
  if refused then return nil, refused end
  local opened, fields = source.open(from, o.size)
  if not opened then return nil, request.describe(self.settings, req, fields) end
  return upload.run(self.settings, req, opened, answers.acknowledgement)
end

--- Save a record: to a file name, a handle or a function; without a sink its bytes are returned. The second value is the answer's
--- { status, headers }. A record that was stored compressed comes decoded; `raw` gives its bytes as they came, and then
--- `headers["content-encoding"]` says how they are compressed ("br", for instance; nil: not at all).
---@param key string
---@param to? string|file*|fun(bytes: string): boolean?, string?
---@param opts? apify.TimeoutOptions|{ deadline?: number, raw?: boolean, signature?: string }
---@return true|string|nil
---@return apify.Error|{ status: integer, headers: table<string, string> } err_or_info
function KeyValueStore:download_record(key, to, opts)
  local o, segment, where = check("download_record", key, opts)
  sink.check(to, "argument 2 of " .. where)
  o.attachment = true
  return download.run(self, operations.download_record, o, to, segment, { is_raw = o.raw })
end

--- Save all records, or those whose keys begin with `prefix`, as one ZIP.
---@param to? string|file*|fun(bytes: string): boolean?, string?
---@param opts? apify.TimeoutOptions|apify.KeysFilter|{ deadline?: number }
---@return true|string|nil
---@return apify.Error|table err_or_info
function KeyValueStore:download_records(to, opts)
  local where = "key_value_store:download_records"
  sink.check(to, "argument 1 of " .. where)
  return download.run(self, operations.download_records, operations.download_records.check(opts, where), to)
end

--- Delete the record of a key.
---@param key string
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function KeyValueStore:delete_record(key, opts)
  local o, segment = check("delete_record", key, opts)
  return resource.call(self, operations.delete_record, o, segment)
end

---@class apify.KeysPublicUrlOptions : apify.TimeoutOptions
---@field collection? string of the store's schema
---@field exclusive_start_key? string begin behind this key
---@field expires_in_secs? number seconds from now on; for ever when absent
---@field limit? integer 1 to 1000
---@field prefix? string only keys that begin with it

--- A URL of the keys for whoever has no token: signed where the token may write to the store, and as plain as its access allows elsewhere.
---@param opts? apify.KeysPublicUrlOptions
---@return string? url
---@return apify.Error? err
function KeyValueStore:create_keys_public_url(opts)
  local operation = operations.create_keys_public_url
  local o = operation.check(opts, "key_value_store:create_keys_public_url")
  return storage.public_url(self, operations.get, operation, o, storage.signer(o.expires_in_secs))
end

--- The same of a record, whether or not there is one of this key; its signature counts for ever.
---@param key string
---@param opts? apify.TimeoutOptions
---@return string? url
---@return apify.Error? err
function KeyValueStore:get_record_public_url(key, opts)
  local o, segment = check("get_record_public_url", key, opts)
  local function sign(secret) return signature.of(secret, key) end
  return storage.public_url(self, operations.get, operations.get_record_public_url, o, sign, segment)
end

return { KeyValueStore = KeyValueStore }
