--- Key-value stores: records by key, lists of keys, and all records as a ZIP archive. Values are kept decoded.
local answers = require "answers"
local bodies = require "bodies"
local cjson = require("cjson.safe").new()
local clock = require "clock"
local errors = require "errors"
local keys = require "key_value_store_keys"
local params = require "params"
local storages = require "storages"
local store = require "store"
local zip = require "zip"

local key_value_stores = {}

cjson.decode_invalid_numbers(false)

local MAX_KEY = 256
local KEY_PATTERN = "^[%w!%-_.'()]+$"
local UNKNOWN_COLLECTION = "unknown-collection"
local DEFAULT_TYPE = "application/octet-stream"
local JSON_TYPE = "application/json; charset=utf-8"
local HTML_MARK = "<!-- modified -->"   -- for what the API does to HTML documents that are not asked for as attachments

---@class local_api.Record
---@field value string
---@field content_type string
---@field modified integer milliseconds

--- Store a record.
---@param storage local_api.Storage
function key_value_stores.put(storage, key, value, content_type)
  local data, old = storage.data, storage.data.records[key]
  if not old then data.keys:add(key) end
  data.records[key] = { value = value, content_type = content_type, modified = clock.now() }
  data.bytes = data.bytes + #value - (old and #old.value or 0)
end

local put = key_value_stores.put

local function made_up_input(run)
  return cjson.encode { startUrls = { { url = "https://example.com/" } }, maxItems = 1000, serial = run.serial }
end

local function put_input(storage, run)
  if run.input then return put(storage, "INPUT", run.input.value, run.input.content_type) end
  if not run.is_started then put(storage, "INPUT", made_up_input(run), JSON_TYPE) end
end

--- Before a run's store is looked at: a run that has succeeded by now has left its OUTPUT in it.
function key_value_stores.catch_up(storage)
  local run = storage.run
  local output = run.output
  if not output or store.status(run, clock.now()) ~= "SUCCEEDED" then return end
  run.output = nil
  put(storage, "OUTPUT", output, JSON_TYPE)
end

--- The inside of a new store; that of a run has its INPUT.
function key_value_stores.init(storage)
  storage.data = {
    records = {}, keys = keys.new(), bytes = 0, counts = { read = 0, write = 0, delete = 0, list = 0 },
  }
  if storage.run then put_input(storage, storage.run) end
end

--- What the object of a store shows of its inside.
function key_value_stores.view(storage)
  local data, counts = storage.data, storage.data.counts
  return ('"stats":{"readCount":%d,"writeCount":%d,"deleteCount":%d,"listCount":%d,"storageBytes":%d}')
    :format(counts.read, counts.write, counts.delete, counts.list, data.bytes)
end

-- Count an access of that name.
local function note(storage, name)
  local counts = storage.data.counts
  counts[name] = counts[name] + 1
  storages.touch(storage, name == "write" or name == "delete")
end

--- Refuse a key that no record can have.
function key_value_stores.check_key(key)
  if #key > MAX_KEY or not key:find(KEY_PATTERN) then
    error(errors.new(400, "invalid-record-key",
      "The record key may have 1 to 256 of the characters a-z, A-Z, 0-9 and !-_.'()"), 0)
  end
end

local check_key = key_value_stores.check_key

local function record_of(storage, key)
  check_key(key)
  return storage.data.records[key] or error(errors.record_not_found, 0)
end

local function is_json(content_type)
  return content_type:lower():find("^application/json") ~= nil
end

local function check_value(value, content_type)
  if is_json(content_type) and cjson.decode(value) == nil then
    error(errors.invalid_body("The value is not valid JSON, as its content type says it is."), 0)
  end
end

local function record_path(storage, key)
  return "/v2/key-value-stores/" .. storage.id .. "/records/" .. key
end

local function record_url(storage, key)
  return ngx.var.scheme .. "://" .. (ngx.var.http_host or "127.0.0.1") .. record_path(storage, key)
end

