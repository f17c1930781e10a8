--- Where the token goes, and where it does not; what cannot be smuggled into a request.
local apify = require "apify"
local child = require "spec.support.child"
local testbed = require "spec.support.testbed"

local TOKEN = "apify_api_s3cretS3cret"

local s = testbed.local_api()

local function make(more)
  local o = { token = TOKEN, max_retries = 1 }
  for name, value in pairs(more or {}) do o[name] = value end
  return testbed.client(s, o)
end

-- The text of a call that must raise, without a request.
local function misuse(call)
  local ok, text = pcall(call)
  assert.is_false(ok)
  assert.is_nil(tostring(text):find("s3cret", 1, true), "the token is shown")
  assert.equal(0, #s:log().requests)
  return text
end

describe("a redirect", function()
  local function ask(location, client)
    s:faults { match = { path = "^/v2/acts$", server = "main" }, action = { redirect = { location = location } } }
    local value, err = (client or make()):request { path = "/acts", headers = { ["X-Own"] = "mine" } }
    return s:log().requests, err, value
  end

  it("to another origin arrives there with neither token nor custom headers", function()
    local log = ask "{other}/v2/actor-runs"
    assert.equal(2, #log)
    assert.is_true(log[1].authorization)
    assert.equal("mine", log[1].headers["x-own"])
    assert.equal("other", log[2].server)
    assert.is_false(log[2].authorization)
    assert.is_nil(log[2].headers["x-own"])
    assert.is_nil(log[2].headers.authorization)
  end)

  it("takes the headers of a client as far as the token", function()
    local client = make { headers = { ["X-Key"] = "a secret", ["X-Own"] = "theirs" } }
    local log = ask("{other}/v2/actor-runs", client)
    assert.same({ "a secret", "mine" }, { log[1].headers["x-key"], log[1].headers["x-own"] })
    assert.same({}, { log[2].headers["x-key"], log[2].headers["x-own"] })
    s:log(true)
    assert.equal("a secret", ask("/v2/actor-runs", client)[2].headers["x-key"])
  end)

  it("to the same origin arrives with both", function()
    local log, _, value = ask "/v2/actor-runs?limit=1"
    assert.equal(1, #value.items)
    assert.is_true(log[2].authorization)
    assert.equal("mine", log[2].headers["x-own"])
    assert.equal("/v2/actor-runs?limit=1", log[2].path)
  end)

  it("is followed five times", function()
    local log, err = ask "/v2/acts"
    assert.equal("redirect", err.kind)
    assert.equal(6, #log)
    assert.equal(1, err.attempts)
  end)

  it("is not followed when it leads nowhere", function()
    for _, location in ipairs { "ftp://127.0.0.1/", "file:///etc/passwd", "http://u:p@127.0.0.1/", "http://a b/" } do
      local log, err = ask(location)
      assert.equal("redirect", err.kind)
      assert.equal(1, #log)
      s:admin "reset"
    end
  end)

  it("is not followed by a POST", function()
    s:faults { action = { redirect = { location = "{main}/v2/actor-runs", code = 307 } } }
    local value, err = make():request { method = "POST", path = "/x", body = { a = 1 } }
    assert.is_nil(value)
    assert.same({ "redirect", 307 }, { err.kind, err.status })
    assert.equal(1, #s:log().requests)
  end)
end)

describe("apify.new", function()
  it("refuses a token over plain http to another machine", function()
    for _, base in ipairs { "http://api.example", "http://10.0.0.1", "http://127.0.0.1.evil.example", "http://localhost.example",
      "http://127.1", "http://[::2]" } do
      assert.truthy(misuse(function() make { base_url = base } end):find("allow_http", 1, true))
    end
    for _, base in ipairs { "http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1", "https://api.example" } do
      assert.truthy(make { base_url = base })
    end
    assert.truthy(make { base_url = "http://api.example", allow_http = true })
    assert.truthy(make { base_url = "http://api.example", token = false })
  end)

  it("refuses the same in client:with", function()
    local client = make { base_url = "http://api.example", token = false }
    misuse(function() client:with { token = TOKEN } end)
    misuse(function() make():with { base_url = "http://api.example" } end)
  end)

  it("refuses a base_url with user info, and does not show it", function()
    for _, base in ipairs { "http://me:s3cret@127.0.0.1", "https://s3cret@api.example", "https://me:s3cret/s3cret@api.example" } do
      assert.truthy(misuse(function() make { base_url = base } end):find("base_url", 1, true))
    end
  end)

  it("refuses a token that cannot stand in a header, and does not show it", function()
    for _, token in ipairs { "s3cret\r\nX: y", "s3cret\0", "s3cret ", "s3cret\195\188", "" } do
      misuse(function() make { token = token } end)
    end
    misuse(function() make { token = { "s3cret" } } end)
    misuse(function() apify.new "s3cret" end)
  end)
end)

describe("the token", function()
  local get_user_value = rawget(debug, "getuservalue") or function() end

  -- All strings that can be reached from a value through tables, metatables, upvalues and user values.
  local function dump(value, found, seen)
    if type(value) == "string" then found[#found + 1] = value end
    if type(value) == "userdata" then found[#found + 1] = tostring(value) end
    if (type(value) ~= "table" and type(value) ~= "userdata" and type(value) ~= "function") or seen[value] then return found end
    seen[value] = true
    dump(debug.getmetatable(value), found, seen)
    if type(value) == "userdata" then dump((get_user_value(value)), found, seen) end
    if type(value) == "table" then
      for k, v in next, value do
        dump(k, found, seen)
        dump(v, found, seen)
      end
    elseif type(value) == "function" then
      for i = 1, 60 do
        local name, upvalue = debug.getupvalue(value, i)
        if not name then break end
        dump(upvalue, found, seen)
      end
    end
    return found
  end

  local function is_hidden(value)
    for _, text in ipairs(dump(value, {}, { [_G] = true })) do         -- not this file's own locals
      if text:find("s3cret", 1, true) then return false end
    end
    return true
  end

  it("is seen by a dump that looks for it", function()
    assert.is_false(is_hidden { a = { function() return TOKEN end } })
  end)

  it("is in no client, handle, iterator, error, hook or text", function()
    local seen = {}
    local client = make { on_attempt = function(a) seen[#seen + 1] = a end }
    local run, it = client:run "r", client:runs():iterate {}
    it()
    s:faults { match = { path = "/r$" }, action = { status = { code = 500 } } }
    local value, err = run:get()
    assert.is_nil(value)
    local _, refused = client:with({ base_url = "http://127.0.0.1:1" }):runs():list {}
    for _, thing in ipairs { client, run, it, err, refused, seen, tostring(client), tostring(run), tostring(err), it:bookmark(), client:stats() } do
      assert.is_true(is_hidden(thing))
    end
    it:close()
  end)

  it("is sent to the API in every request, and with token = false in none", function()
    make():runs():list {}
    make({ token = false }):runs():list {}
    local log = s:log().requests
    assert.is_true(log[1].authorization)
    assert.is_false(log[2].authorization)
  end)
end)

describe("a request", function()
  it("cannot carry headers that the caller did not name", function()
    local client = make()
    for name, value in pairs { ["X-A"] = "1\r\nX-B: 2", ["X-C"] = "1\n2", ["X-D"] = "1\0002", ["X E"] = "1", ["X-F:"] = "1", [""] = "1",
      ["X\r\nY"] = "1", Authorization = "Bearer x", HOST = "x", ["Content-Length"] = "1", ["Transfer-Encoding"] = "chunked" } do
      assert.truthy(misuse(function() client:request { path = "/acts", headers = { [name] = value } } end):find("'headers'", 1, true))
    end
    misuse(function() make { user_agent_suffix = "x\r\nX-B: 2" } end)
  end)

  it("cannot leave its path", function()
    local client = make()
    for _, path in ipairs {
      "x", "/../x", "/a/../x", "/a/./x", "/a/%2e%2E/x", "/a//x", "//evil.example/x", "/x?y=1", "/x#y", "/x y", "/x\\y", "/x\ny", "/",
    } do
      assert.truthy(misuse(function() client:request { path = path } end):find("'path'", 1, true))
      misuse(function() client:iterate { path = path } end)
    end
  end)

  it("arrives with the path as it was given", function()
    make():request { path = "/a/%2Fb%2f..%2F/c" }
    assert.equal("/v2/a/%2Fb%2f..%2F/c", s:log().requests[1].path)
  end)
end)

describe("a proxy", function()
  local DEAD = "http://127.0.0.1:1"

  local function list_in_child(options)
    return child.run(([[
      local apify = require "apify"
      local page, err = apify.new { base_url = %q, max_retries = 0 %s }:runs():list {}
      io.write(page and "page" or err.kind)]]):format(s.url, options or ""), { env = { http_proxy = DEAD, HTTPS_PROXY = DEAD, ALL_PROXY = DEAD } })
  end

  it("is never used for a loopback address, whatever environment and options say", function()
    assert.equal("page", list_in_child())
    assert.equal("page", list_in_child(", proxy = '" .. DEAD .. "'"))
  end)

  it("is used for any other, unless it is false", function()
    local far = ", allow_http = true, base_url = 'http://0.0.0.0:" .. s.url:match ":(%d+)" .. "'"
    assert.equal("connect", list_in_child(far))
    assert.equal("page", list_in_child(far .. ", proxy = false"))
  end)
end)

describe("a server that echoes what it was sent", function()
  local ENCODED = TOKEN:gsub("_", "%%5f")

  --- The errors' texts, and all that is in them.
  local function assert_masked(err)
    assert.is_true(apify.is_error(err), tostring(err))
    local function look(value)
      if type(value) == "table" then
        for name, member in pairs(value) do
          look(name)
          look(member)
        end
      else
        assert.is_nil(tostring(value):find("s3cret", 1, true), tostring(value))
      end
    end
    look(err)
    assert.is_nil(tostring(err):find("s3cret", 1, true))
    return err
  end

  local function ask(action)
    s:faults { match = { server = "main" }, action = action }
    local _, err = make():runs():list()
    return assert_masked(err)
  end

  it("is shown without the token, whatever part of its error has it", function()
    local err = ask { status = { code = 400, body = ('{"error":{"type":"bad %s","message":"Bearer %s","data":{"%s":["?token=%s"]}}}')
      :format(TOKEN, TOKEN, TOKEN, ENCODED) } }
    assert.same({ "bad ***", "Bearer ***", { ["***"] = { "?token=***" } } }, { err.type, err.message, err.data })
    assert.equal("Bearer ***", ask({ status = { code = 401, body = ('{"error":{"message":"Bearer \\u0061pify_api_s3cretS3cret"}}') } }).message)
    assert.equal('{"got":"***"}', ask({ status = { code = 400, body = ('{"error":{"message":{"got":"%s"}}}'):format(TOKEN) } }).message)
  end)

  it("is so where its text is no JSON, however the text is cut", function()
    assert.equal("HTTP status 400: Authorization: Bearer ***", ask({ status = { code = 400, body = "Authorization: Bearer " .. TOKEN } }).message)
    for length = 270, 300 do
      local err = ask { status = { code = 400, body = ("x"):rep(length) .. TOKEN } }
      assert.is_nil(err.message:find("apify", 1, true))
    end
  end)

  it("is so in a page instead of an answer", function()
    local err = ask { status = { code = 200, body = "<html>" .. TOKEN, content_type = "text/html" } }
    assert.truthy(err.message:find("<html>***", 1, true))
    s:faults { match = {}, action = { status = { code = 200, body = "<html>" .. TOKEN, content_type = "text/html" } } }
    assert.truthy(assert_masked(select(2, make():log("x"):download())).message:find("<html>***", 1, true))
  end)

  it("is so in a place to which it sends, and in a name that it gives the request", function()
    local err = ask { redirect = { location = "ftp://x/?token=" .. ENCODED } }
    assert.truthy(err.message:find("token=***", 1, true), err.message)
    assert.equal("***", ask({ status = { code = 400, headers = { ["X-Apify-Request-Id"] = TOKEN } } }).request_id)
  end)

  it("is so in the headers that are handed out", function()
    s:faults { match = {}, action = { status = { code = 200, body = "{}", headers = { ["X-Echo"] = "Bearer " .. TOKEN } } } }
    local _, meta = assert(make():request { path = "/x" })
    assert.equal("Bearer ***", meta.headers["x-echo"])
  end)

  it("leaves a request in doubt that it may have acted on", function()
    s:faults { match = {}, action = { status = { code = 200, body = TOKEN, content_type = "text/html" } } }
    local _, err = make():dataset("x"):push_items { n = 1 }
    assert.same({ 1, 1 }, assert_masked(err).in_doubt)
  end)
end)
