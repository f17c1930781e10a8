-- runs last
--- The loops that drive fibers and the core: nobody is forgotten, nothing is kept alive, and nobody has all the time for himself.
local child = require "spec.support.child"
local forking = require "spec.support.forking"
local testbed = require "spec.support.testbed"

-- In front of each program. `worst()` is the longest that `tick` was not called, beside all the time since the first call.
local PRELUDE = [[
  local apify, core = require "apify", require "apify.core"
  local client = apify.new { base_url = os.getenv "API_URL", token = "apify_api_loops", request_timeout = 0.5, max_retries = 0 }
  local patient = apify.new { base_url = os.getenv "API_URL", token = "apify_api_loops" }
  local function status()
    local run, err = client:run(os.getenv "RUN_ID"):get()
    return run and run.status or err.kind
  end
  local function busy(secs)
    local over_at = core.now() + secs
    repeat until core.now() >= over_at
  end
  local function stand_still() os.execute "sleep 1" end
  local began_at, ticked_at, gap
  local function tick()
    local now = core.now()
    began_at, gap = began_at or now, math.max(gap or 0, now - (ticked_at or now))
    ticked_at = now
  end
  local function worst() tick() return gap, ticked_at - began_at end
]]

local UV = PRELUDE .. [[
  local uv = require "luv"
  apify.use "luv"
  local function after(milliseconds, fn)
    local timer = uv.new_timer()
    timer:start(milliseconds, 0, fn)
  end
]]

local CQUEUES = PRELUDE .. [[
  local cqueues = require "cqueues"
  local controller = cqueues.new()
]]

-- Fibers inside each other, of which only the innermost waits: `nest(count, over)` calls over(how many have begun) at its end.
local NEST = [[
  local started = 0
  local function nest(count, over)
    started = started + 1
    if count > 1 then
      apify.spawn(nest, count - 1, over)
    else
      apify.sleep(0.01)
      over(started)
    end
  end
]]

-- 2000 fibers with 0.2 ms of work each, all of which can go on at once when `go()` is called; `left` of them are not done.
local CROWD = [[
  local left, gate = 2000, nil
  gate = apify.spawn(function() apify.sleep(100) end)
  for _ = 1, left do
    apify.spawn(function()
      gate:wait()
      busy(0.0002)
      left = left - 1
    end)
  end
]]

local TELL_WORST = [[
  local longest, all = worst()
  print(left, longest < all / 4 or ("%.3f of %.3f s"):format(longest, all))
]]

