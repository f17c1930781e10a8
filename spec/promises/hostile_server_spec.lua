--- A server that means harm: what it cannot fill, plant, paint or learn.
local apify = require "apify"
local program = require "spec.support.program"
local relay = require "spec.faults.relay"
local testbed = require "spec.support.testbed"

local TOKEN, KEY = "apify_api_s3cretS3cret", "a-s3cret-key"
local HEAD = "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"

local s = testbed.local_api()
local folder = testbed.folder()
local path, write, read = testbed.files(folder)
local evil

setup(function() evil = relay.start() end)
teardown(function() evil:stop() end)

local function make(more)
  local o = { token = TOKEN, max_retries = 1, headers = { ["X-Key"] = KEY } }
  for name, value in pairs(more or {}) do o[name] = value end
  return testbed.client(s, o)
end

--- The error of a list of runs that the server answers so, in a process of its own: kind, status, requests and the peak of memory in kB.
local function answered(rule)
  rule.action = "say"
  evil:set(rule)
  local output, complaints = program.run_code(([[
    local attempts = 0
    local client = require "apify".new {
      base_url = "http://127.0.0.1:%d", token = false, max_retries = 1, min_delay_between_retries = 0.001, max_body_size = 2 ^ 22,
      on_attempt = function() attempts = attempts + 1 end,
    }
    local _, list = client:runs():list()
    local _, text = client:log("x"):get()
    for _, err in ipairs { list, text } do io.write(err.kind, " ", err.status or "-", " ") end
    io.write(attempts, " ", io.open "/proc/self/status":read "*a":match "VmHWM:%%s*(%%d+)")]]):format(evil.port))
  assert.equal("", complaints)
  local kinds, attempts, kb = output:match "^(.*) (%d+) (%d+)$"
  return kinds, tonumber(attempts), tonumber(kb)
end

