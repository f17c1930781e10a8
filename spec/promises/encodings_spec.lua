--- Bodies that come compressed in a way that was not asked for, or are wanted as they came; and answers that are not what was asked for.
local apify = require "apify"
local expect = require "spec.support.expect"
local gzip = require "spec.support.gzip"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local failure = expect.failure

local function unhex(text)
  return (text:gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end))
end

local JSON = { data = { n = 1, text = ("abc"):rep(100) } }
local BR_JSON = unhex "1b4501381c077673ce87190cbc766b855a24666c6fb38489b9299d3e70c801eb316ce1c935d818bb82d16eb69bd28ce1f163b668"
local BR_TEXT = unhex "5b5fae8adf9160e344f74662782d568626a74158d8e8245bda5b3c180fc060aa9059f805"
local TEXT = ("hello, brotli "):rep(50000)
local BR_BOMB = unhex("cbffff3ff82540e2b14020f7fe8fffff7ff04b00c4611180eefd1fffffffe0970088c30200ddfb3ffeffffc12f0110870500baf77ffcffff8"
  .. "35f02200e0b0074effff8ffff07bf04401c1600e8defff1ffff0f7e0980382c00d0bdffe3ffff1ffc1200715800a07bffc7ffff3ff82500e2b00040f7fe2ffffffff"
  .. "04b00c4610180eefd1f")                   -- 80 MiB of spaces
local BOM = "\239\187\191"

local s, folder = testbed.local_api { count = 1 }, testbed.folder()
local client, store

before_each(function()
  client = testbed.client(s, { max_retries = 1 })
  store = client:key_value_store(assert(client:key_value_stores():get_or_create()).id)
  assert(store:set_record("KEY", { a = 1 }))
  s:log(true)
end)

-- The record is answered so; `coding` may be nil.
local function answer(body, coding, content_type, code)
  s:faults { match = { path = "/records/" }, action = {
    status = { code = code or 200, body = body, content_type = content_type or "text/plain", headers = { ["Content-Encoding"] = coding } },
  } }
end

local function count() return #s:log().requests end

-- The bytes between gzip's header and trailer, and what zlib puts around the same.
local function raw_deflate(text)
  return gzip.pack(text):sub(11, -9)
end

