--- Where redirects lead, by values.
local redirect = require "apify.http.redirect"

local FROM = "https://api.test/v2/x"

local function follow(location, more)
  local r = { method = "GET", count = 1, from = FROM, location = location, shown = location }
  for name, value in pairs(more or {}) do r[name] = value end
  return redirect.follow(r)
end

-- Why it is not followed.
local function refusal(...)
  local address, why = follow(...)
  assert.is_nil(address)
  return why
end

describe("a redirect", function()
  it("is known by its status", function()
    for _, status in ipairs { 301, 302, 303, 307, 308 } do assert.is_true(redirect.is_one(status)) end
    for _, status in ipairs { 200, 300, 304, 404 } do assert.is_false(redirect.is_one(status)) end
  end)

  it("leads to the address that is meant, relative to that which was asked", function()
    for location, address in pairs {
      ["/y?z=1"] = "https://api.test/y?z=1", ["https://other.test:444/y"] = "https://other.test:444/y", ["//other.test/y"] = "https://other.test/y",
    } do
      assert.equal(address, (follow(location)))
      assert.equal(address, (follow(location, { method = "HEAD" })))
    end
    assert.is_true(select(2, follow "https://127.0.0.1/y").loopback)
    assert.is_false(select(2, follow "/y").loopback)
  end)

  it("is followed for GET and HEAD alone, and five times", function()
    for _, method in ipairs { "POST", "PUT", "PATCH", "DELETE" } do
      assert.equal("only GET and HEAD follow a redirect", refusal("/y", { method = method }))
    end
    assert.truthy(follow("/y", { count = 5 }))
    assert.equal("more than 5 redirects", refusal("/y", { count = 6 }))
  end)

  it("never leads from https to http, but the other way", function()
    assert.equal("from https to http", refusal "http://api.test/v2/x")
    assert.truthy(follow("https://api.test/v2/x", { from = "http://api.test/v2/x" }))
    assert.truthy(follow("/y", { from = "http://api.test/v2/x" }))
  end)

  it("without a place, or to one that is none, is told in words without a secret", function()
    assert.truthy(refusal(nil):find "missing")
    local why = refusal("http://[bad?token=x", { shown = "http://[bad?token=***" })
    assert.truthy(why:find('to "http://[bad?token=***": ', 1, true), why)
    assert.is_nil(why:find("token=x", 1, true))
  end)
end)
