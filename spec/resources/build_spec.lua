--- Builds: how they are started, had, waited for, aborted and deleted, their logs and definitions.
local apify = require "apify"
local expect = require "spec.support.expect"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local failure = expect.failure

local ACTOR = "janedoe~my-actor"
local FAILING = { { 0, "READY" }, { 0.05, "RUNNING" }, { 0.15, "FAILED" } }
local LONG = { { 0, "READY" }, { 0.01, "RUNNING" }, { 60, "SUCCEEDED" } }

local api = testbed.local_api { count = 0 }
local client, actor

before_each(function()
  client = testbed.client(api, { max_retries = 1 })
  actor = client:actor(ACTOR)
end)

local function add(schedule) return (api:admin("add_builds", { schedule = schedule }).ids[1]) end

local function requests()
  local list = {}
  for _, request in ipairs(api:log().requests) do list[#list + 1] = request.method .. " " .. request.path end
  return list
end

describe("a build that is started", function()
  it("is READY, and SUCCEEDED when it was waited for", function()
    local build = assert(actor:build "0.1")
    assert.same({ "READY", "0.1.3", nil }, { build.status, build.buildNumber, build.finishedAt })
    local ended = assert(client:build(build):wait_for_finish())
    assert.same({ build.id, "SUCCEEDED" }, { ended.id, ended.status })
    assert.is_true(apify.is_finished(ended))
    assert.equal(build.id, assert(actor:get()).taggedBuilds.latest.buildId)
  end)

  it("is asked for with the options by the API's names", function()
    api:log(true)
    assert(actor:build("0.1", { beta_packages = true, tag = "beta", use_cache = false, wait_for_finish = 5 }))
    assert.same({ "POST /v2/acts/" .. ACTOR .. "/builds?version=0.1&betaPackages=1&tag=beta&useCache=0&waitForFinish=5" }, requests())
    assert.truthy(assert(actor:get()).taggedBuilds.beta)
  end)

  it("may be waited for longer than the client's timeouts for other calls", function()
    api:admin("build_behaviour", { schedule = { { 0, "RUNNING" }, { 1.2, "SUCCEEDED" } } })
    local hasty = client:with { request_timeout = 0.5, stall_timeout = 0.5 }
    assert.equal("SUCCEEDED", assert(hasty:actor(ACTOR):build("0.1", { wait_for_finish = 5 })).status)
  end)

  it("is the build, whatever its status, when it fails", function()
    api:admin("build_behaviour", { schedule = FAILING })
    local build = assert(client:build(assert(actor:build "0.1")):wait_for_finish())
    assert.equal("FAILED", build.status)
    assert.is_true(apify.is_finished(build))
  end)

  it("is not started again when the answer is lost, and the error says so", function()
    api:faults { match = { path = "/builds$", method = "POST" }, action = { close_before_answer = { act = true } } }
    local err = failure("network", actor:build "0.1")
    assert.is_true(err.sent)
    assert.equal(2, assert(actor:builds():list()).total)
  end)

  it("is not lost to a hook that raises, nor is one that is waited for", function()
    local hooked = client:with { on_attempt = function() error("a bug", 0) end }
    local ok, err = pcall(function() return hooked:actor(ACTOR):build "0.1" end)
    assert.same({ false, "a bug", "0.1.3", err.build }, { ok, err.cause, err.build.buildNumber, err.value })
    ok, err = pcall(function() return hooked:build(err.build):wait_for_finish() end)
    assert.same({ false, "a bug", "0.1.3", nil }, { ok, err.cause, err.build.buildNumber, err.run })
  end)

  it("is an error of the API's where there is no such version, or no Actor", function()
    assert.is_true(failure("api", actor:build "7.7").not_found)
    assert.equal("actor-not-found", failure("api", client:actor "nobody":build "0.1").type)
  end)

  it("has a version of two numbers", function()
    for _, version in ipairs { 0.1, "1", "0.1.2", "0.123", "v0.1", "0.1\n", {} } do
      local ok, message = pcall(function() actor:build(version) end)
      assert.is_false(ok)
      assert.matches("build_spec%.lua:%d+: bad argument 1 of actor:build: .*%(expected a version such as \"0%.1\"%)", message)
    end
    assert.has_error(function() actor:build() end)
    for option, value in pairs { tag = "", use_cache = "yes", beta_packages = 2, wait_for_finish = 61, version = "0.1" } do
      local ok, message = pcall(function() actor:build("0.1", { [option] = value }) end)
      assert.is_false(ok)
      assert.matches("build_spec%.lua:%d+: .*" .. option, message)
    end
    assert.same({}, requests())
  end)
end)

describe("an Actor's default build", function()
  it("is a handle of what it is now", function()
    local build = assert(actor:default_build())
    assert.equal("0.1.2", assert(build:get()).buildNumber)
    local other = assert(actor:build("0.1", { wait_for_finish = 10 }))
    assert.equal(other.id, assert(actor:default_build { wait_for_finish = 1 }).id)
    assert.matches("^apify%.Build: /actor%-builds/" .. other.id .. "$", tostring(client:build(other)))
  end)

  it("is an error where there is no Actor", function()
    assert.is_true(failure("api", client:actor "nobody":default_build()).not_found)
  end)
end)

describe("a build", function()
  it("is had as it is, or when it ends, if that is soon enough", function()
    local id = add(FAILING)
    assert.equal("READY", assert(client:build(id):get()).status)
    assert.equal("FAILED", assert(client:build(id):get { wait_for_finish = 60 }).status)
  end)

  it("that does not exist is nil and an error that says so, in all that is asked of it", function()
    local none = client:build "nobody"
    for _, call in ipairs { none.get, none.abort, none.delete, none.get_open_api_definition } do
      assert.is_true(failure("api", call(none)).not_found)
    end
    assert.is_true(failure("api", none:log():get()).not_found)
    assert.is_true(failure("api", none:wait_for_finish { wait_secs = 0 }).not_found)
  end)

  it("that goes on when the time is over is in the error", function()
    local err = failure("unfinished", client:build(add(LONG)):wait_for_finish { wait_secs = 0.3 })
    assert.same({ "RUNNING", nil }, { err.build.status, err.run })
    assert.equal("the build was RUNNING after 0.3 s of waiting", err.message)
    err = failure("timeout", client:build(add(LONG)):wait_for_finish { deadline = 0.3 })
    assert.equal("RUNNING", err.build.status)
  end)

  it("that was waited for when the fiber was cancelled is in the error", function()
    local id = add(LONG)
    api:log(true)
    local fiber = apify.spawn(function() return client:build(id):wait_for_finish { wait_secs = 0.9 } end)
    waiting.until_logged(api, 200, 2)                              -- two short polls: the first has been dealt with
    fiber:cancel()
    local err = failure("cancelled", fiber:wait())
    assert.same({ id, nil }, { err.build.id, err.run })
  end)

  it("is aborted, again too, and after a lost answer", function()
    local build = client:build(add(LONG))
    api:faults { match = { path = "/abort$", first = 1 }, action = { close_before_answer = { act = true } } }
    assert(build:abort())
    assert.equal("ABORTED", assert(build:wait_for_finish()).status)
    assert.equal("ABORTED", assert(build:abort()).status)
  end)

  it("is deleted once it has ended, unless it is the default one", function()
    local build = client:build(add(LONG))
    assert.equal("deleting-unfinished-build", failure("api", build:delete()).type)
    api:admin("set_status", { ids = { build.id }, status = "FAILED" })
    assert.is_true(build:delete())
    assert.is_true(failure("api", build:get()).not_found)
    assert.equal("deleting-default-build", failure("api", assert(actor:default_build()):delete()).type)
  end)

  it("has the OpenAPI definition of its Actor", function()
    local definition = assert(client:build(add()):get_open_api_definition())
    assert.equal("3.0.1", definition.openapi)
    assert.truthy(definition.paths["/acts/" .. ACTOR .. "/runs"])
  end)

  it("has methods that want a colon, and an id that can be one", function()
    for _, name in ipairs { "get", "wait_for_finish", "abort", "delete", "log", "get_open_api_definition" } do
      assert.matches("build_spec", select(2, pcall(function() client:build("x")[name]() end)))
    end
    for _, id in ipairs { "", ".", "..", "a\nb" } do assert.has_error(function() client:build(id) end) end
    assert.has_error(function() client:build(nil) end)
    assert.has_error(function() client:build { status = "READY" } end)
    assert.has_error(function() client:build "x":wait_for_finish { wait_for_finish = 1 } end)
  end)
end)

describe("the log of a build", function()
  -- Sees all lines, though the connection is lost twice by this control; `handle` gives the log by the build's id.
  local function followed(control, handle)
    local id = add(LONG)
    api:admin("grow_log", { run = id, lines = 40, interval_secs = 0.01, ansi = false })
    local lines = {}
    for line in handle(id):lines { follow = true } do
      lines[#lines + 1] = line
      if #lines == 5 or #lines == 15 then api:admin(control) end
      if #lines == 40 then api:admin("set_status", { ids = { id }, status = "SUCCEEDED" }) end
    end
    for i, line in ipairs(lines) do assert.truthy(line:find((" line %d of the log"):format(i), 1, true), line:sub(1, 80)) end
    assert.equal(40, #lines)
    return id
  end

  it("is followed over lost connections until the build ends", function()
    local id = followed("cut_logs", function(id) return client:build(id):log() end)
    local asked = requests()
    assert.equal("GET /v2/actor-builds/" .. id .. "/log?stream=1", asked[1])
    assert.equal("GET /v2/actor-builds/" .. id, asked[#asked - 1])
    for _, request in ipairs(asked) do assert.is_nil(request:find("actor-runs", 1, true)) end
  end)

  it("is followed over polite ends by its id alone, which might be a run's", function()
    local id = followed("end_logs", function(id) return client:log(id) end)
    assert.equal("GET /v2/logs/" .. id .. "?stream=1", requests()[1])
  end)

  it("is had as one text", function()
    local id = add()
    assert.equal(5, select(2, assert(client:build(id):log():get()):gsub("build " .. id .. " line", "")))
  end)
end)

describe("waiting for builds beside runs", function()
  local function builds_and_run()
    return add { { 0, "RUNNING" }, { 0.1, "FAILED" } }, add(LONG), waiting.add(api, 0)
  end

  it("yields each by its id in the order of ending", function()
    local build, endless, run = builds_and_run()
    local seen = {}
    local list = { client:build(endless), client:build(build), run, client:build { id = build }, client:run(run) }
    for id, job, err in client:wait_each(list, { wait_secs = 0.4 }) do
      seen[#seen + 1] = id .. " " .. (job and job.status or err.kind .. " " .. err.build.status)
    end
    assert.same({ run .. " SUCCEEDED", build .. " FAILED", endless .. " unfinished RUNNING" }, seen)
  end)

  it("gives all in the order given, and tells of all statuses", function()
    local build, _, run = builds_and_run()
    local last
    local all = assert(client:wait_all({ client:build(build), run }, { on_progress = function(counts) last = counts end }))
    assert.same({ build, run }, { all[1].id, all[2].id })
    assert.same({ FAILED = 1, SUCCEEDED = 1 }, last)
  end)

  it("gives what ended in the error of the first that did not", function()
    local build, endless = builds_and_run()
    local err = failure("unfinished", client:wait_all({ client:build(endless), client:build(build) }, { wait_secs = 0.4 }))
    assert.same({ endless, build }, { err.build.id, err.partial[2].id })
  end)

  it("gives the first that ends and its index", function()
    local build, endless = builds_and_run()
    local job, index = client:wait_any { client:build(endless), client:build(build) }
    assert.same({ build, 2 }, { job.id, index })
    waiting.until_idle(client)
  end)

  it("takes an id alone for a run's", function()
    local err = failure("api", client:wait_all({ add() }, { wait_secs = 0 }))
    assert.is_true(err.not_found)
    assert.matches("/actor%-runs/", err.path)
  end)

  it("refuses what is none of them", function()
    for _, list in ipairs { 5, { {} }, { id = "x" }, { client } } do
      assert.has_error(function() client:wait_all(list) end)
    end
  end)
end)
