--- Signatures of public URLs. What they have to be was worked out with @apify/utilities 2.35.
local core = require "apify.core"
local signature = require "apify.util.signature"

local KEY, ID = "hgjF0Ss8aLeuqzVk", "WkzbQMuFYuamGv3YF"

describe("a signature", function()
  it("is what the official clients make of a text", function()
    assert.equal("1v1riY9NTPOFUHuJkMOmj", signature.of(KEY, "OUTPUT"))
    assert.equal("1piFRJr7rIWyhAVHQgQYi", signature.of("k", "\195\169 key"))
  end)

  it("has no digits for zeros that a number begins with", function()
    assert.equal("CrTLwXk4J8hKzLahVC", signature.of("k", "t1049"))
  end)

  it("is a number by the base 62, whatever its digits are", function()
    local all = {}
    for i = 1, 2000 do all[i] = signature.of("k", "t" .. i) end
    assert.equal("50c73047c13e3207f3a0cfe45cb9c9dacadb9eb051a25f6543b397acd27a74d6", core.sha256(table.concat(all, " ")))
  end)

  it("of a storage holds the time until which it counts, in milliseconds, or 0", function()
    assert.equal("MC4wLjE5TTFiVGhqaFJLM2dheHV2MHkwQQ", signature.of_storage(KEY, ID))
    assert.equal("MC4xNzY3MjI1NjAwMTIzLjF6ME1IOHdzcVpRRDVycGxkSEZ2Tw", signature.of_storage(KEY, ID, 1767225600.123))
    for i = 1, 200 do assert.not_matches("[^%w_-]", signature.of_storage(KEY, ID .. i, i)) end
  end)
end)
