--- Iterators in a fiber that was cancelled: the next step is an error, whatever rows are there already.
local apify = require "apify"
local core = require "apify.core"
local loop = require "apify.loop"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ACTOR = "janedoe~my-actor"
local COUNT = 200

local s = testbed.local_api(false)
local client, id

setup(function()
  s:admin("reset", { count = COUNT })
  client = testbed.client(s)
  id = waiting.add(s)
  s:admin("seed_items", { run = id, count = COUNT })
  local run, lines = client:run(id), {}
  for n = 1, 20 do assert(run:key_value_store():set_record("key" .. n, n)) end
  for n = 1, 20 do assert(run:request_queue():add_request("http://x.test/" .. n)) end
  for n = 1, COUNT do lines[n] = "line " .. n end
  s:admin("set_log", { run = id, text = table.concat(lines, "\n") })
end)

after_each(function() assert.equal(0, loop.cancelled.count) end)          -- the fibers are over

local function is_cancelled(err)
  return apify.is_error(err) and err.kind == "cancelled"
end

--- Call fn(cancel) in a fiber that `cancel` cancels.
local function in_fiber(fn)
  local fiber
  fiber = apify.spawn(function()
    assert(apify.sleep(0))
    return fn(function() fiber:cancel() end)
  end)
  return fiber:wait()
end

local ITERATORS = {
  runs = function() return (client:actor(ACTOR):runs():iterate { chunk_size = 50 }) end,
  ["runs, picked"] = function() return (client:actor(ACTOR):runs():iterate { pick = { "status" } }) end,
  items = function() return (client:run(id):dataset():iterate_items()) end,
  keys = function() return (client:run(id):key_value_store():iterate_keys()) end,
  requests = function() return (client:run(id):request_queue():iterate_requests()) end,
  lines = function() return (client:run(id):log():lines()) end,
}

