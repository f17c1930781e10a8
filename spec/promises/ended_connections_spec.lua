--- Servers end a connection after so many requests: over HTTP/2 with GOAWAY, which refuses what is under way on it. A start must
--- not be repeated, yet none may fail of that, nor be made twice.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"
local PARALLEL = 40
local ENDLESS = { schedule = { { 0, "RUNNING" } }, items = 0, log_lines = 0 }

local SERVERS = {
  { name = "after 20 requests", keepalive = 20, starts = 300 },
  { name = "after 1000 requests, as nginx does by itself", keepalive = 1000, starts = 1100 },
}

local ADDRESSES = {
  { name = "http", url = "url" },
  { name = "TLS and HTTP/1.1", url = "h1_tls_url" },
  { name = "TLS and HTTP/2", url = "tls_url" },
}

for _, kind in ipairs(SERVERS) do
  describe("a server that ends a connection " .. kind.name, function()
    local api = testbed.local_api({}, { keepalive = kind.keepalive })

    before_each(function() api:admin("behaviour", ENDLESS) end)

    --- How many connections there were, and which protocols were spoken, in requests that match.
    local function seen(method)
      local connections, protocols, count = {}, {}, 0
      for _, request in ipairs(api:log().requests) do
        if request.method == method then
          if not connections[request.connection] then count = count + 1 end
          connections[request.connection], protocols[request.protocol] = true, true
        end
      end
      return count, protocols
    end

    for _, address in ipairs(ADDRESSES) do
      it(("answers %d starts, %d at a time, over %s"):format(kind.starts, PARALLEL, address.name), function()
        local client, numbers = testbed.client(api, { url = address.url }), {}
        for i = 1, kind.starts do numbers[i] = i end
        local failures = {}
        local ids = assert(apify.map(numbers, function(i)
          local run, err = client:actor(ACTOR):start { number = i }
          if not run then failures[#failures + 1] = tostring(err) end
          return run and run.id or false
        end, { max_parallel = PARALLEL }))
        assert.equal(0, #failures, failures[1])
        local is_there, starts = {}, api:admin "starts"
        assert.equal(kind.starts, starts.count)
        for _, id in ipairs(starts.ids) do is_there[id] = true end
        for _, id in ipairs(ids) do
          assert.is_true(is_there[id])
          is_there[id] = nil                             -- each belongs to one start
        end
        local connections, protocols = seen "POST"
        assert.same({ ["HTTP/1.1"] = true }, protocols)
        assert.is_true(connections <= PARALLEL + 2 * kind.starts / kind.keepalive, connections)        -- they are used again
      end)
    end
  end)
end

describe("a server that ends a connection after 20 requests", function()
  local api = testbed.local_api({}, { keepalive = 20 })

  it("answers 300 questions over HTTP/2, which may be repeated", function()
    local client, numbers = testbed.client(api, { url = "tls_url" }), {}
    for i = 1, 300 do numbers[i] = i end
    assert(apify.map(numbers, function() return client:actor(ACTOR):get() end, { max_parallel = PARALLEL }))
    assert.equal("HTTP/2.0", api:log().requests[1].protocol)
  end)
end)

describe("over TLS with HTTP/2", function()
  local api = testbed.local_api()

  it("all runs are polled at once, whatever connections their starts have left", function()
    api:admin("behaviour", ENDLESS)
    local client, ids = testbed.client(api, { url = "tls_url" }), {}
    for i = 1, PARALLEL do ids[i] = true end
    ids = assert(apify.map(ids, function() return assert(client:actor(ACTOR):start {}).id end))
    local waiting = apify.spawn(client.wait_all, client, ids)
    local function polls()
      local count = 0
      for _, request in ipairs(api:log().requests) do
        if request.path:find "waitForFinish" then
          count = count + 1
          assert.equal("HTTP/2.0", request.protocol)
        end
      end
      return count
    end
    local tries = 0
    repeat
      apify.sleep(0.02)
      tries = tries + 1
    until polls() >= PARALLEL or tries == 200
    assert.equal(PARALLEL, polls())
    api:admin("set_status", { ids = ids, status = "SUCCEEDED" })
    assert.equal(PARALLEL, #assert(waiting:wait()))
  end)
end)
