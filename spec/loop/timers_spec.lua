--- When those who wait in fibers are to go on at the latest, with tasks that are plain tables.
local inner = require "spec.support.inner"
local interrupts = require "spec.support.interrupts"

local function fresh()
  package.loaded["apify.loop.timers"] = nil
  return require "apify.loop.timers"
end

describe("the timers", function()
  local timers, tasks

  before_each(function() timers, tasks = fresh(), {} end)

  -- A task that has begun to wait until then.
  local function waiting(deadline, adapter)
    local task = { ticket = { deadline = deadline, adapter = adapter } }
    tasks[task] = task
    timers.set(task, tasks)
    return task
  end

  local function wait_again(task, deadline)
    task.ticket = { deadline = deadline }
    timers.set(task, tasks)
  end

  local function size() return inner(timers.set, "queue"):size() end

  -- Those whose time has come, in their order; each ends its wait when it goes on.
  local function due(now)
    local list = {}
    timers.run(now, function(task)
      list[#list + 1] = task
      task.ticket = nil
    end)
    return list
  end

  it("are due in the order of their times", function()
    local third, first, second = waiting(3), waiting(1), waiting(2)
    assert.equal(1, timers.next_time())
    assert.same({}, due(0.9))
    assert.same({ first, second }, due(2))
    assert.equal(3, timers.next_time())
    assert.same({ third }, due(3))
    assert.equal(math.huge, timers.next_time())
  end)

  it("are none of those who wait for ever, or elsewhere", function()
    waiting(math.huge)
    waiting(1, {})
    assert.equal(0, size())
    assert.equal(math.huge, timers.next_time())
  end)

  it("are none of those who wait no more, whoever asks first", function()
    local task, other = waiting(1), waiting(2)
    task.ticket = nil
    assert.equal(2, timers.next_time())
    assert.equal(1, size())
    other.ticket = nil
    assert.same({}, due(5))
    assert.equal(0, size())
    wait_again(task, 7)
    wait_again(other, 8)
    assert.same({ task, other }, due(8))
  end)

  it("are put off where the task waits again, until later", function()
    local task = waiting(1)
    for deadline = 1, 1000 do wait_again(task, deadline) end
    assert.equal(1, size())
    assert.is_true(timers.next_time() <= 1000)
    assert.same({}, due(1))
    assert.equal(1000, timers.next_time())
    wait_again(task, 1000)
    assert.equal(1, size())
    assert.same({}, due(999))
    assert.same({ task }, due(1000))
    assert.equal(0, size())
  end)

  it("come earlier where the task waits again, for a shorter time", function()
    local task = waiting(9)
    wait_again(task, 2)
    assert.equal(2, timers.next_time())
    assert.same({ task }, due(2))
    wait_again(task, 20)
    assert.same({}, due(10))
    assert.equal(20, timers.next_time())
    assert.same({ task }, due(20))
    assert.same({}, due(30))
  end)

  it("wake nobody who waits for ever now", function()
    local task = waiting(1)
    wait_again(task, math.huge)
    assert.same({}, due(5))
    wait_again(task, 1)
    assert.equal(1, timers.next_time())
    wait_again(task, math.huge)
    assert.equal(math.huge, timers.next_time())
  end)

  it("are thrown away when many of them are of waits that are over", function()
    local others = {}
    for i = 1, 200 do others[i] = waiting(1000 + i) end
    local task = waiting(1e9)
    for i = 1, 5000 do
      wait_again(task, 1e9 - i)
      assert.equal(1001, timers.next_time())
    end
    assert.is_true(size() < 500)
    local list = due(1e9 - 5000)
    assert.equal(201, #list)
    assert.equal(others[1], list[1])
    assert.equal(task, list[201])
  end)

  it("of many are seldom looked through", function()
    local sweep, count = timers.sweep, 0
    timers.sweep = function(all)
      count = count + 1
      return sweep(all)
    end
    for i = 1, 5000 do waiting(i) end
    assert.is_true(count > 0 and count < 10, count)
    assert.equal(5000, #due(5000))
  end)

  it("find those again whose timers an interrupt has lost", function()
    local task, other = waiting(4), waiting(math.huge)
    inner(timers.set, "queue"):pop()
    other.timer = 3
    timers.sweep(tasks)
    assert.is_nil(other.timer)
    assert.equal(4, timers.next_time())
    assert.same({ task }, due(4))
  end)

  it("lose nobody by an interrupt anywhere", function()
    -- Three tasks, with a timer that is too early, right, and to be thrown away; `act` is interrupted at its n-th instruction, for every n.
    local function each_place(act)
      local n, where = 0
      repeat
        n = n + 1
        timers, tasks = fresh(), {}
        local early, right, late = waiting(1), waiting(3), waiting(2)
        wait_again(early, 4)
        wait_again(late, 9)
        late.ticket = nil
        where = interrupts.call(n, 1, "loop/timers.lua", function() act(early) end)
        wait_again(late, 5)
        assert.is_true(timers.next_time() <= 3, where)
        local order = due(3)
        assert.is_true(timers.next_time() <= 4, where)
        for _, task in ipairs(due(10)) do order[#order + 1] = task end
        assert.same({ right, early, late }, order, where)
      until not where
      assert.is_true(n > 20, n)
    end
    each_place(function() timers.sweep(tasks) end)
    each_place(function() timers.run(2, error) end)
    each_place(function(early)
      early.timer = nil
      timers.set(early, tasks)
      timers.next_time()
    end)
  end)

  it("lose nobody who has waited again by the time that his first wait is put away", function()
    local task = waiting(1)
    timers.run(1, function()
      task.ticket = nil
      timers.next_time()
      wait_again(task, 5)
    end)
    assert.equal(5, timers.next_time())
    assert.same({ task }, due(5))
  end)

  it("lose nobody where a finalizer waits in the middle of their work, which is where something is made", function()
    local Heap = getmetatable(inner(timers.set, "queue")).__index
    local push = Heap.push
    finally(function() Heap.push = push end)
    local list, right, first, others

    local function go_on(task)
      list[task] = true
      task.ticket = nil
    end

    local function finalize()
      timers.run(2.5, go_on)                               -- a wait runs the others
      for i = 1, 2 do others[i] = waiting(3 + i) end
      wait_again(right, 3)
    end

    -- Do that in the middle of `act`: when it calls `push` or `go_on` for the n-th time. How many times there are.
    local function each_place(act)
      local n, count = 0, nil
      local function count_one()
        count = count + 1
        if count == n then finalize() end
      end
      repeat
        timers, tasks, list, others = fresh(), {}, {}, {}
        local early
        early, right, first = waiting(1), waiting(6), waiting(2)
        wait_again(early, 4)
        n, count = n + 1, 0
        Heap.push = function(...)
          count_one()
          return push(...)
        end
        act(early, function(task)
          go_on(task)
          count_one()
        end)
        Heap.push = push
        if count >= n then
          assert.is_true(timers.next_time() <= 3)
          timers.run(3, go_on)
          assert.is_true(list[first] and list[right])
          assert.is_true(timers.next_time() <= 4)
          timers.run(5, go_on)
          assert.is_true(list[early] and list[others[1]] and list[others[2]])
          wait_again(early, 8)
          assert.is_true(timers.next_time() <= 8)
        end
      until count < n
      return n - 1
    end

    assert.equal(3, each_place(function() timers.sweep(tasks) end))
    assert.equal(2, each_place(function(_, act) timers.run(2.5, act) end))
    assert.equal(1, each_place(function(early)
      early.timer = nil
      timers.set(early, tasks)
    end))
  end)
end)
