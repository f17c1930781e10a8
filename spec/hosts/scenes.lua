--- What is played inside each host. A scene begins outside of all fibers; `host.enter` goes in.
local apify = require "apify"

local scenes = {}

local function kind_of(value, err)
  return value == nil and apify.is_error(err) and err.kind or tostring(value)
end

-- What is asked for in a generator of the user's own: three values, after a call each.
local function generator(host)
  return coroutine.wrap(function()
    for i = 1, 3 do
      local run = assert(host.client:run(host.run_id):get())
      coroutine.yield(i .. run.status)
    end
  end)
end

local function generated(host)
  local list = {}
  for value in generator(host) do list[#list + 1] = value end
  return table.concat(list, " ")
end

-- A fiber that counts how often it goes on, each 5 ms.
local function counter()
  local counted = { count = 0 }
  counted.fiber = apify.spawn(function()
    while apify.sleep(0.005) do counted.count = counted.count + 1 end
  end)
  return counted
end

-- A client of its own, with three fibers that wait: for a run, for an answer that hangs, for the next try.
local function waiting_client(host)
  local client = apify.new { base_url = host.url, token = "apify_api_host", min_delay_between_retries = 30 }
  local waits = {
    apify.spawn(function() return client:run(os.getenv "ENDLESS_ID"):wait_for_finish() end),
    apify.spawn(function() return client:actor("someone~hangs"):runs():list() end),
    apify.spawn(function() return client:actor("someone~fails"):runs():list() end),
  }
  return client, waits
end

-- The journal has so many requests of this path.
local function received(path, count)
  return function(journal)
    local seen = 0
    for _, request in ipairs(journal.requests) do
      if request.path:find(path) then seen = seen + 1 end
    end
    return seen >= count
  end
end

-- The client has left so many requests of this path.
local function left(path, count)
  return function(journal)
    local seen = 0
    for _, request in ipairs(journal.requests) do
      if request.status == 499 and request.path:find(path) then seen = seen + 1 end
    end
    return seen >= count
  end
end

--- The control of `late`: the host does nothing but tick, until somebody removes the file UNTIL.
function scenes.idle(host)
  host.loop(function()
    local said, stop = host.watch(), nil
    stop = host.ticker(function()
      local file = io.open(os.getenv "UNTIL")
      if file then return file:close() end
      stop()
      said()
      host.leave()
    end)
  end)
end

--- 50 requests at once, each of which takes 500 ms.
function scenes.fifty(host)
  host.enter(function()
    local said, began = host.watch(), host.now()
    local answers = host.side_by_side(50, function()
      return assert(host.client:run(host.run_id):get()).id == host.run_id
    end)
    local right = 0
    for i = 1, 50 do right = right + (answers[i] and 1 or 0) end
    host.say("right", right)
    host.say("secs", host.now() - began)
    said()
  end)
end

--- All runs, page by page.
function scenes.pages(host)
  host.enter(function()
    local said = host.watch()
    local count, distinct, seen = 0, 0, {}
    for run in host.client:runs():iterate { prefetch = 4 } do
      count = count + 1
      if not seen[run.id] then seen[run.id], distinct = true, distinct + 1 end
    end
    host.say("rows", count, "distinct", distinct)
    said()
  end)
end

--- Rows that are there already, and 0.1 ms of the user's own work on each: the loop goes round all the same.
function scenes.slow_rows(host)
  host.enter(function()
    local said, count = host.watch(), 0
    for _ in host.client:runs():iterate { limit = 3000 } do
      count = count + 1
      local until_time = host.now() + 0.0001
      while host.now() < until_time do end                    -- luacheck: ignore
    end
    host.say("rows", count)
    said()
  end)
end

--- A run is started, watched and waited for.
function scenes.wait(host)
  host.enter(function()
    local run = assert(host.client:actor("someone~slow"):start())
    local statuses = { run.status }
    local watching = apify.spawn(function()
      for each in host.client:run(run.id):watch { interval = 0.05 } do
        if each.status ~= statuses[#statuses] then statuses[#statuses + 1] = each.status end
      end
    end)
    local ended = assert(host.client:run(run.id):wait_for_finish { wait_secs = 20 })
    watching:wait()
    host.say(table.concat(statuses, ">"), "ended", ended.status)
  end)
end

--- A wait that would never end is cancelled, while others go on.
function scenes.cancel(host)
  host.enter(function()
    local others, ended_at, result = counter(), nil, nil
    local fiber = apify.spawn(function()
      result = kind_of(host.client:run(os.getenv "ENDLESS_ID"):wait_for_finish())
      ended_at = host.now()
    end)
    host.until_journal("a request", received("waitForFinish", 1))
    local before, cancelled_at = others.count, host.now()
    fiber:cancel()
    fiber:wait()
    host.say(result, ended_at - cancelled_at < 0.1 and "at once" or ended_at - cancelled_at)
    host.say("in flight", host.client:stats().in_flight)
    host.until_journal("a client that has left", left("waitForFinish", 1))
    assert(apify.sleep(0.05))
    host.say("others", others.count > before and not others.fiber:is_done())
    others.fiber:cancel()
    host.say("later", assert(host.client:run(host.run_id):get()).status)
  end)
end

--- The first answer is 429 with Retry-After: 1; the next is right.
function scenes.retry(host)
  host.enter(function()
    local others, began = counter(), host.now()
    local run = assert(host.client:run(host.run_id):get())
    local secs = host.now() - began
    host.say(run.status, "after", secs >= 1 and secs < 2.5 and "a second" or secs)
    host.say("others", others.count >= 20 or others.count)
    host.say("retries", host.client:stats().retries, "limited", host.client:stats().rate_limited)
    others.fiber:cancel()
  end)
end

--- Calls outside of all fibers, and fibers beside them.
function scenes.outside(host)
  host.say("page", assert(host.client:runs():list { limit = 3 }).count)
  local both = assert(apify.map({ 1, 2 }, function(n)
    apify.sleep(0.01)
    return host.client:run(host.run_id):get() and n
  end))
  host.say("fibers", both[1] + both[2])
  host.say("fiber", apify.spawn(function() return assert(host.client:run(host.run_id):get()).status end):wait())
  host.say("error", kind_of(host.client:run("nothing"):get()))
  host.say("slept", apify.sleep(0.01))
end

--- A call of 500 ms outside of all fibers, of a host that can go on meanwhile.
function scenes.outside_on_time(host)
  local said = host.watch()
  host.say(assert(host.client:run(host.run_id):get()).status)
  said()
end

--- A user's own generator asks for something; what it yields is what the user sees.
function scenes.generator(host)
  host.say("outside", generated(host))
  host.enter(function()
    host.say("inside", generated(host))
    host.say("in a fiber", apify.spawn(function() return generated(host) end):wait())
  end)
end

--- An error object leaves a fiber that nobody waits for.
function scenes.crash(host)
  host.enter(function()
    local is_over = false
    apify.spawn(function()
      local _, err = host.client:run("nothing"):get()
      is_over = true
      error(err)
    end)
    repeat assert(apify.sleep(0.01)) until is_over
    collectgarbage()
    collectgarbage()
    host.say("later", assert(host.client:run(host.run_id):get()).status)
  end)
end

--- Fibers in fibers.
function scenes.nested(host)
  local function branch(depth)
    local status = assert(host.client:run(host.run_id):get()).status
    if depth == 0 then return status end
    local results = assert(apify.map({ 1, 2 }, function() return branch(depth - 1) end))
    return results[1] .. results[2]
  end
  host.enter(function()
    host.say(apify.spawn(branch, 3):wait())
    host.say(branch(1))
  end)
end

--- A client is closed while others wait through it.
function scenes.close(host)
  host.enter(function()
    local client, waits = waiting_client(host)
    for _, path in ipairs { "waitForFinish", "hangs", "fails" } do host.until_journal(path, received(path, 1)) end
    client:close()
    for i = 1, 3 do host.say(kind_of(waits[i]:wait(5))) end
    host.until_journal("clients that have left", left("waitForFinish", 1))
    host.until_journal("clients that have left", left("hangs", 1))
    host.say("later", assert(host.client:run(host.run_id):get()).status)
  end)
end

--- An iterator with pages in flight is forgotten, and its client.
function scenes.collect(host)
  host.enter(function()
    do
      local client = apify.new { base_url = host.url, token = "apify_api_host" }
      local it = client:runs():iterate { chunk_size = 10 }
      assert(it:next())
      host.until_journal("pages", received("offset=[1-9]", 2))
      host.say("before", host.client:stats().in_flight)
    end
    collectgarbage()
    collectgarbage()
    host.say("after", host.client:stats().in_flight)
    host.until_journal("clients that have left", left("offset=[1-9]", 2))
    host.say("later", assert(host.client:run(host.run_id):get()).status)
  end)
end

-- Five requests that get no answer, and a wait for a run.
local function begin_work(host)
  for _ = 1, 5 do
    apify.spawn(function() host.say(kind_of(host.client:actor("someone~hangs"):runs():list())) end)
  end
  apify.spawn(function() host.say(kind_of(host.client:run(os.getenv "ENDLESS_ID"):wait_for_finish())) end)
end

--- The program ends in the middle of its work, in a way that closes the Lua state.
function scenes.exit(host)
  host.enter(function()
    begin_work(host)
    host.until_journal("requests", received("hangs", 5))
    host.say("bye", host.now())
    host.exit()
  end)
end

--- The program comes to its end, the loop has not run.
function scenes.fall_off(host)
  begin_work(host)
  host.say("bye", host.now())
end

return scenes
