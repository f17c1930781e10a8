-- runs first
--- The operations of log, dataset, key-value store and request queue, each on its four mounts: below a run, below an Actor's
--- last run, below a task's last run, and on the storage by its own id. What arrives at the server is what the API documents.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local ACTOR, TASK = "janedoe~my-actor", "janedoe~my-task"
local NOBODY = "nobody4Nobody4Nob"
local OWNER = "owner-1"                  -- of locks
local JSON = "application/json"

local api = testbed.local_api {
  count = 2, statuses = { "SUCCEEDED" }, without_task_every = 0, settings = { journal_bodies = true },
}
local client, world

-- Of each noun: its path below a run, its own path, and which field of a run has its id.
local NOUNS = {
  log = { below = "/log", own = "/v2/logs/", id = "id" },
  dataset = { below = "/dataset", own = "/v2/datasets/", id = "defaultDatasetId" },
  key_value_store = { below = "/key-value-store", own = "/v2/key-value-stores/", id = "defaultKeyValueStoreId" },
  request_queue = { below = "/request-queue", own = "/v2/request-queues/", id = "defaultRequestQueueId", takes_options = true },
}

local function last_options()
  return { status = "SUCCEEDED", origin = world.run.meta.origin }
end

-- `parent` gives the run's handle, `root` its path; a mount without them is the noun's own.
local MOUNTS = {
  { name = "a run", root = function(id) return "/v2/actor-runs/" .. id end,
    parent = function(c, id) return c:run(id) end },
  { name = "an Actor's last run", is_last = true, root = function() return "/v2/acts/" .. ACTOR .. "/runs/last" end,
    parent = function(c, _, is_nobody) return c:actor(is_nobody and NOBODY or ACTOR):last_run(last_options()) end },
  { name = "a task's last run", is_last = true, root = function() return "/v2/actor-tasks/" .. TASK .. "/runs/last" end,
    parent = function(c, _, is_nobody) return c:task(is_nobody and NOBODY or TASK):last_run(last_options()) end },
  { name = "its own id" },
}

-- The noun's handle on a mount.
local function handle(mount, noun, c, is_nobody)
  local about = NOUNS[noun]
  local opts = about.takes_options and { client_key = OWNER } or nil
  local id = is_nobody and NOBODY or world.run[mount.parent and "id" or about.id]
  if not mount.parent then return c[noun](c, id, opts) end
  local parent = mount.parent(c, id, is_nobody)
  return parent[noun](parent, opts)
end

local function path_of(mount, noun)
  local about = NOUNS[noun]
  return mount.root and mount.root(world.run.id) .. about.below or about.own .. world.run[about.id]
end

-- The request that a custom call has to make for the operation, on the mount.
local function custom(h, case, more)
  local o = { method = case[1], path = (path_of(h.mount, case[2]) .. case[3]):gsub("^/v2", ""), query = h.mount.is_last and last_options() or nil }
  for name, value in pairs(more) do o[name] = value end
  return h.client:request(o)
end

local function url(i) return "https://example.com/" .. i end

local function is_true(value) assert.is_true(value) end
local function has_id(value) assert.equal("string", type(value.id)) end
local function is_id_of(field) return function(value) assert.equal(world.run[field], value.id) end end

-- What a case needs before: each returns what "%s" in the path stands for.
local function two_items(d) assert(d:push_items { { a = 1, b = "b", c = { d = 1 }, ["#h"] = 1 }, { a = 2 } }) end
local function a_record(s) assert(s:set_record("some-key", { v = 1 })) end
local function a_request(q) return assert(q:add_request { url = url(1), uniqueKey = "u1" }).requestId end

local function a_lock(q)
  local id = a_request(q)
  assert(q:list_and_lock_head { lock_secs = 60 })
  return id
end

local function a_foreign_lock()
  local other = client:request_queue(world.run.defaultRequestQueueId, { client_key = "someone-else" })
  assert(other:list_and_lock_head { lock_secs = 60 })
