--- SHA-256, and HMAC with it, against the vectors of their standards.
local core = require "apify.core"

describe("a digest", function()
  local A_MILLION = ("a"):rep(1e6)

  it("is SHA-256, by the vectors of FIPS 180-4 and at every place of a block's end", function()
    local vectors = {
      [""] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu =
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
      [A_MILLION] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    }
    for text, digest in pairs(vectors) do assert.equal(digest, core.sha256(text)) end
    local all = {}                                     -- of all lengths around the ends of blocks; as sha256sum has it
    for n = 0, 200 do all[#all + 1] = core.sha256(A_MILLION:sub(1, n)) end
    assert.equal("eb555248bd20c7831e511d4461b42c9b084e3a64b44d57b00051172f8afe03ff", core.sha256(table.concat(all)))
  end)

  it("with a key is HMAC-SHA256, by the vectors of RFC 4231", function()
    local long, larger = ("\170"):rep(131), "This is a test using a larger than block-size key and a larger than block-size data. " ..
      "The key needs to be hashed before being used by the HMAC algorithm."
    local counted = ""
    for i = 1, 25 do counted = counted .. string.char(i) end
    for _, case in ipairs {
      { ("\11"):rep(20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
      { "Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
      { ("\170"):rep(20), ("\221"):rep(50), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
      { counted, ("\205"):rep(50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b" },
      { long, "Test Using Larger Than Block-Size Key - Hash Key First", "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
      { ("k"):rep(64), "text", "0414bb1d8c0c4556cdb2028727b16610ae377b1a194b6db1f853d4297f2329bc" },     -- as long as a block, and one more;
      { ("k"):rep(65), "text", "5b69580123e3d7e788b7e8352ac37a3247b911c5ec0837147b74109a6382d3f5" },     -- by Python's hmac
      { long, larger, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2" },
    } do
      assert.equal(case[3], core.sha256(case[2], case[1]))
    end
    assert.not_equal(core.sha256 "", core.sha256("", ""))
    assert.is_false(pcall(core.sha256))
  end)
end)