describe("what it sends without end", function()
  it("as headers is given up at once", function()
    local kinds, attempts, kb = answered { answer = HEAD:format "200 OK", more = ("X-More: and more\r\n"):rep(500) }
    assert.same({ "too_large - too_large -", 2 }, { kinds, attempts })
    assert.is_true(kb < 30000, kb)
  end)

  it("as headers behind the body is given up at once", function()
    local head = HEAD:format "200 OK" .. "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    local kinds, attempts, kb = answered { answer = head, more = ("X-More: and more\r\n"):rep(500) }
    assert.same({ "too_large - too_large -", 2 }, { kinds, attempts })
    assert.is_true(kb < 30000, kb)
  end)

  it("as an error is an error, and no more is read of it", function()
    for _, space in ipairs { " ", "x" } do
      local kinds, attempts, kb = answered { answer = HEAD:format "400 No" .. "\r\n", more = space:rep(10000) }
      assert.same({ "api 400 api 400", 2 }, { kinds, attempts })
      assert.is_true(kb < 30000, kb)
    end
  end)

  it("as an error that goes silent is that error, and not asked for again", function()
    local attempts = 0
    local client = apify.new {
      base_url = "http://127.0.0.1:" .. evil.port, token = TOKEN, max_retries = 1, min_delay_between_retries = 0.001, stall_timeout = 0.1,
      on_attempt = function() attempts = attempts + 1 end,
    }
    evil:set { action = "say", ["end"] = "stall", answer = HEAD:format "404 No" .. "Content-Length: 50\r\n\r\n" .. '{"error":' }
    local _, err = client:run("x"):get()
    assert.same({ "api", 404, true, 1 }, { err.kind, err.status, err.not_found, attempts })
    _, err = client:actor("x"):start()
    assert.same({ "api", 404, false, 2 }, { err.kind, err.status, err.sent, attempts })
  end)

  it("as an error leaves the connection good where others share it", function()
    local versions = {}
    local client = make { url = "tls_url", on_attempt = function(attempt) versions[#versions + 1] = attempt.http_version end }
    s:faults { match = { first = 1 }, action = { status = { code = 400, body = ("x"):rep(2 ^ 20) } } }
    local _, err = client:runs():list()
    assert.same({ "api", 400, 1 }, { err.kind, err.status, err.attempts })
    assert(client:runs():list())
    local log = s:log().requests
    assert.same({ "2", "2" }, versions)
    assert.equal(log[1].connection, log[2].connection)
  end)

  it("as a body is given up where it is too large", function()
    for _, start in ipairs { "", '{"data":{"items":[{"id":"' } do
      local kinds, attempts, kb = answered { answer = HEAD:format "200 OK" .. "\r\n" .. start, more = (" "):rep(100000) }
      assert.same({ "too_large - too_large -", 2 }, { kinds, attempts })
      assert.is_true(kb < 40000, kb)                       -- max_body_size, twice while it grows
    end
  end)
end)

describe("a list", function()
  local JSON, GZIP = HEAD:format "200 OK" .. "\r\n", HEAD:format "200 OK" .. "Content-Encoding: gzip\r\n\r\n\31\139\8\0\0\0\0\0\0\3"

  --- A block of deflate that is stored as it is.
  local function stored(text)
    local low, high = #text % 256, math.floor(#text / 256)
    return "\0" .. string.char(low, high, 255 - low, 255 - high) .. text
  end

  --- What two steps behind the first row come to, in a process of its own, and the peak of memory in kB.
  local function walked(method, options, head, start, more)
    evil:set { action = "say", answer = head .. start, more = more }
    local output, complaints = program.run_code(([[
      local client = require "apify".new { base_url = "http://127.0.0.1:%d", token = false, max_retries = 0 }
      local it = client:%s {%s}
      it:next()
      local row, err = it:next()
      io.write(tostring(row), " ", err and err.kind .. " " .. err.message or "", " ",
        io.open "/proc/self/status":read "*a":match "VmHWM:%%s*(%%d+)")]]):format(evil.port, method, options))
    assert.equal("", complaints)
    local outcome, kb = output:match "^(.*) (%d+)$"
    return outcome, tonumber(kb)
  end

  local function plain(text) return text end

  it("fails where a row, or what is between rows, has no end", function()
    local text = ("x"):rep(60000)
    for row, more in pairs { [',"'] = text, [',"\\x'] = text, [","] = text:gsub("x", " ") } do
      for _, case in ipairs {
        { "runs():iterate", GZIP, stored, '{"data":{"items":[{"id":"a"}' },
        { 'dataset("x"):iterate_items', JSON, plain, '[{"id":"a"}' },
      } do
        local method, head, wrap, start = (table.unpack or unpack)(case)
        local outcome, kb = walked(method, "", head, wrap(start .. row), wrap(more))
        assert.matches("^nil too_large no row in the 67108864 bytes", outcome)
        assert.is_true(kb < 60000, kb)
      end
    end
  end)

  it("ends where all rows are there that were asked for, whatever comes behind them", function()
    for head, wrap in pairs { [JSON] = plain, [GZIP] = stored } do
      local outcome, kb = walked('dataset("x"):iterate_items', "limit = 1", head, wrap '[{"id":"a"},', wrap((" "):rep(60000)))
      assert.equal("nil ", outcome)
      assert.is_true(kb < 60000, kb)
    end
  end)
end)

describe("a redirect", function()
  local function ask(location)
    s:faults({ match = { path = "/acts$", server = "main" }, action = { redirect = { location = location } } },
      { match = { path = "/acts$", server = "other" }, action = { redirect = { location = "{main}/v2/actor-runs" } }, may_miss = true })
    make():request { path = "/acts" }
    return s:log().requests
  end

  it("to the same port by TLS arrives without the token", function()
    local log = ask "{tls}/v2/actor-runs"
    assert.same({ true, "tls", false }, { log[1].authorization, log[2].server, log[2].authorization })
    assert.same({ KEY }, { log[1].headers["x-key"], log[2].headers["x-key"] })
  end)

  it("that leads home again by way of another origin arrives without the token", function()
    local log = ask "{other}/v2/acts"
    assert.same({ "main", "other", "main" }, { log[1].server, log[2].server, log[3].server })
    assert.same({ true, false, false }, { log[1].authorization, log[2].authorization, log[3].authorization })
    assert.is_nil(log[3].headers["x-key"])
  end)
end)

it("sees no cookie again", function()
  local client = make()
  s:faults { action = { status = { code = 200, body = '{"data":{"items":[],"total":0,"count":0,"offset":0,"limit":1}}',
    headers = { ["Set-Cookie"] = "id=1; Path=/" } } } }
  for _ = 1, 2 do assert(client:runs():list()) end
  for _, request in ipairs(s:log().requests) do assert.is_nil(request.headers.cookie) end
end)

it("paints nothing: the texts of errors have no control characters", function()
  local evil_text = "\27[2J\27]0;x\7\r\nok \194\155 \226\128\174"
  local json = evil_text:gsub("%c", function(char) return ("\\u%04x"):format(char:byte()) end)
  for _, action in ipairs {
    { status = { code = 400, body = ('{"error":{"type":"%s","message":"%s"}}'):format(json, json) } },
    { status = { code = 400, body = evil_text } },
    { status = { code = 200, body = evil_text, content_type = "text/html" } },
    { redirect = { location = "ftp://x/\27[2J" } },
  } do
    s:faults { action = action }
    local _, err = make():runs():list()
    for _, bad in ipairs { "%c", "\194\155", "\226\128\174" } do assert.is_nil(tostring(err):find(bad), tostring(err)) end
  end
end)

describe("the file of a download", function()
  -- Whoever knows the name of the file beside, as this makes it known, could have put a link there.
  local KNOWN = [[
#include <string.h>
#include <sys/types.h>
ssize_t getrandom (void *out, size_t n, unsigned flags) { (void)flags; memset(out, 0, n); return (ssize_t)n; }
]]

  local function download()
    return program.run_code(([[
      local ok, err = require "apify".new({ base_url = %q, token = false }):dataset(%q):download_items("json", %q)
      io.write(tostring(ok), " ", err and err.kind or "")]]):format(s.url, assert(make():datasets():get_or_create()).id, path "items"),
      { LD_PRELOAD = path "known.so" })
  end

  before_each(function()
    write("known.c", KNOWN)
    local _, complaints, code = program.shell(("cc -shared -fPIC -o %s %s"):format(path "known.so", path "known.c"))
    assert(code == 0, complaints)
    write("victim", "mine")
  end)

  it("is written where nobody has put a link", function()
    assert.equal("true ", (download()))
    os.remove(path "items")
    program.shell(("ln -s victim %s.0000000000000000.part"):format(path "items"))
    assert.equal("nil io", (download()))
    assert.equal("mine", read "victim")
  end)
end)

describe("a header of the user's", function()
  it("is in no error, hook, bookmark or text", function()
    local seen = {}
    local client = make { on_attempt = function(attempt) seen[#seen + 1] = attempt end }
    local it = client:runs():iterate {}
    it()
    s:faults { match = { path = "/r$" }, action = { status = { code = 500 } } }
    local _, failed = client:run("r"):get()
    local _, refused = client:with({ base_url = "http://127.0.0.1:1" }):runs():list {}
    local _, misuse = pcall(make, { headers = { ["X-Key"] = KEY .. "\n" } })
    local texts = { tostring(client), tostring(it), tostring(failed), tostring(refused), it:bookmark(), misuse }
    local function gather(value)
      if type(value) ~= "table" then texts[#texts + 1] = tostring(value) return end
      for name, member in pairs(value) do
        gather(name)
        gather(member)
      end
    end
    for _, value in ipairs { seen, failed, refused, client:stats() } do gather(value) end
    assert.is_true(apify.is_error(failed) and #texts > 30)
    for _, text in ipairs(texts) do assert.is_nil(text:find("s3cret", 1, true), text) end
    it:close()
  end)

  it("cannot be made out of other options", function()
    local client, bad = make(), "text/plain\r\nX-Evil: 1"
    local store = client:key_value_store "x"
    for _, call in ipairs {
      function() return store:set_record("k", "v", { content_type = bad }) end,
      function() return store:upload_record("k", path "victim", { content_type = bad }) end,
      function() return client:actor("x"):start("v", { content_type = bad }) end,
      function() return client:dataset("x"):push_items("[]", { content_encoding = "gzip\r\nX-Evil: 1" }) end,
      function() return client:run("x"):charge("e", { idempotency_key = "k\r\nX-Evil: 1" }) end,
    } do
      local ok, err = pcall(call)
      assert.is_false(ok)
      assert.equal("string", type(err))
    end
    assert.equal(0, #s:log().requests)
  end)
end)
