--- Webhooks and their dispatches, against the local API and a receiver in this process.
local apify = require "apify"
local cjson = require "cjson"
local expect = require "spec.support.expect"
local receiver = require "spec.support.receiver"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local failure = expect.failure

local ACTOR, TASK = "janedoe~my-actor", "janedoe~my-task"
local QUICK = { { 0, "RUNNING" }, { 0.01, "SUCCEEDED" } }

local api = testbed.local_api { count = 1, settings = { journal_bodies = true } }
local client, hook

before_each(function()
  client, hook = testbed.client(api, { max_retries = 1 }), receiver.new()
end)

after_each(function() hook:close() end)

local function fields(more)
  local all = { eventTypes = { "ACTOR.RUN.SUCCEEDED" }, condition = { actorId = ACTOR }, requestUrl = hook.url .. "/hook" }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

local function create(more)
  return assert(client:webhooks():create(fields(more)))
end

local function ids(list)
  local all = {}
  for row in list:iterate { chunk_size = 2 } do all[#all + 1] = row.id end
  return all
end

--- The dispatch, once it has come to its end.
local function ended(id)
  local dispatch
  waiting.until_so("the end of a dispatch", function()
    dispatch = assert(client:webhook_dispatch(id):get())
    return dispatch.status ~= "ACTIVE"
  end)
  return dispatch
end

--- Misuse, told at this file's line, with these parts in its text.
local function misuse(call, ...)
  local ok, text = pcall(call)
  assert.is_false(ok)
  for _, part in ipairs { "webhook_spec.lua:", ... } do assert.truthy(text:find(part, 1, true), text) end
end

describe("a webhook", function()
  it("is made from the API's own names, read, changed and deleted", function()
    local given = { description = "ž", headersTemplate = '{"a":"b"}', doNotRetry = true, shouldInterpolateStrings = true }
    local made = create(given)
    local sent = cjson.decode(api:log().requests[1].body)
    assert.same(fields(given), sent)
    for name, value in pairs(given) do assert.equal(value, made[name]) end
    local handle = client:webhook(made)
    assert.same(made, handle:get())
    local changed = assert(handle:update { description = apify.null, eventTypes = { "ACTOR.RUN.FAILED" }, doNotRetry = false })
    assert.same({ { "ACTOR.RUN.FAILED" }, false, given.headersTemplate }, { changed.eventTypes, changed.doNotRetry, changed.headersTemplate })
    assert.is_nil(changed.description)
    assert.equal(apify.null, handle:get({ nulls = "keep" }).description)
    assert.is_true(handle:delete())
    assert.is_true(failure("api", handle:get()).not_found)
    assert.is_true(failure("api", handle:delete()).not_found)
    assert.is_true(failure("api", handle:update { description = "x" }).not_found)
  end)

  it("is told apart by what it belongs to", function()
    local of_actor, of_task = {}, {}
    for i = 1, 3 do of_actor[i], of_task[i] = create().id, create({ condition = { actorTaskId = TASK } }).id end
    assert.same(of_actor, ids(client:actor(ACTOR):webhooks()))
    assert.same(of_task, ids(client:task(TASK):webhooks()))
    assert.equal(6, #ids(client:webhooks()))
    local page = assert(client:webhooks():list { desc = true, limit = 2 })
    assert.same({ 6, 2, of_task[3], of_actor[3] }, { page.total, page.count, page.items[1].id, page.items[2].id })
    assert.is_true(failure("api", client:actor("nobody"):webhooks():list()).not_found)
  end)

  it("tells a receiver of a run that has ended, and its dispatch tells of the calls", function()
    api:admin("behaviour", { schedule = QUICK })
    local made = create { payloadTemplate = '{"run":{{resource.id}},"event":{{eventType}}}' }
    local run = assert(client:actor(ACTOR):start())
    hook:take(503, "not now")
    local request = hook:take(202)
    assert.same({ run = run.id, event = "ACTOR.RUN.SUCCEEDED" }, cjson.decode(request.body))
    local page = assert(client:webhook(made):dispatches():list())
    local dispatch = ended(page.items[1].id)
    assert.same({ 1, "SUCCEEDED", run.id, made.id }, { page.total, dispatch.status, dispatch.eventData.actorRunId, dispatch.webhookId })
    assert.same({ 503, "not now", 202 }, { dispatch.calls[1].responseStatus, dispatch.calls[1].responseBody, dispatch.calls[2].responseStatus })
    assert.same({ "SUCCEEDED", 1 }, (function(w) return { w.lastDispatch.status, w.stats.totalDispatches } end)(assert(client:webhook(made):get())))
    assert.is_true(failure("api", client:webhook_dispatch("nothing"):get()).not_found)
  end)

  it("is tried with a test, whose dispatch is among all there are", function()
    local first, second = create(), create { requestUrl = "http://192.0.2.1/", doNotRetry = true }
    local dispatched = { assert(client:webhook(first):test()).id, assert(client:webhook(second):test()).id }
    assert.equal("TEST", cjson.decode(hook:take().body).eventType)
    assert.equal("SUCCEEDED", ended(dispatched[1]).status)
    local refused = ended(dispatched[2])
    assert.same({ "FAILED", 1, nil }, { refused.status, #refused.calls, refused.calls[1].responseStatus })
    assert.same(dispatched, ids(client:webhook_dispatches()))
    assert.same({ dispatched[2] }, ids(client:webhook(second):dispatches()))
    assert.is_true(failure("api", client:webhook("nothing"):test()).not_found)
    assert.is_true(failure("api", client:webhook("nothing"):dispatches():list()).not_found)
  end)

  it("comes with a start, for its run alone", function()
    api:admin("behaviour", { schedule = QUICK })
    local own = { eventTypes = { "ACTOR.RUN.SUCCEEDED" }, requestUrl = hook.url, payloadTemplate = "{{eventData}}" }
    local run = assert(client:actor(ACTOR):start(nil, { webhooks = { own } }))
    assert.equal(run.id, cjson.decode(hook:take().body).actorRunId)
    local made = assert(client:webhooks():list()).items[1]
    assert.same({ true, { actorRunId = run.id } }, { made.isAdHoc, made.condition })
  end)

  it("is made once for its key, though an answer is lost", function()
    api:faults { match = { method = "POST", path = "/webhooks$", first = 1 }, action = { close_before_answer = { act = true } } }
    local made = create { idempotencyKey = "k" }
    assert.same({ made.id }, ids(client:webhooks()))
    api:faults { match = { method = "POST", path = "/webhooks$", first = 1 }, action = { close_before_answer = { act = true } } }
    local err = failure("network", client:webhooks():create(fields()))
    assert.same({ 1, true }, { err.attempts, err.sent })
    assert.equal(2, #ids(client:webhooks()))
  end)

  it("that the API does not take is its error", function()
    local err = failure("api", client:webhooks():create { eventTypes = { "ACTOR.RUN.PAUSED" }, condition = { actorId = ACTOR }, requestUrl = "x" })
    assert.same({ 400, "invalid-input" }, { err.status, err.type })
    err = failure("api", client:webhook(create().id):update { requestUrl = "x" })
    assert.same({ 400, "invalid-input" }, { err.status, err.type })
  end)

  it("of a wrong shape is refused before anything is sent", function()
    local all, one = client:webhooks(), client:webhook "x"
    misuse(function() all:create { requestUrl = "x" } end, "missing field 'eventTypes' of webhooks:create")
    misuse(function() all:create(fields { eventTypes = { "ACTOR.RUN.SUCEEDED" } }) end, 'did you mean "ACTOR.RUN.SUCCEEDED"?')
    misuse(function() one:update { eventTypes = "TEST" } end, "bad field 'eventTypes' of webhook:update: \"TEST\"")
    misuse(function() all:create "x" end, "bad argument 1 of webhooks:create")
    misuse(function() one:update {} end, "bad argument 1 of webhook:update")
    misuse(function() all:create(fields(), { idempotency_key = "k" }) end, "unknown option 'idempotency_key' of webhooks:create")
    misuse(function() client:actor(ACTOR):webhooks():create(fields()) end, "client:webhooks()", "'condition'")
    misuse(function() client:actor(ACTOR):start(nil, { webhooks = { { eventTypes = { "ACTOR.RUN.ABORTD" }, requestUrl = "x" } } }) end,
      "'webhooks' of actor:start", 'did you mean "ACTOR.RUN.ABORTED"?')
    misuse(function() client:webhooks { limit = 1 } end, "client:webhooks takes no options")
    misuse(function() client:task(TASK):webhooks { limit = 1 } end, "task:webhooks takes no options")
    misuse(function() one:dispatches { limit = 1 } end, "webhook:dispatches takes no options")
    misuse(function() client:webhook "" end, "webhook id")
    assert.same({}, api:log().requests)
  end)
end)
