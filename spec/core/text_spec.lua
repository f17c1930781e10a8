--- Questions about bytes: are they UTF-8, and what is their checksum.
local core = require "apify.core"

describe("a checksum", function()
  it("is zlib's CRC-32, also in parts", function()
    assert.equal(907060870, core.crc32(0, "hello"))
    assert.equal(0xcbf43926, core.crc32(0, "123456789"))
    assert.equal(0, core.crc32(0, ""))
    assert.equal(907060870, core.crc32(core.crc32(0, "hel"), "lo"))
    assert.equal(907060870, core.crc32(0, "xhellox", 2, 6))
    assert.equal(907060870, core.crc32(0, "xhello", 2, 100))
    assert.equal(7, core.crc32(7, "xhello", 3, 2))
    for _, args in ipairs { { -1, "x" }, { 2 ^ 32, "x" }, { 0, "x", 0 }, { 0 } } do
      assert.is_false(pcall(core.crc32, unpack and unpack(args) or table.unpack(args)))
    end
  end)
end)

describe("UTF-8", function()
  local GOOD = { "", "plain \"text\"\n", "\195\169", "\226\130\172", "\240\159\152\128", "\244\143\191\191", "\237\159\191", "\238\128\128", "\0" }
  local BAD = { "\128", "\255", "\192\128", "\224\128\128", "\237\160\128", "\244\144\128\128", "\245\128\128\128", "\195", "\226\130", "\195\40" }

  it("is told from what is not", function()
    for _, text in ipairs(GOOD) do
      assert.is_true(core.is_utf8(text))
      assert.is_true(core.is_utf8(("x"):rep(50) .. text .. "\n" .. text))
    end
    for _, text in ipairs(BAD) do
      assert.is_false(core.is_utf8(text))
      assert.is_false(core.is_utf8(("x"):rep(50) .. text .. "x"))
    end
  end)

  it("has its unfinished end held back, and nothing else", function()
    for _, text in ipairs(GOOD) do
      for n = 0, #text do
        local piece = "é" .. text:sub(1, n)
        assert.equal((n == #text or text:byte(1) < 128) and #piece or 2, core.utf8_end(piece), piece)
      end
    end
    for _, case in ipairs { { "\128\128\128\128", 4 }, { "\255", 1 }, { "\192", 1 }, { "\224\128", 2 }, { "a\226\130", 1 }, { "\237\160", 2 },
      { "\240\159\152", 0 }, { "\195\169\169", 3 }, { "\128", 1 } } do
      assert.equal(case[2], core.utf8_end(case[1]))
    end
  end)
end)
