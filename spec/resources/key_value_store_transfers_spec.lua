--- Records that are uploaded from and downloaded to files, handles and functions; what becomes of them when something breaks.
local apify = require "apify"
local expect = require "spec.support.expect"
local gzip = require "spec.support.gzip"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local failure = expect.failure

local RECORD = "/records/"

local unpack = table.unpack or unpack

local api, folder = testbed.local_api { count = 0 }, testbed.folder()
local client, store

before_each(function()
  client = testbed.client(api, { max_retries = 2 })
  store = client:key_value_store(assert(client:key_value_stores():get_or_create()).id)
  api:log(true)
end)

local path, write_file, read_file = testbed.files(folder)

local function files()
  return (program.shell("ls -A " .. folder):gsub("\n$", ""))
end

local function count(method)
  local n = 0
  for _, request in ipairs(api:log().requests) do
    if request.method == method then n = n + 1 end
  end
  return n
end

-- So many bytes, none of which is like those around it.
local function body(size)
  local lines, length = {}, 0
  while length < size do
    lines[#lines + 1] = ("line %d\0\255\n"):format(#lines)
    length = length + #lines[#lines]
  end
  return table.concat(lines):sub(1, size)
end

local function stored(key) return assert(store:get_record(key, { raw = true })) end

local function lose_first(method, action)
  api:faults { match = { method = method, path = RECORD, first = 1 }, action = action }
end

-- The pieces one by one, then nil.
local function pieces(list)
  local i = 0
  return function()
    i = i + 1
    return list[i]
  end
end

describe("an upload", function()
  local bytes = body(500000)

  it("of a file stores its bytes, with the type given", function()
    local name = write_file("up", bytes)
    assert.is_true(store:upload_record("k", name, { content_type = "image/x-own" }))
    assert.same({ key = "k", value = bytes, content_type = "image/x-own" }, stored "k")
    assert.is_true(store:upload_record("empty", write_file("empty", "")))
    assert.same({ key = "empty", value = "", content_type = "application/octet-stream" }, stored "empty")
  end)

  it("that is encoded already goes as it is, of a file and of a string", function()
    local packed = gzip.pack(("some text\n"):rep(1000))
    local text = { content_type = "text/plain", content_encoding = "gzip" }
    assert(store:upload_record("file", write_file("a.gz", packed), text))
    assert(store:set_record("string", packed, text))
    assert(store:set_record("bytes", gzip.pack "\0\1", { content_encoding = "gzip" }))
    for i, request in ipairs(api:log().requests) do
      local size = i < 3 and #packed or request.body_bytes
      assert.same({ "gzip", size }, { request.headers["content-encoding"], request.body_bytes })
    end
    for _, key in ipairs { "file", "string" } do assert.equal(("some text\n"):rep(1000), assert(store:get_record(key)).value) end
    assert.same({ "\0\1", "application/octet-stream" }, (function(r) return { r.value, r.content_type } end)(store:get_record "bytes"))
  end)

  it("in an encoding that the API does not know, or that is not its own, is refused", function()
    for _, options in ipairs { { content_encoding = "zpaq", status = 415 }, { content_encoding = "gzip", status = 400 } } do
      local status = options.status
      options.status = nil
      local name = write_file("p", "plain")
      for _, result in ipairs { { store:set_record("k", "plain", options) }, { store:upload_record("k", name, options) } } do
        assert.equal(status, result[2].status)
      end
    end
    assert.is_false(store:record_exists "k")
    for _, call in ipairs {
      function() store:set_record("k", { 1 }, { content_encoding = "gzip" }) end,
      function() store:set_record("k", "x", { content_encoding = "a\nb" }) end,
      function() store:upload_record("k", path "p", { content_encoding = 5 }) end,
    } do
      assert.matches("^%S*transfers_spec.lua:%d+: bad .*content_encoding", select(2, pcall(call)))
    end
  end)

  it("of a handle begins where it stands, and leaves it open", function()
    local file = assert(io.open(write_file("up", bytes), "rb"))
    file:seek("set", 1000)
    assert.is_true(store:upload_record("k", file))
    assert.equal(bytes:sub(1001), stored("k").value)
    assert.equal("file", io.type(file))
    file:close()
  end)

  it("of a file or a handle is tried again from its start", function()
    local file = assert(io.open(write_file("up", bytes), "rb"))
    file:seek("set", 7)
    for from, expected in pairs { [path "up"] = bytes, [file] = bytes:sub(8) } do
      for _, action in ipairs { { close_before_answer = {} }, { status = { code = 503 } } } do
        lose_first("PUT", action)
        api:log(true)
        assert.is_true(store:upload_record("k", from))
        assert.equal(2, count "PUT")
        assert.equal(expected, stored("k").value)
        assert(store:delete_record "k")
        file:seek("set", 7)
      end
    end
    file:close()
  end)

  it("of a function stores all that it gives", function()
    assert.is_true(store:upload_record("k", pieces { "one ", "", "two ", bytes }))
    assert.equal("one two " .. bytes, stored("k").value)
    assert.is_true(store:upload_record("k", pieces { "12", "345" }, { size = 5, content_type = "text/plain" }))
    assert.same({ key = "k", value = "12345", content_type = "text/plain" }, stored "k")
    assert.is_true(store:upload_record("k", pieces {}))
    assert.equal("", stored("k").value)
  end)

  it("of a function that was read is not tried again", function()
    lose_first("PUT", { close_before_answer = {} })
    local err = failure("network", store:upload_record("k", pieces { bytes }))
    assert.same({ 1, 1 }, { err.attempts, count "PUT" })
    assert.is_false(store:record_exists "k")
  end)

  it("of a function may wait in it, while others go on", function()
    local turns, give = 0, pieces { "a", "b", "c" }
    local other = apify.spawn(function()
      while turns < 1000 and apify.sleep(0.005) do turns = turns + 1 end
    end)
    local upload = apify.spawn(function()
      return store:upload_record("k", function()
        local before = turns
        while turns == before do assert(apify.sleep(0.005)) end
        return give()
      end)
    end)
    assert.is_true(upload:wait(20))
    other:cancel()
    other:wait(20)
    assert.equal("abc", stored("k").value)
  end)

  it("whose source breaks stores nothing", function()
    local own = select(2, store:get_record "missing")
    local cases = {
      { pieces { "12345" }, { size = 10 }, "5 of 10" },
      { pieces { "12345", "67890", "1" }, { size = 10 }, "more than" },
      { function() error("torn", 0) end, nil, "torn" },
      { function() error { code = 7 } end, nil, "raised" },
      { function() return nil, "disk gone" end, nil, "disk gone" },
      { function() return 5 end, nil, "number" },
    }
    for _, case in ipairs(cases) do
      local err = failure("io", store:upload_record("k", case[1], case[2]))
      assert.truthy(err.message:find(case[3], 1, true), err.message)
      assert.truthy(err.path:find("/records/k", 1, true))
      assert.is_false(store:record_exists "k")
    end
    local is_first = true
    local _, given = store:upload_record("k", function()
      if not is_first then error(own) end
      is_first = false
      return bytes
    end)
    assert.equal(own.kind, given.kind)                             -- an error of the module's own stays what it is
    assert.is_true(given.not_found)
    assert.is_false(store:record_exists "k")
    assert(store:set_record("k", "the client goes on"))
  end)

  it("that the API finds too large, or sends elsewhere, is refused once", function()
    api:admin("settings", { max_payload_bytes = 1000 })
    local err = failure("api", store:upload_record("k", pieces { bytes }))
    assert.same({ 413, "request-too-large", 1 }, { err.status, err.type, err.attempts })
    api:faults { action = { redirect = { location = "{other}{path}", code = 307 } } }
    failure("redirect", store:upload_record("k", pieces { "short" }))
    failure("redirect", store:set_record("k", "short"))
    assert.equal(3, count "PUT")
    for _, request in ipairs(api:log().requests) do assert.equal("main", request.server) end
  end)

  it("that is cancelled stores nothing", function()
    local has_begun
    local fiber = apify.spawn(function()
      local value, err = store:upload_record("k", function()
        has_begun = true
        apify.sleep(0.01)
        return "more"
      end)
      return value, err
    end)
    while not has_begun do assert(apify.sleep(0.01)) end
    fiber:cancel()
    failure("cancelled", fiber:wait(20))
    assert.is_false(store:record_exists "k")
  end)

  it("of what cannot be read sends nothing", function()
    for _, name in ipairs { path "missing", folder } do
      local err = failure("io", store:upload_record("k", name))
      assert.truthy(err.message:find(name, 1, true), err.message)
    end
    local file = assert(io.open(write_file("closed", "x"), "rb"))
    file:close()
    local ok, text = pcall(store.upload_record, store, "k", file)
    assert.is_false(ok)
    assert.truthy(text:find("argument 2", 1, true))
    assert.equal(0, #api:log().requests)
  end)
end)

describe("a download", function()
  local bytes = body(3000000)

  before_each(function() assert(store:upload_record("k", pieces { bytes })) end)

  it("fills a file, a handle, a function, or a string", function()
    local ok, info = store:download_record("k", path "down")
    assert.is_true(ok)
    assert.same({ 200, "application/octet-stream" }, { info.status, info.headers["content-type"] })
    assert.equal(bytes, read_file "down")
    local file = assert(io.open(path "handle", "wb"))
    file:write "before "
    assert.is_true((store:download_record("k", file)))
    assert.equal("file", io.type(file))
    file:close()
    assert.equal("before " .. bytes, read_file "handle")
    local got = {}
    assert.is_true((store:download_record("k", function(piece) got[#got + 1] = piece end)))
    assert.is_true(#got > 1, "all in one piece")
    assert.equal(bytes, table.concat(got))
    assert.equal(bytes, (store:download_record "k"))
    assert.equal("down\nhandle", files())
  end)

  it("replaces a file only when it is complete", function()
    write_file("down", "old")
    assert.is_true((store:download_record("k", path "down")))
    assert.equal(bytes, read_file "down")
    write_file("down", "old")
    for _, action in ipairs { { cut = { after_bytes = 500 } }, { half_gzip = {} }, { status = { code = 500 } }, { close_before_answer = {} } } do
      api:faults { match = { method = "GET", path = RECORD }, action = action }
      for _, name in ipairs { "down", "new" } do
        local value, err = store:download_record("k", path(name), { deadline = 5 })
        assert.is_nil(value)
        assert.is_true(apify.is_error(err))
        assert.same({ "down", "old" }, { files(), read_file "down" })
      end
    end
    api:faults()
    assert.is_true(failure("api", store:download_record("missing", path "down")).not_found)
    assert.is_true(failure("api", store:download_record("missing", path "new")).not_found)
    assert.same({ "down", "old" }, { files(), read_file "down" })
  end)

  it("that is cut goes on or begins again, and its bytes are right", function()
    for _, action in ipairs { { cut = { after_bytes = 4000 } }, { status = { code = 503 } }, { close_before_answer = {} } } do
      lose_first("GET", action)
      assert.is_true((store:download_record("k", path "down")))
      assert.equal(bytes, read_file "down")
      lose_first("GET", action)
      assert.equal(bytes, (store:download_record "k"))
    end
  end)

  it("ends when its function says so, or raises", function()
    local calls = 0
    local function stop_with(...)
      local answers = { n = select("#", ...), ... }
      return function()
        calls = calls + 1
        return unpack(answers, 1, answers.n)
      end
    end
    failure("io", store:download_record("k", stop_with(false)))
    assert.truthy(failure("io", store:download_record("k", stop_with(nil, "full"))).message:find("full", 1, true))
    assert.truthy(failure("io", store:download_record("k", stop_with(false, "enough"))).message:find("enough", 1, true))
    assert.equal(3, calls)
    assert.truthy(failure("io", store:download_record("k", function() error("torn", 0) end)).message:find("torn", 1, true))
    local own = select(2, store:get_record "missing")
    assert.is_true(select(2, store:download_record("k", function() error(own) end)).not_found)
    assert.equal(bytes, (store:download_record "k"))
  end)

  it("to where nothing can be written is an error of kind io, without a trace", function()
    local file = assert(io.open("/dev/full", "wb"))
    assert.truthy(failure("io", store:download_record("k", file)).message:find("space", 1, true))
    file:close()
    failure("io", store:download_record("k", "/dev/full"))
    failure("io", store:download_record("k", folder))
    failure("io", store:download_record("k", path "no/such/folder"))
    assert.equal("", files())
    assert.equal("character special file\n", program.shell "stat -c %F /dev/full")
    local closed = assert(io.open(path "closed", "wb"))
    closed:close()
    assert.is_false((pcall(store.download_record, store, "k", closed)))
  end)

  it("is bounded by deadline alone, and by max_body_size where it is a string", function()
    api:faults { match = { method = "GET", path = RECORD }, action = { drip = { bytes = 100, secs = 0.05 } } }
    failure("timeout", store:download_record("k", path "down", { deadline = 0.3 }))
    assert.equal("", files())
    api:faults()
    local small = client:with { max_body_size = 100000 }:key_value_store(store.id)
    failure("too_large", small:download_record "k")
    failure("too_large", small:get_record "k")
    assert.is_true((small:download_record("k", path "down")))
    assert.equal(bytes, read_file "down")
  end)

  it("that is cancelled leaves the file as it was", function()
    write_file("down", "old")
    api:faults { match = { method = "GET", path = RECORD }, action = { drip = { bytes = 1000, secs = 0.02 } } }
    local fiber = apify.spawn(function() return store:download_record("k", path "down") end)
    while not files():find "down.*part" do assert(apify.sleep(0.01)) end
    fiber:cancel()
    failure("cancelled", fiber:wait(20))
    assert.same({ "down", "old" }, { files(), read_file "down" })
  end)

  it("goes to a function that may wait, while others go on", function()
    local turns, size = 0, 0
    local other = apify.spawn(function()
      while apify.sleep(0.002) do turns = turns + 1 end
    end)
    local fiber = apify.spawn(function()
      return store:download_record("k", function(piece)
        size = size + #piece
        local before = turns
        while turns == before do assert(apify.sleep(0.002)) end
      end)
    end)
    assert.is_true((fiber:wait(60)))
    other:cancel()
    other:wait(20)
    assert.equal(#bytes, size)
  end)

  it("is not begun by a client that is closed, nor is an upload", function()
    client:close()
    failure("closed", store:download_record("k", path "down"))
    failure("closed", store:upload_record("k", path "missing"))
    failure("closed", store:set_record("k", "v"))
    assert.equal("", files())
  end)
end)
