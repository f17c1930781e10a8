--- The requests of a batch method, as entries that can be sent: those of a list, checked before anything is sent, or those
--- of an iterator, pulled when there is room for them.
local json = require "apify.util.json"
local errors = require "apify.util.errors"
local bodies = require "apify.http.bodies"
local input = require "apify.util.input"
local loop = require "apify.loop"

local batch_input = {}

local MAX_SIZE = bodies.MAX_SIZE - 2    -- bytes of a request as JSON: it stands in brackets

--- A request to be sent, and by what its result is known.
---@class apify.BatchEntry
---@field position integer in what the caller gave
---@field text? string its JSON; nil once it is settled
---@field name string two of the same must not stand in one batch
---@field key? string one more with the same is not sent, but shares the result
---@field twins? integer[] positions of those

--- What adding and deleting differ in.
---@class apify.BatchKind
---@field what string the method, for texts
---@field prepare fun(settings: apify.Settings, value: any): apify.BatchEntry?, string?
---@field is_safe fun(entries: apify.BatchEntry[]): boolean may a batch of these be repeated?
---@field match fun(entries: apify.BatchEntry[], processed: table[], unprocessed: table[]): table<apify.BatchEntry, table>, table
---the rows of the processed; the set of those that the answer does not name
---@field twin fun(row: table): table the result of one more with the same key

--- Where the entries come from.
---@class apify.BatchInput
---@field count integer positions known
---@field next fun(): apify.BatchEntry?, apify.Error? nil at the end
---@field error? apify.Error why nothing can be sent at all

--- What a message calls the request at that position.
---@param position integer
---@return string
function batch_input.place(position)
  return ("requests[%d]"):format(position)
end

--- The error of a request that is larger than the API takes; nil for others.
local function size_error(entry)
  if #entry.text <= MAX_SIZE then return nil end
  return errors.new {
    kind = "too_large",
    message = ("%s has %d bytes as JSON, and the API takes at most %d"):format(batch_input.place(entry.position), #entry.text, MAX_SIZE),
  }
end

--- The entries of a list; a bad one is misuse.
local function prepare_all(settings, kind, list, count)
  local entries, yield = {}, loop.work_yielder()
  for i = 1, count do
    local entry, message = kind.prepare(settings, list[i])
    if not entry then errors.misuse("bad requests of %s: %s", kind.what, input.locate(batch_input.place(i), message)) end
    entry.position, entries[i] = i, entry
    yield(#entry.text)
  end
  return entries
end

local function from_list(settings, kind, list)
  local count, why = input.count(list)
  if not count then errors.misuse("bad requests of %s: %s", kind.what, why) end
  local entries, at, err = prepare_all(settings, kind, list, count), 0, nil
  for _, entry in ipairs(entries) do err = err or size_error(entry) end
  local function next_entry()
    at = at + 1
    return entries[at]
  end
  return { count = count, next = next_entry, error = err }
end

local function from_iterator(settings, kind, iterator)
  local self, yield = { count = 0 }, loop.work_yielder()
  function self.next()
    local value, err = input.pull(iterator)
    if value == nil then return nil, err end
    self.count = self.count + 1
    local entry, message = kind.prepare(settings, value)
    if not entry then return nil, errors.new { kind = "io", message = input.locate(batch_input.place(self.count), message) } end
    entry.position = self.count
    err = size_error(entry)
    if err then return nil, err end
    yield(#entry.text)
    return entry
  end
  return self
end

--- Anything but a list or an iterator is misuse.
---@param settings apify.Settings
---@param kind apify.BatchKind
---@param requests any
---@return apify.BatchInput
function batch_input.new(settings, kind, requests)
  if input.is_callable(requests) then return from_iterator(settings, kind, requests) end
  local is_table = type(requests) == "table"
  if is_table then requests = json.plain(requests) end
  if not is_table or not input.is_list(requests) then
    errors.misuse("bad argument 1 of %s: %s (expected a list or an iterator)", kind.what,
      is_table and "a table that is no list" or errors.show(requests))
  end
  return from_list(settings, kind, requests)
end

return batch_input
