--- A request queue: requests that are added once each, and worked off from its head.
--- https://docs.apify.com/api/v2/request-queue-get
local lazy = require "apify.util.lazy"
local batch = lazy.module "apify.resources.request_queue_batch"
local bodies = require "apify.http.bodies"
local json = require "apify.util.json"
local collection = require "apify.resources.base.collection"
local errors = require "apify.util.errors"
local operations = require("apify.resources.base.operations").request_queue
local options = require "apify.util.options"
local resource = require "apify.resources.base.resource"
local url = require "apify.util.url"
local user_data = require "apify.resources.base.user_data"

local MAX_CLIENT_KEY = 32                -- characters

---@class apify.RequestQueueHandle : apify.Resource
---@field private client_key? string owner of the locks
local RequestQueue = resource.define "RequestQueue"

--- The queue's own object; nil and an error with `not_found` when there is none.
---@param opts? apify.ObjectOptions
---@return apify.RequestQueue? queue
---@return apify.Error? err
function RequestQueue:get(opts)
  return resource.perform(self, "get", operations.get, opts)
end

--- Change its `name` (false: none any more), `title` or `general_access`; returns it as it is then.
---@param opts apify.StorageUpdateOptions
---@return apify.RequestQueue? queue
---@return apify.Error? err
function RequestQueue:update(opts)
  return resource.change(self, "update", operations.update, opts)
end

--- Delete it with all that it holds.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function RequestQueue:delete(opts)
  return resource.perform(self, "delete", operations.delete, opts)
end

local function method_name(method)
  return "request_queue:" .. method
end

--- Call an operation about requests, whose nulls are the user's.
local function call(self, method, opts, segment, fields)
  local operation = operations[method]
  local o = operation.check(opts, method_name(method))
  o.nulls = user_data.nulls(self.settings, o)
  return resource.call(self, operation, o, segment, fields)
end

local function id_segment(id, method)
  if type(id) == "table" then id = id.id end
  if type(id) ~= "string" then
    errors.misuse("bad argument 1 of %s: %s (expected the id of a request)", method_name(method), errors.show(id))
  end
  return url.segment(id, "request id")
end

---@class apify.RequestsFilter
---@field cursor? string begin there
---@field filter? apify.QueueRequestState|apify.QueueRequestState[]

---@alias apify.QueueRequestState "locked"|"pending"

---@class apify.ListRequestsOptions : apify.RequestsFilter, apify.ObjectOptions
---@field exclusive_start_id? string begin behind this request
---@field limit? integer 1 to 10000

--- One page of requests, as the API gives it: items, limit, nextCursor. `filter`: "locked", "pending" or both.
---@param opts? apify.ListRequestsOptions
---@return apify.QueueRequestPage? page
---@return apify.Error? err
function RequestQueue:list_requests(opts)
  return call(self, "list_requests", opts)
end

---@class apify.IterateRequestsOptions : apify.RequestsFilter, apify.RowsOptions
---@field chunk_size? integer requests a page, 1 to 10000

--- Walk all requests of the queue.
---@param opts? apify.IterateRequestsOptions
---@return (fun(): apify.QueueRequest?)|apify.Iterator, nil, nil, apify.Iterator
function RequestQueue:iterate_requests(opts)
  local where = method_name "iterate_requests"
  local o = operations.iterate_requests.check(opts, where)
  o.nulls = user_data.nulls(self.settings, o)
  return collection.walk_cursors(self, operations.iterate_requests, o, where, {
    parameter = "cursor", next_field = "nextCursor", key_field = "id", cursor = o.cursor,
  })
end

--- The rows of heads, which are only a part of the requests.
local of_head = setmetatable({}, { __mode = "k" })

local function note_head(head, err)
  for _, request in ipairs(head and head.items or {}) do of_head[request] = true end
  return head, err
end

--- The requests at the head of the queue, which are next. A row has a part of its request: `get_request(row.id)` gives all.
---@param opts? apify.ObjectOptions|{ limit?: integer }
---@return apify.QueueHead? head
---@return apify.Error? err
function RequestQueue:list_head(opts)
  return note_head(call(self, "list_head", opts))
end

--- The requests at the head, at most 25, locked for `lock_secs` seconds: nobody else is given them meanwhile. A row has a part of
--- its request: `get_request(row.id)` gives all.
---@param opts apify.ObjectOptions|{ lock_secs: integer, limit?: integer }
---@return apify.LockedQueueHead? head
---@return apify.Error? err
function RequestQueue:list_and_lock_head(opts)
  return note_head(call(self, "list_and_lock_head", opts))
end

--- The JSON of a request; misuse when it is none.
local function encode_request(self, value, method)
  local text, message = json.encode(self.settings, value)
  if not text then errors.misuse("bad argument 1 of %s: %s", method_name(method), message) end
  return text
end

