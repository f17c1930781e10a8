--- Waiting for machines, with a loop and a clock made of tables.
local errors = require "apify.util.errors"

local fake = {}                          -- what drive believes to be apify.loop
local drive

setup(function()
  local loop = package.loaded["apify.loop"]
  package.loaded["apify.loop"], package.loaded["apify.http.drive"] = fake, nil
  drive = require "apify.http.drive"
  package.loaded["apify.loop"], package.loaded["apify.http.drive"] = loop, nil
end)

local now, settings, waiter, parked, wake

before_each(function()
  now, settings, waiter, parked, wake = 100, { is_closed = false, waiters = {} }, {}, {}, nil
  fake.check = function() return true end
  fake.is_cancelled = function() return false end
  fake.why_ended = require "apify.loop".why_ended
  function fake.park(w, seconds)
    assert.equal(waiter, w)
    assert.is_true(settings.waiters[w])                   -- else closing the client would not wake it
    parked[#parked + 1] = seconds
    now = now + seconds
    if wake then return wake() end
    return "time"
  end
end)

-- A clock with so many seconds left.
local function clock(left)
  local c = { ends_at = now + (left or math.huge) }
  function c.now() return now end
  function c.lateness() if now >= c.ends_at then return { kind = "timeout", message = "it is over" } end end
  return c
end

describe("what forbids going on", function()
  it("is a closed client, then what the loop says, then a deadline", function()
    assert.is_nil(drive.obstacle(settings))
    assert.is_nil(drive.obstacle(settings, clock(1)))
    assert.same({ kind = "timeout", message = "it is over" }, drive.obstacle(settings, clock(0)))
    fake.check = function() return nil, "not here", "context" end
    assert.same({ kind = "context", message = "not here" }, drive.obstacle(settings, clock(0)))
    settings.is_closed = true
    assert.same({ kind = "closed", message = "the client is closed" }, drive.obstacle(settings, clock(0)))
  end)

  it("is an error for who begins something", function()
    assert.is_nil(drive.refusal(settings))
    settings.is_closed = true
    assert.is_true(errors.is(drive.refusal(settings)))
    assert.equal("closed", drive.refusal(settings).kind)
  end)

  it("is a closed client or a cancelled fiber for who has much to do", function()
    assert.is_false(drive.must_stop(settings))
    fake.is_cancelled = function() return true end
    assert.is_true(drive.must_stop(settings))
    fake.is_cancelled, settings.is_closed = function() return false end, true
    assert.is_true(drive.must_stop(settings))
  end)
end)

describe("a wait", function()
  it("ends by itself, and nothing of it is left", function()
    assert.is_nil(drive.park(settings, waiter, 3))
    assert.same({ 3 }, parked)
    assert.is_nil(next(settings.waiters))
  end)

  it("is not begun when the client is closed", function()
    settings.is_closed = true
    assert.equal("closed", drive.park(settings, waiter, 3).kind)
    assert.same({}, parked)
  end)

  it("ends with the client, the fiber, or what the loop says", function()
    wake = function() settings.is_closed = true return "awake" end
    assert.same({ kind = "closed", message = "the client was closed" }, drive.park(settings, waiter, 3))
    settings.is_closed, wake = false, function() return "cancelled" end
    assert.same({ kind = "cancelled", message = "the fiber was cancelled" }, drive.park(settings, waiter, 3))
    wake = function() return nil, "it broke", "memory" end
    assert.same({ kind = "memory", message = "it broke" }, drive.park(settings, waiter, 3))
  end)

  it("lasts until a time of the clock, and not beyond its deadline", function()
    assert.is_nil(drive.wait(settings, waiter, now + 3, clock(10)))
    local short = clock(2)
    assert.is_nil(drive.wait(settings, waiter, now + 3, short))
    assert.equal("timeout", drive.wait(settings, waiter, now + 3, short).kind)
    assert.same({ 3, 2 }, parked)
  end)
end)

describe("a machine", function()
  -- One that ends after so many pokes, and wants each a second after the one before.
  local function machine(pokes)
    local m = { settings = settings, waiter = waiter, poked = {} }
    function m:poke(at)
      self.poked[#self.poked + 1], self.wake_at = at, at + 1
      return #self.poked < pokes and "wait" or "ready"
    end
    function m:abort(fields) self.aborted = fields end
    return m
  end

  it("is poked when it wants to be, until it ends", function()
    local m = machine(3)
    assert.equal("ready", drive.run(m, clock()))
    assert.same({ 100, 101, 102 }, m.poked)
    assert.same({ 1, 1 }, parked)
  end)

  it("is aborted once, by what stands in its way", function()
    local m = machine(math.huge)
    assert.equal("aborted", drive.run(m, clock(2.5)))
    assert.same({ 3, "timeout" }, { #m.poked - 1, m.aborted.kind })
    m = machine(math.huge)
    wake = function() return "cancelled" end
    assert.equal("aborted", drive.run(m, clock()))
    assert.same({ 1, "cancelled" }, { #m.poked, m.aborted.kind })
  end)

  it("has more written for it whenever it waits, and stops if that cannot be", function()
    local m, written = machine(3), 0
    assert.equal("ready", drive.run(m, clock(), function() written = written + 1 end))
    assert.equal(2, written)
    m = machine(3)
    assert.equal("aborted", drive.run(m, clock(), function() return { kind = "io" } end))
    assert.same({ kind = "io" }, m.aborted)
    assert.equal(1, #m.poked)
  end)
end)
