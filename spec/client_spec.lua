--- The client: options, statistics, the hook, closing, and what is sent once.
local apify = require "apify"
local child = require "spec.support.child"
local testbed = require "spec.support.testbed"

local s = testbed.local_api()
local client

setup(function() client = testbed.client(s) end)

local function misuse(call)
  local ok, text = pcall(call)
  assert.is_false(ok)
  return text
end

describe("apify.new", function()
  local BAD = {
    allow_http = "yes", base_url = "api.apify.com", headers = "X-A: 1", ca_file = "", connect_timeout = 0, max_body_size = 0,
    max_connections = 0,
    max_retries = -1, min_delay_between_retries = -1, nulls = "drop", on_attempt = true, prefetch = 0, proxy = true, public_base_url = "x",
    request_timeout = 0, retry_unsafe = 1, stall_timeout = "1", token = 5, user_agent_suffix = 5,
  }
  for name, value in pairs(BAD) do
    it("refuses a bad " .. name .. " by name", function()
      local text = misuse(function() apify.new { [name] = value } end)
      assert.truthy(text:find("client_spec.lua:%d+: .*" .. name), text)
    end)
  end

  it("refuses options that it does not have, and what is no table", function()
    assert.truthy(misuse(function() apify.new { tokn = "x" } end):find("did you mean 'token'", 1, true))
    misuse(function() apify.new "x" end)
  end)

  it("knows lua-cjson by its name, and says where it comes from when it is not there", function()
    local code = [[
      local apify = require "apify"
      %s
      local is_made, made = pcall(apify.new, { json = "cjson" })
      io.write(is_made and tostring(made.settings.json == require "cjson") or made)]]
    assert.equal("true", (child.run(code:format "")))
    assert.truthy(child.run(code:format 'package.path, package.cpath = "", ""'):find(
      "option json = \"cjson\": module 'cjson' not found (it comes with `luarocks install lua-cjson`", 1, true))
    assert.truthy(misuse(function() apify.new { json = "dkjson" } end):find("expected \"cjson\", or a table with", 1, true))
  end)

  it("copies its options", function()
    local o = { base_url = s.url }
    local made = apify.new(o)
    o.base_url = "http://127.0.0.1:1"
    assert.truthy(made:runs():list {})
  end)

  it("takes token and address from the environment, unless they are given", function()
    local code = [[
      local apify = require "apify"
      local page, err = apify.new(%s):runs():list {}
      io.write(page and page.total or tostring(err))]]
    local env = { APIFY_TOKEN = "apify_api_fromenv", APIFY_API_BASE_URL = s.url }
    assert.equal("25", (child.run(code:format "", { env = env })))
    assert.equal("25", (child.run(code:format "{ token = false }", { env = env })))
    assert.equal("25", (child.run(code:format(("{ base_url = %q }"):format(s.other_url .. "/v2/")), { env = env })))
    local log = s:log().requests
    assert.same({ true, false, true }, { log[1].authorization, log[2].authorization, log[3].authorization })
    assert.equal("other", log[3].server)
    local output, status = child.run(code:format "", { env = { APIFY_API_BASE_URL = "nonsense" } })
    assert.equal(1, status)
    assert.truthy(output:find("environment variable APIFY_API_BASE_URL", 1, true), output)
  end)

  it("makes public URLs by the environment's public address, where its own address is used too", function()
    local run = assert(require("apify").new({ base_url = s.url }):run(s:admin("ids").ids[1]):get())
    local code = ([[
      local url = require("apify").new(%%s):dataset(%q):create_items_public_url()
      io.write(url:match "^https?://[^/]*")]]):format(run.defaultDatasetId)
    local env = { APIFY_API_BASE_URL = s.url, APIFY_API_PUBLIC_BASE_URL = "https://api.example.com" }
    assert.equal("https://api.example.com", (child.run(code:format "", { env = env })))
    assert.equal(s.other_url, (child.run(code:format(("{ base_url = %q }"):format(s.other_url)), { env = env })))
    env.APIFY_API_PUBLIC_BASE_URL = "nonsense"
    assert.truthy(child.run(code:format "", { env = env }):find("environment variable APIFY_API_PUBLIC_BASE_URL", 1, true))
  end)

  it("sends the workflow that the environment names, unless a header of the user's does; one that is none raises", function()
    local code = [[require("apify").new(%s):runs():list {}]]
    local env = { APIFY_API_BASE_URL = s.url, APIFY_WORKFLOW_KEY = "wf-1" }
    child.run(code:format "", { env = env })
    child.run(code:format '{ headers = { ["x-apify-workflow-key"] = "wf-2" } }', { env = env })
    child.run(code:format "", { env = { APIFY_API_BASE_URL = s.url, APIFY_WORKFLOW_KEY = "" } })
    local seen = {}
    for i, request in ipairs(s:log().requests) do seen[i] = request.headers["x-apify-workflow-key"] or "none" end
    assert.same({ "wf-1", "wf-2", "none" }, seen)
    local output = child.run(code:format "", { env = { APIFY_WORKFLOW_KEY = "a b" } })
    assert.truthy(output:find("environment variable APIFY_WORKFLOW_KEY", 1, true), output)
  end)

  it("says who it is", function()
    client:with({ user_agent_suffix = "my-tool/1" }):runs():list {}
    local agent = s:log().requests[1].headers["user-agent"]
    assert.truthy(agent:find("^ApifyClient/%S+ %(linux; Lua.*%); isAtHome/false; my%-tool/1$"), agent)
  end)
end)

