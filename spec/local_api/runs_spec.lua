--- The local API's own tests, through curl alone: a tool that the other specs lean on has to be right by itself.
local cjson = require "cjson"
local server = require "spec.local_api.server"
local testbed = require "spec.support.testbed"
local tools = require "spec.support.shell"

local shell, read_file, parse_headers, eventually = tools.run, tools.read_file, tools.parse_headers, tools.eventually

local ACTOR_RUNS = "/v2/acts/janedoe~my-actor/runs"
local TASK_RUNS = "/v2/actor-tasks/janedoe~my-task/runs"

describe("the local API", function()
  local api = testbed.local_api()

  -- status, headers, body, version, secs, and curl's exit code as err.
  local function fetch(path, arguments)
    local url = path:find("^/") and api.url .. path or path
    local base = api.dir .. "/fetch"
    os.remove(base .. ".body")
    local line = shell(("curl -s -g --path-as-is --noproxy '*' --cacert %s --max-time 5 -o %s.body -D %s.head %s "
      .. "-w '%%{http_code} %%{http_version} %%{time_total}' '%s'; echo \" $?\"")
      :format(api.ca_file, base, base, arguments or "", url))
    local status, version, secs, err = line:match("^(%d+) (%S+) (%S+) (%d+)")
    return {
      status = tonumber(status), version = version, secs = tonumber((secs:gsub(",", "."))), err = tonumber(err),
      headers = parse_headers(read_file(base .. ".head")), body = read_file(base .. ".body"),
    }
  end

  local function get(path, arguments)
    local answer = fetch(path, arguments)
    assert.equal(200, answer.status)
    return cjson.decode(answer.body).data, answer
  end

  local function refused(status, type, path, arguments)
    local answer = fetch(path, arguments)
    assert.equal(status, answer.status)
    local failure = cjson.decode(answer.body).error
    assert.equal(type, failure.type)
    return failure.message, answer
  end

  local function ids(page)
    local list = {}
    for i, run in ipairs(page.items) do list[i] = run.id end
    return list
  end

  describe("lists", function()
    it("have the documented envelope and rows, from the oldest to the newest", function()
      local page, answer = get(ACTOR_RUNS)
      assert.same({ 25, 0, 1000, false, 25 }, { page.total, page.offset, page.limit, page.desc, page.count })
      assert.same(api:admin("ids", { actor = "janedoe~my-actor" }).ids, ids(page))
      local row = page.items[1]
      assert.equal(17, #row.id)
      assert.equal("HDSasDasz78YcAPEB", row.actId)
      assert.equal("2019-11-30T07:34:24.202Z", row.startedAt)
      assert.is_string(row.meta.origin)
      assert.is_number(row.usageTotalUsd)
      for i = 2, 25 do assert.is_true(page.items[i - 1].startedAt < page.items[i].startedAt) end
      assert.equal("application/json; charset=utf-8", answer.headers["content-type"])
      assert.equal("25", answer.headers["x-apify-pagination-total"])
      assert.is_string(answer.headers["x-apify-request-id"])
    end)

    it("are the same under both spellings of the path and by id or name", function()
      local body = fetch(ACTOR_RUNS).body
      assert.equal(body, fetch("/v2/actors/janedoe~my-actor/runs").body)
      assert.equal(body, fetch("/v2/acts/HDSasDasz78YcAPEB/runs").body)
      assert.equal(body, fetch("/v2/acts/janedoe%7Emy-actor/runs").body)
      assert.equal(body, fetch("/v2/actor-runs").body)
      assert.equal(17, get(TASK_RUNS).total)
    end)

    it("page by offset and limit in both directions", function()
      local all = api:admin("ids", {}).ids
      assert.same({ all[11], all[12], all[13] }, ids(get(ACTOR_RUNS .. "?offset=10&limit=3")))
      assert.same({ all[25], all[24] }, ids(get(ACTOR_RUNS .. "?desc=1&limit=2")))
      assert.same({ all[2], all[1] }, ids(get(ACTOR_RUNS .. "?desc=true&limit=5&offset=23")))
      local empty, answer = get(ACTOR_RUNS .. "?offset=25")
      assert.same({ 25, 25, 0 }, { empty.total, empty.offset, empty.count })
      assert.is_truthy(answer.body:find('"items":[]', 1, true))
    end)

    it("hold thousands of runs with unique ids", function()
      api:admin("reset", { count = 2500, spacing_secs = 0.5, task = false })
      local seen, count = {}, 0
      for offset = 0, 2000, 1000 do
        for _, id in ipairs(ids(get(ACTOR_RUNS .. "?offset=" .. offset))) do
          if not seen[id] then count = count + 1 end
          seen[id] = true
        end
      end
      assert.equal(2500, count)
    end)

    it("filter by status and count after the filter", function()
      local failed = api:admin("ids", { status = "FAILED" }).ids
      local page = get(ACTOR_RUNS .. "?status=FAILED")
      assert.same(failed, ids(page))
      assert.equal(#failed, page.total)
      local aborted = api:admin("ids", { status = "ABORTED" }).ids
      assert.equal(#failed + #aborted, get(ACTOR_RUNS .. "?status=FAILED,ABORTED&limit=1").total)
      assert.equal(0, get(ACTOR_RUNS .. "?status=READY").total)
    end)

    it("filter by start time, both ends included", function()
      local rows = get(ACTOR_RUNS).items
      local page = get(ACTOR_RUNS .. "?startedAfter=" .. rows[3].startedAt .. "&startedBefore=" .. rows[5].startedAt)
      assert.same({ rows[3].id, rows[4].id, rows[5].id }, ids(page))
      assert.equal(23, get("/v2/actor-runs?startedAfter=" .. rows[3].startedAt).total)
    end)

    it("show null for the end of a run that has not ended, and at times no task", function()
      local run = api:admin("add_runs", { schedule = { { 0, "RUNNING" } } }).ids[1]
      local row = get(ACTOR_RUNS .. "?desc=1&limit=1").items[1]
      assert.same({ run, "RUNNING", cjson.null }, { row.id, row.status, row.finishedAt })
      assert.is_truthy(fetch(ACTOR_RUNS .. "?limit=3&offset=2").body:find('"actId":"HDSasDasz78YcAPEB","status"', 1, true))
    end)

    it("are empty without runs", function()
      api:admin("reset", { count = 0 })
      assert.equal(0, get(ACTOR_RUNS).total)
    end)
  end)

  describe("a run", function()
    it("comes whole, without its costs when no token is sent", function()
      local id = api:admin("ids", {}).ids[1]
      local run = get("/v2/actor-runs/" .. id, "-H 'Authorization: Bearer t'")
      assert.equal(id, run.id)
      assert.is_number(run.usageUsd.ACTOR_COMPUTE_UNITS)
      assert.equal(run.defaultDatasetId, run.storageIds.datasets.default)
      local row = get(ACTOR_RUNS .. "?limit=1").items[1]
      for _, name in ipairs { "status", "startedAt", "finishedAt", "buildId", "usageTotalUsd", "defaultKeyValueStoreId" } do
        assert.equal(row[name], run[name])
      end
      local hidden = get("/v2/actor-runs/" .. id)
      assert.is_nil(hidden.usageUsd)
      assert.is_nil(hidden.usageTotalUsd)
      assert.is_table(hidden.usage)
    end)

    it("can be the last one, by status and origin", function()
      local rows = get(ACTOR_RUNS .. "?desc=1").items
      assert.equal(rows[1].id, get(ACTOR_RUNS .. "/last").id)
      local failed = get(ACTOR_RUNS .. "?desc=1&status=FAILED").items[1]
      assert.equal(failed.id, get(ACTOR_RUNS .. "/last?status=FAILED").id)
      assert.equal(failed.id, get(ACTOR_RUNS .. "/last?status=FAILED&origin=" .. failed.meta.origin).id)
      assert.equal(get(TASK_RUNS .. "?desc=1").items[1].id, get(TASK_RUNS .. "/last").id)
      refused(404, "record-not-found", ACTOR_RUNS .. "/last?status=READY")
    end)

    it("moves by the clock", function()
      local function run_started(secs_ago)
        local started_at = os.date("!%Y-%m-%dT%H:%M:%SZ", os.time() - secs_ago)
        local schedule = { { 0, "READY" }, { 100, "RUNNING" }, { 200, "FAILED" } }
        return get("/v2/actor-runs/" .. api:admin("add_runs", { started_at = started_at, schedule = schedule }).ids[1])
      end
      assert.equal("READY", run_started(0).status)
      assert.same({ "RUNNING", cjson.null, cjson.null },
        (function(run) return { run.status, run.finishedAt, run.exitCode } end)(run_started(150)))
      local run = run_started(250)
      assert.same({ "FAILED", 1, 200000 }, { run.status, run.exitCode, run.stats.durationMillis })
      assert.is_true(run.startedAt < run.finishedAt)
    end)
  end)

  describe("a long poll", function()
    it("returns as soon as the run has finished", function()
      local id = api:admin("add_runs", { schedule = { { 0, "RUNNING" }, { 0.3, "SUCCEEDED" } } }).ids[1]
      local run, answer = get("/v2/actor-runs/" .. id .. "?waitForFinish=60")
      assert.equal("SUCCEEDED", run.status)
      assert.is_true(answer.secs > 0.1 and answer.secs < 5)
    end)

    it("returns the unfinished run when its time is over, and finished ones at once", function()
      api:admin("add_runs", { task = "janedoe~my-task", schedule = { { 0, "RUNNING" } } })
      local run, answer = get(TASK_RUNS .. "/last?waitForFinish=1")
      assert.equal("RUNNING", run.status)
      assert.is_true(answer.secs >= 0.99 and answer.secs < 5)
      assert.is_true(select(2, get(ACTOR_RUNS .. "/last?status=SUCCEEDED&waitForFinish=60")).secs < 5)
    end)

    it("wakes when the run's status is set from outside or the run is deleted", function()
      local added = api:admin("add_runs", { count = 2, schedule = { { 0, "RUNNING" } } }).ids
      local out = api.dir .. "/wake"
      for _, id in ipairs(added) do
        shell(("curl -s -o %s.%s '%s/v2/actor-runs/%s?waitForFinish=60' >/dev/null 2>&1 &"):format(out, id, api.url, id))
      end
      eventually(function() return api:log().counters.open == 2 end)
      api:admin("set_status", { ids = { added[1] }, status = "ABORTED" })
      api:admin("remove", { ids = { added[2] } })
      eventually(function() return api:log().counters.open == 0 end)
      shell("sleep 0.05")                               -- for curl to write its files
      assert.equal("ABORTED", cjson.decode(read_file(out .. "." .. added[1])).data.status)
      assert.equal("record-not-found", cjson.decode(read_file(out .. "." .. added[2])).error.type)
    end)

    it("hears of a schedule that is set anew, which begins with that", function()
      local id = api:admin("add_runs", { started_at = "2025-09-01T12:00:00.000Z", schedule = { { 0, "READY" } } }).ids[1]
      api:admin("set_schedule", { ids = { id }, schedule = { { 0, "RUNNING" }, { 2, "SUCCEEDED" } } })
      assert.equal("RUNNING", get("/v2/actor-runs/" .. id).status)
      local run, answer = get("/v2/actor-runs/" .. id .. "?waitForFinish=60")
      assert.equal("SUCCEEDED", run.status)
      assert.is_true(answer.secs < 5)
    end)

    it("is given up when the client leaves", function()
      local id = api:admin("add_runs", { schedule = { { 0, "RUNNING" } } }).ids[1]
      fetch("/v2/actor-runs/" .. id .. "?waitForFinish=60", "--max-time 2")           -- on a busy machine it comes late
      eventually(function() return api:log().counters.open == 0 end)
      assert.equal(499, api:log().requests[1].status)
    end)

    it("costs so little that 50 of them end together", function()
      local id = api:admin("add_runs", { schedule = { { 0, "RUNNING" }, { 0.4, "SUCCEEDED" } } }).ids[1]
      local output = shell(("curl -s -Z --parallel-max 50 '%s/v2/actor-runs/%s?waitForFinish=60&n=[1-50]' 2>/dev/null")
        :format(api.url, id))
      assert.equal(50, select(2, output:gsub('"status":"SUCCEEDED"', "")))
      local log = api:log()
      assert.equal(50, log.counters.by_status["200"])
      for _, request in ipairs(log.requests) do assert.is_true(request.secs < 5) end
    end)
  end)

  describe("a refusal", function()
    it("400 answers parameters that are wrong", function()
      for _, query in ipairs {
        "limit=-1", "limit=ten", "limit=1.5", "offset=-1", "offset=", "desc=2", "status=DONE",
        "status=FAILED,", "status=FAILED&status=ABORTED", "startedAfter=yesterday", "startedAfter=2025-02-29T00:00:00Z",
        "startedBefore=2025-09-01", "startedBefore=2025-09-01T25:00:00.000Z",
      } do
        assert.is_truthy(refused(400, "invalid-input", ACTOR_RUNS .. "?" .. query):find(query:match("%a+"), 1, true))
      end
      refused(400, "invalid-input", TASK_RUNS .. "?startedAfter=2025-09-01T00:00:00.000Z")
      local id = api:admin("ids", {}).ids[1]
      refused(400, "invalid-input", "/v2/actor-runs/" .. id .. "?waitForFinish=1.5")
      refused(400, "invalid-input", ACTOR_RUNS .. "/last?origin=MARS")
    end)

    it("401 and 403 judge the token", function()
      assert.equal("Authentication token is not valid.",
        refused(401, "token-not-valid", ACTOR_RUNS, "-H 'Authorization: Bearer apify_api_invalid'"))
      refused(401, "token-not-valid", "/v2/actor-runs?token=apify_api_invalid")
      assert.equal("You do not have permission to perform this action.",
        refused(403, "permission-denied", ACTOR_RUNS, "-H 'Authorization: Bearer apify_api_forbidden'"))
      api:admin("settings", { anonymous_lists = false, accepted_tokens = { "good" } })
      refused(401, "token-not-valid", ACTOR_RUNS)
      refused(401, "token-not-valid", ACTOR_RUNS, "-H 'Authorization: Bearer other'")
      get(ACTOR_RUNS, "-H 'Authorization: Bearer good'")
      get("/v2/actor-runs/" .. api:admin("ids", {}).ids[1])
    end)

    it("404 names what is missing", function()
      assert.equal("Actor was not found", refused(404, "actor-not-found", "/v2/acts/nobody~nothing/runs"))
      assert.equal("The requested resource was not found.",
        refused(404, "record-not-found", "/v2/actor-tasks/nobody~nothing/runs"))
      refused(404, "record-not-found", "/v2/actor-runs/HG7ML7M8z78YcAPEB")
      refused(404, "page-not-found", "/v2/no/such/page")
      refused(404, "page-not-found", "/")
    end)

    it("405 tells the methods that exist", function()
      local message, answer = refused(405, "method-not-allowed", ACTOR_RUNS, "-X DELETE")
      assert.equal("This API end-point can only be accessed using the following HTTP methods: OPTIONS,GET,POST", message)
      assert.equal("OPTIONS,GET,POST", answer.headers.allow)
      assert.equal(204, fetch(ACTOR_RUNS, "-X OPTIONS").status)
      assert.equal(200, fetch(ACTOR_RUNS, "--head").status)
    end)
  end)

  describe("transport", function()
    it("speaks HTTP/2 and HTTP/1.1 over TLS under its own CA", function()
      assert.equal("2", fetch(api.tls_url .. ACTOR_RUNS).version)
      assert.equal("1.1", fetch(api.h1_tls_url .. ACTOR_RUNS).version)
      assert.equal("2", fetch((api.tls_url:gsub("127.0.0.1", "localhost")) .. ACTOR_RUNS).version)
      assert.equal("60\n", shell(("curl -s -o /dev/null --noproxy '*' %s; echo $?"):format(api.tls_url)))
    end)

    it("compresses for those who accept it, with and without its cache", function()
      local plain = fetch(ACTOR_RUNS).body
      for _, is_cached in ipairs { false, true } do
        api:admin("settings", { cache_gzip = is_cached })
        local packed = fetch(ACTOR_RUNS, "-H 'Accept-Encoding: gzip'")
        assert.equal("gzip", packed.headers["content-encoding"])
        assert.is_true(#packed.body < #plain / 2)
        assert.equal(plain, fetch(ACTOR_RUNS, "--compressed").body)
      end
    end)

    it("keeps connections, and logs what it received", function()
      shell(("curl -s -o /dev/null -o /dev/null -A probe -H 'X-Probe: 1' -H 'Authorization: Bearer secret' '%s' '%s'")
        :format(api.url .. ACTOR_RUNS .. "?limit=1", api.url .. "/v2/nothing"))
      local log = api:log(true)
      assert.same({ 2, 1, 0 }, { log.counters.requests, log.counters.connections, log.counters.open })
      assert.same({ ["200"] = 1, ["404"] = 1 }, log.counters.by_status)
      local first, second = log.requests[1], log.requests[2]
      assert.same({ "GET", ACTOR_RUNS .. "?limit=1", 200, "main" }, { first.method, first.path, first.status, first.server })
      assert.same({ true, "probe", "1" }, { first.authorization, first.headers["user-agent"], first.headers["x-probe"] })
      assert.is_nil(first.headers.authorization)
      assert.same({ 1, 2, first.connection }, { first.connection_requests, second.connection_requests, second.connection })
      assert.equal(0, api:log().counters.requests)
    end)
  end)

  describe("lists that move", function()
    it("get runs at either end", function()
      api:admin("bump", { add = 2, every = 2 })
      assert.equal(25, get(ACTOR_RUNS).total)
      local page = get(ACTOR_RUNS .. "?offset=25")
      assert.same(api:admin("changes").added, ids(page))
      api:admin("bump", { add = 1, add_at = "start" })
      assert.same(api:admin("changes").added[1], nil)
      local first = get(TASK_RUNS .. "?limit=1").items[1]
      assert.same({ first.id }, api:admin("changes").added)
    end)

    it("lose rows that were passed already", function()
      local all = api:admin("ids", {}).ids
      api:admin("bump", { delete = 3 })
      local page = get(ACTOR_RUNS .. "?offset=10&limit=1")
      assert.same({ 22, all[14] }, { page.total, page.items[1].id })
      assert.equal(3, #api:admin("changes").removed)
    end)

    it("exchange rows behind a filter without changing the total", function()
      local before = get(ACTOR_RUNS .. "?status=SUCCEEDED")
      api:admin("bump", { move = 2 })
      local page = get(ACTOR_RUNS .. "?status=SUCCEEDED&offset=8&limit=1")
      assert.same({ before.total, before.items[9].id }, { page.total, page.items[1].id })
      local changes = api:admin("changes")
      assert.same({ 2, 2 }, { #changes.joined, #changes.left })
      api:admin("bump")
      local after = table.concat(ids(get(ACTOR_RUNS .. "?status=SUCCEEDED")), " ")
      assert.is_truthy(after:find(changes.joined[1], 1, true))
      assert.is_nil(after:find(changes.left[1], 1, true))
    end)
  end)

  describe("a fault", function()
    local whole

    before_each(function() whole = fetch(ACTOR_RUNS).body end)

    -- The answer to one spoilt request, and its entry in the log.
    local function with(action, arguments, url)
      api:faults { action = action, match = { first = 1 }, name = "tested" }
      local answer = fetch((url or api.url) .. ACTOR_RUNS, arguments)
      local requests = api:log().requests
      assert.equal("tested", requests[#requests].fault)
      return answer, requests[#requests]
    end

    it("leaves the next request alone", function()
      assert.equal(500, with({ status = { code = 500 } }).status)
      assert.equal(whole, fetch(ACTOR_RUNS).body)
    end)

    local PARTIAL, EMPTY, H2_STREAM = 18, 52, 92       -- curl's exit codes

    it("delays", function()
      assert.is_true(with({ delay = 0.1 }).secs >= 0.1)
      assert.is_true(with({ jitter = { min = 0.05, max = 0.1 } }).secs >= 0.05)
      local answer = with { delay = 0.05, status = { code = 500 } }
      assert.is_true(answer.secs >= 0.05 and answer.status == 500)
    end)

    it("drips", function()
      local answer = with { drip = { bytes = 3000, secs = 0.05 } }
      assert.equal(whole, answer.body)
      assert.is_true(answer.secs >= 0.15)
    end)

    it("cuts in the middle of a body, whatever its framing and encoding", function()
      local answer, request = with { cut = { after_bytes = 100 } }
      assert.same({ PARTIAL, 200, whole:sub(1, 100) }, { answer.err, answer.status, answer.body })
      assert.equal(tostring(#whole), answer.headers["content-length"])
      assert.equal(200, request.status)
      answer = with { cut = { chunked = true } }
      assert.same({ PARTIAL, "chunked" }, { answer.err, answer.headers["transfer-encoding"] })
      answer = with({ cut = {} }, "-H 'Accept-Encoding: gzip'")
      assert.same({ PARTIAL, "gzip" }, { answer.err, answer.headers["content-encoding"] })
      assert.equal(PARTIAL, with({ cut = { after_bytes = 9 } }, "", api.h1_tls_url).err)
      assert.equal(H2_STREAM, with({ cut = { after_bytes = 9 } }, "", api.tls_url).err)
    end)

    it("closes before the answer", function()
      local answer, request = with { close_before_answer = {} }
      assert.same({ EMPTY, 444 }, { answer.err, request.status })
    end)

    it("lies about the length", function()
      assert.equal(PARTIAL, with({ wrong_length = { by = 10 } }).err)
      assert.equal(whole:sub(1, -6), with({ wrong_length = { by = -5 } }).body)
      assert.equal(H2_STREAM, with({ wrong_length = { by = 10 } }, "", api.tls_url).err)
    end)

    it("answers with any status, documented bodies included", function()
      local answer = with { status = { code = 429, retry_after = 7 } }
      assert.same({ 429, "7" }, { answer.status, answer.headers["retry-after"] })
      assert.same({ type = "rate-limit-exceeded",
        message = "You have exceeded the rate limit. Please try again later." }, cjson.decode(answer.body).error)
      answer = with { status = { code = 503, body = "busy", content_type = "text/plain", headers = { ["X-A"] = "b" } } }
      assert.same({ 503, "busy", "text/plain", "b" },
        { answer.status, answer.body, answer.headers["content-type"], answer.headers["x-a"] })
      answer = with { status = { code = 400, type = "odd", message = 'a "b"\n' } }
      assert.same({ type = "odd", message = 'a "b"\n' }, cjson.decode(answer.body).error)
    end)

    it("answers with bad JSON, verbatim text or a web page", function()
      assert.equal(whole:sub(1, math.floor(#whole * 0.6)), with({ bad_json = {} }).body)
      assert.equal("{,}", with({ bad_json = { body = "{,}" } }).body)
      local page = with { not_json = {} }
      assert.same({ 200, "text/html" }, { page.status, page.headers["content-type"] })
      assert.equal(502, with({ not_json = { status = 502 } }).status)
    end)

    it("sends half a gzip stream in good framing", function()
      local answer = with({ half_gzip = {} }, "-H 'Accept-Encoding: gzip'")
      assert.same({ 0, "gzip" }, { answer.err, answer.headers["content-encoding"] })
      assert.equal(tostring(#answer.body), answer.headers["content-length"])
      assert.is_truthy(shell(("gzip -dc < %s/fetch.body 2>&1 >/dev/null"):format(api.dir)):find("unexpected end"))
    end)

    it("sends bombs, big strings and deep nesting", function()
      local bomb = with({ gzip_bomb = { mb = 3 } }, "--compressed")
      assert.same({ 0, 1 }, { bomb.err, #cjson.decode(bomb.body).data.items })
      assert.is_true(#bomb.body > 3 * 1048576 and tonumber(bomb.headers["content-length"]) < 5000)
      assert.same({}, cjson.decode(with({ gzip_bomb = { mb = 1, whitespace = true } }, "--compressed").body).data.items)
      assert.equal(2 * 1048576, #cjson.decode(with({ big_string = { mb = 2 } }).body).data.items[1].text)
      local deep = with { deep = { depth = 1500 } }
      assert.equal('{"data":' .. ("["):rep(1500) .. ("]"):rep(1500) .. "}", deep.body)
    end)

    it("redirects, also to another origin, which logs what reaches it", function()
      local answer = with { redirect = { location = "/elsewhere", code = 307 } }
      assert.same({ 307, "/elsewhere" }, { answer.status, answer.headers.location })
      api:faults { action = { redirect = { location = "{other}{path}" } }, match = { server = "main" } }
      api:log(true)
      assert.equal(whole, fetch(ACTOR_RUNS .. "?limit=100", "-L").body:gsub('"limit":100,', '"limit":1000,'))
      local requests = api:log().requests
      assert.same({ "main", "other" }, { requests[1].server, requests[2].server })
      assert.equal(requests[1].path, requests[2].path)
    end)

    it("hangs until the client leaves", function()
      local answer, request = with({ hang = {} }, "--max-time 0.1")
      assert.equal(28, answer.err)
      assert.is_true(request.status == nil or request.status == 499)
    end)

    it("sends its headers slowly", function()
      local answer = with { slow_headers = { bytes = 50, secs = 0.01 } }
      assert.same({ whole, 200 }, { answer.body, answer.status })
      assert.is_true(answer.secs > 0.05)
    end)

    it("applies to the requests that its rule describes, the first such rule", function()
      local function statuses_of(match, paths)
        api:faults({ action = { status = { code = 418 } }, match = match, may_miss = true },    -- some show that it misses
          { action = { status = { code = 500 } }, may_miss = true })
        local urls, list = {}, {}
        for i, path in ipairs(paths) do urls[i] = ("-o /dev/null '%s'"):format(api.url .. path) end
        for code in shell("curl -s -w '%{http_code} ' " .. table.concat(urls, " ")):gmatch("%d+") do
          list[#list + 1] = tonumber(code)
        end
        return list
      end
      local two, four = { ACTOR_RUNS .. "?limit=1", TASK_RUNS }, { TASK_RUNS, TASK_RUNS, TASK_RUNS, TASK_RUNS }
      assert.same({ 418, 500 }, statuses_of({ path = "^/v2/acts/" }, two))
      assert.same({ 418, 500 }, statuses_of({ query = "limit=1$" }, two))
      assert.same({ 500, 500 }, statuses_of({ method = "POST" }, two))
      assert.same({ 500, 500 }, statuses_of({ server = "other" }, two))
      assert.same({ 500, 418, 500, 418 }, statuses_of({ nth = 2 }, four))
      assert.same({ 418, 500, 500, 500 }, statuses_of({ first = 1 }, four))
      assert.same({ 500, 500, 418, 418 }, statuses_of({ after = 2 }, four))
      assert.same(statuses_of({ probability = 0.5, seed = 3 }, four), statuses_of({ probability = 0.5, seed = 3 }, four))
      assert.same({ { name = "status 1", seen = 4, hits = 0 }, { name = "status 2", seen = 4, hits = 4 } },
        (function() statuses_of({ probability = 0 }, four) return api:admin("faults").rules end)())
    end)
  end)

  it("refuses control calls that it does not understand", function()
    assert.has_error(function() api:admin("explode") end, "local API: unknown control 'explode'")
    assert.has_error(function() api:admin("reset", { cuont = 1 }) end, "local API: unknown reset option 'cuont'")
    assert.has_error(function() api:faults { action = { explode = {} } } end, "local API: unknown action 'explode'")
    assert.has_error(function() api:faults { action = { cut = { after = 1 } } } end, "local API: unknown cut option 'after'")
  end)

  it("runs twice at once, and leaves nothing behind", function()
    local second = server.start()
    finally(function() second:stop() end)
    second:admin("reset", { count = 3 })
    assert.equal(3, get(second.url .. ACTOR_RUNS).total)
    assert.equal(25, get(ACTOR_RUNS).total)
    second:stop()
    assert.equal(7, fetch(second.url .. ACTOR_RUNS).err)
    assert.equal("", read_file(second.dir .. "/nginx.conf"))
    assert.equal("", read_file("/proc/" .. second.pid .. "/cmdline"))
    assert.equal(25, get(ACTOR_RUNS).total)
  end)

  it("ends by itself when the process that it watches has gone", function()
    local pid = shell("sleep 0.1 >/dev/null 2>&1 & echo $!"):match("%d+")
    local watching = server.start { watch = pid }
    finally(function() shell(("[ ! -e '%s' ] || '%s' '%s'"):format(watching.dir, "spec/local_api/stop", watching.dir)) end)
    eventually(function() return read_file(watching.dir .. "/nginx.conf") == "" end)
    assert.equal(7, fetch(watching.url .. "/v2/actor-runs").err)
  end)
end)
