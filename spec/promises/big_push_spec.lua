--- Slow (10 s): much that is stored by processes of their own, whose memory is looked at.
local measured = require "spec.support.measured"
local testbed = require "spec.support.testbed"

local ITEMS, MAX_ITEMS_KB = 100000, 30000
local REQUESTS, MAX_REQUESTS_KB = 10000, 40000

local ITEM = [[
local count, dataset = tonumber(env "COUNT"), client:run(env "RUN"):dataset()
local function item(n)
  return {
    n = n, title = ("přílíš \"%d\" \\ %s"):format(n, ("word "):rep(n % 90)), price = n / 8, big = -n * 1e6, is_odd = n % 2 == 1,
    note = apify.null, tags = apify.array {}, list = { n, "two", { three = 3 } }, nested = { a = { b = { n % 7, false } } },
  }
end
]]

-- Pushes items from an iterator; reports how many were stored.
local PUSH = ITEM .. [[
local n = 0
local ok, pushed = dataset:push_items(function()
  n = n + 1
  if n <= count then return item(n) end
end)
assert(ok, pushed)
report(pushed)
]]

-- Reports how many items in a row are equal to what was pushed.
local COMPARE = ITEM .. [[
local function is_equal(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for key, value in pairs(a) do
    if not is_equal(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end
local n = 0
for found in dataset:iterate_items() do
  if not is_equal(found, item(n + 1)) then break end
  n = n + 1
end
report(n)
]]

-- Adds requests in batches, of which the API leaves some unprocessed; reports how many of the results are right.
local ADD = [[
local count, queue = tonumber(env "COUNT"), client:run(env "RUN"):request_queue()
local requests, position, right, found = {}, {}, 0, 0
for n = 1, count do requests[n] = "https://www.example.com/" .. n end
for n, result in ipairs(assert(queue:batch_add_requests(requests))) do
  position[result.requestId] = n
  if result.uniqueKey == requests[n] and not result.wasAlreadyPresent then right = right + 1 end
end
for request in queue:iterate_requests() do
  local n = position[request.id]
  assert(n and request.url == requests[n], request.url)
  position[request.id], found = nil, found + 1
end
assert(found == count, found)
report(right)
]]

describe("much that is stored", function()
  local api = testbed.local_api { count = 1, settings = { throttle_batches = 3 } }
  local run

  before_each(function() run = api:admin("ids").ids[1] end)

  --- What the code reports, which must do with so much memory.
  local function small(code, url, count, max_kb)
    local number, peak, time = measured.run(code, api, url, { RUN = run, COUNT = count })
    assert.is_true(peak < max_kb, ("%d kB at its peak, in %s"):format(peak, time))
    return number
  end

  it(("is %d items from an iterator: all are there as they were, in little memory"):format(ITEMS), function()
    assert.equal(ITEMS, small(PUSH, "tls_url", ITEMS, MAX_ITEMS_KB))
    assert.equal(ITEMS, small(COMPARE, "url", ITEMS, MAX_ITEMS_KB))
  end)

  it(("is %d requests for a queue that is short of breath: all are there once, as the results say"):format(REQUESTS), function()
    assert.equal(REQUESTS, small(ADD, "url", REQUESTS, MAX_REQUESTS_KB))
  end)
end)
