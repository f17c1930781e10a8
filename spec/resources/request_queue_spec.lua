--- Request queues: requests that are added once each, their order, locks and who holds them, lists.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local api = testbed.local_api { count = 0 }
local client, queue

before_each(function()
  client = testbed.client(api, { max_retries = 2 })
  queue = client:request_queue(assert(client:request_queues():get_or_create()).id)
  api:log(true)
end)

local function failure(kind, status, value, err)
  assert.is_nil(value)
  assert.is_true(apify.is_error(err), tostring(err))
  assert.same({ kind, status }, { err.kind, err.status }, tostring(err))
  return err
end

local function url(i) return "https://example.com/" .. i end

-- Ids of requests that were added one after the other.
local function fill(count)
  local ids = {}
  for i = 1, count do ids[i] = assert(queue:add_request { url = url(i), uniqueKey = "k" .. i }).requestId end
  return ids
end

local function keys(rows)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row.uniqueKey end
  return table.concat(list, " ")
end

local function head(o) return keys(assert(queue:list_head(o)).items) end

-- The same queue as another client sees it.
local function as(client_key) return client:request_queue(queue.id, { client_key = client_key }) end

local function requests(method)
  local found = {}
  for _, request in ipairs(api:log().requests) do
    if request.method == method then found[#found + 1] = request end
  end
  return found
end

describe("a request", function()
  it("is added once, from a table or a URL", function()
    local first = assert(queue:add_request { url = url(1), uniqueKey = "own" })
    assert.same({ false, false }, { first.wasAlreadyPresent, first.wasAlreadyHandled })
    local again = assert(queue:add_request { url = url(2), uniqueKey = "own" })
    assert.same({ requestId = first.requestId, wasAlreadyPresent = true, wasAlreadyHandled = false }, again)
    local plain = assert(queue:add_request(url(3)))
    assert.equal(url(3), assert(queue:get_request(plain.requestId)).uniqueKey)
    assert.is_true(assert(queue:add_request(url(3))).wasAlreadyPresent)
    assert.equal(2, assert(queue:get()).totalRequestCount)
  end)

  it("has what it was given, with its own nulls and lists", function()
    local given = {
      url = url(1), uniqueKey = "k", method = "POST", payload = "a=1", headers = { ["X-Own"] = "ü" }, noRetry = true, retryCount = 2,
      errorMessages = apify.array {}, userData = { none = apify.null, list = apify.array {}, object = {}, deep = { { 1.5, apify.null, false } } },
    }
    local id = assert(queue:add_request(given)).requestId
    local got = assert(queue:get_request(id))
    given.id = id
    assert.same(given, got)
    assert.equal(apify.null, got.userData.none)
    api:admin("settings", { journal_bodies = true })
    api:log(true)
    assert(queue:update_request(got))
    local body = requests("PUT")[1].body
    for _, part in ipairs { '"list":[]', '"none":null', '"object":{}', '"errorMessages":[]', "[[1.5,null,false]]" } do
      assert.truthy(body:find(part, 1, true), body)
    end
    local thrifty = assert(queue:get_request(id, { nulls = "omit" })).userData
    assert.is_nil(thrifty.none)
    assert.equal(apify.null, assert(queue:list_requests()).items[1].userData.none)
    assert.is_nil(assert(queue:list_requests { nulls = "omit" }).items[1].userData.none)
    assert.equal(apify.null, queue:iterate_requests():next().userData.none)
    assert.is_nil(queue:iterate_requests({ nulls = "omit" }):next().userData.none)
  end)

  it("with a key of its own is added again when the answer was lost; one without is not", function()
    api:faults { match = { method = "POST", nth = 2, first = 2 }, action = { close_before_answer = { act = true } } }
    assert(queue:add_request { url = url(0), uniqueKey = "k0" })
    assert.is_true(assert(queue:add_request { url = url(1), uniqueKey = "k1" }).wasAlreadyPresent)
    api:faults { match = { method = "POST", first = 1 }, action = { close_before_answer = { act = true } } }
    local err = failure("network", nil, queue:add_request { url = url(2) })
    assert.same({ 1, true }, { err.attempts, err.sent })
    api:faults { match = { method = "POST", first = 1 }, action = { status = { code = 429 } } }
    assert(queue:add_request { url = url(3) })                     -- refused before anything was done
    assert.equal(6, #requests "POST")
  end)

  it("is changed, and done with handledAt", function()
    local ids = fill(2)
    local request = assert(queue:get_request(ids[1]))
    request.retryCount, request.userData = 5, { changed = true }
    assert.same({ requestId = ids[1], wasAlreadyPresent = true, wasAlreadyHandled = false }, assert(queue:update_request(request)))
    assert.same({ 5, { changed = true } }, { queue:get_request(ids[1]).retryCount, queue:get_request(ids[1]).userData })
    assert.equal("k2 k1", head())
    request.handledAt = apify.date(os.time())
    assert(queue:update_request(request))
    assert.equal("k2", head())
    local about = assert(queue:get())
    assert.same({ 2, 1, 1 }, { about.totalRequestCount, about.handledRequestCount, about.pendingRequestCount })
    assert.is_true(assert(queue:add_request { url = url(1), uniqueKey = "k1" }).wasAlreadyHandled)
  end)

  it("is known by its id, or by a table with one", function()
    local id = fill(1)[1]
    assert.equal(id, assert(queue:get_request { id = id, url = "other" }).id)
    assert.is_true(queue:delete_request { id = id })
    assert.equal("", head())
  end)

  it("that is missing is nil and an error", function()
    assert.is_true(failure("api", 404, queue:get_request "missing").not_found)
    assert.is_true(failure("api", 404, queue:delete_request "missing").not_found)
    local ids = fill(1)
    assert.is_true(queue:delete_request(ids[1]))
    assert.is_true(failure("api", 404, queue:delete_request(ids[1])).not_found)
    assert.equal("", head())
  end)

  it("whose deletion was answered to nobody is deleted all the same", function()
    local ids = fill(1)
    api:faults { match = { method = "DELETE", first = 1 }, action = { close_before_answer = { act = true } } }
    assert.is_true(queue:delete_request(ids[1]))
    assert.equal(2, #requests "DELETE")
  end)
end)

describe("the head", function()
  it("has the requests in their order, those with forefront first", function()
    local ids = fill(3)
    assert(queue:add_request({ url = url(4), uniqueKey = "k4" }, { forefront = true }))
    assert.equal("k4 k1 k2 k3", head())
    assert.equal("k4 k1", head { limit = 2 })
    assert(queue:update_request({ id = ids[3], url = url(3), uniqueKey = "k3" }, { forefront = true }))
    assert.equal("k3 k4 k1 k2", head())
    assert(queue:batch_add_requests({ { url = url(5), uniqueKey = "k5" } }, { forefront = true }))
    assert.equal("k5 k3 k4 k1 k2", head())
    assert(queue:batch_delete_requests { ids[1], { uniqueKey = "k5" }, { id = ids[2] } })
    assert.equal("k3 k4", head())
  end)

  it("tells whether several clients were there", function()
    local mine = as "mine"
    assert.is_false(assert(mine:list_head()).hadMultipleClients)
    assert(as("other"):list_head())
    assert.is_true(assert(mine:list_head()).hadMultipleClients)
  end)

  it("is of one run below that run", function()
    local id = api:admin("add_runs", { schedule = { { 0, "RUNNING" } } }).ids[1]
    local below = client:run(id):request_queue { client_key = "c" }
    assert(below:add_request { url = url(1), uniqueKey = "below" })
    assert.equal("below", keys(assert(client:request_queue(client:run(id):get().defaultRequestQueueId):list_head()).items))
    assert.equal("", head())
  end)
end)

describe("a lock", function()
  it("keeps requests from others, and is prolonged and given back by its owner alone", function()
    fill(4)
    local mine, other = as "mine", as "other"
    local locked = assert(mine:list_and_lock_head { lock_secs = 60, limit = 3 })
    assert.same({ "k1 k2 k3", 60, 3, "mine" }, { keys(locked.items), locked.lockSecs, locked.limit, locked.clientKey })
    local id, expires = locked.items[1].id, apify.time(locked.items[1].lockExpiresAt)
    assert.equal("k4", keys(assert(other:list_and_lock_head { lock_secs = 60 }).items))
    assert.equal("", head())
    failure("api", 403, other:prolong_request_lock(id, { lock_secs = 90 }))
    failure("api", 403, other:delete_request_lock(id))
    failure("api", 403, queue:delete_request_lock(id))
    assert.is_true(apify.time(assert(mine:prolong_request_lock(id, { lock_secs = 600 })).lockExpiresAt) > expires)
    assert.is_true(mine:delete_request_lock(id))
    assert.is_true(mine:delete_request_lock(locked.items[2].id, { forefront = true }))
    assert.equal("k2 k1", head())
    assert.is_true(failure("api", 404, mine:delete_request_lock(id)).not_found)
    assert.is_true(failure("api", 404, mine:prolong_request_lock(id, { lock_secs = 5 })).not_found)
  end)

  it("has an owner of up to 32 characters, whatever they are", function()
    fill(1)
    for _, key in ipairs { "a b&c=ü#/?", ("k"):rep(32) } do
      local mine = as(key)
      assert.equal(key, assert(mine:list_and_lock_head { lock_secs = 60 }).clientKey)
      assert.equal(1, assert(mine:unlock_requests()).unlockedCount)
    end
  end)

  it("runs out by the clock", function()
    fill(2)
    local mine, other = as "mine", as "other"
    assert.equal("k1", keys(assert(mine:list_and_lock_head { lock_secs = 1, limit = 1 }).items))
    assert.equal("k2", keys(assert(mine:list_and_lock_head { lock_secs = 60 }).items))
    assert.equal("", head())
    local rows
    for _ = 1, 400 do
      rows = keys(assert(other:list_and_lock_head { lock_secs = 60, limit = 5 }).items)
      if rows ~= "" then break end
      assert(apify.sleep(0.02))
    end
    assert.equal("k1", rows)
  end)

  it("is given back with all of its owner's by unlock_requests", function()
    fill(5)
    assert(as("mine"):list_and_lock_head { lock_secs = 60, limit = 2 })
    assert(as("other"):list_and_lock_head { lock_secs = 60, limit = 1 })
    assert.equal(2, assert(as("mine"):unlock_requests()).unlockedCount)
    assert.equal(0, assert(as("mine"):unlock_requests()).unlockedCount)
    assert.equal("k4 k5 k1 k2", head())
  end)

  it("is no matter for whoever handles the request", function()
    local ids = fill(1)
    local mine = as "mine"
    assert(mine:list_and_lock_head { lock_secs = 60 })
    local request = assert(mine:get_request(ids[1]))
    request.handledAt = apify.date(os.time())
    assert(mine:update_request(request))
    assert.equal(0, assert(mine:get()).pendingRequestCount)
    failure("api", 403, mine:prolong_request_lock(ids[1], { lock_secs = 60 }))
  end)
end)

describe("the list", function()
  -- k1 is handled, k2 and k3 are locked, k4 to kN pending.
  local function mixture(count)
    local ids = fill(count)
    assert(queue:update_request { id = ids[1], url = url(1), uniqueKey = "k1", handledAt = "2025-09-01T00:00:00.000Z" })
    assert(as("someone"):list_and_lock_head { lock_secs = 60, limit = 2 })
    return ids
  end

  local function walk(o) return keys(queue:iterate_requests(o):collect()) end

  it("has pages with a cursor, and filters", function()
    local ids = mixture(5)
    local page = assert(queue:list_requests { limit = 2 })
    assert.same({ "k1 k2", 2 }, { keys(page.items), page.limit })
    page = assert(queue:list_requests { limit = 2, cursor = page.nextCursor })
    assert.equal("k3 k4", keys(page.items))
    page = assert(queue:list_requests { cursor = page.nextCursor })
    assert.equal("k5", keys(page.items))
    assert.is_nil(page.nextCursor)
    assert.equal("k4 k5", keys(assert(queue:list_requests { exclusive_start_id = ids[3] }).items))
    assert.equal("k2 k3", keys(assert(queue:list_requests { filter = "locked" }).items))
    assert.equal("k2 k3 k4 k5", keys(assert(queue:list_requests { filter = { "locked", "pending" } }).items))
    failure("api", 400, queue:list_requests { cursor = "made up" })
  end)

  it("is walked, page by page, with filters and a limit", function()
    mixture(7)
    assert.equal("k1 k2 k3 k4 k5 k6 k7", walk())
    assert.equal("k1 k2 k3 k4 k5 k6 k7", walk { chunk_size = 3 })
    assert.equal("k1 k2 k3 k4", walk { chunk_size = 3, limit = 4 })
    assert.equal("k2 k3", walk { filter = "locked", chunk_size = 1 })
    assert.equal("k3 k4 k5 k6 k7", walk { cursor = queue:list_requests({ limit = 2 }).nextCursor })
    assert.same({ { id = queue:list_requests({ limit = 1 }).items[1].id } }, queue:iterate_requests({ pick = { "id" }, limit = 1 }):collect())
  end)

  it("is walked to its end although pages are empty", function()
    mixture(12)
    api:admin("settings", { requests_scan = 1 })
    api:log(true)
    assert.equal("k2 k3", walk { filter = "locked" })
    assert.is_true(#requests "GET" >= 11, "no page was empty")
  end)

  it("loses and repeats nothing when requests are deleted meanwhile", function()
    local ids = fill(10)
    local it, seen = queue:iterate_requests { chunk_size = 2 }, {}
    for request in it do
      seen[#seen + 1] = request
      if #seen % 2 == 0 and #seen <= 6 then assert(queue:delete_request(ids[#seen - 1])) end
      if #seen == 4 then assert(queue:delete_request(ids[10])) end
    end
    assert.equal("k1 k2 k3 k4 k5 k6 k7 k8 k9", keys(seen))
  end)

  it("goes on from a bookmark, with its filter and what is left of its limit", function()
    mixture(9)
    local it = queue:iterate_requests { filter = { "locked", "pending" }, chunk_size = 3, limit = 6 }
    local seen = {}
    for i = 1, 4 do seen[i] = assert(it:next()) end
    local bookmark = it:bookmark()
    it:close()
    for request in queue:iterate_requests { bookmark = bookmark, chunk_size = 3 } do seen[#seen + 1] = request end
    assert.equal("k2 k3 k4 k5 k6 k7", keys(seen))
    local ok, text = pcall(queue.iterate_requests, queue, { bookmark = bookmark, filter = "locked" })
    assert.is_false(ok)
    assert.truthy(text:find("filter", 1, true), text)
    ok, text = pcall(client.key_value_store(client, queue.id).iterate_keys, client:key_value_store(queue.id), { bookmark = bookmark })
    assert.is_false(ok)
    assert.truthy(text:find("bookmark", 1, true), text)
  end)

  it("survives a page that breaks off, and tells an error that lasts", function()
    fill(6)
    api:faults { match = { path = "/requests$", method = "GET", nth = 2, first = 2 }, action = { cut = { after_bytes = 250 } } }
    assert.equal("k1 k2 k3 k4 k5 k6", walk { chunk_size = 4 })
    api:faults { match = { path = "/requests$", method = "GET", after = 1 }, action = { status = { code = 403 } } }
    local it = queue:iterate_requests { chunk_size = 4 }
    for _ = 1, 4 do assert(it:next()) end
    failure("api", 403, it:next())
    api:faults()
    assert.equal("k5 k6", keys(it:collect()))
  end)
end)

describe("many requests", function()
  it("are added and deleted in batches, in their order", function()
    local given = {}
    for i = 1, 60 do given[i] = i % 2 == 0 and url(i) or { url = url(i), uniqueKey = "k" .. i } end
    api:admin("settings", { throttle_batches = 2 })
    local results = assert(queue:batch_add_requests(given))
    for i, result in ipairs(results) do assert.equal(i % 2 == 0 and url(i) or "k" .. i, result.uniqueKey) end
    assert.same({ 60, 60 }, { #results, queue:get().totalRequestCount })
    assert.is_true(assert(queue:batch_add_requests { given[1] })[1].wasAlreadyPresent)
    local ids = {}
    for i = 1, 30 do ids[i] = results[i].requestId end
    assert.equal(30, #assert(queue:batch_delete_requests(ids)))
    assert.equal(30, queue:get().totalRequestCount)
  end)

  it("that the API refuses are told by position", function()
    local results, err = queue:batch_add_requests { url(1), { url = url(2), method = "FETCH" } }
    failure("api", 400, results, err)
    assert.same({ 1, 2 }, err.unprocessed)
    assert.equal(0, queue:get().totalRequestCount)
  end)
end)

it("the queue itself is seen, renamed, opened and deleted", function()
  assert.equal("mine", assert(queue:update { name = "mine" }).name)
  assert.equal(queue.id, assert(client:request_queue "janedoe/mine":get()).id)
  assert.is_nil(assert(queue:update { name = false }).name)
  assert.is_true(queue:delete())
  assert.is_true(failure("api", 404, queue:get()).not_found)
  assert.is_true(failure("api", 404, queue:add_request(url(1))).not_found)
end)

describe("a row of a head", function()
  local LONG = "https://example.com/" .. ("ü"):rep(200)
  local whole

  before_each(function()
    local added = assert(queue:add_request { url = LONG, uniqueKey = LONG, payload = "a=1", userData = { n = 1 }, headers = { A = "b" } })
    whole = assert(queue:get_request(added.requestId))
    api:log(true)
  end)

  it("is only a part of its request", function()
    local row = assert(queue:list_head()).items[1]
    local cut = "https://example.com/" .. ("ü"):rep(108)
    assert.same({ id = whole.id, url = cut, uniqueKey = cut, method = "GET", retryCount = 0 }, row)
    row = assert(queue:list_and_lock_head { lock_secs = 60 }).items[1]
    assert.is_string(row.lockExpiresAt)
    row.lockExpiresAt = nil
    assert.same({ id = whole.id, url = cut, uniqueKey = cut, method = "GET", retryCount = 0 }, row)
  end)

  it("is refused as an update, which would destroy the rest", function()
    for _, row in ipairs { assert(queue:list_head()).items[1], assert(queue:list_and_lock_head { lock_secs = 60 }).items[1] } do
      row.handledAt = "2025-09-01T00:00:00.000Z"
      collectgarbage()
      local is_done, message = pcall(queue.update_request, queue, row)
      assert.is_false(is_done)
      assert.matches("update_request: a row of a head, which is only a part of its request %(change what get_request gives%)$", message)
      assert.is_nil(getmetatable(row))
    end
    assert.equal(0, #requests "PUT")
    assert.same(whole, queue:get_request(whole.id))
  end)

  it("leads to all of its request, which may be updated", function()
    local request = assert(queue:get_request(assert(queue:list_head()).items[1]))
    assert.same(whole, request)
    request.handledAt = "2025-09-01T00:00:00.000Z"
    assert(queue:update_request(request))
    local now = assert(queue:get_request(whole.id))
    assert.same({ LONG, "a=1", { n = 1 }, request.handledAt }, { now.url, now.payload, now.userData, now.handledAt })
  end)
end)
