--- Endpoints without a method of their own: any request, and any list.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local s = testbed.local_api()
local client

setup(function() client = testbed.client(s) end)

local function misuse(call)
  local ok, text = pcall(call)
  assert.is_false(ok)
  assert.truthy(text:find("custom_spec.lua:", 1, true), text)
  return text
end

describe("client:request", function()
  -- What the server saw of a request, whose answer is `body`.
  local function ask(o, body, content_type)
    s:faults { action = { status = { code = 200, body = body or "{}", content_type = content_type } } }
    local value, meta = client:request(o)
    return s:log().requests[1], value, meta
  end

  it("sends method, query in the order of names, headers and a body", function()
    local seen, value, meta = ask({
      method = "PUT", path = "/v2/x/y", query = { b = true, a = 1.5, d = { "x", 2 }, c = "ü&" },
      headers = { ["X-Own"] = "1", Accept = "text/plain", ["X-Empty"] = " " }, body = { a = { 1 } },
    }, '{"data":{"n":1}}')
    assert.equal("PUT", seen.method)
    assert.equal("/v2/x/y?a=1.5&b=1&c=%C3%BC%26&d=x%2C2", seen.path)
    assert.same({ "1", "text/plain", "application/json", "9", "" }, { seen.headers["x-own"], seen.headers.accept,
      seen.headers["content-type"], seen.headers["content-length"], seen.headers["x-empty"] })
    assert.same({ n = 1 }, value)
    assert.equal(200, meta.status)
    assert.equal("application/json; charset=utf-8", meta.headers["content-type"]:lower())
  end)

  it("sends text as it is, and calls it nothing", function()
    local seen = ask { method = "POST", path = "/x", body = "a=1" }
    assert.equal("3", seen.headers["content-length"])
    assert.is_nil(seen.headers["content-type"])
    s:log(true)
    assert.equal("text/csv", (ask { method = "POST", path = "/x", body = "a", headers = { ["content-type"] = "text/csv" } }).headers["content-type"])
  end)

  it("gives JSON no other type than the caller's, an empty one too", function()
    assert.equal("", (ask { method = "POST", path = "/x", body = { a = 1 }, headers = { ["Content-Type"] = " " } }).headers["content-type"])
  end)

  it("returns text that is not JSON as it came", function()
    local _, value = ask({ path = "/x" }, "a,b\n", "text/csv")
    assert.equal("a,b\n", value)
  end)

  it("returns true where there is nothing", function()
    s:faults { action = { status = { code = 204, body = "" } } }
    local value, meta = client:request { method = "DELETE", path = "/x" }
    assert.same({ true, 204 }, { value, meta.status })
    local _, empty = ask({ path = "/x" }, "")
    assert.is_true(empty)
  end)

  it("returns the headers of HEAD", function()
    local value, meta = client:request { method = "HEAD", path = "/actor-runs" }
    assert.is_true(value)
    assert.equal(200, meta.status)
    assert.equal("HEAD", s:log().requests[1].method)
  end)

  it("leaves nulls out, or keeps them", function()
    local _, value = ask({ path = "/x" }, '{"data":{"a":null,"b":1}}')
    assert.same({ b = 1 }, value)
    _, value = ask({ path = "/x", nulls = "keep" }, '{"data":{"a":null,"b":1}}')
    assert.same({ a = apify.null, b = 1 }, value)
    _, value = ask({ path = "/x" }, "null")
    assert.equal(apify.null, value)
  end)

  it("returns an error as any other call", function()
    local value, err = client:request { path = "/no-such-thing" }
    assert.is_nil(value)
    assert.is_true(err.not_found)
    assert.equal("/v2/no-such-thing", err.path)
  end)

  it("takes no more than request_timeout", function()
    s:faults { action = { hang = {} } }
    local _, err = client:request { path = "/x", request_timeout = 0.1 }
    assert.equal("timeout", err.kind)
  end)

  it("refuses what it cannot send", function()
    misuse(function() client:request { path = "/x", query = { a = function() end } } end)
    misuse(function() client:request { path = "/x", query = { 1 } } end)
    misuse(function() client:request { path = "/x", query = { a = 0 / 0 } } end)
    misuse(function() client:request { path = "/x", body = { f = print } } end)
    misuse(function() client:request { path = "/x", headers = { a = {} } } end)
    misuse(function() client.request { path = "/x" } end)
    assert.equal(0, #s:log().requests)
  end)
end)

describe("client:iterate", function()
  it("walks any endpoint with pages of items", function()
    local ids = {}
    for run in client:iterate { path = "/v2/actor-runs", chunk_size = 10, desc = true, query = { status = { "SUCCEEDED" } } } do
      ids[#ids + 1] = run.id
    end
    assert.same(s:admin("ids", { desc = true, status = "SUCCEEDED" }).ids, ids)
    assert.truthy(s:log().requests[1].path:find("desc=1", 1, true))
  end)

  it("goes on where a bookmark was taken, and refuses that of another list", function()
    local query = { status = { "SUCCEEDED" } }
    local it = client:iterate { path = "/actor-runs", chunk_size = 3, desc = true, query = query }
    local ids = {}
    for i = 1, 5 do ids[i] = it().id end
    local place = it:bookmark()
    it:close()
    for _, run in ipairs(assert(client:iterate { path = "/actor-runs", bookmark = place }:collect())) do ids[#ids + 1] = run.id end
    assert.same(s:admin("ids", { desc = true, status = "SUCCEEDED" }).ids, ids)
    assert.truthy(misuse(function() client:iterate { path = "/x", bookmark = place } end):find("it belongs to /actor-runs", 1, true))
    local other = { path = "/actor-runs", bookmark = place, query = { status = "FAILED" } }
    assert.truthy(misuse(function() client:iterate(other) end):find("other filters", 1, true))
  end)

  it("says of an answer that is no list that it is none", function()
    local once = client:with { max_retries = 0 }
    for _, body in ipairs { '{"data":{"id":"x"}}', '{"data":{"items":{}}}', '{"data":null}', "{}", '"text"', "5" } do
      s:faults { action = { status = { code = 200, body = body } } }
      local rows, err = once:iterate({ path = "/x" }):collect()
      assert.same({ "decode", 0 }, { rows or err.kind, #err.partial })
      assert.matches("not a list: ", err.message, 1, true)
    end
    assert.matches("not a list: ", select(2, once:iterate({ path = "/users/me" }):collect()).message, 1, true)
  end)

  it("ends after rows that come without pages, whatever they are, and where there are none", function()
    local schedule = assert(client:schedules():create { cronExpression = "* * * * *" })
    local path = ("/schedules/%s/log"):format(schedule.id)
    assert.same({}, assert(client:iterate({ path = path }):collect()))
    s:admin("age_schedule", { schedule = schedule.id, secs = 300 })
    s:log(true)
    local log = assert(client:iterate({ path = path }):collect())
    assert.same({ 5, "Schedule invoked" }, { #log, log[1].message })
    assert.is_true(#s:log().requests <= 2)
    assert.same({}, assert(client:iterate({ path = "/schedules", query = { unused = 1 }, offset = 5 }):collect()))
  end)

  it("ends where the same full page comes again and its total has been reached, with an error where it has not", function()
    local function walk(rows, total)
      s:faults { action = { status = { code = 200, body = ('{"data":{"total":%d,"items":%s}}'):format(total, rows) } } }
      s:log(true)
      local got, err = client:iterate({ path = "/x", chunk_size = 3 }):collect()
      assert.is_true(#s:log().requests < 10)
      return got and #got or err.kind, err and #err.partial
    end
    for _, rows in ipairs { '[{"id":"a"},{"id":"b"},{"id":"c"}]', '[{"m":1},{"m":2},{"m":3}]' } do
      assert.equal(3, walk(rows, 3))
    end
    assert.same({ "decode", 3 }, { walk('[{"id":"a"},{"id":"b"},{"id":"c"}]', 30) })
  end)

  -- Walk a list whose first answers break off after so many bytes each: how many rows came, and how many of them twice.
  local function walk_broken(path, field, ...)
    local rules = {}
    for i, after_bytes in ipairs { ... } do
      rules[i] = { match = { path = path:gsub("%-", "%%-"), first = 1 }, action = { cut = { after_bytes = after_bytes } } }
    end
    s:faults((table.unpack or unpack)(rules))
    local seen, rows, twice = {}, 0, 0
    for row in client:iterate { path = path } do
      rows, twice = rows + 1, twice + (seen[row[field]] and 1 or 0)
      seen[row[field]] = true
    end
    return { rows, twice }
  end

  it("gives each row once where an answer without pages breaks off, as long as a page too", function()
    local schedule = assert(client:schedules():create { cronExpression = "* * * * *" })
    s:admin("age_schedule", { schedule = schedule.id, secs = 60000 })
    for _, after_bytes in ipairs { 100, 1000, 3000 } do
      assert.same({ 1000, 0 }, walk_broken(("/schedules/%s/log"):format(schedule.id), "createdAt", after_bytes))
    end
    assert.same({ 1000, 0 }, walk_broken(("/schedules/%s/log"):format(schedule.id), "createdAt", 3000, 1000, 3200))
  end)

  it("goes on by the cursors of a list that has them, each row once", function()
    local queues = client:request_queues()
    local queue = assert(queues:get_or_create "q")
    local requests = {}
    for i = 1, 1200 do requests[i] = { url = "https://example.com/" .. i, uniqueKey = "k" .. i } end
    assert(client:request_queue(queue):batch_add_requests(requests))
    local path = ("/request-queues/%s/requests"):format(queue.id)
    for _, after_bytes in ipairs { 100, 4000, 20000 } do assert.same({ 1200, 0 }, walk_broken(path, "uniqueKey", after_bytes)) end
    local store = assert(client:key_value_stores():get_or_create "s")
    for i = 1, 7 do assert(client:key_value_store(store):set_record("k" .. i, i)) end
    local keys = ("/key-value-stores/%s/keys"):format(store.id)
    for _, after_bytes in ipairs { 20, 100 } do assert.same({ 7, 0 }, walk_broken(keys, "key", after_bytes)) end
    s:log(true)
    assert.equal(5, #assert(client:iterate({ path = keys, chunk_size = 3, limit = 5 }):collect()))
    assert.matches("exclusiveStartKey=k3&limit=2$", s:log().requests[2].path)
  end)

  it("goes on behind a cursor from a bookmark, which no other kind of iteration takes", function()
    local store = assert(client:key_value_stores():get_or_create "s")
    for i = 1, 7 do assert(client:key_value_store(store):set_record("k" .. i, i)) end
    local path = ("/key-value-stores/%s/keys"):format(store.id)
    local it = client:iterate { path = path, chunk_size = 3 }
    local keys = {}
    for i = 1, 5 do keys[i] = it().key end
    local place = it:bookmark()
    it:close()
    for row in client:iterate { path = path, chunk_size = 3, bookmark = place } do keys[#keys + 1] = row.key end
    assert.same({ "k1", "k2", "k3", "k4", "k5", "k6", "k7" }, keys)
    assert.matches("another kind", misuse(function() client:key_value_store(store):iterate_keys { bookmark = place } end))
  end)

  it("goes on from a bookmark behind the row where it was taken, though nothing had told of the cursor yet", function()
    local store, queue = assert(client:key_value_stores():get_or_create "s"), assert(client:request_queues():get_or_create "q")
    local requests = {}
    for i = 1, 30 do
      requests[i] = { url = "https://example.com/" .. i, uniqueKey = ("k%02d"):format(i) }
      assert(client:key_value_store(store):set_record(requests[i].uniqueKey, i))
    end
    assert(client:request_queue(queue):batch_add_requests(requests))
    for field, path in pairs { key = ("/key-value-stores/%s/keys"):format(store.id), uniqueKey = ("/request-queues/%s/requests"):format(queue.id) } do
      for _, sizes in ipairs { { 1, 20, 20 }, { 15, 20, 4 }, { 15, 20, 100 }, { 19, 20, 20 }, { 20, 20, 7 }, { 21, 20, 20 }, { 30, 100, 100 } } do
        local it, keys = client:iterate { path = path, chunk_size = sizes[2] }, {}
        for _ = 1, sizes[1] do keys[#keys + 1] = it()[field] end
        for _ = 1, 2 do                                    -- from the bookmark of a bookmark, too
          local place = it:bookmark()
          it:close()
          it = client:iterate { path = path, chunk_size = sizes[3], bookmark = place }
          local row = it()
          keys[#keys + 1] = row and row[field]
        end
        for row in it do keys[#keys + 1] = row[field] end
        assert.is_nil(client:iterate({ path = path, bookmark = it:bookmark() })())
        for i = 1, 30 do assert.equal(("k%02d"):format(i), keys[i]) end
        assert.equal(30, #keys)
      end
    end
  end)

  it("keeps offset, limit and desc out of its query", function()
    for _, name in ipairs { "offset", "limit", "desc" } do
      assert.truthy(misuse(function() client:iterate { path = "/x", query = { [name] = 1 } } end):find(name, 1, true))
    end
  end)

  it("widens its overlap where a filter lets rows leave the list", function()
    local plans = {}
    local function walk(o)
      s:log(true)
      local rows = assert(client:iterate(o):collect())
      plans[#plans + 1] = s:log().requests[2].path:match "offset=(%d+)"
      return rows
    end
    assert.equal(25, #walk { path = "/actor-runs", chunk_size = 20, prefetch = 1 })
    assert.is_true(#walk { path = "/actor-runs", chunk_size = 5, prefetch = 1, query = { status = "SUCCEEDED" } } > 5)
    assert.equal("19", plans[1])                         -- one row
    assert.is_true(tonumber(plans[2]) < 4)               -- more
  end)
end)
