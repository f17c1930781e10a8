--- What is done to a run once it is there, and to a last run. Against the local API.
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ACTOR, TASK, OTHER = "janedoe~my-actor", "janedoe~my-task", "janedoe~other-actor"
local JSON = "application/json; charset=utf-8"
local ENDLESS = { { 0, "RUNNING" } }
local QUICK = { { 0, "RUNNING" }, { 0.1, "SUCCEEDED" } }

describe("a run's life", function()
  local api = testbed.local_api { settings = { journal_bodies = true } }
  local client

  before_each(function() client = testbed.client(api) end)

  local function behave(how) api:admin("behaviour", how) end

  --- A run that was just started, and goes on for ever unless told otherwise.
  local function started(schedule)
    behave { schedule = schedule or ENDLESS }
    local run = assert(client:actor(ACTOR):start())
    return client:run(run.id), run.id
  end

  local function finished()
    local handle, id = started(QUICK)
    assert(handle:wait_for_finish())
    return handle, id
  end

  --- The requests that are no mere reading.
  local function actions()
    local list = {}
    for _, request in ipairs(api:log().requests) do
      if request.method ~= "GET" then list[#list + 1] = request end
    end
    return list
  end

  local function last_action()
    local list = actions()
    local request = list[#list]
    return request.method .. " " .. request.path, request
  end

  local function refused(status, type, value, err)
    assert.is_nil(value)
    assert.same({ "api", status, type }, { err.kind, err.status, err.type })
  end

  --- Raised at the line of the call, with these words; nothing is sent.
  local function misuse(call, ...)
    local before = #api:log().requests
    local ok, text = pcall(call)
    assert.is_false(ok)
    local place = ("run_life_spec.lua:%d: "):format(debug.getinfo(call, "S").linedefined)
    for _, part in ipairs { place, ... } do assert.truthy(tostring(text):find(part, 1, true), tostring(text)) end
    assert.equal(before, #api:log().requests)
  end

  it("update sends what is given and nothing else", function()
    local run, id = started()
    local told = assert(run:update { status_message = "half \"done\"" })
    assert.same({ id, 'half "done"', false }, { told.id, told.statusMessage, told.isStatusMessageTerminal })
    local sent, request = last_action()
    assert.equal("PUT /v2/actor-runs/" .. id, sent)
    assert.same({ '{"statusMessage":"half \\"done\\""}', JSON }, { request.body, request.headers["content-type"] })
    told = assert(run:update { status_message = "", is_status_message_terminal = true, general_access = "RESTRICTED" })
    assert.same({ "", true, "RESTRICTED" }, { told.statusMessage, told.isStatusMessageTerminal, told.generalAccess })
    assert.equal("FOLLOW_USER_SETTING", assert(run:update { general_access = false }).generalAccess)
    assert.equal('{"generalAccess":null}', select(2, last_action()).body)
    misuse(function() run:update() end, "run:update", "status_message")
    misuse(function() run:update { statusMessage = "x" } end, "statusMessage", "status_message")
    misuse(function() run:update { general_access = "all" } end, "'general_access'")
  end)

  it("delete works once, and only on a run that has ended", function()
    refused(400, "cannot-remove-running-run", started():delete())
    local run, id = finished()
    assert.is_true(run:delete())
    assert.equal("DELETE /v2/actor-runs/" .. id, (last_action()))
    assert.is_true(select(2, run:delete()).not_found)
    assert.is_true(select(2, run:get()).not_found)
  end)

  it("delete whose answer is lost has deleted", function()
    local run = finished()
    api:faults { match = { method = "DELETE", first = 1 }, action = { close_before_answer = { act = true } } }
    assert.is_true(run:delete())
    assert.is_true(select(2, run:get()).not_found)
  end)

  it("abort ends the run, gracefully too", function()
    for _, case in ipairs { { nil, "" }, { { gracefully = true }, "?gracefully=1" }, { { gracefully = false }, "?gracefully=0" } } do
      local run, id = started()
      local told = assert(run:abort(case[1]))
      assert.is_true(told.status == "ABORTING" or told.status == "ABORTED", told.status)
      assert.equal("POST /v2/actor-runs/" .. id .. "/abort" .. case[2], (last_action()))
      assert.equal("ABORTED", assert(run:wait_for_finish()).status)
    end
  end)

  it("abort of a run that has ended leaves it as it is, and an answer that is lost is asked for again", function()
    assert.equal("SUCCEEDED", assert(finished():abort()).status)
    api:faults { match = { path = "/abort", first = 2 }, action = { close_before_answer = { act = true } } }
    local run = started()
    assert(run:abort())
    assert.equal("ABORTED", assert(run:wait_for_finish()).status)
    assert.is_true(select(2, client:run "nobody":abort()).not_found)
  end)

  it("metamorph makes it a run of another Actor, with a new input", function()
    api:admin("seed", { actor = OTHER, task = false, count = 1 })
    local run, id = started()
    local other = assert(client:actor(OTHER):get())
    for i, target in ipairs { "janedoe/other-actor", OTHER, other } do
      local told = assert(run:metamorph(target, { n = i }, { build = "0.1.2" }))
      assert.same({ id, other.id, i }, { told.id, told.actId, #told.metamorphs })
      local sent = last_action()
      local name = i < 3 and "janedoe~other-actor" or other.id
      assert.equal(("POST /v2/actor-runs/%s/metamorph?targetActorId=%s&build=0.1.2"):format(id, name), (sent:gsub("%%7E", "~")))
      local record = assert(run:key_value_store():get_record("INPUT-METAMORPH-" .. i))
      assert.equal(i, record.value.n)
    end
    assert(run:metamorph(OTHER, "plain", { content_type = "text/plain" }))
    assert.equal("plain", assert(run:key_value_store():get_record "INPUT-METAMORPH-4").value)
    assert(run:metamorph(OTHER))
    assert.equal("0", select(2, last_action()).headers["content-length"])
  end)

  it("metamorph is refused where it makes no sense", function()
    local run = started()
    assert.is_true(select(2, run:metamorph "nobody/nothing").not_found)
    refused(400, "job-finished", finished():metamorph(ACTOR))
    misuse(function() run:metamorph() end, "Actor id")
    misuse(function() run:metamorph(ACTOR, { f = print }) end, "bad argument 2 of run:metamorph")
    misuse(function() run:metamorph "" end, "Actor id")
    misuse(function() run:metamorph(ACTOR, { f = print }) end, "run:metamorph")
    misuse(function() run:metamorph(ACTOR, nil, { memory = 128 }) end, "memory")
  end)

  it("metamorph and reboot whose answers are lost are not repeated", function()
    local run = started()
    api:faults { match = { method = "POST" }, action = { close_before_answer = { act = true } } }
    for _, call in ipairs { function() return run:reboot() end, function() return run:metamorph(ACTOR) end } do
      local value, err = call()
      assert.is_nil(value)
      assert.same({ "network", true }, { err.kind, err.sent })
    end
    api:faults()
    local told = assert(run:get())
    assert.same({ 1, 1 }, { told.stats.rebootCount, #told.metamorphs })
  end)

  it("reboot keeps the run", function()
    local run, id = started()
    local told = assert(run:reboot())
    assert.same({ id, 1, "RUNNING" }, { told.id, told.stats.rebootCount, told.status })
    assert.equal("POST /v2/actor-runs/" .. id .. "/reboot", (last_action()))
    refused(400, "job-finished", finished():reboot())
  end)

  it("resurrect lets a run that has ended go on, with other limits", function()
    local run, id = finished()
    local told = assert(run:resurrect {
      build = "0.1.2", memory = 256, timeout = 60, max_items = 5, max_total_charge_usd = 0.5, restart_on_error = false,
    })
    assert.same({ id, "RUNNING", 256, 60, 5, 0.5, 1 }, { told.id, told.status, told.options.memoryMbytes, told.options.timeoutSecs,
      told.options.maxItems, told.options.maxTotalChargeUsd, told.stats.resurrectCount })
    assert.equal("POST /v2/actor-runs/" .. id .. "/resurrect"
      .. "?build=0.1.2&memory=256&timeout=60&maxItems=5&maxTotalChargeUsd=0.5&restartOnError=0", (last_action()))
    assert.equal("SUCCEEDED", assert(run:wait_for_finish()).status)
    local going_on = started()
    assert.equal(400, select(2, going_on:resurrect()).status)
    misuse(function() run:resurrect { memory = 100 } end, "'memory'", "100")
    misuse(function() run:resurrect { wait_for_finish = 1 } end, "wait_for_finish")
  end)

  describe("charge", function()
    local function charges(id) return api:admin("charges", { run = id }) end

    it("counts, and has a key of its own each time", function()
      local run, id = started()
      assert.is_true(run:charge "page-crawled")
      assert.is_true(run:charge "page-crawled")
      assert.is_true(run:charge("result-item", { count = 5 }))
      assert.same({ ["page-crawled"] = 2, ["result-item"] = 5 }, charges(id))
      local keys = {}
      for _, request in ipairs(actions()) do
        local key = request.headers["idempotency-key"]
        if key then keys[#keys + 1], keys[key] = key, true end
      end
      assert.equal(3, #keys)
      assert.is_true(keys[1] ~= keys[2])
      assert.equal('{"count":5,"eventName":"result-item"}', select(2, last_action()).body)
    end)

    it("counts once, though its answer is lost or the server fails behind it", function()
      local run, id = started()
      for _, action in ipairs { { close_before_answer = { act = true } }, { status = { code = 500, act = true } } } do
        api:faults { match = { path = "/charge", first = 3 }, action = action }
        assert.is_true(run:charge("page-crawled", { count = 2 }))
      end
      assert.same({ ["page-crawled"] = 4 }, charges(id))
      assert.equal(9, #actions())                                    -- the start, and two charges of four attempts
    end)

    it("counts once with the same key", function()
      local run, id = started()
      for _ = 1, 3 do assert.is_true(run:charge("page-crawled", { idempotency_key = "order 17" })) end
      assert.same({ ["page-crawled"] = 1 }, charges(id))
      assert.equal("order 17", select(2, last_action()).headers["idempotency-key"])
    end)

    it("is refused for what is no event, or wrong", function()
      local run = started()
      local ok, err = run:charge "no such event"
      assert.is_nil(ok)
      assert.equal(400, err.status)
      assert.is_true(select(2, client:run "nobody":charge "page-crawled").not_found)
      misuse(function() run:charge() end, "run:charge")
      misuse(function() run:charge "" end, "run:charge")
      misuse(function() run:charge { event = "x" } end, "run:charge")
      misuse(function() run:charge("e", { count = 0 }) end, "'count'", "0")
      misuse(function() run:charge("e", { idempotency_key = "a\r\nb" }) end, "'idempotency_key'")
      misuse(function() run:charge("e", { idempotency_key = "" }) end, "'idempotency_key'")
    end)
  end)

  describe("a last run", function()
    local function last_runs()
      local o = { status = "RUNNING", origin = "API" }
      return { acts = client:actor(ACTOR):last_run(o), ["actor-tasks"] = client:task(TASK):last_run(o) }
    end

    it("is aborted, metamorphosed and rebooted as that which it is then", function()
      api:admin("seed", { actor = OTHER, task = false, count = 1 })
      for noun, last in pairs(last_runs()) do
        for _, action in ipairs { "reboot", "abort", "metamorph" } do
          behave { schedule = ENDLESS }
          local id = assert(client:task(TASK):start()).id
          assert.equal(id, assert(last[action](last, action == "metamorph" and OTHER or nil)).id)
          local place = ("POST /v2/%s/%s/runs/last/%s?status=RUNNING&origin=API"):format(noun, noun == "acts" and ACTOR or TASK, action)
          assert.equal(place, last_action():sub(1, #place))
        end
      end
    end)

    it("that is none is not found", function()
      for _, last in pairs(last_runs()) do
        assert.is_true(select(2, last:abort()).not_found)
        assert.is_true(select(2, last:reboot()).not_found)
        assert.is_true(select(2, last:metamorph(ACTOR)).not_found)
      end
    end)

    it("is not aborted twice: the second time it might be another", function()
      assert(client:task(TASK):start())
      api:faults { match = { path = "/abort" }, action = { close_before_answer = { act = true } } }
      for _, last in pairs(last_runs()) do assert.is_true(select(2, last:abort()).sent) end
      assert.equal(3, #actions())
    end)

    it("lacks what needs a fixed id, and says how to get one", function()
      for _, last in pairs(last_runs()) do
        misuse(function() last:update { status_message = "x" } end, "run:update", "pin()")
        misuse(function() last:delete() end, "run:delete", "pin()")
        misuse(function() last:resurrect() end, "run:resurrect", "pin()")
        misuse(function() last:charge "page-crawled" end, "run:charge", "pin()")
      end
    end)

    it("has all of it once it is pinned", function()
      behave { schedule = ENDLESS }
      local id = assert(client:task(TASK):start()).id
      local pinned = {}
      for noun, last in pairs(last_runs()) do pinned[noun] = assert(last:pin()) end
      waiting.add(api)                                               -- another is the last one now
      for _, run in pairs(pinned) do
        assert.equal(id, run.id)
        assert.is_true(run:charge "page-crawled")
        assert.equal("x", assert(run:update { status_message = "x" }).statusMessage)
      end
      assert.same({ ["page-crawled"] = 2 }, api:admin("charges", { run = id }))
    end)
  end)
end)
