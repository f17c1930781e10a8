--- What was received since the last reset: each request, and counters.
local clock = require "clock"

local journal = {}

local MAX_ENTRIES = 20000               -- the counters go on beyond it

--- Forget all requests.
function journal.reset()
  journal.entries, journal.connections = {}, {}
  journal.counters = { requests = 0, connections = 0, open = 0, dropped = 0, by_status = {} }
end

-- All headers, except that of the credential only its presence is told.
local function headers_of_interest()
  local headers = ngx.req.get_headers(0)
  local kept = {}
  for name, value in pairs(headers) do kept[name] = value end
  kept.authorization = nil
  return kept, headers.authorization ~= nil
end

local function count_connection(serial)
  if journal.connections[serial] then return end
  journal.connections[serial] = true
  journal.counters.connections = journal.counters.connections + 1
end

--- Note the present request's arrival.
---@return table entry
function journal.open()
  local headers, is_authorized = headers_of_interest()
  local counters = journal.counters
  counters.requests, counters.open = counters.requests + 1, counters.open + 1
  count_connection(ngx.var.connection)
  local entry = {
    number = counters.requests, time = clock.now() / 1000, server = ngx.var.role, protocol = ngx.var.server_protocol,
    method = ngx.req.get_method(), path = ngx.var.request_uri, headers = headers, authorization = is_authorized,
    connection = tonumber(ngx.var.connection), connection_requests = tonumber(ngx.var.connection_requests),
    counters = counters,
  }
  if #journal.entries < MAX_ENTRIES then journal.entries[#journal.entries + 1] = entry
  else counters.dropped = counters.dropped + 1 end
  return entry
end

--- Note how the request ended; 499 is a client that left.
function journal.close(entry)
  local counters = entry.counters       -- those of its own time: a reset may have come between
  entry.status = entry.sent_status or ngx.status
  entry.bytes_sent, entry.secs = tonumber(ngx.var.bytes_sent), clock.now() / 1000 - entry.time
  local key = tostring(entry.status)
  counters.open, counters.by_status[key] = counters.open - 1, (counters.by_status[key] or 0) + 1
  entry.counters, entry.sent_status = nil, nil
end

local function public(entry)
  local copy = {}
  for name, value in pairs(entry) do copy[name] = value end
  copy.counters, copy.sent_status = nil, nil
  return copy
end

--- Requests in order of arrival, and the counters. A request without `status` is still open.
function journal.report()
  local requests = {}
  for i, entry in ipairs(journal.entries) do requests[i] = public(entry) end
  return { requests = requests, counters = journal.counters }
end

return journal
