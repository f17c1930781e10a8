--- Starting runs of an Actor or a task, at once or within one request, against the local API.
local apify = require "apify"
local cjson = require "cjson"
local measured = require "spec.support.measured"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local ACTOR, TASK = "janedoe~my-actor", "janedoe~my-task"
local JSON = "application/json; charset=utf-8"
local ENDLESS = { { 0, "RUNNING" } }
local QUICK = { { 0, "RUNNING" }, { 0.1, "SUCCEEDED" } }
local MAX_KB = 20000                     -- of a program that walks the items of a run, however many there are

local WEBHOOK = { eventTypes = { "ACTOR.RUN.SUCCEEDED" }, requestUrl = "https://example.com/?žluť=>" }
local ALL_OPTIONS = {
  build = "0.1.2", memory = 512, timeout = 60, max_items = 10, max_total_charge_usd = 1.5, restart_on_error = true,
  wait_for_finish = 0, webhooks = { WEBHOOK },
}
local PARAMETERS = {
  build = "0.1.2", memory = "512", timeout = "60", maxItems = "10", maxTotalChargeUsd = "1.5", restartOnError = "1", waitForFinish = "0",
}

describe("starting", function()
  local api = testbed.local_api { settings = { journal_bodies = true } }
  local client

  before_each(function() client = testbed.client(api) end)

  local function behave(how) api:admin("behaviour", how) end
  local function starts() return api:admin("starts").count end
  local function actor() return client:actor(ACTOR) end

  --- The requests that start runs.
  local function posts()
    local list = {}
    for _, request in ipairs(api:log().requests) do
      if request.method == "POST" then list[#list + 1] = request end
    end
    return list
  end

  --- The parameters of a logged request.
  local function query_of(request)
    local query = {}
    for name, value in (request.path:match "%?(.*)" or ""):gmatch "([^&=]+)=([^&]*)" do
      query[name] = value:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
    end
    return query
  end

  local function decode_base64(text)
    local pipe = assert(io.popen("printf %s '" .. text .. "' | base64 -d"))
    local decoded = pipe:read "*a"
    pipe:close()
    return decoded
  end

  --- The error of a call that must fail.
  local function failure(value, err)
    assert.is_nil(value)
    assert.is_true(apify.is_error(err), tostring(err))
    return err
  end

  describe("a run", function()
    for noun, id in pairs { actor = ACTOR, task = TASK } do
      it("of an " .. noun .. " sends every option as its parameter, and tells the run", function()
        local run = assert(client[noun](client, id):start({ a = 1 }, ALL_OPTIONS))
        assert.same({ run.id }, api:admin("starts").ids)
        assert.same({ "0.1.2", 512, 60, 10, 1.5 }, {
          run.options.build, run.options.memoryMbytes, run.options.timeoutSecs, run.options.maxItems, run.options.maxTotalChargeUsd,
        })
        local post = posts()[1]
        assert.equal("/v2/" .. (noun == "actor" and "acts/" or "actor-tasks/") .. id .. "/runs", post.path:match "^[^?]*")
        local query = query_of(post)
        assert.same({ WEBHOOK }, cjson.decode(decode_base64(query.webhooks)))
        query.webhooks = nil
        assert.same(PARAMETERS, query)
      end)
    end

    it("of an Actor may have a level of permissions, of a task none", function()
      assert(actor():start(nil, { force_permission_level = "LIMITED_PERMISSIONS" }))
      assert.same({ forcePermissionLevel = "LIMITED_PERMISSIONS" }, query_of(posts()[1]))
      assert.has_error(function() client:task(TASK):start(nil, { force_permission_level = "LIMITED_PERMISSIONS" }) end)
    end)

    it("without an input has no body", function()
      local run = assert(actor():start())
      assert.same({}, api:admin("input_of", { run = run.id }))
      local post = posts()[1]
      assert.equal("0", post.headers["content-length"])
      assert.is_nil(post.headers["content-type"])
      assert.same({}, query_of(post))
    end)

    it("takes any value that is JSON as its input", function()
      for json, input in pairs {
        ['{"a":[1,2.5,"ž"]}'] = { a = { 1, 2.5, "ž" } }, ["[1,2]"] = { 1, 2 }, ["[]"] = apify.array {}, ["{}"] = {},
        ["false"] = false, ["17"] = 17, ['{"n":null}'] = { n = apify.null },
      } do
        local run = assert(actor():start(input))
        assert.same({ value = json, content_type = JSON }, api:admin("input_of", { run = run.id }))
      end
    end)

    it("takes a string as it is: JSON, or what its content type says", function()
      local run = assert(actor():start ' {"a" : 1.0} ')
      assert.same({ value = ' {"a" : 1.0} ', content_type = JSON }, api:admin("input_of", { run = run.id }))
      run = assert(actor():start("not JSON: {", { content_type = "text/plain; charset=utf-8" }))
      assert.same({ value = "not JSON: {", content_type = "text/plain; charset=utf-8" }, api:admin("input_of", { run = run.id }))
    end)

    it("has its input compressed above a kilobyte", function()
      local text = ("lorem ipsum "):rep(1000)
      local run = assert(actor():start { text = text })
      local post = posts()[1]
      assert.equal("gzip", post.headers["content-encoding"])
      assert.is_true(post.body_bytes < 1000, post.body_bytes)
      assert.equal('{"text":"' .. text .. '"}', api:admin("input_of", { run = run.id }).value)
    end)

    it("of a task has the task's own input with that which is given merged", function()
      local run = assert(client:task(TASK):start { extra = 1 })
      assert.truthy(api:admin("input_of", { run = run.id }).value:find('"extra":1', 1, true))
    end)

    it("may be waited for within the request", function()
      behave { schedule = QUICK }
      assert.equal("SUCCEEDED", assert(actor():start(nil, { wait_for_finish = 60 })).status)
      assert.equal(1, #api:log().requests)
      behave { schedule = ENDLESS }
      assert.equal("RUNNING", assert(actor():start(nil, { wait_for_finish = 1 })).status)
    end)

    it("that is refused is an error, and not asked for again", function()
      behave { fail_start = { status = 402, type = "not-enough-usage-to-run-paid-actor", message = "No credit." } }
      local err = failure(actor():start())
      assert.same({ "api", 402, "not-enough-usage-to-run-paid-actor" }, { err.kind, err.status, err.type })
      err = failure(client:actor "nobody~nothing":start())
      assert.is_true(err.not_found)
      err = failure(actor():start(nil, { build = "unknown-build" }))
      assert.equal(400, err.status)
      assert.same({ 3, 0 }, { #posts(), starts() })
    end)

    it("that meets a rate limit is started once there is room", function()
      api:faults { match = { method = "POST", first = 2 }, action = { status = { code = 429 } } }
      assert(actor():start())
      assert.same({ 3, 1 }, { #posts(), starts() })
    end)

    it("whose start is answered by an error of the server may be there", function()
      api:faults { match = { method = "POST" }, action = { status = { code = 500, act = true } } }
      local err = failure(actor():start())
      assert.same({ 500, true }, { err.status, err.sent })
      assert.same({ 1, 1 }, { #posts(), starts() })
    end)
  end)

  describe("an argument error", function()
    --- Raised at the line of the call, with these words; nothing is sent.
    local function misuse(call, ...)
      local ok, text = pcall(call)
      assert.is_false(ok)
      assert.equal("string", type(text))
      local place = ("run_start_spec.lua:%d: "):format(debug.getinfo(call, "S").linedefined)
      for _, part in ipairs { place, ... } do assert.truthy(text:find(part, 1, true), text) end
      assert.equal(0, #api:log().requests)
    end

    it("is a bad option", function()
      local a = actor()
      misuse(function() a:start(nil, { memory = 100 }) end, "'memory'", "100")
      misuse(function() a:start(nil, { timeout = -1 }) end, "'timeout'", "-1")
      misuse(function() a:start(nil, { timeout_secs = 1 }) end, "timeout_secs")
      misuse(function() a:start(nil, { wait_secs = 1 }) end, "wait_secs")
      misuse(function() a:start(nil, { wait_for_finish = 61 }) end, "'wait_for_finish'", "61")
      misuse(function() a:run_sync(nil, { output_record_key = "a/b" }) end, "'output_record_key'", "a/b")
      misuse(function() a:start(nil, { webhooks = WEBHOOK }) end, "'webhooks'")
      misuse(function() a:start(nil, { webhooks = { "https://example.com" } }) end, "'webhooks'")
      misuse(function() a:start(nil, { webhooks = { { requestUrl = "https://example.com" } } }) end, "'webhooks'")
      misuse(function() a:start(nil, { force_permission_level = "all" }) end, "'force_permission_level'")
      misuse(function() a:call(nil, { wait_for_finish = 1 }) end, "wait_for_finish")
      misuse(function() a:call(nil, { wait_secs = -1 }) end, "'wait_secs'")
      misuse(function() a:call(nil, { log = "stderr" }) end, "'log'")
      misuse(function() a:run_sync(nil, { wait_secs = 1 }) end, "wait_secs")
      misuse(function() a:run_sync_get_dataset_items(nil, { format = "csv" }) end, "format")
      misuse(function() a:run_sync_iterate_items(nil, { chunk_size = 10 }) end, "chunk_size")
      misuse(function() a.start { a = 1 } end, "colon")
    end)

    it("is an input that cannot be sent", function()
      local a, t = actor(), client:task(TASK)
      misuse(function() a:start { f = print } end, "actor:start", "f")
      misuse(function() t:start { n = 0 / 0 } end, "task:start", "n")
      misuse(function() a:start(print) end, "actor:start")
      misuse(function() a:call "not JSON" end, "actor:call", "content_type")
      misuse(function() a:start "" end, "actor:start")
      misuse(function() a:start({}, { content_type = "text/plain" }) end, "text/plain")
      misuse(function() a:start("x", { content_type = "text/plain\r\nX-Evil: 1" }) end, "'content_type'")
      misuse(function() t:run_sync "{" end, "task:run_sync")
      misuse(function() a:run_sync_get_dataset_items { f = print } end, "run_sync_get_dataset_items")
      misuse(function() a:run_sync_iterate_items { f = print } end, "run_sync_iterate_items")
    end)
  end)

  describe("run_sync", function()
    it("gives the record that the run leaves, whatever it is", function()
      behave { schedule = QUICK, output = { list = { 1, "ž" }, ok = true } }
      local output = assert(actor():run_sync { a = 1 })
      assert.same({ "OUTPUT", { list = { 1, "ž" }, ok = true } }, { output.key, output.value })
      assert.truthy(output.content_type:find "^application/json")
      assert.equal("string", type(assert(client:task(TASK):run_sync(nil, { raw = true })).value))
      local text = { content_type = "text/plain; charset=utf-8", output_record_key = "INPUT" }
      assert.same({ key = "INPUT", value = "some text", content_type = text.content_type }, actor():run_sync("some text", text))
      local bytes = { content_type = "application/octet-stream", output_record_key = "INPUT" }
      assert.equal("\0\255\13", assert(actor():run_sync("\0\255\13", bytes)).value)
    end)

    it("has no value when the run leaves no record", function()
      behave { schedule = QUICK }
      local output = assert(actor():run_sync())
      assert.same({ "OUTPUT", nil }, { output.key, output.value })
    end)

    it("keeps a null in the record as the caller wants it", function()
      behave { schedule = QUICK }
      local input = '{"a":null}'
      assert.equal(apify.null, assert(actor():run_sync(input, { output_record_key = "INPUT" })).value.a)
      assert.is_nil(assert(actor():run_sync(input, { output_record_key = "INPUT", nulls = "omit" })).value.a)
    end)

    it("of a run that fails is an error of the API", function()
      behave { schedule = { { 0, "RUNNING" }, { 0.1, "FAILED" } } }
      local err = failure(actor():run_sync())
      assert.same({ "api", 400, "run-failed", true }, { err.kind, err.status, err.type, err.sent })
    end)

    it("that takes too long is an error of the API, and starts nothing again", function()
      api:admin("settings", { sync_limit_secs = 0.2 })
      behave { schedule = ENDLESS }
      for _, name in ipairs { "run_sync", "run_sync_get_dataset_items" } do
        local err = failure(actor()[name](actor()))
        assert.same({ "api", 408, "run-timeout-exceeded", true }, { err.kind, err.status, err.type, err.sent })
      end
      assert.equal(2, starts())
    end)

    it("whose answer is lost starts nothing again", function()
      behave { schedule = QUICK, output = { a = 1 } }
      api:faults { match = { path = "/run%-sync" }, action = { close_before_answer = { act = true } } }
      local err = failure(actor():run_sync())
      assert.same({ "network", true, 1 }, { err.kind, err.sent, starts() })
    end)
  end)

  describe("run_sync_download_items", function()
    local folder = testbed.folder()
    local path, _, read = testbed.files(folder)

    it("saves the items in a format, into any sink", function()
      behave { schedule = QUICK, items = 3 }
      local choice = { fields = { "n" }, offset = 1, delimiter = ";", bom = false }
      assert.equal("n\n1\n2", (assert(actor():run_sync_download_items("csv", nil, { a = 1 }, choice)):gsub("\r", ""):gsub("\n$", "")))
      assert.is_true(client:task(TASK):run_sync_download_items("xml", path "items.xml", nil, { xml_root = "all", fields = "n" }))
      assert.matches("<all>.*<n>2</n>.*</all>", read "items.xml")
      local pieces = {}
      local function take(bytes) pieces[#pieces + 1] = bytes end
      assert.is_true(actor():run_sync_download_items("jsonl", take, "text", { content_type = "text/plain" }))
      assert.matches('"input":"text"', table.concat(pieces), 1, true)
      assert.equal(3, starts())
    end)

    it("leaves no file and starts nothing again when the run fails, is too long, or its answer breaks off", function()
      local function fails(kind, status)
        local err = failure(actor():run_sync_download_items("json", path "items.json"))
        assert.same({ kind, status }, { err.kind, err.status })
        assert.is_nil(io.open(path "items.json"))
      end
      behave { schedule = { { 0, "RUNNING" }, { 0.1, "FAILED" } } }
      fails("api", 400)
      api:admin("settings", { sync_limit_secs = 0.2 })
      behave { schedule = ENDLESS }
      fails("api", 408)
      behave { schedule = QUICK, items = 200 }
      api:faults { match = { path = "/run%-sync" }, action = { cut = { after_bytes = 1000 } } }
      fails "network"
      assert.equal(3, starts())
    end)

    it("finds misuse before anything is sent", function()
      for _, call in ipairs {
        function() actor():run_sync_download_items("pdf", path "x") end, function() actor():run_sync_download_items("csv", 5) end,
        function() actor():run_sync_download_items("csv", nil, { f = print }) end,
        function() actor():run_sync_download_items("csv", nil, nil, { nulls = "keep" }) end,
      } do
        local ok, text = pcall(call)
        assert.is_false(ok)
        assert.matches("^%S*run_start_spec.lua:%d+: .*actor:run_sync_download_items", text)
      end
      assert.matches("bad argument 3 of", select(2, pcall(function() actor():run_sync_download_items("csv", nil, { f = print }) end)), 1, true)
      assert.equal(0, starts())
    end)
  end)

  describe("run_sync_get_dataset_items", function()
    it("gives a page of the items", function()
      behave { schedule = QUICK, items = 7 }
      local page = assert(client:task(TASK):run_sync_get_dataset_items(nil, { offset = 1, limit = 3, desc = true, fields = "n" }))
      assert.same({ { n = 5 }, { n = 4 }, { n = 3 } }, page.items)
      assert.same({ 7, 1, 3, 3 }, { page.total, page.offset, page.limit, page.count })
      assert.equal(0, #assert(actor():run_sync_get_dataset_items(nil, { offset = 7 })).items)
    end)
  end)

  describe("run_sync_iterate_items", function()
    --- The `n` of the items.
    local function numbers(it)
      local list = {}
      for item in it do list[#list + 1] = item.n end
      return list
    end

    it("gives the items one after the other, and starts nothing before its first step", function()
      behave { schedule = QUICK, items = 5 }
      local it = actor():run_sync_iterate_items({ a = { 1 } }, { desc = true })
      assert.equal(0, starts())
      assert.same({ 1 }, it:next().input.a)
      assert.same({ 3, 2, 1, 0 }, numbers(it))
      assert.is_nil(it:next())
      assert.equal(1, starts())
    end)

    it("stops the transfer when the loop is left", function()
      behave { schedule = QUICK, items = 10000 }
      for item in actor():run_sync_iterate_items { text = ("x"):rep(1000) } do
        if item.n == 3 then break end
      end
      assert.equal(1, starts())                                    -- and after_each sees that nothing is in flight
    end)

    it("that breaks off in the middle stays so, and starts nothing again", function()
      behave { schedule = QUICK, items = 2000 }
      api:faults { match = { path = "run%-sync" }, action = { cut = { after_bytes = 60000 } } }
      local it = actor():run_sync_iterate_items()
      local ok, err = pcall(numbers, it)
      assert.is_false(ok)
      assert.same({ "network", true }, { err.kind, err.sent })
      api:faults()
      for _ = 1, 2 do
        local row, again = it:next()
        assert.is_nil(row)
        assert.equal(err, again)
      end
      assert.equal(1, starts())
    end)

    it("has the API's error, again and again", function()
      behave { schedule = { { 0, "RUNNING" }, { 0.1, "FAILED" } } }
      local it = actor():run_sync_iterate_items()
      for _ = 1, 2 do assert.equal("run-failed", failure(it:next()).type) end
      assert.equal(1, starts())
    end)

    it("takes little memory", function()
      behave { schedule = { { 0, "RUNNING" }, { 0.3, "SUCCEEDED" } }, items = 20000 }
      local count, peak = measured.run([[
        local count = 0
        for item in client:actor(env "ACTOR"):run_sync_iterate_items { text = ("x"):rep(2000) } do
          assert(item.n == count and #item.input.text == 2000)
          count = count + 1
        end
        report(count)]], api, "url", { ACTOR = ACTOR })
      assert.equal(20000, count)
      assert.is_true(program.is_wrapped or peak < MAX_KB, peak)
    end)
  end)
end)
