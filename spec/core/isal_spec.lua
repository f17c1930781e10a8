--- Who decodes gzip: isa-l where it is installed, else zlib. Both come to the same.
local core = require "apify.core"
local gzip = require "spec.support.gzip"
local socket = require "socket"
local transfers = require "spec.support.transfers"

local submit, finish, drive, answer = transfers.submit, transfers.finish, transfers.drive, transfers.answer

local CODE_ONLY_ISAL_TAKES = ("1f8b080000000000000305c181000000008020d6fc257a000008ce8b6f2614000000"):gsub("%x%x", function(digits)
  return string.char(tonumber(digits, 16))
end)                                     -- 20 times an "a"; its code for distances, which it does not use, is incomplete
local POINTS_TOO_FAR = ("1f8b080000502f3420640a636f6e74656e742d6e656e6e65636f74742d656e636f64696e673a67" .. ("ff"):rep(58) .. "09ffffffffffff21"
  .. ("ff"):rep(21) .. "69207a706e746974790a636f6e74656e3132372e302e302e3174"):gsub("%x%x", function(digits)
  return string.char(tonumber(digits, 16))
end)                                     -- 111 bytes, then some that are too far back
local HAS_ISAL = core.inflater "isa-l" == "isa-l"

setup(transfers.start)
teardown(transfers.stop)
before_each(transfers.reset)
after_each(function()
  core.inflater "isa-l"
  transfers.check()
end)

local function le(n, size)
  local bytes = {}
  for i = 1, size do bytes[i] = string.char(math.floor(n / 256 ^ (i - 1)) % 256) end
  return table.concat(bytes)
end

