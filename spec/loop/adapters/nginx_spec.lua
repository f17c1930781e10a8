--- How long nginx's driver sleeps, with an nginx and a clock of our own. spec/hosts/ has a real one.

describe("nginx's driver", function()
  local now, nginx, driver, in_flight, has_moved, is_answered, before

  -- A semaphore whose `wait` yields the seconds, and gives what it is resumed with.
  local Semaphore = {
    wait = function(_, seconds) return coroutine.yield(seconds) end,
    count = function() return -1 end,                            -- somebody waits
    post = function(self, n) self.posted = (self.posted or 0) + n end,
  }
  Semaphore.__index = Semaphore
  local made

  local host = {
    now = function() return now end, is_idle = function() return in_flight == 0 end, is_wanted = function() return true end,
    is_over = function() return false end, slice_secs = 0.008,
    pump = function()
      if is_answered then in_flight = 0 end
      return 0, has_moved
    end,
  }

  local function load_adapter()
    package.loaded["ngx.semaphore"] = { new = function()
      made[#made + 1] = setmetatable({}, Semaphore)
      return made[#made]
    end }
    package.loaded["apify.loop.adapters.nginx"], package.loaded["apify.loop.adapters.nginx_request"] = nil, nil
    return require "apify.loop.adapters.nginx"
  end

  before_each(function()
    now, in_flight, has_moved, is_answered, made, before = 1000, 1, false, false, {}, rawget(_G, "ngx")
    rawset(_G, "ngx", {
      ctx = {}, now = os.time, get_phase = function() return "content" end, worker = { exiting = function() return false end },
      timer = { at = function(_, fn, ...)
        local args = { ... }
        driver = coroutine.wrap(function() fn(false, (unpack or table.unpack)(args)) end)
      end },
      log = function(_, ...) error(table.concat { ... }) end,
    })
    nginx = load_adapter()
    coroutine.wrap(function() nginx.park({ deadline = math.huge }, host) end)()        -- somebody waits from now on
    nginx.attach(host)
  end)

  after_each(function()
    rawset(_G, "ngx", before)
    package.loaded["ngx.semaphore"], package.loaded["apify.loop.adapters.nginx"], package.loaded["apify.loop.adapters.nginx_request"] = nil, nil, nil
  end)

  -- Let so many seconds pass as sleeps of the driver: how often it woke, and how long it sleeps now.
  local function pass(seconds, sleep)
    local wakes, over_at = 0, now + seconds
    while now + sleep < over_at do
      now, wakes = now + sleep, wakes + 1
      sleep = driver(false)
    end
    return wakes, sleep
  end

  it("sleeps longer and longer while nothing happens", function()
    local first = driver()
    assert.equal(0.001, first)
    local wakes, sleep = pass(0.1, first)
    assert.near(100, wakes, 2)
    assert.near(0.001, sleep, 0.0002)
    wakes, sleep = pass(0.1, sleep)
    assert.is_true(wakes < 60 and sleep <= 0.004, sleep)
    wakes, sleep = pass(1.8, sleep)
    assert.is_true(wakes < 60, wakes)
    assert.near(0.3, sleep, 0.001)
    wakes = pass(10, sleep)
    assert.is_true(wakes < 35, wakes)
  end)

  it("begins anew when bytes come or go", function()
    local _, sleep = pass(5, driver())
    assert.equal(0.3, sleep)
    has_moved = true
    now = now + sleep
    assert.equal(0.001, driver(false))
  end)

  it("is roused, once, when something is begun and when somebody begins to wait", function()
    local alarm = made[1]
    for _, begin in ipairs {
      function() nginx.on_submit {} end,
      function() coroutine.wrap(function() nginx.park({ deadline = math.huge }, host) end)() end,
    } do
      local _, sleep = pass(5, driver(true))
      assert.same({ 0.3, nil }, { sleep, alarm.posted })
      begin()
      begin()
      assert.equal(1, alarm.posted)
      alarm.posted = nil
      assert.equal(0.001, driver(true))
    end
  end)

  it("lingers for a while when nothing is in flight any more, and goes", function()
    driver()
    is_answered = true
    assert.equal(0.1, driver(false))
    driver(false)
    assert.matches("dead", select(2, pcall(driver)))
  end)
end)
