--- Waiting for many runs with a limit on how many are asked about at a time, and with a word about how far they are.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ACTOR = "janedoe~my-actor"
local OVERLAP = 0.02                     -- seconds in which an answer is still being written while the next request is there
local STATUSES = { "READY", "RUNNING", "SUCCEEDED", "FAILED", "ABORTED" }

local api = testbed.local_api { count = 0 }

describe("waiting for runs", function()
  local client

  before_each(function() client = testbed.client(api) end)

  after_each(function() waiting.until_idle(client) end)

  local function add_all(count, schedule)
    return api:admin("add_runs", { count = count, schedule = schedule }).ids
  end

  --- How many polls the server held at the same time, at most.
  local function most_open()
    local events = {}
    for _, request in ipairs(api:log().requests) do
      events[#events + 1] = { request.time, 1 }
      events[#events + 1] = { math.max(request.time, request.time + (request.secs or math.huge) - OVERLAP), -1 }
    end
    table.sort(events, function(a, b)
      if a[1] ~= b[1] then return a[1] < b[1] end
      return a[2] < b[2]
    end)
    local open, most = 0, 0
    for _, event in ipairs(events) do
      open = open + event[2]
      most = math.max(most, open)
    end
    return most
  end

  describe("so many at a time", function()
    it("asks about no more, and sees all of them end", function()
      local ids = add_all(40, { { 0, "RUNNING" } })
      local seen, count = {}, 0
      local ender = apify.spawn(function()
        waiting.until_open(api, 5)
        return api:admin("set_schedule", { ids = ids, schedule = { { 0, "RUNNING" }, { 0.2, "SUCCEEDED" } } })
      end)
      for id, run, err in client:wait_each(ids, { max_parallel = 5 }) do
        assert.is_nil(err)
        assert.is_nil(seen[id])
        seen[id], count = run.status, count + 1
      end
      assert(ender:wait())
      assert.equal(40, count)
      for _, id in ipairs(ids) do assert.equal("SUCCEEDED", seen[id]) end
      assert.is_true(most_open() <= 5, most_open())
      assert.is_true(most_open() >= 2)
    end)

    it("gives everybody a turn, though the first never end", function()
      local endless = add_all(3, { { 0, "RUNNING" } })
      local quick = add_all(6, { { 0, "RUNNING" }, { 0.1, "SUCCEEDED" } })
      local all, ended = {}, 0
      for _, list in ipairs { endless, quick } do
        for _, id in ipairs(list) do all[#all + 1] = id end
      end
      for _, run in client:wait_each(all, { max_parallel = 2 }) do
        if run then ended = ended + 1 end
        if ended == #quick then break end
      end
      collectgarbage()                                             -- LuaJIT has no closing value in its loops
      collectgarbage()
      assert.equal(6, ended)
      assert.is_true(most_open() <= 2, most_open())
    end)

    it("is over when its time is, also for those who never had a turn", function()
      local ids = add_all(6, { { 0, "RUNNING" } })
      local kinds, count = {}, 0
      for _, run, err in client:wait_each(ids, { max_parallel = 1, wait_secs = 0.5 }) do
        assert.is_nil(run)
        kinds[err.kind], count = true, count + 1
      end
      assert.equal(6, count)
      assert.is_true(kinds.unfinished)
      kinds.unfinished, kinds.timeout = nil, nil
      assert.same({}, kinds)
    end)

    it("lets others go on where one fails", function()
      local ids = add_all(4, { { 0, "RUNNING" }, { 0.2, "SUCCEEDED" } })
      table.insert(ids, 1, "bad")
      api:faults { match = { path = "actor%-runs/bad" }, action = { status = { code = 400, type = "bad" } } }
      local outcome = {}
      for id, run, err in client:wait_each(ids, { max_parallel = 1 }) do outcome[#outcome + 1] = run and run.status or err.status .. id end
      table.sort(outcome)
      assert.same({ "400bad", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED" }, outcome)
    end)

    it("is for wait_all and wait_any too", function()
      local ids = add_all(6, { { 0, "RUNNING" }, { 0.2, "FAILED" } })
      local runs = assert(client:wait_all(ids, { max_parallel = 2 }))
      for i, run in ipairs(runs) do assert.same({ ids[i], "FAILED" }, { run.id, run.status }) end
      assert.equal(6, #runs)
      local endless = add_all(1, { { 0, "RUNNING" } })[1]
      local run, index = client:wait_any({ endless, ids[1] }, { max_parallel = 1 })
      assert.same({ ids[1], 2 }, { run.id, index })
      waiting.until_logged(api, 200, 1)
      assert.is_true(most_open() <= 2, most_open())
    end)

    it("refuses a number that makes no sense", function()
      for _, bad in ipairs { 0, -1, 1.5, "2" } do
        assert.has_error(function() client:wait_all({ "x" }, { max_parallel = bad }) end)
      end
      assert.equal(0, #api:log().requests)
    end)
  end)

  describe("with a word about how far they are", function()
    --- A function that keeps what it is told, and the list.
    local function collector()
      local told = {}
      return function(counts)
        local copy = {}
        for status, count in pairs(counts) do copy[status] = count end
        told[#told + 1] = copy
      end, told
    end

    local function sum(counts)
      local total = 0
      for _, count in pairs(counts) do total = total + count end
      return total
    end

    local function key(counts)
      local parts = {}
      for i, status in ipairs(STATUSES) do parts[i] = counts[status] or 0 end
      return table.concat(parts, " ")
    end

    it("tells the counts whenever they change, up to the last", function()
      local ids = {}
      for i = 1, 4 do ids[i] = waiting.add(api, 0.2 * i, i == 2 and "FAILED" or "SUCCEEDED") end
      local fn, told = collector()
      assert(client:wait_all(ids, { on_progress = fn }))
      assert.same({ SUCCEEDED = 3, FAILED = 1 }, told[#told])
      local ended = 0
      for i, counts in ipairs(told) do
        assert.is_true(sum(counts) >= 1 and sum(counts) <= 4)
        local now_ended = (counts.SUCCEEDED or 0) + (counts.FAILED or 0)
        assert.is_true(now_ended >= ended)
        ended = now_ended
        if i > 1 then assert.not_equal(key(told[i - 1]), key(counts)) end
      end
      assert.is_true(#told >= 4, #told)
    end)

    it("counts a run that is given twice as two, and knows runs that have not ended", function()
      local id, endless = waiting.add(api, 0.1), waiting.add(api)
      local fn, told = collector()
      local runs, err = client:wait_all({ id, id, endless }, { on_progress = fn, wait_secs = 0.8 })
      assert.is_nil(runs)
      assert.equal("unfinished", err.kind)
      assert.same({ SUCCEEDED = 2, RUNNING = 1 }, told[#told])
    end)

    it("hears of a change of a run that goes on", function()
      local ids = add_all(2, { { 0, "READY" }, { 0.3, "RUNNING" } })
      local fiber
      local seen = {}
      fiber = apify.spawn(function()
        return client:wait_all(ids, { on_progress = function(counts) seen[#seen + 1] = key(counts) end })
      end)
      for _ = 1, 600 do
        if seen[#seen] == "0 2 0 0 0" then break end
        assert(apify.sleep(0.02))
      end
      fiber:cancel()
      assert.equal("cancelled", select(2, fiber:wait()).kind)
      assert.equal("0 2 0 0 0", seen[#seen])
    end)

    it("goes with a limit on how many are asked about", function()
      local ids = add_all(12, { { 0, "RUNNING" }, { 0.3, "SUCCEEDED" } })
      local fn, told = collector()
      assert(client:wait_all(ids, { on_progress = fn, max_parallel = 3 }))
      assert.same({ SUCCEEDED = 12 }, told[#told])
      assert.is_true(most_open() <= 3, most_open())
    end)

    it("that raises ends the wait with its error, and leaves nothing in flight", function()
      local ids = add_all(3, { { 0, "RUNNING" } })
      local cause = { "of the user's" }
      local function bad() error(cause) end
      for _, call in ipairs {
        function() client:wait_all(ids, { on_progress = bad }) end,
        function() client:wait_any(ids, { on_progress = bad }) end,
        function() client:wait_each(ids, { on_progress = bad, max_parallel = 2 }):next() end,
        function() for _ in client:wait_each(ids, { on_progress = bad }) do error "a run" end end,
      } do
        local ok, why = pcall(call)
        assert.is_false(ok)
        assert.equal(cause, why)
        assert.equal(0, client:stats().in_flight)
      end
      assert.equal("RUNNING", assert(client:run(ids[1]):get()).status)
    end)

    it("must be a function", function()
      assert.has_error(function() client:wait_all({ "x" }, { on_progress = true }) end)
    end)
  end)

  it("takes what start returned", function()
    api:admin("behaviour", { schedule = { { 0, "READY" }, { 0.1, "RUNNING" }, { 0.3, "SUCCEEDED" } } })
    local started = {}
    for i = 1, 5 do started[i] = assert(client:actor(ACTOR):start { n = i }) end
    local runs = assert(client:wait_all(started))
    for i, run in ipairs(runs) do assert.same({ started[i].id, "SUCCEEDED" }, { run.id, run.status }) end
    assert.equal(5, #runs)
  end)
end)
