--- Requests whose bodies come from sources: again after failures, at the source's own pace, whole or not at all.
local answers = require "apify.http.answers"
local apify = require "apify"
local child = require "spec.support.child"
local testbed = require "spec.support.testbed"
local core = require "apify.core"
local reactor = require "apify.loop.reactor"
local source = require "apify.http.source"
local upload = require "apify.http.upload"

local KIB = 1024

describe("an upload", function()
  local s = testbed.local_api { settings = { journal_bodies = true } }
  local client, store, file_name

  setup(function() file_name = os.tmpname() end)
  teardown(function() os.remove(file_name) end)

  before_each(function()
    client = testbed.client(s)
    store = "/key-value-stores/" .. assert(client:request { method = "POST", path = "/key-value-stores" }).id
    s:log(true)
  end)

  local function fill(text)
    local file = assert(io.open(file_name, "wb"))
    file:write(text)
    file:close()
  end

  local function send(src, more)
    local req = { method = "PUT", path = store .. "/records/K", headers = { "Content-Type: application/octet-stream" } }
    for name, value in pairs(more or {}) do req[name] = value end
    return upload.run(client.settings, req, src, answers.acknowledgement)
  end

  -- What is stored; nil when nothing is.
  local function stored()
    s:faults()
    local value, err = client:request { path = store .. "/records/K" }
    if value == nil then assert.equal(404, err.status) end
    return value
  end

  local function puts()
    local found = {}
    for _, request in ipairs(s:log().requests) do
      if request.method == "PUT" then found[#found + 1] = request end
    end
    return found
  end

  -- A function that gives each value once, and notes how often it was called.
  local function giver(...)
    local values = { n = select("#", ...), ... }
    local calls = { count = 0 }
    return function()
      calls.count = calls.count + 1
      return values[calls.count]
    end, calls
  end

  --- How many descriptors of the file this process has, where there is a /proc.
  local function open_files()
    local pipe = io.popen(("ls -l /proc/$PPID/fd 2>/dev/null | grep -c '%s'"):format(file_name))
    local count = pipe:read "*n"
    pipe:close()
    return count
  end

  --- Let so much time pass without a wait.
  local function be_busy(secs)
    local stop = core.now() + secs
    repeat until core.now() >= stop
  end

  local function eventually(what, is_so)
    for _ = 1, 300 do
      if is_so() then return end
      apify.sleep(0.02)
    end
    error("it never came to be: " .. what, 2)
  end

  it("sends a file with its length", function()
    local text = ("0123456789abcde\n"):rep(300 * KIB)
    fill(text)
    assert.is_true(send(assert(source.open(file_name))))
    assert.equal(201, puts()[1].status)
    assert.equal(tostring(#text), puts()[1].headers["content-length"])
    assert.is_true(stored() == text)
  end)

  it("sends what a function gives, piece by piece", function()
    assert.truthy(send(source.open((giver("one, ", "", "two")))))
    assert.equal("chunked", puts()[1].headers["transfer-encoding"])
    assert.equal("one, two", stored())
    assert.truthy(send(source.open(giver("six", "teen"), 7)))
    assert.equal("7", puts()[2].headers["content-length"])
    assert.equal("sixteen", stored())
  end)

  it("sends nothing at all, if that is all there is", function()
    fill ""
    assert.truthy(send(assert(source.open(file_name))))
    assert.truthy(send(source.open((giver()))))
    assert.equal(2, #puts())
    for _, request in ipairs(puts()) do assert.same({ 201, 0 }, { request.status, request.body_bytes }) end
  end)

  it("takes no memory for a large body", function()
    local piece, left = ("x"):rep(8 * KIB), 1000
    local before, most = collectgarbage "count", 0
    assert.truthy(send(source.open(function()
      left = left - 1
      most = math.max(most, collectgarbage "count")
      return left >= 0 and piece or nil
    end)))
    assert.equal(8000 * KIB, #stored())
    assert.is_true(most - before < 2000, most - before)
  end)

  it("closes a file that it was given by name, and no other", function()
    fill "x"
    local src = assert(source.open(file_name))
    local is_seen = open_files() == 1                                   -- where there is a /proc
    assert.truthy(send(src))
    assert.is_nil((send(assert(source.open(file_name)), { max_size = 0 })))
    assert.equal(0, open_files())
    local handle = io.open(file_name)
    assert.truthy(send(source.open(handle)))
    assert.equal("file", io.type(handle))
    assert.equal(is_seen and 1 or 0, open_files())
    handle:close()
  end)

  it("closes its file when a hook raises", function()
    fill "x"
    client = client:with { on_attempt = function() error "torn" end }
    local is_done, message = pcall(send, assert(source.open(file_name)))
    assert.is_false(is_done)
    assert.truthy(message.message:find("torn", 1, true))
    assert.equal(0, open_files())
    assert.equal(0, client:stats().in_flight)
  end)

  describe("that fails", function()
    for name, action in pairs {
      ["a server in trouble"] = { status = { code = 503 } }, ["too many requests"] = { status = { code = 429 } },
      ["no answer"] = { close_before_answer = {} },
    } do
      it("takes its file from the start again: " .. name, function()
        local text = ("line\n"):rep(40 * KIB)
        fill("skip" .. text)
        local handle = io.open(file_name, "rb")
        handle:read(4)
        s:faults { match = { method = "PUT", first = 2 }, action = action }
        assert.truthy(send(source.open(handle)))
        handle:close()
        assert.equal(3, #puts())
        assert.is_true(stored() == text)
      end)

      it("is not repeated when its function was read: " .. name, function()
        s:faults { match = { method = "PUT" }, action = action }
        local fn, calls = giver("one", "two")
        local value, err = send(source.open(fn))
        assert.is_nil(value)
        assert.same({ 1, false }, { err.attempts, err.retryable })
        assert.truthy(err.message:find("not tried again: its body cannot be read again", 1, true))
        assert.equal(1, #puts())
        assert.equal(3, calls.count)
      end)
    end

    it("is repeated when its function was not read, because there was no connection", function()
      local port, stop = child.black_hole()
      client = apify.new { base_url = "http://127.0.0.1:" .. port, connect_timeout = 0.2, max_retries = 1, min_delay_between_retries = 0.01 }
      local fn, calls = giver "one"
      local value, err = send(source.open(fn))
      stop()
      assert.is_nil(value)
      assert.same({ "connect", 2, 0 }, { err.kind, err.attempts, calls.count })
    end)

    it("is not stored because half an answer came before the end of its body", function()
      s:admin("settings", { journal_bodies = false })
      local text = ("0123456789abcde\n"):rep(500 * KIB)
      fill(text)
      s:faults { match = { method = "PUT", first = 1 }, action = { cut_upload = { after_bytes = 1000, status = 201 } } }
      assert.truthy(send(assert(source.open(file_name)), { answer = "head" }))
      assert.equal(2, #puts())
      assert.is_true(stored() == text)
    end)

    it("is repeated when its connection broke while its source was at work", function()
      s:admin("settings", { journal_bodies = false })
      s:faults { match = { method = "PUT", first = 1 }, action = { cut_upload = { after_bytes = 1 } } }
      local at, count, text = 0, 0, ("x"):rep(200 * KIB)
      local handle = {}
      function handle.seek(_, whence, offset)
        if whence then at = whence == "end" and #text or offset end
        return at
      end
      function handle.read(_, size)
        count = count + 1
        if count == 2 and at > 0 then eventually("the end of the transfer", function() return reactor.in_flight() == 0 end) end
        local piece = text:sub(at + 1, at + size)
        at = at + #piece
        return piece ~= "" and piece or nil
      end
      assert.truthy(send(assert(source.open(handle))))
      assert.equal(2, #puts())
      assert.is_true(stored() == text)
    end)

    it("gives the error of the API", function()
      local value, err = send(source.open((giver "x")), { path = "/key-value-stores/nobody~nothing/records/K" })
      assert.is_nil(value)
      assert.same({ 404, "PUT", 1 }, { err.status, err.method, err.attempts })
    end)
  end)

  describe("whose source fails", function()
    for name, fn in pairs {
      ["it says so"] = function() return nil, "empty barrel" end,
      ["it raises"] = function() error("empty barrel", 0) end,
      ["it gives something else"] = function() return 5 end,
    } do
      it("stores nothing, and is not repeated: " .. name, function()
        local count = 0
        local value, err = send(source.open(function()
          count = count + 1
          if count < 3 then return "piece" end
          return fn()
        end))
        assert.is_nil(value)
        assert.same({ "io", "PUT", 1, false }, { err.kind, err.method, err.attempts, err.sent })
        assert.truthy(err.message:find "^the source")
        assert.equal(0, client:stats().in_flight)
        eventually("the server gave the request up", function() return puts()[1].status ~= nil end)
        assert.is_nil(stored())
      end)
    end

    it("stores nothing when it is shorter or longer than it said", function()
      for _, given in ipairs { "ab", "abcd" } do
        local value, err = send(source.open(giver(given), 3))
        assert.is_nil(value)
        assert.equal("io", err.kind)
        assert.is_nil(stored())
      end
    end)

    it("stores nothing when it turns out late to be longer than it said", function()
      local calls = 0
      local value, err = send(source.open(function()
        calls = calls + 1
        if calls == 2 then apify.sleep(0.2) end
        return calls <= 2 and ("x"):rep(256 * KIB) or nil
      end, 256 * KIB))
      assert.is_nil(value)
      assert.same({ "io", false }, { err.kind, err.sent })
      assert.is_nil(stored())
    end)

    for name, fn in pairs {
      ["it fails"] = function() return nil, "empty barrel" end, ["it raises"] = function() error "empty barrel" end,
      ["it is not"] = function() return "x" end,
    } do
      it("sends nothing when it is said to be empty: " .. name, function()
        local value, err = send(source.open(fn, 0))
        assert.is_nil(value)
        assert.same({ "io", "PUT", "/v2" .. store .. "/records/K", false }, { err.kind, err.method, err.path, err.sent })
        assert.equal(0, #puts())
      end)
    end

    it("is repeated when it is empty, as it said", function()
      s:faults { match = { method = "PUT", first = 1 }, action = { status = { code = 503 } } }
      assert.truthy(send(source.open(giver(""), 0)))
      assert.same({ 503, 201 }, { puts()[1].status, puts()[2].status })
    end)
  end)

  describe("of a limited size", function()
    it("is refused before it is sent when its size is known", function()
      fill "12345"
      local value, err = send(assert(source.open(file_name)), { max_size = 4 })
      assert.is_nil(value)
      assert.same({ "too_large", "PUT", "/v2" .. store .. "/records/K" }, { err.kind, err.method, err.path })
      assert.equal("a body of 5 bytes; at most 4 are allowed", err.message)
      assert.equal(0, #puts())
      assert.truthy(send(assert(source.open(file_name)), { max_size = 5 }))
    end)

    it("is given up as soon as it turns out to be larger", function()
      local fn, calls = giver("12", "34", "5", "6")
      local value, err = send(source.open(fn), { max_size = 4 })
      assert.is_nil(value)
      assert.equal("too_large", err.kind)
      assert.truthy(err.message:find("at most 4 are allowed", 1, true))
      assert.equal(3, calls.count)
      assert.is_nil(stored())
      assert.truthy(send(source.open((giver("12", "34"))), { max_size = 4 }))
      assert.equal("1234", stored())
    end)
  end)

  describe("whose source takes its time", function()
    local function slow(count, secs)
      return source.open(function()
        count = count - 1
        if count < 0 then return nil end
        local ok, err = apify.sleep(secs)
        return ok and "piece " or nil, err
      end)
    end

    it("has not stalled, and has time for its answer", function()
      assert.truthy(send(slow(3, 0.5), { stall_timeout = 0.3, request_timeout = 0.4 }))
      assert.equal("piece piece piece ", stored())
    end)

    it("lets other fibers go on", function()
      local turns = 0
      local uploader = apify.spawn(function() return send(slow(3, 0.05)) end)
      while not uploader:is_done() do
        turns = turns + 1
        apify.sleep(0.01)
      end
      assert.truthy(uploader:wait())
      assert.is_true(turns > 3, turns)
    end)

    it("ends when its fiber is cancelled, and stores nothing", function()
      local err
      local uploader = apify.spawn(function()
        local _
        _, err = send(slow(3, 60))
      end)
      eventually("a request", function() return client:stats().in_flight == 1 and puts()[1] end)
      uploader:cancel()
      uploader:wait()
      assert.equal("cancelled", err.kind)
      assert.equal(0, client:stats().in_flight)
      assert.is_nil(stored())
    end)

    --- A source that never has anything; it gives up in the end, so that a test ends.
    local function never(fn)
      local stop = core.now() + 20
      return source.open(function()
        assert(core.now() < stop, "it goes on for ever")
        if fn then fn() end
        return ""
      end)
    end

    it("and has nothing yet, without a wait, can be cancelled", function()
      local calls, err = 0, nil
      local uploader = apify.spawn(function()
        err = select(2, send(never(function() calls = calls + 1 end)))
      end)
      eventually("it is asked", function() return calls > 0 end)
      uploader:cancel()
      uploader:wait()
      assert.equal("cancelled", err.kind)
      local before = calls
      apify.sleep(0.02)
      assert.equal(before, calls)
      assert.equal(0, client:stats().in_flight)
      assert.is_nil(stored())
    end)

    it("and has nothing yet ends when the client is closed, or at its deadline", function()
      local _, err = send(never(), { deadline = 0.2 })
      assert.same({ "timeout", "the deadline of 0.2 s is over" }, { err.kind, err.message })
      local is_asked = false
      local uploader = apify.spawn(function()
        err = select(2, send(never(function() is_asked = true end)))
      end)
      eventually("it is asked", function() return is_asked end)
      client:close()
      uploader:wait()
      assert.equal("closed", err.kind)
    end)

    it("is not asked again once its fiber is cancelled", function()
      local calls, uploader, err = 0, nil, nil
      uploader = apify.spawn(function()
        err = select(2, send(source.open(function()
          calls = calls + 1
          uploader:cancel()
          return calls < 10 and "piece" or nil
        end)))
      end)
      uploader:wait()
      assert.same({ "cancelled", 1 }, { err.kind, calls })
      assert.is_nil(stored())
    end)

    it("without a wait lets other fibers go on", function()
      local turns, is_over, left = 0, false, 100
      local other = apify.spawn(function()
        while not is_over do
          turns = turns + 1
          apify.sleep(0)
        end
      end)
      local before
      assert.truthy(send(source.open(function()
        before = before or turns
        be_busy(0.002)
        left = left - 1
        return left >= 0 and "x" or nil
      end)))
      local had = turns - before
      is_over = true
      other:wait()
      assert.is_true(had >= 10, had)
    end)

    it("ends when the client is closed meanwhile", function()
      local value, err = send(source.open(function()
        client:close()
        return "piece"
      end))
      assert.is_nil(value)
      assert.equal("closed", err.kind)
      assert.equal(0, client:stats().in_flight)
    end)
  end)

  it("waits for its answer no longer than request_timeout", function()
    s:faults { match = { method = "PUT" }, action = { hang = {} } }
    fill "x"
    local value, err = send(assert(source.open(file_name)), { request_timeout = 0.3 })
    assert.is_nil(value)
    assert.same({ "timeout", true }, { err.kind, err.sent })
  end)

  it("has no more time than its deadline, retries included", function()
    fill "x"
    local cases = { { action = { hang = {} }, "timeout", "the deadline of 0.3 s is over" },
      { action = { status = { code = 503 } }, "api", "Internal server error" } }
    for _, case in ipairs(cases) do
      client = client:with { min_delay_between_retries = 10 }
      s:faults { match = { method = "PUT" }, action = case.action }
      local value, err = send(assert(source.open(file_name)), { deadline = 0.3 })
      assert.is_nil(value)
      assert.same({ case[1], case[2], true }, { err.kind, err.message, err.sent })
    end
    assert.equal(0, client:stats().in_flight)
  end)
end)
