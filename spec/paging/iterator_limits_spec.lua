--- How iterations end before their time: limits that hold for the questions asked on the way too, cancelling, and what goes on afterwards.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ACTOR = "janedoe~my-actor"
local ITEMS = 400

local s = testbed.local_api { count = 1 }
local client, id

before_each(function()
  client = testbed.client(s)
  id = waiting.add(s)
end)

local function hang(path, query) s:faults { match = { path = path, query = query }, action = { hang = {} } } end

--- What fn gives, if it does so soon.
local function soon(fn)
  local fiber = apify.spawn(fn)
  local value, err = fiber:wait(5)
  if not fiber:is_done() then
    fiber:cancel()
    error("it goes on and on", 2)
  end
  return value, err
end

local function assert_timeout(value, err)
  assert.is_nil(value)
  assert.is_true(apify.is_error(err), tostring(err))
  assert.equal("timeout", err.kind)
end

describe("the time allowed holds for the question", function()
  local function last() return client:actor(ACTOR):last_run() end

  local ASKED = {
    ["a deadline of iterate_items"] = function() return last():dataset():iterate_items({ deadline = 0.2 }):next() end,
    ["a request_timeout of iterate_items"] = function() return last():dataset():iterate_items({ request_timeout = 0.2 }):next() end,
    ["a deadline of iterate_keys"] = function() return last():key_value_store():iterate_keys({ deadline = 0.2 }):next() end,
    ["a deadline of iterate_requests"] = function() return last():request_queue():iterate_requests({ deadline = 0.2 }):next() end,
    ["a deadline of download_items"] = function() return last():dataset():download_items("json", nil, { deadline = 0.2 }) end,
    ["a request_timeout of push_items"] = function() return last():dataset():push_items({ a = 1 }, { request_timeout = 0.2 }) end,
    ["a request_timeout of batch_add_requests"] = function()
      return last():request_queue():batch_add_requests({ "http://x" }, { request_timeout = 0.2 })
    end,
    ["wait_secs of wait_for_finish"] = function() return last():wait_for_finish { wait_secs = 0.2 } end,
    ["a request_timeout of wait_for_finish"] = function() return last():wait_for_finish { request_timeout = 0.2 } end,
    ["a request_timeout of pin"] = function() return last():pin { request_timeout = 0.2 } end,
  }

  for name, ask in pairs(ASKED) do
    it("which run is the last one: " .. name, function()
      hang "/runs/last$"
      assert_timeout(soon(ask))
      assert.equal(0, client:stats().in_flight)
      assert.equal(1, #s:log().requests)
    end)
  end

  for name, options in pairs { deadline = { deadline = 1 }, request_timeout = { request_timeout = 0.2 } } do
    it("whether a dataset that is followed still grows: " .. name, function()
      s:admin("seed_items", { run = id, count = 3 })
      hang "/actor%-runs/[^/]+$"
      options.follow, options.poll_secs = true, 0.05
      local it, count = client:run(id):dataset():iterate_items(options), 0
      assert_timeout(soon(function()
        while true do
          local item, err = it:next()
          if not item then return nil, err end
          count = count + 1
        end
      end))
      assert.equal(3, count)
      assert.equal(0, client:stats().in_flight)
    end)
  end

  it("which run is the last one, and after it the waiting gets what is left", function()
    local other = waiting.add(s, 1.5)
    s:faults { match = { path = "/runs/last$" }, action = { delay = 1.2 } }
    assert.equal(other, assert(last():wait_for_finish { wait_secs = 30 }).id)
    local polls = waiting.polls(s)
    assert.equal(-1, polls[1])
    assert.is_true(polls[2] <= 28, polls[2])
  end)
end)

describe("an iteration that is stopped", function()
  before_each(function()
    collectgarbage()
    collectgarbage "stop"
    s:admin("seed_items", { run = id, count = ITEMS })
    s:log(true)
  end)

  after_each(function() collectgarbage "restart" end)

  --- Go on once the server has noticed that all clients left.
  local function until_left()
    for _ = 1, 250 do
      if s:log().counters.open == 0 then return end
      assert(apify.sleep(0.02))
    end
    error("the server still answers", 2)
  end

  local function assert_nothing_in_flight()
    assert.equal(0, client:stats().in_flight)
    until_left()
  end

  local function drip(path) s:faults { match = { path = path }, action = { drip = { bytes = 500, secs = 0.02 } } } end

  local function assert_each_once(rows, field, count)
    local seen = {}
    for _, row in ipairs(rows) do
      assert.is_nil(seen[row[field]], row[field])
      seen[row[field]] = true
    end
    assert.equal(count, #rows)
  end

  --- Take rows until there are none, or an error: that error.
  local function take(it, rows)
    local row, err = it:next()
    while row do
      rows[#rows + 1] = row
      row, err = it:next()
    end
    return err
  end

  --- Read in a fiber until `is_enough` says so, be cancelled, and read the rest here.
  local function read_in_two(it, is_enough)
    local rows = {}
    local fiber = apify.spawn(take, it, rows)
    for _ = 1, 250 do
      if is_enough(rows) then break end
      assert(apify.sleep(0.02))
    end
    assert.is_true(is_enough(rows))
    assert.is_false(fiber:is_done())
    fiber:cancel()
    assert.equal("cancelled", fiber:wait(5).kind)
    assert_nothing_in_flight()
    s:faults()
    local first = #rows
    for _, row in ipairs(assert(it:collect())) do rows[#rows + 1] = row end
    return rows, first
  end

  for name, options in pairs {
    ["in one request"] = {}, ["in pages"] = { chunk_size = 100 }, ["without hidden fields"] = { clean = true, chunk_size = 300 },
  } do
    it("in mid-page has nothing in flight, and goes on with each remaining row once: items " .. name, function()
      drip "/items"
      local rows, first = read_in_two(client:run(id):dataset():iterate_items(options), function(got) return #got >= 5 end)
      assert.is_true(first < ITEMS)
      assert_each_once(rows, "n", ITEMS)
    end)
  end

  it("between pages has nothing in flight, and goes on with each remaining row once", function()
    hang("/items", "offset=[1-9]")
    local it = client:run(id):dataset():iterate_items { chunk_size = 50 }
    local rows, first = read_in_two(it, function(got)                    -- the server has them: it would not notice who left before
      return #got == 50 and client:stats().in_flight == 4 and s:log().counters.open == 4
    end)
    assert.equal(50, first)
    assert_each_once(rows, "n", ITEMS)
  end)

  it("has nothing in flight: runs", function()
    s:admin("add_runs", { count = 1000, schedule = { { 0, "SUCCEEDED" } } })
    drip "/actor%-runs"
    local rows = read_in_two(client:runs():iterate { chunk_size = 300, prefetch = 1 }, function(got) return #got >= 5 end)
    assert_each_once(rows, "id", 1002)
  end)

  it("has nothing in flight: keys", function()
    local store = client:run(id):key_value_store()
    for i = 1, 30 do assert(store:set_record(("k%02d"):format(i), i)) end
    s:faults { match = { path = "/keys" }, action = { drip = { bytes = 200, secs = 0.05 } } }
    local rows = read_in_two(store:iterate_keys { chunk_size = 20 }, function(got) return #got >= 2 end)
    assert_each_once(rows, "key", 31)                                   -- with INPUT
  end)

  it("by its deadline has nothing in flight, and its bookmark goes on", function()
    for _, options in ipairs { {}, { chunk_size = 50 }, { clean = true, chunk_size = 300 } } do
      drip "/items"
      options.deadline = 0.4
      local it, rows = client:run(id):dataset():iterate_items(options), {}
      local err = soon(function() return take(it, rows) end)
      assert.equal("timeout", err.kind)
      assert_nothing_in_flight()
      s:faults()
      assert.is_true(#rows < ITEMS, #rows)
      options.deadline, options.bookmark = nil, it:bookmark()
      for _, row in ipairs(assert(client:run(id):dataset():iterate_items(options):collect())) do rows[#rows + 1] = row end
      assert_each_once(rows, "n", ITEMS)
    end
  end)

  it("leaves no transfer to those that come after it", function()
    client = testbed.client(s, { max_connections = 2 })
    hang "/items"
    for count = 1, 2 do
      local fiber = apify.spawn(function() return client:run(id):dataset():iterate_items():collect() end)
      waiting.until_open(s, count)
      fiber:cancel()
      assert.equal("cancelled", select(2, fiber:wait(5)).kind)
    end
    assert.equal(id, assert(client:run(id):get { request_timeout = 5 }).id)
  end)
end)

describe("a fiber that never has to wait for its rows", function()
  local FIRST, LIMIT = 2000, 50000

  --- Some microseconds of work.
  local function work()
    local sum = 0
    for i = 1, 2000 do sum = sum + i % 7 end
    return sum
  end

  it("is cancelled within some thousand rows, and goes on", function()
    s:admin("seed_items", { run = id, count = 1000000 })
    local it, count, cancelled_at = client:run(id):dataset():iterate_items(), 0, nil
    local busy = apify.spawn(function()
      while count < LIMIT do
        local item, err = it:next()
        if not item then return nil, err end
        assert(item.n == count)
        count = count + 1
        work()
      end
      return "not cancelled"
    end)
    apify.spawn(function()
      while count < FIRST do assert(apify.sleep(0)) end
      cancelled_at = count
      busy:cancel()
    end)
    local value, err = busy:wait(60)
    assert.is_nil(value)
    assert.equal("cancelled", err.kind)
    assert.is_true(count - cancelled_at < 5000, count - cancelled_at)
    assert.equal(0, client:stats().in_flight)
    assert.equal(count, it:next().n)
    it:close()
  end)
end)
