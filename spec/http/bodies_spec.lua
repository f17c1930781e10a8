--- Bodies of requests: compressed or not, and the header lines that tell so.
local bodies = require "apify.http.bodies"
local core = require "apify.core"

local JSON, GZIP = "Content-Type: application/json; charset=utf-8", "Content-Encoding: gzip"

describe("a body", function()
  it("is compressed from 1024 bytes on", function()
    local text = ("x"):rep(1023)
    assert.same({ text, { JSON } }, { bodies.of_json(text) })
    local body, headers = bodies.of_json(text .. "x")
    assert.is_true(#body < 100)
    assert.equal("\31\139", body:sub(1, 2))
    assert.same({ JSON, GZIP }, headers)
    assert.same({ body, GZIP }, { bodies.compress(text .. "x") })
  end)

  it("stays as it is where that makes it no smaller", function()
    local pieces = {}
    for i = 1, 32 do
      pieces[i] = core.random_hex(32):gsub("%x%x", function(byte) return string.char(tonumber(byte, 16)) end)
    end
    local noise = table.concat(pieces)
    assert.equal(1024, #noise)
    assert.same({ noise }, { bodies.compress(noise) })
  end)

  it("that somebody else has compressed is told of too", function()
    assert.same({ JSON, GZIP }, bodies.headers(true))
    assert.same({ JSON }, bodies.headers(false))
  end)
end)
