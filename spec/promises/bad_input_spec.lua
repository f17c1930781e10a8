--- What comes of bad input: wrong arguments, answers that are errors, bodies that are not what they say, hosts that are silent.
local apify = require "apify"
local child = require "spec.support.child"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"
local loop = require "apify.loop"

local s = testbed.local_api()
local client

-- The error of a call that must fail.
local function failure(call)
  local value, err = call()
  assert.is_nil(value)
  assert.is_true(apify.is_error(err), tostring(err))
  return err
end

local function list()
  return client:runs():list {}
end

local function requests()
  return #s:log().requests
end

before_each(function() client = testbed.client(s, { token = false, max_retries = 2 }) end)

describe("an argument error", function()
  -- The text raised, which must name this file and the line of the call.
  local function misuse(call)
    local line = debug.getinfo(call, "S").linedefined
    local ok, text = pcall(call)
    assert.is_false(ok)
    assert.equal("string", type(text))
    assert.truthy(text:find(("bad_input_spec.lua:%d: "):format(line), 1, true), text)
    return text
  end

  local function names(text, ...)
    for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), text) end
  end

  it("names the option, its value and what is allowed, at the caller's line, and sends nothing", function()
    local runs = client:actor("a"):runs()
    names(misuse(function() runs:list { limt = 1 } end), "limt", "limit")
    names(misuse(function() runs:list { limit = -1 } end), "'limit'", "-1", "1 to 1000")
    names(misuse(function() runs:list { limit = 0 } end), "'limit'", "0", "1 to 1000")
    names(misuse(function() runs:list { limit = "1" } end), "'limit'", '"1"', "an integer")
    names(misuse(function() runs:iterate { chunk_size = 1001 } end), "'chunk_size'", "1001", "1 to 1000")
    names(misuse(function() runs:list { status = "DONE" } end), "'status'", '"DONE"', "SUCCEEDED")
    names(misuse(function() runs:list { started_after = "tomorrow" } end), "'started_after'", '"tomorrow"', "ISO")
    names(misuse(function() client:task("t"):runs():list { started_after = 0 } end), "started_after")
    names(misuse(function() client:run("r"):get { wait_for_finish = 61 } end), "'wait_for_finish'", "61", "0 to 60")
    names(misuse(function() client:run("r"):wait_for_finish { wait_secs = -1 } end), "'wait_secs'", "-1")
    names(misuse(function() client:request { path = "/x", method = "TRACE" } end), "'method'", '"TRACE"', "GET")
    names(misuse(function() client:request {} end), "'path'")
    assert.equal(0, requests())
  end)

  it("refuses ids that could lead elsewhere", function()
    for _, id in ipairs { "", ".", "..", "a\nb", "a\0b", "https://console.apify.com/actors/abc" } do
      names(misuse(function() client:run(id) end), "run id", "expected")
      names(misuse(function() client:actor(id) end), "expected")
    end
    misuse(function() client:run(nil) end)
    misuse(function() client:task {} end)
    assert.equal(0, requests())
  end)

  it("encodes what is odd in an id, and takes a slash for a tilde", function()
    client:actor("jane doe/ü?"):runs():list {}
    client:actor("jane~doe"):runs():list {}
    local log = s:log()
    assert.equal("/v2/acts/jane%20doe~%C3%BC%3F/runs", log.requests[1].path)
    assert.equal("/v2/acts/jane~doe/runs", log.requests[2].path)
  end)
end)

describe("an answer that is the caller's fault", function()
  for code, type in pairs { [400] = "invalid-value", [401] = "user-or-token-not-found", [403] = "insufficient-permissions",
    [404] = "record-not-found", [405] = "method-not-allowed" } do
    it(code .. " is returned at once, with all that the API said", function()
      s:faults { action = { status = { code = code, type = type, message = "told so" } } }
      client = client:with { token = "apify_api_some" }
      local err = failure(list)
      assert.same({ "api", code, type, "told so", "GET", "/v2/actor-runs", 1, false },
        { err.kind, err.status, err.type, err.message, err.method, err.path, err.attempts, err.retryable })
      assert.is_false(err.sent)
      assert.equal(code == 404 or nil, err.not_found)
      assert.equal(1, requests())
    end)
  end

  it("401 says what to do where no token was sent", function()
    s:faults { action = { status = { code = 401, type = "none", message = "told so" } } }
    assert.equal("GET /v2/actor-runs: 401 none: told so - no token was sent: set APIFY_TOKEN, or give apify.new a token (1 attempt)",
      tostring(failure(list)))
    client = client:with { token = "apify_api_some" }
    assert.equal("GET /v2/actor-runs: 401 none: told so (1 attempt)", tostring(failure(list)))
  end)
end)

