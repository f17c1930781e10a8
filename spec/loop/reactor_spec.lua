--- The reactor with a core that is made up: when there is one, what is begun in it, and who hears of its news.
local scheduler = require "apify.loop.scheduler"

describe("the reactor", function()
  local reactor, made, refusal, heard, adapter

  -- A core; `arriving` lists what its next wait has news of.
  local function new_core()
    if refusal then return nil, refusal, "memory" end
    local multi = { usable = true, arriving = {}, waited = {}, begun = 0 }
    function multi:is_usable() return self.usable end
    function multi:in_flight() return self.begun end
    function multi:submit(options)
      if options.url == "bad" then return nil, "bad url", "url" end
      self.begun = self.begun + 1
      return { owner = function() return options.owner end }
    end
    function multi:wait(seconds, news)
      self.waited[#self.waited + 1] = seconds
      if self.failure then return nil, self.failure, "context" end
      local has_moved = self.has_moved or false
      for i, transfer in ipairs(self.arriving) do news[i] = transfer end
      local count = #self.arriving
      self.arriving = {}
      return count, has_moved
    end
    made[#made + 1] = multi
    return multi
  end

  local REPLACED = { "apify.core", "apify.loop.choice", "apify.loop.reactor" }

  before_each(function()
    made, refusal, heard, adapter = {}, nil, {}, {}
    local before = {}
    for _, name in ipairs(REPLACED) do before[name], package.loaded[name] = package.loaded[name], nil end
    package.loaded["apify.core"] = { multi = new_core }
    package.loaded["apify.loop.choice"] = { pick = function() return adapter end }
    reactor = require "apify.loop.reactor"
    for _, name in ipairs(REPLACED) do package.loaded[name] = before[name] end
  end)

  local function owned() return { owner = { waiter = scheduler.waiter() } } end

  it("has one core, made when it is first needed, and another once that is of no use any more", function()
    assert.same({ 0, true }, { reactor.in_flight(), reactor.is_idle() })
    assert.equal(0, #made)
    local first = reactor.core()
    reactor.submit {}
    reactor.pump(0)
    assert.equal(first, reactor.core())
    assert.same({ 1, 1, false }, { #made, reactor.in_flight(), reactor.is_idle() })
    first.usable = false                                          -- it is that of the parent, after a fork
    assert.not_equal(first, reactor.core())
    assert.same({ 2, 0 }, { #made, reactor.in_flight() })
  end)

  it("says why there can be none", function()
    refusal = "no memory"
    for _, name in ipairs { "core", "submit", "pump" } do
      assert.same({ nil, "no memory", "memory" }, { reactor[name](name == "submit" and {} or 0) })
    end
    refusal = nil
    assert.equal(reactor.core(), made[1])
  end)

  it("tells the adapter of each transfer that begins, and of no other", function()
    assert.is_truthy(reactor.submit {})
    function adapter.on_submit(transfer) heard[#heard + 1] = transfer or "none" end
    local transfer = reactor.submit {}
    assert.same({ nil, "bad url", "url" }, { reactor.submit { url = "bad" } })
    assert.same({ 1, transfer }, { #heard, heard[1] })
  end)

  it("wakes who waits for a transfer with news, and puts its owner into the queue there", function()
    local one, two, quiet = owned(), owned(), owned()
    two.owner.waiter.queue = {}
    local transfers = { reactor.submit(one), reactor.submit(two), reactor.submit {}, reactor.submit(quiet) }
    made[1].arriving = { transfers[1], transfers[2], transfers[3] }
    assert.equal(3, reactor.pump(2))
    assert.same({ true, true, false }, { one.owner.waiter.is_awake, two.owner.waiter.is_awake, quiet.owner.waiter.is_awake })
    assert.same({ two.owner }, two.owner.waiter.queue)
    assert.equal(0, reactor.pump(2))
    assert.same({ two.owner }, two.owner.waiter.queue)
  end)

  it("waits no longer than a day at a time", function()
    reactor.pump(0.5)
    reactor.pump(math.huge)
    assert.same({ 0.5, 86400 }, made[1].waited)
  end)

  it("tells at once, the next time, what an interrupt has left behind", function()
    local one, two = owned(), owned()
    local transfer, other = reactor.submit(one), reactor.submit(two)
    local owner = transfer.owner
    function transfer.owner() error("interrupted!", 0) end
    made[1].arriving = { transfer, other }
    assert.same({ false, "interrupted!" }, { pcall(reactor.pump, 5) })
    transfer.owner = owner
    assert.equal(0, reactor.pump(5))
    assert.same({ 5, 0 }, made[1].waited)
    assert.same({ true, true }, { one.owner.waiter.is_awake, two.owner.waiter.is_awake })
  end)

  it("tells whether there was anything on a socket", function()
    assert.same({ 0, false }, { reactor.pump(0) })
    made[1].has_moved = true
    assert.same({ 0, true }, { reactor.pump(0) })
  end)

  it("hands on why the core cannot be driven", function()
    reactor.core().failure = "driven already"
    assert.same({ nil, "driven already", "context" }, { reactor.pump(1) })
  end)
end)
