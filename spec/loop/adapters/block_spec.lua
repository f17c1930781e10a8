--- Waiting that blocks, with a clock that is made up.
local block = require "apify.loop.adapters.block"

describe("a wait that blocks", function()
  local now, slept, run_takes, host

  before_each(function()
    now, slept, run_takes = 100, {}, 0
    host = {
      now = function() return now end,
      run = function() now = now + run_takes end,
      next_time = function() return math.huge end,
      can_run = function() return true end,
      is_over = function() return false end,
      is_idle = function() return false end,
      pump = function(seconds)
        slept[#slept + 1] = seconds
        now = now + seconds
        return 0
      end,
    }
  end)

  it("sleeps until its deadline and no longer", function()
    assert.is_true(block.park({ deadline = 102 }, host))
    assert.same({ 2 }, slept)
  end)

  it("does not add the time that fibers have taken", function()
    run_takes = 0.5
    assert.is_true(block.park({ deadline = 102 }, host))
    assert.same({ 1.5 }, slept)
    assert.equal(102, now)
  end)

  it("lets fibers and sockets go on even when its time is over", function()
    run_takes = 1
    assert.is_true(block.park({ deadline = 50 }, host))
    assert.same({ 0 }, slept)
    assert.equal(101, now)
  end)

  it("sleeps until the next fiber is due", function()
    local due = 100.25
    function host.next_time() return due end
    function host.run()
      if now >= due then due = math.huge end
    end
    assert.is_true(block.park({ deadline = 101 }, host))
    assert.same({ 0.25, 0.75 }, slept)
  end)

  it("says so instead of hanging when nothing can end it", function()
    function host.is_idle() return true end
    local ok, reason = block.park({ deadline = math.huge }, host)
    assert.is_nil(ok)
    assert.equal("nothing is under way that could end this wait", reason)
  end)

  it("ends with the reason why the core cannot be driven", function()
    function host.pump() return nil, "closed", "closed" end
    assert.same({ nil, "closed", "closed" }, { block.park({ deadline = 200 }, host) })
  end)
end)
