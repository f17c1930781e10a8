-- runs once, by LuaJIT
-- runs first
--- examples/openresty: started as its README says, and asked as its users would.
local cjson = require "cjson"
local program = require "spec.support.program"
local shell = require "spec.support.shell"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"
local watch = require "spec.support.watch"

local TOKEN = "apify_api_some"
local PORT_TRIES = 20

-- The command that README.md starts the service with.
local function start_command(folder, port)
  local text = shell.read_file "examples/openresty/README.md"
  local command, count = text:match("\n## Start\n.-\n\n(    .-)\n\n"):gsub("service=%S+ port=%d+", ("service='%s' port=%d"):format(folder, port))
  assert(count == 1)
  return command
end

describe("the OpenResty example", function()
  local api = testbed.local_api { count = 25 }
  local service

  -- Run a command beside this spec: its process, and the function that waits for its end.
  local function background(command)
    local pid = shell.run(("{ %s; } >/dev/null 2>&1 & echo $!"):format(command)):match "%d+"
    return pid, function() shell.run(("while kill -0 %s 2>/dev/null; do sleep 0.02; done"):format(pid)) end
  end

  -- Start a service of its own. `setting`: environment in front.
  local function start(setting)
    local folder = shell.run "mktemp -d /tmp/apify-service.XXXXXX":match "%S+"
    watch.over(folder)
    for _ = 1, PORT_TRIES do
      local port = 20000 + math.random(0, 11999)
      local command = ("unset LUA_PATH LUA_CPATH APIFY_TOKEN; export APIFY_API_BASE_URL='%s' %s\n%s"):format(api.url, setting or "",
        start_command(folder, port))
      local output, complaints, code = program.shell(command)
      if code == 0 then
        assert(output .. complaints == "" or complaints:find "super%-user", complaints)
        shell.eventually(function() return shell.read_file(folder .. "/nginx.pid") ~= "" end)
        local pid = shell.read_file(folder .. "/nginx.pid"):match "%d+"
        return { folder = folder, url = "http://127.0.0.1:" .. port, pid = pid }
      end
      assert(complaints:find "bind%(%) to", complaints)
    end
    error "no free port"
  end

  -- Stop it, and wait until it has gone.
  local function stop(s)
    shell.run(("kill %s; while kill -0 %s 2>/dev/null; do sleep 0.01; done; rm -rf %s"):format(s.pid, s.pid, s.folder))
  end

  local function worker_pids(s)
    local pids = shell.children(s.pid)
    table.sort(pids)
    return pids
  end

  -- The most memory that each worker had so far, in kB.
  local function peaks(s)
    local kb = {}
    for i, pid in ipairs(worker_pids(s)) do kb[i] = tonumber(shell.read_file("/proc/" .. pid .. "/status"):match "VmHWM:%s*(%d+)") end
    return kb
  end

  setup(function()
    math.randomseed(os.time())
    service = start()
  end)
  teardown(function()
    if service then stop(service) end
  end)
  before_each(function() shell.write_file(service.folder .. "/error.log", "") end)

  -- The words of a curl command. `o`: token (false: none), from, options.
  local function curl(path, o)
    o = o or {}
    local token = o.token == nil and TOKEN or o.token
    local header = token and ("-H 'Authorization: Bearer %s'"):format(token) or ""
    return ("curl -sS --noproxy '*' -N --max-time 60 %s %s '%s%s'"):format(header, o.options or "", (o.from or service).url, path)
  end

  -- The status, the body and the headers of an answer.
  local function get(path, o)
    local dump = os.tmpname()
    local body = shell.run(curl(path, o) .. " -D " .. dump)
    local head = shell.read_file(dump)
    os.remove(dump)
    return tonumber(head:match "^HTTP/1.1 (%d+)"), body, shell.parse_headers(head)
  end

  -- The status, and the error in the body.
  local function refused(path, o)
    local status, body, headers = get(path, o)
    return status, cjson.decode(body).error, headers
  end

  local function ids_of(body)
    local ids = {}
    for i, run in ipairs(cjson.decode(body)) do ids[i] = run.id end
    return ids
  end

  local function errors_logged() return shell.read_file(service.folder .. "/error.log") end

  local function count_lines(path)
    local _, count = shell.read_file(path):gsub("\n", "")
    return count
  end

  describe("lists runs", function()
    it("as JSON, all of them in the order of the API", function()
      local status, body, headers = get "/runs/janedoe~my-actor"
      assert.same({ 200, "application/json" }, { status, headers["content-type"] })
      assert.same(api:admin("ids", {}).ids, ids_of(body))
      assert.equal("", errors_logged())
    end)

    it("by the options of the query", function()
      local _, newest = get "/runs/janedoe%2Fmy-actor?desc=1&limit=3"
      local ids = api:admin("ids", { desc = true }).ids
      assert.same({ ids[1], ids[2], ids[3] }, ids_of(newest))
      local _, failed = get "/runs/janedoe~my-actor?status=FAILED,ABORTED"
      assert.equal(#api:admin("ids", { status = "FAILED" }).ids + #api:admin("ids", { status = "ABORTED" }).ids, #ids_of(failed))
      for _, run in ipairs(cjson.decode(failed)) do assert.truthy(run.status == "FAILED" or run.status == "ABORTED") end
      local _, few = get "/runs/janedoe~my-actor?fields=id,status&limit=1"
      for name in pairs(cjson.decode(few)[1]) do assert.truthy(name == "id" or name == "status", name) end
    end)

    it("as an empty list, where there are none", function()
      local status, body = get "/runs/janedoe~my-actor?status=READY"
      assert.same({ 200, "[\n]\n" }, { status, body })
    end)

    it("as the API has them: what is null stays null", function()
      local id = waiting.add(api)
      local _, body = get "/runs/janedoe~my-actor?desc=1&limit=1"
      local run = cjson.decode(body)[1]
      assert.same({ id, cjson.null }, { run.id, run.finishedAt })
    end)

    it("the first rows before the last page is asked for", function()
      api:admin("reset", { count = 10000 })
      api:faults { match = { query = "offset=[45]%d%d%d&" }, action = { hang = {} } }
      local path = os.tmpname()
      local pid = background("exec " .. curl("/runs/janedoe~my-actor?fields=id", { options = "-o " .. path }))
      shell.eventually(function() return count_lines(path) > 3000 end)
      for _, request in ipairs(api:log().requests) do assert.is_true(tonumber(request.path:match "offset=(%d+)") < 8900) end
      shell.run("kill " .. pid)
      os.remove(path)
      waiting.until_logged(api, 499, 1)
      assert.equal("", errors_logged())
    end)

    -- How many requests the API has had once no more come for half a second.
    local function requests_until_quiet()
      local count, looks = 0, 0
      shell.eventually(function()
        local now = api:log().counters.requests
        if now > count then looks = 0 end
        count, looks = now, looks + 1
        return count > 0 and looks > 20
      end)
      return count
    end

    it("tens of thousands in little memory, and no faster than the client takes them", function()
      local seeded = api:admin("reset", { count = 40000 })
      for _ = 1, 4 do get "/runs/janedoe~my-actor?limit=1000" end
      local before = peaks(service)
      api:log(true)
      local path = os.tmpname()
      local gate = ("timeout 20 sh -c 'until [ -s %s.go ]; do sleep 0.02; done'"):format(path)
      local _, finish = background(("%s | { %s; cat; } >%s"):format(curl "/runs/janedoe~my-actor", gate, path))
      local asked = requests_until_quiet()
      assert.is_true(asked < 30, asked)                         -- of the 41 that all need; what the sockets hold is a dozen
      shell.write_file(path .. ".go", "go")
      finish()
      local body = shell.read_file(path)
      os.remove(path)
      os.remove(path .. ".go")
      local ids, seen, distinct = ids_of(body), {}, 0
      for _, id in ipairs(ids) do
        if not seen[id] then distinct = distinct + 1 end
        seen[id] = true
      end
      assert.same({ 40000, 40000, seeded.first_id, seeded.last_id }, { #ids, distinct, ids[1], ids[40000] })
      assert.is_true(#body > 15e6)
      for i, kb in ipairs(peaks(service)) do assert.is_true(kb - before[i] < 5000, ("from %d to %d kB"):format(before[i], kb)) end
      assert.equal("", errors_logged())
    end)
  end)

  describe("waits for a run", function()
    it("and answers it when it has ended", function()
      local id = waiting.add(api, 0.5)
      local status, body = get("/wait/" .. id)
      local run = cjson.decode(body)
      assert.same({ 200, id, "SUCCEEDED" }, { status, run.id, run.status })
    end)

    it("and answers 202 with it when it goes on", function()
      local id = waiting.add(api)
      local status, body = get("/wait/" .. id .. "?secs=0.5")
      local run = cjson.decode(body)
      assert.same({ 202, id, "RUNNING" }, { status, run.id, run.status })
    end)

    it("for 50 clients at once, while others are served", function()
      local ids = api:admin("add_runs", { count = 50, schedule = { { 0, "RUNNING" } } }).ids
      local path, lines = os.tmpname(), {}
      for i, id in ipairs(ids) do
        lines[i] = ("%s >%s.%d &"):format(curl("/wait/" .. id, { token = "apify_api_" .. i, options = "-w '%{http_code}'" }), path, i)
      end
      local _, finish = background(table.concat(lines, " ") .. " wait")
      shell.eventually(function() return api:log().counters.open == 50 end)
      assert.equal(200, (get "/runs/janedoe~my-actor?limit=5"))
      assert.equal(50, api:log().counters.open)
      api:admin("set_status", { ids = ids, status = "SUCCEEDED" })
      finish()
      for i, id in ipairs(ids) do
        local answer = shell.read_file(path .. "." .. i)
        os.remove(path .. "." .. i)
        assert.truthy(answer:find('"id":"' .. id .. '"', 1, true), answer)
        assert.truthy(answer:find "\n200$", answer)
      end
      os.remove(path)
    end)
  end)

  describe("takes the token", function()
    it("of each request, whatever others have at the same time", function()
      local accepted, lines = {}, {}
      for i = 1, 50, 2 do accepted[#accepted + 1] = "apify_api_" .. i end
      api:admin("settings", { accepted_tokens = accepted })
      api:faults { match = { path = "/acts/" }, action = { jitter = { 0, 0.3 } } }
      for i = 1, 50 do
        local one = curl("/runs/janedoe~my-actor?limit=1&fields=id", { token = "apify_api_" .. i, options = "-o /dev/null -w '%{http_code}'" })
        lines[i] = ("echo %d $(%s) &"):format(i, one)
      end
      local count = 0
      for i, status in shell.run(table.concat(lines, " ") .. " wait"):gmatch "(%d+) (%d+)\n" do
        assert.equal(i % 2 == 1 and "200" or "401", status)
        count = count + 1
      end
      assert.equal(50, count)
    end)

    it("of the service, for a request without one", function()
      api:admin("settings", { accepted_tokens = { "apify_api_own" } })
      local own = start "APIFY_TOKEN=apify_api_own"
      local status = get("/runs/janedoe~my-actor", { from = own, token = false })
      local other = get("/runs/janedoe~my-actor", { from = own, token = "apify_api_other" })
      stop(own)
      assert.same({ 200, 401 }, { status, other })
    end)

    it("and answers 401 where there is none, or none that can be one", function()
      for _, o in ipairs { { token = false }, { token = "two words" }, { token = "\195\164" }, { token = "" } } do
        local status, err, headers = refused("/runs/janedoe~my-actor", o)
        assert.same({ 401, "token", "Bearer" }, { status, err.kind, headers["www-authenticate"] })
      end
      assert.equal(0, #api:log().requests)
    end)
  end)

  describe("tells what went wrong", function()
    it("with a status of its own, before the first byte", function()
      local function expect(path, status, kind, name)
        local got, err = refused(path)
        assert.same({ status, kind, name }, { got, err.kind, err.type })
      end
      expect("/runs/nobody~nothing", 404, "api", "actor-not-found")
      expect("/wait/nothing", 404, "api", "record-not-found")
      api:faults { action = { status = { code = 403, type = "insufficient-permissions" } } }
      expect("/runs/janedoe~my-actor", 403, "api", "insufficient-permissions")
      api:faults { action = { redirect = { location = "{other}{path}" } } }
      expect("/runs/janedoe~my-actor", 502, "redirect")
      api:faults()
      assert.equal(401, (refused("/runs/janedoe~my-actor", { token = "apify_api_invalid" })))
    end)

    it("503 with Retry-After, where the API has too much to do", function()
      api:faults { action = { status = { code = 429, retry_after = 100 } } }
      local status, err, headers = refused "/runs/janedoe~my-actor"
      assert.same({ 503, "rate-limit-exceeded", "100" }, { status, err.type, headers["retry-after"] })
    end)

    it("400, where the request itself is wrong, and sends nothing", function()
      for path, words in pairs {
        ["/runs/janedoe~my-actor?limit=0"] = "bad option 'limit'", ["/runs/janedoe~my-actor?limit=many"] = "bad option 'limit'",
        ["/runs/janedoe~my-actor?status=DONE"] = "bad option 'status'", ["/runs/janedoe~my-actor?desc=yes"] = "bad option 'desc'",
        ["/runs/janedoe~my-actor?page=2"] = "unknown option 'page'", ["/runs/janedoe~my-actor?limit=1&limit=2"] = "'limit' needs one value",
        ["/wait/x?secs=-1"] = "bad option 'secs'", ["/wait/x?secs=nan"] = "bad option 'secs'",
      } do
        local status, err = refused(path, { options = "--path-as-is" })
        assert.same({ 400, "query" }, { status, err.kind })
        assert.truthy(err.message:find(words, 1, true), err.message)
        assert.is_nil(err.message:find("service.lua", 1, true))
      end
      local _, _, headers = refused("/runs/janedoe~my-actor", { options = "-X POST" })
      assert.equal("GET", headers.allow)
      assert.equal(404, (refused "/elsewhere"))
      assert.equal(0, #api:log().requests)
    end)

    it("by a connection that is cut, after the first byte, and in the error log", function()
      api:admin("reset", { count = 2500 })
      api:faults { match = { query = "offset=9%d%d&" }, action = { status = { code = 400, type = "no-more" } } }
      local body = shell.run(curl("/runs/janedoe~my-actor?fields=id", { options = "-w '\\n%{http_code} %{exitcode}'" }) .. " 2>/dev/null")
      assert.truthy(body:find '^%[\n{"id":')
      assert.truthy(body:find "\n200 18$")
      assert.is_nil(body:find("]", 2, true))
      assert.truthy(errors_logged():find "list cut short: GET /v2/acts/janedoe~my%-actor/runs: 400 no%-more")
    end)
  end)

  it("ends the request to the API when the client leaves", function()
    local id = waiting.add(api)
    shell.run(curl("/wait/" .. id, { options = "--max-time 0.5" }) .. " 2>/dev/null")
    waiting.until_logged(api, 499, 1)
    assert.equal(200, (get "/runs/janedoe~my-actor"))
    assert.equal("", errors_logged())
  end)

  -- How many of these processes are workers still.
  local function count_left(pids)
    local count, now = 0, " " .. table.concat(worker_pids(service), " ") .. " "
    for _, pid in ipairs(pids) do
      if now:find(" " .. pid .. " ", 1, true) then count = count + 1 end
    end
    return count
  end

  it("is reloaded without losing who waits, and with its new code", function()
    local before = worker_pids(service)
    local id = waiting.add(api)
    local path = os.tmpname()
    background(curl("/wait/" .. id, { options = "-o " .. path }))
    waiting.until_open(api, 1)
    local code = shell.read_file "examples/openresty/service.lua"
    shell.write_file(service.folder .. "/service.lua", (code:gsub("REQUEST_TIMEOUT = 30", "REQUEST_TIMEOUT = 1")))
    shell.run("kill -HUP " .. service.pid)
    shell.eventually(function() return count_left(before) == 1 and #worker_pids(service) == #before + 1 end)

    api:faults { match = { path = "/acts/" }, action = { hang = {} } }
    local status, err = refused "/runs/janedoe~my-actor"
    assert.same({ 504, "timeout" }, { status, err.kind })

    api:admin("set_status", { ids = { id }, status = "SUCCEEDED" })
    shell.eventually(function() return shell.read_file(path):find "\n$" end)
    assert.same({ id, "SUCCEEDED" }, { cjson.decode(shell.read_file(path)).id, cjson.decode(shell.read_file(path)).status })
    os.remove(path)
    shell.eventually(function() return count_left(before) == 0 end)
    assert.equal(#before, #worker_pids(service))
    assert.equal("", (errors_logged():gsub("[^\n]*timeout: [^\n]*\n", "")))
  end)
end)
