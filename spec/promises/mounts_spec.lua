--- What a handle stands for: a last run that is another one later, and pin(), which holds it; ids; what is refused before anything is
--- sent; and the account's lists of storages.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ACTOR, TASK = "janedoe~my-actor", "janedoe~my-task"

local api = testbed.local_api { count = 0 }
local client

before_each(function() client = testbed.client(api, { max_retries = 2 }) end)

local function add_run(schedule)
  return api:admin("add_runs", { actor = ACTOR, task = TASK, schedule = schedule or { { 0, "SUCCEEDED" } } }).ids[1]
end

local function paths()
  local list = {}
  for i, request in ipairs(api:log().requests) do list[i] = request.path:match "^[^?]*" end
  return list
end

local function parents()
  return { { client:actor(ACTOR), "/v2/acts/" .. ACTOR }, { client:task(TASK), "/v2/actor-tasks/" .. TASK } }
end

describe("a last run", function()
  it("is in every call the one that is last then", function()
    for _, parent in ipairs(parents()) do
      local last = parent[1]:last_run()
      local dataset = last:dataset()
      local first = add_run()
      assert(dataset:push_items { from = "first" })
      assert.equal(first, assert(last:get()).id)
      local second = add_run()
      assert.equal(second, assert(last:get()).id)
      assert.same({}, assert(dataset:list_items()).items)
      assert.same({ { from = "first" } }, assert(client:run(first):dataset():list_items()).items)
    end
  end)

  it("is held by pin", function()
    for _, parent in ipairs(parents()) do
      local first = add_run()
      api:log(true)
      local pinned = assert(parent[1]:last_run { status = "SUCCEEDED" }:pin())
      assert.equal(parent[2] .. "/runs/last?status=SUCCEEDED", api:log().requests[1].path)
      add_run()
      assert.equal(first, pinned.id)
      assert.equal(first, assert(pinned:get()).id)
      assert.equal("/v2/actor-runs/" .. first, paths()[2])
      assert.truthy(tostring(pinned):find(first, 1, true))
    end
  end)

  it("that there is not cannot be pinned, and a run of fixed id need not", function()
    local pinned, err = client:actor(ACTOR):last_run():pin()
    assert.is_nil(pinned)
    assert.is_true(err.not_found)
    api:log(true)
    local run = client:run "some-id"
    assert.equal(run.id, run:pin().id)
    assert.same({}, paths())
  end)

  it("is pinned by waiting for its end", function()
    for _, parent in ipairs(parents()) do
      local first = add_run { { 0, "RUNNING" } }
      api:log(true)
      local fiber = apify.spawn(function() return parent[1]:last_run():wait_for_finish() end)
      waiting.until_open(api, 2)
      add_run()
      api:admin("set_status", { ids = { first }, status = "FAILED" })
      local run = assert(fiber:wait(20))
      assert.same({ first, "FAILED" }, { run.id, run.status })
    end
  end)
end)

-- For each: fills what belongs to the run of the handle with 1 to 6, and iterates over it.
local LISTS = {
  { "iterate_items", fill = function(run)
    local items = {}
    for i = 1, 6 do items[i] = { n = i } end
    assert(run:dataset():push_items(items))
  end, iterate = function(run, o) return run:dataset():iterate_items(o) end, value = function(row) return row.n end },
  { "iterate_keys", fill = function(run)
    local store = run:key_value_store()
    assert(store:delete_record "INPUT")
    for i = 1, 6 do assert(store:set_record(tostring(i), i)) end
  end, iterate = function(run, o) return run:key_value_store():iterate_keys(o) end, value = function(row) return tonumber(row.key) end },
  { "iterate_requests", fill = function(run)
    for i = 1, 6 do assert(run:request_queue():add_request { url = "http://x/" .. i, uniqueKey = tostring(i) }) end
  end, iterate = function(run, o) return run:request_queue():iterate_requests(o) end, value = function(row) return tonumber(row.uniqueKey) end },
}