-- One member. `part` may have flags, extra, name, comment, header_crc, crc, size that are not those of the text.
local function member(text, part)
  part = part or {}
  local flags = (part.header_crc and 2 or 0) + (part.extra and 4 or 0) + (part.name and 8 or 0) + (part.comment and 16 or 0)
  local header = "\31\139\8" .. string.char(part.flags or flags) .. "\1\2\3\4\2\3" .. (part.extra and le(#part.extra, 2) .. part.extra or "")
    .. (part.name and part.name .. "\0" or "") .. (part.comment and part.comment .. "\0" or "")
  if part.header_crc then header = header .. le((core.crc32(0, header) + part.header_crc) % 65536, 2) end
  return header .. gzip.pack(text):sub(11, -9) .. le(part.crc or core.crc32(0, text), 4) .. le(part.size or #text, 4)
end

-- Text that repeats itself from as far back as gzip can point to, and is larger than some windows.
local function far_text()
  local piece = {}
  for i = 1, 8000 do piece[i] = le(i * 7919 % 65521 * 40503 % 4294967296, 4) end
  return (table.concat(piece) .. ("x"):rep(700)):rep(8)
end

local function text_of(body)
  answer(body, { ["Content-Encoding"] = "gzip" })
  local x = finish(submit {})
  local text, message, name = x:text()
  x:close()
  return text, message, name
end

-- What a stream gives whose body comes byte by byte, each of which is read at once, and how it ends.
local function dripped(body, status)
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:settimeout(0)
  local x, pieces, peer = submit { url = ("http://127.0.0.1:%d/"):format(port), stream = true }, {}
  drive(function()
    peer = peer or listener:accept()
    return peer
  end)
  local head = ("HTTP/1.1 %d X\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"):format(status or 200, #body)
  peer:send(head)
  x:want(true)
  for i = 1, #body do
    peer:send(body:sub(i, i))
    drive(function() return x:progress() == #head + i or x:phase() == "done" end)
    pieces[#pieces + 1] = x:read()
  end
  finish(x)
  local bytes, why = x:read()
  x:close()
  peer:close()
  listener:close()
  return table.concat(pieces) .. (bytes or ""), why
end

describe("the inflater", function()
  it("is isa-l where it is, or zlib where that is wanted", function()
    assert.equal(HAS_ISAL and "isa-l" or "zlib", core.inflater())
    assert.equal("zlib", core.inflater "zlib")
    assert.equal("zlib", core.inflater())
    assert.equal(HAS_ISAL and "isa-l" or "zlib", core.inflater "isa-l")
    assert.is_false(pcall(core.inflater, "libdeflate"))
  end)

  it("really is the one that it says", function()
    if not HAS_ISAL then return pending "isa-l is not here" end
    assert.equal(("a"):rep(20), (text_of(CODE_ONLY_ISAL_TAKES)))
    core.inflater "zlib"
    assert.equal("decode", select(3, text_of(CODE_ONLY_ISAL_TAKES)))
  end)

  it("changes for what begins then, and leaves what goes on", function()
    local text = far_text()
    answer(gzip.pack(text), { ["Content-Encoding"] = "gzip" })
    local a, b = finish(submit {}), finish(submit {})
    core.inflater "zlib"
    assert.is_true(text == a:text())
    core.inflater "isa-l"
    assert.is_true(text == b:text())
    a:close()
    b:close()
  end)
end)

for _, name in ipairs { "zlib", "isa-l" } do
  describe("gzip by " .. name, function()
    before_each(function() core.inflater(name) end)

    it("has any header that is right", function()
      local parts = {
        { name = "a name" }, { comment = "a comment" }, { extra = "xy\0z" }, { header_crc = 0 }, { name = "", comment = "", extra = "" },
        { name = "n", comment = "c", extra = ("e"):rep(65535), header_crc = 0 }, { flags = 1 },
      }
      for _, part in ipairs(parts) do
        local body = member("hello, ", part)
        assert.equal("hello, world", (text_of(body .. member("world", part))))
      end
    end)

    it("is refused with a header that is wrong", function()
      local right = member "hello"
      local bodies = {
        member("hello", { header_crc = 1 }), member("hello", { name = "n", comment = "c", extra = "e", header_crc = 255 }),
        member("hello", { flags = 32 }), member("hello", { flags = 128 }), "\31\138" .. right:sub(3), "\31\139\7" .. right:sub(4),
      }
      for _, body in ipairs(bodies) do
        assert.equal("decode", select(3, text_of(body)))
        assert.equal("decode", select(3, text_of(right .. body)))
      end
    end)

    it("is refused with the checksum or the length of another text", function()
      for _, text in ipairs { "", "hello", ("hello"):rep(40000) } do
        local crc = core.crc32(0, text)
        for _, part in ipairs { { crc = crc > 0 and crc - 1 or 1 }, { crc = (crc + 16777216) % 4294967296 }, { size = #text + 65536 } } do
          assert.same({ nil, "the gzip stream is damaged", "decode" }, { text_of(member(text, part)) })
        end
      end
    end)

    it("gives nothing more once it was damaged, however often it is asked", function()
      local text, why = dripped(POINTS_TOO_FAR, 400)
      assert.is_true(#text <= 111, #text)
      assert.is_true(why == "end" or why:find "damaged" ~= nil, why)
    end)

    it("ends early wherever it is cut, also in its second member", function()
      local first, second = member("hello", { name = "n", header_crc = 0 }), member(("world"):rep(20))
      for n = 1, #second - 1, 2 do
        assert.same({ nil, "the gzip stream ends early", "decode" }, { text_of(first .. second:sub(1, n)) })
      end
      assert.equal("hello", (text_of(first)))
    end)

    it("is refused with anything behind it", function()
      local bodies = {
        x = "ends early", ["\31\139\8"] = "ends early", xy = "is damaged", ["\0\0\0\0"] = "is damaged", ["\31\139\7\0"] = "is damaged",
      }
      for rest, how in pairs(bodies) do
        assert.same({ nil, "the gzip stream " .. how, "decode" }, { text_of(member "hello" .. rest) })
      end
    end)

    it("comes whole in windows of any size, and small ones out of a large one", function()
      local text = far_text()
      assert.is_true(text == text_of(member(text)))
      local empty, named = member "", member("row", { name = "n" })
      assert.equal(("row"):rep(6), (text_of((empty:rep(50) .. named):rep(6))))
      for _, size in ipairs { 0, 1, 65535, 65536, 65537, 131072 } do
        assert.is_true(("z"):rep(size) == text_of(member(("z"):rep(size))))
      end
    end)

    it("streams from a body that comes by and by", function()
      local text = far_text()
      answer(member(text):rep(2), { ["Content-Encoding"] = "gzip" })
      local x = submit { stream = true }
      local pieces, _, failure = transfers.read_all(x, function() return x:read() end)
      x:close()
      assert.is_nil(failure)
      assert.is_true(text .. text == table.concat(pieces))
    end)

    it("is the same when it comes byte by byte", function()
      local all = { name = "n", comment = "c", extra = "e", header_crc = 0 }
      local body = member("hello, ", all) .. member "" .. member(("world"):rep(50), all)
      assert.same({ "hello, " .. ("world"):rep(50), "end" }, { dripped(body) })
      local _, why = dripped(body:sub(1, -5) .. "\1\2\3\4")
      assert.equal("the gzip stream is damaged", why)
    end)
  end)
end
