--- Going on in the lists below a run: cursor lists whose pages are cut or sized otherwise the second time, and bookmarks that do not fit.
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ACTOR = "janedoe~my-actor"

local s = testbed.local_api { count = 0 }
local client, id

before_each(function()
  client = testbed.client(s, { max_retries = 3 })
  id = waiting.add(s, 0)
end)

describe("a list of keys", function()
  local KEYS = 30
  local store

  before_each(function()
    store = client:run(id):key_value_store()
    assert(store:delete_record "INPUT")
    for i = 1, KEYS do assert(store:set_record(("k%02d"):format(i), i)) end
    s:log(true)
  end)

  --- Take `count` rows, or all.
  local function take(it, keys, count)
    for _ = 1, count or math.huge do
      local row, err = it:next()
      assert.is_nil(err)
      if not row then return end
      keys[#keys + 1] = row.key
    end
  end

  --- Is each of the keys that were there from the start in the list, and none in it twice?
  local function assert_each_once(keys)
    local seen = {}
    for _, key in ipairs(keys) do
      assert.is_nil(seen[key], key)
      seen[key] = true
    end
    for i = 1, KEYS do assert.is_true(seen[("k%02d"):format(i)], i) end
  end

  --- The first pages break off in the middle.
  local function cut(count)
    s:faults { match = { path = "/keys", first = count }, action = { cut = { after_bytes = 200, chunked = true } } }
  end

  it("goes on from a bookmark with pages of another size, wherever it is", function()
    for _, size in ipairs { 1, 5, 13, 40 } do
      for count = 0, KEYS, 7 do
        local keys, it = {}, store:iterate_keys { chunk_size = 20 }
        take(it, keys, count)
        take(store:iterate_keys { bookmark = it:bookmark(), chunk_size = size }, keys)
        assert_each_once(keys)
        assert.equal(KEYS, #keys)
        it:close()
      end
    end
  end)

  it("goes on from a bookmark that was taken on the way to the last place", function()
    local keys, it = {}, store:iterate_keys { chunk_size = 20 }
    take(it, keys, 15)
    for _ = 1, 3 do                                                     -- none of them sees the place before
      local before = it
      it = store:iterate_keys { bookmark = before:bookmark(), chunk_size = 4 }
      before:close()
      take(it, keys, 1)
    end
    take(it, keys)
    assert_each_once(keys)
    assert.equal(KEYS, #keys)
  end)

  it("goes on after a cut though the API gives less a page then", function()
    local keys, it = {}, store:iterate_keys { prefix = "k", chunk_size = 20 }
    cut(1)
    take(it, keys, 2)
    s:admin("settings", { keys_scan = 2 })
    take(it, keys)
    assert.is_true(it:progress().requests > 10)
    assert_each_once(keys)
    assert.equal(KEYS, #keys)
  end)

  it("has each key once, though others join in front of a page that is asked for again", function()
    local keys, it = {}, store:iterate_keys { chunk_size = 20 }
    cut(1)
    take(it, keys, 2)
    for i = 1, 15 do assert(store:set_record(("k00%02d"):format(i), i)) end
    take(it, keys)
    assert.equal(4, it:progress().requests)                             -- the first page twice, and then two
    assert_each_once(keys)
    assert.equal(KEYS + 15, #keys)
  end)

  it("has each key once, though others join whenever a page breaks off", function()
    store = client:with({ max_retries = 20 }):run(id):key_value_store()
    local keys, it, joined = {}, store:iterate_keys { chunk_size = 20 }, 0
    cut(6)
    repeat
      local count = #keys
      take(it, keys, 1)
      joined = joined + 1
      assert(store:set_record(("k00%02d"):format(joined), 1))
    until #keys == count
    assert.equal(6, s:admin("faults").rules[1].hits)
    assert_each_once(keys)
  end)
end)

describe("a bookmark", function()
  --- The message of a misuse of the library by this file.
  local function misuse(fn, ...)
    local ok, message = pcall(fn, ...)
    assert.is_false(ok)
    assert.matches("^%S*bookmark_storages_spec%.lua:%d+: bad option '", message)
    return message
  end

  local function assert_refused(text, fn)
    s:log(true)
    local message = misuse(fn)
    assert.truthy(message:find(text, 1, true), message)
    assert.equal(0, #s:log().requests)
  end

  local run, dataset, store, queue

  before_each(function()
    s:admin("seed_items", { run = id, count = 50 })
    run = client:run(id)
    dataset, store, queue = run:dataset(), run:key_value_store(), run:request_queue()
    for i = 1, 3 do
      assert(store:set_record("k" .. i, i))
      assert(queue:add_request("http://x/" .. i))
    end
  end)

  --- The bookmark behind the first row.
  local function taken(it)
    assert(it:next())
    local text = it:bookmark()
    it:close()
    return text
  end

  local function custom(path, bookmark)
    return (client:iterate { path = "/actor-runs/" .. id .. path, bookmark = bookmark })
  end

  it("of a backward list of items cannot be followed", function()
    local text = taken(dataset:iterate_items { desc = true })
    assert_refused("'follow'", function() dataset:iterate_items { bookmark = text, follow = true } end)
    assert.equal(48, dataset:iterate_items({ bookmark = text }):next().n)
  end)

  it("of a forward list of items can be followed", function()
    local text = taken(dataset:iterate_items())
    assert.equal(49, #assert(dataset:iterate_items({ bookmark = text, follow = true, poll_secs = 0.05 }):collect()))
  end)

  describe("of another kind of iteration is refused:", function()
    it("of any path, for items, keys and requests", function()
      local items, keys, requests = taken(custom "/dataset/items"), taken(custom "/key-value-store/keys"), taken(custom "/request-queue/requests")
      assert_refused("another kind of iteration", function() dataset:iterate_items { bookmark = items } end)
      assert_refused("another kind of iteration", function() store:iterate_keys { bookmark = keys } end)
      assert_refused("another kind of iteration", function() queue:iterate_requests { bookmark = requests } end)
    end)

    it("of items, keys and requests, for any path", function()
      local items, keys, requests = taken(dataset:iterate_items()), taken(store:iterate_keys()), taken(queue:iterate_requests())
      assert_refused("another kind of iteration", function() custom("/dataset/items", items) end)
      assert_refused("another kind of iteration", function() custom("/key-value-store/keys", keys) end)
      assert_refused("another kind of iteration", function() custom("/request-queue/requests", requests) end)
    end)

    it("of another list", function()
      local items, keys = taken(dataset:iterate_items()), taken(store:iterate_keys())
      assert_refused("it belongs to", function() store:iterate_keys { bookmark = items } end)
      assert_refused("it belongs to", function() dataset:iterate_items { bookmark = keys } end)
      assert_refused("it belongs to", function() client:dataset(id):iterate_items { bookmark = items } end)
    end)
  end)

  it("has the position: none may be given beside it", function()
    local items, keys, requests = taken(dataset:iterate_items()), taken(store:iterate_keys()), taken(queue:iterate_requests())
    assert_refused("'offset'", function() dataset:iterate_items { bookmark = items, offset = 3 } end)
    assert_refused("'exclusive_start_key'", function() store:iterate_keys { bookmark = keys, exclusive_start_key = "k2" } end)
    assert_refused("'cursor'", function() queue:iterate_requests { bookmark = requests, cursor = "abc" } end)
  end)

  describe("below a last run", function()
    local function items(choice, bookmark)
      return (client:actor(ACTOR):last_run(choice):dataset():iterate_items { bookmark = bookmark })
    end

    --- The bookmarks before the first row and behind it.
    local function both(choice)
      local it = items(choice)
      local early = it:bookmark()
      return { early, taken(it) }
    end

    before_each(function()
      local failed = s:admin("add_runs", { schedule = { { 0, "FAILED" } } }).ids[1]
      s:admin("seed_items", { run = failed, count = 20 })
    end)

    it("is refused by another choice of the last run", function()
      for _, text in ipairs(both { status = "FAILED" }) do
        assert_refused("status=FAILED", function() items({}, text) end)
        assert_refused("status=FAILED", function() items({ status = "SUCCEEDED" }, text) end)
        assert_refused("status=FAILED", function() items({ status = "FAILED", origin = "API" }, text) end)
      end
      for _, text in ipairs(both {}) do
        assert_refused("it belongs to", function() items({ status = "FAILED" }, text) end)
      end
    end)

    it("is refused by the same run without that choice, and the other way round", function()
      local text = taken(items { status = "SUCCEEDED" })
      assert_refused("it belongs to", function() dataset:iterate_items { bookmark = text } end)
      text = taken(dataset:iterate_items())
      assert_refused("it belongs to", function() items({ status = "SUCCEEDED" }, text) end)
    end)

    it("is refused when somebody has changed its path, and nothing is asked for", function()
      local bookmark = require "apify.paging.bookmark"
      local text = both { status = "FAILED" }[2]
      s:log(true)
      for _, run_id in ipairs { "..", ".", "x?token=y", "x#y" } do
        local place = assert(bookmark.read(text))
        place.path = place.path:gsub("^/actor%-runs/[^/]+", "/actor-runs/" .. run_id)
        assert_refused("it is damaged", function() items({ status = "FAILED" }, bookmark.write(place)) end)
      end
      assert.equal(0, #s:log().requests)
    end)

    it("goes on by the same choice in the run that was the last one then", function()
      local early, later = (table.unpack or unpack)(both { status = "FAILED" })
      local newer = s:admin("add_runs", { schedule = { { 0, "FAILED" } } }).ids[1]
      s:admin("seed_items", { run = newer, count = 5 })
      assert.equal(19, #assert(items({ status = "FAILED" }, later):collect()))
      assert.equal(5, #assert(items({ status = "FAILED" }, early):collect()))
    end)
  end)
end)
