--- Request queues: requests one by one, in batches and as a list; the head of the queue and its locks.
local answers = require "answers"
local bodies = require "bodies"
local cjson = require "cjson.safe"
local clock = require "clock"
local errors = require "errors"
local params = require "params"
local request_bodies = require "request_queue_bodies"
local state = require "request_queue_state"
local storages = require "storages"
local store = require "store"

local request_queues = {}

local MAX_HEAD, DEFAULT_HEAD = 1000, 100
local MAX_LOCKED_HEAD = 25
local MAX_LIST = 10000
local MAX_CLIENT_KEY = 32
local MAX_SHOWN = 128                   -- characters of a URL or a key that a head tells

function request_queues.init(storage)
  storage.data = state.new()
end

--- What the object of a queue shows of its inside.
function request_queues.view(storage)
  local queue = storage.data
  local counts = queue.counts
  return {
    ('"totalRequestCount":%d,"handledRequestCount":%d,"pendingRequestCount":%d,"hadMultipleClients":%s')
      :format(queue.total, queue.handled, queue.total - queue.handled, tostring(queue.client_count > 1)),
    ('"stats":{"deleteCount":%d,"headItemReadCount":%d,"readCount":%d,"storageBytes":%d,"writeCount":%d}')
      :format(counts.delete, counts.head, counts.read, queue.bytes, counts.write),
  }
end

