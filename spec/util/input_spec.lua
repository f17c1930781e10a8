--- What callers give to be sent, by values.
local core = require "apify.core"
local errors = require "apify.util.errors"
local input = require "apify.util.input"

describe("input", function()
  it("tells a list from an object", function()
    for _, list in ipairs { {}, { 1 }, { 1, x = 2 }, { [3] = 1 }, core.array {} } do assert.is_true(input.is_list(list)) end
    for _, object in ipairs { { a = 1 }, { [true] = 1 } } do assert.is_false(input.is_list(object)) end
  end)

  it("counts a list, and says what is wrong with one", function()
    assert.equal(0, input.count {})
    assert.equal(3, input.count { 1, false, 3 })
    for _, bad in ipairs { { 1, [3] = 3 }, { [0] = 1 }, { 1, [1.5] = 2 }, { 1, x = 2 }, { [math.huge] = 1 } } do
      local count, why = input.count(bad)
      assert.is_nil(count)
      assert.is_string(why)
    end
  end)

  it("puts a path behind a place", function()
    assert.equal("items[3].price: NaN cannot be JSON", input.locate("items[3]", "price: NaN cannot be JSON"))
    assert.equal("items[3].a.b[1]: x", input.locate("items[3]", "a.b[1]: x"))
    assert.equal("items[3].a[1]: x", input.locate("items[3]", "a[1]: x"))
    assert.equal('items[3]["odd key"]: x', input.locate("items[3]", '["odd key"]: x'))
    assert.equal("items[3]: an array with holes: 3 is its last", input.locate("items[3]", "an array with holes: 3 is its last"))
  end)

  it("knows what can be called", function()
    assert.is_true(input.is_callable(print))
    assert.is_true(input.is_callable(setmetatable({}, { __call = print })))
    assert.is_false(input.is_callable {})
    assert.is_false(input.is_callable "x")
  end)

  it("knows handles and pages", function()
    assert.is_true(input.is_handle_or_page(setmetatable({}, { refuses_call = true })))
    for _, other in ipairs { "x", {}, setmetatable({}, { __call = print }), io.stdout } do assert.is_false(input.is_handle_or_page(other)) end
  end)

  it("knows open handles and the names of files", function()
    local closed = assert(io.tmpfile())
    closed:close()
    assert.is_true(input.is_handle(io.stdout, "write"))
    assert.is_true(input.is_handle({ read = print }, "read"))
    for _, value in ipairs { closed, { write = 1 }, {}, "write", 7 } do assert.is_false(input.is_handle(value, "write")) end
    assert.is_true(input.is_file_name "a b")
    for _, value in ipairs { "", "a\0b", 7 } do assert.is_false(input.is_file_name(value)) end
  end)

  it("says what the user's code said or raised, unless that is an apify.Error", function()
    local own, cause = errors.new { kind = "api" }, {}
    assert.same({ kind = "io", message = "x: full", cause = "full", errno = 28 }, input.failure("x", "full", 28))
    assert.same({ kind = "io", message = "x raised: " .. tostring(cause), cause = cause }, input.crash("x", cause))
    assert.equal(own, input.failure("x", own))
    assert.equal(own, input.crash("x", own))
  end)

  it("has no text of what cannot be shown, but takes it as the cause", function()
    local mute = setmetatable({}, { __tostring = function() error "torn" end })
    local function say() return nil, mute end
    local function raise() error(mute) end
    for text, err in pairs {
      ["the iterator failed: a table"] = select(2, input.pull(say)), ["the iterator raised: a table"] = select(2, input.pull(raise)),
      ["x: a table"] = input.failure("x", mute), ["x raised: a table"] = input.crash("x", mute),
    } do
      assert.equal(text, err.message)
      assert.is_true(rawequal(mute, err.cause))
    end
  end)
end)
