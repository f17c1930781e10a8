--- An error at any moment, such as Ctrl-C's: a debug hook raises at the n-th line of the module, for each n. Whatever was under way is
--- lost for whoever was in it, and the module works as before: for the same client, for others, and for every wait.
local apify = require "apify"
local server = require "spec.local_api.server"

local STEP = tonumber(os.getenv "INTERRUPT_STEP") or 1
local INTERRUPT = "interrupted here"

if jit then jit.off() end

describe("an interrupt at any line of", function()
  local api, client, ids

  setup(function() api = server.start() end)
  teardown(function() api:stop() end)

  before_each(function()
    api:admin("reset", { count = 6 })
    api:admin("behaviour", { schedule = { { 0, "RUNNING" }, { 0.01, "SUCCEEDED" } }, items = 1, log_lines = 1 })
    client = apify.new { base_url = api.url, token = "t", min_delay_between_retries = 0.001 }
    ids = api:admin("ids", {}).ids
  end)

  local function is_ours(source)
    return source:find("lua/apify/", 1, true) ~= nil
  end

  local make_coroutine = coroutine.create

  -- Call `fn`, and raise at the n-th line of the module that runs from here on. true if there were so many.
  local function call_interrupted(n, fn)
    local count, where = 0, nil
    local function hook(_, line)
      local source = debug.getinfo(2, "S").source
      if where or not is_ours(source) then return end
      count = count + 1
      if count < n then return end
      where = ("%s:%d"):format(source:match "[^/]*$", line)
      error(INTERRUPT, 0)
    end
    if not jit then                                      -- there a hook belongs to one coroutine
      coroutine.create = function(f)                     -- luacheck: ignore 122
        local co = make_coroutine(f)
        debug.sethook(co, hook, "l")
        return co
      end
    end
    debug.sethook(hook, "l")
    local ok, why = pcall(fn)
    debug.sethook()
    coroutine.create = make_coroutine                    -- luacheck: ignore 122
    return where, ok, why
  end

  -- The module does what it did before.
  local function assert_works(where)
    local other = apify.new { base_url = api.url, token = "t" }
    for _, c in ipairs { client, other } do
      local ok, why = pcall(function()
        assert(apify.sleep(0))
        assert.equal(ids[1], assert(c:run(ids[1]):get()).id)
        assert.equal(ids[2], assert(c:run(ids[2]):wait_for_finish()).id)
        assert.same({ 1, 2 }, apify.map({ 1, 2 }, function(i) apify.sleep(0.0001) return i end))
      end)
      assert(ok, where .. ": " .. tostring(why))
    end
    client:close()
    other:close()
    local fresh = apify.new { base_url = api.url, token = "t", min_delay_between_retries = 0.001 }
    assert(apify.sleep(0))
    assert.equal(0, fresh:stats().in_flight, where .. " leaves transfers")
    client = fresh
  end

  local function interrupt_everywhere(fn)
    local n = 1
    while true do
      local where = call_interrupted(n, fn)
      if not where then break end
      assert_works(where .. " at " .. n)
      n = n + STEP
    end
    return n
  end

  it("a map of calls", function()
    interrupt_everywhere(function()
      assert(apify.map({ 1, 2, 3 }, function(i) return client:run(ids[i]):get() end, { max_parallel = 2 }))
    end)
  end)

  it("a spawn, a sleep and a wait", function()
    interrupt_everywhere(function()
      local fiber = apify.spawn(function() apify.sleep(0.001) return client:run(ids[1]):get() end)
      apify.sleep(0.0001)
      assert(fiber:wait(5))
    end)
  end)

  it("a wait for all", function()
    interrupt_everywhere(function() assert(client:wait_all({ ids[1], ids[2], ids[3] }, { max_parallel = 2 })) end)
  end)

  it("a push", function()
    interrupt_everywhere(function() assert(client:run(ids[1]):dataset():push_items { { n = 1 } }) end)
  end)

  it("an iteration", function()
    interrupt_everywhere(function()
      local it = client:runs():iterate { chunk_size = 2 }
      repeat local row = it:next() until not row
    end)
  end)
end)
