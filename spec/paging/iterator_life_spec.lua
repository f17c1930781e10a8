--- When an iterator's transfers and its time begin and end.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"

describe("an iterator", function()
  local s = testbed.local_api { count = 2000 }
  local client, runs

  before_each(function()
    client = testbed.client(s)
    runs = client:actor(ACTOR):runs()
  end)

  --- Collect all garbage. What LuaJIT has compiled may hold what it was compiled with: it is forgotten first.
  local function collect()
    local jit = rawget(_G, "jit")
    if jit then jit.flush() end
    collectgarbage()
    collectgarbage()
  end

  --- Let time pass that no part of the library sees.
  local function be_away(secs)
    os.execute("sleep " .. secs)
  end

  --- Wait until the server has noticed that `count` clients left.
  local function assert_left(count)
    for _ = 1, 100 do
      local left = s:log().counters.by_status["499"] or 0
      if left >= count then return end
      be_away(0.02)
    end
    error("the server still answers", 2)
  end

  --- Wait until the server has so many requests.
  local function assert_received(count)
    for _ = 1, 100 do
      if #s:log().requests == count then return end
      apify.sleep(0.01)
    end
    error("the server has other requests", 2)
  end

  --- All pages but the first hang.
  local function hang_later_pages()
    s:faults { match = { query = "offset=[1-9]" }, action = { hang = {} } }
  end

  it("stops what is in flight when a loop is left", function()
    hang_later_pages()
    for _ in runs:iterate { chunk_size = 10 } do
      assert_received(4)
      if client:stats().in_flight == 3 then break end
    end
    if _VERSION == "Lua 5.1" then                                       -- no fourth value of a for there
      collect()
    end
    assert.equal(0, client:stats().in_flight)
    assert_left(3)
  end)

  it("stops what is in flight when a loop over pages is left", function()
    hang_later_pages()
    for _ in runs:iterate({ chunk_size = 10 }):pages() do
      assert_received(5)
      if client:stats().in_flight == 4 then break end
    end
    if _VERSION == "Lua 5.1" then
      collect()
    end
    assert.equal(0, client:stats().in_flight)
    assert_left(4)
  end)

  it("stops what is in flight when it is forgotten", function()
    hang_later_pages()
    do
      local it = runs:iterate { chunk_size = 10 }
      it:next()
      assert_received(4)
      assert.equal(3, client:stats().in_flight)
    end
    collect()
    assert.equal(0, client:stats().in_flight)
  end)

  it("stops what is in flight when it is closed, as often as that is done", function()
    hang_later_pages()
    local it = runs:iterate { chunk_size = 10 }
    it:next()
    assert_received(4)
    assert.equal(3, client:stats().in_flight)
    it:close()
    it:close()
    assert.equal(0, client:stats().in_flight)
    assert.same({ nil, nil }, { it:next() })
    assert.is_true(it:progress().is_done)
    assert.equal(0, it:progress().pages_in_flight)
    assert_left(3)
  end)

  it("has nothing in flight once its limit is reached", function()
    assert.equal(15, #assert(runs:iterate({ limit = 15, chunk_size = 10 }):collect()))
    assert.equal(0, client:stats().in_flight)
  end)

  it("says that the client was closed, at the next row and from then on", function()
    local it = runs:iterate { chunk_size = 10 }
    assert.is_table(it:next())
    client:close()
    for _ = 1, 2 do
      local run, err = it:next()
      assert.is_nil(run)
      assert.equal("closed", err.kind)
    end
    assert.equal(0, client:stats().in_flight)
  end)

  it("gives a hook no row either while its client is being closed", function()
    local others, told = {}, {}
    local hooked = client:with { on_attempt = function()
      for i, it in ipairs(others) do told[#told + 1] = { i, it:next() } end
    end }
    hang_later_pages()
    for i = 1, 2 do
      others[i] = hooked:actor(ACTOR):runs():iterate { chunk_size = 100 }
      for _ = 1, 50 do assert.is_table(others[i]:next()) end
    end
    told = {}
    hooked:close()
    assert.is_true(#told > 0)
    for _, step in ipairs(told) do assert.same({ nil, "closed" }, { step[2], step[3] and step[3].kind }) end
  end)

  describe("with a deadline", function()
    it("ends with an error that can be seen again", function()
      s:faults { match = { path = "/runs" }, action = { hang = {} } }
      local it = runs:iterate { deadline = 0.2 }
      for _ = 1, 2 do
        local run, err = it:next()
        assert.is_nil(run)
        assert.equal("timeout", err.kind)
        assert.is_truthy(err.message:find("0.2 s", 1, true))
      end
    end)

    it("counts the time inside alone", function()
      local it, count = runs:iterate { deadline = 0.9, chunk_size = 500 }, 0
      be_away(1)
      for _ in it do
        count = count + 1
        if count % 700 == 0 then be_away(1) end
      end
      assert.equal(2000, count)
    end)
  end)

  it("has time for a slow loop body, which is none of the transfer's", function()
    client = client:with { stall_timeout = 0.5, request_timeout = 0.5, max_retries = 0 }
    local count = 0
    for _ in client:actor(ACTOR):runs():iterate { chunk_size = 1000 } do
      count = count + 1
      if count % 900 == 1 then be_away(1) end
    end
    assert.equal(2000, count)
  end)

  it("pauses the transfers of a slow loop body", function()
    s:admin("reset", { count = 10000 })
    local it = runs:iterate { prefetch = 1 }
    it:next()
    local before = collectgarbage "count"
    for _ = 1, 10 do apify.sleep(0.02) end
    assert.is_true(collectgarbage "count" - before < 1000)
    assert.equal(1, #s:log().requests)
    assert.equal(9999, #assert(it:collect()))
  end)

  it("lets fibers go on, also while no row has to be waited for", function()
    s:admin("settings", { cache_gzip = true })
    local rounds, is_over = 0, false
    local other = apify.spawn(function()
      while not is_over do
        rounds = rounds + 1
        apify.sleep(0)
      end
    end)
    local longest, last = 0, 0
    for _ in runs:iterate { chunk_size = 1000 } do
      if rounds == last then longest = longest + 1 else longest, last = 0, rounds end
      local started = os.clock()
      repeat until os.clock() - started > 0.0002                        -- 2000 rows: 0.4 s
      assert.is_true(longest < 300)
    end
    is_over = true
    other:wait()
    assert.is_true(rounds > 10)
  end)

  it("works in fibers side by side", function()
    local function count_runs()
      local count = 0
      for _ in runs:iterate { chunk_size = 200 } do count = count + 1 end
      return count
    end
    assert.same({ 2000, 2000, 2000 }, apify.all { count_runs, count_runs, count_runs })
  end)

  it("gives its rows once each to fibers that take them in turn, each of which waits now and then", function()
    for _, options in ipairs { { chunk_size = 7, prefetch = 64 }, { chunk_size = 100, prefetch = 1 }, { chunk_size = 7, pick = "id" } } do
      local ids, expected = {}, s:admin("ids", { actor = ACTOR }).ids
      options.limit = 300
      local it = runs:iterate(options)
      local function take_some()
        for run in it do
          ids[#ids + 1] = run.id
          if #ids % 5 == 1 then apify.sleep(0.0003) end
        end
        return true
      end
      assert(apify.all { take_some, take_some, take_some })
      assert.equal(300, #ids)
      for i, id in ipairs(ids) do assert.equal(expected[i], id) end
    end
  end)

  it("ends with kind cancelled in a fiber that is cancelled", function()
    s:faults { match = { path = "/runs" }, action = { hang = {} } }
    local fiber = apify.spawn(function() return select(2, runs:iterate():next()) end)
    fiber:cancel()
    assert.equal("cancelled", fiber:wait().kind)
  end)
end)
