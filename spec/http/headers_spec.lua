--- Header lines, by values.
local headers = require "apify.http.headers"

describe("header lines", function()
  it("are found by their name, whatever its case, with a value or without", function()
    local lines = { "Range: bytes=0-1", "X-Empty;" }
    assert.is_true(headers.has(lines, "range"))
    assert.is_true(headers.has(lines, "x-empty"))
    for _, name in ipairs { "rang", "ranges", "bytes=0-1", "x" } do assert.is_false(headers.has(lines, name)) end
    assert.is_false(headers.has({}, "range"))
  end)

  it("of a call take the place of those of the client", function()
    local client, own = { "Accept: a", "X-One: 1" }, { "accept: b", "x-two: 2" }
    assert.same({ "accept: b", "x-two: 2", "X-One: 1" }, headers.merge(client, own))
    assert.same({ "X-One: 1" }, headers.merge({ "X-One: 1" }, {}))
    assert.same({ { "Accept: a", "X-One: 1" }, { "accept: b", "x-two: 2" } }, { client, own })
  end)
end)
