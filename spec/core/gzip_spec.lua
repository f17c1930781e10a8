local core = require "apify.core"

-- The text of a gzip stream, by another program.
local function gunzip(bytes)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
  local pipe = assert(io.popen("gzip -dc < " .. path))
  local text = pipe:read "*a"
  pipe:close()
  os.remove(path)
  return text
end

-- Bytes that nothing makes smaller.
local function noise(n)
  local bytes = {}
  for i = 1, n do bytes[i] = string.char(math.random(0, 255)) end
  return table.concat(bytes)
end

describe("a packer", function()
  it("gives short bodies as they are", function()
    local p = core.packer()
    assert.same({ "", false }, { p:finish() })
    assert.is_true(p:add("[", "1", ",2]"))
    assert.same({ "[1,2]", false }, { p:finish() })
    p:add(("x"):rep(1023))
    assert.same({ ("x"):rep(1023), false }, { p:finish() })
  end)

  it("compresses from 1 KiB on what gets smaller", function()
    local p, pieces = core.packer(), {}
    for i = 1, 50000 do
      pieces[i] = ('{"n":%d,"text":"some text"},'):format(i)
      assert.is_true(p:add(pieces[i]))
    end
    local text = table.concat(pieces)
    local body, is_compressed = p:finish()
    assert.is_true(is_compressed)
    assert.is_true(#body < #text / 4)
    assert.equal(text, gunzip(body))
    p:add(("x"):rep(1024))
    body, is_compressed = p:finish()
    assert.same({ ("x"):rep(1024), true }, { gunzip(body), is_compressed })
  end)

  it("gives what does not get smaller as it is", function()
    local bytes = noise(300000)
    local p = core.packer()
    for at = 1, #bytes, 7000 do p:add(bytes:sub(at, at + 6999)) end
    local body, is_compressed = p:finish()
    assert.is_true(body == bytes and not is_compressed)
  end)

  it("is empty after each body", function()
    local p = core.packer()
    for i = 1, 3 do
      p:add(("abc" .. i):rep(1000))
      assert.equal(("abc" .. i):rep(1000), gunzip((p:finish())))
    end
    assert.same({ "", false }, { p:finish() })
  end)

  it("has a maximum, after which it is empty", function()
    local p, piece = core.packer(), ("x"):rep(16 * 1024 * 1024)
    for _ = 1, 4 do assert.is_true(p:add(piece)) end
    assert.same({ nil, "the body is larger than 64 MiB", "too_large" }, { p:add "x" })
    assert.is_true(p:add "y")
    assert.same({ "y", false }, { p:finish() })
  end)

  it("refuses what is no string, and is as it was", function()
    local p = core.packer()
    p:add "a"
    assert.is_false(pcall(p.add, p, "b", {}))
    assert.same({ "a", false }, { p:finish() })
    assert.is_false(pcall(p.add, {}, "b"))
  end)
end)
