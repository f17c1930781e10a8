--- Reading the user's data, by values: what an answer of these headers and bytes comes to.
local core = require "apify.core"
local user_data = require "apify.resources.base.user_data"

local JSON = "application/json"

-- A call that has its answer.
local function answered(status, headers, text, method)
  local xfer = {
    header = function(_, name) return headers[name] end, text = function() return text end, is_empty = function() return text == "" end,
    status = function() return status end, failure = function() end, phase = function() return "done" end,
    value = function(_, decoder) return core.decode(text, decoder) end,
  }
  local settings = { conceal = function(_, words) return words end }
  return { method = method or "GET", xfer = xfer, decoder = { nulls = "keep" }, is_home = true, settings = settings }
end

local function json(text, headers)
  local all = { ["content-type"] = JSON }
  for name, value in pairs(headers or {}) do all[name] = value end
  return answered(200, all, text)
end

describe("nulls of the user's data", function()
  it("are those of the call, of the client, and else kept", function()
    assert.same({ "omit", "omit", "keep" }, {
      user_data.nulls({ nulls = "keep" }, { nulls = "omit" }), user_data.nulls({ nulls = "omit" }, {}), user_data.nulls({}, {}),
    })
    assert.same({ nulls = "omit", is_user_data = true }, user_data.fields({}, { nulls = "omit" }))
  end)
end)

describe("any answer", function()
  it("is its JSON, its text, or true where there is none", function()
    assert.same({ a = 1 }, user_data.any(json '{"a":1}'))
    assert.equal("a,b", user_data.any(answered(200, { ["content-type"] = "text/csv" }, "a,b")))
    assert.is_true(user_data.any(answered(204, {}, "")))
    assert.is_true(user_data.any(answered(200, { ["content-type"] = JSON }, "{}", "HEAD")))
  end)
end)

describe("a page of items", function()
  local read = user_data.page({}, {})

  it("is a list and the headers beside it", function()
    local page = read(json('[{"a":null},{"a":2}]', {
      ["x-apify-pagination-total"] = "9", ["x-apify-pagination-offset"] = "3", ["x-apify-pagination-limit"] = "4",
      ["x-apify-pagination-count"] = "5", ["x-apify-pagination-desc"] = "true",
    }))
    assert.same({ items = { { a = core.null }, { a = 2 } }, total = 9, offset = 3, limit = 4, count = 5, desc = true }, page)
  end)

  it("has as many as came, where the headers do not say", function()
    local page = read(json "[]")
    assert.same({ 0, false }, { page.count, page.desc })
  end)

  it("is nothing else", function()
    for _, text in ipairs { "{}", '{"a":1}', "7", '"x"' } do
      local page, message, name = read(json(text))
      assert.same({ false, "the answer is not a list of items", "decode" }, { page ~= nil, message, name })
    end
  end)

  it("comes from the user's codec, whose empty list may be any empty table", function()
    local seen
    local own = user_data.page({ json = { decode = function(text) seen = text return {} end } }, {})
    assert.same({}, own(json "[]").items)
    assert.equal("[]", seen)
  end)
end)

describe("a record", function()
  local function read(call, o, may_be_missing) return user_data.record({}, o or {}, "k", may_be_missing)(call) end

  it("is its JSON, unless it is wanted raw; of all else its bytes", function()
    assert.same({ key = "k", value = { a = 1 }, content_type = JSON }, read(json '{"a":1}'))
    assert.equal('{"a":1}', read(json '{"a":1}', { raw = true }).value)
    assert.equal("{", read(answered(200, { ["content-type"] = "text/plain" }, "{")).value)
  end)

  it("of no bytes is empty text, but no JSON", function()
    assert.equal("", read(answered(200, { ["content-type"] = "text/plain" }, "")).value)
    local record, message = read(json "", { raw = true })
    assert.same({ false, "the answer is empty" }, { record ~= nil, message })
  end)

  it("that may be missing has no value then", function()
    assert.same({ key = "k", content_type = JSON }, read(json "", nil, true))
    assert.same({ key = "k" }, read(answered(204, {}, ""), nil, true))
  end)

  it("that is a proxy's page is none", function()
    local _, _, name, _, is_stray = read(answered(200, { ["content-type"] = "text/html" }, "<p>sign in</p>"))
    assert.same({ "decode", true }, { name, is_stray })
  end)
end)

describe("the rows of an iterator", function()
  it("are built by the core, or by the user's codec", function()
    assert.same({ nulls = "omit" }, user_data.row_options({}, { nulls = "omit", pick = { "a" } }, "thing:iterate"))
    local settings = { json = { decode = function(text) return "<" .. text .. ">" end } }
    assert.equal("<1>", user_data.row_options(settings, {}, "thing:iterate").decode_row "1")
  end)

  it("of a codec cannot be picked from", function()
    local ok, text = pcall(user_data.row_options, { json = {} }, { pick = { "a" } }, "thing:iterate")
    assert.is_false(ok)
    assert.truthy(text:find("bad option 'pick' of thing:iterate", 1, true), text)
  end)
end)