describe("client:with", function()
  it("gives other settings and keeps the rest", function()
    local other = client:with { max_retries = 0 }
    s:faults { action = { status = { code = 500 } } }
    local _, err = other:runs():list {}
    assert.equal(1, err.attempts)
    _, err = client:with({ max_retries = 1 }):runs():list {}
    assert.equal(2, err.attempts)
  end)

  it("keeps the token, changes it, or drops it", function()
    local with_token = client:with { token = "apify_api_a" }
    with_token:with({ prefetch = 1 }):runs():list {}
    with_token:with({ token = "apify_api_invalid" }):runs():list {}
    with_token:with({ token = false }):runs():list {}
    local log = s:log().requests
    assert.same({ true, true, false }, { log[1].authorization, log[2].authorization, log[3].authorization })
    assert.equal(401, log[2].status)
  end)
end)

describe("client:stats", function()
  it("counts calls, attempts, retries, failures, bytes and connections", function()
    local fresh = client:with {}
    assert.same({ calls = 0, attempts = 0, retries = 0, rate_limited = 0, errors = 0, bytes_wire = 0, bytes_decoded = 0,
      reused_connections = 0, in_flight = 0 }, fresh:stats())
    s:faults({ match = { first = 1 }, action = { status = { code = 429 } } }, { match = { path = "/none$" }, action = { status = { code = 404 } } })
    assert(fresh:runs():list {})
    fresh:run("none"):get()
    local stats = fresh:stats()
    assert.same({ 2, 3, 1, 1, 1 }, { stats.calls, stats.attempts, stats.retries, stats.rate_limited, stats.errors })
    assert.is_true(stats.bytes_decoded > stats.bytes_wire)           -- it came compressed
    assert.is_true(stats.reused_connections >= 2)
  end)

  it("counts a body that is not compressed too", function()
    local fresh = client:with {}
    s:faults { action = { status = { code = 200, body = '"' .. ("x"):rep(1000) .. '"' } } }
    fresh:request { path = "/x" }
    assert.equal(1002, fresh:stats().bytes_decoded)
  end)
end)

