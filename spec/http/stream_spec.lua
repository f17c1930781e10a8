-- runs first
--- The bytes of an answer, through cuts, changes, pauses and the end of patience.
local apify = require "apify"
local core = require "apify.core"
local run_bytes = require "spec.support.run_bytes"
local testbed = require "spec.support.testbed"

local PATH = run_bytes.PATH

describe("a stream", function()
  local list = run_bytes.new()
  local s = list.api
  local client

  before_each(function() client = testbed.client(s) end)

  -- All that is left as a string; nil and an error, with what came before it.
  local function drain(st)
    local pieces = {}
    while true do
      local bytes, err = st:read()
      if err then return nil, err, table.concat(pieces) end
      if not bytes then return table.concat(pieces) end
      assert.is_true(bytes ~= "")
      pieces[#pieces + 1] = bytes
    end
  end

  local function open(o, more) return list:open(client, o, more) end
  local function assert_whole(text) list:assert_whole(text) end
  local function answer_with(...) list:answer_with(...) end
  local function cut_at(...) list:cut_at(...) end

  local function eventually(what, is_so)
    for _ = 1, 300 do
      if is_so() then return end
      apify.sleep(0.02)
    end
    error("it never came to be: " .. what, 2)
  end

  local function be_away(secs)
    os.execute("sleep " .. secs)
  end

  it("sends nothing before its first step, and gives all bytes", function()
    local st = open()
    assert.equal(0, #s:log().requests)
    assert_whole(drain(st))
    assert.is_nil(st:read())
    assert.equal(1, #s:log().requests)
    assert.equal(0, client:stats().in_flight)
  end)

  it("uses HTTP/1.1, also where HTTP/2 is to be had", function()
    client = testbed.client(s, { url = "tls_url" })
    assert_whole(drain(open()))
    assert.equal("HTTP/1.1", s:log().requests[1].protocol)
  end)

  it("knows status and headers before and after it is read", function()
    local st = open()
    local info = assert(st:info())
    assert.equal(200, info.status)
    assert.truthy(info.headers["content-type"]:find "json")
    assert_whole(drain(st))
    assert.equal(info, st:info())
    assert.equal(1, #s:log().requests)
  end)

  it("knows them of the answer that its bytes came from", function()
    s:faults { match = { path = "/runs$", first = 1 }, action = { cut = { after_bytes = 0 } } }
    local st = open()
    local broken = assert(st:info()).headers["x-apify-request-id"]
    assert_whole(drain(st))
    assert.is_string(broken)
    assert.is_string(st:info().headers["x-apify-request-id"])
    assert.not_equal(broken, st:info().headers["x-apify-request-id"])
    cut_at(5000)
    st = open()
    local first = assert(st:read()) and st:info()
    drain(st)
    assert.equal(first, st:info())
  end)

  it("gives the error of the API, and again when asked again", function()
    local st = open({}, { path = "/acts/nobody~nothing/runs" })
    for n = 1, 2 do
      local bytes, err = st:read()
      assert.is_nil(bytes)
      assert.same({ 404, 1, "/v2/acts/nobody~nothing/runs" }, { err.status, err.attempts, err.path })
      assert.equal(n, #s:log().requests)
    end
    local info, err = st:info()
    assert.is_nil(info)
    assert.equal(404, err.status)
  end)

  describe("that breaks off", function()
    it("goes on where it stopped, and counts attempts from there", function()
      client = client:with { max_retries = 1 }
      cut_at(5000, 10000, 15000, 20000, 25000)
      assert_whole(drain(open()))
      assert.equal(6, #s:log().requests)
    end)

    it("is given up when attempts bring nothing new, and goes on when asked again", function()
      client = client:with { max_retries = 2 }
      s:faults { match = { path = "/runs$" }, action = { cut = { after_bytes = 5000 } } }
      local st = open()
      local all, err, first = drain(st)
      assert.is_nil(all)
      assert.equal("network", err.kind)
      assert.is_true(#first > 0)
      assert.equal(3, err.attempts)
      assert.equal(3, #s:log().requests)
      all, err = st:read()
      assert.is_nil(all)
      assert.equal("network", err.kind)
      s:faults()
      assert_whole(first .. drain(st))
    end)

    for name, action in pairs {
      ["a chunked body is cut"] = { cut = { after_bytes = 5000, chunked = true } }, ["half a gzip stream"] = { half_gzip = {} },
      ["too few bytes"] = { wrong_length = { by = 100 } }, ["no answer"] = { close_before_answer = {} },
      ["a server in trouble"] = { status = { code = 503 } },
    } do
      it("comes whole after a retry: " .. name, function()
        s:faults { match = { path = "/runs$", first = 1 }, action = action }
        assert_whole(drain(open()))
        assert.equal(2, #s:log().requests)
      end)
    end

    it("is over when the content is another one meanwhile", function()
      local st = open()
      cut_at(8000)
      local bytes = assert(st:read())
      s:admin("reset", { count = 1000, seed = 77 })
      local all, err = drain(st)
      assert.is_nil(all)
      assert.same({ "decode", "the content changed while it was being read" }, { err.kind, err.message })
      all, err = st:read()
      assert.is_nil(all)
      assert.equal("decode", err.kind)
      assert.is_true(#bytes > 0)
    end)

    it("is over when the content is shorter than it was", function()
      cut_at(8000)
      local st = open()
      assert(st:read())
      answer_with('{"data":')
      local all, err = drain(st)
      assert.is_nil(all)
      assert.same({ "decode", "the content changed while it was being read" }, { err.kind, err.message })
    end)
  end)

  describe("of content that grows", function()
    it("asks whether to go on, and once more when it has heard no; skips what was delivered", function()
      answer_with("one", "one", "one, two", "one, two, three", "one, two, three, four")
      local asked = 0
      local st = open { go_on = function()
        asked = asked + 1
        return asked < 4
      end }
      assert.equal("one", st:read())
      assert.equal(", two", st:read())
      assert.equal(", three", st:read())
      assert.equal(", four", st:read())
      assert.is_nil(st:read())
      assert.is_nil(st:read())
      assert.equal(4, asked)
      assert.equal(5, #s:log().requests)
    end)

    it("has its last look again when that breaks off, and is over when it is gone by then", function()
      answer_with "one"
      local st = open { go_on = function() return false end }
      assert.equal("one", st:read())
      s:faults({ match = { path = "/runs$", first = 1 }, action = { status = { code = 503 } } },
        { match = { path = "/runs$", first = 1 }, action = { bad_json = { body = "one, two" } } })
      assert.equal(", two", st:read())
      assert.is_nil(st:read())
      assert.equal(3, #s:log().requests)
      answer_with "one"
      st = open { go_on = function() return false end }
      assert.equal("one", st:read())
      s:faults { match = { path = "/runs$" }, action = { status = { code = 404 } } }
      assert.same({ nil, nil }, { st:read() })
    end)

    it("gives the error of the question, and asks it again", function()
      answer_with("one", "one")
      local failure = { kind = "network" }
      local answers = { failure, false }
      local st = open { go_on = function()
        local answer = table.remove(answers, 1)
        if answer == failure then return nil, failure end
        return answer
      end }
      assert.equal("one", st:read())
      local bytes, err = st:read()
      assert.is_nil(bytes)
      assert.equal(failure, err)
      assert.same({ nil, nil }, { st:read() })
      assert.equal(2, #s:log().requests)
    end)

    it("stops waiting when it is closed", function()
      answer_with "one"
      local st = open { go_on = function() return true end }
      assert.equal("one", st:read())
      local reader = apify.spawn(function() return "over", st:read() end)
      assert.is_false(reader:is_done())
      st:close()
      assert.same({ "over" }, { reader:wait() })
      assert.equal(1, #s:log().requests)
    end)
  end)

  it("begins again when it is told to, whatever the content was before", function()
    answer_with("one", "another")
    local st = open()
    assert.equal("one", st:read())
    st:restart()
    assert.equal("another", st:read())
    assert.is_nil(st:read())
    st:restart()
    assert_whole(drain(st))
  end)

  describe("that is stopped", function()
    it("wakes whoever reads it, and leaves nothing in flight", function()
      s:faults { match = { path = "/runs$" }, action = { hang = {} } }
      local st = open()
      local reader = apify.spawn(function() return "over", st:read() end)
      eventually("a request", function() return #s:log().requests == 1 end)
      st:close()
      st:close()
      assert.same({ "over" }, { reader:wait() })
      assert.equal(0, client:stats().in_flight)
      assert.is_nil(st:read())
      eventually("the client left", function() return s:log().counters.by_status["499"] == 1 end)
    end)

    it("by cancelling its fiber says so, and aborts the transfer", function()
      s:faults { match = { path = "/runs$" }, action = { drip = { bytes = 100, secs = 0.05 } } }
      local st, err = open(), nil
      local reader = apify.spawn(function() err = select(2, drain(st)) end)
      eventually("the first bytes", function() return client:stats().in_flight == 1 and st:info() end)
      reader:cancel()
      reader:wait()
      assert.equal("cancelled", err.kind)
      assert.equal(0, client:stats().in_flight)
      s:faults()
    end)

    --- Let so much time pass without a wait.
    local function be_busy(secs)
      local stop = core.now() + secs
      repeat until core.now() >= stop
    end

    it("by cancelling its fiber says so, also where no byte has to be waited for", function()
      local pieces, st, err = 0, open(), nil
      st:info()
      eventually("all bytes are there", function() return client:stats().in_flight == 0 end)
      local reader = apify.spawn(function()
        local bytes
        repeat
          bytes, err = st:read()
          pieces = pieces + 1
          be_busy(0.01)
        until not bytes
      end)
      eventually("two pieces", function() return pieces >= 2 end)
      local before = pieces
      reader:cancel()
      reader:wait()
      assert.equal("cancelled", err.kind)
      assert.equal(before + 1, pieces)                                  -- the error
      assert.equal(0, client:stats().in_flight)
    end)

    it("by its deadline says so, also where no byte has to be waited for", function()
      local is_over = false
      local other = apify.spawn(function()
        while not is_over do
          apify.sleep(0)
          be_busy(0.1)
        end
      end)
      local st = open { deadline = 0.5 }
      st:info()
      local bytes, err
      repeat
        bytes, err = st:read()
        be_busy(0.01)
      until not bytes
      is_over = true
      other:wait()
      assert.equal("timeout", (err or {}).kind)
      assert.equal(0, client:stats().in_flight)
    end)

    it("by closing the client says so", function()
      local st = open()
      assert(st:read())
      client:close()
      for _ = 1, 2 do
        local bytes, err = st:read()
        assert.is_nil(bytes)
        assert.equal("closed", err.kind)
      end
    end)

    it("by forgetting it leaves nothing in flight", function()
      s:faults { match = { path = "/runs$" }, action = { drip = { bytes = 1000, secs = 0.05 } } }
      do
        local st = open()
        assert(st:read())
        assert.equal(1, client:stats().in_flight)
      end
      collectgarbage()
      collectgarbage()
      assert.equal(0, client:stats().in_flight)
    end)
  end)

  describe("and time:", function()
    it("request_timeout bounds the headers, not the body", function()
      s:faults { match = { path = "/runs$" }, action = { drip = { bytes = 50000, secs = 0.1 } } }
      assert_whole(drain(open({}, { request_timeout = 0.4 })))
      s:faults { match = { path = "/runs$" }, action = { hang = {} } }
      local bytes, err = open({}, { request_timeout = 0.3 }):read()
      assert.is_nil(bytes)
      assert.same({ "timeout", "no answer within 0.3 s" }, { err.kind, err.message })
    end)

    it("stall_timeout bounds the silence in the body, unless it is infinite", function()
      client = client:with { max_retries = 0 }
      s:faults { match = { path = "/runs$" }, action = { drip = { bytes = 300000, secs = 1 } } }
      local all, err = drain(open({}, { stall_timeout = 0.3 }))
      assert.is_nil(all)
      assert.same({ "timeout", "not a byte within 0.3 s" }, { err.kind, err.message })
      assert_whole(drain(open({}, { stall_timeout = math.huge })))
    end)

    it("the caller's own does not count", function()
      client = client:with { max_retries = 0 }
      local st, pieces = open({ deadline = 0.8 }, { request_timeout = 0.5, stall_timeout = 0.5 }), {}
      be_away(1)
      for bytes in function() return st:read() end do
        pieces[#pieces + 1] = bytes
        if #pieces < 3 then be_away(1) end
      end
      assert_whole(table.concat(pieces))
    end)

    it("what is asked on the way may take as long as an answer, and not beyond the deadline", function()
      local limits = {}
      local function note(answer)
        return function(limit)
          limits[#limits + 1] = limit
          return answer
        end
      end
      client = client:with { request_timeout = 7 }
      local op = { path = PATH, query = run_bytes.QUERY }
      drain(open { resolve = note(op), go_on = note(false) })
      assert.same({ 7, 7 }, limits)
      op.request_timeout = 5
      drain(open { resolve = note(op), go_on = note(false), deadline = 6 })
      assert.is_true(limits[3] > 5 and limits[3] <= 6, limits[3])
      assert.equal(5, limits[4])
    end)

    it("what is asked on the way counts", function()
      local failure = { kind = "timeout", message = "no answer" }
      local function slow() be_away(0.5) return nil, failure end
      for _, o in ipairs { { resolve = slow }, { go_on = slow } } do
        o.deadline = 0.4
        local all, err = drain(open(o))
        assert.is_nil(all)
        assert.equal("the deadline of 0.4 s is over", err.message)
      end
    end)

    it("a deadline ends it, as often as it is asked", function()
      s:faults { match = { path = "/runs$" }, action = { hang = {} } }
      local st = open { deadline = 0.2 }
      for _ = 1, 2 do
        local bytes, err = st:read()
        assert.is_nil(bytes)
        assert.same({ "timeout", "the deadline of 0.2 s is over" }, { err.kind, err.message })
      end
      assert.equal(0, client:stats().in_flight)
    end)
  end)

  it("lets fibers go on, also while no byte has to be waited for", function()
    local turns, is_over = 0, false
    local other = apify.spawn(function()
      while not is_over do
        turns = turns + 1
        apify.sleep(0)
      end
    end)
    local st, pieces = open(), 0
    st:info()
    local before = turns
    while pieces < 30 and st:read() do
      pieces = pieces + 1
      local started = os.clock()
      repeat until os.clock() - started > 0.01
    end
    st:close()
    local had = turns - before
    is_over = true
    other:wait()
    assert.is_true(pieces > 6, pieces)                                  -- 64 KiB each, most of them without a wait
    assert.is_true(had >= pieces - 1, had)
  end)

  it("pauses the transfer of a slow reader", function()
    local file = assert(io.open("/dev/urandom", "rb"))
    local noise = file:read(8000000)
    file:close()
    local store = client:key_value_store(assert(client:key_value_stores():get_or_create()).id)
    assert(store:set_record("noise", noise))
    local st = open({}, { path = "/key-value-stores/" .. store.id .. "/records/noise", query = {} })
    local pieces = { assert(st:read()) }
    for _ = 1, 10 do apify.sleep(0.02) end
    assert.equal(1, client:stats().in_flight)
    for bytes in function() return st:read() end do pieces[#pieces + 1] = bytes end
    assert.is_true(table.concat(pieces) == noise)
  end)
end)
