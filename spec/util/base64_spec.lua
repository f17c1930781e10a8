--- Base64 of any bytes, as RFC 4648 has it.
local base64 = require "apify.util.base64"

-- What the program of the same name makes of it.
local function from_outside(bytes)
  local digits = bytes:gsub(".", function(byte) return ("\\%03o"):format(byte:byte()) end)
  local pipe = assert(io.popen(("printf '%s' | base64 -w 0"):format(digits)))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

describe("base64", function()
  it("is that of the RFC", function()
    local of = { [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy" }
    for bytes, text in pairs(of) do assert.equal(text, base64.encode(bytes)) end
  end)

  it("is that of another program for every byte, zeros and line ends among them", function()
    local bytes = {}
    for byte = 0, 255 do bytes[#bytes + 1] = string.char(byte) end
    local all = table.concat(bytes)
    for cut = 0, 2 do assert.equal(from_outside(all:sub(1, -1 - cut)), base64.encode(all:sub(1, -1 - cut))) end
  end)
end)
