local core = require "apify.core"
local clock = require "apify.loop.clock"

describe("a clock", function()
  local real_now, now = core.now, nil
  before_each(function()
    now = 100
    core.now = function() return now end
  end)
  after_each(function() core.now = real_now end)

  it("stands still until it is entered, and from leaving to entering", function()
    local c = clock.new(5)
    now = 110
    assert.equal(100, c:enter())
    now = 112
    assert.equal(102, c:now())
    c:leave()
    now = 200
    c:leave()                                              -- once more: it stands still already
    now = 300
    assert.equal(102, c:enter())
    now = 301
    assert.equal(103, c:enter())                           -- it runs already
    assert.equal(103, c:now())
  end)

  it("knows when its deadline is over", function()
    local c = clock.new(5)
    c:enter()
    now = 104
    assert.equal(1, c:left())
    assert.is_nil(c:lateness())
    now = 105
    assert.same({ kind = "timeout", message = "the deadline of 5 s is over" }, c:lateness())
    assert.equal(105, c.ends_at)
  end)

  it("without a deadline is never late", function()
    local c = clock.new()
    c:enter()
    now = 1e12
    assert.equal(math.huge, c:left())
    assert.equal(math.huge, c.ends_at)
    assert.is_nil(c:lateness())
  end)
end)
