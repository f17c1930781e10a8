--- How an operation is written down: what it sends of its options, what it refuses, and what every list takes.
local operation = require "apify.resources.base.operation"
local options = require "apify.util.options"

local function misuse(call, ...)
  local ok, text = pcall(call)
  assert.is_false(ok)
  for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), text) end
end

describe("an operation", function()
  local made = operation.new("PUT", "/things/{}", "object", {
    { "wait_secs", "waitSecs", options.integer { min = 1 }, is_required = true }, { "format", "format" },
  }, { deadline = options.positive_secs })

  it("sends its parameters alone, by the API's names", function()
    local o = made.check({ wait_secs = 5, deadline = 2, request_timeout = 3, nulls = "keep" }, "thing:put")
    o.format = "xml"
    assert.same({ { "waitSecs", "5" }, { "format", "xml" } }, made.query(o))
    assert.same({ "PUT", "/things/{}", "object" }, { made.method, made.path, made.answers })
  end)

  it("asks for what is required, and refuses what the method itself sets", function()
    misuse(function() made.check({}, "thing:put") end, "missing option 'wait_secs' of thing:put")
    misuse(function() made.check({ wait_secs = 1, format = "xml" }, "thing:put") end, "unknown option 'format' of thing:put")
  end)

  it("keeps nulls on request only where an object answers it", function()
    for _, kind in ipairs { "nothing", false } do
      local other = operation.new("DELETE", "", kind or nil)
      misuse(function() other.check({ nulls = "keep" }, "thing:delete") end, "unknown option 'nulls'")
    end
  end)

  it("may be answered with bytes, and may name the owner of locks", function()
    assert.equal("zip", operation.media("GET", "", "zip").media)
    assert.is_true(operation.locking("GET", "", "page").takes_client_key)
  end)
end)

describe("a collection", function()
  local made = operation.collection({ { "desc", "desc", options.flag } }, { follow = options.flag })

  it("has one filter for a page and for all rows; only pages send offset and limit", function()
    local listed = made.list.check({ offset = 0, limit = 5, desc = true }, "l")
    assert.same({ { "offset", "0" }, { "limit", "5" }, { "desc", "1" } }, made.list.query(listed))
    local walked = made.iterate.check({ offset = 0, limit = 5, desc = 1, follow = true }, "l")
    assert.same({ { "desc", "1" } }, made.iterate.query(walked))
    misuse(function() made.list.check({ limit = 1001 }, "l") end, "bad option 'limit' of l: 1001")
    misuse(function() made.list.check({ follow = true }, "l") end, "unknown option 'follow' of l")
  end)

  it("refuses names with a comma, and what is no header", function()
    assert.is_false((operation.names.check { "a,b" }))
    assert.is_false((operation.header_text.check "a\r\nb"))
    assert.is_true((operation.header_text.check "text/plain; charset=utf-8"))
  end)
end)