-- PUT and POST of a record.
local function put_record(request, storage, key)
  check_key(key)
  local value, content_type = bodies.read(request), ngx.var.http_content_type or DEFAULT_TYPE
  check_value(value, content_type)
  put(storage, key, value, content_type)
  note(storage, "write")
  return answers.json(201, "{}", { Location = record_url(storage, key) })
end

local function is_html(record)
  return record.content_type:lower():find("^text/html") ~= nil
end

local function record_answer(request, record, key)
  if params.flag(request.args, "attachment") then
    return answers.other(200, record.content_type, record.value, { ["Content-Disposition"] = 'attachment; filename="' .. key .. '"' })
  end
  return answers.other(200, record.content_type, is_html(record) and record.value .. HTML_MARK or record.value)
end

-- HEAD of a record; GET when nothing redirects it.
local function show_record(request, storage, key)
  local record = record_of(storage, key)
  note(storage, "read")
  return record_answer(request, record, key)
end

-- With the setting record_redirect, the base URL of another origin, records come from there, by a signed URL.
local function get_record(request, storage, key)
  local elsewhere = store.settings.record_redirect
  if not elsewhere or request.args.signature then return show_record(request, storage, key) end
  record_of(storage, key)
  local query = "?signature=made-up" .. (params.flag(request.args, "attachment") and "&attachment=1" or "")
  return answers.other(302, "text/plain", "", { Location = elsewhere .. record_path(storage, key) .. query })
end

local function delete_record(_, storage, key)
  local record = record_of(storage, key)
  storage.data.records[key] = nil
  storage.data.keys:remove(key)
  storage.data.bytes = storage.data.bytes - #record.value
  note(storage, "delete")
  return answers.none()
end

-- Collections come from a schema, which no store here has: they filter nothing, and one name is unknown.
local function check_collection(args)
  if params.text(args, "collection") == UNKNOWN_COLLECTION then
    error(errors.new(400, "invalid-collection", "There is no such collection in the schema of the key-value store."), 0)
  end
end

local function key_query(args)
  check_collection(args)
  local prefix = params.text(args, "prefix") or ""
  local start = params.text(args, "exclusiveStartKey")
  return {
    start = start ~= "" and start or nil, prefix = prefix, limit = params.limit(args),
    scan = prefix ~= "" and store.settings.keys_scan or nil,
  }
end

local function key_rows(storage, page)
  local rows = {}
  for i, key in ipairs(page) do
    rows[i] = ('{"key":"%s","size":%d,"recordPublicUrl":"%s"}')
      :format(key, #storage.data.records[key].value, record_url(storage, key))
  end
  return table.concat(rows, ",")
end

local function text_or_null(text)
  return text and cjson.encode(text) or "null"
end

local function list_keys(request, storage)
  local query = key_query(request.args)
  local page, next_start = storage.data.keys:page(query)
  note(storage, "list")
  return answers.data(('{"items":[%s],"count":%d,"limit":%d,"exclusiveStartKey":%s,"isTruncated":%s,"nextExclusiveStartKey":%s}')
    :format(key_rows(storage, page), #page, query.limit, text_or_null(query.start), tostring(next_start ~= nil),
      text_or_null(next_start)))
end

-- The entries one by one; a record that is deleted meanwhile is left out.
local function write_archive(write, records, page)
  local archive = zip.writer(write)
  for _, key in ipairs(page) do
    local record = records[key]
    if record and archive:add(key, record.value, record.modified) == false then return end
  end
  archive:finish()
end

local function download_records(request, storage)
  check_collection(request.args)
  local prefix = params.text(request.args, "prefix") or ""
  local page = storage.data.keys:page { prefix = prefix, limit = math.huge }
  note(storage, "read")
  return answers.stream(200, "application/zip", function(write)
    write_archive(write, storage.data.records, page)
  end)
end

key_value_stores.routes = {
  { "keys", GET = list_keys },
  { "records", GET = download_records },
  { "records/*", GET = get_record, HEAD = show_record, PUT = put_record, POST = put_record, DELETE = delete_record },
}

return key_value_stores