describe("an iteration below a last run", function()
  for _, case in ipairs(LISTS) do
    it("stays with the run that was last at its first step: " .. case[1], function()
      for _, parent in ipairs(parents()) do
        local before = add_run()
        local last = parent[1]:last_run { status = "SUCCEEDED" }
        local it = case.iterate(last, { chunk_size = 2 })
        api:log(true)
        assert.same({}, paths())
        local run = client:run(add_run())                          -- newer than the iterator, older than its first step
        case.fill(run)
        api:log(true)
        local seen = { case.value(assert(it:next())) }
        local newer = add_run()
        for row in it do seen[#seen + 1] = case.value(row) end
        assert.same({ 1, 2, 3, 4, 5, 6 }, seen)
        local asked = paths()
        assert.equal(parent[2] .. "/runs/last", table.remove(asked, 1))
        assert.is_true(#asked >= 3, "too few pages")
        for _, path in ipairs(asked) do
          assert.equal(1, path:find("/v2/actor-runs/" .. run.id .. "/", 1, true), path)
          assert.is_nil(path:find(before, 1, true) or path:find(newer, 1, true))
        end
      end
    end)

    it("goes on with that run from a bookmark: " .. case[1], function()
      local run = client:run(add_run())
      case.fill(run)
      local last = client:actor(ACTOR):last_run()
      local it = case.iterate(last, { chunk_size = 2 })
      local seen = {}
      for i = 1, 3 do seen[i] = case.value(assert(it:next())) end
      local bookmark = it:bookmark()
      it:close()
      add_run()
      for row in case.iterate(last, { bookmark = bookmark, chunk_size = 2 }) do seen[#seen + 1] = case.value(row) end
      assert.same({ 1, 2, 3, 4, 5, 6 }, seen)
    end)
  end

  it("stays with it: the lines of a log that is followed", function()
    local first = add_run { { 0, "RUNNING" } }
    api:admin("grow_log", { run = first, lines = 20, interval_secs = 0.02, first = 2, ansi = false })
    local count, newer = 0, nil
    for line in client:actor(ACTOR):last_run():log():lines { follow = true } do
      count = count + 1
      assert.truthy(line:find(("line %d of"):format(count), 1, true), line)
      if count == 1 then newer = add_run() end
      if count == 20 then api:admin("set_status", { ids = { first }, status = "SUCCEEDED" }) end
    end
    assert.equal(20, count)
    for _, path in ipairs(paths()) do assert.is_nil(path:find(newer, 1, true)) end
  end)

  it("that fails to find a run says so, and may be tried again", function()
    local it = client:actor(ACTOR):last_run():dataset():iterate_items()
    local row, err = it:next()
    assert.is_nil(row)
    assert.is_true(err.not_found)
    assert(client:run(add_run()):dataset():push_items { n = 1 })
    assert.same({ n = 1 }, (it:next()))
  end)
end)

describe("a handle", function()
  it("has the id that was given, and says what it is", function()
    for _, noun in ipairs { "run", "actor", "task", "dataset", "key_value_store", "request_queue", "log" } do
      local handle = client[noun](client, "some-id")
      assert.equal("some-id", handle.id)
      assert.equal("some-id", client[noun](client, { id = "some-id", name = "other" }).id)
      assert.truthy(tostring(handle):find("^apify%."), tostring(handle))
      assert.truthy(tostring(handle):find("some-id", 1, true), tostring(handle))
    end
    local last = client:actor(ACTOR):last_run()
    assert.truthy(tostring(last):find("runs/last", 1, true))
    assert.truthy(tostring(last:dataset()):find("runs/last/dataset", 1, true))
  end)

  it("takes a row of a list, and encodes what is odd in an id", function()
    local run = add_run()
    assert.equal(run, client:run(client:actor(ACTOR):runs():list().items[1]).id)
    api:log(true)
    for _, noun in ipairs { "dataset", "key_value_store", "request_queue" } do client[noun](client, "jane doe/ü?"):get() end
    client:log("a/b"):get()
    assert.same({
      "/v2/datasets/jane%20doe~%C3%BC%3F", "/v2/key-value-stores/jane%20doe~%C3%BC%3F", "/v2/request-queues/jane%20doe~%C3%BC%3F",
      "/v2/logs/a~b",
    }, paths())
  end)
end)

describe("misuse", function()
  -- Raised at the line of the call, with these words in its text.
  local function misuse(call, ...)
    local line = debug.getinfo(call, "S").linedefined
    local ok, text = pcall(call)
    assert.is_false(ok, ("line %d was accepted"):format(line))
    assert.equal("string", type(text), tostring(text))
    assert.truthy(text:find(("mounts_spec.lua:%d: "):format(line), 1, true), text)
    for _, words in ipairs { ... } do assert.truthy(text:find(words, 1, true), text) end
  end

  after_each(function() assert.same({}, paths()) end)

  it("a method called with a dot", function()
    local d, s, q, l = client:dataset "d", client:key_value_store "s", client:request_queue "q", client:log "l"
    misuse(function() d.get() end, "get", "colon")
    misuse(function() d.list_items { limit = 1 } end, "list_items", "colon")
    misuse(function() d.push_items({ { a = 1 } }) end, "push_items", "colon")
    misuse(function() s.get_record "key" end, "get_record", "colon")
    misuse(function() s.set_record("key", 1) end, "set_record", "colon")
    misuse(function() q.add_request "http://x/" end, "add_request", "colon")
    misuse(function() l.lines() end, "lines", "colon")
    misuse(function() l.get(d) end, "get", "colon")
    misuse(function() client.dataset "d" end, "dataset", "colon")
    misuse(function() client.datasets() end, "datasets", "colon")
    misuse(function() client:datasets().list() end, "list", "colon")
    misuse(function() client:actor("a").last_run { status = "FAILED" } end, "last_run", "colon")
    misuse(function() client:run("r").dataset() end, "dataset", "colon")
    misuse(function() client:run("r").pin() end, "pin", "colon")
  end)

  it("an unknown option, with advice", function()
    local d, s, q = client:dataset "d", client:key_value_store "s", client:request_queue "q"
    misuse(function() d:list_items { limt = 1 } end, "limt", "limit")
    misuse(function() d:iterate_items { skipEmpty = true } end, "skipEmpty", "skip_empty")
    misuse(function() d:download_items("csv", nil, { delimeter = ";" }) end, "delimeter", "delimiter")
    misuse(function() s:list_keys { exclusiveStartKey = "a" } end, "exclusiveStartKey", "exclusive_start_key")
    misuse(function() s:set_record("k", 1, { contentType = "text/plain" }) end, "contentType", "content_type")
    misuse(function() q:list_and_lock_head { lockSecs = 1 } end, "lockSecs", "lock_secs")
    misuse(function() q:add_request("http://x/", { fore_front = true }) end, "fore_front", "forefront")
    misuse(function() client:request_queue("q", { clientKey = "k" }) end, "clientKey", "client_key")
    misuse(function() client:run("r"):request_queue { clientkey = "k" } end, "clientkey", "client_key")
    misuse(function() client:log("l"):lines { folow = true } end, "folow", "follow")
    misuse(function() client:actor("a"):last_run { stats = "FAILED" } end, "stats", "status")
    misuse(function() client:datasets():list { unamed = true } end, "unamed", "unnamed")
    misuse(function() client:datasets { unnamed = true } end, "datasets", "list")
  end)

  it("a wrong type or an impossible value", function()
    local d, s, q = client:dataset "d", client:key_value_store "s", client:request_queue("q", { client_key = "k" })
    misuse(function() d:list_items { limit = "5" } end, "'limit'", '"5"', "integer")
    misuse(function() d:list_items { offset = -1 } end, "'offset'", "-1")
    misuse(function() d:list_items { fields = { "a,b" } } end, "'fields'", "a,b", "comma")
    misuse(function() d:iterate_items { chunk_size = 0 } end, "'chunk_size'", "0")
    misuse(function() d:download_items "pdf" end, '"pdf"', "csv")
    misuse(function() d:update {} end, "name")
    misuse(function() d:update { general_access = "all" } end, "'general_access'", '"all"', "RESTRICTED")
    misuse(function() s:list_keys { limit = 1001 } end, "'limit'", "1001", "1000")
    misuse(function() s:set_record("k", nil) end, "nil", "delete_record")
    misuse(function() s:set_record("k", { print }) end, "function")
    misuse(function() s:set_record("k", { 0 / 0 }) end, "NaN")
    misuse(function() s:set_record("k", { 1, nil, 3 }) end, "holes")
    misuse(function() s:set_record("k", 1, "text/plain") end, "options")
    misuse(function() s:set_record("k", {}, { content_type = "image/png" }) end, "image/png", "string")
    misuse(function() s:set_record("k", "v", { content_type = "text/plain\r\nX: y" }) end, "'content_type'")
    misuse(function() s:upload_record("k", 5) end, "5", "file name")
    misuse(function() s:download_record("k", true) end, "true", "file name")
    misuse(function() q:list_requests { filter = "Pending" } end, "'filter'", '"Pending"', "pending")
    misuse(function() q:list_head { limit = 1001 } end, "'limit'", "1001")
    misuse(function() q:list_and_lock_head {} end, "lock_secs")
    misuse(function() q:list_and_lock_head() end, "lock_secs")
    misuse(function() q:list_and_lock_head { lock_secs = 0 } end, "'lock_secs'", "0")
    misuse(function() q:list_and_lock_head { lock_secs = 5, limit = 26 } end, "'limit'", "26")
    misuse(function() q:prolong_request_lock "r" end, "lock_secs")
    misuse(function() q:add_request { uniqueKey = "k" } end, "url")
    misuse(function() q:add_request { url = "http://x/", id = "i" } end, "id")
    misuse(function() q:add_request(5) end, "5")
    misuse(function() q:add_request { url = "http://x/", userData = { f = print } } end, "userData.f")
    misuse(function() q:update_request { url = "http://x/" } end, "id")
    misuse(function() q:batch_add_requests(5) end, "5")
    misuse(function() client:actor("a"):last_run { status = "DONE" } end, "'status'", '"DONE"', "SUCCEEDED")
    misuse(function() client:task("t"):last_run { origin = "my home" } end, "'origin'", '"my home"', "SCHEDULER")
    misuse(function() client:task("t"):last_run { origin = "SCHEDULE" } end, "'origin'", 'did you mean "SCHEDULER"?')
    misuse(function() client:request_queues():get_or_create "" end, '""')
    misuse(function() client:request_queues():get_or_create(5) end, "5")
  end)

  it("a client key of more than 32 characters, or of none", function()
    misuse(function() client:request_queue("q", { client_key = ("k"):rep(33) }) end, "'client_key'", "32")
    misuse(function() client:run("r"):request_queue { client_key = "" } end, "'client_key'", '""')
    assert.is_truthy(client:request_queue("q", { client_key = ("k"):rep(32) }))
  end)

  it("an id that could lead elsewhere", function()
    for _, id in ipairs { "", ".", "..", "a\nb", "a\0b" } do
      for _, noun in ipairs { "dataset", "key_value_store", "request_queue", "log" } do
        misuse(function() client[noun](client, id) end, "expected")
      end
      local q, s = client:request_queue "q", client:key_value_store "s"
      for _, method in ipairs { "get_request", "delete_request", "delete_request_lock" } do
        misuse(function() q[method](q, id) end, "request id")
      end
      misuse(function() q:update_request { id = id, url = "http://x/" } end, "request id")
      for _, method in ipairs { "get_record", "delete_record", "record_exists", "download_record" } do
        misuse(function() s[method](s, id) end, "key")
      end
      misuse(function() s:set_record(id, 1) end, "key")
    end
    misuse(function() client:dataset(nil) end, "nil")
    misuse(function() client:dataset {} end, "id")
    misuse(function() client:request_queue("q"):get_request(nil) end, "nil")
    misuse(function() client:key_value_store("s"):get_record "a/b" end, "a/b")
  end)
end)

it("a slash in a request id stays in its segment", function()
  local _, err = client:request_queue("q"):get_request "a/../b"
  assert.is_true(err.not_found)
  assert.same({ "/v2/request-queues/q/requests/a%2F..%2Fb" }, paths())
end)

for _, collection in ipairs { "datasets", "key_value_stores", "request_queues" } do
  describe("the account's " .. collection, function()
    local function all() return client[collection](client) end

    local function names(rows)
      local list = {}
      for i, row in ipairs(rows) do list[i] = row.name or "-" end
      return list
    end

    it("are made by name, once", function()
      local made = assert(all():get_or_create "my-name")
      local again = assert(all():get_or_create "my-name")
      assert.same({ made.id, "my-name" }, { again.id, again.name })
      local other = assert(all():get_or_create())
      assert.is_nil(other.name)
      assert.not_equal(other.id, assert(all():get_or_create()).id)
      local log = api:log().requests
      assert.same({ "POST", 201, 200 }, { log[1].method, log[1].status, log[2].status })
      local noun = collection:gsub("s$", "")
      assert.equal(made.id, assert(client[noun](client, "janedoe/my-name"):get()).id)
      local _, err = all():get_or_create "not a name"
      assert.same({ "api", 400 }, { err.kind, err.status })
    end)

    it("are listed and iterated over, with those without a name only when asked for", function()
      for i = 1, 5 do assert(all():get_or_create("name-" .. i)) end
      assert(all():get_or_create())
      local page = assert(all():list { limit = 2, offset = 1 })
      assert.same({ { "name-2", "name-3" }, 5, 1, 2, 2, false },
        { names(page.items), page.total, page.offset, page.limit, page.count, page.desc })
      assert.same({ "name-1", "name-2", "name-3", "name-4", "name-5" }, names(all():iterate { chunk_size = 2 }:collect()))
      assert.same({ "-", "name-5", "name-4" }, names(all():iterate { desc = true, unnamed = true, limit = 3 }:collect()))
      assert.same({}, all():list { ownership = "sharedWithMe" }.items)
      local rest = all():iterate { chunk_size = 2 }
      rest:next()
      assert.same({ "name-2", "name-3", "name-4", "name-5" }, names(all():iterate { bookmark = rest:bookmark() }:collect()))
      rest:close()
    end)

    it("are refused to a bad token", function()
      local page, err = client:with { token = "apify_api_invalid" }[collection](client:with { token = "apify_api_invalid" }):list()
      assert.is_nil(page)
      assert.equal(401, err.status)
    end)
  end)
end
