--- A hook of the user's never costs an answer: what it raises is raised after the answer was kept, and with it.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"

local api = testbed.local_api { count = 10 }
local client

describe("an on_attempt hook that raises", function()
  local foreign

  before_each(function()
    api:admin("behaviour", { schedule = { { 0, "RUNNING" }, { 0.1, "SUCCEEDED" } }, items = 3, log_lines = 3 })
    foreign = setmetatable({}, { __tostring = function() error "no text" end })
    client = testbed.client(api, { on_attempt = function() error(foreign, 0) end })
  end)

  -- The error that the call raises.
  local function raised(fn, ...)
    local ok, err = pcall(fn, ...)
    assert.is_false(ok)
    assert.is_true(apify.is_error(err), tostring(err))
    return err
  end

  it("does not cost a start its run", function()
    local actor = client:actor(ACTOR)
    local err = raised(actor.start, actor, {})
    assert.same({ "io", foreign, true, "POST", 1 }, { err.kind, err.cause, err.sent, err.method, err.attempts })
    assert.equal(api:admin("starts").ids[1], err.run.id)
    assert.equal(err.run, err.value)
  end)

  it("does not cost a call its run, while it is started or waited for", function()
    local actor = client:actor(ACTOR)
    local id = raised(actor.call, actor, {}).run.id
    assert.equal(api:admin("starts").ids[1], id)
    local count = 0
    client = client:with { on_attempt = function()
      count = count + 1
      if count == 2 then error(foreign, 0) end
    end }
    actor = client:actor(ACTOR)
    assert.not_equal(id, raised(actor.call, actor, {}).run.id)
    assert.equal(2, api:admin("starts").count)
  end)

  it("gets the fields of its own apify.Error", function()
    local own = select(2, client:with({ on_attempt = function() end }):run("none"):get())
    client = client:with { on_attempt = function() error(own, 0) end }
    local actor = client:actor(ACTOR)
    assert.equal(own, raised(actor.start, actor, {}))
    assert.equal(api:admin("starts").ids[1], own.run.id)
  end)

  it("says that a start may be there when its answer was lost", function()
    api:faults { match = { method = "POST" }, action = { close_before_answer = { act = true } } }
    local actor = client:actor(ACTOR)
    local err = raised(actor.start, actor, {})
    assert.is_nil(err.run)
    assert.is_true(err.sent)
  end)

  it("does not cost a push what is known of it", function()
    local dataset = client:dataset(assert(client:with({ on_attempt = function() end }):datasets():get_or_create "x").id)
    local err = raised(dataset.push_items, dataset, { { n = 1 }, { n = 2 } })
    assert.equal(2, err.pushed)
    assert.is_nil(err.in_doubt)
    api:faults { match = { method = "POST" }, action = { close_before_answer = { act = true } } }
    err = raised(dataset.push_items, dataset, { { n = 1 }, { n = 2 } })
    assert.same({ 0, { 1, 2 } }, { err.pushed, err.in_doubt })
  end)

  it("does not cost a deletion what is known of it", function()
    local id = assert(client:with({ on_attempt = function() end }):datasets():get_or_create "x").id
    api:faults { match = { method = "DELETE", first = 1 }, action = { status = { code = 500, act = true } } }
    local dataset = client:with({ on_attempt = function(attempt)
      if attempt.status == 404 then error(foreign, 0) end
    end }):dataset(id)
    local err = raised(dataset.delete, dataset)
    assert.same({ foreign, true, 2 }, { err.cause, err.value, err.attempts })
    assert.is_nil(raised(dataset.delete, dataset).value)                  -- it was not there
  end)

  it("does not cost a wait the run, nor a wait for all those that have ended", function()
    local ids = api:admin("ids", { actor = ACTOR }).ids
    local run = client:run(ids[1])
    local err = raised(run.wait_for_finish, run)
    assert.equal(ids[1], err.run.id)
    assert.equal(err.run, err.value)
    err = raised(client.wait_all, client, ids)
    assert.truthy(next(err.partial))
    for i, ended in pairs(err.partial) do assert.equal(ids[i], ended.id) end       -- perhaps several were there at once
  end)

  it("does not cost a wait for each a run", function()
    local ids, seen = api:admin("ids", { actor = ACTOR }).ids, {}
    local it = client:wait_each(ids, { max_parallel = 3 })
    local raises = 0
    while true do
      local ok, id, run, err = pcall(it.next, it)
      if not ok then
        raises = raises + 1
      elseif id == nil then
        assert.is_nil(err)
        break
      else
        seen[#seen + 1] = run.id
      end
    end
    table.sort(ids)
    table.sort(seen)
    assert.same(ids, seen)
    assert.equal(10, raises)
  end)

  for name, iterate in pairs {
    ["an iteration of runs"] = function(c) return c:actor(ACTOR):runs():iterate { chunk_size = 3 } end,
    ["one whose pages break off"] = function(c)
      api:faults { match = { path = "/runs$", nth = 2 }, action = { cut = { after_bytes = 1000 } } }
      return c:actor(ACTOR):runs():iterate { chunk_size = 3 }
    end,
  } do
    it("does not cost " .. name .. " a row", function()
      local it, seen, raises = iterate(client), {}, 0
      while true do
        local ok, row, err = pcall(it.next, it)
        if ok and row == nil then
          if not err then break end
        elseif ok then
          seen[#seen + 1] = row.id
        else
          raises = raises + 1
        end
        assert.is_true(raises < 100)
      end
      assert.is_true(raises > 0)
      assert.same(api:admin("ids", { actor = ACTOR }).ids, seen)
    end)
  end

  it("leaves no page of an iteration that is closed under way", function()
    api:faults { match = { path = "/runs$", after = 1 }, action = { hang = {} } }
    local is_over = false
    client = client:with { on_attempt = function() if is_over then error(foreign, 0) end end }
    local it = client:actor(ACTOR):runs():iterate { chunk_size = 2, prefetch = 4 }
    assert(it:next())
    repeat apify.sleep(0.01) until api:log().counters.requests == 4
    is_over = true
    assert.equal(foreign, raised(it.close, it).cause)
    assert.equal(0, client:stats().in_flight)
    it:close()
  end)

  it("does not cost a download its file, nor its bytes", function()
    local id = api:admin("ids", { actor = ACTOR }).ids[1]
    local log = client:run(id):log()
    local path = os.tmpname()
    local err = raised(log.download, log, path)
    local file = assert(io.open(path))
    local text = file:read "*a"
    file:close()
    os.remove(path)
    assert.is_true(err.value)
    assert.is_true(#text > 0)
    assert.equal(text, raised(log.download, log).value)
    assert.equal(text, raised(log.get, log).value)
  end)

  it("does not cost a record, an object or a deletion its answer", function()
    local id = api:admin("ids", { actor = ACTOR }).ids[1]
    local run = client:run(id)
    local store = run:key_value_store()
    assert.equal(id, raised(run.get, run).value.id)
    assert.equal("INPUT", raised(store.get_record, store, "INPUT").value.key)
    assert.is_true(raised(store.set_record, store, "x", { 1 }).value)
    assert.is_true(raised(store.delete_record, store, "x").value)
  end)
end)

describe("an on_attempt hook that closes its client", function()
  before_each(function() client = testbed.client(api, { on_attempt = function() client:close() end }) end)

  it("ends an iteration after the page that it heard of", function()
    local it = client:actor(ACTOR):runs():iterate { chunk_size = 3, prefetch = 2 }
    local count = 0
    local row, err = it:next()
    while row do
      count = count + 1
      row, err = it:next()
    end
    assert.same({ 3, "closed" }, { count, err and err.kind })
  end)

  it("ends a call where it was redirected", function()
    api:faults { match = { path = "/actor%-runs/", first = 1 }, action = { redirect = { location = "{other}{path}" } } }
    local run, err = client:run(api:admin("ids").ids[1]):get()
    assert.same({ nil, "closed" }, { run, err and err.kind })
  end)
end)

describe("an on_attempt hook that yields out of a coroutine of the program's own", function()
  it("stands in nobody else's way, and its call goes on", function()
    client = testbed.client(api, { on_attempt = function() coroutine.yield "hook" end })
    local listing = coroutine.wrap(function() return client:runs():list { limit = 1 } end)
    assert.equal("hook", listing())
    assert.equal(10, assert(testbed.client(api):runs():list()).total)
    assert.equal("still", coroutine.wrap(function() return apify.sleep(0) and "still" end)())
    assert.equal(1, #listing().items)
  end)
end)

describe("an on_attempt hook that waits in a coroutine of its own", function()
  it("is refused, wherever its caller is", function()
    local told
    client = testbed.client(api, {
      on_attempt = function() told = select(2, coroutine.wrap(function() return apify.sleep(0.01) end)()) end,
    })
    local function list() return assert(client:runs():list { limit = 1 }) end
    local ways = { list, function() return coroutine.wrap(list)() end, function() return apify.spawn(list):wait() end }
    for i, way in ipairs(ways) do
      told = nil
      assert.equal(1, #way().items)
      assert.same({ i, "context" }, { i, told and told.kind })
    end
    assert.is_true(apify.sleep(0))
  end)
end)
