--- Adding many requests to a queue, and deleting many, against the local API.
local apify = require "apify"
local batch = require "apify.resources.request_queue_batch"
local lists = require "spec.support.lists"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local LIMIT = 9437184                    -- bytes of a body that the API takes

local count_to, list_of = lists.count_to, lists.list_of

local function url(i)
  return ("https://example.com/%d"):format(i)
end

local function keyed(i)
  return { url = url(i), uniqueKey = "key-" .. i, userData = { n = i } }
end

describe("batches of requests", function()
  local api = testbed.local_api { count = 0 }
  local client, op

  before_each(function()
    client = testbed.client(api, { min_delay_between_retries = 0.002 })
    local queue = assert(client:request { method = "POST", path = "/request-queues" })
    op = { method = "POST", path = ("/request-queues/%s/requests/batch"):format(queue.id) }
  end)

  local function add(requests, o) return batch.add(client.settings, op, requests, o) end
  local function delete(requests, o) return batch.delete(client.settings, { method = "DELETE", path = op.path }, requests, o) end

  local function settings_of_api(given) api:admin("settings", given) end

  -- All requests of the queue, by uniqueKey, and how many there are.
  local function stored()
    local by_key, count, cursor = {}, 0, nil
    repeat
      local page = assert(client:request { path = op.path:gsub("/batch$", ""), query = { cursor = cursor } })
      for _, row in ipairs(page.items) do
        by_key[row.uniqueKey], count = row, count + 1
      end
      cursor = page.nextCursor
    until not cursor
    return by_key, count
  end

  -- The logged batches.
  local function batches()
    local found = {}
    for _, request in ipairs(api:log().requests) do
      if request.path:find "/requests/batch" then found[#found + 1] = request end
    end
    return found
  end

  -- Every request of the queue has its result, in order.
  local function check_results(results, keys, by_key)
    assert.equal(#keys, #results)
    for i, key in ipairs(keys) do
      local row = results[i]
      if row.uniqueKey ~= key or by_key[key].id ~= row.requestId then
        error(("result %d is %s of %s"):format(i, tostring(row.requestId), tostring(row.uniqueKey)))
      end
    end
  end

  local function keys_to(n)
    return list_of(n, function(i) return "key-" .. i end)
  end

  describe("adding", function()
    it("gives the results in order, all stored once, though each third batch is throttled", function()
      settings_of_api { throttle_batches = 3 }
      local results = assert(add(list_of(10000, keyed)))
      local by_key, count = stored()
      assert.equal(10000, count)
      check_results(results, keys_to(10000), by_key)
      for _, row in ipairs(results) do
        if row.wasAlreadyPresent ~= false or row.wasAlreadyHandled ~= false then error "it was new" end
      end
      assert.same({ n = 9999 }, by_key["key-9999"].userData)
    end)

    it("takes URLs, whose key is the URL itself", function()
      local results = assert(add { "https://example.com/A/", "https://example.com/b" })
      assert.equal("https://example.com/A/", results[1].uniqueKey)
      assert.equal("https://example.com/b", results[2].uniqueKey)
    end)

    it("sends nothing for an empty list", function()
      assert.same({}, add {})
      assert.same({}, add(function() return nil end))
      assert.equal(0, #batches())
    end)

    it("tells what was there before", function()
      assert(add { url(1), url(2) })
      local results = assert(add { url(2), url(3) })
      assert.is_true(results[1].wasAlreadyPresent)
      assert.is_false(results[2].wasAlreadyPresent)
    end)

    it("sends the same key once, and gives both the result", function()
      local results = assert(add(list_of(60, function(i) return url((i - 1) % 30 + 1) end)))
      assert.equal(60, #results)
      local _, count = stored()
      assert.equal(30, count)
      assert.equal(2, #batches())
      for i = 1, 30 do
        assert.equal(results[i].requestId, results[i + 30].requestId)
        assert.is_false(results[i].wasAlreadyPresent)
        assert.is_true(results[i + 30].wasAlreadyPresent)
      end
    end)

    it("sends requests without a key too, with those of the same URL in different batches", function()
      local results = assert(add { { url = url(1) }, { url = url(2) }, { url = url(1) }, { url = url(1), uniqueKey = "own" } })
      assert.equal(4, #results)
      assert.same({ url(1), url(2), url(1), "own" }, list_of(4, function(i) return results[i].uniqueKey end))
      assert.equal(2, #batches())
      local _, count = stored()
      assert.equal(3, count)
    end)

    it("finds the results of requests without a key when some are throttled and the service changes their URLs", function()
      settings_of_api { throttle_batches = 2 }
      local results = assert(add(list_of(200, function(i) return { url = ("HTTPS://EXAMPLE.com/%d/"):format(i) } end)))
      local by_key, count = stored()
      assert.equal(200, count)
      check_results(results, list_of(200, url), by_key)
    end)

    it("takes an iterator, and is never more than the window ahead", function()
      local given, most = 0, 0
      local is_slow = { match = { path = "requests/batch" }, action = { delay = 0.01 } }
      api:faults(is_slow)
      local results = assert(add(count_to(500, function(i)
        given = i
        if i % 25 == 1 then most = math.max(most, i - 25 * #batches()) end
        return keyed(i)
      end), { max_parallel = 2 }))
      assert.equal(500, #results)
      assert.equal(500, given)
      assert.is_true(most <= 2 * 25 + 1)
      local by_key = stored()
      check_results(results, keys_to(500), by_key)
    end)

    it("lets the iterator wait while batches are in flight", function()
      local results = assert(add(count_to(60, function(i)
        if i % 20 == 0 then assert(apify.sleep(0.01)) end
        return keyed(i)
      end)))
      assert.equal(60, #results)
    end)

    it("has no more batches in flight than it is told", function()
      api:faults { match = { path = "requests/batch" }, action = { hang = true } }
      local fiber = apify.spawn(function() return add(list_of(500, keyed), { max_parallel = 3 }) end)
      waiting.until_open(api, 4)                         -- with that of the queue's making
      assert.equal(3, client:stats().in_flight)
      fiber:cancel()
      assert.equal(0, client:stats().in_flight)
      local results, err = fiber:wait()
      assert.is_nil(results)
      assert.equal("cancelled", err.kind)
      assert.equal(75, #err.in_doubt)
      assert.equal(425, #err.unprocessed)
      assert.equal(76, err.unprocessed[1])
      assert.same({}, err.partial)
    end)

    it("leaves nothing in flight when a hook raises", function()
      local hooked = client:with { on_attempt = function() error("the hook", 0) end }
      api:faults { match = { path = "requests/batch", after = 1 }, action = { hang = true } }
      local is_ok, err = pcall(batch.add, hooked.settings, op, list_of(100, keyed))
      assert.is_false(is_ok)
      assert.equal("the hook", err.cause)
      local count = 0
      for _ in pairs(err.partial) do count = count + 1 end
      assert.same({ 25, 75, 0 }, { count, #err.in_doubt, #err.unprocessed })
      assert.equal(0, client:stats().in_flight)
    end)

    it("ends when the client is closed", function()
      api:faults { match = { path = "requests/batch" }, action = { hang = true } }
      local fiber = apify.spawn(function() return add(list_of(30, keyed)) end)
      waiting.until_open(api, 3)
      client:close()
      local _, err = fiber:wait()
      assert.equal("closed", err.kind)
      assert.equal(30, #err.in_doubt)
      assert.equal("closed", select(2, add { url(1) }).kind)
    end)
  end)

  describe("repeating", function()
    it("goes on after 429 and lost answers when every request has a key", function()
      api:faults(
        { match = { path = "requests/batch", nth = 3 }, action = { status = { code = 429 } } },
        { match = { path = "requests/batch", nth = 4 }, action = { close_before_answer = true } })
      local results = assert(add(list_of(1000, keyed)))
      local by_key, count = stored()
      assert.equal(1000, count)
      check_results(results, keys_to(1000), by_key)
    end)

    it("does not repeat a batch whose answer was lost when a request has no key", function()
      api:faults { match = { path = "requests/batch", first = 1 }, action = { close_before_answer = true } }
      local requests = list_of(60, keyed)
      requests[7].uniqueKey = nil
      local results, err = add(requests, { max_parallel = 1 })
      assert.is_nil(results)
      assert.equal("network", err.kind)
      assert.same(list_of(25, function(i) return i end), err.in_doubt)
      assert.same(list_of(35, function(i) return 25 + i end), err.unprocessed)
      assert.equal(1, #batches())
    end)

    it("gives up after so many rounds without progress", function()
      settings_of_api { throttle_all = 1 }
      local results, err = add({ url(1), url(2) }, { max_unprocessed_requests_retries = 3 })
      assert.is_nil(results)
      assert.equal("api", err.kind)
      assert.equal("unprocessed-requests", err.type)
      assert.is_true(err.retryable)
      assert.same({ 1, 2 }, err.unprocessed)
      assert.same({}, err.in_doubt)
      assert.equal(4, #batches())
      assert.truthy(tostring(err):find("requests[1]", 1, true))
    end)

    it("counts the rounds from the last progress", function()
      settings_of_api { throttle_batches = 1 }           -- 25, 13, 7, 4, 2, and the last one never
      local _, err = add(list_of(25, keyed), { max_unprocessed_retries = 2 })
      assert.same({ 25 }, err.unprocessed)
      assert.equal(24, #err.partial)
      assert.equal(7, #batches())
    end)
  end)

  describe("a failure", function()
    it("tells what became of every request", function()
      api:faults { match = { path = "requests/batch", after = 1, first = 1 }, action = { status = { code = 400, type = "bad" } } }
      local results, err = add(list_of(120, keyed), { max_parallel = 1 })
      assert.is_nil(results)
      assert.equal("bad", err.type)
      assert.equal("POST", err.method)
      assert.equal(25, #err.partial)
      assert.same({}, err.in_doubt)
      assert.same(list_of(95, function(i) return 25 + i end), err.unprocessed)
      assert.equal(2, #batches())
    end)

    it("lets the other batches in flight end", function()
      api:faults({ match = { path = "requests/batch", first = 1 }, action = { status = { code = 400 } } },
        { match = { path = "requests/batch" }, action = { delay = 0.05 } })
      local _, err = add(list_of(200, keyed), { max_parallel = 3 })
      assert.equal(3, #batches())
      local count, by_key = 0, stored()
      for position, row in pairs(err.partial) do
        count = count + 1
        assert.equal(by_key["key-" .. position].id, row.requestId)
      end
      assert.equal(50, count)
      assert.equal(150, #err.unprocessed)
    end)

    it("shares the fate of one with the same key", function()
      api:faults { match = { path = "requests/batch" }, action = { close_before_answer = true } }
      local few = client:with { max_retries = 0 }
      local _, err = batch.add(few.settings, op, { url(1), url(1) })
      assert.same({ 1, 2 }, err.in_doubt)
      assert.same({}, err.unprocessed)
    end)

    it("leaves no doubt after nothing but 429", function()
      api:faults { match = { path = "requests/batch" }, action = { status = { code = 429 } } }
      local _, err = batch.add(client:with { max_retries = 2 }.settings, op, { url(1) })
      assert.equal(429, err.status)
      assert.same({ 1 }, err.unprocessed)
    end)

    it("leaves a doubt when a refusal came after a lost answer", function()
      api:faults({ match = { path = "requests/batch", first = 1 }, action = { cut = { after_bytes = 1 } } },
        { match = { path = "requests/batch" }, action = { status = { code = 403 } } })
      local _, err = add { url(1) }
      assert.equal(403, err.status)
      assert.same({ 1 }, err.in_doubt)
      assert.same({}, err.unprocessed)
    end)

    it("is told when the queue is unknown", function()
      local _, err = batch.add(client.settings, { method = "POST", path = "/request-queues/nobody/requests/batch" }, { url(1) })
      assert.is_true(err.not_found)
      assert.same({ 1 }, err.unprocessed)
    end)

    it("leaves a doubt about requests that the answer does not name, and does not add them twice", function()
      local body = '{"data":{"processedRequests":[],"unprocessedRequests":[{"url":"%s","uniqueKey":"u"}]}}'
      api:faults { match = { path = "requests/batch", first = 1 }, action = { bad_json = { body = body:format(url(3)) } } }
      local results, err = add { { url = url(1) }, { url = url(2) }, { url = url(3) } }
      assert.is_nil(results)
      assert.same({ "decode", false, true }, { err.kind, err.retryable, err.sent })
      assert.truthy(err.message:find("names 2 of the requests neither as processed nor as unprocessed, the first of them requests[1]", 1, true))
      assert.same({ 1, 2 }, err.in_doubt)
      assert.same({ 3 }, err.unprocessed)
      assert.equal(1, #batches())
    end)

    it("leaves none about those with a key, which are sent again", function()
      local body = '{"data":{"processedRequests":[],"unprocessedRequests":[]}}'
      api:faults { match = { path = "requests/batch", first = 1 }, action = { bad_json = { body = body } } }
      local results = assert(add(list_of(3, keyed)))
      check_results(results, keys_to(3), (stored()))
      assert.equal(2, #batches())
    end)

    it("leaves a doubt about those with a key that the answers never name", function()
      local body = '{"data":{"processedRequests":[],"unprocessedRequests":[{"url":"%s","uniqueKey":"key-2"}]}}'
      api:faults { match = { path = "requests/batch" }, action = { bad_json = { body = body:format(url(2)) } } }
      local _, err = add(list_of(2, keyed), { max_unprocessed_retries = 1 })
      assert.equal("unprocessed-requests", err.type)
      assert.same({ 1 }, err.in_doubt)
      assert.same({ 2 }, err.unprocessed)
    end)

    it("is an answer whose lists are none", function()
      for _, body in ipairs {
        '{"data":{"processedRequests":[],"unprocessedRequests":{}}}', '{"data":{"processedRequests":7,"unprocessedRequests":[]}}',
        '{"data":{"processedRequests":[]}}', '{"data":{"processedRequests":[7],"unprocessedRequests":[]}}',
      } do
        api:faults { match = { path = "requests/batch" }, action = { bad_json = { body = body } } }
        local _, err = add { { url = url(1) } }
        assert.same({ "decode", 1 }, { err.kind, #err.in_doubt }, body)
      end
    end)

    it("is an answer that tells nothing", function()
      api:faults { match = { path = "requests/batch" }, action = { bad_json = { body = '{"data":{}}' } } }
      local _, err = batch.add(client:with { max_retries = 1 }.settings, op, { { url = url(1) } })
      assert.equal("decode", err.kind)
      assert.same({ 1 }, err.in_doubt)
      assert.equal(1, #batches())
    end)
  end)

  describe("a bad request", function()
    -- The misuse that these raise.
    local function raised(fn, requests)
      local is_ok, message = pcall(fn, requests)
      assert.is_false(is_ok)
      assert.is_string(message)
      assert.equal(0, #batches())
      return (message:gsub("^[^:]*:%d+: ", ""))
    end

    it("is named before anything is sent", function()
      local good = url(1)
      assert.equal("bad requests of request_queue:batch_add_requests: requests[3].url: nil (expected a non-empty string)",
        raised(add, { good, good, {} }))
      assert.truthy(raised(add, { good, 7 }):find("requests[2]: 7", 1, true))
      assert.truthy(raised(add, { good, "" }):find("requests[2]", 1, true))
      assert.truthy(raised(add, { { url = good, id = "x" } }):find("requests[1].id", 1, true))
      assert.truthy(raised(add, { { url = good, uniqueKey = 5 } }):find("requests[1].uniqueKey: 5", 1, true))
      assert.truthy(raised(add, { { url = good, userData = { print } } }):find("requests[1].userData[1]: a function cannot be JSON", 1, true))
      assert.truthy(raised(add, { good, [3] = good }):find("holes", 1, true))
      assert.truthy(raised(add, { good, x = 1 }):find("x", 1, true))
      assert.truthy(raised(add, { url = good }):find("a table that is no list", 1, true))
      assert.truthy(raised(add, 5):find("expected a list or an iterator", 1, true))
      assert.truthy(raised(delete, { {} }):find("neither an id nor a uniqueKey", 1, true))
      assert.truthy(raised(delete, { { id = 5 } }):find("requests[1].id: 5", 1, true))
    end)

    it("of an iterator ends the call, with its position", function()
      local _, err = add(count_to(100, function(i) return i == 51 and {} or keyed(i) end), { max_parallel = 1 })
      assert.equal("io", err.kind)
      assert.truthy(err.message:find("requests[51].url", 1, true))
      assert.equal(50, #err.partial)
      assert.same({ 51 }, err.unprocessed)
    end)

    it("is too large alone", function()
      local rest = #'{"url":"u","uniqueKey":"u","payload":""}' + 2
      local function sized(n) return { url = "u", uniqueKey = "u", payload = ("x"):rep(n - rest) } end
      local results, err = add { url(1), sized(LIMIT + 1) }
      assert.is_nil(results)
      assert.equal("too_large", err.kind)
      assert.truthy(err.message:find("requests[2]", 1, true))
      assert.same({ 1, 2 }, err.unprocessed)
      assert.equal(0, #batches())
      assert.equal(1, #assert(add { sized(LIMIT) }))
    end)
  end)

  describe("where they go", function()
    it("is asked for once, before the first batch", function()
      local asked = 0
      local function target()
        asked = asked + 1
        return op
      end
      assert.equal(30, #assert(batch.add(client.settings, target, list_of(30, keyed))))
      assert.equal(1, asked)
      assert.same({}, batch.add(client.settings, target, {}))
      assert.is_false(pcall(batch.add, client.settings, target, { 7 }))
      assert.equal(1, asked)
    end)

    it("may be unknown, which ends the call", function()
      local cause = select(2, client:run("nobody"):get())
      local results, err = batch.add(client.settings, function() return nil, cause end, list_of(30, keyed))
      assert.is_nil(results)
      assert.equal(cause, err)
      assert.equal("GET", err.method)
      assert.equal(30, #err.unprocessed)
      assert.equal(0, #batches())
    end)
  end)

  it("fills a batch up to the byte", function()
    local rest = #'{"url":"u1","uniqueKey":"u1","payload":""}'
    local last = LIMIT - 2 - 4 - 4 * 1800000             -- brackets and commas
    local function list(extra)
      return list_of(5, function(i)
        return { url = "u" .. i, uniqueKey = "u" .. i, payload = ("x"):rep((i == 5 and last + extra or 1800000) - rest) }
      end)
    end
    assert.equal(5, #assert(add(list(0))))
    assert.equal(1, #batches())
    assert.equal(5, #assert(add(list(1))))
    assert.equal(3, #batches())
  end)

  describe("an iterator", function()
    it("that fails ends the call", function()
      local cause = setmetatable({}, { __tostring = function() return "no more" end })
      local i = 0
      local _, err = add(function()
        i = i + 1
        if i > 30 then return nil, cause end
        return keyed(i)
      end, { max_parallel = 1 })
      assert.equal("io", err.kind)
      assert.equal(cause, err.cause)
      assert.equal("the iterator failed: no more", err.message)
      assert.equal(25, #err.partial)
      assert.same({ 26, 27, 28, 29, 30 }, err.unprocessed)
    end)

    it("sees the cancelling of its fiber, which ends the call", function()
      local fiber = apify.spawn(function()
        return add(function() return nil, select(2, apify.sleep(60)) end)
      end)
      fiber:cancel()
      local _, err = fiber:wait()
      assert.equal("cancelled", err.kind)
      assert.equal(0, #batches())
    end)

    it("that raises ends the call", function()
      local _, err = add(function() error({ "x" }, 0) end)
      assert.equal("io", err.kind)
      assert.same({ "x" }, err.cause)
    end)

    it("is not called again after its end", function()
      local calls = 0
      assert(add(setmetatable({}, { __call = function()
        calls = calls + 1
        if calls <= 30 then return keyed(calls) end
      end })))
      assert.equal(31, calls)
    end)
  end)

  describe("deleting", function()
    local function present(n)
      assert(add(list_of(n, keyed)))
      return (stored())
    end

    it("takes ids, keys and rows, and gives the results in order though batches are throttled", function()
      local by_key = present(100)
      settings_of_api { throttle_batches = 2 }
      local results = assert(delete(list_of(99, function(i)
        local row = by_key["key-" .. i]
        return i % 3 == 0 and row or i % 3 == 1 and row.id or { uniqueKey = row.uniqueKey }
      end)))
      assert.equal(99, #results)
      for i, row in ipairs(results) do
        if i % 3 == 2 then assert.equal("key-" .. i, row.uniqueKey) else assert.equal(by_key["key-" .. i].id, row.id) end
      end
      local _, count = stored()
      assert.equal(1, count)
    end)

    it("goes on after lost answers", function()
      local by_key = present(60)
      api:faults { match = { method = "DELETE", first = 2 }, action = { cut = { after_bytes = 20 } } }
      local results = assert(delete(list_of(60, function(i) return by_key["key-" .. i].id end)))
      assert.equal(60, #results)
      local _, count = stored()
      assert.equal(0, count)
    end)

    it("sends the same one once", function()
      local by_key = present(1)
      local id = by_key["key-1"].id
      local results = assert(delete { id, { id = id } })
      assert.equal(id, results[1].id)
      assert.equal(id, results[2].id)
    end)

    --- Answer a deletion like this, once.
    local function answer_once(processed, unprocessed)
      local body = ('{"data":{"processedRequests":[%s],"unprocessedRequests":[%s]}}'):format(processed, unprocessed)
      api:faults { match = { method = "DELETE", first = 1 }, action = { bad_json = { body = body } } }
      api:log(true)
    end

    it("tells that what the answer does not name was not there", function()
      answer_once('{"id":"a"}', "")
      local results = assert(delete { "a", "b", { uniqueKey = "c" }, { id = "d", uniqueKey = "e" } })
      assert.same({
        { id = "a" }, { id = "b", was_found = false }, { uniqueKey = "c", was_found = false },
        { id = "d", uniqueKey = "e", was_found = false },
      }, results)
      assert.equal(1, #api:log().requests)
    end)

    it("sends an id again while a row that was left aside may be its own", function()
      answer_once('{"id":"a"}', '{"uniqueKey":"u","url":"https://a.example/"}')
      local results = assert(delete { "a", "b", { uniqueKey = "c" } })
      assert.same({ { id = "a" }, { id = "b" }, { uniqueKey = "c", was_found = false } }, results)
      assert.equal(2, #api:log().requests)
    end)
  end)
end)
