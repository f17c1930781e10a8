--- TLS: who is trusted, and how connections are shared.
local apify = require "apify"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local s = testbed.local_api()

local function tls(options)
  options.url = options.url or "tls_url"
  return testbed.client(s, options)
end

-- The attempts that a client's hook saw while `call` ran.
local function attempts_of(more, call)
  local seen = {}
  more.on_attempt = function(a) seen[#seen + 1] = a end
  local value, err = call(tls(more))
  return seen, value, err
end

describe("a server", function()
  it("is trusted by ca_file, and spoken to in HTTP/2", function()
    local seen, page = attempts_of({}, function(c) return c:runs():list {} end)
    assert.equal(25, page.total)
    assert.equal("2", seen[1].http_version)
    assert.is_true(seen[1].times.appconnect > 0)
  end)

  local function refuses(more)
    local seen, value, err = attempts_of(more, function(c) return c:runs():list {} end)
    assert.is_nil(value)
    assert.same({ "tls", 1, false, false }, { err.kind, err.attempts, err.sent, err.retryable })
    assert.equal(1, #seen)
    assert.equal(0, #s:log().requests)
    return err
  end

  it("is refused, and not asked again, when nobody known has signed for it", function()
    local path = os.tmpname()
    program.shell(("openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -out %s -subj /CN=nobody -days 1"):format(path))
    refuses { ca_file = path }
    os.remove(path)
    refuses { ca_file = "/etc/hostname" }
    refuses { ca_file = "/nowhere/ca.pem" }
  end)

  it("is refused under a name that is not in its certificate", function()
    local port = s.tls_url:match ":(%d+)"
    local err = refuses { base_url = "https://0.0.0.0:" .. port }
    assert.truthy(err.message:find("0.0.0.0", 1, true), err.message)
  end)

  it("is refused when it does not speak TLS", function()
    refuses { base_url = s.url:gsub("^http:", "https:") }
  end)

  it("is refused behind a proxy, too", function()
    -- Says yes to CONNECT, and then speaks no TLS; one connection.
    local proxy = [[perl -MIO::Socket::INET -e '$| = 1; alarm 60; my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1");
      print $s->sockport, "\n"; if (fork() == 0) { close STDOUT; my $c = $s->accept; my $head = "";
      while ($head !~ /\r\n\r\n/) { sysread($c, $head, 4096, length $head) or exit }
      syswrite($c, "HTTP/1.1 200 Yes\r\n\r\n"); sysread($c, my $hello, 4096); syswrite($c, "no TLS here\r\n" x 100) }']]
    local port = program.shell(proxy):match "%d+"
    refuses { base_url = "https://api.test", proxy = "http://127.0.0.1:" .. port }
  end)
end)

describe("connections", function()
  -- The number of connections that the server has seen.
  local function connections()
    local seen, count = {}, 0
    for _, r in ipairs(s:log().requests) do
      if not seen[r.connection] then seen[r.connection], count = true, count + 1 end
    end
    return count
  end

  -- 50 requests at once; the number of connections for them.
  local function fifty(client)
    s:faults { action = { delay = 0.1 } }
    local fns = {}
    for i = 1, 50 do fns[i] = function() return client:runs():list { limit = 1 } end end
    assert.equal(50, #assert(apify.all(fns)))
    return connections()
  end

  it("of HTTP/2 are one for 50 requests at once", function()
    assert.equal(1, fifty(tls { max_connections = 5 }))         -- a limit of its own: no connection is there yet
  end)

  it("of HTTP/1.1 over TLS are at most 16", function()
    local count = fifty(tls { url = "h1_tls_url" })
    assert.is_true(count <= 16 and count > 1, count)
  end)

  it("are at most max_connections", function()
    assert.equal(2, fifty(tls { url = "h1_tls_url", max_connections = 2 }))
  end)

  it("of plain HTTP do not wait for each other", function()
    local client, id = tls { url = "url" }, waiting.add(s)
    local waits = {}
    for i = 1, 50 do waits[i] = apify.spawn(function() return client:run(id):wait_for_finish() end) end
    waiting.until_open(s, 50)                                    -- none of which is answered
    s:admin("set_status", { ids = { id }, status = "SUCCEEDED" })
    for _, wait in ipairs(waits) do assert.equal("SUCCEEDED", assert(wait:wait()).status) end
    assert.equal(50, connections())
  end)

  it("are shared by clients, and used again", function()
    local client = tls {}
    assert(client:runs():list {})
    local before = client:stats().reused_connections
    assert(client:with({ token = "apify_api_x" }):runs():list {})
    local log = s:log().requests
    assert.equal(log[1].connection, log[2].connection)
    assert(client:runs():list {})
    assert.equal(before + 1, client:stats().reused_connections)
  end)
end)

it("a redirect from https to http is refused", function()
  s:faults { action = { redirect = { location = "{main}/v2/actor-runs" } } }
  local value, err = tls {}:runs():list {}
  assert.is_nil(value)
  assert.same({ "redirect", 302, 1 }, { err.kind, err.status, err.attempts })
  assert.equal(1, #s:log().requests)
end)
