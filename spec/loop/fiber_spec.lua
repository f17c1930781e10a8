-- runs last
--- Fibers: spawn, wait, cancel, all, map, sleep, without a server.
local apify = require "apify"
local child = require "spec.support.child"
local core = require "apify.core"
local inner = require "spec.support.inner"
local scheduler = require "apify.loop.scheduler"

local IS_54 = rawget(_G, "jit") == nil

-- Managed coroutines that have not ended.
local function task_count()
  local n = 0
  for _ in pairs(inner(scheduler.start, "tasks")) do n = n + 1 end
  return n
end

local function kind_of(err)
  return apify.is_error(err) and err.kind or tostring(err)
end

-- How long fn took.
local function time(fn)
  local started = core.now()
  fn()
  return core.now() - started
end

after_each(function()
  for _ = 1, 200 do                                      -- on a busy machine, those whose time has come may not have gone on yet
    if task_count() == 0 then break end
    apify.sleep(0.01)
  end
  assert.equal(0, task_count(), "fibers are left")
end)

describe("spawn", function()
  it("runs the function at once, up to its first wait", function()
    local log = {}
    local fiber = apify.spawn(function(a, b)
      log[#log + 1] = a + b
      apify.sleep(0.01)
      log[#log + 1] = "end"
    end, 3, 4)
    log[#log + 1] = "main"
    assert.is_false(fiber:is_done())
    fiber:wait()
    assert.is_true(fiber:is_done())
    assert.same({ 7, "main", "end" }, log)
  end)

  it("hands over all results, nil among them, as often as they are asked for", function()
    local fiber = apify.spawn(function() return nil, 2, nil end)
    for _ = 1, 2 do assert.same({ n = 3, [2] = 2 }, (function(...) return { n = select("#", ...), ... } end)(fiber:wait())) end
  end)

  it("raises the fiber's error in whoever waits for it, unchanged", function()
    local object = {}
    local early = apify.spawn(function() error(object) end)
    local late = apify.spawn(function() apify.sleep(0.01) error("late", 0) end)
    assert.equal(object, select(2, pcall(early.wait, early)))
    assert.equal("late", select(2, pcall(late.wait, late)))
    assert.equal("late", select(2, pcall(late.wait, late)))
  end)

  it("refuses what is not a function, and methods called with a dot", function()
    assert.has_error(function() apify.spawn(3) end)
    local fiber = apify.spawn(function() end)
    for _, name in ipairs { "wait", "cancel", "is_done" } do
      local ok, message = pcall(fiber[name])
      assert.is_false(ok)
      assert.matches("fiber_spec%.lua:%d+: fiber:" .. name .. " is a method", message)
    end
    for _, secs in ipairs { -1, 0 / 0, "x" } do assert.has_error(function() fiber:wait(secs) end) end
  end)

  it("starts fibers from fibers, however deep", function()
    local count = 0
    local function branch(n)
      count = count + 1
      if n > 0 then return (apify.spawn(branch, n - 1):wait()) end
      return "leaf"
    end
    assert.equal("leaf", apify.spawn(branch, 500):wait())
    assert.equal(501, count)
  end)

  it("lets a fiber that yields by itself go on", function()
    local others = 0
    local fiber = apify.spawn(function()
      for i = 1, 5 do coroutine.yield(i) end
      return "through"
    end)
    apify.spawn(function() others = others + 1 end)
    assert.equal("through", fiber:wait())
    assert.equal(1, others)
  end)

  it("costs the same for each of thousands", function()
    local function cost(n)
      local list = {}
      for i = 1, n do list[i] = i end
      collectgarbage()
      local before = os.clock()
      assert(apify.map(list, function(i) apify.sleep(i % 7 / 1000) return i end))
      return (os.clock() - before) / n
    end
    cost(500)
    local few, many = cost(1000), cost(20000)
    assert.is_true(many < 6 * few, ("%g s each of 1000, %g s each of 20000"):format(few, many))
  end)
end)

describe("fiber:wait", function()
  it("gives nil and a timeout when the seconds are over, and leaves the fiber alone", function()
    local fiber = apify.spawn(function() apify.sleep(0.1) return "done" end)
    local took = time(function()
      local result, err = fiber:wait(0.02)
      assert.is_nil(result)
      assert.equal("timeout", err.kind)
    end)
    assert.is_true(took >= 0.02 and took < 0.1)
    assert.equal("done", fiber:wait(5))
  end)

  it("lets the fiber go on even when it waits no time", function()
    local fiber = apify.spawn(function()
      for _ = 1, 3 do apify.sleep(0) end
      return "done"
    end)
    local looks = 0
    while not fiber:is_done() and looks < 1000 do
      fiber:wait(0)
      looks = looks + 1
    end
    assert.equal("done", fiber:wait())
  end)

  it("works from several fibers at once, and from main", function()
    local one = apify.spawn(function() apify.sleep(0.01) return "one" end)
    local results = apify.map({ 1, 2, 3 }, function() return one:wait() end)
    assert.same({ "one", "one", "one" }, results)
    assert.equal("one", one:wait())
  end)

  it("refuses to wait for itself", function()
    local itself
    itself = apify.spawn(function()
      apify.sleep(0)
      local results = { pcall(itself.wait, itself) }
      return results[2]
    end)
    assert.matches("cannot wait for its own end", itself:wait())
  end)

  it("says so instead of hanging when nothing can end the wait", function()
    local a, b
    a = apify.spawn(function() apify.sleep(0) return b:wait() end)
    b = apify.spawn(function() return a:wait() end)
    local result, err = a:wait()
    assert.is_nil(result)
    assert.equal("context", err.kind)
    assert.matches("nothing is under way", err.message)
    a:cancel()
    assert.equal("cancelled", kind_of(select(2, b:wait())))
  end)
end)

describe("fiber:cancel", function()
  it("ends a sleep at once, and every wait after it", function()
    local kinds = {}
    local fiber = apify.spawn(function()
      for i = 1, 3 do
        local ok, err = apify.sleep(60)
        kinds[i] = not ok and err.kind
      end
    end)
    assert.is_true(time(function()
      fiber:cancel()
      fiber:wait()
    end) < 5)
    assert.same({ "cancelled", "cancelled", "cancelled" }, kinds)
  end)

  it("may be called twice, after the end, and from the fiber itself", function()
    local itself
    itself = apify.spawn(function()
      apify.sleep(0)
      itself:cancel()
      return kind_of(select(2, apify.sleep(1)))
    end)
    assert.equal("cancelled", itself:wait())
    itself:cancel()
    itself:cancel()
    local other = apify.spawn(function() return kind_of(select(2, apify.sleep(60))) end)
    other:cancel()
    other:cancel()
    assert.equal("cancelled", other:wait())
  end)

  it("reaches a fiber that waits for another, and not that other", function()
    local worker = apify.spawn(function() apify.sleep(0.02) return "worked" end)
    local waiting = apify.spawn(function() return worker:wait() end)
    waiting:cancel()
    assert.equal("cancelled", kind_of(select(2, waiting:wait())))
    assert.equal("worked", worker:wait())
  end)

  it("reaches a fiber that is blocked in a generator of its own", function()
    local fiber = apify.spawn(function()
      apify.sleep(0.01)
      local step = coroutine.wrap(function() coroutine.yield(select(2, apify.sleep(60))) end)
      return kind_of(step())
    end)
    apify.spawn(function()
      apify.sleep(0.03)
      fiber:cancel()
    end)
    assert.is_true(time(function() assert.equal("cancelled", fiber:wait()) end) < 5)
  end)

  it("cancels the jobs of a fiber that is in map", function()
    local ended = {}
    local fiber = apify.spawn(function()
      return apify.map({ 1, 2, 3 }, function(i)
        local _, err = apify.sleep(60)
        ended[#ended + 1] = i .. kind_of(err)
      end)
    end)
    fiber:cancel()
    assert.equal("cancelled", kind_of(select(2, fiber:wait())))
    table.sort(ended)
    assert.same({ "1cancelled", "2cancelled", "3cancelled" }, ended)
  end)

  if IS_54 then
    it("is what leaving the scope of a to-be-closed fiber does", function()
      local kinds = {}
      local scope = load([[
        local apify, kinds = ...
        local fiber <close> = apify.spawn(function()
          kinds[1] = select(2, apify.sleep(60)).kind
        end)]])
      scope(apify, kinds)
      assert.same({ "cancelled" }, kinds)
    end)
  end
end)

describe("a fiber that an error ends", function()
  if IS_54 then
    it("has its closing values closed", function()
      local closed = 0
      local run = load [[
        local apify, on_close = ...
        local guard <close> = setmetatable({}, { __close = on_close })
        apify.sleep(0)
        error "an error"]]
      local fiber = apify.spawn(run, apify, function() closed = closed + 1 end)
      assert.is_false((pcall(fiber.wait, fiber)))
      assert.equal(1, closed)
    end)
  end

  it("keeps nothing alive that was on its stack", function()
    local kept = setmetatable({}, { __mode = "v" })
    local fiber = apify.spawn(function()
      local big = {}
      kept[1] = big
      apify.sleep(0)
      error("an error", 0)
    end)
    assert.is_false((pcall(fiber.wait, fiber)))
    collectgarbage()
    collectgarbage()
    assert.is_nil(kept[1])
    assert.matches("failed", tostring(fiber))
  end)
end)

describe("a wait where nothing can yield", function()
  -- Collect what a generator gives that waits between two values.
  local function generate()
    local got = {}
    for i in coroutine.wrap(function()
      for i = 1, 3 do
        apify.sleep(0.002)
        coroutine.yield(i)
      end
    end) do got[#got + 1] = i end
    return got
  end

  it("blocks a generator of main, and fibers go on", function()
    local ticks = 0
    local ticker = apify.spawn(function()
      while apify.sleep(0.001) do ticks = ticks + 1 end
    end)
    assert.same({ 1, 2, 3 }, generate())
    assert.is_true(ticks > 1)
    ticker:cancel()
  end)

  it("blocks a generator of a fiber, and the others go on", function()
    local ticks = 0
    local ticker = apify.spawn(function()
      while apify.sleep(0.001) do ticks = ticks + 1 end
    end)
    assert.same({ 1, 2, 3 }, apify.spawn(generate):wait())
    assert.is_true(ticks > 1)
    ticker:cancel()
  end)

  it("blocks generators in many fibers, one inside the other", function()
    local list = {}
    for i = 1, 150 do list[i] = i end
    local results = assert(apify.map(list, function()
      apify.sleep(0.001)
      return #generate()
    end))
    for i = 1, 150 do assert.equal(3, results[i]) end
  end)

  it("blocks in the comparison of a sort", function()
    local fiber = apify.spawn(function()
      local list = { 3, 1, 2 }
      table.sort(list, function(a, b)
        assert(apify.sleep(0.001))
        return a < b
      end)
      return table.concat(list)
    end)
    assert.equal("123", fiber:wait())
  end)
end)

describe("sleep", function()
  it("takes as long as it says, in main and in a fiber", function()
    for _, run in ipairs { function(fn) fn() end, function(fn) apify.spawn(fn):wait() end } do
      local took = time(function() run(function() assert.is_true(apify.sleep(0.05)) end) end)
      assert.is_true(took >= 0.05 and took < 1, took)
    end
  end)

  it("lets the others go on even when it takes no time", function()
    local log = {}
    local fibers = {}
    for _, name in ipairs { "a", "b" } do
      fibers[#fibers + 1] = apify.spawn(function()
        for i = 1, 2 do
          log[#log + 1] = name .. i
          apify.sleep(0)
        end
      end)
    end
    for _, fiber in ipairs(fibers) do fiber:wait() end
    assert.same({ "a1", "b1", "a2", "b2" }, log)
  end)

  it("refuses what is not a number of seconds", function()
    for _, secs in ipairs { -1, 0 / 0, "1", {} } do
      local ok, message = pcall(apify.sleep, secs)
      assert.is_false(ok)
      assert.matches("bad argument 1 of sleep", message)
    end
  end)
end)

describe("all", function()
  it("gives the first results in the order of the functions", function()
    local results = apify.all {
      function() apify.sleep(0.02) return "slow", "more" end,
      function() return "quick" end,
    }
    assert.same({ "slow", "quick" }, results)
    assert.same({}, apify.all {})
  end)

  it("runs them side by side, but no more than max_parallel", function()
    for _, max_parallel in ipairs { 1, 3 } do
      local running, most = 0, 0
      local function job()
        running = running + 1
        most = math.max(most, running)
        apify.sleep(0.002)
        running = running - 1
        return true
      end
      assert(apify.all({ job, job, job, job, job, job, job }, { max_parallel = max_parallel }))
      assert.equal(max_parallel, most)
    end
  end)

  it("cancels the rest when one fails: nil, err, index", function()
    local ends = {}
    local results, err, index = apify.all {
      function() ends[1] = kind_of(select(2, apify.sleep(60))) end,
      function() apify.sleep(0.01) return nil, "why" end,
      function() ends[3] = kind_of(select(2, apify.sleep(60))) end,
    }
    assert.is_nil(results)
    assert.equal("why", err)
    assert.equal(2, index)
    assert.same({ "cancelled", nil, "cancelled" }, ends)
  end)

  it("has the results that came in the error's partial, where the error is an object", function()
    local errors = require "apify.util.errors"
    local results, err, index = apify.all({
      function() return "one" end,
      function() return false end,
      function() return apify.sleep(60) end,
      function() apify.sleep(0.01) return nil, errors.new { kind = "api", status = 500 } end,
      function() return "five" end,
    }, { max_parallel = 4 })
    assert.is_nil(results)
    assert.equal(4, index)
    assert.same({ "one", false, nil, nil, "five" }, err.partial)
  end)

  it("has them there too when the fiber that waits is cancelled", function()
    local fiber = apify.spawn(function()
      return apify.all { function() return "one" end, function() return apify.sleep(60) end }
    end)
    fiber:cancel()
    local results, err, index = fiber:wait()
    assert.same({ nil, "cancelled", nil, { "one" } }, { results, err.kind, index, err.partial })
  end)

  it("runs all with keep_going: results and errors by index", function()
    local errors = require "apify.util.errors"
    local raised = errors.new { kind = "api", status = 500 }
    local results, errs = apify.all({
      function() return nil, "why" end,
      function() apify.sleep(0.01) return "two" end,
      function() error(raised) end,
      function() return nil end,
      function() return "five" end,
    }, { keep_going = true, max_parallel = 1 })
    assert.same({ nil, "two", nil, nil, "five" }, results)
    assert.same({ "why", nil, raised }, errs)
    assert.equal(raised, errs[3])
    assert.is_nil(raised.partial)
    assert.same({ { 1 }, {} }, { apify.all({ function() return 1 end }, { keep_going = true }) })
  end)

  it("raises with keep_going what is no apify.Error, and cancels the rest", function()
    local ended
    local ok, message = pcall(apify.all, {
      function() return nil, "why" end,
      function() ended = kind_of(select(2, apify.sleep(60))) end,
      function() error("a bug", 0) end,
    }, { keep_going = true })
    assert.same({ false, "a bug", "cancelled" }, { ok, message, ended })
  end)

  it("starts nothing more after a failure", function()
    local started = {}
    local function job(i) return function() started[#started + 1] = i return nil, "no" end end
    local _, err, index = apify.all({ job(1), job(2), job(3) }, { max_parallel = 1 })
    assert.equal("no", err)
    assert.equal(1, index)
    assert.same({ 1 }, started)
  end)

  it("counts a raised apify.Error as a failure, and lets any other through", function()
    local errors = require "apify.util.errors"
    local raised = errors.new { kind = "api", status = 500 }
    local results, err, index = apify.all { function() apify.sleep(0.01) error(raised) end }
    assert.is_nil(results)
    assert.equal(raised, err)
    assert.equal(1, index)
    local other = "not begun"
    local ok, message = pcall(apify.all, {
      function() other = kind_of(select(2, apify.sleep(60))) end,
      function() error("a bug", 0) end,
    })
    assert.is_false(ok)
    assert.equal("a bug", message)
    assert.equal("cancelled", other)
  end)

  it("refuses what is not a list of functions, and unknown options", function()
    for _, call in ipairs {
      function() apify.all(3) end,
      function() apify.all { 3 } end,
      function() apify.all({}, { parallel = 2 }) end,
      function() apify.all({}, { max_parallel = 0 }) end,
      function() apify.all({}, { keep_going = 1 }) end,
    } do
      local ok, message = pcall(call)
      assert.is_false(ok)
      assert.matches("fiber_spec%.lua:%d+", message)
    end
  end)
end)

describe("map", function()
  it("walks a list, nil results and false results included", function()
    local results = apify.map({ 1, 2, 3 }, function(i)
      if i == 1 then return false end
      if i == 3 then return i end
    end)
    assert.is_false(results[1])
    assert.is_nil(results[2])
    assert.equal(3, results[3])
  end)

  it("walks an iterator with all of its values, no faster than there is room", function()
    local at, ahead, running = 0, 0, 0
    local function pull()
      at = at + 1
      ahead = math.max(ahead, running)
      if at <= 5 then return at, at * 10 end
    end
    local results = apify.map(pull, function(a, b)
      running = running + 1
      apify.sleep(0.002)
      running = running - 1
      return a + b
    end, { max_parallel = 2 })
    assert.same({ 11, 22, 33, 44, 55 }, results)
    assert.is_true(ahead < 2)
  end)

  it("walks an iterator that waits", function()
    local at = 0
    local function pull()
      apify.sleep(0.002)
      at = at + 1
      if at <= 3 then return at end
    end
    assert.same({ 2, 4, 6 }, apify.map(pull, function(i) return 2 * i end))
  end)

  it("notices a failed job while the iterator waits", function()
    local at = 0
    local function pull()
      at = at + 1
      if at > 1 then apify.sleep(60) end
      return at
    end
    local took = time(function()
      local _, err, index = apify.map(pull, function() apify.sleep(0.01) return nil, "early" end)
      assert.equal("early", err)
      assert.equal(1, index)
    end)
    assert.is_true(took < 5)
  end)

  it("gives nil, err, index when the iterator raises an apify.Error, and raises what is anything else", function()
    local errors = require "apify.util.errors"
    local function failing(what)
      local at = 0
      return function()
        at = at + 1
        if at == 3 then error(what, 0) end
        return at
      end
    end
    local cancelled = 0
    local function job()
      if not apify.sleep(60) then cancelled = cancelled + 1 end
    end
    local results, err, index = apify.map(failing(errors.new { kind = "network" }), job)
    assert.is_nil(results)
    assert.equal("network", err.kind)
    assert.equal(3, index)
    local ok, message = pcall(apify.map, failing "a bug", job)
    assert.is_false(ok)
    assert.equal("a bug", message)
    assert.equal(4, cancelled)
  end)

  it("gives nil, err, index when the iterator gives nil and an error, as `next` of ours does", function()
    for _, why in ipairs { require("apify.util.errors").new { kind = "network" }, "a text" } do
      local function failing()
        local at = 0
        return function()
          at = at + 1
          if at == 3 then return nil, why end
          return at
        end
      end
      local function job(i) return apify.sleep(0.001) and i end
      local results, err, index = apify.map(failing(), job)
      assert.same({ nil, 3 }, { results, index })
      assert.equal(why, err)
      local errs
      results, errs = apify.map(failing(), job, { keep_going = true })
      assert.same({ 1, 2 }, results)
      assert.equal(why, errs[3])
    end
  end)

  it("goes on to the end of what was begun, with keep_going, when the iterator raises an apify.Error", function()
    local errors = require "apify.util.errors"
    local failed, at = errors.new { kind = "network" }, 0
    local results, errs = apify.map(function()
      at = at + 1
      if at == 4 then error(failed) end
      return at
    end, function(i)
      apify.sleep(0.01)
      if i == 2 then return nil, "two" end
      return 10 * i
    end, { keep_going = true })
    assert.same({ 10, nil, 30 }, results)
    assert.same({ nil, "two", nil, failed }, errs)
  end)

  it("may be nested", function()
    local results = apify.map({ 1, 2 }, function(i)
      local below = assert(apify.map({ 10, 20 }, function(j)
        apify.sleep(0.002)
        return i * j
      end))
      return below[1] + below[2]
    end)
    assert.same({ 30, 60 }, results)
  end)
end)

describe("an error in a fiber that nobody waits for", function()
  local function complaints(code)
    local output, status = child.run('local apify = require "apify"\n' .. code)
    assert.equal(0, status, output)
    local _, count = output:gsub("nobody waited for", "")
    return count, output
  end

  it("is reported once, with a traceback, when the fiber is forgotten or the program ends", function()
    local count, output = complaints [[
      apify.spawn(function() local function inside() error "forgotten" end inside() end)
      collectgarbage() collectgarbage()
      kept = apify.spawn(function() apify.sleep(0.01) error "kept" end)
      repeat apify.sleep(0.01) until kept:is_done()]]
    assert.equal(2, count)
    assert.matches("forgotten.*inside.*kept", output)
  end)

  it("is not reported when somebody waited", function()
    assert.equal(0, (complaints [[
      local fiber = apify.spawn(function() error "heard" end)
      assert(not pcall(fiber.wait, fiber))]]))
  end)

  it("is not reported when it is the end of a fiber that was cancelled", function()
    assert.equal(0, (complaints [[
      local fiber = apify.spawn(function() local ok, err = apify.sleep(60) error(err) end)
      fiber:cancel()
      fiber = nil]]))
  end)

  it("is reported even if it cannot be shown", function()
    assert.equal(1, (complaints [[
      apify.spawn(function() error(setmetatable({}, { __tostring = function() error "no" end })) end)]]))
  end)
end)

describe("a program that ends", function()
  local LINE = "^apify: the program has ended while %s under way; fiber:wait%%(%%) waits for a fiber's end\n$"

  -- What it says, its own words aside; `before`: lines in front.
  local function complaint(code, before)
    return (child.run((before or "") .. 'local apify = require "apify"\n' .. code))
  end

  it("with fibers under way says so in one line", function()
    assert.matches(LINE:format "a fiber was", (complaint "apify.spawn(apify.sleep, 60)"))
    assert.matches(LINE:format "3 fibers were", (complaint [[
      for _ = 1, 3 do apify.spawn(function() return apify.map({ 1, 2 }, function() return apify.sleep(60) end) end) end
      apify.spawn(apify.sleep, 0.01)
      apify.sleep(0.1)
      collectgarbage()
      os.exit(0, true)]]))
    assert.matches("a mistake.*\napify: the program has ended while a fiber was under way", (complaint [[
      apify.spawn(apify.sleep, 60)
      error "a mistake"]]))
  end)

  it("says nothing of fibers that have ended, were cancelled or waited for, nor where it does not close its Lua state", function()
    assert.equal("", (complaint [[
      apify.spawn(function() end)
      apify.spawn(apify.sleep, 0.01):wait()
      apify.spawn(function() while true do coroutine.yield() end end):cancel()
      apify.spawn(apify.sleep, 60):wait(0.01)
      kept = apify.spawn(apify.sleep, 0.01)
      repeat apify.sleep(0.01) until kept:is_done()]]))
    assert.equal("", (complaint [[
      apify.spawn(apify.sleep, 60)
      os.exit(0)]]))
  end)

  it("says nothing before it ends, though the beginning of its first fiber was interrupted", function()
    assert.equal("0\ttrue\n", (complaint([[
      local interrupts = require "spec.support.interrupts"
      local loop = require "apify.loop"
      local n, said, where = 0, 0, nil
      function loop.report(text) if text:find "under way" then said = said + 1 end end
      repeat
        n = n + 1
        package.loaded["apify.loop.fiber"] = nil
        local fiber = require "apify.loop.fiber"
        where = interrupts.call(n, 1, "loop/fiber.lua", function() fiber.spawn(coroutine.yield) end)
        local other = fiber.spawn(coroutine.yield)
        collectgarbage()
        collectgarbage()
        other:cancel()
      until not where
      print(said, n > 20)
      os.exit(0)]], "package.path = './?.lua;' .. package.path\n")))
  end)

  it("says nothing in an editor", function()
    assert.equal("", (complaint("apify.spawn(apify.sleep, 60)", "vim = {}\n")))
  end)
end)