describe("loops", function()
  local api = testbed.local_api { count = 25 }
  local env

  before_each(function() env = { API_URL = api.url, RUN_ID = api.seeded.last_id } end)

  -- What the program printed. It has to end by itself, and well.
  local function play(prelude, code)
    local output, exit_code = child.run(prelude .. code, { env = env, before = "timeout 20" })
    assert.equal(0, exit_code, output)
    return output
  end

  local function slow() api:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.2 } } end

  local function hang_later_pages() api:faults { match = { query = "offset=[1-9]" }, action = { hang = true } } end

  describe("of luv", function()
    it("go on with fibers that began 40 deep inside each other", function()
      assert.equal("40\nfalse\n", play(UV .. NEST, [[
        apify.spawn(nest, 40, print)
        uv.run()
        print(uv.loop_alive())
      ]]))
    end)

    it("take an answer that is there when the program comes back too late", function()
      slow()
      assert.equal("SUCCEEDED\n", play(UV, [[
        after(100, stand_still)
        print(status())
      ]]))
    end)

    it("take such an answer in a fiber too, when the timers come before the sockets", function()
      slow()
      assert.equal("SUCCEEDED\n", play(UV, [[
        local check, began = uv.new_check(), core.now()
        local ticker = uv.new_timer()
        ticker:start(5, 5, function() end)
        check:start(function()
          if core.now() < began + 0.1 then return end
          check:stop()
          ticker:stop()
          stand_still()
        end)
        apify.spawn(function() print(status()) end)
        uv.run()
      ]]))
    end)

    for _, case in ipairs {
      { "a callback", "after(20, function() fiber:cancel() end)" },
      { "the program before uv.run", "fiber:cancel()" },
    } do
      it("end with a fiber that is cancelled while it sleeps, by " .. case[1], function()
        assert.equal("nil\tcancelled\nfalse\n", play(UV, [[
          local fiber = apify.spawn(function()
            local ok, err = apify.sleep(100)
            print(ok, err.kind)
          end)
          ]] .. case[2] .. [[

          uv.run()
          print(uv.loop_alive())
        ]]))
      end)
    end

    for _, case in ipairs {
      { "its own time", "apify.sleep(0.02)" },
      { "a fiber that ends", "assert(short:wait() == 1)" },
    } do
      it("end a wait outside of fibers with a timer that is due when the loop begins: " .. case[1], function()
        assert.equal("true\n", play(UV, [[
          local is_late = false
          local other = apify.spawn(function()
            apify.sleep(5)
            is_late = true
          end)
          local short = apify.spawn(function()
            apify.sleep(0.02)
            return 1
          end)
          busy(0.05)
          ]] .. case[2] .. [[

          print(not is_late)
          other:cancel()
          uv.run()
        ]]))
      end)
    end

    it("end beside an iterator that was left with pages under way", function()
      hang_later_pages()
      assert.equal("true\nfalse\ttrue\n", play(UV, [[
        local rows = patient:runs():iterate { chunk_size = 5 }
        assert(rows:next())
        apify.sleep(0.3)
        print(patient:stats().in_flight > 0)
        uv.run()
        print(uv.loop_alive(), rows ~= nil)
      ]]))
    end)

    it("have their timers on time while 2000 fibers go on", function()
      assert.equal("0\ttrue\n", play(UV .. CROWD, [[
        after(20, function()
          gate:cancel()
          local ticker = uv.new_timer()
          tick()
          ticker:start(1, 1, function()
            tick()
            if left == 0 then ticker:stop() end
          end)
        end)
        uv.run()
      ]] .. TELL_WORST))
    end)

    it("keep no handle for each time that luv is named", function()
      assert.equal("0\n", play(UV, [[
        local function handles()
          local count = 0
          uv.walk(function() count = count + 1 end)
          return count
        end
        local before
        for _ = 1, 50 do
          apify.use "luv"
          assert(status() == "SUCCEEDED")
          apify.use "block"
          before = before or handles()
        end
        print(handles() - before)
      ]]))
    end)

    it("stay at rest when another is named, also when a fiber can go on", function()
      assert.equal("SUCCEEDED\nfalse\tfalse\nfalse\ttrue\n", play(UV, [[
        print(status())
        apify.use "block"
        local is_over = false
        local fiber = apify.spawn(function()
          coroutine.yield()
          is_over = true
        end)
        print(uv.loop_alive(), is_over)
        fiber:wait()
        print(uv.loop_alive(), is_over)
      ]]))
    end)

    it("give the parent its answer when a child that was forked in a callback makes calls", function()
      slow()
      assert.equal("child 0\nparent SUCCEEDED\tfalse\n", play(forking.lines(api.dir) .. UV, [[
        local is_late, timer = false, uv.new_timer()
        timer:start(4000, 0, function() is_late = true end)
        after(50, function()
          local pid = fork()
          if pid == 0 then exit(patient:run(os.getenv "RUN_ID"):get() and 0 or 1) end
          print("child " .. wait(pid))
        end)
        apify.spawn(function()
          print("parent " .. patient:run(os.getenv "RUN_ID"):get().status, is_late)
          timer:stop()
        end)
        uv.run()
      ]]))
    end)
  end)

  describe("of cqueues", function()
    it("go on with fibers that began 40 deep inside each other", function()
      assert.equal("40\ntrue\n", play(CQUEUES .. NEST, [[
        controller:wrap(function()
          local other = apify.spawn(function() apify.sleep(100) end)
          cqueues.sleep(0.02)
          apify.spawn(nest, 40, function(count)
            print(count)
            other:cancel()
          end)
        end)
        print(controller:loop())
      ]]))
    end)

    it("take an answer that is there when the program comes back too late", function()
      slow()
      assert.equal("SUCCEEDED\ntrue\n", play(CQUEUES, [[
        controller:wrap(function()
          cqueues.sleep(0.1)
          stand_still()
        end)
        controller:wrap(function() print(status()) end)
        print(controller:loop())
      ]]))
    end)

    it("end with a fiber that is cancelled while it sleeps", function()
      assert.equal("nil\tcancelled\ntrue\n", play(CQUEUES, [[
        controller:wrap(function()
          local fiber = apify.spawn(function()
            local ok, err = apify.sleep(100)
            print(ok, err.kind)
          end)
          cqueues.sleep(0.02)
          fiber:cancel()
        end)
        print(controller:loop())
      ]]))
    end)

    for _, unit in ipairs { "thread", "fiber" } do
      it("end beside an iterator that a " .. unit .. " has left with pages under way", function()
        hang_later_pages()
        assert.equal("true\ntrue\ttrue\n", play(CQUEUES, [[
          local rows
          local function leave_rows()
            rows = patient:runs():iterate { chunk_size = 5 }
            assert(rows:next())
            apify.sleep(0.3)
            print(patient:stats().in_flight > 0)
          end
          controller:wrap(function()
            if "]] .. unit .. [[" == "fiber" then apify.spawn(leave_rows):wait() else leave_rows() end
          end)
          print(controller:loop(), rows ~= nil)
        ]]))
      end)
    end

    it("have their threads on time while 2000 fibers go on", function()
      assert.equal("0\ttrue\n", play(CQUEUES, "controller:wrap(function()\n" .. CROWD .. [[
          cqueues.sleep(0.02)
          gate:cancel()
          repeat
            tick()
            cqueues.sleep(0.001)
          until left == 0
          ]] .. TELL_WORST .. [[
        end)
        assert(controller:loop())
      ]]))
    end)
  end)

  describe("'s scheduler", function()
    local scheduler

    before_each(function()
      package.loaded["apify.loop.scheduler"] = nil
      scheduler = require "apify.loop.scheduler"
    end)

    -- Tasks that wait for the next round; `told` gets their numbers as they go on, each after 1 ms of the clock that is returned.
    local function workers(count, told)
      local now = 100
      for i = 1, count do
        scheduler.start(function()
          coroutine.yield()
          now = now + 0.001
          told[i] = i
        end, error)
      end
      return function() return now end
    end

    it("stops after 8 ms of the clock that it is given, and goes on with the rest", function()
      local told = {}
      local clock = workers(30, told)
      for _, count in ipairs { 8, 16, 24 } do
        scheduler.run(clock(), clock)
        assert.is_true(#told >= count - 1 and #told <= count + 1, #told)
        assert.equal(0, scheduler.next_time())
      end
      scheduler.run(clock(), clock)
      assert.equal(30, #told)
      assert.equal(math.huge, scheduler.next_time())
    end)

    it("goes on with all of them without a clock", function()
      local told = {}
      workers(30, told)
      scheduler.run(0)
      assert.equal(30, #told)
    end)
  end)
end)
