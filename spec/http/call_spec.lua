--- The state machine of one call, with a clock and a core made of tables.
local core = require "apify.core"
local retry = require "apify.http.retry"

-- The token, as far as the machine can see it.
local SECRET = { mask = function(_, text) return (text:gsub("apify_api_test", "***")) end }

local fake = {}                              -- what the machine believes to be apify.loop and its reactor
local calls

local REPLACED = { ["apify.loop"] = fake, ["apify.loop.reactor"] = fake, ["apify.http.call"] = false }

setup(function()
  local loaded = {}
  for name, module in pairs(REPLACED) do loaded[name], package.loaded[name] = package.loaded[name], module or nil end
  calls = require "apify.http.call"
  for name in pairs(REPLACED) do package.loaded[name] = loaded[name] end
end)

local random, time = core.random, core.time

after_each(function() core.random, core.time = random, time end)

local now, sent, hooked

-- A transfer that does what the test says: `x.at = ...` by assignment, and close notes itself.
local function transfer()
  local x = { at = "queued", moved = 0, touched = now, head = {}, was = false }
  function x:phase() return self.at end
  function x:progress() return self.moved, now - self.touched, self.uploaded end
  function x:was_sent() return self.was end
  function x.is_foreign() return false end
  function x:is_open() return not self.is_closed end
  function x.was_resent() return false end
  function x:status() return self.code end
  function x:failure() if self.why then return self.why, self.kind, self.offset end end
  function x:header(name) return self.head[name] end
  function x:text() return self.body or "" end
  x.stats = function() return { bytes_wire = 10, bytes_decoded = 5, is_reused = false, times = {} } end
  x.totals = function() return 10, 5, false end
  function x:close() self.is_closed = true end
  function x:reach(phase)
    self.at, self.touched = phase, now
    if phase == "sent" then self.was = true end
  end
  function x:answer(code, head)
    self:reach "sent"
    self.at, self.code, self.head = "done", code, head or {}
  end
  function x:break_off(kind, was_sent)
    self.at, self.was, self.why, self.kind = "done", was_sent, "it broke", kind
  end
  return x
end