end

local function taken_name(collection)
  return function() assert(client[collection](client):get_or_create "taken") end
end

local function rename(h) return h:update { name = "taken" } end
local function update(h) return h:update { name = "new-name", general_access = "RESTRICTED" } end

local function is_updated(value)
  has_id(value)
  assert.same({ "new-name", "RESTRICTED" }, { value.name, value.generalAccess })
end

local ALL_ITEM_OPTIONS = {
  offset = 0, limit = 10, desc = true, clean = true, skip_empty = true, skip_hidden = true, fields = { "a", "b" },
  output_fields = { "x", "y" }, omit = "z", unwind = "u", flatten = { "c" }, view = "v", simplified = false,
  skip_failed_pages = true, signature = "s",
}
local ITEMS = "clean=1&desc=1&fields=a,b&flatten=c&limit=10&offset=0&omit=z&outputFields=x,y&signature=s&simplified=0&skipEmpty=1"
  .. "&skipFailedPages=1&skipHidden=1&unwind=u&view=v"

local NEW_NAME = '{"generalAccess":"RESTRICTED","name":"new-name"}'

-- Each: method, noun, path below the noun; `params` in the order of their names; `before`, `call` and `check`; `refuse`, a call
-- that the server refuses with `status` and `type` (after `spoil`). `pins`: below a last run the call first asks which run that is.
-- `body`: what is sent. `is_once`: what may have been done already is not done again.
local CASES = {
  { "GET", "log", "", params = "raw=1", call = function(l) return l:get { raw = true } end,
    check = function(text) assert.truthy(text:find("\27[32mINFO", 1, true)) end },

  { "GET", "dataset", "", call = function(d) return d:get() end, check = is_id_of "defaultDatasetId" },
  { "PUT", "dataset", "", call = update, check = is_updated, body = NEW_NAME,
    spoil = taken_name "datasets", refuse = rename, status = 409, type = "name-not-unique" },
  { "DELETE", "dataset", "", call = function(d) return d:delete() end, check = is_true },
  { "GET", "dataset", "/items", params = ITEMS,
    before = function(d)
      api:admin("dataset_rules", { run = world.run.id, views = { v = { "a" } } })
      two_items(d)
    end,
    call = function(d) return d:list_items(ALL_ITEM_OPTIONS) end,
    check = function(page)
      assert.same({ { x = 2 }, { x = 1, y = "b" } }, page.items)
      assert.same({ 2, 2, 0, 10, true }, { page.total, page.count, page.offset, page.limit, page.desc })
    end,
    refuse = function(d) return d:list_items { view = "none" } end, status = 400, type = "requested-dataset-view-does-not-exist" },
  { "POST", "dataset", "/items", pins = true, is_once = true, body = '[{"a":1},{"a":2}]',
    call = function(d) return d:push_items { { a = 1 }, { a = 2 } } end, check = is_true,
    spoil = function() api:admin("dataset_rules", { run = world.run.id, required = { "b" } }) end,
    refuse = function(d) return d:push_items { a = 1 } end, status = 400, type = "schema-validation-error" },
  { "GET", "dataset", "/statistics", before = two_items, call = function(d) return d:get_statistics() end,
    check = function(value) assert.same({ 1, 2 }, { value.fieldStatistics.a.min, value.fieldStatistics.a.max }) end },

  { "GET", "key_value_store", "", call = function(s) return s:get() end, check = is_id_of "defaultKeyValueStoreId" },
  { "PUT", "key_value_store", "", call = update, check = is_updated, body = NEW_NAME,
    spoil = taken_name "key_value_stores", refuse = rename,
    status = 409, type = "name-not-unique" },
  { "DELETE", "key_value_store", "", call = function(s) return s:delete() end, check = is_true },
  { "GET", "key_value_store", "/keys", params = "collection=c&exclusiveStartKey=A&limit=5&prefix=IN&signature=s",
    call = function(s) return s:list_keys { collection = "c", exclusive_start_key = "A", limit = 5, prefix = "IN", signature = "s" } end,
    check = function(page) assert.same({ 1, 5, "INPUT" }, { page.count, page.limit, page.items[1].key }) end,
    refuse = function(s) return s:list_keys { collection = "unknown-collection" } end, status = 400, type = "invalid-collection" },
  { "GET", "key_value_store", "/records", pins = true, params = "collection=c&prefix=IN&signature=s",
    call = function(s) return s:download_records(nil, { collection = "c", prefix = "IN", signature = "s" }) end,
    check = function(zip) assert.equal("PK\3\4", zip:sub(1, 4)) end,
    refuse = function(s) return s:download_records(nil, { collection = "unknown-collection" }) end, status = 400, type = "invalid-collection" },
  { "GET", "key_value_store", "/records/some-key", params = "attachment=1&signature=s", before = a_record,
    call = function(s) return s:get_record("some-key", { signature = "s" }) end,
    check = function(record) assert.same({ key = "some-key", value = { v = 1 }, content_type = "application/json; charset=utf-8" }, record) end,
    refuse = function(s) return s:get_record "missing" end, status = 404, type = "record-not-found" },
  { "POST", "key_value_store", "/records/some-key", is_custom = true, is_once = true, body = "bytes",
    call = function(h, case) return custom(h, case, { body = "bytes", headers = { ["Content-Type"] = "text/plain" } }) end,
    check = function(_, s) assert.equal("bytes", assert(s:get_record "some-key").value) end,
    refuse = function(h, case) return custom(h, case, { body = "{", headers = { ["Content-Type"] = JSON } }) end,
    status = 400, type = "invalid-input" },
  { "PUT", "key_value_store", "/records/some-key", body = '{"v":2}', call = function(s) return s:set_record("some-key", { v = 2 }) end,
    check = function(value, s)
      is_true(value)
      assert.same({ v = 2 }, assert(s:get_record "some-key").value)
    end,
    refuse = function(s) return s:set_record("some-key", "{", { content_type = JSON }) end, status = 400, type = "invalid-input" },
  { "DELETE", "key_value_store", "/records/some-key", before = a_record, call = function(s) return s:delete_record "some-key" end,
    check = is_true, refuse = function(s) return s:delete_record "missing" end, status = 404, type = "record-not-found" },

  { "GET", "request_queue", "", call = function(q) return q:get() end, check = is_id_of "defaultRequestQueueId" },
  { "PUT", "request_queue", "", call = update, check = is_updated, body = NEW_NAME,
    spoil = taken_name "request_queues", refuse = rename,
    status = 409, type = "name-not-unique" },
  { "DELETE", "request_queue", "", call = function(q) return q:delete() end, check = is_true },
  { "GET", "request_queue", "/requests", params = "clientKey=owner-1&filter=locked,pending&limit=7", before = a_request,
    call = function(q) return q:list_requests { filter = { "locked", "pending" }, limit = 7 } end,
    check = function(page) assert.same({ 1, url(1) }, { #page.items, page.items[1].url }) end,
    refuse = function(q) return q:list_requests { cursor = "bad" } end, status = 400, type = "invalid-input" },
  { "POST", "request_queue", "/requests", params = "clientKey=owner-1&forefront=1", is_once = true, body = '{"url":"https://example.com/1"}',
    call = function(q) return q:add_request({ url = url(1) }, { forefront = true }) end,
    check = function(value) assert.is_false(value.wasAlreadyPresent) end,
    refuse = function(q) return q:add_request { url = url(1), method = "FETCH" } end, status = 400, type = "invalid-input" },
  { "POST", "request_queue", "/requests/batch", pins = true, params = "clientKey=owner-1&forefront=1",
    call = function(q) return q:batch_add_requests({ url(1), url(2) }, { forefront = true }) end,
    check = function(results) assert.same({ url(1), url(2) }, { results[1].uniqueKey, results[2].uniqueKey }) end,
    refuse = function(q) return q:batch_add_requests { { url = url(1), method = "FETCH" } } end, status = 400, type = "invalid-input" },
  { "DELETE", "request_queue", "/requests/batch", pins = true, params = "clientKey=owner-1", before = a_request,
    body = '[{"uniqueKey":"u1"}]',
    call = function(q) return q:batch_delete_requests { { uniqueKey = "u1" } } end,
    check = function(results, q)
      assert.equal("u1", results[1].uniqueKey)
      assert.equal(0, assert(q:get()).totalRequestCount)
    end },
  { "POST", "request_queue", "/requests/unlock", params = "clientKey=owner-1", before = a_lock, is_once = true,
    call = function(q) return q:unlock_requests() end, check = function(value) assert.equal(1, value.unlockedCount) end },
  { "GET", "request_queue", "/requests/%s", before = a_request, call = function(q, _, id) return q:get_request(id) end,
    check = function(value) assert.equal(url(1), value.url) end,
    refuse = function(q) return q:get_request "missing" end, status = 404, type = "record-not-found" },
  { "PUT", "request_queue", "/requests/%s", params = "clientKey=owner-1&forefront=1", before = a_request,
    call = function(q, _, id) return q:update_request({ id = id, url = url(1), uniqueKey = "u1", retryCount = 3 }, { forefront = true }) end,
    check = function(value, q)
      assert.is_true(value.wasAlreadyPresent)
      assert.equal(3, assert(q:get_request(value.requestId)).retryCount)
    end,
    refuse = function(q) return q:update_request { id = "other", url = url(1), uniqueKey = "u1" } end, status = 400, type = "request-id-invalid" },
  { "DELETE", "request_queue", "/requests/%s", params = "clientKey=owner-1", before = a_request,
    call = function(q, _, id) return q:delete_request(id) end, check = is_true,
    refuse = function(q) return q:delete_request "missing" end, status = 404, type = "record-not-found" },
  { "PUT", "request_queue", "/requests/%s/lock", params = "clientKey=owner-1&forefront=1&lockSecs=90", before = a_lock,
    call = function(q, _, id) return q:prolong_request_lock(id, { lock_secs = 90, forefront = true }) end,
    check = function(value) assert.is_number(apify.time(value.lockExpiresAt)) end,
    before_refusal = a_request, spoil = a_foreign_lock,
    refuse = function(q, _, id) return q:prolong_request_lock(id, { lock_secs = 90 }) end, status = 403, type = "request-handled-or-locked" },
  { "DELETE", "request_queue", "/requests/%s/lock", params = "clientKey=owner-1&forefront=1", before = a_lock,
    call = function(q, _, id) return q:delete_request_lock(id, { forefront = true }) end, check = is_true,
    before_refusal = a_request, spoil = a_foreign_lock,
    refuse = function(q, _, id) return q:delete_request_lock(id) end, status = 403, type = "request-handled-or-locked" },
  { "GET", "request_queue", "/head", params = "clientKey=owner-1&limit=9", before = a_request,
    call = function(q) return q:list_head { limit = 9 } end, check = function(head) assert.equal(url(1), head.items[1].url) end },
  { "POST", "request_queue", "/head/lock", params = "clientKey=owner-1&limit=9&lockSecs=60", before = a_request, is_once = true,
    call = function(q) return q:list_and_lock_head { lock_secs = 60, limit = 9 } end,
    check = function(head) assert.is_number(apify.time(head.items[1].lockExpiresAt)) end },
}

local function decode(text)
  return (text:gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- "METHOD path?parameters" with the parameters in the order of their names.
local function request_text(method, path, query)
  local list = {}
  for part in query:gmatch "[^&]+" do list[#list + 1] = part end
  table.sort(list)
  return ("%s %s?%s"):format(method, path, table.concat(list, "&"))
end

local function logged()
  local texts = {}
  for i, request in ipairs(api:log().requests) do
    assert.is_true(request.authorization)
    local path, query = request.path:match "^([^?]*)%??(.*)$"
    texts[i] = request_text(request.method, path, decode(query))
  end
  return texts
end

-- What the documentation says that the operation is on this mount.
local function documented(mount, case, thing)
  local chosen = mount.is_last and ("status=SUCCEEDED&origin=%s"):format(world.run.meta.origin) or ""
  local below = case[3]:format(thing)
  if not (mount.is_last and case.pins) then
    return { request_text(case[1], path_of(mount, case[2]) .. below, chosen .. "&" .. (case.params or "")) }
  end
  return {
    request_text("GET", mount.root(), chosen),
    request_text(case[1], "/v2/actor-runs/" .. world.run.id .. NOUNS[case[2]].below .. below, case.params or ""),
  }
end

-- What a case calls: the noun's handle, or for a custom request what it takes to make it.
local function subject(mount, case, c, is_nobody)
  if case.is_custom then return { client = c, mount = mount } end
  return handle(mount, case[2], c, is_nobody)
end

local function failure(value, err)
  assert.is_nil(value)
  assert.is_true(apify.is_error(err), tostring(err))
  return err
end

local function refused(status, kind, value, err)
  err = failure(value, err)
  assert.same({ "api", status, kind }, { err.kind, err.status, err.type }, tostring(err))
  assert.is_true(err.path:find("/v2/", 1, true) == 1, err.path)
  return err
end

-- The run that is meant is the last one that succeeded; others began before and after it.
before_each(function()
  api:admin("add_runs", { actor = ACTOR, task = TASK, schedule = { { 0, "FAILED" } } })
  client = testbed.client(api, { max_retries = 1 })
  world = { run = assert(client:run(api.seeded.last_id):get()) }
end)

for _, mount in ipairs(MOUNTS) do
  describe("by " .. mount.name .. ",", function()
    for _, case in ipairs(CASES) do
      local name = ("%s %s%s"):format(case[1], case[2], case[3])

      it(name .. " does what it says", function()
        local plain = handle(mount, case[2], client)
        local thing = case.before and case.before(plain)
        api:log(true)
        local value, err = case.call(subject(mount, case, client), case, thing)
        assert.is_nil(apify.is_error(err) and tostring(err) or nil)
        assert.same(documented(mount, case, thing), logged())
        local requests = api:log().requests
        if case.body then assert.equal(case.body, requests[#requests].body) end
        case.check(value, plain)
      end)

      it(name .. " fails as it should", function()
        local thing = (case.before_refusal or case.before or function() end)(handle(mount, case[2], client))
        if case.spoil then case.spoil() end
        if case.refuse then refused(case.status, case.type, case.refuse(subject(mount, case, client), case, thing)) end
        local forged = client:with { token = "apify_api_invalid" }
        refused(401, "token-not-valid", case.call(subject(mount, case, forged), case, thing or "x"))
        if not case.is_custom then
          assert.is_true(failure(case.call(handle(mount, case[2], client, true), case, thing or "x")).not_found)
        end
        if case[2] == "log" then return end
        assert(handle(mount, case[2], client):delete())
        local err = refused(404, "record-not-found", case.call(subject(mount, case, client), case, thing or "x"))
        assert.is_true(err.not_found)
      end)
    end

    it("HEAD of items says how many there are", function()
      local dataset = handle(mount, "dataset", client)
      two_items(dataset)
      api:log(true)
      assert.equal(2, dataset:count_items { signature = "s" })
      assert.same(documented(mount, { "HEAD", "dataset", "/items", params = "signature=s" })[1], logged()[1])
      assert.is_true(select(2, handle(mount, "dataset", client, true):count_items()).not_found)
      refused(401, nil, handle(mount, "dataset", client:with { token = "apify_api_invalid" }):count_items())
      api:faults { match = { method = "HEAD" }, action = { status = { code = 200, body = "" } } }
      local _, err = handle(mount, "dataset", client:with { max_retries = 0 }):count_items()
      assert.same({ "decode", "the answer does not say how many items there are" }, { err.kind, err.message })
    end)

    it("HEAD of a record says whether there is one", function()
      local store = handle(mount, "key_value_store", client)
      api:log(true)
      assert.is_true(store:record_exists "INPUT")
      assert.is_false(store:record_exists "missing")
      local case = { "HEAD", "key_value_store", "/records/INPUT" }
      assert.same(documented(mount, case)[1], logged()[1])
      assert.equal(2, #api:log().requests)
      assert.is_false(handle(mount, "key_value_store", client, true):record_exists "INPUT")
      refused(401, nil, handle(mount, "key_value_store", client:with { token = "apify_api_invalid" }):record_exists "INPUT")
    end)
  end)
end

describe("an attempt that failed", function()
  local own = MOUNTS[4]

  -- The call, whose first request is spoiled; how many requests there were, and what the call returned.
  local function spoiled(case, action)
    local thing = case.before and case.before(handle(own, case[2], client))
    local path = path_of(own, case[2]) .. case[3]:format(thing)
    api:faults { match = { method = case[1], path = "^" .. path:gsub("%p", "%%%0") .. "$", first = 1 }, action = action }
    api:log(true)
    local value, err = case.call(subject(own, case, client), case, thing)
    return #api:log().requests, value, err
  end

  for _, case in ipairs(CASES) do
    local name = ("%s %s%s"):format(case[1], case[2], case[3])

    it("whose answer was lost is repeated only where that is harmless: " .. name, function()
      local count, value, err = spoiled(case, { close_before_answer = { act = true } })
      if not case.is_once then
        assert.is_nil(apify.is_error(err) and tostring(err) or nil)
        return assert.same({ 2, true }, { count, value ~= nil })
      end
      assert.same({ "network", 1, 1, true }, { failure(value, err).kind, count, err.attempts, err.sent })
    end)

    it("that came too soon is repeated: " .. name, function()
      local count, value, err = spoiled(case, { status = { code = 429 } })
      assert.is_nil(apify.is_error(err) and tostring(err) or nil)
      assert.same({ 2, true }, { count, value ~= nil })
    end)
  end
end)

describe("the last run", function()
  it("is that of the status and the origin asked for", function()
    api:admin("reset", { count = 40 })
    for _, parent in ipairs { client:actor(ACTOR), client:task(TASK) } do
      local newest = {}                  -- by status, by origin and by both
      for run in parent:runs():iterate() do
        local origin = run.meta.origin
        newest[run.status .. "/"], newest["/" .. origin], newest[run.status .. "/" .. origin] = run.id, run.id, run.id
      end
      local count = 0
      for key, id in pairs(newest) do
        local status, origin = key:match "^(.-)/(.*)$"
        local last = parent:last_run { status = status ~= "" and status or nil, origin = origin ~= "" and origin or nil }
        assert.equal(id, assert(last:get()).id)
        count = count + 1
      end
      assert.is_true(count > 8, "too few kinds of runs")
    end
  end)

  it("that there is not is nil and an error, below it too", function()
    local last = client:actor(ACTOR):last_run { status = "ABORTED" }
    assert.is_true(failure(last:get()).not_found)
    assert.is_true(failure(last:dataset():push_items { a = 1 }).not_found)
    assert.is_true(failure(last:log():get()).not_found)
    assert.is_true(failure(last:pin()).not_found)
  end)
end)

it("there are 31 operations, each on four mounts", function()
  assert.same({ 31, 4 }, { #CASES, #MOUNTS })
end)
