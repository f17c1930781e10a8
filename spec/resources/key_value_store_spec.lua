--- Key-value stores: values that survive being stored and read, uploads and downloads, lists of keys.
local apify = require "apify"
local cjson = require "cjson"
local core = require "apify.core"
local expect = require "spec.support.expect"
local testbed = require "spec.support.testbed"
local unzip = require "spec.support.unzip"

local failure = expect.failure

local LIMIT = 9437184                    -- bytes of a body that the API takes
local JSON = "application/json; charset=utf-8"
local RECORD = "/records/"

local api, folder = testbed.local_api { count = 0 }, testbed.folder()
local client, store

before_each(function()
  client = testbed.client(api, { max_retries = 2 })
  store = client:key_value_store(assert(client:key_value_stores():get_or_create()).id)
  api:log(true)
end)

local function text_of(key) return assert(store:get_record(key, { raw = true })).value end

local function requests(method)
  local found = {}
  for _, request in ipairs(api:log().requests) do
    if not method or request.method == method then found[#found + 1] = request end
  end
  return found
end

local path, write_file, read_file = testbed.files(folder)

-- Bytes that no compression makes much smaller.
local function noise(size)
  local parts, x = {}, 1
  for i = 1, math.ceil(size / 4096) do
    local bytes = {}
    for j = 1, 4096 do
      x = (x * 1103515245 + 12345) % 2147483648
      bytes[j] = string.char(math.floor(x / 65536) % 256)
    end
    parts[i] = table.concat(bytes)
  end
  return table.concat(parts):sub(1, size)
end

describe("a value", function()
  -- The JSON text of what was read from this text and stored again.
  local function again(text)
    assert(store:set_record("first", text, { content_type = JSON }))
    assert(store:set_record("second", assert(store:get_record "first").value))
    return text_of "second"
  end

  it("is the same JSON after get and set", function()
    for _, text in ipairs {
      "[]", "{}", "null", "true", "false", "0", "-1", "1.5", '["","text"]', "[[],{},[[]],[{}]]", '{"a":[]}', '{"a":{"b":[]}}', '{"a":{}}',
      "[null]", "[null,1,null]", '{"a":null}', '[1,"1",true,"true"]', '["é 日本 😀"]', '["\\u0000\\u0001\\"\\\\"]', "9007199254740991",
    } do
      assert.equal(text, again(text))
    end
  end)

  it("keeps its integers exactly, and its floats", function()
    for _, n in ipairs { 0.1, 1e300, 5e-324, 1 / 3, -2.5e-10, 123456789.123456789 } do
      assert(store:set_record("n", { n }))
      assert.equal(n, assert(store:get_record "n").value[1])
    end
    if not math.type then return end
    for _, text in ipairs { "9007199254740993", "9223372036854775807", "-9223372036854775808" } do assert.equal(text, again(text)) end
    assert.equal("float", math.type(assert(store:get_record "n").value[1]))
  end)

  it("may be changed in between", function()
    assert(store:set_record("k", '{"list":[],"object":{},"gone":null,"big":4503599627370497}', { content_type = JSON }))
    local value = assert(store:get_record "k").value
    assert.equal(apify.null, value.gone)
    value.list[1], value.object.x, value.gone, value.new = "one", 1, nil, apify.array {}
    assert(store:set_record("k", value))
    local changed = assert(store:get_record "k").value
    assert.same({ list = { "one" }, object = { x = 1 }, new = {}, big = 4503599627370497 }, changed)
    assert(store:set_record("new", changed.new))
    assert.equal("[]", text_of "new")
  end)

  it("is an array or an object by its marks", function()
    for text, value in pairs { ["{}"] = {}, ["[]"] = apify.array {}, ["[1,2]"] = { 1, 2 }, ["null"] = apify.null, ["false"] = false } do
      assert(store:set_record("k", value))
      assert.same({ text, JSON }, { text_of "k", store:get_record("k").content_type })
    end
  end)

  it("may have lua-cjson's marks", function()
    assert(store:set_record("k", { cjson.null, 1, cjson.null }))
    assert.equal("[null,1,null]", text_of "k")
    assert.equal(cjson.null, store:get_record("k").value[3])
    if not cjson.empty_array then return end
    assert(store:set_record("k", { cjson.empty_array, setmetatable({}, cjson.array_mt), setmetatable({}, cjson.empty_array_mt) }))
    assert.equal("[[],[],[]]", text_of "k")
  end)

  it("has its nulls left out on request, of a call or of a client", function()
    assert(store:set_record("k", '{"a":null,"b":{"c":null,"d":1}}', { content_type = JSON }))
    assert.same({ b = { d = 1 } }, assert(store:get_record("k", { nulls = "omit" })).value)
    local thrifty = client:with { nulls = "omit" }:key_value_store(store.id)
    assert.same({ b = { d = 1 } }, assert(thrifty:get_record "k").value)
    assert.equal(apify.null, assert(thrifty:get_record("k", { nulls = "keep" })).value.a)
  end)

  it("that is a string has the type text, or bytes, or what is said", function()
    for bytes, content_type in pairs {
      ["plain"] = "text/plain; charset=utf-8", ["příliš 😀"] = "text/plain; charset=utf-8", [""] = "text/plain; charset=utf-8",
      ["\255\254\0"] = "application/octet-stream", ["half \195"] = "application/octet-stream",
    } do
      assert(store:set_record("k", bytes))
      assert.same({ key = "k", value = bytes, content_type = content_type }, assert(store:get_record "k"))
    end
    assert(store:set_record("k", "<p>all of it</p>", { content_type = "text/html" }))
    assert.same({ key = "k", value = "<p>all of it</p>", content_type = "text/html" }, assert(store:get_record "k"))
    assert(store:set_record("k", "[1, 2]", { content_type = "application/json" }))
    assert.same({ key = "k", value = { 1, 2 }, content_type = "application/json" }, assert(store:get_record "k"))
    assert.same({ key = "k", value = "[1, 2]", content_type = "application/json" }, assert(store:get_record("k", { raw = true })))
    assert(store:set_record("k", { 1 }, { content_type = "application/ld+json" }))
    assert.equal("application/ld+json", store:get_record("k").content_type)
    assert.equal("[1]", text_of "k")
  end)

  it("goes over the wire compressed where that helps", function()
    local long, random = ("long text "):rep(1000), noise(5000)
    assert(store:set_record("long", long))
    assert(store:set_record("short", "short"))
    assert(store:set_record("noise", random))
    assert(store:set_record("image", long, { content_type = "image/png" }))
    local encodings = {}
    for i, request in ipairs(requests "PUT") do encodings[i] = request.headers["content-encoding"] or "none" end
    assert.same({ "gzip", "none", "none", "none" }, encodings)
    assert.equal(long, text_of "long")
    assert.equal(random, text_of "noise")
  end)

  it("goes through a codec of one's own", function()
    local seen = {}
    local own = client:with { json = {
      decode = function(text) seen[#seen + 1] = text return cjson.decode(text) end,
      encode = function(value) seen[#seen + 1] = "out" return cjson.encode(value) end,
    } }:key_value_store(store.id)
    assert(own:set_record("k", { a = { cjson.null } }))
    assert.same({ a = { cjson.null } }, assert(own:get_record "k").value)
    assert.same({ "out", '{"a":[null]}' }, seen)
    assert(client:with { json = cjson }:key_value_store(store.id):set_record("k", { b = 1 }))
    assert.equal('{"b":1}', text_of "k")
    assert.equal(store.id, assert(own:get()).id)                   -- the API's own objects are none of its business
    assert.equal(2, #seen)
  end)
end)

describe("a record", function()
  it("that says JSON and is none is one attempt, and readable as it is", function()
    for _, with in ipairs { client, client:with { json = cjson } } do
      local mine = with:key_value_store(store.id)
      assert(mine:set_record("k", { a = 1 }))
      api:log(true)
      api:faults { match = { method = "GET", path = RECORD }, action = { bad_json = { body = '{"a": oh' } } }
      local err = failure("decode", mine:get_record "k")
      assert.same({ 1, 1, false }, { err.attempts, #requests "GET", err.retryable })
      assert.equal('{"a": oh', assert(mine:get_record("k", { raw = true })).value)
      api:faults()
    end
  end)

  it("may have every key that the API allows, and no other", function()
    for _, key in ipairs { "a", "aZ09", "!-_.'()", "...", ("k"):rep(256) } do
      assert(store:set_record(key, key))
      assert.equal(key, assert(store:get_record(key)).value)
    end
    api:log(true)
    for _, key in ipairs { "", ".", "..", "a b", "a/b", "é", "a%20b", "a\0", ("k"):rep(257), 5, true } do
      for _, method in ipairs { "get_record", "record_exists", "delete_record", "set_record", "download_record" } do
        local ok, text = pcall(store[method], store, key, method == "set_record" and "v" or nil)
        assert.is_false(ok, tostring(key))
        assert.truthy(text:find("key", 1, true), text)
      end
    end
    assert.same({}, requests())
  end)

  it("that is missing is nil and an error, or false", function()
    assert.is_true(failure("api", store:get_record "k").not_found)
    assert.is_true(failure("api", store:delete_record "k").not_found)
    assert.is_true(failure("api", store:download_record "k").not_found)
    assert.is_false(store:record_exists "k")
    assert(store:set_record("k", 1))
    assert.is_true(store:record_exists "k")
    assert.is_true(store:delete_record "k")
    assert.is_false(store:record_exists "k")
  end)

  it("whose deletion was answered to nobody is deleted all the same", function()
    assert(store:set_record("k", 1))
    api:faults { match = { method = "DELETE", first = 1 }, action = { close_before_answer = { act = true } } }
    assert.is_true(store:delete_record "k")
    assert.equal(2, #requests "DELETE")
  end)

  it("is fetched from where the API redirects to, without the token", function()
    assert(store:set_record("k", { v = 1 }))
    assert(store:set_record("big", noise(200000)))
    api:admin("settings", { record_redirect = api.other_url })
    api:log(true)
    assert.same({ v = 1 }, assert(store:get_record "k").value)
    assert.equal(200000, #assert(store:download_record "big"))
    local log = requests()
    assert.equal(4, #log)
    for i = 1, 3, 2 do
      assert.same({ "main", true, 302 }, { log[i].server, log[i].authorization, log[i].status })
      assert.same({ "other", false, 200 }, { log[i + 1].server, log[i + 1].authorization, log[i + 1].status })
    end
  end)

  it("of more than the API takes is refused by name, and the client goes on", function()
    local big = ("x"):rep(10 * 1048576)
    local name = write_file("big", big)
    for _, call in ipairs {
      function() return store:set_record("my-big-one", big) end,
      function() return store:set_record("my-big-one", { text = big }) end,
      function() return store:upload_record("my-big-one", name) end,
      function() return store:upload_record("my-big-one", function() end, { size = LIMIT + 1 }) end,
    } do
      local err = failure("too_large", call())
      assert.truthy(tostring(err):find("my-big-one", 1, true), tostring(err))
      assert.is_false(err.sent)
      assert.same({}, requests())
    end
    local left = 11                                                -- a function that has more to give than was known
    failure("too_large", store:upload_record("my-big-one", function()
      left = left - 1
      return left > 0 and big:sub(1, 1048576) or nil
    end))
    assert.is_false(store:record_exists "my-big-one")
    assert(store:set_record("full", big:sub(1, LIMIT)))
    assert.equal(LIMIT, #text_of "full")
  end)
end)

describe("the keys", function()
  local function fill(count)
    for i = 1, count do assert(store:set_record(("%s-%02d"):format(i % 2 == 0 and "even" or "odd", i), i)) end
  end

  local function walk(o)
    local keys = {}
    for row in store:iterate_keys(o) do keys[#keys + 1] = row.key end
    return table.concat(keys, " ")
  end

  it("are walked page by page, with a prefix, a limit, a beginning", function()
    fill(6)
    assert.equal("even-02 even-04 even-06 odd-01 odd-03 odd-05", walk())
    assert.equal("even-02 even-04 even-06 odd-01 odd-03 odd-05", walk { chunk_size = 2 })
    assert.equal("odd-01 odd-03 odd-05", walk { prefix = "odd" })
    assert.equal("even-02 even-04 even-06 odd-01", walk { limit = 4, chunk_size = 3 })
    assert.equal("odd-01 odd-03", walk { exclusive_start_key = "even-06", limit = 2 })
    assert.equal("", walk { prefix = "none" })
    local row = store:iterate_keys():next()
    assert.same({ "even-02", 1 }, { row.key, row.size })
    assert.truthy(row.recordPublicUrl:find("even-02", 1, true))
    assert.same({ { key = "even-02" } }, store:iterate_keys({ pick = { "key" }, limit = 1 }):collect())
  end)

  it("are all found although pages are empty", function()
    fill(12)
    api:admin("settings", { keys_scan = 2 })
    api:log(true)
    assert.equal("odd-01 odd-03 odd-05 odd-07 odd-09 odd-11", walk { prefix = "odd" })
    assert.is_true(#requests() >= 6, "no page was empty")
    assert.same({ 0, true }, { store:list_keys({ prefix = "odd" }).count, store:list_keys({ prefix = "odd" }).isTruncated })
  end)

  it("go on from a bookmark, after a page that broke off, and once more after an error", function()
    fill(6)
    local it = store:iterate_keys { chunk_size = 4, limit = 5 }
    local seen = {}
    for i = 1, 3 do seen[i] = it:next().key end
    local bookmark = it:bookmark()
    it:close()
    for row in store:iterate_keys { bookmark = bookmark } do seen[#seen + 1] = row.key end
    assert.equal("even-02 even-04 even-06 odd-01 odd-03", table.concat(seen, " "))
    api:faults { match = { path = "/keys$", first = 1 }, action = { cut = { after_bytes = 300 } } }
    assert.equal("even-02 even-04 even-06 odd-01 odd-03 odd-05", walk { chunk_size = 4 })
    api:faults { match = { path = "/keys$", first = 1 }, action = { status = { code = 403 } } }
    it = store:iterate_keys()
    assert.equal(403, select(2, it:next()).status)
    assert.equal(6, #it:collect())
  end)

  it("are a page as the API gives it", function()
    fill(4)
    local page = assert(store:list_keys { limit = 3 })
    assert.same({ 3, 3, true, "odd-01" }, { page.count, page.limit, page.isTruncated, page.nextExclusiveStartKey })
    page = assert(store:list_keys { exclusive_start_key = page.nextExclusiveStartKey })
    assert.same({ 1, false }, { page.count, page.isTruncated })
    assert.is_nil(page.nextExclusiveStartKey)
  end)
end)

it("all records are saved as one ZIP", function()
  local big = noise(300000)
  assert(store:set_record("a.txt", "text"))
  assert(store:set_record("b(1)!", { v = 1 }))
  assert(store:set_record("big", big))
  assert.is_true((store:download_records(path "all.zip")))
  local files, count = unzip(read_file "all.zip")
  assert.equal(3, count)
  for name, bytes in pairs { ["a.txt"] = "text", ["b(1)!"] = '{"v":1}', big = big } do
    assert.is_true(files[name].bytes == bytes, name)
    assert.equal(core.crc32(0, bytes), files[name].crc)
  end
end)

it("the store itself is seen, renamed, opened and deleted", function()
  assert.equal("mine", assert(store:update { name = "mine" }).name)
  assert.equal(store.id, assert(client:key_value_store "~mine":get()).id)
  assert.is_nil(assert(store:update { name = false }).name)
  assert.equal("RESTRICTED", assert(store:update { general_access = "RESTRICTED" }).generalAccess)
  assert.is_true(store:delete())
  assert.is_true(failure("api", store:get()).not_found)
  assert.is_true(failure("api", store:delete()).not_found)
end)