describe("the next step in a cancelled fiber", function()
  for name, make in pairs(ITERATORS) do
    it("is an error of kind cancelled, each time, though rows are there: " .. name, function()
      local it = make()
      in_fiber(function(cancel)
        for _ = 1, 3 do assert(it:next()) end
        cancel()
        for _ = 1, 2 do
          local row, err = it:next()
          assert.is_nil(row)
          assert.is_true(is_cancelled(err))
        end
        local ok, err = pcall(it)
        assert.is_false(ok)
        assert.is_true(is_cancelled(err))
      end)
      it:close()
    end)

    it("leaves the rows to others, once each: " .. name, function()
      local all, it, rows = {}, make(), {}
      for row in make() do all[#all + 1] = row end
      in_fiber(function(cancel)
        for _ = 1, 3 do rows[#rows + 1] = assert(it:next()) end
        cancel()
        assert.is_nil((it:next()))
      end)
      for row in it do rows[#rows + 1] = row end
      assert.same(all, rows)
    end)
  end

  for name, send in pairs {
    ["items to push"] = function(values) return client:run(id):dataset():push_items(values) end,
    ["requests to add"] = function(values) return client:run(id):request_queue():batch_add_requests(values) end,
  } do
    it("is not asked of an iterator of the caller's: " .. name, function()
      local pulled = 0
      local ok, err = in_fiber(function(cancel)
        return send(function()
          pulled = pulled + 1
          if pulled == 3 then cancel() end
          if pulled < 1000 then return { url = "http://y.test/" .. pulled } end
        end)
      end)
      assert.is_nil(ok)
      assert.is_true(is_cancelled(err))
      assert.same({ 3, 0 }, { pulled, err.pushed or #err.partial })
    end)
  end

  it("is one of a log's chunks, of a watch, and of waiting for runs", function()
    for _, make in ipairs {
      function() return (client:run(id):log():stream()) end, function() return (client:run(id):watch { interval = 0.01 }) end,
    } do
      local it = make()
      in_fiber(function(cancel)
        assert(it:next())
        cancel()
        assert.is_true(is_cancelled(select(2, it:next())))
      end)
      it:close()
    end
    local ids = { waiting.add(s, 0), waiting.add(s, 0) }
    local it = client:wait_each(ids)
    in_fiber(function(cancel)
      assert(it:next())
      cancel()
      assert.is_true(is_cancelled(select(3, it:next())))
    end)
    assert(it:next())
    it:close()
  end)

  it("is one of pages, too, in the middle of a page, whose rows are left to others and to a bookmark", function()
    local fiber, mark, it
    local function decode(text)                            -- the user's own
      local row = assert(core.decode(text))
      if row.n == 60 and fiber and not mark then
        mark = it:bookmark()
        fiber:cancel()
      end
      return row
    end
    local json = { decode = decode, encode = core.encode }
    it = testbed.client(s, { json = json }):run(id):dataset():iterate_items { chunk_size = 50 }
    local next_page = it:pages()
    fiber = apify.spawn(function()
      assert(apify.sleep(0))
      assert.equal(50, next_page().count)
      return pcall(next_page)
    end)
    local ok, err = fiber:wait()
    assert.is_false(ok)
    assert.is_true(is_cancelled(err))
    local rows = assert(client:run(id):dataset():iterate_items({ bookmark = mark }):collect())
    assert.same({ COUNT - 50, 50 }, { #rows, rows[1].n })
    assert.equal(mark, it:bookmark())
    local count = 50
    for page in next_page do
      for i, row in ipairs(page.items) do assert.equal(count + i - 1, row.n) end
      count = count + page.count
    end
    assert.equal(COUNT, count)
  end)

  it("is none in a fiber that goes on beside it, with the same iterator", function()
    local it, seen, is_over = ITERATORS.items(), {}, false
    local function take(row) seen[row.n] = (seen[row.n] or 0) + 1 end
    local lazy
    lazy = apify.spawn(function()
      for _ = 1, 10 do take(assert(it:next())) end
      lazy:cancel()
      local refused = 0
      while not is_over do                                              -- it does not end because it was cancelled
        if is_cancelled(select(2, it:next())) then refused = refused + 1 end
        coroutine.yield()
      end
      return refused
    end)
    local others = apify.all {
      function()
        for row in it do
          take(row)
          assert(apify.sleep(0))
        end
        return true
      end,
    }
    is_over = true
    assert.is_true(others[1])
    assert.is_true(lazy:wait() > 0)
    for n = 0, COUNT - 1 do assert.equal(1, seen[n], n) end
  end)

  it("leaves a request alone that another fiber waits for", function()
    s:log(true)
    s:faults { match = { path = "/items" }, action = { delay = 0.3 } }
    local it = ITERATORS.items()
    local first = apify.spawn(function() return it:next() end)
    local second = apify.spawn(function() return it:next() end)
    waiting.until_open(s, 1)
    first:cancel()
    assert.is_true(is_cancelled(select(2, first:wait())))
    assert.equal(0, assert(second:wait()).n)
    assert.equal(1, #s:log().requests)
    s:faults()
    it:close()
  end)

  it("is none in a coroutine of the program's own", function()
    local stay = true
    local lazy
    lazy = apify.spawn(function()
      while stay do coroutine.yield() end
    end)
    lazy:cancel()
    local it = ITERATORS.items()
    local own = coroutine.wrap(function()
      local count = 0
      for _ in it do count = count + 1 end
      return count
    end)
    assert.equal(COUNT, own())
    stay = false
    lazy:wait()
  end)

  it("leaves an answer that cannot be asked for again to others", function()
    s:admin("behaviour", { actor = ACTOR, items = 20 })
    local it = client:actor(ACTOR):run_sync_iterate_items()
    in_fiber(function(cancel)
      assert(it:next())
      cancel()
      assert.is_true(is_cancelled(select(2, it:next())))
    end)
    assert.equal(19, #assert(it:collect()))
  end)
end)
