--- Compressed bodies of answers.
local gzip = require "spec.support.gzip"
local transfers = require "spec.support.transfers"

local submit, finish, answer = transfers.submit, transfers.finish, transfers.answer

setup(transfers.start)
teardown(transfers.stop)
before_each(transfers.reset)
after_each(transfers.check)

describe("a compressed body", function()
  local function text_of(body)
    answer(body, { ["Content-Encoding"] = "gzip" })
    local x = finish(submit {})
    local text, message, name, offset = x:text()
    x:close()
    return text, message, name, offset
  end

  it("may have several members", function()
    assert.equal("hello, world", (text_of(gzip.pack "hello, " .. gzip.pack "world")))
  end)

  it("may be empty", function()
    assert.equal("", (text_of(gzip.pack "")))
  end)

  it("is refused when it has no byte at all", function()
    local text, message, name = text_of ""
    assert.same({ nil, "the gzip stream ends early", "decode" }, { text, message, name })
  end)

  it("is refused when it ends early, at every place", function()
    local whole = gzip.pack(("hello "):rep(50))
    for n = 1, #whole - 1, 3 do
      local text, message, name = text_of(whole:sub(1, n))
      assert.is_nil(text)
      assert.same({ "the gzip stream ends early", "decode" }, { message, name })
    end
  end)

  it("is refused when it is damaged, with the place in the decoded bytes", function()
    local body = gzip.pack(("hello"):rep(1000))
    local text, message, name, offset = text_of(body:sub(1, -9) .. "\1\2\3\4" .. body:sub(-4))
    assert.is_nil(text)
    assert.same({ "the gzip stream is damaged", "decode" }, { message, name })
    assert.is_true(offset <= 5000)
    assert.equal("decode", select(3, text_of "not gzip at all"))
    assert.equal("decode", select(3, text_of(body .. "rubbish")))
  end)
end)