describe("a transient failure", function()
  for _, code in ipairs { 429, 500, 502, 503, 504 } do
    it(code .. " is retried, and then told with the number of attempts", function()
      s:faults { action = { status = { code = code } } }
      local err = failure(list)
      assert.same({ "api", code, 3, true }, { err.kind, err.status, err.attempts, err.retryable })
      assert.truthy(tostring(err):find("3 attempts", 1, true))
      assert.equal(3, requests())
    end)
  end

  it("goes unnoticed when a retry succeeds", function()
    s:faults { match = { first = 2 }, action = { status = { code = 502, body = "<html>", content_type = "text/html" } } }
    assert.equal(25, list().total)
    assert.equal(3, requests())
  end)

  it("may be a closed connection", function()
    s:faults { action = { close_before_answer = {} } }
    local err = failure(list)
    assert.same({ "network", 3, false }, { err.kind, err.attempts, err.sent })
  end)

  it("may be a refused connection: then nothing was sent", function()
    local refused = apify.new { base_url = "http://127.0.0.1:1", min_delay_between_retries = 0.01, max_retries = 2 }
    local err = failure(function() return refused:runs():list {} end)
    assert.same({ "connect", 3, false }, { err.kind, err.attempts, err.sent })
  end)

  it("is given up soon where nobody has ever answered: a port that refuses, a name that is none, in fibers too", function()
    local unnameable = "https://" .. ("x"):rep(64) .. ".invalid"           -- longer than any server would be asked for
    local function ask(base_url, options)
      options = options or {}
      options.base_url, options.token = base_url, false
      return function()
        local _, err = apify.new(options):runs():list {}
        return err
      end
    end
    local errs = assert(apify.all { ask "http://127.0.0.1:1", ask(unnameable), ask("http://127.0.0.1:1", { max_retries = 60 }) })
    for _, err in ipairs(errs) do
      assert.same({ "connect", false, true }, { err.kind, err.sent, err.retryable })
      assert.matches("; given up: this host has never answered$", err.message)
      assert.is_true(err.attempts >= 2 and err.attempts <= 4, err.attempts)
    end
  end)
end)

