--- Plays a scene in a program whose loop is that of cqueues: lua5.4 spec/hosts/cqueues.lua, with SCENE and what it needs in the environment.
--- With UNIT=thread what runs side by side are threads of cqueues, else fibers.
local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local apify = require "apify"
local play = require "spec.hosts.play"

local host = { name = "cqueues" }

--- The host's own timer: calls `fn` each 5 ms until the returned function is called.
function host.ticker(fn)
  local is_over = false
  cqueues.running():wrap(function()
    while not is_over do
      cqueues.sleep(0.005)
      if not is_over then fn() end
    end
  end)
  return function() is_over = true end
end

--- Call `begin` in a thread of a new controller, and run that until it has nothing left to do.
function host.loop(begin)
  local controller = cqueues.new()
  controller:wrap(begin)
  assert(controller:loop())
end

local threads = {}

--- The results of fn(1), ..., fn(count), each called in a thread of its own.
function threads.side_by_side(count, fn)
  local results, open, over = {}, count, condition.new()
  for i = 1, count do
    cqueues.running():wrap(function()
      results[i] = fn(i)
      open = open - 1
      if open == 0 then over:signal() end
    end)
  end
  while open > 0 do over:wait() end
  return results
end

--- Call `fn` in a thread, in a loop that runs until it has nothing left to do.
threads.enter = host.loop

if os.getenv "UNIT" == "thread" then
  for name, fn in pairs(threads) do host[name] = fn end
end

local own = {}

local function status(h) return assert(h.client:run(h.run_id):get()).status end

--- A program has several controllers, one after the other, and calls between them.
function own.several(h)
  for i = 1, 3 do
    host.loop(function()
      apify.spawn(function() h.say(i, "fiber", status(h)) end):wait()
      h.say(i, "thread", status(h))
    end)
    h.say(i, "outside", status(h))
  end
  h.say("spawned outside", apify.spawn(status, h):wait())
end

--- A controller inside a thread of another; both go on side by side.
function own.within(h)
  host.loop(function()
    local outer = apify.spawn(function() return assert(h.client:runs():list { limit = 1 }).count end)
    local ticks = 0
    local stop = host.ticker(function() ticks = ticks + 1 end)
    host.loop(function()
      h.say("inner", status(h))
      apify.sleep(0.1)
      h.say("inner fiber", apify.spawn(status, h):wait())
    end)
    stop()
    h.say("outer", status(h), outer:wait(), ticks > 5)
  end)
end

--- Two controllers that take turns.
function own.turns(h)
  local controllers, told = {}, {}
  for i = 1, 2 do
    controllers[i] = cqueues.new()
    controllers[i]:wrap(function() told[i] = status(h) .. apify.spawn(status, h):wait() end)
  end
  for _ = 1, 1000 do
    for i = 1, 2 do assert(controllers[i]:step(0.005)) end
    if controllers[1]:empty() and controllers[2]:empty() then break end
  end
  h.say(#told, told[1], told[2])
end

-- A controller with work in flight that nobody steps any more: three threads, and a fiber whose answer comes late.
local function abandon(h)
  local controller, fiber = cqueues.new(), nil
  for _ = 1, 3 do
    controller:wrap(function() h.client:actor("someone~hangs"):runs():list() end)
  end
  controller:wrap(function()
    fiber = apify.spawn(function() return assert(h.client:actor("janedoe~my-actor"):runs():list()).count end)
  end)
  while h.client:stats().in_flight < 4 do assert(controller:step(0.005)) end
  return controller, fiber
end

--- A controller is left alone with work in flight, another one works; also once the first is forgotten. A fiber belongs to none.
function own.abandoned(h)
  local fiber
  do
    local left
    left, fiber = abandon(h)
    host.loop(function()
      h.say(status(h), apify.spawn(status, h):wait())
      h.say("fiber", fiber:is_done(), fiber:wait(5))
    end)
    h.say("left", not left:empty(), h.client:stats().in_flight)
  end
  collectgarbage()
  collectgarbage()
  local began = h.now()
  host.loop(function() h.say(status(h), apify.spawn(status, h):wait()) end)
  h.say("outside", status(h), h.now() - began < 1, h.client:stats().in_flight)
end

--- Functions of cqueues that wait, in a fiber.
function own.mixed(h)
  host.loop(function()
    local bell = condition.new()
    local fiber = apify.spawn(function()
      local began = h.now()
      cqueues.sleep(0.05)
      local slept = h.now() - began
      local first = status(h)
      local is_awake = bell:wait(5)
      return slept >= 0.05 and slept < 1, first, is_awake, status(h)
    end)
    cqueues.sleep(0.3)
    bell:signal()
    h.say(fiber:wait())
  end)
end

--- Calls below a function of C, out of which nothing can yield, and in a coroutine of the program's own, in a thread and in a fiber.
function own.below_c(h)
  local function calls()
    local sorted = { 2, 1 }
    table.sort(sorted, function(a, b) return apify.sleep(0.001) and a < b end)
    local text = ("ab"):gsub("%a", function() return status(h) .. " " end)
    return sorted[1] .. " " .. text .. coroutine.wrap(function() return status(h) end)()
  end
  host.loop(function()
    h.say(calls())
    h.say(apify.spawn(calls):wait())
  end)
end

play(host, own)
