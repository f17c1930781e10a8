--- The core's transfers, driven by hand: bodies in pieces, limits, and who lets go of what.
local core = require "apify.core"
local transfers = require "spec.support.transfers"

-- A body with one row of some 900 kB, which the control interface can take and the stream does not hold at once.
local BIG_ROW = '{"data":{"items":[{"id":1,"text":"' .. ("x"):rep(900000) .. '"}]}}'

local submit, drive, finish, answer = transfers.submit, transfers.drive, transfers.finish, transfers.answer

setup(transfers.start)
teardown(transfers.stop)
before_each(transfers.reset)
after_each(transfers.check)

-- The rows of a stream until its end, or what it failed with.
local function read_rows(x)
  local decoder = core.decoder {}
  return transfers.read_all(x, function() return x:row(decoder) end)
end

describe("a transfer", function()
  it("goes through its phases to an answer", function()
    local x = submit {}
    assert.equal("queued", x:phase())
    assert.is_nil(x:status())
    finish(x)
    assert.equal(200, x:status())
    assert.is_nil(x:failure())
    assert.is_true(x:was_sent())
    assert.equal("nginx", x:header "Server":match "^%a+")
    assert.equal(x:header "content-type", x:headers()["content-type"])
    assert.equal(25, x:value(core.decoder {}).data.total)
    x:close()
  end)

  it("gives its owner with the news, and is nobody's after close", function()
    local owner = {}
    local x = submit { owner = owner }
    local news = transfers.news()
    assert.equal(x, news[1])
    assert.equal(owner, news[1]:owner())
    x:close()
    x:close()
    assert.is_false(x:is_open())
    for _, method in ipairs { "phase", "status", "text", "stats", "totals", "failure", "headers", "progress" } do
      assert.is_false(pcall(function() return x[method](x) end))
    end
  end)

  it("tells how many bytes moved, in both directions, and for how long none did", function()
    transfers.server:faults { action = { hang = {} } }
    local x = submit { method = "POST", body = ("x"):rep(100000) }
    drive(function() return x:progress() == 100000 end)
    local before = core.now()
    drive(function() return core.now() - before > 0.05 end)
    local _, idle = x:progress()
    assert.is_true(idle >= 0.04 and idle < 5, idle)
    x:close()
  end)

  it("that nobody holds is collected with its connection", function()
    transfers.server:faults { action = { hang = {} } }
    for _ = 1, 5 do submit {} end
    drive(function() return #transfers.server:log().requests == 5 end)
    assert.equal(5, transfers.multi:in_flight())
    collectgarbage()
    collectgarbage()
    assert.equal(0, transfers.multi:in_flight())
    drive(function() return transfers.server:log().counters.by_status["499"] == 5 end)
  end)

  it("outlives its multi, closed", function()
    local own = assert(core.multi())
    local x = assert(own:submit { url = transfers.server.url .. "/v2/actor-runs", method = "GET" })
    own:close()
    own:close()
    assert.equal("queued", x:phase())
    x:close()
    local _, _, name = own:submit { url = transfers.server.url, method = "GET" }
    assert.equal("closed", name)
    assert.equal("closed", select(3, own:wait(0, {})))
    assert.is_false(own:is_usable())
  end)

  it("refuses options that it does not know, and header lines that are two", function()
    for _, o in ipairs { { urll = "x" }, { url = 1, headers = "x" }, { headers = { "A: 1\r\nB: 2" } }, { headers = { "A: 1\0" } },
      { headers = { {} } }, { url = "http://x\0y" }, { secret = "text" } } do
      assert.is_false(pcall(transfers.multi.submit, transfers.multi, o))
    end
    collectgarbage()
  end)

  it("asks for the path as it stands in the URL", function()
    local x = finish(submit { path = "/v2/a/../b/./c" })
    assert.equal("/v2/a/../b/./c", transfers.server:log().requests[1].path)
    x:close()
  end)

  it("fails for a URL that is none", function()
    local x = finish(submit { url = "gopher://127.0.0.1/" })
    assert.equal("decode", select(2, x:failure()))
    x:close()
  end)
end)

describe("a stream", function()
  it("gives its rows, and the members around them at the end", function()
    local x = submit { stream = true }
    local rows, why = read_rows(x)
    assert.same({ 25, "end", 25 }, { #rows, why, x:envelope().total })
    x:close()
  end)

  it("holds a bounded number of bytes while nobody reads, and goes on when somebody does", function()
    answer(BIG_ROW)
    local x = submit { stream = true }
    drive(function() return (x:progress()) > 200000 end)
    local stop = core.now() + 0.2
    drive(function() return core.now() > stop end)
    assert.is_true((x:progress()) < 300000, (x:progress()))
    local rows, why = read_rows(x)
    assert.same({ 1, "end" }, { #rows, why })
    x:close()
  end)

  it("keeps its bytes in place while a finalizer drives or closes it in the middle of a row", function()
    local items = {}
    for i = 1, 1500 do items[i] = ('{"id":"r%05d","text":"%s","list":[{"a":1},{"b":[2,3]}]}'):format(i, ("x"):rep(150)) end
    answer("[" .. table.concat(items, ",") .. "]")
    for _, meddle in ipairs { function() transfers.multi:wait(0, {}) end, function(x, count) if count > 200 then x:close() end end } do
      local x, decoder, count, is_over, why = submit { stream = true }, core.decoder {}, 0, false, "more"
      local undo = transfers.hurry_collector(110)
      transfers.at_collections(function()
        if not is_over then meddle(x, count) end
        return is_over
      end)
      x:want(true)
      local stop = core.now() + transfers.patience
      while core.now() < stop and x:is_open() and (why == nil or why == "more") do
        local row
        row, why = x:row(decoder)
        if row then
          count = count + 1
          assert.equal(("r%05d"):format(count), row.id)
        elseif why == "more" then
          assert(transfers.multi:wait(0.01, {}))
        end
      end
      is_over = true
      undo()
      x:close()
      assert.is_true(count > 200, count)
    end
  end)

  it("takes a status only from the line that begins the headers", function()
    answer("{}", { ["HTTP/x"] = "y" })
    local x = finish(submit {})
    assert.equal(200, x:status())
    x:close()
  end)

  it("keeps the body of an error whatever max_body_size is", function()
    transfers.server:faults { action = { status = { code = 404, body = ("x"):rep(300), content_type = "text/plain" } } }
    local x = finish(submit { max_body_size = 100 })
    assert.same({ 404, 300 }, { x:status(), #x:text() })
    x:close()
  end)

  it("takes a row that is larger than what it holds otherwise, compressed or not", function()
    for _, put in ipairs { function() answer(BIG_ROW) end, function() transfers.server:faults { action = { gzip_bomb = { mb = 3 } } } end } do
      put()
      local x = submit { stream = true }
      local rows, why = read_rows(x)
      assert.same({ 1, "end" }, { #rows, why })
      assert.is_true(#rows[1].text >= 900000)
      x:close()
    end
  end)

  it("refuses a row of more than 16 MiB", function()
    for _, action in ipairs { { big_string = { mb = 18 } }, { gzip_bomb = { mb = 18 } } } do
      transfers.server:faults { action = action }
      local x = submit { stream = true }
      local rows, _, name = read_rows(x)
      assert.same({ 0, "too_large" }, { #rows, name })
      x:close()
    end
  end)

  it("gives the rows that came before a cut", function()
    answer '{"data":{"items":[{"id":1},{"id":2},{"id"'
    local x = submit { stream = true }
    local rows, _, name = read_rows(x)
    assert.same({ 2, "decode" }, { #rows, name })
    x:close()
    transfers.server:faults { action = { cut = { chunked = true } } }
    x = submit { stream = true }
    rows, _, name = read_rows(x)
    assert.equal("network", name)
    assert.is_true(#rows > 0)
    x:close()
  end)
end)