--- Add one request: a table with `url`, or a URL, which is its `uniqueKey` then too.
---@param value table|string
---@param opts? apify.ObjectOptions|{ forefront?: boolean }
---@return apify.RequestRegistration? registration
---@return apify.Error? err
function RequestQueue:add_request(value, opts)
  local item, why = batch.request_of(value)
  if not item then errors.misuse("bad argument 1 of %s: %s", method_name "add_request", why) end
  return call(self, "add_request", opts, nil, {
    body = encode_request(self, item, "add_request"), headers = bodies.headers(false), is_safe = item.uniqueKey ~= nil,
  })
end

local function run_batch(self, method, run, requests, opts)
  local operation = operations[method]
  local o = operation.check(opts, method_name(method))
  return run(self.settings, resource.resolvable(self, operation, o), requests, o)
end

---@class apify.BatchDeleteOptions : apify.ObjectOptions
---@field deadline? number seconds for all of them, the iterator's own time left out
---@field max_parallel? integer batches in flight, 1 to 50 (default 5)
---@field max_unprocessed_retries? integer the same
---@field max_unprocessed_requests_retries? integer how often what the API left aside is sent again without progress (default 8)

---@class apify.BatchAddOptions : apify.BatchDeleteOptions
---@field forefront? boolean to the head of the queue

--- Add any number of requests, from a list or an iterator: the results in their order. On an error, `err.partial` has the results
--- by position, `err.unprocessed` the positions of what is certainly not stored, `err.in_doubt` of what may be.
---@param requests (table|string)[]|fun(): (table|string)?
---@param opts? apify.BatchAddOptions
---@return apify.AddedRequest[]? results
---@return apify.Error? err
function RequestQueue:batch_add_requests(requests, opts)
  return run_batch(self, "batch_add_requests", batch.add, requests, opts)
end

--- Delete requests by { id = ... }, { uniqueKey = ... } or id: the results in their order, { id, uniqueKey } as the API gives them.
--- What its answer does not name was not there: { id, uniqueKey, was_found = false } as given.
---@param requests (table|string)[]|fun(): (table|string)?
---@param opts? apify.BatchDeleteOptions
---@return (apify.DeletedRequest|{ was_found?: false })[]? results
---@return apify.Error? err
function RequestQueue:batch_delete_requests(requests, opts)
  return run_batch(self, "batch_delete_requests", batch.delete, requests, opts)
end

--- A request; nil and an error with `not_found` when there is none.
---@param id string
---@param opts? apify.ObjectOptions
---@return apify.QueueRequest? request
---@return apify.Error? err
function RequestQueue:get_request(id, opts)
  return call(self, "get_request", opts, id_segment(id, "get_request"))
end

--- Store a changed request in the place of the one with its `id`; with `handledAt` it is done. It has to be all of the request, as
--- `get_request` gives it: what it lacks is gone. A row of a head lacks much, and is refused.
---@param value table
---@param opts? apify.ObjectOptions|{ forefront?: boolean }
---@return apify.RequestRegistration? registration
---@return apify.Error? err
function RequestQueue:update_request(value, opts)
  if type(value) ~= "table" or type(value.id) ~= "string" then
    errors.misuse("bad argument 1 of %s: %s (expected a request with its id)", method_name "update_request", errors.show(value))
  end
  if of_head[value] then
    errors.misuse("bad argument 1 of %s: a row of a head, which is only a part of its request (change what get_request gives)",
      method_name "update_request")
  end
  return call(self, "update_request", opts, id_segment(value, "update_request"),
    { body = encode_request(self, value, "update_request"), headers = bodies.headers(false) })
end

--- Delete a request.
---@param id string
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function RequestQueue:delete_request(id, opts)
  return call(self, "delete_request", opts, id_segment(id, "delete_request"))
end

--- Hold a lock of one's own for `lock_secs` seconds from now: { lockExpiresAt }.
---@param id string
---@param opts apify.ObjectOptions|{ lock_secs: integer, forefront?: boolean }
---@return apify.RequestLock? lock
---@return apify.Error? err
function RequestQueue:prolong_request_lock(id, opts)
  return call(self, "prolong_request_lock", opts, id_segment(id, "prolong_request_lock"))
end

--- Give a lock of one's own back.
---@param id string
---@param opts? apify.TimeoutOptions|{ forefront?: boolean }
---@return true? ok
---@return apify.Error? err
function RequestQueue:delete_request_lock(id, opts)
  return call(self, "delete_request_lock", opts, id_segment(id, "delete_request_lock"))
end

--- Give all locks of this client key (inside a run: of the run too) back: { unlockedCount }.
---@param opts? apify.ObjectOptions
---@return apify.UnlockRequestsResult? result
---@return apify.Error? err
function RequestQueue:unlock_requests(opts)
  return call(self, "unlock_requests", opts)
end

---@class apify.QueueOptions
---@field client_key? string 1 to 32 characters that name the owner of locks

local check = options.spec { client_key = options.string { nonempty = true, max = MAX_CLIENT_KEY } }

--- The queue, as seen by the owner of locks that the options name.
---@param queue apify.RequestQueueHandle
---@param opts? apify.QueueOptions
---@param where string for messages
---@return apify.RequestQueueHandle
local function owned(queue, opts, where)
  queue.client_key = check(opts, where).client_key
  return queue
end

return { RequestQueue = RequestQueue, owned = owned }