describe("on_attempt", function()
  it("is told of every attempt, in the caller's coroutine", function()
    local seen, where = {}, {}
    local hooked = client:with { on_attempt = function(a)
      seen[#seen + 1], where[#where + 1] = a, coroutine.running()
    end }
    s:faults { match = { first = 1 }, action = { status = { code = 503 } } }
    local co = coroutine.create(function() return hooked:runs():list {} end)
    assert(coroutine.resume(co))
    assert.equal("dead", coroutine.status(co))
    assert.equal(2, #seen)
    local first, second = seen[1], seen[2]
    assert.same({ "GET", "/v2/actor-runs", 503, 1, "1.1" }, { first.method, first.path, first.status, first.attempt, first.http_version })
    assert.same({ 503, "api" }, { first.error.status, first.error.kind })
    assert.same({ 200, 2, true }, { second.status, second.attempt, second.is_reused })
    assert.is_nil(second.error)
    assert.equal(first.error, second.cause)
    assert.is_true(second.bytes_decoded > 1000 and second.bytes_wire > 500)
    for _, name in ipairs { "namelookup", "connect", "appconnect", "pretransfer", "starttransfer", "total" } do
      assert.equal("number", type(second.times[name]))
    end
    assert.is_true(second.times.total > 0)
    assert.same({ co, co }, where)
  end)

  it("cannot wait: a call in it is refused", function()
    local errs = {}
    local hooked
    hooked = client:with { on_attempt = function()
      local _, err = hooked:runs():list {}
      errs[#errs + 1] = err.kind
    end }
    assert(hooked:runs():list {})
    assert.same({ "context" }, errs)
    assert.equal(1, #s:log().requests)
  end)

  it("that raises ends the call with its error, and leaves nothing behind", function()
    local hooked = client:with { on_attempt = function() error("mine", 0) end }
    local ok, err = pcall(function() return hooked:runs():list {} end)
    assert.same({ false, "io", "mine", "the on_attempt hook raised: mine", 1, false }, {
      ok, err.kind, err.cause, err.message, err.attempts, err.sent,
    })
    assert.equal(25, #err.value.items)
    collectgarbage()
    collectgarbage()
    assert.equal(0, client:stats().in_flight)
    assert(client:runs():list {})
  end)
end)

describe("client:close", function()
  it("refuses what comes later, and may be called twice", function()
    local other = client:with {}
    other:close()
    other:close()
    local value, err = other:runs():list {}
    assert.is_nil(value)
    assert.equal("closed", err.kind)
    assert.equal(0, #s:log().requests)
    assert(client:runs():list {})
  end)

  it("wakes what waits, and lets go of its transfers", function()
    s:faults { action = { hang = {} } }
    local other = client:with {}
    local fiber = apify.spawn(function() return other:runs():list {} end)
    local it = other:runs():iterate {}
    local walker = apify.spawn(function() return it:next() end)
    apify.sleep(0.05)
    assert.equal(2, other:stats().in_flight)
    other:close()
    assert.equal(0, other:stats().in_flight)
    for _, waiting in ipairs { fiber, walker } do
      local value, err = waiting:wait(1)
      assert.is_nil(value)
      assert.same({ "closed", false }, { err.kind, err.sent or false })
    end
    local _, err = it:next()
    assert.equal("closed", err.kind)
  end)
end)

describe("client:close after the collector", function()
  -- Leave an iteration in the middle, as `break` does on LuaJIT, and the iterator to the collector, which runs once.
  local function leave_and_collect(other)
    local function leave()
      local it = other:runs():iterate { chunk_size = 5 }
      assert(it:next())
      assert.is_true(other:stats().in_flight > 0)
    end
    leave()
    collectgarbage()
  end

  -- What is closed at once may not have reached the server.
  before_each(function() s:faults { match = { query = "offset=[1-9]" }, action = { hang = {} }, may_miss = true } end)

  it("is quiet", function()
    local other = client:with {}
    leave_and_collect(other)
    other:close()
    assert.equal(0, other:stats().in_flight)
  end)

  it("closes all that is still open", function()
    local told = 0
    local other = client:with { on_attempt = function() told = told + 1 end }
    local its, waiting = {}, {}
    for i = 1, 8 do
      leave_and_collect(other)
      its[i] = other:runs():iterate { chunk_size = 5, offset = 5 }
      waiting[i] = apify.spawn(function() return its[i]:next() end)
    end
    apify.sleep(0.02)
    leave_and_collect(other)
    told = 0
    other:close()
    assert.equal(0, other:stats().in_flight)
    assert.equal(8, told)
    for i = 1, 8 do assert.equal("closed", select(2, waiting[i]:wait(5)).kind) end
  end)

  it("goes on where an error has stopped it", function()
    local other = client:with { on_attempt = function() error("the hook", 0) end }
    local waiting = {}
    for i = 1, 3 do waiting[i] = apify.spawn(pcall, function() return other:runs():list { offset = 5 } end) end
    apify.sleep(0.02)
    assert.is_false(pcall(other.close, other))
    assert.equal(0, other:stats().in_flight)
    other:close()
    for i = 1, 3 do assert(waiting[i]:is_done() or waiting[i]:wait(5) ~= nil) end
  end)
end)

describe("a POST", function()
  -- How often it arrives on a connection that was used before and closes without a word, and the error.
  local function arrivals(o, more)
    client:runs():list {}                                -- a connection to be used again
    s:log(true)
    s:faults { match = { path = "/once" }, action = { close_before_answer = {} } }
    o.path = "/once"
    local value, err = client:with(more or { max_retries = 2 }):request(o)
    assert.is_nil(value)
    return #s:log().requests, err
  end

  it("with a body arrives once on a used connection that closes before the answer", function()
    local count, err = arrivals { method = "POST", body = { a = 1 } }
    assert.same({ 1, "network", 1, true, false }, { count, err.kind, err.attempts, err.sent, err.retryable })
  end)

  it("without a body arrives once too", function()
    local count, err = arrivals { method = "POST" }
    assert.same({ 1, "network", 1, true }, { count, err.kind, err.attempts, err.sent })
  end)

  it("with a large body arrives once", function()
    assert.equal(1, (arrivals { method = "POST", body = ("x"):rep(3000000) }))
  end)

  it("arrives again with retry_unsafe, as GET, PUT and DELETE do by themselves", function()
    assert.is_true((arrivals({ method = "POST", body = "x" }, { max_retries = 2, retry_unsafe = true })) >= 3)
    for _, method in ipairs { "GET", "PUT", "DELETE" } do
      local count, err = arrivals { method = method }
      assert.is_true(count >= 3)
      assert.equal(3, err.attempts)
    end
  end)

  it("is repeated after 429, and not after 500", function()
    s:faults { match = { first = 1 }, action = { status = { code = 429 } } }
    client:request { method = "POST", path = "/x" }
    assert.equal(2, #s:log(true).requests)
    s:faults { match = { first = 1 }, action = { status = { code = 500 } } }
    local _, err = client:request { method = "POST", path = "/x" }
    assert.same({ 500, 1 }, { err.status, err.attempts })
    assert.equal(1, #s:log().requests)
  end)
end)

describe("Retry-After", function()
  it("is honoured", function()
    s:faults { match = { first = 1 }, action = { status = { code = 429, retry_after = 1 } } }
    local log
    assert(client:runs():list {})
    log = s:log().requests
    assert.is_true(log[2].time - log[1].time >= 0.95)
  end)

  it("beyond the time allowed fails at once", function()
    s:faults { action = { status = { code = 429, retry_after = 100 } } }
    local _, err = client:runs():list { request_timeout = 5 }
    assert.same({ 429, 1, 100, true }, { err.status, err.attempts, err.retry_after, err.retryable })
  end)
end)

describe("a status message", function()
  local api = testbed.local_api { count = 1 }

  -- What the program says that tells what the run is doing.
  local function tell(run_id, arguments)
    return child.run(([[
      local client = require "apify".new { base_url = %q, max_retries = 0 }
      local is_told, run, err = pcall(client.set_status_message, client, %s)
      print(is_told and run and run.statusMessage, is_told and run and run.isStatusMessageTerminal, is_told and err or run)]])
      :format(api.url, arguments), { env = { ACTOR_RUN_ID = run_id } })
  end

  it("is that of the run that the environment names", function()
    local run = testbed.client(api):run(api.seeded.first_id)
    assert.matches("^page 3\tfalse\t", tell(api.seeded.first_id, '"page 3"'))
    assert.equal("page 3", assert(run:get()).statusMessage)
    assert.matches("^done\ttrue\t", tell(api.seeded.first_id, '"done", { is_terminal = true }'))
    assert.is_true(assert(run:get()).isStatusMessageTerminal)
  end)

  it("of no run is an error", function()
    assert.matches("^nil\tnil\t.*404", tell("no-such-run", '"x"'))
    assert.matches("the environment has no ACTOR_RUN_ID", tell("", '"x"'))
    local own = testbed.client(api)
    assert.truthy(misuse(function() own:set_status_message(5) end):find("bad argument 1 of client:set_status_message: 5", 1, true))
    assert.truthy(misuse(function() own:set_status_message("x", { terminal = true }) end):find("unknown option 'terminal'", 1, true))
  end)
end)