describe("a body that is not what it says", function()
  local CASES = {
    { "broken JSON", { bad_json = {} }, "decode" },
    { "no JSON", { not_json = {} }, "decode" },
    { "a body cut in the middle", { cut = {} }, "network" },
    { "a chunked body cut in the middle", { cut = { chunked = true } }, "network" },
    { "a Content-Length that is too large", { wrong_length = { by = 10 } }, "network" },
    { "a Content-Length that is too small", { wrong_length = { by = -10 } }, "decode" },
    { "half a gzip stream", { half_gzip = {} }, "decode" },
    { "JSON nested 10,000 deep", { deep = { depth = 10000 } }, "decode" },
  }

  for _, case in ipairs(CASES) do
    it(case[1] .. " is an error with the byte where it was met, after retries", function()
      s:faults { action = case[2] }
      local err = failure(list)
      assert.same({ case[3], 3 }, { err.kind, err.attempts })
      assert.equal("number", type(err.offset))
    end)

    it(case[1] .. " is forgotten when the next answer is good", function()
      s:faults { match = { first = 1 }, action = case[2] }
      assert.equal(25, #assert(list()).items)
    end)
  end

  it("is refused when it has a coding that was not asked for", function()
    s:faults { action = { status = { code = 200, body = "x", headers = { ["Content-Encoding"] = "zstd" } } } }
    for _, ask in ipairs {
      list, function() return client:runs():iterate({}):next() end, function() return client:log("x"):get() end,
      function() return client:log("x"):download(function() end) end,
    } do
      s:log(true)
      local err = failure(ask)
      assert.same({ "decode", 1, false }, { err.kind, err.attempts, err.retryable })
      assert.equal(1, requests())                        -- the next answer would be the same
    end
  end)

  it("is too large beyond max_body_size, which counts decoded bytes, and is not asked for again", function()
    for _, action in ipairs { { big_string = { mb = 2 } }, { gzip_bomb = { mb = 2 } }, { gzip_bomb = { mb = 2, whitespace = true } } } do
      s:admin "reset"
      s:faults { action = action }
      local err = failure(function() return client:with({ max_body_size = 1048576 }):runs():list {} end)
      assert.same({ "too_large", 1 }, { err.kind, err.attempts })
      assert.truthy(err.message:find("max_body_size", 1, true), err.message)
      assert.equal(1, requests())
    end
  end)

  it("is read up to max_body_size, to the byte", function()
    local body = '"' .. ("x"):rep(98) .. '"'
    s:faults { action = { status = { code = 200, body = body } } }
    assert.equal(98, #client:with({ max_body_size = 100 }):request { path = "/x" })
    assert.equal("too_large", failure(function() return client:with({ max_body_size = 99 }):request { path = "/x" } end).kind)
  end)

  it("does not fill the memory: a 100 MB string, a bomb of 1000 MB, an error with such a body (slow)", function()
    s:faults({ match = { query = "limit=1" }, action = { big_string = { mb = 100 } } }, { action = { gzip_bomb = { mb = 1000 } } })
    local output = child.run(([[
      local apify = require "apify"
      local client = apify.new { base_url = %q, max_retries = 0 }
      for limit = 1, 2 do
        local _, err = client:runs():list { limit = limit }
        io.write(err.kind, " ")
      end
      for line in io.lines "/proc/self/status" do
        if line:find "^VmHWM" then io.write(line:match "%%d+") end
      end]]):format(s.url))
    local first, second, kb = output:match "^(%S+) (%S+) (%d+)$"
    assert.same({ "too_large", "too_large" }, { first, second }, output)
    assert.is_true(program.is_wrapped or tonumber(kb) < 260 * 1024, kb .. " kB")     -- twice 64 MiB while it grows, and what lies around
  end)

  it("explains an error with its first 64 KiB, decoded", function()
    local pipe = assert(io.popen "head -c 5000000 /dev/zero | tr '\\0' x | gzip -c")
    local bomb = pipe:read "*a"
    pipe:close()
    s:faults { action = { status = { code = 418, body = bomb, headers = { ["Content-Encoding"] = "gzip" } } } }
    local stats
    local err = failure(function() return client:with({ on_attempt = function(a) stats = a end }):runs():list {} end)
    assert.same({ "api", 418 }, { err.kind, err.status })
    assert.truthy(err.message:find("xxxxxxxx", 1, true))
    assert.equal(65536, stats.bytes_decoded)
  end)
end)

describe("a silent host", function()
  local SLACK = 2                        -- seconds that a machine may be late which others use, too; on_time_spec is stricter

  local function timed(call)
    local started = loop.now()
    local err = failure(call)
    return err, loop.now() - started
  end

  it("ends in a timeout when the time allowed is over", function()
    s:faults { action = { hang = {} } }
    local err, secs = timed(function() return client:runs():list { request_timeout = 0.3 } end)
    assert.same({ "timeout", false, 1 }, { err.kind, err.sent, err.attempts })
    assert.is_true(secs >= 0.29 and secs < 0.3 + SLACK, secs)
  end)

  it("is not to be asked again as a matter of course where that could do a thing twice", function()
    s:faults { action = { hang = {} } }
    local o = { request_timeout = 0.2 }
    local function told(_, err) return { err.kind, err.sent, err.retryable } end
    assert.same({ "timeout", true, false }, told(client:actor("janedoe~my-actor"):start({}, o)))
    assert.same({ "timeout", true, true }, told(client:with({ retry_unsafe = true }):actor("janedoe~my-actor"):start({}, o)))
    assert.same({ "timeout", true, true }, told(client:run("x"):charge("result-item", o)))
    assert.same({ "timeout", true, true }, told(client:run("x"):delete(o)))
    assert.same({ "timeout", false, true }, told(client:run("x"):get(o)))
  end)

  it("may send headers and a part of the body: the time allowed is for all of it", function()
    s:faults { action = { drip = { bytes = 10, secs = 0.05 } } }
    local err, secs = timed(function() return client:runs():list { request_timeout = 0.3 } end)
    assert.equal("timeout", err.kind)
    assert.is_true(secs < 0.3 + SLACK, secs)
  end)

  it("is asked again after stall_timeout", function()
    s:faults { match = { first = 1 }, action = { hang = {} } }
    local quick = client:with { stall_timeout = 0.2 }
    local started = loop.now()
    assert.equal(25, assert(quick:runs():list {}).total)
    assert.equal(2, requests())
    assert.is_true(loop.now() - started < 2)
  end)

  it("does not count as stalled while bytes come", function()
    s:faults { action = { drip = { bytes = 2000, secs = 0.1 } } }
    assert.equal(25, assert(client:with({ stall_timeout = 0.3, max_retries = 0 }):runs():list {}).total)
  end)

  it("may not even accept: it is given up after connect_timeout, and nothing was sent", function()
    local port, stop = child.black_hole()
    local far = client:with { base_url = "http://127.0.0.1:" .. port, connect_timeout = 0.2, max_retries = 1 }
    local err, secs = timed(function() return far:runs():list {} end)
    stop()
    assert.same({ "connect", false, 2 }, { err.kind, err.sent, err.attempts })
    assert.is_true(secs >= 0.39 and secs < 0.4 + SLACK, secs)
  end)

  it("is not waited for longer than the time allowed while connecting", function()
    local port, stop = child.black_hole()
    local err, secs = timed(function()
      return client:with({ base_url = "http://127.0.0.1:" .. port }):runs():list { request_timeout = 0.3 }
    end)
    stop()
    assert.same({ "timeout", false, 1 }, { err.kind, err.sent, err.attempts })
    assert.is_true(secs < 0.3 + SLACK, secs)
  end)
end)

describe("a process without descriptors", function()
  it("is told so, with the limit", function()
    for spare = 5, 8 do
      local output, status = child.run(([[
        local apify = require "apify"
        local held = {}
        local limit = 64
        repeat held[#held + 1] = io.open "/dev/null" until #held == limit or not io.open "/dev/null"
        local client = apify.new { base_url = %q, max_retries = 0, ca_file = %q }
        for _ = 1, %d do local f = table.remove(held); if f then f:close() end end
        local page, err = client:runs():list {}
        io.write(page and "page" or tostring(err))]]):format(s.tls_url, s.ca_file, spare), { before = "ulimit -n 64;" })
      assert.equal(0, status, output)
      assert.truthy(output == "page" or output:find("the limit of open files is 64", 1, true), output)
    end
  end)
end)
