--- What pushing items and batches of requests share, by values.
local core = require "apify.core"
local errors = require "apify.util.errors"
local sending = require "apify.http.sending"

describe("sending", function()
  it("tells a list from an object", function()
    for _, list in ipairs { {}, { 1 }, { 1, x = 2 }, { [3] = 1 }, core.array {} } do assert.is_true(sending.is_list(list)) end
    for _, object in ipairs { { a = 1 }, { [true] = 1 } } do assert.is_false(sending.is_list(object)) end
  end)

  it("counts a list, and says what is wrong with one", function()
    assert.equal(0, sending.count {})
    assert.equal(3, sending.count { 1, false, 3 })
    for _, bad in ipairs { { 1, [3] = 3 }, { [0] = 1 }, { 1, [1.5] = 2 }, { 1, x = 2 }, { [math.huge] = 1 } } do
      local count, why = sending.count(bad)
      assert.is_nil(count)
      assert.is_string(why)
    end
  end)

  it("puts a path behind a place", function()
    assert.equal("items[3].price: NaN cannot be JSON", sending.locate("items[3]", "price: NaN cannot be JSON"))
    assert.equal("items[3].a.b[1]: x", sending.locate("items[3]", "a.b[1]: x"))
    assert.equal("items[3].a[1]: x", sending.locate("items[3]", "a[1]: x"))
    assert.equal('items[3]["odd key"]: x', sending.locate("items[3]", '["odd key"]: x'))
    assert.equal("items[3]: an array with holes: 3 is its last", sending.locate("items[3]", "an array with holes: 3 is its last"))
  end)

  it("knows what can be called", function()
    assert.is_true(sending.is_callable(print))
    assert.is_true(sending.is_callable(setmetatable({}, { __call = print })))
    assert.is_false(sending.is_callable {})
    assert.is_false(sending.is_callable "x")
  end)

  it("compresses a body where that makes it smaller", function()
    local body, headers = sending.body(("x"):rep(1023))
    assert.equal(1023, #body)
    assert.equal(1, #headers)
    body, headers = sending.body(("x"):rep(1024))
    assert.is_true(#body < 1024)
    assert.equal("Content-Encoding: gzip", headers[2])
  end)

  it("tells whether a failed request may have been carried out", function()
    local function is_in_doubt(fields, is_repeated) return sending.is_in_doubt(errors.new(fields), is_repeated) and true or false end
    assert.is_true(is_in_doubt { kind = "network", sent = true })
    assert.is_true(is_in_doubt { kind = "timeout", sent = true })
    assert.is_true(is_in_doubt { kind = "api", status = 500, sent = true })
    assert.is_true(is_in_doubt { kind = "api", status = 408, sent = true })
    assert.is_true(is_in_doubt { kind = "closed", attempts = 1 })
    assert.is_true(is_in_doubt({ kind = "api", status = 400, sent = true, attempts = 2 }, true))
    assert.is_false(is_in_doubt({ kind = "api", status = 400, sent = true, attempts = 1 }, true))
    assert.is_false(is_in_doubt { kind = "api", status = 400, sent = true, attempts = 1 })
    assert.is_false(is_in_doubt { kind = "api", status = 429, sent = true, attempts = 9 })
    assert.is_false(is_in_doubt { kind = "redirect", status = 302, sent = true })
    assert.is_false(is_in_doubt { kind = "connect", sent = false })
    assert.is_false(is_in_doubt { kind = "closed" })
    assert.is_false(is_in_doubt { kind = "cancelled" })
  end)
end)
