--- The scheduler with a clock of our own: who goes on when, and what is left behind.
local inner = require "spec.support.inner"
local interrupts = require "spec.support.interrupts"

local function fresh()
  package.loaded["apify.loop.scheduler"], package.loaded["apify.loop.timers"] = nil, nil
  return require "apify.loop.scheduler"
end

describe("the scheduler", function()
  local scheduler, crashes

  before_each(function()
    scheduler, crashes = fresh(), {}
  end)

  local function on_crash(_, message) crashes[#crashes + 1] = message end

  local function start(fn, ...) return scheduler.start(fn, on_crash, ...) end

  -- Park the running task; true when it was woken.
  local function park(waiter, deadline)
    local task, can_park = scheduler.current()
    assert(can_park)
    local ticket = scheduler.enter(scheduler.ticket(waiter or scheduler.waiter(), deadline or math.huge, task))
    scheduler.park(ticket)
    return scheduler.leave(ticket)
  end

  local function task_count()
    local n = 0
    for _ in pairs(inner(scheduler.start, "tasks")) do n = n + 1 end
    return n
  end

  it("starts a task at once and with its arguments", function()
    local got
    start(function(...) got = { ... } end, 1, "x")
    assert.same({ 1, "x" }, got)
    assert.equal(0, task_count())
  end)

  it("resumes a parked task only after its waiter is woken", function()
    local waiter, woken = scheduler.waiter(), nil
    start(function() woken = park(waiter) end)
    scheduler.run(0)
    assert.is_nil(woken)
    assert.equal(math.huge, scheduler.next_time())
    scheduler.wake(waiter)
    assert.equal(0, scheduler.next_time())
    scheduler.run(0)
    assert.is_true(woken)
    assert.equal(0, task_count())
  end)

  it("does not park a task whose waiter was woken before, but only once", function()
    local waiter, times = scheduler.waiter(), 0
    scheduler.wake(waiter)
    start(function()
      park(waiter)
      times = 1
      park(waiter)
      times = 2
    end)
    assert.equal(1, times)
    scheduler.wake(waiter)
    scheduler.run(0)
    assert.equal(2, times)
  end)

  it("resumes tasks whose time has come in the order of their times", function()
    local order = {}
    for _, at in ipairs { 3, 1, 2 } do
      start(function()
        assert.is_false(park(nil, at))
        order[#order + 1] = at
      end)
    end
    assert.equal(1, scheduler.next_time())
    scheduler.run(2)
    assert.same({ 1, 2 }, order)
    assert.equal(3, scheduler.next_time())
    scheduler.run(3)
    assert.same({ 1, 2, 3 }, order)
    assert.equal(math.huge, scheduler.next_time())
    assert.same({}, crashes)
  end)

  it("wakes all who wait at the same place", function()
    local waiter, woken = scheduler.waiter(), {}
    for i = 1, 3 do
      start(function() woken[i] = park(waiter) end)
    end
    scheduler.wake(waiter)
    scheduler.run(0)
    assert.same({ true, true, true }, woken)
    assert.is_nil(waiter.first)
    assert.is_false(waiter.is_awake)
  end)

  it("leaves no trace of the one who goes first from a shared place", function()
    local waiter, log = scheduler.waiter(), {}
    for i, at in ipairs { 1, 2, 3 } do
      start(function()
        local is_awake = park(waiter, at)
        log[#log + 1] = i .. tostring(is_awake)
      end)
    end
    scheduler.run(2)
    scheduler.wake(waiter)
    scheduler.run(2)
    assert.same({ "1false", "2false", "3true" }, log)
    assert.is_nil(waiter.first)
  end)

  it("resumes a cancelled task at once", function()
    local how
    local task = start(function()
      how = park()
    end)
    scheduler.cancel(task)
    assert.is_false(how)
    assert.is_true(task.is_cancelled)
    assert.equal(0, task_count())
  end)

  it("may cancel a task twice, a woken one, and one that has ended", function()
    local waiter, steps = scheduler.waiter(), 0
    local task = start(function()
      park(waiter)
      steps = steps + 1
      park(waiter)
      steps = steps + 1
    end)
    scheduler.wake(waiter)
    scheduler.cancel(task)
    assert.equal(1, steps)
    scheduler.run(0)
    assert.equal(1, steps)               -- the wake was for the first wait
    scheduler.cancel(task)
    assert.equal(2, steps)
    scheduler.cancel(task)
    scheduler.run(0)
    assert.equal(0, task_count())
    assert.same({}, crashes)
  end)

  it("lets a task cancel itself, and one that is further down on the stack", function()
    local outer
    outer = start(function()
      park(nil, 1)
      start(function() scheduler.cancel(outer) end)
      scheduler.cancel(outer)
    end)
    scheduler.run(1)
    assert.is_true(outer.is_cancelled)
    assert.same({}, crashes)
    assert.equal(0, task_count())
  end)

  it("tells of an error that leaves a task, and goes on", function()
    local after
    start(function()
      park(nil, 1)
      error("boom", 0)
    end)
    start(function()
      park(nil, 1)
      after = true
    end)
    scheduler.run(1)
    assert.same({ "boom" }, crashes)
    assert.is_true(after)
    assert.equal(0, task_count())
  end)

  it("resumes a task that yields by itself in the next round, after the others", function()
    local log = {}
    for _, name in ipairs { "a", "b" } do
      start(function()
        for i = 1, 2 do
          log[#log + 1] = name .. i
          coroutine.yield "something"
        end
      end)
    end
    scheduler.run(0)
    scheduler.run(0)
    assert.same({ "a1", "b1", "a2", "b2" }, log)
    assert.equal(0, task_count())
  end)

  it("lets the others go on before a task that passes", function()
    local log = {}
    start(function()
      local task = scheduler.current()
      for i = 1, 2 do
        log[#log + 1] = "passes " .. i
        scheduler.pass(task)
      end
    end)
    start(function()
      park(nil, 0)
      log[#log + 1] = "other"
    end)
    scheduler.run(0)
    assert.same({ "passes 1", "passes 2", "other" }, log)
    scheduler.run(0)
    assert.equal(0, task_count())
  end)

  it("knows that a coroutine inside a task is not the task's own", function()
    local outside, inside, below
    start(function()
      local task = scheduler.current()
      coroutine.wrap(function()
        local innermost, can_park = scheduler.current()
        inside = innermost == task and not can_park
      end)()
      table.sort({ 2, 1 }, function(a, b)
        local innermost, can_park = scheduler.current()
        below = innermost == task and not can_park
        return a < b
      end)
    end)
    coroutine.wrap(function() outside = scheduler.current() == nil end)()
    assert.is_true(inside)
    assert.is_true(below)
    assert.is_true(outside)
  end)

  it("starts tasks inside each other to a depth that the C stack can bear, and the rest later", function()
    local deepest = 0
    local function dig(n)
      deepest = n
      if n < 1000 then start(dig, n + 1) end
    end
    start(dig, 1)
    assert.is_true(deepest < 100, "all of them are on the stack")
    while scheduler.next_time() == 0 do scheduler.run(0) end
    assert.equal(1000, deepest)
    assert.same({}, crashes)
  end)

  it("keeps nothing of a fiber that has ended, though its timer is still there", function()
    local waiter, kept = scheduler.waiter(), setmetatable({}, { __mode = "k" })
    local function begin()
      local large, held = {}, {}
      kept[large], kept[held] = true, true
      scheduler.start(function()
        park(waiter, 1e9)
        return large
      end, function() return held end)
    end
    local function begin_to_fail()
      local message = {}
      kept[message] = true
      scheduler.start(function()
        park(waiter, 1e9)
        error(message, 0)
      end, function() end)
    end
    begin()
    begin_to_fail()
    scheduler.wake(waiter)
    scheduler.run(0)
    assert.equal(0, task_count())
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(kept))
  end)

  it("resumes a task in time that was about to wait when a finalizer came that waits", function()
    local is_done = false
    start(function()
      local task = scheduler.current()
      local outer = scheduler.enter(scheduler.ticket(scheduler.waiter(), 1, task))
      local nested = scheduler.enter(scheduler.ticket(scheduler.waiter(), 2, task, {}))
      scheduler.run(1)
      scheduler.leave(nested)
      scheduler.park(outer)
      scheduler.leave(outer)
      is_done = true
    end)
    assert.equal(1, scheduler.next_time())
    scheduler.run(1)
    assert.is_true(is_done)
    assert.equal(math.huge, scheduler.next_time())
  end)

  it("resumes nobody for a wait that was over before the one inside it", function()
    local count, task = 0, nil
    start(function()
      task = scheduler.current()
      local outer = scheduler.enter(scheduler.ticket(scheduler.waiter(), 1, task))
      local nested = scheduler.enter(scheduler.ticket(scheduler.waiter(), 2, task, {}))
      scheduler.leave(outer)
      scheduler.leave(nested)
      park(nil, 5)
      count = count + 1
    end)
    scheduler.run(4)
    assert.equal(0, count)
    scheduler.run(5)
    assert.equal(1, count)
    assert.is_nil(task.ticket)
  end)

  it("resumes a task again that was woken while it ran, and meanwhile drove the others", function()
    local first, second, is_done = scheduler.waiter(), scheduler.waiter(), false
    start(function()
      local ticket = scheduler.enter(scheduler.ticket(first, 1, (scheduler.current())))
      scheduler.park(ticket)
      scheduler.wake(first)                               -- its time was over, but what it waits for has come
      assert.is_true(scheduler.leave(ticket))
      scheduler.run(2)                                    -- as a wait inside a generator does
      park(second)
      is_done = true
    end)
    scheduler.run(2)
    scheduler.wake(second)
    scheduler.run(2)
    assert.is_true(is_done)
  end)
end)

it("counts the fibers that were cancelled until they have ended", function()
  local scheduler = require "apify.loop.scheduler"
  assert.equal(0, scheduler.cancelled.count)
  local function start() return scheduler.start(function() scheduler.pass((scheduler.current())) end, error) end
  local one, other = start(), start()
  scheduler.cancel(one, true)
  scheduler.cancel(one, true)
  scheduler.cancel(other, true)
  assert.equal(2, scheduler.cancelled.count)
  scheduler.run(0)
  scheduler.run(0)
  assert.equal(0, scheduler.cancelled.count)
end)

describe("an error that cannot be told at first", function()
  -- The scheduler, with a task that fails where its error is told; the first `times` tellings fail as well.
  local function scheduler_with(times)
    local scheduler, told = fresh(), {}
    local ok, why = pcall(scheduler.start, function() error("not enough memory", 0) end, function(_, message)
      times = times - 1
      if times >= 0 then error("nor for this", 0) end
      told[#told + 1] = message
    end)
    assert.same({ false, "nor for this" }, { ok, why })
    return scheduler, told
  end

  it("is told by its own words when all is put right", function()
    local scheduler, told = scheduler_with(1)
    scheduler.recover "another error"
    assert.same({ "not enough memory" }, told)
  end)

  it("is told in the next round where even that failed", function()
    local scheduler, told = scheduler_with(3)
    assert.is_false(pcall(scheduler.recover))
    assert.is_false(pcall(scheduler.run, 0))
    assert.same({}, told)
    scheduler.run(0)
    scheduler.run(0)
    assert.same({ "not enough memory" }, told)
  end)
end)

describe("an interrupt anywhere in the scheduler", function()
  -- The three tasks that `prepare` starts end, though `act` was interrupted at its n-th instruction, for every n; that is once they are cancelled.
  local function each_place(prepare)
    local n = 0
    local where
    repeat
      n = n + 1
      local scheduler, is_over = fresh(), {}
      local tasks, act = prepare(scheduler, function(i) return function() is_over[i] = true end end)
      local place, ok = interrupts.call(n, 1, "apify/loop/", act)
      where = place
      if not ok then scheduler.recover() end
      for i, task in ipairs(tasks) do
        if not is_over[i] then scheduler.cancel(task) end
      end
      for _ = 1, 4 do scheduler.run(1) end
      assert.same({ true, true, true }, is_over, where)
      assert.equal(0, scheduler.cancelled.count, where)
      assert.equal(math.huge, scheduler.next_time(), where)
      assert.is_false(scheduler.has_waiting_tasks(), where)
    until not where
    assert.is_true(n > 100, n)
  end

  -- Tasks that do this, each of them.
  local function tasks_that(act)
    return function(scheduler, over)
      local tasks = {}
      for i = 1, 3 do
        tasks[i] = scheduler.start(function()
          act(scheduler)
          over(i)()
        end, over(i))
      end
      return tasks, function() for _ = 1, 4 do scheduler.run(0) end end
    end
  end

  local function pass(scheduler) scheduler.pass((scheduler.current())) end

  it("forgets none that lets others go on", function()
    each_place(tasks_that(function(scheduler)
      pass(scheduler)
      pass(scheduler)
    end))
  end)

  it("forgets none that yields by itself", function()
    each_place(tasks_that(function() coroutine.yield() end))
  end)

  it("forgets none whose turn to begin has not come", function()
    each_place(function(scheduler, over)
      local tasks = {}
      local function dig()
        if scheduler.can_resume() then return scheduler.start(dig, error) end
        for i = 1, 3 do tasks[i] = scheduler.start(function(finish) finish() end, over(i), over(i)) end
      end
      dig()
      assert.equal(0, scheduler.next_time())
      return tasks, function() scheduler.run(0) end
    end)
  end)

  it("forgets none that waits, cancelled or not", function()
    each_place(function(scheduler, over)
      local function wait(deadline)
        local ticket = scheduler.ticket(scheduler.waiter(), deadline, (scheduler.current()))
        local ok, why = pcall(function()
          scheduler.park(scheduler.enter(ticket))
          scheduler.leave(ticket)
        end)
        scheduler.leave(ticket)
        if not ok then error(why, 0) end
      end
      local tasks = {}
      for i, deadline in ipairs { 1, math.huge, math.huge } do
        tasks[i] = scheduler.start(function()
          wait(deadline)
          over(i)()
        end, over(i))
      end
      return tasks, function()
        scheduler.run(1)
        scheduler.cancel(tasks[2])
        scheduler.cancel(tasks[3], true)
        scheduler.run(1)
      end
    end)
  end)

  it("leaves the stack as deep as it is", function()
    local scheduler = fresh()
    for n = 1, 40 do
      local _, ok = interrupts.call(n, 1, "apify/loop/", function() scheduler.start(pass, error, scheduler) end)
      if not ok then scheduler.recover() end
      assert.is_true(scheduler.can_resume())
    end
  end)
end)
