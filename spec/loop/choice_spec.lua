--- apify.use: the loop that is named, above all a table of one's own, and what is asked of it.
local apify = require "apify"
local block = require "apify.loop.adapters.block"
local child = require "spec.support.child"
local core = require "apify.core"
local cqueues = require "cqueues"
local scheduler = require "apify.loop.scheduler"
local testbed = require "spec.support.testbed"

local FUNCTIONS = { "usable", "check", "attach", "park", "wake", "sleep", "detach" }

-- A table that does what `own` says, else what the loop of plain scripts does, and counts how often each of its functions is called.
local function counted(own)
  local loop = { calls = {} }
  for _, name in ipairs(FUNCTIONS) do
    loop.calls[name] = 0
    loop[name] = function(...)
      loop.calls[name] = loop.calls[name] + 1
      return (own and own[name] or block[name])(...)
    end
  end
  return loop
end

local Threads = {}
Threads.__index = Threads

-- A program with threads of its own, which are coroutines that `run` resumes, and a table that parks them.
local function program_with_threads()
  local self = setmetatable({ wake_at = {} }, Threads)
  local function paused(until_time)
    self.wake_at[coroutine.running()] = until_time
    coroutine.yield()
  end
  self.pause = function(secs) paused(core.now() + secs) end
  self.loop = counted {
    attach = function(host) self.host = host return true end,
    detach = function() self.host = nil end,
    park = function(ticket, host)
      ticket.thread = coroutine.running()
      if not self.wake_at[ticket.thread or 0] then return host.block(ticket) end
      while not host.is_over(ticket) and host.now() < ticket.deadline do paused(ticket.deadline) end
      return true
    end,
    wake = function(ticket)
      if self.wake_at[ticket.thread or 0] then self.wake_at[ticket.thread] = 0 end
    end,
    sleep = self.pause,
  }
  return self
end

function Threads:go(fn)
  local thread
  thread = coroutine.create(function()
    fn()
    self.wake_at[thread] = nil
  end)
  self.wake_at[thread] = 0
end

