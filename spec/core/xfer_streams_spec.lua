--- Bodies of transfers that are taken piece by piece while they come.
local core = require "apify.core"
local socket = require "socket"
local transfers = require "spec.support.transfers"

local submit, drive, answer, some_text = transfers.submit, transfers.drive, transfers.answer, transfers.some_text

setup(transfers.start)
teardown(transfers.stop)
before_each(transfers.reset)
after_each(transfers.check)

-- All pieces of the body, of at most `max` bytes each, or what it failed with.
local function read_bytes(x, max)
  return transfers.read_all(x, function() return x:read(max) end)
end

describe("bytes of a stream", function()
  it("come as they are, in pieces of no more than was asked for, over each protocol, compressed or not", function()
    local text = some_text(300000)
    local gzip = { ["Content-Encoding"] = "gzip" }
    local api = transfers.server
    local ways = { { url = api.url }, { url = api.tls_url, version = "2" }, { url = api.tls_url, http1 = true }, { url = api.h1_tls_url } }
    for _, headers in ipairs { {}, gzip } do
      answer(headers == gzip and core.gzip():finish(text) or text, headers)
      for _, way in ipairs(ways) do
        local x = submit { url = way.url .. "/v2/actor-runs", ca_file = api.ca_file, http1 = way.http1, stream = true }
        local pieces, why = read_bytes(x, 10000)
        assert.same({ "end", 200 }, { why, x:status() })
        assert.is_true(table.concat(pieces) == text)
        local stats = x:stats()
        assert.equal(way.version or "1.1", stats.http_version)
        assert.same({ stats.bytes_wire, #text, stats.is_reused }, { x:totals() })
        for _, piece in ipairs(pieces) do assert.is_true(#piece > 0 and #piece <= 10000) end
        assert.same({ nil, "end" }, { x:read() })
        x:close()
      end
    end
  end)

  it("are decoded when they were compressed, 64 KiB at a time", function()
    transfers.server:faults { action = { gzip_bomb = { mb = 20 } } }
    local x = submit { stream = true }
    local pieces, why = read_bytes(x)
    local size = 0
    for _, piece in ipairs(pieces) do
      size = size + #piece
      assert.is_true(#piece <= 65536)
    end
    assert.equal("end", why)
    assert.is_true(size > 20000000, size)
    assert.equal(size, x:stats().bytes_decoded)
    x:close()
  end)

  it("may be none, and may be those of an error", function()
    answer ""
    local x = submit { stream = true }
    assert.same({ {}, "end" }, { read_bytes(x) })
    x:close()
    transfers.server:faults { action = { status = { code = 404, body = "not here", content_type = "text/plain" } } }
    x = submit { stream = true }
    assert.same({ { "not here" }, "end" }, { read_bytes(x) })
    assert.equal(404, x:status())
    x:close()
  end)

  it("come before the failure of a connection that was cut, and of half a gzip stream", function()
    for _, action in ipairs { { cut = { after_bytes = 1000 } }, { cut = { chunked = true } } } do
      transfers.server:faults { action = action }
      local x = submit { stream = true }
      local pieces, message, name, offset = read_bytes(x)
      local text = table.concat(pieces)
      assert.same({ "network", "string" }, { name, type(message) })
      assert.is_true(#text > 100)
      assert.equal(#text, offset)
      assert.same({ nil, message, name, offset }, { x:read() })
      x:close()
    end
    transfers.server:faults { action = { half_gzip = {} } }
    local x = submit { stream = true }
    local pieces, message, name, offset = read_bytes(x)
    assert.same({ "the gzip stream ends early", "decode" }, { message, name })
    assert.equal(#table.concat(pieces), offset)
    assert.is_true(offset > 0)
    x:close()
  end)

  it("are not held beyond a bound while nobody reads them, and go on when somebody does", function()
    for _, url in ipairs { transfers.server.url, transfers.server.h1_tls_url } do
      answer(some_text(900000))
      local x = submit { url = url .. "/v2/actor-runs", ca_file = transfers.server.ca_file, stream = true }
      drive(function() return (x:progress()) > 200000 end)
      local stop, size = core.now() + 0.1, 0
      drive(function() return core.now() > stop end)
      assert.is_true((x:progress()) < 300000, (x:progress()))
      x:want(true)
      for _ = 1, 100000 do
        local bytes, why = x:read()
        if bytes then size = size + #bytes
        elseif why == "more" then assert(transfers.multi:wait(1, {}))
        else break
        end
        assert.is_true(x:progress() - size < 300000)
      end
      assert.equal(900000, size)
      assert.same({ nil, "end" }, { x:read() })
      x:close()
    end
  end)

  it("stay in place while a finalizer drives or closes the transfer in the middle of a piece", function()
    local text = some_text(800000)
    for _, meddle in ipairs { function() transfers.multi:wait(0, {}) end, function(x, size) if size > 100000 then x:close() end end } do
      answer(text)
      local x, size, is_over, why, times = submit { stream = true }, 0, false, "more", 0
      local undo = transfers.hurry_collector(110)
      transfers.at_collections(function()
        if not is_over then meddle(x, size) end
        times = times + 1
        return is_over
      end)
      x:want(true)
      local stop = core.now() + transfers.patience
      while core.now() < stop and x:is_open() and (why == nil or why == "more") do
        local bytes
        collectgarbage "restart"                           -- and let the next allocation collect some of it
        bytes, why = x:read(498)
        if bytes then
          assert.is_true(bytes == text:sub(size + 1, size + #bytes), size)
          size = size + #bytes
        elseif why == "more" then
          assert(transfers.multi:wait(0.01, {}))
        end
      end
      is_over = true
      undo()
      x:close()
      assert.is_true(size > 100000 and times > 3, times)
    end
  end)

  it("are asked for in numbers from 1 on, of a transfer that is open", function()
    local x = submit { stream = true }
    for _, max in ipairs { 0, -1, 2 ^ 40, "x" } do assert.is_false(pcall(x.read, x, max)) end
    x:close()
    assert.error_matches(function() x:read() end, "closed")
  end)
end)

describe("rows of a raw decoder", function()
  it("are their text, from a transfer too", function()
    answer '{"data":{"total":2,"items":[ {"a" : [1.0, "]"]} , "x" ]}}'
    local x, rows, decoder = submit { stream = true }, {}, core.decoder { raw = true }
    drive(function()
      local row, why = x:row(decoder)
      rows[#rows + 1] = row
      return why == "end"
    end)
    assert.same({ '{"a" : [1.0, "]"]}', '"x"' }, rows)
    assert.equal(2, x:envelope().total)
    assert.error_matches(function() x:value(decoder) end, "rows only")
    x:close()
  end)
end)

describe("a row that is larger than what is held unread", function()
  local FIRST, HELD = 262000, 262144                                    -- bytes: the last ones before it is held, and what is held at most

  it("is news when what comes next does not fit behind what its reader has seen", function()
    local listener = assert(socket.bind("127.0.0.1", 0))
    local row = '"' .. some_text(2 * HELD):gsub("[^%w]", " ") .. '"'
    local body = "[" .. row .. "]"
    local x = submit { url = "http://127.0.0.1:" .. select(2, listener:getsockname()), stream = true }
    x:want(true)
    listener:settimeout(0)
    local peer
    drive(function()
      peer = listener:accept()
      return peer
    end)
    local function send(bytes) assert(peer:send(bytes)) end
    local head = ("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"):format(#body)
    send(head .. body:sub(1, FIRST))
    local decoder = core.decoder { raw = true }
    drive(function()
      assert.same({ nil, "more" }, { x:row(decoder) })
      return x:progress() == #head + FIRST
    end)
    assert.same({ nil, "more" }, { x:row(decoder) })
    send(body:sub(FIRST + 1, FIRST + 2 * (HELD - FIRST)))
    assert.equal(x, transfers.news()[1])
    assert.same({ nil, "more" }, { x:row(decoder) })
    send(body:sub(FIRST + 2 * (HELD - FIRST) + 1))
    local got
    drive(function()
      got = x:row(decoder)
      return got
    end)
    assert.is_true(got == row)
    peer:close()
    listener:close()
    x:close()
  end)
end)
