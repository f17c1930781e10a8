--- The body of a request that is compressed while its pieces come.
local core = require "apify.core"
local gzip = require "spec.support.gzip"

-- Bytes that nothing makes smaller.
local function noise(n)
  local bytes = {}
  for i = 1, n do bytes[i] = string.char(math.random(0, 255)) end
  return table.concat(bytes)
end

describe("the body of a request", function()
  it("gives short bodies as they are", function()
    local body = core.gzip()
    assert.same({ "", false }, { body:finish() })
    assert.is_true(body:add("[", "1", ",2]"))
    assert.same({ "[1,2]", false }, { body:finish() })
    body:add(("x"):rep(1023))
    assert.same({ ("x"):rep(1023), false }, { body:finish() })
  end)

  it("compresses from 1 KiB on what gets smaller", function()
    local body, pieces, are_taken = core.gzip(), {}, true
    for i = 1, 50000 do
      pieces[i] = ('{"n":%d,"text":"some text"},'):format(i)
      are_taken = are_taken and body:add(pieces[i]) == true
    end
    assert.is_true(are_taken)
    local text = table.concat(pieces)
    local bytes, is_compressed = body:finish()
    assert.is_true(is_compressed)
    assert.is_true(#bytes < #text / 4)
    assert.equal(text, gzip.unpack(bytes))
    body:add(("x"):rep(1024))
    bytes, is_compressed = body:finish()
    assert.same({ ("x"):rep(1024), true }, { gzip.unpack(bytes), is_compressed })
  end)

  it("gives what does not get smaller as it is", function()
    local text, body = noise(300000), core.gzip()
    for at = 1, #text, 7000 do body:add(text:sub(at, at + 6999)) end
    local bytes, is_compressed = body:finish()
    assert.is_true(bytes == text and not is_compressed)
  end)

  it("is empty after each body", function()
    local body = core.gzip()
    for i = 1, 3 do
      body:add(("abc" .. i):rep(1000))
      assert.equal(("abc" .. i):rep(1000), gzip.unpack((body:finish())))
    end
    assert.same({ "", false }, { body:finish() })
  end)

  it("has a maximum, after which it is empty", function()
    local body, piece = core.gzip(), ("x"):rep(16 * 1024 * 1024)
    for _ = 1, 4 do assert.is_true(body:add(piece)) end
    assert.same({ nil, "the body is larger than 64 MiB", "too_large" }, { body:add "x" })
    assert.is_true(body:add "y")
    assert.same({ "y", false }, { body:finish() })
  end)

  it("takes its last pieces as it ends", function()
    local text = ("text "):rep(1000)
    local bytes, is_compressed = core.gzip():finish(text, "end")
    assert.same({ text .. "end", true }, { gzip.unpack(bytes), is_compressed })
    assert.same({ "[1,2]", false }, { core.gzip():finish("[1", ",2]") })
    assert.same({ nil, "the body is larger than 64 MiB", "too_large" }, { core.gzip():finish(("x"):rep(64 * 1024 * 1024 + 1)) })
  end)

  it("refuses what is no string, and is as it was", function()
    local body = core.gzip()
    body:add "a"
    assert.is_false(pcall(body.add, body, "b", {}))
    assert.is_false(pcall(body.finish, body, "b", {}))
    assert.same({ "a", false }, { body:finish() })
    assert.is_false(pcall(body.add, {}, "b"))
  end)
end)