-- Drive what the table is attached to, and resume the threads that can go on.
function Threads:round()
  local due, now = {}, core.now()
  if self.host then
    self.host.pump(0.005)
    self.host.run()
  end
  for thread, time in pairs(self.wake_at) do
    if time <= now then due[#due + 1] = thread end
  end
  for _, thread in ipairs(due) do assert(coroutine.resume(thread)) end
end

-- Run until all threads have ended. It is a failure if that takes more than 10 seconds.
function Threads:run()
  local gives_up_at = core.now() + 10
  while next(self.wake_at) do
    assert(core.now() < gives_up_at, "a thread does not go on")
    self:round()
  end
end

local function kind_of(value, err)
  return value == nil and err.kind or value
end

local api = testbed.local_api { count = 25 }

describe("apify.use", function()
  local client, id

  before_each(function()
    id = api.seeded.last_id
    client = testbed.client(api)
  end)
  after_each(function()
    apify.use(nil)
    client:close()
    assert.is_false(scheduler.is_waited_for(), "somebody is left waiting")
  end)

  local function status() return assert(client:run(id):get()).status end

  local function hang() api:faults { match = { path = "/actor%-runs" }, action = { hang = true } } end

  describe("with a name", function()
    for _, name in ipairs { "block", "cqueues", "luv" } do
      it("waits by that loop, also where it does not run: " .. name, function()
        local own = counted()
        apify.use(own)
        apify.use(name)
        assert.equal("SUCCEEDED", status())
        assert.equal("SUCCEEDED", apify.spawn(status):wait())
        assert.equal(0, own.calls.park)
      end)
    end

    it("refuses others, at the caller's line, and goes on with what it had", function()
      local own = counted()
      apify.use(own)
      local expected = '(expected "block", "cqueues", "luv", "nginx", "nvim", a table or nil)'
      for _, case in ipairs { { "nonsense", '"nonsense"' }, { "", '""' }, { 3, "3" }, { true, "true" }, { print, "a function" } } do
        local ok, text = pcall(function() apify.use(case[1]) end)
        assert.is_false(ok)
        assert.matches("^[^:]*spec/loop/choice_spec%.lua:%d+: bad argument 1 of use: ", text)
        assert.truthy(text:find("use: " .. case[2] .. " " .. expected, 1, true), text)
      end
      assert.equal("SUCCEEDED", status())
      assert.is_true(own.calls.park > 0)
      assert.equal(0, own.calls.detach)
    end)

    it("refuses the programs that this one is not", function()
      for _, name in ipairs { "nginx", "nvim" } do
        local ok, text = pcall(function() apify.use(name) end)
        assert.is_false(ok)
        local expected = ({ nginx = "this program is not nginx", nvim = "this program is not Neovim" })[name]
        assert.matches('^[^:]*spec/loop/choice_spec%.lua:%d+: apify%.use "' .. name .. '": ' .. expected .. "$", text)
      end
    end)
  end)

  describe("with a table", function()
    it("names the function that it lacks", function()
      for _, name in ipairs(FUNCTIONS) do
        for _, value in ipairs { false, 3 } do
          local own = counted()
          own[name] = value or nil
          local ok, text = pcall(function() apify.use(own) end)
          assert.is_false(ok)
          local expected = ("bad argument 1 of use: its field %q is %s (expected a function)"):format(name, value or "nil")
          assert.matches("^[^:]*spec/loop/choice_spec%.lua:%d+: ", text)
          assert.truthy(text:find(expected, 1, true), text)
        end
      end
    end)

    it("calls nothing of it before something waits", function()
      local own = counted()
      apify.use(own)
      for name, count in pairs(own.calls) do assert.equal(0, count, name) end
    end)

    it("waits by it, until another is named", function()
      local own = counted()
      apify.use(own)
      assert.equal("SUCCEEDED", status())
      for _, name in ipairs { "usable", "check", "attach", "park", "wake" } do assert.is_true(own.calls[name] > 0, name) end
      assert.equal(0, own.calls.detach)
      apify.use(nil)
      local parked = own.calls.park
      assert.equal(1, own.calls.detach)
      assert.equal("SUCCEEDED", status())
      assert.equal(parked, own.calls.park)
    end)

    it("detaches it when another is named, and only then", function()
      local first, second = counted { usable = function() return false end }, counted()
      apify.use(first)
      apify.use(first)
      assert.equal(0, first.calls.detach)
      apify.use(second)
      assert.same({ 1, 0 }, { first.calls.detach, second.calls.detach })
      apify.use "block"
      assert.same({ 1, 1 }, { first.calls.detach, second.calls.detach })
    end)

    it("blocks where the table is not usable, and asks again in each call", function()
      local is_usable = false
      local own = counted { usable = function() return is_usable end }
      apify.use(own)
      assert.equal("SUCCEEDED", status())
      assert.same({ 0, 0 }, { own.calls.attach, own.calls.park })
      is_usable = true
      assert.equal("SUCCEEDED", status())
      assert.is_true(own.calls.park > 0)
    end)

    it("recognises the program where the table is not usable", function()
      local own, ticks, is_over = counted { usable = function() return false end }, 0, false
      apify.use(own)
      api:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.2 } }
      local controller = cqueues.new()
      controller:wrap(function()
        status()
        is_over = true
      end)
      controller:wrap(function()
        while not is_over do
          cqueues.sleep(0.01)
          ticks = ticks + 1
        end
      end)
      assert(controller:loop())
      assert.is_true(ticks > 5, ticks)
      assert.equal(0, own.calls.park)
    end)

    it("takes its word that nothing can wait here: nothing is sent", function()
      local own = counted { check = function() return nil, "not on Sundays", "context" end }
      apify.use(own)
      local run, err = client:run(id):get()
      assert.same({ nil, "context", "not on Sundays" }, { run, err.kind, err.message })
      assert.equal("context", kind_of(client:runs():iterate():next()))
      assert.equal("context", kind_of(apify.sleep(0)))
      assert.same({ 0, 0 }, { #api:log().requests, own.calls.park })
    end)

    it("takes its word for the kind of that error", function()
      apify.use(counted { check = function() return nil, "the program ends", "closed" end })
      local _, err = client:run(id):get()
      assert.same({ "closed", "the program ends" }, { err.kind, err.message })
    end)

    it("does not ask it about fibers, which are parked without it", function()
      local own = counted { check = function() return nil, "not here", "context" end }
      apify.use(own)
      local fiber = apify.spawn(status)
      assert.equal("context", kind_of(fiber:wait()))
      apify.use(nil)
      assert.equal("SUCCEEDED", fiber:wait())
      assert.equal(0, own.calls.park)
    end)

    for _, name in ipairs { "attach", "park" } do
      it("ends a call with the reason when this fails: " .. name, function()
        apify.use(counted { [name] = function() return nil, "it is broken" end })
        local _, err = client:run(id):get()
        assert.same({ "context", "it is broken" }, { err.kind, err.message })
        apify.use(counted { [name] = function() return nil, "there is no room", "memory" end })
        assert.equal("memory", kind_of(client:run(id):get()))
        assert.equal("memory", kind_of(apify.sleep(1)))
        assert.equal(0, client:stats().in_flight)
        apify.use(nil)
        assert.equal("SUCCEEDED", status())
      end)
    end

    for name, reason in pairs { check = "refuses to wait", attach = "could not wait", park = "could not wait" } do
      it("ends a call with kind context when it gives no reason or no kind of error: " .. name, function()
        for _, case in ipairs { { nil, nil }, { "it is broken", nil }, { "it is broken", "mine" }, { "it is broken", 3 }, { nil, "mine" } } do
          apify.use(counted { [name] = function() return nil, case[1], case[2] end })
          local _, err = client:run(id):get()
          assert.equal("context", err.kind)
          assert.truthy(err.message:find(case[1] or reason, 1, true), err.message)
          assert.equal(0, client:stats().in_flight)
        end
        apify.use(counted { [name] = function() end })
        assert.equal("context", kind_of(apify.sleep(1)))
      end)
    end

    it("passes on an error that is raised while it waits, and leaves nobody waiting", function()
      apify.use(counted { park = function() error("a bug", 0) end })
      local ok, text = pcall(function() return apify.sleep(1) end)
      assert.same({ false, "a bug" }, { ok, text })
      assert.is_false(scheduler.is_waited_for())
      apify.use(nil)
      assert.equal("SUCCEEDED", status())
    end)

    it("ends a call in a fiber with the reason when it cannot be attached", function()
      apify.use(counted { attach = function() return nil, "it is broken" end })
      local fiber = apify.spawn(function() return client:run(id):get() end)
      assert.is_true(fiber:is_done())
      assert.equal("context", kind_of(fiber:wait()))
      assert.equal(0, client:stats().in_flight)
    end)

    it("does not mind if a wait ends before its time", function()
      local own = counted { park = function(_, host)
        host.run()
        host.pump(0.001)
        return true
      end }
      apify.use(own)
      api:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.1 } }
      local began = core.now()
      assert.is_true(apify.sleep(0.05))
      assert.is_true(core.now() - began >= 0.05)
      assert.equal("SUCCEEDED", status())
      assert.is_true(own.calls.park > 10, own.calls.park)
    end)

    it("lets the program go on by it while a loop works without waiting", function()
      local own = counted()
      apify.use(own)
      for _ in client:runs():iterate() do
        local over_at = core.now() + 0.01
        repeat until core.now() >= over_at
      end
      assert.is_true(own.calls.sleep > 5, own.calls.sleep)
    end)
  end)

  describe("with a table that parks threads", function()
    local program

    before_each(function()
      program = program_with_threads()
      apify.use(program.loop)
    end)

    it("goes on with all of them at once, and with their fibers", function()
      api:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.3 } }
      local began, answers = core.now(), {}
      for i = 1, 10 do
        program:go(function() answers[i] = i % 2 == 0 and status() or apify.spawn(status):wait() end)
      end
      program:run()
      assert.equal(("SUCCEEDED"):rep(10), table.concat(answers))
      assert.is_true(core.now() - began < 10 * 0.3)        -- what one after the other would take
    end)

    it("wakes the one whose client is closed", function()
      hang()
      local kind, closed_at, ended_at
      program:go(function()
        kind = kind_of(client:runs():list())
        ended_at = core.now()
      end)
      program:go(function()
        program.pause(0.05)
        closed_at = core.now()
        client:close()
      end)
      program:run()
      assert.equal("closed", kind)
      assert.is_true(program.loop.calls.wake > 0)
      assert.is_true(ended_at - closed_at < 0.5)
    end)

    it("wakes the one who waits for a fiber that ends, or is cancelled", function()
      hang()
      local fiber = apify.spawn(function() return client:runs():list() end)
      local short, results = apify.spawn(function() return apify.sleep(0.05) end), {}
      program:go(function() results[1] = kind_of(fiber:wait()) end)
      program:go(function()
        results[2] = short:wait()
        fiber:cancel()
      end)
      program:run()
      assert.same({ "cancelled", true }, results)
      assert.is_true(program.loop.calls.wake >= 2)
    end)

    it("wakes nobody whose time is over", function()
      local fiber, kind = apify.spawn(function() return apify.sleep(0.2) end), nil
      program:go(function() kind = kind_of(fiber:wait(0.05)) end)
      program:run()
      assert.equal("timeout", kind)
      assert.equal(0, program.loop.calls.wake)
      assert.is_true(fiber:wait())
    end)

    it("blocks in a coroutine within a thread, where the table asks for that", function()
      local values, other = {}, nil
      program:go(function()
        for value in coroutine.wrap(function()
          for i = 1, 3 do coroutine.yield(i .. status()) end
        end) do values[#values + 1] = value end
      end)
      program:go(function() other = status() end)
      program:run()
      assert.equal("1SUCCEEDED 2SUCCEEDED 3SUCCEEDED SUCCEEDED", table.concat(values, " ") .. " " .. other)
    end)

    for _, name in ipairs { "none", "block", "luv", "another table" } do
      it("goes on with those that wait while it is exchanged for " .. name, function()
        api:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.2 } }
        local answers = {}
        for i = 1, 2 do
          program:go(function() answers[i] = status() .. status() end)
        end
        local fiber = apify.spawn(function() return apify.sleep(0.1) and status() end)
        program:go(function()
          program.pause(0.05)
          apify.use(name == "another table" and counted() or name ~= "none" and name or nil)
        end)
        program:run()
        assert.same({ "SUCCEEDEDSUCCEEDED", "SUCCEEDEDSUCCEEDED" }, answers)
        assert.equal("SUCCEEDED", fiber:wait())
      end)
    end
  end)
end)

describe('require "apify"', function()
  it("starts nothing: no descriptor, no thread, no library of a host", function()
    local output, code = child.run [[
      local function count(name)
        local path, number = os.tmpname(), 0
        os.execute(("ls /proc/$PPID/%s >%s"):format(name, path))
        for _ in io.lines(path) do number = number + 1 end
        os.remove(path)
        return number
      end
      local descriptors, threads = count "fd", count "task"
      local apify = require "apify"
      print(count "fd" - descriptors, count "task" - threads)
      for _, name in ipairs { "luv", "cqueues", "socket", "copas", "ngx.semaphore" } do
        if package.loaded[name] then print(name) end
      end
      print(apify.new { token = false }:stats().in_flight)
    ]]
    assert.same({ "0\t0\n0\n", 0 }, { output, code })
  end)
end)
