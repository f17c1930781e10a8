--- Rare courses of events, each of which went wrong once.
local apify = require "apify"
local server = require "spec.local_api.server"

describe("at the edges,", function()
  local s

  setup(function() s = server.start() end)
  teardown(function() s:stop() end)
  before_each(function() s:admin("reset", { count = 250 }) end)

  local function new(o)
    o = o or {}
    o.base_url, o.token = s.url, "apify_api_edges"
    o.min_delay_between_retries = o.min_delay_between_retries or 0.01
    return apify.new(o)
  end

  local function misuse(call)
    local ok, text = pcall(call)
    assert.is_false(ok)
    return text
  end

  it("pages hands out the rows before a failure first, then tells the failure, then goes on", function()
    s:faults { match = { path = "/runs$", query = "offset=0", first = 1 }, action = { cut = { after_bytes = 5000 } } }
    local client = new { max_retries = 0 }
    local it = client:actor("janedoe~my-actor"):runs():iterate { prefetch = 1 }
    local next_page, count, failures = it:pages(), 0, 0
    for _ = 1, 10 do
      local ok, page = pcall(next_page)
      if not ok then failures = failures + 1
      elseif page then count = count + page.count
      else break end
      assert.equal(count, it:progress().delivered)
    end
    assert.same({ 250, 1 }, { count, failures })
  end)

  it("a list that is paged by a cursor ends with an error instead of never", function()
    local body = '{"data":{"items":[{"key":"a"},{"key":"b"}],"limit":1000,"isTruncated":true,"nextExclusiveStartKey":"b"}}'
    s:faults { match = { path = "/keys$" }, action = { status = { code = 200, body = body } } }
    local rows, err = new():iterate({ path = "/key-value-stores/x/keys" }):collect()
    assert.is_nil(rows)
    assert.equal(2, #err.partial)
    assert.same({ "decode", true }, { err.kind, err.message:find("cursor (nextExclusiveStartKey)", 1, true) ~= nil })
    assert.equal(1, #s:log().requests)
  end)

  it("a list that says neither its total nor where a page begins ends when nothing new comes", function()
    s:faults { match = { path = "/things$" }, action = { status = { code = 200, body = '{"data":{"items":[{"id":"a"},{"id":"b"}]}}' } } }
    assert.equal(2, #assert(new():iterate({ path = "/things" }):collect()))
    assert.equal(2, #s:log().requests)
  end)

  it("limit holds when a page has more rows than were asked for", function()
    local rows = {}
    for i = 1, 30 do rows[i] = ('{"id":"r%02d","startedAt":"2025-01-01T00:00:%02d.000Z"}'):format(i, i) end
    local body = '{"data":{"total":30,"offset":0,"limit":1000,"desc":false,"count":30,"items":[' .. table.concat(rows, ",") .. "]}}"
    s:faults { match = { path = "/runs$" }, action = { status = { code = 200, body = body } } }
    assert.equal(7, #assert(new():actor("x"):runs():iterate({ limit = 7 }):collect()))
  end)

  it("closing an iterator ends the wait of a fiber in it", function()
    s:faults { match = { path = "/runs$" }, action = { hang = {} } }
    local it = new():actor("janedoe~my-actor"):runs():iterate {}
    local fiber = apify.spawn(function() return "row", it:next() end)
    apify.sleep(0.05)
    it:close()
    local first, row, err = fiber:wait(5)
    assert.same({ "row" }, { first, row, err })
  end)

  it("two fibers may share what wait_each returns", function()
    local ids = s:admin("add_runs", { actor = "janedoe~my-actor", count = 4, schedule = { { 0, "RUNNING" }, { 0.2, "SUCCEEDED" } } }).ids
    local each, told = new():wait_each(ids), {}
    assert(apify.map({ 1, 2 }, function()
      for id in each do told[#told + 1] = id end
      return true
    end))
    table.sort(ids)
    table.sort(told)
    assert.same(ids, told)
  end)

  it("a hook that raises keeps close from nothing", function()
    s:faults { match = { path = "/runs$" }, action = { hang = {} } }
    local client = new { on_attempt = function() error "hook" end }
    local fibers = {}
    for i = 1, 3 do fibers[i] = apify.spawn(function() return client:actor("janedoe~my-actor"):runs():list() end) end
    apify.sleep(0.05)
    assert.equal(3, client:stats().in_flight)
    local ok, why = pcall(client.close, client)
    assert.is_false(ok)
    assert.truthy(why.cause:find("hook", 1, true))
    assert.equal(0, client:stats().in_flight)
    for _, fiber in ipairs(fibers) do assert.equal("closed", select(2, fiber:wait(5)).kind) end
  end)

  it("a run that was seen is unfinished when the time is over, whatever the last poll met", function()
    local id = s:admin("add_runs", { actor = "janedoe~my-actor", schedule = { { 0, "RUNNING" }, { 60, "SUCCEEDED" } } }).ids[1]
    s:faults { match = { path = id, after = 1 }, action = { status = { code = 503 } } }
    local run, err = new { min_delay_between_retries = 0.5 }:run(id):wait_for_finish { wait_secs = 1.2 }
    assert.is_nil(run)
    assert.same({ "unfinished", "RUNNING" }, { err.kind, err.run and err.run.status })
  end)

  it("tables that are no lists are not taken for empty ones", function()
    local client = new()
    for _, given in ipairs { { id = "x" }, client:runs():iterate(), { items = {} } } do
      assert.truthy(misuse(function() client:wait_all(given) end):find("wait_all", 1, true))
    end
    assert.truthy(misuse(function() apify.all { a = print } end):find("no list", 1, true))
    assert.truthy(misuse(function() apify.map({ a = 1 }, print) end):find("no list", 1, true))
    assert.same({}, client:wait_all(apify.array {}))
  end)

  it("numbers in a query are exact", function()
    s:faults { match = { path = "/x$" }, action = { status = { code = 200, body = "{}" } } }
    new():request { path = "/x", query = { a = 0.1 + 0.2, b = 2 ^ 53 } }
    assert.truthy(s:log().requests[1].path:find("a=0.30000000000000004&b=9007199254740992", 1, true))
  end)

  it("methods of an iterator called with a dot are told at the caller's line", function()
    local it = new():runs():iterate()
    for _, name in ipairs { "next", "pages", "collect", "progress", "bookmark", "close" } do
      assert.truthy(misuse(function() it[name]() end):find("^%S*edges_spec.lua:%d+: iterator:" .. name))
    end
    local each = new():wait_each { "x" }
    assert.truthy(misuse(function() each.next() end):find("^%S*edges_spec.lua:%d+: iterator:next"))
  end)

  it("an answer that is no object is an error of kind decode", function()
    for _, body in ipairs { "5", '"x"', "null", "false", '{"data":7}' } do
      s:faults { match = { path = "runs" }, action = { status = { code = 200, body = body } } }
      local run, err = new { max_retries = 0 }:run("x"):get()
      assert.same({ nil, "decode" }, { run, err.kind })
      local page, why = new { max_retries = 0 }:runs():list()
      assert.same({ nil, "decode" }, { page, why.kind })
    end
  end)

  it("every error of an iterator names the whole path", function()
    s:faults { match = { path = "runs" }, action = { hang = {} } }
    local _, err = new():runs():iterate({ deadline = 0.1 }):next()
    assert.same({ "timeout", "GET", "/v2/actor-runs" }, { err.kind, err.method, err.path })
  end)
end)