local function zlib_deflate(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + text:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return "\120\156" .. raw_deflate(text) .. string.char(math.floor(b / 256), b % 256, math.floor(a / 256), a % 256)
end

describe("a record", function()
  it("exists whatever HEAD says of a body that it does not bring", function()
    for _, coding in ipairs { "br", "deflate", "gzip", "zstd, gzip" } do
      answer("", coding)
      assert.is_true((assert(store:record_exists "KEY")), coding)
    end
  end)

  it("is decoded from deflate, in zlib's wrapping and without, whole and as it comes", function()
    for _, text in ipairs { "", "x", ("hello "):rep(3), ("deflate "):rep(40000), ("\0"):rep(65536) } do
      for _, packed in ipairs { raw_deflate(text), zlib_deflate(text) } do
        answer(packed, "deflate")
        assert.is_true(text == assert(store:get_record "KEY").value)
        assert.is_true(text == assert(store:download_record "KEY"))
      end
    end
  end)

  it("is decoded from brotli by the decoder of libcurl", function()
    answer(BR_JSON, "br", "application/json")
    assert.same(JSON, assert(store:get_record "KEY").value)
    answer(BR_TEXT, "BR")
    assert.is_true(TEXT == assert(store:get_record "KEY").value)
    assert.is_true(TEXT == assert(store:download_record "KEY"))
    local _, info = store:download_record "KEY"
    assert.equal("BR", info.headers["content-encoding"])
  end)

  it("is decoded behind a redirect to a store that keeps records as they came", function()
    s:admin("settings", { record_redirect = s.other_url })
    s:faults { match = { path = "/records/", server = "other" }, action = {
      status = { code = 200, body = BR_JSON, content_type = "application/json", headers = { ["Content-Encoding"] = "br" } },
    } }
    assert.same(JSON, assert(store:get_record "KEY").value)
    local bytes, info = store:download_record("KEY", nil, { raw = true })
    assert.is_true(BR_JSON == bytes)
    assert.equal("br", info.headers["content-encoding"])
  end)

  it("is an error when its stream is cut or damaged anywhere, or followed by anything", function()
    local function refused(body, coding, how)
      answer(body, coding)
      local err = failure("decode", store:get_record "KEY")
      assert.truthy(err.message:find(how), err.message)
      failure("decode", store:download_record("KEY", folder .. "/file"))
      assert.equal("", (program.shell("ls -A " .. folder)))
    end
    refused(raw_deflate "hello":sub(1, -2), "deflate", "the deflate stream ends early")
    refused(zlib_deflate "hello":sub(1, -2), "deflate", "the deflate stream ends early")
    refused(zlib_deflate "hello":sub(1, -2) .. "\0", "deflate", "the deflate stream is damaged")
    refused(zlib_deflate "hello" .. "x", "deflate", "the deflate stream is damaged")
    refused("\120", "deflate", "the deflate stream ends early")
    refused(BR_TEXT .. "x", "br", "the brotli stream is damaged")
    refused("\255" .. BR_TEXT, "br", "the brotli stream is damaged")
    for at = 0, #BR_TEXT - 1, 5 do refused(BR_TEXT:sub(1, at), "br", "the brotli stream ends early") end
    for _, coding in ipairs { "gzip", "deflate", "br" } do refused("", coding, "stream ends early") end
  end)

  it("of brotli stays within its limit, and within a window as it comes", function()
    answer(BR_BOMB, "br")
    failure("too_large", client:with({ max_body_size = 1048576 }):key_value_store(assert(store.id)):get_record "KEY")
    collectgarbage()
    local size, pieces = 0, 0
    local function take(bytes) size, pieces = size + #bytes, pieces + 1 end
    assert(store:download_record("KEY", take))
    assert.equal(80 * 1048576, size)
    assert.is_true(pieces < 25000, pieces)
  end)

  it("of brotli comes in pieces that are no smaller than any, though the decoder takes all of it before it gives anything", function()
    answer(BR_TEXT, "br")
    local size, pieces = 0, 0
    assert(store:download_record("KEY", function(bytes) size, pieces = size + #bytes, pieces + 1 end))
    assert.equal(#TEXT, size)
    assert.is_true(pieces < 200, pieces)
  end)

  it("in an encoding that cannot be read is an error that names it, at once", function()
    for _, coding in ipairs { "zstd", "gzip, br", "compress", "gzip,gzip" } do
      answer("x", coding)
      for _, ask in ipairs { store.get_record, store.download_record } do
        local before = count()
        local err = failure("decode", ask(store, "KEY"))
        assert.truthy(err.message:gsub(" ", ""):find('"' .. coding:gsub(" ", "") .. '"', 1, true), err.message)
        assert.same({ 1, 200, false }, { err.attempts, err.status, err.retryable })
        assert.equal(before + 1, count())
      end
    end
    answer("hello", "identity")
    assert.equal("hello", assert(store:get_record "KEY").value)
  end)

  it("comes raw as it was stored, with its encoding", function()
    for coding, body in pairs { br = BR_TEXT, zstd = "xyz", ["gzip, br"] = "\0\1", gzip = gzip.pack(TEXT) } do
      answer(body, coding)
      local bytes, info = store:download_record("KEY", nil, { raw = true })
      assert.is_true(body == bytes)
      assert.same({ 200, coding }, { info.status, info.headers["content-encoding"] })
    end
    s:faults()
    local bytes, info = store:download_record("KEY", nil, { raw = true })
    assert.same({ '{"a":1}' }, { bytes, info.headers["content-encoding"] })
    local last = s:log().requests[count()]
    assert.same({ "identity", nil }, { last.headers["accept-encoding"], last.path:match "raw" })
    assert.error_matches(function() store:download_record("KEY", nil, { raw = "1" }) end, "bad option 'raw'")
  end)

  it("comes raw through a connection that breaks off, too", function()
    local body = ("0123456789"):rep(5000)
    assert(store:set_record("KEY", body))
    s:faults { match = { path = "/records/", method = "GET", first = 1 }, action = { cut = { after_bytes = 20000 } } }
    assert.is_true(body == assert(store:download_record("KEY", nil, { raw = true })))
  end)

  it("is JSON with a byte order mark and under any +json type", function()
    local cases = {
      { BOM .. '{"a":1}', "application/json" }, { '{"a":1}', "application/ld+json" }, { BOM .. '{"a":1}', "Application/Feed+JSON; charset=utf-8" },
    }
    for _, case in ipairs(cases) do
      answer(case[1], nil, case[2])
      assert.same({ a = 1 }, assert(store:get_record "KEY").value)
      assert.same({ a = 1 }, (assert(client:request { path = "/key-value-stores/" .. store.id .. "/records/KEY" })))
      local with_codec = testbed.client(s, { json = require "cjson" })
      assert.same({ a = 1 }, assert(with_codec:key_value_store(store.id):get_record "KEY").value)
    end
    answer("{}\n{}", nil, "application/x-ndjson")
    assert.equal("{}\n{}", assert(store:get_record "KEY").value)
    assert.equal("{}\n{}", (assert(client:request { path = "/key-value-stores/" .. store.id .. "/records/KEY" })))
  end)

  it("of 200 without a byte is empty, one of 204 or 206 is none", function()
    answer("")
    assert.equal("", assert(store:download_record "KEY"))
    assert.equal("", assert(store:get_record "KEY").value)
    answer("", nil, nil, 204)
    assert.equal(2, failure("decode", store:download_record("KEY", folder .. "/file")).attempts)
    answer("half", nil, nil, 206)
    for _, ask in ipairs { store.get_record, store.download_record } do
      local err = failure("decode", ask(store, "KEY"))
      assert.same({ 206, 1 }, { err.status, err.attempts })
    end
    local path = "/key-value-stores/" .. store.id .. "/records/KEY"
    assert.equal("half", (assert(client:request { path = path, headers = { Range = "bytes=0-3" } })))
  end)

  it("has numbers beyond a double", function()
    answer('[1e400,-1e400]', nil, "application/json")
    assert.same({ math.huge, -math.huge }, assert(store:get_record "KEY").value)
    local numbers = {}
    s:faults { match = { path = "/items$" }, action = {
      status = { code = 200, body = BOM .. '[{"n":1e400},{"n":2}]', content_type = "application/json" },
    } }
    local it = client:dataset(assert(client:datasets():get_or_create()).id):iterate_items { limit = 2 }
    for item in it do numbers[#numbers + 1] = item.n end
    assert.same({ math.huge, 2 }, numbers)
  end)
end)

describe("an answer", function()
  it("with a header line of more than 100 KiB is too large, and nobody lacks memory", function()
    for _, size in ipairs { 110000, 200000, 1000 } do
      s:faults { match = { path = "/records/" }, action = { status = { code = 200, body = "x", headers = { ["X-Long"] = ("y"):rep(size) } } } }
      if size == 1000 then
        assert.equal("x", assert(store:download_record "KEY"))
      else
        local err = failure("too_large", store:download_record("KEY", folder .. "/file"))
        assert.same({ 1, false }, { err.attempts, err.sent })
      end
    end
  end)

  it("of a proxy that refuses to connect is no connection", function()
    local proxied = apify.new {
      base_url = "https://api.test", proxy = s.url, token = "t", max_retries = 1, min_delay_between_retries = 0.001,
    }
    local err = failure("connect", proxied:run("HG7ML7M8z78YcAPEB"):get())
    assert.is_false(err.sent)
    assert.truthy(err.message:find "CONNECT", err.message)
    err = failure("connect", proxied:actor("janedoe~my-actor"):start())
    assert.same({ false, true }, { err.sent, err.retryable })
  end)
end)
