--- All bytes of an answer in a sink of the caller's: whole, or nothing.
local apify = require "apify"
local core = require "apify.core"
local loop = require "apify.loop"
local save = require "apify.http.save"
local sink = require "apify.http.sink"
local run_bytes = require "spec.support.run_bytes"
local testbed = require "spec.support.testbed"

describe("a saved stream", function()
  local list = run_bytes.new()
  local s = list.api
  local client, path

  before_each(function()
    client = testbed.client(s)
    path = os.tmpname()
    os.remove(path)
  end)

  local function open(o) return list:open(client, o) end
  local function assert_whole(text) list:assert_whole(text) end
  local function answer_with(...) list:answer_with(...) end
  local function cut_at(...) list:cut_at(...) end

  after_each(function() os.remove(path) end)

  local function content()
    local file = io.open(path, "rb")
    if not file then return nil end
    local text = file:read "*a"
    file:close()
    return text
  end

  local function leftovers()
    local pipe = io.popen("ls -d " .. path .. "* 2>/dev/null")
    local names = pipe:read "*a"
    pipe:close()
    return names
  end

  it("is a file, or a string", function()
    assert.is_true(assert(save(open(), assert(sink.open(path)))))
    assert_whole(content())
    assert_whole(assert(save(open(), sink.open(nil, 1e9))))
  end)

  it("is complete although the connection breaks", function()
    cut_at(5000, 10000)
    assert.is_true(assert(save(open(), assert(sink.open(path)))))
    assert_whole(content())
  end)

  it("begins again when the content changes, if the sink can", function()
    answer_with("one", "other", "other, longer", "other, longer")
    local asked = 0
    local function go_on()
      asked = asked + 1
      return asked == 1
    end
    assert.is_true(assert(save(open { go_on = go_on }, assert(sink.open(path)))))
    assert.equal("other, longer", content())
    assert.equal(4, #s:log().requests)

    answer_with("one", "other")
    asked = 0
    local pieces = {}
    local ok, err = save(open { go_on = go_on }, sink.open(function(bytes) pieces[#pieces + 1] = bytes end))
    assert.is_nil(ok)
    assert.equal("decode", err.kind)
    assert.same({ "one" }, pieces)
  end)

  it("is given up when the content never stays the same", function()
    answer_with("1", "2", "3", "4", "5", "6")
    local ok, err = save(open { go_on = function() return true end }, assert(sink.open(path)))
    assert.is_nil(ok)
    assert.equal("the content changed while it was being read", err.message)
    assert.equal("", leftovers())
    assert.equal(6, #s:log().requests)
  end)

  it("leaves nothing behind when the stream fails", function()
    client = client:with { max_retries = 0 }
    cut_at(8000)
    local ok, err = save(open(), assert(sink.open(path)))
    assert.is_nil(ok)
    assert.equal("network", err.kind)
    assert.equal("", leftovers())
  end)

  it("leaves nothing behind when a hook raises, wherever it is called", function()
    client = client:with { on_attempt = function() error "torn" end }
    for _, prepare in ipairs { function() cut_at(8000) end, function() cut_at(0) end } do
      prepare()
      local is_done, message = pcall(save, open(), assert(sink.open(path)))
      assert.is_false(is_done)
      assert.truthy(message.cause:find("torn", 1, true))
      assert.equal("", leftovers())
      assert.equal(0, client:stats().in_flight)
    end
  end)

  it("stops when the sink fails", function()
    local st = open()
    local count = 0
    local ok, err = save(st, sink.open(function()
      count = count + 1
      if count == 2 then return nil, "enough" end
    end))
    assert.is_nil(ok)
    assert.same({ "io", "the sink: enough", "GET", "/v2" .. run_bytes.PATH }, { err.kind, err.message, err.method, err.path })
    assert.equal(0, client:stats().in_flight)
    assert.is_nil(st:read())
  end)

  describe("that takes long to write", function()
    local real_now, later = core.now, 0

    before_each(function()
      later = 0
      core.now = function() return real_now() + later end
      loop.now = core.now
    end)
    after_each(function() core.now, loop.now = real_now, real_now end)

    -- Save to the sink, each of whose first 20 writes takes a second, with a deadline of 5.
    local function save_slowly(out)
      local write, count = out.write, 0
      function out:write(bytes)
        count = count + 1
        if count <= 20 then later = later + 1 end
        return write(self, bytes)
      end
      return save(open { deadline = 5 }, out)
    end

    it("is over after its deadline, if it is the module that writes", function()
      for _, to in ipairs { path, false } do
        local ok, err = save_slowly(assert(sink.open(to or nil)))
        assert.is_nil(ok)
        assert.same({ "timeout", "the deadline of 5 s is over" }, { err.kind, err.message })
        assert.equal("", leftovers())
      end
    end)

    it("has all the time that the caller's own code takes", function()
      local pieces = {}
      assert(save_slowly(assert(sink.open(function(bytes) pieces[#pieces + 1] = bytes end))))
      assert_whole(table.concat(pieces))
      local handle = assert(io.tmpfile())
      assert(save_slowly(assert(sink.open(handle))))
      handle:seek "set"
      assert_whole(handle:read "*a")
      handle:close()
    end)
  end)

  it("stops when the string becomes too large", function()
    local ok, err = save(open(), sink.open(nil, 100000))
    assert.is_nil(ok)
    assert.equal("too_large", err.kind)
  end)

  it("is no file when the stream was closed before its end", function()
    local st = open()
    local ok, err = save(st, sink.open(function() st:close() end))
    assert.is_nil(ok)
    assert.equal("closed", err.kind)
  end)

  it("lets the sink wait", function()
    local turns, size = 0, 0
    local saver = apify.spawn(function()
      return save(open(), sink.open(function(bytes)
        assert(apify.sleep(0.001))
        size = size + #bytes
      end))
    end)
    while not saver:is_done() do
      turns = turns + 1
      assert(apify.sleep(0.001))
    end
    assert.is_true(saver:wait())
    assert.equal(#list.whole, size)
    assert.is_true(turns > 1)
  end)
end)
