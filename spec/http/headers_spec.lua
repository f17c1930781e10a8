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

  it("are made of a table, in the order of names", function()
    assert.same({ "X-A: 1", "X-B;", "x-c: 5" }, headers.lines({ ["X-A"] = "1", ["X-B"] = " ", ["x-c"] = 5 }, "test"))
    assert.same({}, headers.lines(nil, "test"))
  end)

  it("are not made of what is none, of what is not the caller's, and for all calls not of what is one call's; no value is shown", function()
    local function refused(name, value, are_of_all)
      local ok, text = pcall(headers.lines, { [name] = value }, "test", are_of_all)
      assert.is_false(ok, name)
      assert.matches("bad option 'headers' of test: ", text, 1, true)
      assert.not_matches("secret", text)
    end
    for _, name in ipairs { "Authorization", "HOST", "content-length", "Transfer-Encoding", "Accept-Encoding", "", "a b", "a:" } do
      refused(name, "secret")
      refused(name, "secret", true)
    end
    for _, value in ipairs { "secret\nX-B: 1", "secret\r", "\0secret", {}, true } do refused("X-A", value) end
    for _, name in ipairs { "Content-Type", "CONTENT-ENCODING", "range", "Idempotency-Key", "Expect" } do
      refused(name, "secret", true)
      assert.same({ name .. ": 1" }, headers.lines({ [name] = "1" }, "test"))
    end
  end)

  it("of a call take the place of those of the client", function()
    local client, own = { "Accept: a", "X-One: 1" }, { "accept: b", "x-two: 2" }
    assert.same({ "accept: b", "x-two: 2", "X-One: 1" }, headers.merge(client, own))
    assert.same({ "X-One: 1" }, headers.merge({ "X-One: 1" }, {}))
    assert.same({ { "Accept: a", "X-One: 1" }, { "accept: b", "x-two: 2" } }, { client, own })
  end)
end)