-- The client's key, "" for none.
local function client_key(args)
  local key = params.text(args, "clientKey")
  if key and (key == "" or #key > MAX_CLIENT_KEY) then
    error(errors.new(400, "invalid-client-key", "The client key must have 1 to 32 characters."), 0)
  end
  return key or ""
end

-- The queue as it is now, for this client.
local function open(request, storage)
  local queue, client = storage.data, client_key(request.args)
  queue:note_client(client)
  queue:expire_locks(clock.now())
  return queue, client
end

-- Count `by` accesses of that name; all but reading is a modification.
local function note(storage, name, by)
  local counts = storage.data.counts
  counts[name] = counts[name] + (by or 1)
  storages.touch(storage, name == "write" or name == "delete")
end

local function entry_of(queue, id)
  return queue:find(id) or error(errors.record_not_found, 0)
end

local function limit_of(args, default, max)
  local limit = params.whole_number(args, "limit", default, max)
  return limit > 0 and limit or default
end

local function lock_secs(args)
  local secs = params.whole_number(args, "lockSecs")
  if not secs or secs < 1 then error(errors.invalid_parameter("lockSecs", "must be a whole number of at least 1"), 0) end
  return secs
end

-- Add the entry, or find that it is there; the members that tell so.
local function register(queue, entry, forefront)
  local known = queue:find(entry.id)
  if not known then queue:add(entry, forefront) end
  return ('"requestId":"%s","wasAlreadyPresent":%s,"wasAlreadyHandled":%s')
    :format(entry.id, tostring(known ~= nil), tostring(known ~= nil and known.is_handled))
end

local function add_request(request, storage)
  local queue, forefront = open(request, storage), params.flag(request.args, "forefront")
  local entry = request_bodies.added(bodies.read(request))
  note(storage, "write")
  return answers.json(201, '{"data":{' .. register(queue, entry, forefront) .. "}}")
end

local function get_request(request, storage, id)
  local entry = entry_of(open(request, storage), id)
  note(storage, "read")
  return answers.data(entry.text)
end

-- A request that is not there is added, as the service does.
local function update_request(request, storage, id)
  local queue, forefront = open(request, storage), params.flag(request.args, "forefront")
  local fresh, known = request_bodies.updated(bodies.read(request), id), queue:find(id)
  local registration = register(queue, fresh, forefront)
  if known then queue:update(known, fresh, forefront) end
  note(storage, "write")
  return answers.data("{" .. registration .. "}")
end

local function delete_request(request, storage, id)
  local queue = open(request, storage)
  queue:remove(entry_of(queue, id))
  note(storage, "delete")
  return answers.none()
end

local function is_nth(count, n)
  return n and count % n == 0
end

-- How many of a batch's requests are dealt with; the others come back unprocessed.
local function processed_of(queue, size)
  queue.batches = queue.batches + 1
  if is_nth(queue.batches, store.settings.throttle_all) then return 0 end
  if is_nth(queue.batches, store.settings.throttle_batches) then return math.floor(size / 2) end
  return size
end

local function draft(entry)
  return ('{"uniqueKey":%s,"url":%s,"method":"%s"}')
    :format(cjson.encode(entry.unique_key), cjson.encode(entry.url), entry.method)
end

local function batch_result(processed, unprocessed)
  return ('{"data":{"processedRequests":[%s],"unprocessedRequests":[%s]}}')
    :format(table.concat(processed, ","), table.concat(unprocessed, ","))
end

local function add_batch(request, storage)
  local queue, forefront = open(request, storage), params.flag(request.args, "forefront")
  local entries = request_bodies.batch(bodies.read(request))
  local count, processed, unprocessed = processed_of(queue, #entries), {}, {}
  for i, entry in ipairs(entries) do
    if i <= count then
      processed[i] = ('{%s,"uniqueKey":%s}'):format(register(queue, entry, forefront), cjson.encode(entry.unique_key))
    else
      unprocessed[i - count] = draft(entry)
    end
  end
  note(storage, "write", count)
  return answers.json(201, batch_result(processed, unprocessed))
end

-- What is told of a deleted request: what it was asked for by.
local function deletion(wanted)
  local parts = {}
  if wanted.has_id then parts[1] = '"id":' .. cjson.encode(wanted.id) end
  if wanted.unique_key then parts[#parts + 1] = '"uniqueKey":' .. cjson.encode(wanted.unique_key) end
  return "{" .. table.concat(parts, ",") .. "}"
end

-- A request that is not there counts as deleted, throttled or not: there is nothing to try again.
local function delete_batch(request, storage)
  local queue = open(request, storage)
  local deletions = request_bodies.deletions(bodies.read(request))
  local count, processed, unprocessed = processed_of(queue, #deletions), {}, {}
  for i, wanted in ipairs(deletions) do
    local entry = queue:find(wanted.id)
    if entry and i > count then unprocessed[#unprocessed + 1] = draft(entry)
    else
      if entry then queue:remove(entry) end
      processed[#processed + 1] = deletion(wanted)
    end
  end
  note(storage, "delete", #processed)
  return answers.json(200, batch_result(processed, unprocessed))
end

local function unlock_requests(request, storage)
  local queue, client = open(request, storage)
  local held = queue.locks:of_client(client)
  for _, entry in ipairs(held) do queue:unlock(entry, entry.lock.forefront) end
  note(storage, "write", 0)
  return answers.data(('{"unlockedCount":%d}'):format(#held))
end

local FILTERS = {
  locked = function(entry) return entry.lock ~= nil end,
  pending = function(entry) return not entry.is_handled end,
}

-- Whether a request belongs to the list: with several filters, to any of them.
local function acceptor(names)
  for _, name in ipairs(names or {}) do
    if not FILTERS[name] then error(errors.invalid_parameter("filter", "must be made of 'locked' and 'pending'"), 0) end
  end
  return function(entry)
    for _, name in ipairs(names or {}) do
      if FILTERS[name](entry) then return true end
    end
    return names == nil
  end
end

-- A cursor is of the list with the filter that it was made for.
local function read_cursor(text, filter)
  local position = cjson.decode(ngx.decode_base64(text) or "")
  if type(position) ~= "table" or type(position.after) ~= "number" or position.filter ~= filter then
    error(errors.invalid_parameter("cursor", "is not a cursor of this list"), 0)
  end
  return position.after
end

local function write_cursor(serial, filter)
  return ngx.encode_base64(('{"after":%d,"filter":"%s"}'):format(serial, filter))
end

local function serial_of(queue, id)
  local entry = queue:find(id)
  return entry and entry.serial or error(errors.invalid_parameter("exclusiveStartId", "is not the id of a request"), 0)
end

local function list_query(args)
  local query = {
    cursor = params.text(args, "cursor"), id = params.text(args, "exclusiveStartId"), filters = params.csv(args, "filter"),
    limit = limit_of(args, MAX_LIST, MAX_LIST),
  }
  if query.cursor and query.id then
    error(errors.invalid_parameter("cursor", "cannot be combined with exclusiveStartId"), 0)
  end
  query.filter = table.concat(query.filters or {}, ",")
  query.accepts = acceptor(query.filters)
  query.scan = query.filters and store.settings.requests_scan or nil
  return query
end

local function texts_of(entries)
  local texts = {}
  for i, entry in ipairs(entries) do texts[i] = entry.text end
  return table.concat(texts, ",")
end

local function optional(name, text)
  return text and (',"%s":%s'):format(name, cjson.encode(text)) or ""
end

local function list_requests(request, storage)
  local queue, query = open(request, storage), list_query(request.args)
  query.after = query.cursor and read_cursor(query.cursor, query.filter) or query.id and serial_of(queue, query.id) or 0
  local page, after = queue:page(query)
  note(storage, "read", #page)
  return answers.data(('{"items":[%s],"limit":%d%s%s%s}'):format(texts_of(page), query.limit, optional("cursor", query.cursor),
    optional("exclusiveStartId", query.id), optional("nextCursor", after and write_cursor(after, query.filter))))
end

-- JSON of the text's first characters.
local function shown(text)
  local count = 0
  for at in text:gmatch "()[^\128-\191]" do
    count = count + 1
    if count > MAX_SHOWN then return cjson.encode(text:sub(1, at - 1)) end
  end
  return cjson.encode(text)
end

-- A head tells only a part of each request.
local function head_items(entries)
  local items = {}
  for i, entry in ipairs(entries) do
    items[i] = ('{"id":"%s","uniqueKey":%s,"url":%s,"method":"%s","retryCount":%d%s}'):format(entry.id,
      shown(entry.unique_key), shown(entry.url), entry.method, entry.retry_count,
      entry.lock and (',"lockExpiresAt":"%s"'):format(clock.iso(entry.lock.expires)) or "")
  end
  return table.concat(items, ",")
end

local function head_members(storage, limit)
  return ('"limit":%d,"queueModifiedAt":"%s","hadMultipleClients":%s'):format(limit, clock.iso(storage.modified),
    tostring(storage.data.client_count > 1))
end

local function get_head(request, storage)
  local queue, limit = open(request, storage), limit_of(request.args, DEFAULT_HEAD, MAX_HEAD)
  local entries = queue:head(limit)
  note(storage, "head", #entries)
  return answers.data(('{%s,"items":[%s]}'):format(head_members(storage, limit), head_items(entries)))
end

local function lock_head(request, storage)
  local queue, client = open(request, storage)
  local limit, secs = limit_of(request.args, MAX_LOCKED_HEAD, MAX_LOCKED_HEAD), lock_secs(request.args)
  local entries, expires = queue:head(limit), clock.now() + secs * 1000
  for _, entry in ipairs(entries) do queue:lock(entry, client, expires) end
  note(storage, "head", #entries)
  if #entries > 0 then note(storage, "write", 0) end
  return answers.json(201, ('{"data":{%s,"queueHasLockedRequests":%s%s,"lockSecs":%d,"items":[%s]}}'):format(
    head_members(storage, limit), tostring(queue.locks.count > 0), optional("clientKey", client ~= "" and client),
    secs, head_items(entries)))
end

-- The entry, if it is the client's to prolong or release. Without a lock there is nothing to be found.
local function locked_entry(queue, client, id)
  local entry = entry_of(queue, id)
  if entry.is_handled or (entry.lock and entry.lock.client ~= client) then
    error(errors.new(403, "request-handled-or-locked", "The request has been handled, or another client has locked it."), 0)
  end
  return entry.lock and entry or error(errors.record_not_found, 0)
end

local function prolong_lock(request, storage, id)
  local queue, client = open(request, storage)
  local secs, forefront = lock_secs(request.args), params.flag(request.args, "forefront")
  local entry = locked_entry(queue, client, id)
  entry.lock.forefront = forefront
  queue.locks:prolong(entry, clock.now() + secs * 1000)
  note(storage, "write", 0)
  return answers.data(('{"lockExpiresAt":"%s"}'):format(clock.iso(entry.lock.expires)))
end

local function delete_lock(request, storage, id)
  local queue, client = open(request, storage)
  local forefront = params.flag(request.args, "forefront")
  queue:unlock(locked_entry(queue, client, id), forefront)
  note(storage, "write", 0)
  return answers.none()
end

request_queues.routes = {
  { "head", GET = get_head },
  { "head/lock", POST = lock_head },
  { "requests", GET = list_requests, POST = add_request },
  { "requests/batch", POST = add_batch, DELETE = delete_batch },
  { "requests/unlock", POST = unlock_requests },
  { "requests/*", GET = get_request, PUT = update_request, DELETE = delete_request },
  { "requests/*/lock", PUT = prolong_lock, DELETE = delete_lock },
}

return request_queues
