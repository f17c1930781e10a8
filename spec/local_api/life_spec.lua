-- runs once
-- runs first
--- The local API's runs from their start to their end, Actors and tasks, through curl alone.
local cjson = require "cjson"
local testbed = require "spec.support.testbed"
local tools = require "spec.support.shell"

local shell, read_file, write_file, eventually = tools.run, tools.read_file, tools.write_file, tools.eventually

local ACTOR, TASK = "/v2/acts/janedoe~my-actor", "/v2/actor-tasks/janedoe~my-task"
local JSON = "-H 'Content-Type: application/json'"
local LONG = { { 0, "READY" }, { 0.01, "RUNNING" }, { 60, "SUCCEEDED" } }

local function numbers(first, last)
  local list = {}
  for number = first, last do list[#list + 1] = number end
  return list
end

describe("the local API", function()
  local api = testbed.local_api()

  -- An answer: status and body.
  local function fetch(method, path, arguments)
    local base = api.dir .. "/fetch"
    os.remove(base .. ".body")
    local status = shell(("curl -s -g --noproxy '*' --max-time 30 -X %s %s -o %s.body -D %s.head -w '%%{http_code}' '%s'")
      :format(method, arguments or "", base, base, api.url .. path))
    return { status = tonumber(status), head = read_file(base .. ".head"), body = read_file(base .. ".body") }
  end

  local function send(method, path, text, arguments)
    write_file(api.dir .. "/body", text)
    return fetch(method, path, "--data-binary @" .. api.dir .. "/body " .. (arguments or JSON))
  end

  local function data(answer, status)
    assert.equal(status or 200, answer.status, answer.body)
    return cjson.decode(answer.body).data
  end

  local function refused(answer, status, type)
    local failure = cjson.decode(answer.body).error
    assert.same({ status, type }, { answer.status, failure.type })
    return failure.message
  end

  local function start(query, input)
    local path = ACTOR .. "/runs" .. (query or "")
    return data(input and send("POST", path, input) or fetch("POST", path), 201)
  end

  local function run_path(run, below)
    return "/v2/actor-runs/" .. run.id .. (below or "")
  end

  local function get(run)
    return data(fetch("GET", run_path(run)))
  end

  local function finished(run)
    return data(fetch("GET", run_path(run, "?waitForFinish=20")))
  end

  local function behave(behaviour)
    api:admin("behaviour", behaviour)
  end

  -- The fields "n" of the run's items.
  local function item_numbers(run)
    local list = {}
    for i, item in ipairs(api:admin("items", { run = run.id }).items) do list[i] = item.n end
    return list
  end

  -- The numbers of the lines in the log.
  local function line_numbers(run, query)
    local list = {}
    for number in fetch("GET", run_path(run, "/log" .. (query or ""))).body:gmatch("run " .. run.id .. " line (%d+)\n") do
      list[#list + 1] = tonumber(number)
    end
    return list
  end

  local function starts()
    return api:admin("starts").count
  end

  describe("a start", function()
    it("of an Actor answers 201 with the run, which goes its way by the clock", function()
      local answer = fetch("POST", ACTOR .. "/runs")
      local run = data(answer, 201)
      assert.equal("READY", run.status)
      assert.equal("API", run.meta.origin)
      assert.matches("Location: " .. api.url:gsub("%p", "%%%0") .. "/v2/actor%-runs/" .. run.id .. "\r\n", answer.head)
      local over = finished(run)
      assert.same({ "SUCCEEDED", 0, "Actor finished (exit code 0)" }, { over.status, over.exitCode, over.statusMessage })
      assert.same({ count = 1, ids = { run.id } }, api:admin("starts"))
      assert.equal(run.id, data(fetch("GET", ACTOR .. "/runs/last?origin=API")).id)
    end)

    it("keeps the input as it came, with its type", function()
      local run = data(send("POST", ACTOR .. "/runs", "<a/>", "-H 'Content-Type: text/xml'"), 201)
      assert.same({ value = "<a/>", content_type = "text/xml" }, api:admin("input_of", { run = run.id }))
      local record = fetch("GET", run_path(run, "/key-value-store/records/INPUT"))
      assert.equal("<a/>", record.body)
      assert.matches("Content%-Type: text/xml\r\n", record.head)
      local without = start()
      assert.same({}, api:admin("input_of", { run = without.id }))
      refused(fetch("GET", run_path(without, "/key-value-store/records/INPUT")), 404, "record-not-found")
    end)

    it("of a task puts the given object over the task's own input", function()
      local run = data(send("POST", TASK .. "/runs", '{"maxItems":1.50,"more":[1]}'), 201)
      assert.equal(data(fetch("GET", TASK)).id, run.actorTaskId)
      assert.equal('{"startUrls":[{"url":"https://example.com/"}],"maxItems":1.50,"more":[1]}', api:admin("input_of", { run = run.id }).value)
      local own = data(fetch("POST", TASK .. "/runs"), 201)
      assert.same(data(fetch("GET", TASK)).input, cjson.decode(api:admin("input_of", { run = own.id }).value))
      refused(send("POST", TASK .. "/runs", "[1]"), 400, "input-json-not-object")
    end)

    it("takes its options", function()
      local build = api:admin("add_builds", { version = "0.3" }).ids[1]
      local run = start("?build=0.3.1&memory=256&timeout=20&maxItems=7&maxTotalChargeUsd=1.5&restartOnError=1&forcePermissionLevel=FULL_PERMISSIONS")
      assert.same({ build = "0.3.1", memoryMbytes = 256, diskMbytes = 512, timeoutSecs = 20, maxItems = 7, maxTotalChargeUsd = 1.5 }, run.options)
      assert.same({ build, "0.3.1", "0.1.2" }, { run.buildId, run.buildNumber, start("?build=latest").buildNumber })
      assert.same({ build = "latest", memoryMbytes = 1024, diskMbytes = 2048, timeoutSecs = 300, maxItems = cjson.null,
        maxTotalChargeUsd = cjson.null }, start().options)
    end)

    it("waits for the end as long as it is asked to", function()
      assert.equal("SUCCEEDED", start("?waitForFinish=20").status)
      behave { schedule = LONG }
      assert.equal("RUNNING", start("?waitForFinish=1").status)
    end)

    it("takes webhooks as base64 of an array", function()
      local webhooks = "W3siZXZlbnRUeXBlcyI6WyJBQ1RPUi5SVU4uU1VDQ0VFREVEIl0sInJlcXVlc3RVcmwiOiJodHRwOi8veCJ9XQ%3D%3D"
      start("?webhooks=" .. webhooks)
      refused(fetch("POST", ACTOR .. "/runs?webhooks=e30%3D"), 400, "invalid-input")          -- {}
      refused(fetch("POST", ACTOR .. "/runs?webhooks=W3t9XQ%3D%3D"), 400, "invalid-input")    -- [{}]
    end)

    it("that is wrong starts nothing", function()
      for query, type in pairs {
        ["memory=100"] = "invalid-input", ["memory=64"] = "invalid-input", ["memory=384"] = "invalid-input",
        ["timeout=-1"] = "invalid-input", ["maxItems=0"] = "max-items-must-be-greater-than-zero",
        ["maxTotalChargeUsd=0"] = "max-total-charge-usd-must-be-greater-than-zero", ["build=nope"] = "unknown-build-tag",
        ["build=9.9.9"] = "unknown-build-tag", ["build="] = "unknown-build-tag",
        ["waitForFinish=soon"] = "invalid-input", ["restartOnError=maybe"] = "invalid-input", ["webhooks=!"] = "invalid-input",
        ["forcePermissionLevel=ALL"] = "invalid-input",
      } do refused(fetch("POST", ACTOR .. "/runs?" .. query), 400, type) end
      refused(send("POST", ACTOR .. "/runs", "{1"), 400, "run-input-body-not-valid-json")
      refused(fetch("POST", "/v2/acts/janedoe~none/runs"), 404, "actor-not-found")
      refused(fetch("POST", "/v2/actor-tasks/janedoe~none/runs"), 404, "record-not-found")
      refused(fetch("POST", ACTOR .. "/runs", "-H 'Authorization: Bearer apify_api_invalid'"), 401, "token-not-valid")
      assert.equal(0, starts())
    end)

    it("can be made to fail", function()
      behave { fail_start = { status = 402, type = "not-enough-usage-to-run-paid-actor" } }
      refused(fetch("POST", ACTOR .. "/runs"), 402, "not-enough-usage-to-run-paid-actor")
      assert.equal(0, starts())
    end)

    it("counts though its answer was lost", function()
      api:faults { match = { method = "POST" }, action = { close_before_answer = { act = true } } }
      assert.equal(0, fetch("POST", ACTOR .. "/runs").status)
      assert.equal(1, starts())
    end)

    it("is cheap: hundreds at once", function()
      local first = start("?waitForFinish=20")
      local codes = shell(("curl -s --noproxy '*' -Z --no-progress-meter --parallel-max 100 --max-time 60 -X POST -o /dev/null -w '%%{http_code}\\n' "
        .. "'%s%s/runs?waitForFinish=60&n=[1-500]'"):format(api.url, ACTOR))
      assert.equal(("201\n"):rep(500), codes)
      assert.equal(501, starts())
      assert.equal(500, data(fetch("GET", ACTOR .. "/runs?status=SUCCEEDED&startedAfter=" .. first.startedAt)).total - 1)
    end)
  end)

  describe("a behaviour", function()
    it("is refused when it is wrong", function()
      assert.has_error(function() behave { schedul = {} } end)
      assert.has_error(function() behave { schedule = { { 0, "DONE" } } } end)
      assert.has_error(function() behave { fail_start = { status = 402 } } end)
    end)

    it("lets log and dataset grow while the run goes on", function()
      behave { log_lines = 6000, items = 6000, schedule = LONG }
      local run = start()
      eventually(function() return #item_numbers(run) > 0 and #line_numbers(run) > 0 end)
      assert.equal("RUNNING", get(run).status)
      assert.is_true(#item_numbers(run) < 6000 and #line_numbers(run) < 6000)
    end)

    it("lets log and dataset be complete when the run has ended", function()
      behave { log_lines = 20, items = 10 }
      local run = start("", '{"q":1}')
      assert.same(numbers(1, 20), line_numbers(run, "?stream=1"))
      assert.equal("SUCCEEDED", get(run).status)
      assert.same(numbers(0, 9), item_numbers(run))
      assert.same({ n = 9, run = run.id, input = { q = 1 } }, api:admin("items", { run = run.id }).items[10])
    end)

    it("changes the status message by the clock, until the end", function()
      behave { messages = { { 0, "one" }, { 0.2, "two" } }, schedule = LONG }
      local run = start()
      assert.equal("one", run.statusMessage)
      eventually(function() return get(run).statusMessage == "two" end)
      assert.is_false(get(run).isStatusMessageTerminal)
      api:admin("set_status", { ids = { run.id }, status = "FAILED" })
      assert.equal("Actor failed (exit code 1) – see the log", get(run).statusMessage)
      assert.is_true(get(run).isStatusMessageTerminal)
    end)

    it("has an exit code, and an OUTPUT once it has succeeded", function()
      behave { output = { sum = 3 }, schedule = LONG }
      local unfinished = start()
      refused(fetch("GET", run_path(unfinished, "/key-value-store/records/OUTPUT")), 404, "record-not-found")
      behave { exit_code = 91, output = { sum = 3 } }
      local run = start("?waitForFinish=20")
      assert.equal(91, run.exitCode)
      assert.equal('{"sum":3}', fetch("GET", run_path(run, "/key-value-store/records/OUTPUT")).body)
      behave { exit_code = 91, output = { sum = 3 }, schedule = { { 0, "RUNNING" }, { 0.05, "FAILED" } } }
      local failed = start("?waitForFinish=20")
      assert.same({ "FAILED", 91 }, { failed.status, failed.exitCode })
      refused(fetch("GET", run_path(failed, "/key-value-store/records/OUTPUT")), 404, "record-not-found")
    end)

    it("is cut short by the run's limit of time", function()
      behave { log_lines = 600, items = 600, schedule = LONG }
      local over = start("?timeout=1&waitForFinish=20")
      assert.same({ "TIMED-OUT", 143, 1100 }, { over.status, over.exitCode, over.stats.durationMillis })
      assert.same({ 10, 10 }, { #line_numbers(over), #item_numbers(over) })
    end)

    it("dates the lines of the log when they appear", function()
      behave { log_lines = 4, schedule = { { 0, "READY" }, { 0.1, "RUNNING" }, { 0.9, "SUCCEEDED" } } }
      local run, since = start("?waitForFinish=20"), {}
      local function ms(date) return 1000 * date:match ":([%d.]+)Z$" end                  -- of its minute
      for date in fetch("GET", run_path(run, "/log")).body:gmatch "(%S+) run " do
        since[#since + 1] = math.floor((ms(date) - ms(run.startedAt) + 0.5) % 60000)
      end
      assert.same({ 300, 500, 700, 900 }, since)
    end)
  end)

  describe("run-sync", function()
    it("gives the record OUTPUT or another, for GET and POST, of an Actor and of a task", function()
      behave { output = { sum = 3 } }
      for _, path in ipairs { ACTOR, TASK } do
        for _, method in ipairs { "GET", "POST" } do
          local answer = fetch(method, path .. "/run-sync?memory=512")
          assert.same({ 201, '{"sum":3}' }, { answer.status, answer.body })
        end
      end
      local answer = send("POST", ACTOR .. "/run-sync?outputRecordKey=INPUT", "some text", "-H 'Content-Type: text/plain'")
      assert.same({ 201, "some text" }, { answer.status, answer.body })
      assert.matches("Content%-Type: text/plain\r\n", answer.head)
      assert.equal(5, starts())
    end)

    it("gives nothing when there is no such record", function()
      local answer = fetch("POST", ACTOR .. "/run-sync")
      assert.same({ 201, "" }, { answer.status, answer.body })
    end)

    it("gives the items, with all their parameters", function()
      local answer = fetch("GET", ACTOR .. "/run-sync-get-dataset-items?fields=n&limit=2&desc=1")
      assert.same({ 201, '[{"n":2},\n{"n":1}]' }, { answer.status, answer.body })
      assert.matches("X%-Apify%-Pagination%-Total: 3\r\n", answer.head)
      local rows = fetch("POST", TASK .. "/run-sync-get-dataset-items?format=csv&bom=0&fields=n")
      assert.same({ 201, "n 0 1 2 " }, { rows.status, (rows.body:gsub("%s+", " ")) })
    end)

    it("tells a run that did not succeed", function()
      for _, status in ipairs { "FAILED", "ABORTED" } do
        behave { schedule = { { 0, "RUNNING" }, { 0.05, status } } }
        assert.matches(status, refused(fetch("POST", ACTOR .. "/run-sync"), 400, "run-failed"))
        refused(fetch("POST", TASK .. "/run-sync-get-dataset-items"), 400, "run-failed")
      end
    end)

    it("does not wait for ever; the run goes on", function()
      api:admin("settings", { sync_limit_secs = 0.3 })
      behave { schedule = LONG }
      refused(fetch("POST", ACTOR .. "/run-sync"), 408, "run-timeout-exceeded")
      refused(fetch("GET", ACTOR .. "/run-sync-get-dataset-items"), 408, "run-timeout-exceeded")
      assert.equal("RUNNING", data(fetch("GET", ACTOR .. "/runs/last?origin=API")).status)
    end)

    it("that is wrong starts nothing", function()
      refused(fetch("POST", ACTOR .. "/run-sync?memory=1"), 400, "invalid-input")
      refused(fetch("POST", ACTOR .. "/run-sync?outputRecordKey=a%2Fb"), 400, "invalid-record-key")
      refused(fetch("POST", ACTOR .. "/run-sync-get-dataset-items?format=pdf"), 400, "invalid-input")
      refused(fetch("GET", "/v2/acts/janedoe~none/run-sync"), 404, "actor-not-found")
      assert.equal(0, starts())
    end)
  end)

  describe("a run", function()
    it("is updated", function()
      behave { schedule = LONG }
      local run = start()
      local now = data(send("PUT", run_path(run), '{"statusMessage":"half \\"done\\"","generalAccess":"ANYONE_WITH_ID_CAN_READ"}'))
      assert.same({ 'half "done"', false, "ANYONE_WITH_ID_CAN_READ" }, { now.statusMessage, now.isStatusMessageTerminal, now.generalAccess })
      data(send("PUT", run_path(run), '{"statusMessage":"for good","isStatusMessageTerminal":true}'))
      api:admin("set_status", { ids = { run.id }, status = "SUCCEEDED" })
      assert.equal("for good", get(run).statusMessage)
      for text, type in pairs {
        ["[]"] = "invalid-input", ["{"] = "invalid-input", ['{"statusMessage":1}'] = "invalid-input",
        ['{"generalAccess":"ALL"}'] = "invalid-input", ['{"runId":"x"}'] = "id-does-not-match",
      } do refused(send("PUT", run_path(run), text), 400, type) end
      refused(send("PUT", "/v2/actor-runs/none", "{}"), 404, "record-not-found")
    end)

    it("is deleted once it has finished", function()
      behave { schedule = LONG }
      local run = start()
      refused(fetch("DELETE", run_path(run)), 400, "cannot-remove-running-run")
      api:admin("set_status", { ids = { run.id }, status = "SUCCEEDED" })
      assert.equal(204, fetch("DELETE", run_path(run)).status)
      refused(fetch("GET", run_path(run)), 404, "record-not-found")
      refused(fetch("DELETE", run_path(run)), 404, "record-not-found")
    end)

    it("is aborted, at once or gracefully, and has what it had by then", function()
      behave { schedule = LONG, log_lines = 6000, items = 6000 }
      local run, graceful = start(), start()
      eventually(function() return #item_numbers(run) > 0 end)
      assert.equal("ABORTING", data(fetch("POST", run_path(run, "/abort"))).status)
      assert.equal("ABORTING", data(fetch("POST", run_path(graceful, "/abort?gracefully=true"))).status)
      local over, late = finished(run), finished(graceful)
      assert.same({ "ABORTED", 137, "ABORTED" }, { over.status, over.exitCode, late.status })
      assert.is_true(late.finishedAt > over.finishedAt)
      local lines = line_numbers(run, "?stream=1")
      assert.is_true(#lines > 0 and #lines < 6000)
      assert.same(#lines, #item_numbers(run))
      assert.same(over, data(fetch("POST", run_path(run, "/abort"))))
      refused(fetch("POST", run_path(run, "/abort?gracefully=perhaps")), 400, "invalid-input")
      refused(fetch("POST", "/v2/actor-runs/none/abort"), 404, "record-not-found")
    end)

    it("is turned into one of another Actor", function()
      behave { schedule = LONG }
      api:admin("seed", { actor = "janedoe~other", task = false, count = 1 })
      local run, other = start(), data(fetch("GET", "/v2/acts/janedoe~other")).id
      api:admin("add_builds", { actor = "janedoe~other", version = "0.9" })
      local changed = data(send("POST", run_path(run, "/metamorph?targetActorId=janedoe~other&build=0.9.1"), "new", "-H 'Content-Type: text/plain'"))
      assert.same({ other, "RUNNING", 1, "0.9.1" }, { changed.actId, changed.status, changed.stats.metamorph, changed.buildNumber })
      assert.same({ other, "INPUT-METAMORPH-1" }, { changed.metamorphs[1].actorId, changed.metamorphs[1].inputKey })
      assert.equal("new", fetch("GET", run_path(run, "/key-value-store/records/INPUT-METAMORPH-1")).body)
      assert.equal(run.id, data(fetch("GET", "/v2/acts/janedoe~other/runs/last")).id)
      assert.not_equal(run.id, data(fetch("GET", ACTOR .. "/runs/last")).id)
      refused(fetch("POST", run_path(run, "/metamorph")), 400, "invalid-input")
      refused(fetch("POST", run_path(run, "/metamorph?targetActorId=none")), 404, "actor-not-found")
      api:admin("set_status", { ids = { run.id }, status = "SUCCEEDED" })
      refused(fetch("POST", run_path(run, "/metamorph?targetActorId=janedoe~other")), 400, "job-finished")
    end)

    it("is rebooted while it goes on", function()
      behave { schedule = LONG }
      local run = start()
      data(fetch("POST", run_path(run, "/reboot")))
      assert.equal(2, data(fetch("POST", run_path(run, "/reboot"))).stats.rebootCount)
      api:admin("set_status", { ids = { run.id }, status = "FAILED" })
      refused(fetch("POST", run_path(run, "/reboot")), 400, "job-finished")
    end)

    it("is resurrected once it has finished, and goes on", function()
      behave { schedule = LONG }
      refused(fetch("POST", run_path(start(), "/resurrect")), 400, "operation-not-allowed")
      behave { log_lines = 4, items = 3 }
      local run = start("?memory=256&waitForFinish=20")
      local again = data(fetch("POST", run_path(run, "/resurrect?timeout=77")))
      assert.same({ "RUNNING", cjson.null, 1, run.startedAt }, { again.status, again.finishedAt, again.stats.resurrectCount, again.startedAt })
      assert.same({ 256, 77 }, { again.options.memoryMbytes, again.options.timeoutSecs })
      assert.equal("SUCCEEDED", finished(run).status)
      assert.same(numbers(1, 8), line_numbers(run))
      assert.same(numbers(0, 5), item_numbers(run))
      refused(fetch("POST", run_path(run, "/resurrect?memory=1")), 400, "invalid-input")
      local seeded = api:admin("ids", {}).ids[1]
      assert.equal("RUNNING", data(fetch("POST", "/v2/actor-runs/" .. seeded .. "/resurrect")).status)
    end)

    it("is charged, once for each idempotency key", function()
      local run = start()
      local function charge(text, arguments) return send("POST", run_path(run, "/charge"), text, JSON .. " " .. (arguments or "")) end
      for _ = 1, 2 do
        local answer = charge('{"eventName":"page-crawled","count":2}', "-H 'idempotency-key: a'")
        assert.same({ 201, "{}" }, { answer.status, answer.body })
      end
      charge('{"eventName":"page-crawled","count":2}', "-H 'idempotency-key: b'")
      for _ = 1, 2 do charge('{"eventName":"result-item","count":1}') end
      assert.same({ ["page-crawled"] = 4, ["result-item"] = 2 }, api:admin("charges", { run = run.id }))
      assert.same({ ["page-crawled"] = 4, ["result-item"] = 2 }, get(run).chargedEventCounts)
      for _, text in ipairs { '{"eventName":"no","count":1}', '{"count":1}', '{"eventName":"page-crawled","count":0}',
        '{"eventName":"page-crawled"}', "1" } do refused(charge(text), 400, "invalid-input") end
    end)

    it("that is the last one is aborted, turned and rebooted, but nothing else", function()
      behave { schedule = { { 0, "RUNNING" }, { 60, "SUCCEEDED" } } }
      for _, path in ipairs { ACTOR .. "/runs/last", TASK .. "/runs/last" } do
        local run = data(fetch("POST", (path:gsub("/last", ""))), 201)
        assert.equal(1, data(fetch("POST", path .. "/reboot?status=RUNNING")).stats.rebootCount)
        assert.equal(run.id, data(fetch("POST", path .. "/metamorph?targetActorId=janedoe~my-actor&status=RUNNING")).id)
        assert.equal(run.id, data(fetch("POST", path .. "/abort?origin=API&status=RUNNING")).id)
        refused(send("PUT", path, "{}"), 405, "method-not-allowed")
        refused(fetch("DELETE", path), 405, "method-not-allowed")
        refused(fetch("POST", path .. "/resurrect"), 404, "page-not-found")
        refused(send("POST", path .. "/charge", "{}"), 404, "page-not-found")
        refused(fetch("POST", path .. "/abort?status=TIMED-OUT&origin=MCP"), 404, "record-not-found")
      end
    end)
  end)

  describe("Actors and tasks", function()
    local function names(path)
      local page, list = data(fetch("GET", path)), {}
      for i, item in ipairs(page.items) do list[i] = item.username .. "~" .. item.name end
      return list, page
    end

    it("are found by id and by name", function()
      local actor = data(fetch("GET", "/v2/acts/HDSasDasz78YcAPEB"))
      assert.same({ "janedoe", "my-actor", 25 }, { actor.username, actor.name, actor.stats.totalRuns })
      assert.same(actor, data(fetch("GET", "/v2/actors/janedoe~my-actor")))
      local task = data(fetch("GET", TASK))
      assert.same({ "KJHSKHausidyaJKHs", actor.id, 17, 1000 }, { task.id, task.actId, task.stats.totalRuns, task.input.maxItems })
      refused(fetch("GET", "/v2/acts/none"), 404, "record-not-found")
      refused(fetch("GET", "/v2/actor-tasks/none"), 404, "record-not-found")
    end)

    it("are made, changed and deleted, and are themselves under both names of the path", function()
      local answer = send("POST", "/v2/actors", '{"name":"shop","title":null,"isPublic":null}')
      local actor = data(answer, 201)
      assert.matches("Location: http[^\r]*/v2/acts/" .. actor.id .. "\r\n", answer.head)
      assert.same({ cjson.null, false, {} }, { actor.title, actor.isPublic, actor.versions })
      assert.same(actor.id, data(fetch("GET", "/v2/acts/janedoe~shop")).id)
      refused(send("PUT", "/v2/acts/janedoe~shop", "[]"), 400, "invalid-input")
      refused(send("PUT", "/v2/acts/janedoe~shop", '{"isPublic":"yes"}'), 400, "invalid-input")
      refused(send("PUT", "/v2/acts/janedoe~shop", '{"name":"my-actor"}'), 400, "actor-name-not-unique")
      refused(fetch("PATCH", "/v2/acts/janedoe~shop"), 405, "method-not-allowed")
      local task = data(send("POST", "/v2/actor-tasks", ('{"actId":"%s","input":{"b":1.50,"a":[]}}'):format(actor.id)), 201)
      assert.equal('{"b":1.50,"a":[]}', fetch("GET", "/v2/actor-tasks/" .. task.id .. "/input").body)
      assert.equal(204, fetch("DELETE", "/v2/acts/" .. actor.id).status)
      refused(fetch("GET", "/v2/actors/janedoe~shop"), 404, "record-not-found")
      assert.same({ "janedoe~my-actor" }, (names "/v2/acts"))
    end)

    it("keep their secrets, and judge inputs by the schema in their newest version", function()
      local below = "/v2/acts/janedoe~my-actor/versions"
      local schema = cjson.encode { required = { "url" } }
      data(send("POST", below, cjson.encode {
        versionNumber = "1.0", sourceType = "SOURCE_FILES", envVars = { { name = "A", value = "hidden", isSecret = true } },
        sourceFiles = { { name = "INPUT_SCHEMA.json", format = "BASE64", content = (require "mime".b64(schema)) } },
      }), 201)
      for _, path in ipairs { "", "/1.0", "/1.0/env-vars", "/1.0/env-vars/A" } do
        local answer = fetch("GET", below .. path)
        assert.matches('"name":"A"', answer.body)
        assert.is_nil(answer.body:find("hidden", 1, true))
      end
      assert.equal("beta", data(send("POST", below .. "/1.0", '{"buildTag":"beta"}')).buildTag)
      local validate = "/v2/acts/janedoe~my-actor/validate-input"
      assert.equal('{"valid":true}', send("POST", validate, '{"url":"x"}').body)
      assert.matches("input.url is required", refused(send("POST", validate, "{}"), 400, "invalid-input"))
      refused(send("POST", validate, "{"), 400, "run-input-body-not-valid-json")
      refused(send("POST", validate, "[]"), 400, "input-json-not-object")
    end)

    it("are listed", function()
      api:admin("seed", { actor = "apify~web-scraper", task = "janedoe~second", count = 1, first_started_at = "2030-01-01T00:00:00Z" })
      api:admin("seed", { actor = "janedoe~third", task = false, count = 1, first_started_at = "2010-01-01T00:00:00Z" })
      assert.same({ "janedoe~my-actor", "apify~web-scraper", "janedoe~third" }, (names "/v2/acts"))
      assert.same({ "janedoe~third", "janedoe~my-actor" }, (names "/v2/actors?my=1&desc=1"))
      assert.same({ "janedoe~third", "janedoe~my-actor", "apify~web-scraper" }, (names "/v2/acts?sortBy=stats.lastRunStartedAt"))
      local list, page = names "/v2/acts?offset=1&limit=1"
      assert.same({ { "apify~web-scraper" }, 3, 1, 1, 1 }, { list, page.total, page.offset, page.limit, page.count })
      refused(fetch("GET", "/v2/acts?sortBy=name"), 400, "invalid-input")
      assert.same({ "janedoe~my-task", "janedoe~second" }, (names "/v2/actor-tasks"))
      assert.same({ "janedoe~second" }, (names "/v2/actor-tasks?desc=1&limit=1"))
      assert.equal("apify", data(fetch("GET", "/v2/actor-tasks?offset=1")).items[1].actUsername)
    end)
  end)
end)
