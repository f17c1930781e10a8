-- runs once
--- The local API's webhooks and their dispatches, through curl alone.
local cjson = require "cjson"
local receiver = require "spec.support.receiver"
local testbed = require "spec.support.testbed"
local tools = require "spec.support.shell"

local ACTOR, TASK = "/v2/acts/janedoe~my-actor", "/v2/actor-tasks/janedoe~my-task"
local ENDLESS = { { 0, "RUNNING" } }
local QUICK = { { 0, "RUNNING" }, { 0.02, "SUCCEEDED" } }

describe("the local API's webhooks", function()
  local api = testbed.local_api { count = 1 }
  local hook

  before_each(function() hook = receiver.new() end)
  after_each(function() hook:close() end)

  -- Status and decoded body of an answer.
  local function call(method, path, object)
    local body = api.dir .. "/body"
    if object then tools.write_file(body, type(object) == "table" and cjson.encode(object) or object) end
    local status = tools.run(("curl -s -g --noproxy '*' --max-time 20 -X %s %s -o %s.answer -w '%%{http_code}' '%s%s%stoken=t'"):format(method,
      object and "-H 'Content-Type: application/json' --data-binary @" .. body or "", body, api.url, path, path:find "?" and "&" or "?"))
    local text = tools.read_file(body .. ".answer")
    return tonumber(status), text ~= "" and cjson.decode(text) or nil
  end

  local function data(method, path, object)
    local status, answer = call(method, path, object)
    assert.is_true(status < 300, answer and answer.error and answer.error.message)
    return answer.data, status
  end

  local function refused(status, type, method, path, object)
    local got, answer = call(method, path, object)
    assert.same({ status, type }, { got, answer.error.type })
    return answer.error.message
  end

  local function fields(more)
    local all = { eventTypes = { "ACTOR.RUN.SUCCEEDED" }, condition = { actorId = "janedoe~my-actor" }, requestUrl = hook.url .. "/hook" }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local function create(more) return data("POST", "/v2/webhooks", fields(more)) end
  local function behave(schedule) api:admin("behaviour", { schedule = schedule }) end
  local function start(path, query) return data("POST", (path or ACTOR) .. "/runs" .. (query or "")) end
  local function dispatches(webhook) return data("GET", "/v2/webhooks/" .. webhook.id .. "/dispatches").items end

  local function ids(path)
    local list = {}
    for i, item in ipairs(data("GET", path).items) do list[i] = item.id end
    return list
  end

  -- The event of the next request.
  local function event(status)
    local request = hook:take(status)
    return cjson.decode(request.body), request
  end

  -- A dispatch that has ended.
  local function ended(id)
    local dispatch
    tools.eventually(function()
      dispatch = data("GET", "/v2/webhook-dispatches/" .. id)
      return dispatch.status ~= "ACTIVE"
    end)
    return dispatch
  end

  it("are created, listed by what they belong to, changed and deleted", function()
    local first, status = create { description = "one", headersTemplate = "{}" }
    assert.equal(201, status)
    local second = create { condition = { actorTaskId = "janedoe~my-task" }, doNotRetry = true }
    assert.same(first, data("GET", "/v2/webhooks/" .. first.id))
    assert.same({ first.id, second.id }, ids "/v2/webhooks")
    assert.same({ second.id }, ids "/v2/webhooks?desc=1&limit=1")
    assert.same({ first.id }, ids(ACTOR .. "/webhooks"))
    assert.same({ second.id }, ids(TASK .. "/webhooks"))
    local path = "/v2/webhooks/" .. first.id
    local changed = data("PUT", path, { description = cjson.null, payloadTemplate = '{"a":{{resource.id}}}', requestUrl = cjson.null })
    assert.same({ cjson.null, '{"a":{{resource.id}}}', first.requestUrl, "{}" },
      { changed.description, changed.payloadTemplate, changed.requestUrl, changed.headersTemplate })
    assert.equal(first.payloadTemplate, data("PUT", path, { payloadTemplate = cjson.null }).payloadTemplate)
    assert.equal(204, (call("DELETE", path)))
    refused(404, "record-not-found", "GET", path)
    refused(404, "record-not-found", "DELETE", path)
    assert.same({ second.id }, ids "/v2/webhooks")
  end)

  it("are refused where they make no sense, and stay as they were", function()
    local webhook = create()
    for _, more in ipairs {
      { eventTypes = cjson.null }, { eventTypes = { "ACTOR.RUN.DONE" } }, { eventTypes = {} }, { requestUrl = "example.com" },
      { condition = {} }, { payloadTemplate = '{"a":{{nothing}}}' }, { payloadTemplate = "{" }, { headersTemplate = '"{{userId}}"' },
      { doNotRetry = 1 },
    } do
      refused(400, "invalid-input", "POST", "/v2/webhooks", fields(more))
      if more.eventTypes ~= cjson.null then refused(400, "invalid-input", "PUT", "/v2/webhooks/" .. webhook.id, more) end
    end
    refused(400, "invalid-input", "POST", "/v2/webhooks", "[]")
    refused(404, "actor-not-found", "POST", "/v2/webhooks", fields { condition = { actorId = "nobody" } })
    refused(404, "record-not-found", "POST", "/v2/webhooks", fields { condition = { actorRunId = "nobody" } })
    assert.same({ webhook.id }, ids "/v2/webhooks")
    assert.same(webhook, data("GET", "/v2/webhooks/" .. webhook.id))
  end)

  it("are created once for an idempotency key", function()
    local key = { idempotencyKey = "k" }
    local webhook = create(key)
    assert.equal(webhook.id, create(key).id)
    assert.equal(204, (call("DELETE", "/v2/webhooks/" .. webhook.id)))
    assert.not_equal(webhook.id, create(key).id)
  end)

  it("tell what becomes of runs, though nobody asks for these", function()
    create { eventTypes = { "ACTOR.RUN.CREATED", "ACTOR.RUN.SUCCEEDED", "ACTOR.RUN.RESURRECTED" } }
    behave(QUICK)
    local run = start()
    for _, expected in ipairs { { "CREATED", "RUNNING" }, { "SUCCEEDED", "SUCCEEDED" } } do
      local told, request = event()
      assert.same({ "POST", "/hook", "ACTOR.RUN." .. expected[1] }, { request.method, request.path, told.eventType })
      assert.same({ actorId = run.actId, actorRunId = run.id }, told.eventData)
      assert.same({ run.id, expected[2], run.userId }, { told.resource.id, told.resource.status, told.userId })
    end
    data("POST", "/v2/actor-runs/" .. run.id .. "/resurrect")
    assert.equal("ACTOR.RUN.RESURRECTED", event().eventType)
    assert.equal("ACTOR.RUN.SUCCEEDED", event().eventType)
  end)

  it("tell every way in which a run ends", function()
    create { eventTypes = { "ACTOR.RUN.FAILED", "ACTOR.RUN.TIMED_OUT", "ACTOR.RUN.ABORTED" }, condition = { actorTaskId = "janedoe~my-task" } }
    behave { { 0, "RUNNING" }, { 0.02, "FAILED" } }
    start()                                              -- not of the task
    local failed = start(TASK)
    assert.same({ "ACTOR.RUN.FAILED", failed.id, failed.actorTaskId },
      (function(told) return { told.eventType, told.resource.id, told.eventData.actorTaskId } end)(event()))
    behave(ENDLESS)
    start(TASK, "?timeout=0.01")
    assert.equal("ACTOR.RUN.TIMED_OUT", event().eventType)
    data("POST", "/v2/actor-runs/" .. start(TASK).id .. "/abort")
    assert.equal("ACTOR.RUN.ABORTED", event().eventType)
    assert.equal(3, data("GET", "/v2/webhook-dispatches").total)
  end)

  it("tell what becomes of builds", function()
    create { eventTypes = { "ACTOR.BUILD.CREATED", "ACTOR.BUILD.SUCCEEDED" } }
    local build = data("POST", ACTOR .. "/builds?version=0.1")
    for _, expected in ipairs { { "CREATED", "READY" }, { "SUCCEEDED", "SUCCEEDED" } } do
      local told = event()
      assert.same({ "ACTOR.BUILD." .. expected[1], build.id, build.id, expected[2] },
        { told.eventType, told.eventData.actorBuildId, told.resource.id, told.resource.status })
    end
  end)

  it("tell nothing of what was before them, nor after they were deleted", function()
    behave(ENDLESS)
    api:admin("add_runs", { started_at = "2020-01-01T00:00:00.000Z", schedule = QUICK })         -- nobody has looked at its end
    local webhook = create()
    data("GET", "/v2/actor-runs")
    local other = start()
    assert.equal(204, (call("DELETE", "/v2/webhooks/" .. webhook.id)))
    api:admin("set_status", { ids = { other.id }, status = "SUCCEEDED" })
    assert.same({}, ids "/v2/webhook-dispatches")
  end)

  it("come with a start, for its run alone", function()
    behave(QUICK)
    local own = { eventTypes = { "ACTOR.RUN.CREATED", "ACTOR.RUN.SUCCEEDED" }, requestUrl = hook.url .. "/own", idempotencyKey = "once" }
    tools.write_file(api.dir .. "/hooks", cjson.encode { own })
    local base64 = tools.run("openssl base64 -A -in " .. api.dir .. "/hooks")
    local query = "?webhooks=" .. base64:gsub("[+/=]", { ["+"] = "%2B", ["/"] = "%2F", ["="] = "%3D" })
    local run = start(nil, query)
    assert.equal("ACTOR.RUN.CREATED", event().eventType)
    assert.equal(run.id, event().eventData.actorRunId)
    start(nil, query)                                    -- the same request again makes no second webhook
    start()
    local webhooks = data("GET", "/v2/webhooks").items
    assert.same({ 1, true, run.id, 2 }, { #webhooks, webhooks[1].isAdHoc, webhooks[1].condition.actorRunId, webhooks[1].stats.totalDispatches })
  end)

  it("try again until they are heard, and tell of each call", function()
    local webhook = create()
    local id = data("POST", "/v2/webhooks/" .. webhook.id .. "/test").id
    local _, request = event(503)
    assert.equal(id, request.headers["x-apify-webhook-dispatch-id"])
    hook:take(204)
    local dispatch = ended(id)
    assert.same({ "SUCCEEDED", "TEST", webhook.id }, { dispatch.status, dispatch.eventType, dispatch.webhookId })
    assert.same({ 2, 503, 204 }, { #dispatch.calls, dispatch.calls[1].responseStatus, dispatch.calls[2].responseStatus })
    local last = data("GET", "/v2/webhooks/" .. webhook.id).lastDispatch
    assert.same({ "SUCCEEDED", dispatch.calls[2].finishedAt }, { last.status, last.finishedAt })
  end)

  it("give up after some calls, or after the first if they are told so", function()
    for calls, do_not_retry in pairs { true, [4] = false } do
      local webhook = create { doNotRetry = do_not_retry }
      local id = data("POST", "/v2/webhooks/" .. webhook.id .. "/test").id
      for _ = 1, calls do hook:take(500, "sorry") end
      local dispatch = ended(id)
      assert.same({ "FAILED", calls, "sorry" }, { dispatch.status, #dispatch.calls, dispatch.calls[calls].responseBody })
    end
  end)

  it("call no address but those of this machine", function()
    for _, url in ipairs { "http://192.0.2.1/", "https://example.com", "http://127.0.0.1.example.com/", "http://127.0.0.1@192.0.2.1/" } do
      local webhook = create { requestUrl = url, doNotRetry = true }
      local dispatch = ended(data("POST", "/v2/webhooks/" .. webhook.id .. "/test").id)
      assert.same({ "FAILED", cjson.null }, { dispatch.status, dispatch.calls[1].responseStatus })
      assert.matches("loopback", dispatch.calls[1].errorMessage)
    end
  end)

  it("look at certificates unless they are told not to", function()
    for _, ignores in ipairs { true, false } do
      local webhook = create { requestUrl = api.tls_url .. "/v2/datasets", ignoreSslErrors = ignores, doNotRetry = true }
      local dispatch = ended(data("POST", "/v2/webhooks/" .. webhook.id .. "/test").id)
      assert.equal(ignores and "SUCCEEDED" or "FAILED", dispatch.status)
      if not ignores then assert.matches("certificate", dispatch.calls[1].errorMessage) end
    end
  end)

  it("fill their templates in, inside strings only if they are told so", function()
    local payload = '{ "id": "{{eventData.actorId}}", "text": "{{eventType}} \\"{{{resource.none}} {{eventData}}", "n": {{ globals.dateUnix }} }'
    local headers = '{ "X-Kind": "{{eventType}}", "Host": "elsewhere", "content-type": "text/plain" }'
    for _, interpolates in ipairs { false, true } do
      local webhook = create { payloadTemplate = payload, headersTemplate = headers, shouldInterpolateStrings = interpolates }
      data("POST", "/v2/webhooks/" .. webhook.id .. "/test")
      local told, request = event()
      local about = dispatches(webhook)[1].eventData
      assert.equal("number", type(told.n))
      told.n = nil
      assert.same(interpolates and { id = about.actorId, text = 'TEST "{null ' .. told.text:match "{\".*$" } or
        { id = "{{eventData.actorId}}", text = '{{eventType}} "{{{resource.none}} {{eventData}}' }, told)
      if interpolates then assert.same(about, cjson.decode(told.text:match "{\".*$")) end
      assert.same({ interpolates and "TEST" or "{{eventType}}", hook.url:match "[^/]+$", "application/json; charset=utf-8" },
        { request.headers["x-kind"], request.headers.host, request.headers["content-type"] })
    end
  end)

  it("of a deleted webhook leave their dispatches, and a reset forgets all", function()
    local webhook = create()
    local id = data("POST", "/v2/webhooks/" .. webhook.id .. "/test").id
    hook:take()
    ended(id)
    call("DELETE", "/v2/webhooks/" .. webhook.id)
    assert.same({ cjson.null, webhook.id }, (function(d) return { d.webhook, d.webhookId } end)(data("GET", "/v2/webhook-dispatches/" .. id)))
    api:admin "reset"
    refused(404, "record-not-found", "GET", "/v2/webhook-dispatches/" .. id)
  end)
end)
