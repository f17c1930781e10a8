-- runs once, by LuaJIT
-- runs last
--- The module inside a real nginx: calls wait there, and its worker goes on.
local nginx_server = require "spec.hosts.nginx_server"
local nginx_stage = require "spec.hosts.nginx_stage"
local shell = require "spec.support.shell"

describe("in nginx", function()
  local stage, s, n

  setup(function()
    stage = nginx_stage.open()
    s, n = stage.api, stage.nginx
  end)
  teardown(function() stage:close() end)
  before_each(function() stage:reset() end)

  local function play(...) return stage:play(...) end

  local function repeated(path, count)
    local paths = {}
    for i = 1, count do paths[i] = path end
    return paths
  end

  it("50 fibers wait for 500 ms at once, and a timer stays on time", function()
    s:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.5 } }
    stage:on_time(function()
      local right, secs = play("fibers", "n=50")[1]:match "^right (%d+) secs (%S+)$"
      assert.equal("50", right)
      assert.is_true(tonumber(secs) >= 0.5 and tonumber(secs) < 1.5, secs)
    end)
  end)

  it("50 handlers wait for 500 ms at once, and a timer stays on time", function()
    s:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.5 } }
    stage:on_time(function()
      local secs, statuses = n:begin_at_once(repeated("/play/get?id=" .. stage.id, 50)):finish()
      assert.same({ ["200"] = 50 }, statuses)
      assert.is_true(secs[1] >= 0.5 and secs[50] < 1.5, secs[50])
    end)
  end)

  it("200 handlers at a time wait with little delay of their own, and other requests are served meanwhile", function()
    local client = nginx_server.start(s.url)
    s:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.2 } }
    local function load(to, path)
      return client:begin(("/play/load?to=%s&path=%s"):format(to, path:gsub("[?&=]", function(c) return ("%%%02X"):format(c:byte()) end)))
    end
    local function median(asked) return assert(tonumber(asked:finish():match "^(%S+) ")) end
    -- The same load on handlers that wait for 200 ms: what they add, and what others take meanwhile.
    local function through_nginx(path, without)
      local asked = load("unix:" .. n.dir .. "/socket", path)
      local others = median(load("unix:" .. n.dir .. "/socket", "/plain"))
      return median(asked) - without, others
    end
    local best_added, best_others = math.huge, math.huge       -- other programs can only add to it; what is ours is in each round
    for _ = 1, 10 do
      local alone = median(load(s.url:match "//(.*)$", "/v2/actor-runs/" .. stage.id))
      local added, others = through_nginx(stage:path "get", alone)
      local idle_added, idle_others = through_nginx("/sleep", 200)        -- what this machine takes for it just now
      nginx_stage.tell("medians in ms: %.1f alone, %.1f added, others %.1f; without the module %.1f added, others %.1f",
        alone, added, others, idle_added, idle_others)
      best_added, best_others = math.min(best_added, added - idle_added), math.min(best_others, others - idle_others)
      if best_added < 20 and best_others < 20 then break end
    end
    client:stop()
    local words = ("medians, the best of 10: %.1f ms more than without the module, others %.1f ms more"):format(best_added, best_others)
    assert.is_true(best_added < 20, words)
    assert.is_true(best_others < 20, words)
  end)

  it("those who wait use no CPU", function()
    s:faults { match = { path = "/actor%-runs/" }, action = { delay = 4 } }
    local asked = {}
    for i = 1, 5 do asked[i] = n:begin(stage:path "get") end
    shell.eventually(stage:had(5, "/actor%-runs/"))
    local pid = n:workers()[1]
    -- How often it wakes is its own doing; what that costs depends on the machine, too. Looking again and again would be 100 times.
    local least, best, words = math.huge, math.huge, nil
    for _ = 1, 3 do
      local before = nginx_server.look(pid)
      shell.run "sleep 1"
      local after = nginx_server.look(pid)
      least, best = math.min(least, after.switches - before.switches), math.min(best, after.cpu - before.cpu)
      words = nginx_stage.tell("a second: %.1f ms of CPU, %d context switches", after.cpu - before.cpu, after.switches - before.switches)
    end
    for i = 1, 5 do assert.equal("SUCCEEDED\n", (asked[i]:finish())) end
    assert.is_true(least < 5, words)
    assert.is_true(best < 10, words)
  end)

  it("10,000 requests in bursts leave nothing behind", function()
    local pid = n:workers()[1]
    play("bursts", "n=10000")                              -- the heap of so many calls, which is had once
    local before = nginx_server.look(pid)
    local right, calls = play("bursts", "n=10000")[1]:match "^(%d+) (%d+)$"
    local after = nginx_server.look(pid)
    assert.equal("10000", right)
    assert.is_true(tonumber(calls) >= 20, calls)
    local words = nginx_stage.tell("memory %d kB, then %d kB; the driver was called %s times", before.memory, after.memory, calls)
    -- As many connections as calls have been under way at the same moment, of which 20 may be; one more for each burst would be 100.
    assert.is_true(after.descriptors - before.descriptors < 20, ("%d descriptors, then %d"):format(before.descriptors, after.descriptors))
    assert.is_true(after.memory - before.memory < 3072, words)        -- it goes up and down by 1500 kB; 300 bytes a request would be seen
  end)

  it("one connection serves requests that follow each other", function()
    for _ = 1, 6 do play "get" end
    local connections = {}
    for _, request in ipairs(s:log().requests) do
      if request.path:find "/v2/" then connections[request.connection] = true end
    end
    local count = 0
    for _ in pairs(connections) do count = count + 1 end
    assert.equal(1, count)
  end)

  describe("calls work", function()
    it("in the rewrite, access and content phases, and in timers", function()
      for _, prefix in ipairs { "rewrite", "access", "play" } do
        local body = n:get(("/%s/get?id=%s"):format(prefix, stage.id))
        assert.same({ prefix, "SUCCEEDED\n" }, { prefix, body })
      end
      assert.same({ "SUCCEEDED" }, play "timer")
      assert.equal("", n:complaints())
    end)

    it("where a certificate is chosen, in init_by_lua (where they block), and by a client made there", function()
      local note_get = 'require("spec.hosts.nginx_scenes").note_get()'
      local own = nginx_server.start(s.url, {
        env = "RUN_ID=" .. stage.id, workers = 2, http = "init_by_lua_block { " .. note_get .. " }",
        servers = ([[server {
          listen unix:@DIR@/tls ssl; ssl_certificate %s/server.pem; ssl_certificate_key %s/server.key;
          ssl_certificate_by_lua_block { %s } location / { return 200 "plain\n"; }
        }]]):format(s.dir, s.dir, note_get),
      })
      local body = shell.run(own:curl("-k https://host/plain --unix-socket " .. own.dir .. "/tls"))
      local told = { play("noted", "phase=init", own)[1] }
      local is_all_loaded = { play("all_loaded", "", own)[1], play("all_loaded", "")[1] }
      for _ = 1, 20 do
        if told[2] ~= "SUCCEEDED" then told[2] = play("noted", "phase=ssl_cert", own)[1] end
      end
      own:stop()
      assert.same({ "plain\n", "SUCCEEDED", "SUCCEEDED" }, { body, told[1], told[2] })
      assert.same({ "true", "false" }, is_all_loaded)      -- before there are workers; in one that was not asked for it
    end)

    it("in light threads and generators of the user's own, and beside nginx's own waits", function()
      assert.same({ "SUCCEEDED SUCCEEDED SUCCEEDED" }, play "threads")
      local values = "1SUCCEEDED 2SUCCEEDED 3SUCCEEDED"
      assert.same({ "handler " .. values, "fiber " .. values }, play "generator")
      assert.same({ "SUCCEEDED HTTP/1.1 200 OK SUCCEEDED" }, play "own_means")
    end)

    it("in subrequests, in fibers of fibers, and over TLS", function()
      assert.same({ "SUCCEEDED SUCCEEDED" }, play "subrequests")
      assert.same({ "SS SSSSSSSS" }, play "nested")
      assert.same({ "SUCCEEDED" }, play("tls", ("url=%s&ca_file=%s"):format(s.tls_url, s.ca_file)))
    end)
  end)

  it("errors are as everywhere", function()
    local told = play "errors"
    assert.equal("api 404 true", told[1])
    assert.matches("nginx_scenes%.lua:%d+: bad option 'limit' of runs:list: 0 %(expected an integer from 1 to 1000%)$", told[2])
  end)

  it("where nothing can wait, calls say so and send nothing", function()
    local own = nginx_server.start(s.url, { http = 'init_worker_by_lua_block { require("spec.hosts.nginx_scenes").note() }' })
    for _, phase in ipairs { "set", "header_filter", "body_filter", "log", "balancer", "init_worker" } do
      local path = phase == "set" and "/set_by_lua" or phase ~= "init_worker" and "/" .. phase
      if path then own:get(path) end
      local told = own:get("/play/noted?phase=" .. phase)
      local why = ("nothing can wait in nginx's %s phase: use ngx.timer.at(0, fn) there"):format(phase)
      assert.matches("context|context|context|" .. why .. "|", told, 1, true)
      assert.matches("^[^|]*|[^|]*|[^|]*|[^|]*|[^|]*nginx_scenes%.lua:%d+: spawn: nothing can wait in nginx's " .. phase, told)
    end
    own:stop()
    assert.equal(0, stage:requests "/v2/")
  end)

  it("10,000 runs are paged through, and a timer stays on time", function()
    s:admin("reset", { count = 10000 })
    stage:on_time(function() assert.same({ "rows 10000 distinct 10000" }, play "pages") end)
  end)

  it("a run is waited for", function()
    stage.id = stage:add { { 0, "READY" }, { 0.3, "RUNNING" }, { 0.6, "SUCCEEDED" } }
    assert.same({ "SUCCEEDED" }, play("wait", "secs=20"))
    stage.id = stage.endless
    assert.same({ "unfinished" }, play("wait", "secs=0.2"))
  end)

  it("a wait is cancelled at once, and the others go on", function()
    assert.same({ "cancelled at once", "in flight 0", "others true", "later SUCCEEDED" }, stage:play_until("cancel", stage:had(1, "waitForFinish")))
    shell.eventually(stage:had(1, "waitForFinish", 499))
  end)

  it("a 429 is waited for, while others go on", function()
    s:faults { match = { path = "/actor%-runs/", first = 1 }, action = { status = { code = 429, retry_after = 1 } } }
    assert.same({ "SUCCEEDED after a second", "others true" }, play "retry")
  end)

  it("items and logs are streamed", function()
    s:admin("seed_items", { run = stage.id, count = 20000 })
    s:admin("set_log", { run = stage.id, text = ("line of a log\n"):rep(20000) })
    assert.same({ "items 20000 lines 20000" }, play "streams")
    assert.equal(20000, #play "proxy")
  end)

  it("200 items are mapped at once, and 20,000 fibers do not pile up", function()
    assert.equal("right 200", play("fibers", "n=200")[1]:match "right %d+")
    local done, grown = play("many_fibers", "n=20000")[1]:match "^(%d+) (%-?%d+)$"
    assert.equal("20000", done)
    assert.is_true(tonumber(grown) < 2048, grown .. " kB")            -- 10,000 light threads that stay take more than 10,000 kB
  end)

  it("a client that is closed ends its waits; hooks hear of attempts", function()
    s:faults({ match = { path = "someone~hangs" }, action = { hang = true } },
      { match = { path = "someone~fails" }, action = { status = { code = 500 } } })
    local told = stage:play_until("close", function()
      return stage:requests "waitForFinish" + stage:requests "hangs" + stage:requests("fails", 500) >= 3
    end)
    assert.same({ "closed", "closed", "closed", "0 SUCCEEDED" }, told)
    assert.same({ "2 2 200context 200context" }, play "hook")
  end)

  it("errors in fibers that nobody waited for are in the error log, once", function()
    n:get "/play/crash"
    local _, count = n:complaints():gsub("apify: error in a fiber that nobody waited for: ", "")
    assert.equal(2, count)
    assert.matches("the text of a crash", n:complaints(), 1, true)
    assert.matches("404 record%-not%-found", n:complaints())
  end)
end)
