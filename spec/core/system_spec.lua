--- What the standard library lacks.
local core = require "apify.core"

describe("the system", function()
  it("gives random numbers and digits", function()
    for _ = 1, 100 do
      local n = core.random()
      assert.is_true(n >= 0 and n < 1)
    end
    assert.truthy(core.random_hex(16):find "^%x+$")
    assert.equal(32, #core.random_hex(16))
    assert.are_not.equal(core.random_hex(16), core.random_hex(16))
    assert.is_false(pcall(core.random_hex, 0))
    assert.is_false(pcall(core.random_hex, 65))
  end)

  it("tells the time", function()
    assert.is_true(math.abs(core.time() - os.time()) < 2)
    local now = core.now()
    assert.is_true(core.now() >= now)
    assert.is_false(core.is_terminal(9999))
  end)
end)
