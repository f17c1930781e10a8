--- The multi: it drives all transfers, and hands out those that have news.
local core = require "apify.core"
local transfers = require "spec.support.transfers"

local MAX_POOLS = 12         -- as in src/multi.h

local submit, drive = transfers.submit, transfers.drive

setup(transfers.start)
teardown(transfers.stop)
before_each(transfers.reset)
after_each(transfers.check)

local function close_all(list)
  for _, x in ipairs(list) do x:close() end
end

describe("a multi", function()
  it("counts what is in flight, and hands out what is done, once", function()
    local list, news = {}, {}
    for i = 1, 5 do list[i] = submit { owner = i } end
    assert.equal(5, transfers.multi:in_flight())
    local seen = {}
    while transfers.multi:in_flight() > 0 do               -- each wait gives out what has ended in it
      for i = 1, assert(transfers.multi:wait(transfers.patience, news)) do seen[#seen + 1] = news[i]:owner() end
    end
    table.sort(seen)
    assert.same({ 1, 2, 3, 4, 5 }, seen)
    assert.equal(0, transfers.multi:wait(0, news))
    close_all(list)
  end)

  it("waits no longer than it was told, and not at all when a transfer has ended already", function()
    transfers.server:faults { action = { hang = {} } }
    local x, before = submit {}, core.now()
    assert.equal(0, transfers.multi:wait(0.05, {}) + transfers.multi:wait(0.05, {}) + transfers.multi:wait(0.05, {}))
    assert.is_true(core.now() - before < 20)
    x:abort()
    assert.equal(1, transfers.multi:wait(transfers.patience, {}))
    assert.is_true(core.now() - before < 20)
    x:close()
  end)

  it("tells when there was anything on a socket, which there is not while the server thinks", function()
    transfers.server:faults { action = { delay = 0.3 } }
    local x, told, gives_up_at = submit {}, {}, core.now() + transfers.patience
    repeat
      local _, has_moved = assert(transfers.multi:wait(0.02, {}))
      told[#told + 1] = tostring(has_moved)
    until x:phase() == "done" or core.now() > gives_up_at
    assert.matches("false false.* true$", table.concat(told, " "))                -- on a connection that may stand already
  end)

  it("forgets what is closed, and what was news of it", function()
    local x, y = submit {}, submit {}
    x:abort()
    y:abort()
    x:close()
    local news = {}
    assert.equal(1, transfers.multi:wait(0, news))
    assert.equal(y, news[1])
    y:close()
  end)

  it("takes more connection limits than it has places for", function()
    local list = {}
    for i = 1, 2 * MAX_POOLS do list[i] = submit { max_connections = i } end
    local tls = { url = transfers.server.tls_url .. "/v2/actor-runs", ca_file = transfers.server.ca_file }
    for _, http1 in ipairs { false, true } do
      list[#list + 1] = submit { url = tls.url, ca_file = tls.ca_file, http1 = http1, max_connections = 3 }
    end
    drive(function() return transfers.multi:in_flight() == 0 end)
    for _, x in ipairs(list) do assert.equal(200, x:status()) end
    close_all(list)
  end)

  it("is of no use once it is closed", function()
    local own = assert(core.multi())
    assert.is_true(own:is_usable())
    own:close()
    own:close()
    assert.is_false(own:is_usable())
    assert.is_nil(own:fd())
    assert.equal("closed", select(3, own:submit { url = transfers.server.url, method = "GET" }))
    assert.equal("closed", select(3, own:wait(0, {})))
  end)
end)
