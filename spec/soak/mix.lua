--- Calls of all kinds, one after another in several fibers, and what the process has while they go on.
local apify = require "apify"
local core = require "apify.core"

local mix = {}

local ACTOR = "janedoe~my-actor"
local SAMPLES = 20
local ALLOWED = { api = true, connect = true, decode = true, network = true, redirect = true, timeout = true, too_large = true }

-- A request for the world of one fiber, which it alone changes: `w` has the client, a run and storages.
local CALLS = {
  function(w) return w.client:run(w.run):get() end,
  function(w) return w.client:actor(ACTOR):runs():list { limit = 50 } end,
  function(w) return w.client:actor(ACTOR):runs():iterate({ chunk_size = 100, limit = 300, prefetch = 2 }):collect() end,
  function(w) return w.dataset:push_items { { n = w.n, text = ("x"):rep(200) } } end,
  function(w) return w.dataset:list_items { limit = 20, desc = true } end,
  function(w) return w.client:run(w.run):dataset():iterate_items({ limit = 50, chunk_size = 20 }):collect() end,
  function(w) return w.store:set_record("record", { n = w.n }) end,
  function(w) return w.store:get_record "record" end,
  function(w) return w.store:record_exists "nothing" end,
  function(w) return w.queue:add_request { url = "https://example.com/" .. w.n % 100 } end,
  function(w) return w.queue:list_head { limit = 5 } end,
  function(w) return w.client:run(w.run):log():get() end,
  function(w) return w.client:run(w.run):wait_for_finish { wait_secs = 1 } end,
  function(w) return w.client:run("missing" .. w.n % 10):get() end,
  function(w)                                                       -- left in the middle
    local it = w.client:actor(ACTOR):runs():iterate { chunk_size = 50, prefetch = 4 }
    local row, err = it:next()
    it:close()
    return row, err
  end,
  function(w)                                                       -- cancelled
    local fiber = apify.spawn(function() return w.client:run(w.run):dataset():list_items() end)
    fiber:cancel()
    return true
  end,
  function(w) return w.client:with({ request_timeout = 5 }):user():get() end,
}

local function status_number(name)
  local file = assert(io.open "/proc/self/status")
  local text = file:read "*a"
  file:close()
  return tonumber(text:match(name .. ":%s*(%d+)"))
end

-- By asking for each number: listing the folder would need a process, or the host's own functions.
local function count_descriptors()
  local count = 0
  for fd = 0, 255 do
    local file = io.open(("/proc/self/fdinfo/%d"):format(fd))
    if file then
      file:close()
      count = count + 1
    end
  end
  return count
end

local function sample(client, calls)
  collectgarbage()
  collectgarbage()
  return {
    calls = calls, rss_kb = status_number "VmRSS", threads = status_number "Threads", descriptors = count_descriptors(),
    lua_kb = math.floor(collectgarbage "count"), requests = client:stats().attempts,
  }
end

--- How a call ended: "ok", or the kind of its error. What must not be is raised.
local function outcome(value, err)
  if value ~= nil then return "ok" end
  assert(apify.is_error(err), tostring(err))
  assert(ALLOWED[err.kind] or err.kind == "cancelled", tostring(err))
  return err.kind
end

--- A generator of pseudo-random numbers that is the same in every Lua.
local function dice(seed)
  return function(n)
    seed = (seed * 16807) % 2147483647
    return seed % n + 1
  end
end

local function new_world(client, number)
  local function storage(collection) return assert(client[collection](client):get_or_create("soak-" .. number)).id end
  local runs = assert(client:actor(ACTOR):runs():list { limit = 1 })
  return {
    client = client, n = 0, run = runs.items[1].id, dataset = client:dataset(storage "datasets"),
    store = client:key_value_store(storage "key_value_stores"), queue = client:request_queue(storage "request_queues"),
  }
end

---@class soak.Options
---@field url string
---@field requests integer stop once so many have been sent
---@field parallel integer fibers

--- Go through it: the samples that were taken, and how many calls ended how.
---@param o soak.Options
---@return table[] samples
---@return table<string, integer> outcomes
function mix.run(o)
  local client = apify.new {
    base_url = o.url, token = "apify_api_soak", max_retries = 2, min_delay_between_retries = 0.001, request_timeout = 10, stall_timeout = 2,
  }
  local samples, outcomes, calls = {}, {}, 0
  local function work(number)
    local world, roll = new_world(client:with { max_retries = 8 }, number), dice(number)
    world.client = client
    while client:stats().attempts < o.requests do
      world.n, calls = world.n + 1, calls + 1
      local how = outcome(CALLS[roll(#CALLS)](world))
      outcomes[how] = (outcomes[how] or 0) + 1
      if client:stats().attempts >= #samples * o.requests / SAMPLES then samples[#samples + 1] = sample(client, calls) end
    end
  end
  local numbers = {}
  for i = 1, o.parallel do numbers[i] = i end
  assert(apify.map(numbers, function(number) work(number) return true end))
  apify.sleep(0.1)
  samples[#samples + 1] = sample(client, calls)
  outcomes["in flight"] = client:stats().in_flight
  client:close()
  return samples, outcomes
end

--- The same, told as a line of JSON.
---@param o soak.Options
---@return string
function mix.report(o)
  local began = core.now()
  local samples, outcomes = mix.run(o)
  return core.encode({ samples = samples, outcomes = outcomes, secs = core.now() - began }, { sort_keys = true })
end

return mix
