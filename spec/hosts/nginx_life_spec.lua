-- runs once, by LuaJIT
-- runs first
--- The module inside a real nginx that ends, is short of something, or whose clients leave.
local nginx_server = require "spec.hosts.nginx_server"
local nginx_stage = require "spec.hosts.nginx_stage"
local shell = require "spec.support.shell"

local secs_until, secs_until_end = nginx_server.secs_until, nginx_server.secs_until_end

local AT_ONCE = 0.7                      -- seconds, with all that a busy machine may add
local SOON = 2                           -- seconds: what nobody tells the worker, it sees when it looks, once each second

describe("in nginx", function()
  local stage, s, n

  setup(function()
    stage = nginx_stage.open()
    s, n = stage.api, stage.nginx
  end)
  teardown(function() stage:close() end)
  before_each(function() stage:reset() end)

  local function play(...) return stage:play(...) end

  -- Call fn with an nginx of its own; nobody's memory of clients before.
  local function with_own(o, fn)
    local own = nginx_server.start(s.url, o)
    local ok, err = pcall(fn, own)
    own:stop()
    if not ok then error(err, 0) end
  end

  local function nothing_open() return s:log().counters.open == 0 end

  describe("a reload", function()
    -- Reload; the worker that was there must go soon after `fn`.
    local function reload(fn)
      local old = n:workers()[1]
      n:signal "HUP"
      if fn then fn() end
      assert.is_true(secs_until_end(old) < SOON)
      assert.equal("", n:complaints())
      assert.same({ "SUCCEEDED" }, play "get")
    end

    it("loses nothing that is in flight", function()
      local run = stage:add { { 0, "RUNNING" }, { 3, "SUCCEEDED" } }
      s:faults { match = { path = "/actor%-runs/" .. stage.id }, action = { delay = 1 } }
      local asked = { n:begin("/play/wait?id=" .. run) }
      for i = 2, 6 do asked[i] = n:begin(stage:path "get") end
      shell.eventually(stage:had(6, "/v2/"))
      reload(function()
        for i = 1, 6 do assert.same({ i, "SUCCEEDED\n" }, { i, (asked[i]:finish()) }) end
      end)
    end)

    it("lets a handler begin calls after it", function()
      local asked = n:begin(stage:path "exiting")
      shell.run "sleep 0.1"
      reload(function() assert.equal("SUCCEEDED\n", (asked:finish())) end)
    end)

    it("lets timers make calls that are called because of it", function()
      local file = n.dir .. "/late"
      play("late_timer", "file=" .. file)
      reload()
      assert.equal("true SUCCEEDED", shell.read_file(file))
    end)

    it("is not held up by calls that were cancelled, nor by iterators and streams that were left", function()
      stage:play_until("cancel", stage:had(1, "waitForFinish"))
      reload()
      s:faults { match = { query = "offset=[1-9]" }, action = { hang = true } }
      assert.same({ "true" }, play("leave_iterator", "secs=0.05"))
      reload()
      s:admin("seed_items", { run = stage.id, count = 100000 })
      assert.same({ "0" }, play "leave_items")
      reload()
    end)
  end)

  it("quitting loses nothing that is in flight", function()
    with_own(nil, function(own)
      local asked = own:begin("/play/wait?id=" .. stage:add { { 0, "RUNNING" }, { 1, "SUCCEEDED" } })
      shell.eventually(stage:had(1, "waitForFinish"))
      own:signal "QUIT"
      assert.equal("SUCCEEDED\n", (asked:finish()))
      assert.is_true(secs_until_end(own.pid) < SOON)
      assert.equal("", own:complaints())
    end)
  end)

  it("worker_shutdown_timeout ends what is still in flight", function()
    with_own({ main = "worker_shutdown_timeout 1s;" }, function(own)
      own:begin("/play/wait?id=" .. stage.endless)
      shell.eventually(stage:had(1, "waitForFinish"))
      local worker = own:workers()[1]
      own:signal "HUP"
      assert.is_true(secs_until_end(worker) < 1 + SOON)
      assert.is_true(secs_until(stage:had(1, "waitForFinish", 499)) < AT_ONCE)
      assert.equal("", own:complaints())
    end)
  end)

  it("fibers in a busy worker are not taken for dead", function()
    assert.same({ "whole 60" }, play("busy", "secs=2.5"))
  end)

  describe("when a client leaves", function()
    -- A client leaves once the API has had so many requests; another client's wait goes on.
    local function leave(path, count)
      local other = n:begin("/play/wait?id=" .. stage:add { { 0, "RUNNING" }, { 2, "SUCCEEDED" } })
      local asked = n:begin(path)
      shell.eventually(stage:had(count + 1, "/v2/"))
      asked:leave()
      return function()
        assert.equal("SUCCEEDED\n", (other:finish()))
        assert.same({ "0" }, play "in_flight")
      end
    end

    it("cleanup() ends its waits at once, those of its fibers too", function()
      local others_go_on = leave(stage:path("waits", "", "watched"), 3)
      assert.is_true(secs_until(stage:had(3, "waitForFinish", 499)) < AT_ONCE)
      others_go_on()
    end)

    it("cleanup() ends its streams at once, and what it has left", function()
      s:admin("seed_items", { run = stage.id, count = 100000 })
      local asked = n:begin(stage:path("pause_items", "secs=30", "watched"))
      shell.eventually(function() return asked:body() == "0\n" end)
      assert.equal(1, s:log().counters.open)
      asked:leave()
      assert.is_true(secs_until(nothing_open) < AT_ONCE)
      s:faults { match = { query = "offset=[1-9]" }, action = { hang = true } }
      n:get(stage:path("leave_iterator", "secs=0.05", "watched"))
      assert.is_true(secs_until(stage:had(3, "offset=[1-9]", 499)) < AT_ONCE)
      assert.same({ "0" }, play "in_flight")
    end)

    it("without cleanup() its waits end within two seconds", function()
      local others_go_on = leave(stage:path("waits", "", "noticed"), 3)
      assert.is_true(secs_until(stage:had(3, "waitForFinish", 499)) < SOON)
      others_go_on()
    end)

    it("without cleanup() a stream that it read keeps nobody from going on", function()
      s:admin("seed_items", { run = stage.id, count = 100000 })
      with_own(nil, function(own)
        local asked = own:begin(stage:path("pause_items", "secs=30", "noticed"))
        shell.eventually(function() return asked:body() == "0\n" end)
        asked:leave()
        assert.same({ "SUCCEEDED" }, play("get", "", own))
        local worker = own:workers()[1]
        own:signal "HUP"
        assert.is_true(secs_until_end(worker) < SOON)
        shell.eventually(nothing_open)
      end)
    end)

    it("and nginx does not look, its handler goes on to its end", function()
      local run = stage:add { { 0, "RUNNING" }, { 0.5, "SUCCEEDED" } }
      local asked = n:begin("/play/wait?id=" .. run)
      shell.eventually(stage:had(1, "waitForFinish"))
      asked:leave()
      shell.eventually(stage:had(1, "waitForFinish", 200))
      assert.same({ "0" }, play "in_flight")
      assert.equal("", n:complaints())
    end)
  end)

  it("light threads are killed, and requests end, while they wait", function()
    assert.same({ "killed 1", "SUCCEEDED" }, stage:play_until("kill", stage:had(1, "waitForFinish")))
    assert.is_true(secs_until(stage:had(1, "waitForFinish", 499)) < SOON)
    assert.same({ "left" }, stage:play_until("exit", stage:had(4, "waitForFinish")))
    assert.is_true(secs_until(stage:had(4, "waitForFinish", 499)) < SOON)
    assert.same({ "left" }, stage:play_until("exit", stage:had(7, "waitForFinish"), "cancel=1"))
    local secs = secs_until(stage:had(7, "waitForFinish", 499))           -- it has to look twice to be sure
    assert.is_true(secs < 2 * SOON, nginx_stage.tell("cancelled waits of a request that had ended: %.1f s", secs))
    assert.same({ "0" }, play "in_flight")
  end)

  describe("that is short of", function()
    it("descriptors, calls still end", function()
      with_own({ shell = "ulimit -n 256;", connections = 100 }, function(own)
        assert.same({ "SUCCEEDED" }, play("get", "", own))
        for left = 0, 5 do assert.equal("SUCCEEDED true\n", (own:get(stage:path("few_descriptors", "left=" .. left)))) end
        own:forget()
        assert.same({ "SUCCEEDED" }, play("get", "", own))
      end)
    end)

    it("timers, calls still end", function()
      with_own({ http = "lua_max_running_timers 2;" }, function(own)
        assert.same({ "held" }, play("timers", "n=2&secs=1", own))
        assert.is_true(select(3, own:get(stage:path "get")) < AT_ONCE)
        assert.matches("lua_max_running_timers are not enough", own:complaints())
      end)
      with_own({ http = "lua_max_pending_timers 2;" }, function(own)
        assert.same({ "held" }, play("timers", "n=2&secs=1&pending=1", own))
        assert.same({ "SUCCEEDED" }, play("get", "", own))
      end)
    end)
  end)

  it("lua_code_cache off leaves nothing behind", function()
    with_own({ http = "lua_code_cache off;" }, function(own)
      for _ = 1, 5 do own:get(stage:path "get") end
      local worker = own:workers()[1]
      local before = nginx_server.look(worker)
      for _ = 1, 50 do assert.equal("SUCCEEDED\n", (own:get(stage:path "get"))) end
      shell.eventually(function()
        return nginx_server.look(worker).descriptors <= before.descriptors
      end)
      assert.equal("right 20", own:get(stage:path("fibers", "n=20")):match "right %d+")
    end)
  end)

  it("a client that was made in init_by_lua serves both workers", function()
    with_own({ workers = 2, env = "RUN_ID=" .. stage.id, http = 'init_by_lua_block { require("spec.hosts.nginx_scenes").note_get() }' }, function(own)
      local file = own.dir .. "/go"
      local first = own:begin(stage:path("block", "file=" .. file))
      shell.eventually(function() return shell.read_file(file) == "blocked" end)
      local pids = {}
      pids[1] = own:get(stage:path "block"):match "^(%d+) SUCCEEDED\n$"
      os.remove(file)
      pids[2] = first:finish():match "^(%d+) SUCCEEDED\n$"
      table.sort(pids)
      local workers = own:workers()
      table.sort(workers)
      assert.same({ workers, "" }, { pids, own:complaints() })
      local connections = {}
      for _, request in ipairs(s:log().requests) do connections[#connections + 1] = request.connection end
      table.sort(connections)
      assert.equal(3, #connections)                        -- of the start, and of each worker
      assert.is_true(connections[1] < connections[2] and connections[2] < connections[3])
    end)
  end)

  it("an error that nobody catches is in the error log, without its text where it is an object", function()
    local _, status = n:get "/play/uncaught"
    assert.equal(500, status)
    assert.matches("[error]", n:complaints(), 1, true)
    assert.matches("lua entry thread aborted: runtime error: unknown reason\nstack traceback:", n:complaints(), 1, true)
    n:forget()
    n:get "/play/uncaught?iterator=1"
    assert.matches("runtime error: unknown reason", n:complaints(), 1, true)
  end)
end)
