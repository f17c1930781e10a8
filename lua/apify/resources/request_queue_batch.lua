--- Adding many requests to a queue, and deleting many: what is sent for each, and which row of an answer is whose.
local batch_send = require "apify.resources.request_queue_batch_send"
local json = require "apify.util.json"
local core = require "apify.core"
local errors = require "apify.util.errors"
local tables = require "apify.util.tables"

local batch = {}

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

--- Nothing, or JSON's null?
local function is_absent(value)
  return value == nil or value == core.null
end

local function bad(field, value)
  return ("%s: %s (expected a non-empty string)"):format(field, errors.show(value))
end

--- Why a value cannot be a request to add, or nil.
local function fault_of(value)
  if type(value) ~= "table" then return ("%s (expected a request or a URL)"):format(errors.show(value)) end
  if not is_text(value.url) then return bad("url", value.url) end
  if value.uniqueKey ~= nil and not is_text(value.uniqueKey) then return bad("uniqueKey", value.uniqueKey) end
  if value.id ~= nil then return "id: a new request must not have one" end
end

--- The request that a value stands for: a table, or a URL, which is its uniqueKey then too. nil and why it cannot be one.
---@param value any
---@return table? request
---@return string? reason
function batch.request_of(value)
  if is_text(value) then return { url = value, uniqueKey = value } end
  local fault = fault_of(value)
  if fault then return nil, fault end
  return value
end

--- A request to add; those with the same uniqueKey are one. Without one it goes by its URL, of which the API makes a key.
local function prepare_add(settings, value)
  local item, fault = batch.request_of(value)
  if not item then return nil, fault end
  local text, message = json.encode(settings, item)
  if not text then return nil, message end
  local key = item.uniqueKey
  return { text = text, key = key, name = key or item.url, url = item.url, method = is_text(item.method) and item.method or "GET" }
end

--- With a key of its own for each, a second sending adds nothing.
local function has_keys(entries)
  for _, entry in ipairs(entries) do
    if not entry.key then return false end
  end
  return true
end

--- The rows by a field.
local function index(rows, field)
  local by = {}
  for _, row in ipairs(rows) do
    if type(row) == "table" and row[field] ~= nil then by[row[field]] = row end
  end
  return by
end

local function label(request)
  return (is_text(request.method) and request.method or "GET") .. " " .. tostring(request.url)
end

--- Those whose result is not known by a key, nor among the unprocessed by its URL: they have been processed.
local function find_nameless(entries, unprocessed, rows)
  local left_out, found = {}, {}
  for _, row in ipairs(unprocessed) do
    if type(row) == "table" then left_out[label(row)] = true end
  end
  for _, entry in ipairs(entries) do
    if not entry.key and not rows[entry] and not left_out[label(entry)] then found[#found + 1] = entry end
  end
  return found
end

--- The rows of `processed` that are nobody's yet, in order.
local function find_unused(processed, rows)
  local is_used, found = {}, {}
  for _, row in pairs(rows) do is_used[row] = true end
  for _, row in ipairs(processed) do
    if type(row) == "table" and not is_used[row] then found[#found + 1] = row end
  end
  return found
end

--- By key. Those sent without one have the rows that are left, in order; if these are too few, it is unknown whose they are.
local function match_added(entries, processed, unprocessed)
  local by_key, left_out, rows, missing = index(processed, "uniqueKey"), index(unprocessed, "uniqueKey"), {}, {}
  for _, entry in ipairs(entries) do
    rows[entry] = by_key[entry.name]
    if entry.key and not rows[entry] and not left_out[entry.key] then missing[entry] = true end
  end
  local nameless = find_nameless(entries, unprocessed, rows)
  local unused = find_unused(processed, rows)
  for i, entry in ipairs(nameless) do
    if #nameless > #unused then missing[entry] = true else rows[entry] = unused[i] end
  end
  return rows, missing
end

---@type apify.BatchKind
local ADD = {
  what = "request_queue:batch_add_requests",
  prepare = prepare_add, is_safe = has_keys, match = match_added, twin = function(row) return tables.merge(row, { wasAlreadyPresent = true }) end,
}

--- A request to delete, known by its id or its uniqueKey.
local function prepare_delete(_, value)
  if is_text(value) then value = { id = value } end
  if type(value) ~= "table" then return nil, ("%s (expected an id or a table with an id or a uniqueKey)"):format(errors.show(value)) end
  local id, key = value.id, value.uniqueKey
  if is_absent(id) and is_absent(key) then return nil, "it has neither an id nor a uniqueKey" end
  if not is_absent(id) and not is_text(id) then return nil, bad("id", id) end
  if not is_absent(key) and not is_text(key) then return nil, bad("uniqueKey", key) end
  id, key = is_text(id) and id or nil, is_text(key) and key or nil
  local text, message = core.encode { id = id, uniqueKey = key }
  if not text then return nil, message end
  local name = id and "id " .. id or "key " .. key
  return { text = text, key = name, name = name, id = id, unique_key = key }
end

--- What finds the row of an entry in a list.
local function finder(list)
  local by_id, by_key = index(list, "id"), index(list, "uniqueKey")
  return function(entry)
    return entry.id and by_id[entry.id] or entry.unique_key and by_key[entry.unique_key] or nil
  end
end

--- What the answer does not name was not there. But the rows of what was left aside need not have an id: while there are any of
--- nobody's, an entry known by its id alone may be one of these.
local function match_deleted(entries, processed, unprocessed)
  local find_deleted, find_left, rows, left_count = finder(processed), finder(unprocessed), {}, 0
  for _, entry in ipairs(entries) do
    rows[entry] = find_deleted(entry)
    if find_left(entry) then left_count = left_count + 1 end
  end
  for _, entry in ipairs(entries) do
    local may_be_left = find_left(entry) or left_count < #unprocessed and not entry.unique_key
    if not rows[entry] and not may_be_left then rows[entry] = { id = entry.id, uniqueKey = entry.unique_key, was_found = false } end
  end
  return rows, {}
end

---@type apify.BatchKind
local DELETE = {
  what = "request_queue:batch_delete_requests",
  prepare = prepare_delete, is_safe = function() return true end, match = match_deleted, twin = function(row) return row end,
}

--- Add requests, or URLs. The results, in the order given, are { requestId, uniqueKey, wasAlreadyPresent, wasAlreadyHandled }.
---@param settings apify.Settings
---@param target apify.Resolvable
---@param requests table|function a list or an iterator
---@param o? apify.BatchOptions
---@return table[]? results
---@return apify.Error? err
function batch.add(settings, target, requests, o)
  return batch_send.run(settings, ADD, target, requests, o or {})
end

--- Delete requests, given as ids or as tables with an id or a uniqueKey. The results, in the order given, are { id, uniqueKey } as the API gave them,
--- or of what its answer does not name, as it was not there, { id, uniqueKey, was_found = false } as they were given.
---@param settings apify.Settings
---@param target apify.Resolvable
---@param requests table|function a list or an iterator
---@param o? apify.BatchOptions
---@return table[]? results
---@return apify.Error? err
function batch.delete(settings, target, requests, o)
  return batch_send.run(settings, DELETE, target, requests, o or {})
end

return batch
