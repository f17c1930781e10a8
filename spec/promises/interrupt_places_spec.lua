--- An error at any moment, such as Ctrl-C's: a debug hook raises at the n-th instruction of the module, for many n. Whatever was under way
--- is lost for whoever was in it, and the module works as before: for the same client, for others, and for every wait.
---
--- All of them, in half an hour: INTERRUPT_STEP=1 TEST_TIMEOUT=3600 sh spec/setup/test -i lua5.4 -i luajit spec/promises/interrupt_places_spec.lua
local apify = require "apify"
local loop = require "apify.loop"
local interrupts = require "spec.support.interrupts"
local testbed = require "spec.support.testbed"

local STEP = tonumber(os.getenv "INTERRUPT_STEP") or 97      -- a prime, so that all kinds of instructions are hit
local OURS = "lua/apify/"

-- Whoever is not woken has to wait for a limit of time: long enough to be noticed.
local function options(url)
  return { base_url = url, token = "t", min_delay_between_retries = 0.001, connect_timeout = 1000, stall_timeout = 1000, request_timeout = 1000 }
end

describe("an interrupt at any moment of", function()
  local api = testbed.local_api { count = 6 }
  local client, ids

  before_each(function()
    api:admin("behaviour", { schedule = { { 0, "RUNNING" }, { 0.01, "SUCCEEDED" } }, items = 1, log_lines = 1 })
    client = apify.new(options(api.url))
    ids = api:admin("ids", {}).ids
  end)

  -- The module does what it did before: one who waits outside of fibers, and some at once, of the same client and of another.
  local function assert_works(where)
    local other = testbed.client(api)
    local ok, why = pcall(function()
      assert(apify.sleep(0))
      assert.equal(ids[1], assert(client:run(ids[1]):get()).id)
      assert.same({ ids[2], ids[3], 3 }, assert(apify.all {
        function() return assert(client:run(ids[2]):wait_for_finish()).id end,
        function() return assert(other:run(ids[3]):get()).id end,
        function() return apify.sleep(0.0001) and 3 end,
      }))
    end)
    assert(ok, where .. ": " .. tostring(why))
    client:close()
    other:close()
    local fresh = apify.new(options(api.url))
    assert(apify.sleep(0))
    assert.equal(0, fresh:stats().in_flight, where .. " leaves transfers")
    assert.equal(0, loop.cancelled.count, where .. " leaves fibers that were cancelled")
    client = fresh
  end

  local function interrupt_everywhere(fn, go_on)
    local n = 0
    while true do
      n = n + 1
      local where = interrupts.call(n, STEP, OURS, fn)
      if not where then return end
      where = ("%s at %d"):format(where, n * STEP)
      if go_on then go_on(where) end
      assert_works(where)
    end
  end

  it("a map of calls", function()
    interrupt_everywhere(function()
      assert(apify.map({ 1, 2, 3 }, function(i) return client:run(ids[i]):get() end, { max_parallel = 2 }))
    end)
  end)

  it("a spawn, a sleep and a wait", function()
    interrupt_everywhere(function()
      local fiber = apify.spawn(function() apify.sleep(0.001) return client:run(ids[1]):get() end)
      apify.sleep(0.0001)
      assert(fiber:wait(5))
    end)
  end)

  it("a spawn and a cancel leaves none of the fibers that are over", function()
    local report, n, where = loop.report, 0
    loop.report = function() end                         -- of those that were hit
    finally(function()
      collectgarbage()
      collectgarbage()
      loop.report = report
    end)
    repeat
      n = n + 1
      local sleeper = apify.spawn(apify.sleep, 100)
      where = interrupts.call(n, 1, OURS, function()
        apify.spawn(tostring, 1)
        sleeper:cancel()
      end)
      sleeper:cancel()
      assert.is_true(sleeper:is_done(), where)
      assert.equal(0, loop.cancelled.count, where)
    until not where
    assert.is_true(n > 100, n)
  end)

  it("the first spawn tells nothing of fibers under way before the program ends", function()
    local loaded, report, n, told, where = package.loaded["apify.loop.fiber"], loop.report, 0
    finally(function() package.loaded["apify.loop.fiber"], loop.report = loaded, report end)
    function loop.report(text) told = text:match "the program has ended.*" or told end
    local function nap() apify.sleep(0.001) end
    repeat
      n = n + 1
      package.loaded["apify.loop.fiber"] = nil
      local fresh = require "apify.loop.fiber"             -- none of its fibers has begun yet
      where = interrupts.call(n, 1, "loop/fiber.lua", function() fresh.spawn(nap) end)
      local second = fresh.spawn(nap)
      collectgarbage()
      collectgarbage()
      assert.is_nil(told, where)
      second:wait()
      apify.sleep(0.002)
    until not where
    assert.is_true(n > 50, n)
  end)

  it("a wait for all", function()
    interrupt_everywhere(function() assert(client:wait_all({ ids[1], ids[2], ids[3] }, { max_parallel = 2 })) end)
  end)

  it("a push", function()
    interrupt_everywhere(function() assert(client:run(ids[1]):dataset():push_items { { n = 1 } }) end)
  end)

  -- Take all that the iterator gives, interrupted or not. `seen` has what came, by id.
  local function drain(it, seen)
    while true do
      local row = it:next()
      if not row then return end
      local id = row.id or row
      assert(not seen[id], "a row came twice")
      seen[id], seen.count = true, seen.count + 1
    end
  end

  for name, make in pairs {
    ["an iteration"] = function() return client:runs():iterate { chunk_size = 2 } end,
    ["a wait for each"] = function() return client:wait_each(ids, { max_parallel = 2 }) end,
  } do
    it(name .. ", which goes on behind it", function()
      local it, seen
      interrupt_everywhere(function()
        it, seen = make(), { count = 0 }
        drain(it, seen)
      end, function(where)
        if not it then return end
        local ok, why = pcall(drain, it, seen)
        assert(ok, where .. ": " .. tostring(why))
        assert(seen.count >= #ids - 1, where .. ": rows are missing, beside the one that was about to be given")
        it = nil
      end)
    end)
  end

  it("a wait leaves other fibers as they are", function()
    local ticks = 0
    local function tick()
      while apify.sleep(0.0001) do ticks = ticks + 1 end
    end
    local ticker = apify.spawn(tick)
    interrupt_everywhere(function() assert(client:run(ids[1]):get()) end, function(where)
      if ticker:is_done() then                           -- the interrupt was in there
        assert.same({ false, interrupts.MESSAGE }, { pcall(ticker.wait, ticker) })
        ticker = apify.spawn(tick)
      end
      local before, tries = ticks, 0
      repeat
        assert(apify.sleep(0.001))
        tries = tries + 1
      until ticks > before or tries == 1000
      assert(ticks > before, where .. ": the fiber is forgotten")
    end)
    ticker:cancel()
  end)
end)