before_each(function()
  now, sent, hooked = 100, {}, {}
  core.random = function() return 0 end
  core.time = function() return 1e9 end
  fake.call_hook = function(fn, ...) fn(...) end
  fake.submit = function(options)
    local x = transfer()
    x.options = options
    sent[#sent + 1] = x
    return x
  end
end)

local function settings(more)
  local s = {
    base = { loopback = false, url = "https://api.test/v2" },
    headers = { "Accept: */*" }, home_headers = { "Accept: */*", "X-Team: a" }, user_agent = "test", secret = SECRET,
    connect_timeout = 10, max_retries = 2, min_delay_between_retries = 1, max_body_size = 100,
    counts = { attempts = 0, bytes_decoded = 0, bytes_wire = 0, calls = 0, errors = 0, rate_limited = 0, retries = 0, reused_connections = 0 },
    calls = {}, known = {}, on_attempt = function(a) hooked[#hooked + 1] = a end,
  }
  function s.conceal(_, value) return type(value) == "string" and SECRET:mask(value) or value end
  for name, value in pairs(more or {}) do s[name] = value end
  return s
end

-- A request, with the settings that its client has.
local function asked(more)
  local r = {
    settings = settings(), path = "/x", headers = { "X-Own: 1" }, request_timeout = 60, stall_timeout = 20, decoder = { decode = function() end },
  }
  for name, value in pairs(more or {}) do r[name] = value end
  return r
end

-- A source to upload from.
local function upload(size, can_rewind)
  return { size = function() return size end, can_rewind = can_rewind or function() return true end }
end

local function begin(r, previous)
  r = r or asked()
  return calls.new(r.settings, r, { is_awake = false }, now, previous)
end

describe("a call", function()
  it("sends nothing before its first poke", function()
    local call = begin()
    assert.equal(0, #sent)
    assert.equal("wait", call:poke(now))
    assert.equal(1, #sent)
    assert.equal(1, call.attempts)
  end)

  it("is ready when a success is there, and stays so", function()
    local call = begin()
    call:poke(now)
    sent[1]:answer(200)
    assert.equal("ready", call:poke(now))
    assert.equal("ready", call:poke(now))
    assert.equal(sent[1], call.xfer)
    call:close()
    assert.is_true(sent[1].is_closed)
    assert.is_nil(call.error)
  end)

  it("is ready at the head of a stream, of other answers only at their end", function()
    local call = begin(asked { answer = "page" })
    call:poke(now)
    sent[1]:reach "head"
    sent[1].code = 503
    assert.equal("wait", call:poke(now))
    sent[1].code = 200
    assert.equal("ready", call:poke(now))
  end)

  it("waits twice as long after each failure, and gives up after max_retries", function()
    local call = begin()
    for attempt, delay in ipairs { 1, 2 } do
      call:poke(now)
      sent[attempt]:answer(500)
      assert.equal("wait", call:poke(now))
      assert.equal(now + delay, call.wake_at)
      assert.is_true(sent[attempt].is_closed)
      call:poke(now + delay - 0.1)
      assert.equal(attempt, #sent)
      now = now + delay
    end
    call:poke(now)
    sent[3]:answer(500)
    assert.equal("failed", call:poke(now))
    assert.same({ "api", 500, 3 }, { call.error.kind, call.error.status, call.error.attempts })
    assert.equal("failed", call:poke(now + 100))
    assert.equal(3, #sent)
  end)

  it("gives up a host that has never answered, and is patient with one that has", function()
    local c = asked { settings = settings { max_retries = 8 } }
    local function fail_for_ever()
      local call, began_at = begin(c), now
      while call:poke(now) == "wait" do
        if call.xfer then sent[#sent]:break_off("connect", false) else now = call.wake_at end
      end
      return call.error, now - began_at
    end
    local err, secs = fail_for_ever()
    assert.same({ "connect", "it broke; given up: this host has never answered", 3, true, false }, {
      err.kind, err.message, err.attempts, err.retryable, err.sent,
    })
    assert.is_true(secs < 5)
    local call = begin(c)
    call:poke(now)
    sent[#sent]:answer(404)
    call:poke(now)
    c.request_timeout = 1000
    err, secs = fail_for_ever()
    assert.same({ "it broke", 9 }, { err.message, err.attempts })
    assert.is_true(secs > 100)
  end)

  it("honours Retry-After, and fails at once when it exceeds the time that is left", function()
    local call = begin()
    call:poke(now)
    sent[1]:answer(429, { ["retry-after"] = "30" })
    call:poke(now)
    assert.equal(now + 30, call.wake_at)
    now = now + 30
    call:poke(now)
    sent[2]:answer(429, { ["retry-after"] = "31" })
    assert.equal("failed", call:poke(now))
    assert.equal(31, call.error.retry_after)
  end)

  it("counts connect_timeout from when connecting began", function()
    local call = begin()
    call:poke(now)
    now = now + 3                                          -- it waited for its turn until now
    sent[1]:reach "connecting"
    now = 110
    call:poke(now)
    assert.is_true(math.abs(113 - call.wake_at) < 0.02)
    now = 113.02
    call:poke(now)
    assert.equal("connect", call.last_error.kind)
    assert.is_false(call.last_error.sent)
  end)

  it("lets the API hold its answer, but an answer that has begun must not be silent", function()
    local call = begin(asked { hold_timeout = 50, stall_timeout = 5 })
    call:poke(now)
    sent[1]:reach "sent"
    now = now + 49
    assert.equal("wait", call:poke(now))
    assert.is_true(call.wake_at <= now + 5)                  -- nobody tells that the answer begins
    sent[1]:reach "head"
    now = now + 4
    assert.equal("wait", call:poke(now))
    assert.equal(now + 1, call.wake_at)
    now = now + 1
    assert.equal("wait", call:poke(now))
    assert.equal(call.start_at, call.wake_at)                  -- it is tried again
    assert.same({ "timeout", "not a byte within 5 s" }, { call.last_error.kind, call.last_error.message })
    call = begin(asked { hold_timeout = 50, stall_timeout = 5, request_timeout = 100 })
    call:poke(now)
    sent[2]:reach "sent"
    now = now + 50
    call:poke(now)
    assert.equal("not a byte within 50 s", call.last_error.message)
  end)

  it("takes the status of an answer whose body goes silent for what it says, and asks no more about it", function()
    local function silent(code, more)
      local call = begin(asked(more))
      call:poke(now)
      local x = sent[#sent]
      x:reach "sent"
      x:reach "head"
      x.code, x.body = code, "half a b"
      now = now + 20
      return call, call:poke(now)
    end
    local call, state = silent(400)
    assert.same({ "failed", "api", 400, false }, { state, call.error.kind, call.error.status, call.error.sent })
    assert.equal("HTTP status 400: half a b", call.error.message)
    call, state = silent(429, { method = "POST" })
    assert.same({ "wait", "api", 429 }, { state, call.last_error.kind, call.last_error.status })
    call, state = silent(503, { method = "POST" })
    assert.same({ "failed", "api", 503, true }, { state, call.error.kind, call.error.status, call.error.sent })
    call, state = silent(400, { request_timeout = 20 })
    assert.same({ "failed", "api", 400 }, { state, call.error.kind, call.error.status })
    call, state = silent(200)
    assert.same({ "wait", "timeout" }, { state, call.last_error.kind })
  end)

  it("counts stall_timeout from the last byte, not from when it looked", function()
    local call = begin()
    call:poke(now)
    now = 105
    sent[1]:reach "sent"
    now = 112
    sent[1].moved, sent[1].touched = 7, 112
    now = 120
    call:poke(now)
    assert.is_true(math.abs(132 - call.wake_at) < 0.02, call.wake_at)
    now = 132.02
    call:poke(now)
    assert.same({ "timeout", "not a byte within 20 s" }, { call.last_error.kind, call.last_error.message })
  end)

  it("does not take its owner's absence for silence", function()
    local call = begin()
    call:poke(now)
    sent[1]:reach "sent"
    call:poke(now)
    sent[1].moved, sent[1].touched = 7, 101
    local owner = 102                                      -- the owner's clock stood still while a thousand seconds passed
    now = 1102
    call:poke(owner)
    assert.is_true(call.wake_at >= owner + 19, call.wake_at)
    assert.is_nil(call.last_error)
  end)

  it("ends with request_timeout, whatever it is doing", function()
    local call = begin()
    call:poke(now)
    sent[1]:answer(500)
    call:poke(now)
    now = 101
    call:poke(now)
    sent[2]:reach "sent"
    call:poke(now)
    for _ = 1, 5 do
      now = now + 15
      sent[2].moved, sent[2].touched = sent[2].moved + 1, now
      call:poke(now)
    end
    assert.equal("failed", call:poke(now))
    assert.equal("timeout", call.error.kind)
    assert.truthy(call.error.message:find("no answer within 60 s; the attempt before:", 1, true))
  end)

  it("sends a POST that nobody may repeat once, and says so to the core", function()
    local call = begin(asked { method = "POST", body = "x" })
    call:poke(now)
    assert.is_true(sent[1].options.send_once)
    sent[1]:break_off("network", true)
    assert.equal("failed", call:poke(now))
    assert.is_true(call.error.sent)
    assert.is_false(call.error.retryable)
  end)

  it("repeats a POST when nothing was sent, when the API was busy, or when it is safe", function()
    for _, case in ipairs {
      { fail = function(x) x:break_off("connect", false) end },
      { fail = function(x) x:break_off("network", false) end },
      { fail = function(x) x:answer(429) end },
      { fail = function(x) x:answer(500) end, is_safe = true },
      { fail = function(x) x:break_off("network", true) end, unsafe = true },
    } do
      sent = {}
      local c = asked { method = "POST", body = "x", is_safe = case.is_safe, settings = settings { retry_unsafe = case.unsafe } }
      local call = begin(c)
      call:poke(now)
      case.fail(sent[1])
      assert.equal("wait", call:poke(now))
      call:poke(now + 5)
      assert.equal(2, #sent)
    end
  end)

  it("tells in `sent` of any attempt that the server may have acted on", function()
    local call = begin(asked { method = "DELETE", settings = settings { max_retries = 1 } })
    call:poke(now)
    sent[1]:break_off("network", true)
    call:poke(now)
    call:poke(now + 5)
    sent[2]:break_off("connect", false)
    assert.equal("failed", call:poke(now + 5))
    assert.is_true(call.error.sent)
  end)

  it("tells in `sent` that the server may have acted, and not that it was reached", function()
    for _, case in ipairs {
      { "POST", 400, false }, { "POST", 401, false }, { "POST", 404, false }, { "POST", 499, false },
      { "POST", 408, true }, { "POST", 500, true }, { "POST", 599, true }, { "POST", 302, false },
      { "PUT", 403, false }, { "PUT", 400, true, after = 503 }, { "DELETE", 403, true, after = 408 }, { "DELETE", 403, false, after = 429 },
      { "GET", 404, false }, { "GET", 500, false }, { "HEAD", 500, false }, { "PATCH", 500, true },
    } do
      sent = {}
      local call = begin(asked { method = case[1], settings = settings { max_retries = case.after and 1 or 0 } })
      call:poke(now)
      if case.after then
        sent[1]:answer(case.after)
        call:poke(now)
        call:poke(now + 5)
      end
      sent[#sent]:answer(case[2])
      assert.equal("failed", call:poke(now + 5))
      assert.equal(case[3], call.error.sent, case[1] .. " " .. case[2])
    end
  end)

  it("tells in `sent` of an earlier attempt, too, when its time is over", function()
    local call = begin(asked { method = "PUT", settings = settings { max_retries = 1 } })
    call:poke(now)
    sent[1]:break_off("network", true)
    call:poke(now)
    call:poke(now + 5)
    sent[2]:reach "connecting"
    assert.equal("failed", call:poke(now + 60))
    assert.same({ "timeout", true }, { call.error.kind, call.error.sent })
  end)

  it("that is given up may not have been acted on where there was nothing to do", function()
    local call = begin()
    call:poke(now)
    sent[1]:reach "sent"
    assert.is_false(call:may_have_acted())
    call:abort { kind = "cancelled" }
    assert.is_false(call.error.sent)
  end)

  it("tells the same by the hook's error", function()
    for code, may_have_acted in pairs { [400] = false, [500] = true } do
      sent = {}
      local call = begin(asked { method = "POST", settings = settings { on_attempt = function() error("mine", 0) end } })
      call:poke(now)
      sent[1]:answer(code)
      local ok, err = pcall(call.poke, call, now)
      assert.same({ false, "mine", may_have_acted }, { ok, err.cause, err.sent })
    end
  end)

  it("does not repeat what no repetition mends", function()
    for _, kind in ipairs { "tls", "too_large", "memory" } do
      sent = {}
      local call = begin()
      call:poke(now)
      sent[1]:break_off(kind, true)
      assert.equal("failed", call:poke(now))
      assert.equal(kind, call.error.kind)
    end
  end)

  it("does not repeat what cannot be sent again, and says so", function()
    for _, can_repeat in ipairs { true, false } do
      sent = {}
      local questions = 0
      local call = begin(asked { method = "PUT", upload = upload(nil, function()
        questions = questions + 1
        return can_repeat
      end) })
      call:poke(now)
      sent[1]:answer(503)
      assert.equal(can_repeat and "wait" or "failed", call:poke(now))
      assert.equal(1, questions)
      if not can_repeat then
        assert.is_false(call.error.retryable)
        assert.truthy(call.error.message:find("its body cannot be read again", 1, true))
      end
    end
  end)

  it("passes on to the core what a stream and an upload need", function()
    begin(asked { answer = "page", http1 = true }):poke(now)
    begin(asked { method = "PUT", upload = upload() }):poke(now)
    begin(asked { method = "PUT", upload = upload(5) }):poke(now)
    local seen = {}
    for i, x in ipairs(sent) do
      local o = x.options
      seen[i] = { o.stream or false, o.http1 or false, o.upload or false, o.upload_size }
    end
    assert.same({ { true, true, false }, { false, false, true }, { false, false, true, 5 } }, seen)
  end)

  it("counts request_timeout of an upload from its last byte", function()
    local call = begin(asked { method = "PUT", upload = upload(), stall_timeout = 1000 })
    call:poke(now)
    sent[1]:reach "sent"
    for _ = 1, 5 do
      call:poke(now)
      now = now + 50
      sent[1].moved, sent[1].uploaded, sent[1].touched = sent[1].moved + 1, sent[1].moved, now
    end
    assert.equal("wait", call:poke(now))
    sent[1].moved, sent[1].touched = sent[1].moved + 1, now + 50               -- an interim answer is no byte of the body
    assert.equal("wait", call:poke(now + 59))
    assert.equal("failed", call:poke(now + 61))
    assert.equal("timeout", call.error.kind)
  end)

  it("that is open-ended has no limit once its headers are there, not even of silence if that is infinite", function()
    local call = begin(asked { answer = "stream", stall_timeout = math.huge })
    call:poke(now)
    sent[1]:reach "sent"
    call:poke(now + 1)
    assert.equal(now + 60, call.wake_at)
    sent[1]:reach "head"
    sent[1].code = 200
    assert.equal("ready", call:poke(now + 59))
    assert.is_nil(call:watch_body(now + 1e6))
    assert.equal(math.huge, call.wake_at)
    local late = begin(asked { answer = "stream", stall_timeout = math.huge })
    late:poke(now)
    sent[2]:reach "sent"
    assert.equal("failed", late:poke(now + 60))
    assert.equal("timeout", late.error.kind)
  end)

  it("knows whether it repeats an attempt that may have been acted on", function()
    for _, case in ipairs {
      { fail = function(x) x:break_off("network", true) end, is_repetition = true },
      { fail = function(x) x:answer(502) end, is_repetition = true },
      { fail = function(x) x:answer(429) end, is_repetition = false },
      { fail = function(x) x:break_off("connect", false) end, is_repetition = false },
    } do
      sent = {}
      local call = begin(asked { method = "DELETE" })
      call:poke(now)
      case.fail(sent[1])
      call:poke(now)
      call:poke(now + 5)
      sent[2]:answer(404)
      assert.equal("failed", call:poke(now + 5))
      assert.equal(case.is_repetition, call.is_repetition)
    end
  end)

  it("goes on from what was tried before for the same purpose", function()
    local call = begin()
    local before = call:describe { kind = "network", sent = true }
    local again = begin(nil, { attempts = 2, error = before })
    assert.equal("wait", again:poke(now))
    assert.equal(now + 2, again.wake_at)
    local over = begin(nil, { attempts = 3, error = before })
    assert.equal("failed", over:poke(now))
  end)

  it("tells the hook of every attempt once, with its error and the cause of the retry", function()
    local call = begin()
    call:poke(now)
    sent[1]:answer(503)
    call:poke(now)
    call:poke(now + 1)
    sent[2]:answer(200)
    call:poke(now + 1)
    call:close()
    call:close()
    assert.equal(2, #hooked)
    assert.same({ 503, 1 }, { hooked[1].status, hooked[1].attempt })
    assert.equal(503, hooked[1].error.status)
    assert.is_nil(hooked[1].cause)
    assert.same({ 200, 2 }, { hooked[2].status, hooked[2].attempt })
    assert.is_nil(hooked[2].error)
    assert.equal(hooked[1].error, hooked[2].cause)
  end)

  it("tells the hook of a timeout", function()
    local call = begin()
    call:poke(now)
    sent[1]:reach "sent"
    call:poke(now + 61)
    assert.equal("timeout", hooked[1].error.kind)
  end)

  it("does not start again once it was closed for a reason", function()
    local call = begin()
    call:poke(now)
    call:close(call:describe { kind = "closed" })
    assert.is_true(sent[1].is_closed)
    assert.equal("failed", call:poke(now))
    assert.equal(1, #sent)
    assert.is_nil(next(call.settings.calls))
  end)

  it("that is aborted tells in `sent` of all attempts, whatever is said of the last", function()
    for _, case in ipairs {
      { sent = true }, { has_gone = true, sent = false }, { said = false, sent = false },
      { fails = true, sent = true }, { fails = true, said = false, sent = true },
    } do
      sent = {}
      local call = begin(asked { method = "PUT" })
      call:poke(now)
      sent[1]:reach "sent"
      if case.fails then
        sent[1]:break_off("network", true)
        call:poke(now)
        call:poke(now + 1)
        assert.equal(2, #sent)
      end
      if case.has_gone then sent[1]:close() end                        -- the collector has finalized it
      call:abort { kind = "cancelled", sent = case.said }
      assert.same({ "cancelled", case.sent }, { call.error.kind, call.error.sent })
      assert.equal("failed", call:poke(now))
    end
    local call, other = begin(), begin():describe { kind = "io" }
    call:abort(other)
    assert.equal(other, call.error)
  end)

  it("is a failure when the core cannot begin", function()
    fake.submit = function() return nil, "no descriptor", "connect" end
    local call = begin(asked { settings = settings { max_retries = 0 } })
    assert.equal("failed", call:poke(now))
    assert.same({ "connect", "no descriptor", false, 1 }, { call.error.kind, call.error.message, call.error.sent, call.error.attempts })
  end)
end)

describe("what must not be sent twice", function()
  it("goes over HTTP/1.1, and nothing else does", function()
    local function options(more)
      begin(asked(more)):poke(now)
      local o = sent[#sent].options
      return { o.send_once, o.http1 }
    end
    assert.same({ true, true }, options { method = "POST" })
    assert.same({ true, true }, options { method = "PATCH" })
    assert.same({}, options { method = "POST", is_safe = true })
    assert.same({}, options { method = "POST", settings = settings { retry_unsafe = true } })
    assert.same({}, options { method = "PUT" })
    assert.same({}, options {})
    assert.same({ nil, true }, options { http1 = true })
  end)
end)

describe("a redirect", function()
  local function follow(call, location, code)
    call:poke(now)
    sent[#sent]:answer(code or 302, { location = location })
    return call:poke(now)
  end

  it("to the same origin takes token and headers along", function()
    local call = begin()
    assert.equal("wait", follow(call, "/v2/y?z=1"))
    local o = sent[2].options
    assert.same({ "https://api.test/v2/y?z=1", SECRET }, { o.url, o.secret })
    assert.same({ "X-Own: 1", "Accept: */*", "X-Team: a" }, o.headers)
    assert.equal(1, call.attempts)
  end)

  it("to another scheme, host or port takes neither, and gets nothing back on the way home", function()
    local call = begin()
    follow(call, "https://other.test/y")
    assert.is_nil(sent[2].options.secret)
    assert.same({ "Accept: */*" }, sent[2].options.headers)
    follow(call, "https://api.test/v2/x")
    assert.is_nil(sent[3].options.secret)
    follow(begin(), "https://api.test:444/v2/x")
    assert.is_nil(sent[5].options.secret)
  end)

  it("begins at home again with the next attempt", function()
    local call = begin()
    follow(call, "https://other.test/y")
    sent[2]:answer(503)
    call:poke(now)
    call:poke(now + 1)
    assert.same({ "https://api.test/v2/x", SECRET }, { sent[3].options.url, sent[3].options.secret })
  end)

  it("uses no proxy for a loopback address alone", function()
    local call = begin(asked { settings = settings { proxy = "http://proxy.test" } })
    follow(call, "https://127.0.0.1:8443/y")
    assert.same({ "http://proxy.test", "" }, { sent[1].options.proxy, sent[2].options.proxy })
  end)

  it("is refused from https to http, beyond the fifth, without a place, and for other methods", function()
    local function refused(call, location)
      assert.equal("failed", follow(call, location))
      assert.equal("redirect", call.error.kind)
      return call.error.message
    end
    assert.equal("from https to http", refused(begin(), "http://api.test/v2/x"))
    assert.truthy(refused(begin(), nil):find "missing")
    assert.truthy(refused(begin(), "ftp://api.test/"):find "http")
    assert.truthy(refused(begin(), "http://[bad"):find "bad")
    for _, method in ipairs { "POST", "PUT", "DELETE" } do
      assert.truthy(refused(begin(asked { method = method, body = "" }), "/y"):find "GET and HEAD")
    end
    local call = begin()
    for _ = 1, 5 do assert.equal("wait", follow(call, "/again")) end
    assert.equal("more than 5 redirects", refused(call, "/again"))
  end)
end)

it("retries by the same policy as retry.lua", function()       -- so that a change of the names there is noticed here
  assert.equal("retry", retry.verdict { kind = "network", method = "GET", sent = true })
  assert.equal("fail", retry.verdict { kind = "network", method = "POST", sent = true })
end)
