--- What `iterate` gives, by its options and methods.
local apify = require "apify"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"

describe("iterate", function()
  local s = testbed.local_api { count = 250, statuses = { "SUCCEEDED", "FAILED", "ABORTED" } }
  local client, runs

  setup(function()
    client = testbed.client(s)
    runs = client:actor(ACTOR):runs()
  end)
  local function ids(options)
    options = options or {}
    options.actor = ACTOR
    return s:admin("ids", options).ids
  end

  local function slice(list, first, last)
    local part = {}
    for i = first, math.min(last, #list) do part[#part + 1] = list[i] end
    return part
  end

  local function gathered(it)
    local list = {}
    for run in it do list[#list + 1] = run.id end
    return list
  end

  local function iterated(options) return gathered((runs:iterate(options))) end

  --- offset and limit of each list request
  local function requests()
    local list = {}
    for i, request in ipairs(s:log().requests) do
      list[i] = { tonumber(request.path:match "offset=(%d+)"), tonumber(request.path:match "limit=(%d+)") }
    end
    return list
  end

  it("gives every run of an Actor in the order of the list", function()
    assert.same(ids(), iterated())
  end)

  it("gives the runs of a task and of the account too", function()
    assert.same(s:admin("ids", { task = "janedoe~my-task" }).ids, gathered(client:task("janedoe~my-task"):runs():iterate()))
    assert.same(s:admin("ids").ids, gathered(client:runs():iterate()))
  end)

  it("sends nothing before its first step", function()
    local it = runs:iterate()
    it:progress()
    it:bookmark()
    it:close()
    assert.equal(0, #s:log().requests)
  end)

  it("is used in a for without more, and returns what a for closes", function()
    local it, state, control, closing = runs:iterate()
    assert.is_nil(state)
    assert.is_nil(control)
    assert.equal(it, closing)
    local count = 0
    for _ in runs:iterate() do count = count + 1 end
    assert.equal(250, count)
  end)

  it("gives no more than `limit` and asks for no more", function()
    assert.same(slice(ids(), 1, 25), iterated { limit = 25, chunk_size = 10 })
    assert.same({ { 0, 10 }, { 9, 11 }, { 19, 6 } }, requests())
  end)

  it("asks for pages of `chunk_size`, each with the last row of the one before", function()
    assert.same(ids(), iterated { chunk_size = 100 })
    assert.same({ { 0, 100 }, { 99, 101 }, { 199, 101 } }, requests())
  end)

  it("begins at `offset`", function()
    assert.same(slice(ids(), 241, 250), iterated { offset = 240 })
    assert.same({}, iterated { offset = 1000 })
  end)

  it("gives the newest first when `desc`", function()
    assert.same(ids { desc = true }, iterated { desc = true, chunk_size = 100 })
    assert.same(ids(), iterated { desc = false, chunk_size = 100 })
  end)

  it("gives the runs of one status, or of several", function()
    assert.same(ids { status = "FAILED" }, iterated { status = "FAILED", chunk_size = 50 })
    assert.equal(#ids { status = "FAILED" } + #ids { status = "ABORTED" }, #iterated { status = { "FAILED", "ABORTED" } })
  end)

  it("gives the runs that started between two dates, both included", function()
    local all = assert(runs:iterate():collect())
    local after, before = all[11].startedAt, all[20].startedAt
    assert.same(slice(ids(), 11, 20), iterated { started_after = after, started_before = before })
    assert.same(slice(ids(), 11, 250), iterated { started_after = apify.time(after) })
  end)

  it("builds only the fields of `pick`", function()
    local run = runs:iterate({ pick = { "id", "status" } }):next()
    assert.same({ id = ids()[1], status = run.status }, run)
    assert.is_string(run.status)
  end)

  it("knows runs by their ids without showing what `pick` leaves out", function()
    local it, count = runs:iterate { pick = { "status" }, chunk_size = 100 }, 0
    for run in it do
      count = count + 1
      assert.same({ status = run.status }, run)
    end
    assert.equal(250, count)
  end)

  it("reads the whole error of the API whatever `pick` asks for", function()
    local _, err = client:actor("nobody~nothing"):runs():iterate({ pick = { "id" } }):next()
    assert.same({ "actor-not-found", "Actor was not found" }, { err.type, err.message })
  end)

  it("gives one value a step", function()
    local it = runs:iterate()
    assert.equal(1, select("#", it()))
    assert.equal(1, select("#", it:next()))
  end)

  it("gives nil at the end, as often as it is asked", function()
    local it = runs:iterate { limit = 1 }
    assert.is_table(it:next())
    for _ = 1, 3 do assert.same({ nil, nil }, { it:next() }) end
    assert.is_nil(it())
  end)

  it("gives pages", function()
    local list, pages = {}, {}
    for page in runs:iterate({ chunk_size = 100, desc = true, limit = 210 }):pages() do
      pages[#pages + 1] = { page.offset, page.count, page.total, page.desc }
      assert.equal(page.count, #page.items)
      for _, run in ipairs(page.items) do list[#list + 1] = run.id end
    end
    assert.same({ { 0, 100, 250, true }, { 100, 100, 250, true }, { 200, 10, 250, true } }, pages)
    assert.same(slice(ids { desc = true }, 1, 210), list)
  end)

  it("gives the pages of an empty list: none", function()
    assert.is_nil(runs:iterate({ offset = 1000 }):pages()())
  end)

  it("collects what is left", function()
    local it = runs:iterate { chunk_size = 100 }
    it:next()
    assert.equal(249, #assert(it:collect()))
    assert.same({}, it:collect())
  end)

  it("tells its progress", function()
    local it = runs:iterate { chunk_size = 10, prefetch = 3 }
    assert.same({ delivered = 0, offset = 0, pages_in_flight = 0, requests = 0, is_done = false }, it:progress())
    for _ = 1, 5 do it:next() end
    assert.same({ delivered = 5, total = 250, offset = 5, pages_in_flight = 3, requests = 3, is_done = false }, it:progress())
    it:collect()
    local last = it:progress()
    assert.same({ 250, 250, 0, true }, { last.delivered, last.offset, last.pages_in_flight, last.is_done })
  end)

  it("says what it is", function()
    assert.equal("apify.Iterator: /acts/janedoe~my-actor/runs, 0 rows delivered", tostring((runs:iterate())))
  end)

  it("goes on with new runs when `follow` is set", function()
    local it = runs:iterate { offset = 248, follow = true, poll_secs = 0.05, chunk_size = 10 }
    local got = { it:next().id, it:next().id }
    for _ = 1, 2 do
      local new = s:admin("add_runs", { count = 12, spacing_secs = 0.001 }).ids
      for _ = 1, 12 do got[#got + 1] = it:next().id end
      assert.same(new, slice(got, #got - 11, #got))
    end
    assert.same(slice(ids(), 249, 274), got)
    assert.is_false(it:progress().is_done)
    it:close()
    assert.is_nil(it:next())
  end)

  it("follows no further than the limit, and an empty list from its first run", function()
    s:admin("reset", { count = 0 })
    local it = runs:iterate { follow = true, poll_secs = 0.05, limit = 2 }
    local new
    local feeder = apify.spawn(function()
      apify.sleep(0.12)
      new = s:admin("add_runs", { count = 3, spacing_secs = 0.001 }).ids
    end)
    assert.same(slice({ it:next().id, it:next().id, it:next() }, 1, 2), slice(new, 1, 2))
    feeder:wait()
    assert.is_true(it:progress().is_done)
  end)

  describe("with a bookmark", function()
    local function bookmark_after(count, options)
      local it = runs:iterate(options)
      for _ = 1, count do it:next() end
      local s1 = it:bookmark()
      it:close()
      assert.equal(s1, it:bookmark())
      return s1
    end

    it("goes on behind the last delivered run, wherever that was", function()
      for _, count in ipairs { 0, 1, 9, 10, 99, 100, 101, 249, 250 } do
        local rest = iterated { bookmark = bookmark_after(count, { chunk_size = 100 }), chunk_size = 70 }
        assert.same(slice(ids(), count + 1, 250), rest)
      end
    end)

    it("keeps filters, order and what is left of the limit", function()
      local options = { status = "FAILED", desc = true, limit = 30, chunk_size = 10 }
      local rest = iterated { bookmark = bookmark_after(12, options) }
      assert.same(slice(ids { status = "FAILED", desc = true }, 13, 30), rest)
    end)

    it("finds its place after the list has moved", function()
      local mark = bookmark_after(100, { chunk_size = 100 })
      local all = ids()
      s:admin("remove", { ids = slice(all, 1, 60) })
      assert.same(slice(all, 101, 250), iterated { bookmark = mark })
    end)

    it("goes on in another process", function()
      local text = ([[
        local apify = require "apify"
        local client = apify.new { base_url = %q }
        for run in client:actor(%q):runs():iterate { bookmark = %q } do io.write(run.id, "\n") end]]):format(s.url, ACTOR,
        bookmark_after(240))
      local output, list = program.run_code(text), {}
      for line in output:gmatch "[^\n]+" do list[#list + 1] = line end
      assert.same(slice(ids(), 241, 250), list)
    end)

    it("counts the runs before it as delivered, over several of them", function()
      local mark = bookmark_after(40, { limit = 60 })
      local it = runs:iterate { bookmark = mark }
      assert.equal(40, it:progress().delivered)
      for _ = 1, 10 do it:next() end
      assert.same({ 50, 250 }, { it:progress().delivered, it:progress().total })
      local rest = runs:iterate { bookmark = it:bookmark(), limit = 20 }
      assert.equal(20, #rest:collect())
      assert.equal(70, rest:progress().delivered)
    end)

    it("holds no token", function()
      assert.is_nil(bookmark_after(5):find("apify_api_test", 1, true))
    end)

    it("takes the same filters beside it", function()
      local mark = bookmark_after(5, { status = "FAILED", desc = true })
      assert.equal(#ids { status = "FAILED" } - 5, #iterated { bookmark = mark, status = "FAILED" })
      assert.equal(2, #iterated { bookmark = mark, desc = true, limit = 2 })
    end)

    it("refuses what it was not taken with, and sends nothing", function()
      local mark = bookmark_after(5, { status = "FAILED" })
      s:log(true)
      local function refused(text, fn, ...)
        local ok, err = pcall(fn, ...)
        assert.is_false(ok)
        assert.is_truthy(err:find("iterator_spec.lua:%d+: bad option '") and err:find(text, 1, true), err)
      end
      local wrong = {
        { "other filters", { bookmark = mark, status = "SUCCEEDED" } },
        { "other filters", { bookmark = mark, desc = true } },
        { "other filters", { bookmark = bookmark_after(0, { desc = true }), desc = false } },
        { "'offset'", { bookmark = mark, offset = 5 } },
        { "it is damaged", { bookmark = mark:gsub("FAILED", "ABORTED") } },
        { "it is damaged", { bookmark = mark:sub(1, -2) } },
        { "it is not a bookmark", { bookmark = "x" } },
      }
      for _, row in ipairs(wrong) do refused(row[1], function() return runs:iterate(row[2]) end) end
      refused("it belongs to /acts/janedoe~my-actor/runs, not to /actor-runs", function() return client:runs():iterate { bookmark = mark } end)
      assert.equal(0, #s:log().requests)
    end)
  end)
end)
