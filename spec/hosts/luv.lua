--- Plays a scene in a program whose loop is luv's: lua5.4 spec/hosts/luv.lua, with SCENE and what it needs in the environment.
local uv = require "luv"
local apify = require "apify"
local play = require "spec.hosts.play"

if os.getenv "SCENE" ~= "no_luv" then apify.use "luv" end

local host = { name = "luv" }

--- The host's own timer: calls `fn` each 5 ms until the returned function is called. It is stopped, not closed: luv crashes when
--- a program ends before the loop has seen to what was closed.
function host.ticker(fn)
  local timer = uv.new_timer()
  timer:start(5, 5, fn)
  return function() timer:stop() end
end

--- Call `begin` and run the loop until it has nothing left to do.
function host.loop(begin)
  begin()
  uv.run()
end

--- Call `fn` in the loop, outside of all fibers.
function host.in_callback(fn)
  local timer = uv.new_timer()
  timer:start(1, 0, function()
    timer:close()
    fn()
  end)
end

local own = {}

--- uv.run has returned by itself: what it had to wait for is gone.
function own.returns(h)
  local over_at
  h.enter(function()
    local runs = assert(apify.map({ 1, 2, 3 }, function() return h.client:run(h.run_id):get() end))
    apify.sleep(0.02)
    h.say("answers", #runs)
    over_at = h.now()
  end)
  h.say("alive", uv.loop_alive(), h.now() - over_at < 0.1)
end

--- A call in a callback of the loop blocks it, and is right; a fiber that waits meanwhile goes on afterwards.
function own.callback(h)
  local fiber
  h.loop(function()
    fiber = apify.spawn(function() return assert(h.client:run(h.run_id):wait_for_finish()).status end)
    host.in_callback(function()
      h.say("call", assert(h.client:run(h.run_id):get()).status)
      h.say("page", assert(h.client:runs():list { limit = 2 }).count)
    end)
  end)
  h.say("fiber", fiber:wait())
end

--- Fibers that began before the loop runs, and the loop a second time.
function own.twice(h)
  for i = 1, 2 do
    local fiber = apify.spawn(function() return assert(h.client:run(h.run_id):get()).status end)
    h.say(i, fiber:is_done())
    uv.run()
    h.say(i, fiber:is_done(), fiber:wait())
  end
end

-- What apify.use says to a wrong value, without its place.
local function refusal(value)
  local ok, why = pcall(function() apify.use(value) end)
  return ok and "accepted" or (why:gsub("^[^:]*luv%.lua:%d+: ", "line: "))
end

--- luv is named, but not there.
function own.no_luv(h)
  package.loaded.luv, package.cpath = nil, ""
  h.say(refusal "luv")
  h.say("still", assert(h.client:run(h.run_id):get()).status)
end

--- What is no loop.
function own.wrong_use(h)
  for _, value in ipairs { "nonsense", 3, {}, "nvim" } do h.say(refusal(value)) end
  h.say("still", assert(h.client:run(h.run_id):get()).status)
end

play(host, own)
