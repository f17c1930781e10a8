--- What makes an answer right: objects of the API with what they cannot be without, acknowledgements by their status and type, bytes
--- by the type that was asked for. All else is no answer.
local errors = require "apify.util.errors"
local answers = require "apify.http.answers"
local apify = require "apify"
local expect = require "spec.support.expect"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local failure = expect.failure

local JSON = "application/json; charset=utf-8"
local PAGE = "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to the network.</body></html>"

local s = testbed.local_api { count = 1 }
local client, id

before_each(function()
  client = testbed.client(s, { max_retries = 1 })
  id = waiting.add(s)
  s:log(true)
end)

local function run() return client:run(id) end
local function store() return run():key_value_store() end
local function queue() return run():request_queue() end
local function actor() return client:actor "janedoe~my-actor" end

--- Answer like this to everything that uses the method, if one is given.
local function answer(fields, method)
  s:faults { match = { method = method }, action = { status = fields } }
end

--- Every call that gives an object of the API, by the way it is asked for.
local OBJECTS = {
  GET = {
    ["actor:get"] = function() return actor():get() end,
    ["actor:version:get"] = function() return actor():version("0.1"):get() end,
    ["actor:versions:list"] = function() return actor():versions():list() end,
    ["actor:default_build"] = function() return actor():default_build() end,
    ["actors:list"] = function() return client:actors():list() end,
    ["build:get"] = function() return client:build("x"):get() end,
    ["build:get_open_api_definition"] = function() return client:build("x"):get_open_api_definition() end,
    ["build:wait_for_finish"] = function() return client:build("x"):wait_for_finish() end,
    ["builds:list"] = function() return client:builds():list() end,
    ["dataset:get"] = function() return run():dataset():get() end,
    ["dataset:get_statistics"] = function() return run():dataset():get_statistics() end,
    ["datasets:list"] = function() return client:datasets():list() end,
    ["env_var:get"] = function() return actor():version("0.1"):env_var("A"):get() end,
    ["env_vars:list"] = function() return actor():version("0.1"):env_vars():list() end,
    ["get_request"] = function() return queue():get_request "x" end,
    ["key_value_store:get"] = function() return store():get() end,
    ["last_run:dataset:push_items"] = function() return actor():last_run():dataset():push_items { n = 1 } end,
    ["last_run:pin"] = function() return actor():last_run():pin() end,
    ["list_head"] = function() return queue():list_head() end,
    ["list_keys"] = function() return store():list_keys() end,
    ["list_requests"] = function() return queue():list_requests() end,
    ["request_queue:get"] = function() return queue():get() end,
    ["run:get"] = function() return run():get() end,
    ["run:wait_for_finish"] = function() return run():wait_for_finish() end,
    ["run:watch"] = function() return run():watch():next() end,
    ["runs:list"] = function() return client:runs():list() end,
    ["schedule:get"] = function() return client:schedule("x"):get() end,
    ["schedules:list"] = function() return client:schedules():list() end,
    ["store:list"] = function() return client:store():list() end,
    ["task:get"] = function() return client:task("janedoe~my-task"):get() end,
    ["user:get"] = function() return client:user():get() end,
    ["user:limits"] = function() return client:user():limits() end,
    ["user:monthly_usage"] = function() return client:user():monthly_usage() end,
    ["webhook:get"] = function() return client:webhook("x"):get() end,
    ["webhook_dispatch:get"] = function() return client:webhook_dispatch("x"):get() end,
    ["webhook_dispatches:list"] = function() return client:webhook_dispatches():list() end,
    ["webhooks:list"] = function() return actor():webhooks():list() end,
    ["wait_all"] = function() return client:wait_all { id } end,
  },
  PUT = {
    ["actor:update"] = function() return actor():update { title = "x" } end,
    ["actor:version:update"] = function() return actor():version("0.1"):update { buildTag = "x" } end,
    ["env_var:update"] = function() return actor():version("0.1"):env_var("A"):update { value = "x" } end,
    ["task:publish"] = function() return client:task("x"):publish() end,
    ["task:unpublish"] = function() return client:task("x"):unpublish() end,
    ["task:update"] = function() return client:task("x"):update { title = "x" } end,
    ["dataset:update"] = function() return run():dataset():update { name = "x" } end,
    ["prolong_request_lock"] = function() return queue():prolong_request_lock("x", { lock_secs = 1 }) end,
    ["run:update"] = function() return run():update { status_message = "x" } end,
    ["schedule:update"] = function() return client:schedule("x"):update { title = "y" } end,
    ["update_request"] = function() return queue():update_request { id = "x", url = "https://example.com" } end,
    ["webhook:update"] = function() return client:webhook("x"):update { description = "x" } end,
  },
  DELETE = {
    ["batch_delete_requests"] = function() return queue():batch_delete_requests { "x" } end,
  },
  POST = {
    ["actor:versions:create"] = function() return actor():versions():create { versionNumber = "0.2" } end,
    ["actors:create"] = function() return client:actors():create { name = "x" } end,
    ["env_vars:create"] = function() return actor():version("0.1"):env_vars():create { name = "A" } end,
    ["tasks:create"] = function() return client:tasks():create { actId = "x" } end,
    ["add_request"] = function() return queue():add_request { url = "https://example.com" } end,
    ["batch_add_requests"] = function() return queue():batch_add_requests { { url = "https://example.com" } } end,
    ["actor:build"] = function() return actor():build "0.1" end,
    ["call"] = function() return actor():call() end,
    ["list_and_lock_head"] = function() return queue():list_and_lock_head { lock_secs = 1 } end,
    ["reboot"] = function() return run():reboot() end,
    ["schedules:create"] = function() return client:schedules():create { name = "x" } end,
    ["start"] = function() return actor():start() end,
    ["unlock_requests"] = function() return queue():unlock_requests() end,
    ["webhook:test"] = function() return client:webhook("x"):test() end,
    ["webhooks:create"] = function() return client:webhooks():create { eventTypes = { "TEST" } } end,
  },
}

--- Bodies that are no object of any call's.
local WRONG = {
  "[]", "{}", '{"data":null}', '{"data":[]}', '{"error":{"type":"x","message":"y"}}', '{"id":"x"}',
}

--- Bodies that only statistics may have.
local TOO_LITTLE = {
  '{"data":{"id":7,"status":7,"items":7,"requestId":7,"lockExpiresAt":7,"unlockedCount":"7"}}',
  '{"data":{"items":{},"processedRequests":{},"unprocessedRequests":[]}}',
  '{"data":{"items":[{},5],"processedRequests":[5],"unprocessedRequests":[]}}',
}

describe("an answer that should be an object", function()
  for method, calls in pairs(OBJECTS) do
    for name, call in pairs(calls) do
      it("and is of another shape is an error: " .. name, function()
        for _, list in ipairs { WRONG, name ~= "dataset:get_statistics" and TOO_LITTLE or nil } do
          for _, body in ipairs(list) do
            answer({ code = 200, body = body, content_type = JSON }, method)
            local err = failure("decode", call())
            assert.matches("^the answer is", err.message)
            local is_repeated = method ~= "POST"
            assert.same({ is_repeated and 2 or 1, is_repeated, method ~= "GET" }, { err.attempts, err.retryable, err.sent }, body)
          end
        end
      end)

      it("and is a page of a proxy's is an error that shows how it begins: " .. name, function()
        answer({ code = 200, body = PAGE, content_type = "text/html; charset=utf-8" }, method)
        local err = failure("decode", call())
        assert.truthy(err.message:find("status 200 with text/html is not the API's answer: <!DOCTYPE html><html>", 1, true), err.message)
      end)

      it("and is empty is an error: " .. name, function()
        for _, code in ipairs { 200, method ~= "PUT" and 204 or nil } do
          answer({ code = code, body = "", content_type = JSON }, method)
          local err = failure("decode", call())
          assert.same({ "the answer is empty", method == "POST" and 1 or 2 }, { err.message, err.attempts })
        end
      end)
    end
  end

  it("says which row of a page is none", function()
    answer { code = 200, body = '{"data":{"items":[{"id":"a"},null]}}', content_type = JSON }
    assert.equal("the answer is not a page: its items has no object at place 2",
      failure("decode", client:runs():list { nulls = "keep" }).message)
  end)

  it("is asked for again", function()
    s:faults { match = { path = "/actor%-runs/", first = 1 }, action = { bad_json = { body = '{"data":{}}' } } }
    assert.equal(id, assert(run():get()).id)
    assert.equal(2, #s:log().requests)
  end)

  it("may have members beside data", function()
    answer { code = 200, body = '{"data":{"id":"x","status":"READY"},"more":1}', content_type = JSON }
    assert.same({ id = "x", status = "READY" }, run():get())
  end)
end)

--- Every call whose answer says nothing beyond its status.
local CHANGES = {
  ["actor:delete"] = { "DELETE", function() return actor():delete() end },
  ["actor:version:delete"] = { "DELETE", function() return actor():version("0.1"):delete() end },
  ["env_var:delete"] = { "DELETE", function() return actor():version("0.1"):env_var("A"):delete() end },
  ["task:delete"] = { "DELETE", function() return client:task("x"):delete() end },
  ["delete_record"] = { "DELETE", function() return store():delete_record "x" end },
  ["delete_request"] = { "DELETE", function() return queue():delete_request "x" end },
  ["delete_request_lock"] = { "DELETE", function() return queue():delete_request_lock "x" end },
  ["build:delete"] = { "DELETE", function() return client:build("x"):delete() end },
  ["run:charge"] = { "POST", function() return run():charge "page-crawled" end },
  ["dataset:delete"] = { "DELETE", function() return run():dataset():delete() end },
  ["push_items"] = { "POST", function() return run():dataset():push_items { n = 1 } end },
  ["run:delete"] = { "DELETE", function() return run():delete() end },
  ["schedule:delete"] = { "DELETE", function() return client:schedule("x"):delete() end },
  ["set_record"] = { "PUT", function() return store():set_record("x", 1) end },
  ["update_limits"] = { "PUT", function() return client:user():update_limits { data_retention_days = 1 } end },
  ["webhook:delete"] = { "DELETE", function() return client:webhook("x"):delete() end },
  ["upload_record"] = { "PUT", function() return store():upload_record("x", "README.md") end },
}

describe("an acknowledgement", function()
  for name, case in pairs(CHANGES) do
    it("that is a page of a proxy's is none: " .. name, function()
      for _, code in ipairs { 200, 201, 202, 203 } do
        answer({ code = code, body = PAGE, content_type = "text/html" }, case[1])
        local err = failure("decode", case[2]())
        assert.truthy(err.message:find(("status %d with text/html is not the API's answer: <!DOCTYPE"):format(code), 1, true), err.message)
        assert.is_true(err.sent)
        if name == "push_items" then assert.same({ 1, 1 }, err.in_doubt) end
        local is_repeated = case[1] ~= "POST" or name == "run:charge"
        assert.same({ is_repeated and 2 or 1, is_repeated }, { err.attempts, err.retryable })
      end
    end)

    it("may have a body of JSON, or none: " .. name, function()
      for _, fields in ipairs {
        { code = 200, body = "{}", content_type = JSON }, { code = 201, body = "", content_type = "text/plain" }, { code = 204, body = "" },
      } do
        answer(fields, case[1])
        assert(case[2]())
      end
    end)

    it("counts whatever becomes of its body: " .. name, function()
      local fields = { code = 201, content_type = JSON }
      for _, content in ipairs { { body = "{" }, { body = "\31\139damaged", headers = { ["Content-Encoding"] = "gzip" } } } do
        for key, value in pairs(content) do fields[key] = value end
        answer(fields, case[1])
        s:log(true)
        assert(case[2]())
        assert.equal(1, #s:log().requests)
      end
    end)
  end

  it("counts though the connection breaks off in its body", function()
    s:faults { match = { path = "/records/" }, action = { cut = { after_bytes = 1 } } }
    assert.is_true(assert(store():set_record("x", 1)))
    assert.is_true(assert(store():upload_record("y", "README.md")))
    assert.equal(2, #s:log().requests)
  end)

  it("counts though nothing comes behind its head", function()
    s:faults { match = { method = "PUT" }, action = { drip = { bytes = 1, secs = 3600 } } }
    local quick = client:with { stall_timeout = 0.2 }
    assert.is_true(assert(quick:run(id):key_value_store():set_record("x", 1)))
    assert.equal(1, #s:log().requests)
  end)
end)

describe("an answer of bytes", function()
  local DOWNLOADS = {
    ["csv"] = function(sink) return run():dataset():download_items("csv", sink) end,
    ["json"] = function(sink) return run():dataset():download_items("json", sink) end,
    ["jsonl"] = function(sink) return run():dataset():download_items("jsonl", sink) end,
    ["log"] = function(sink) return run():log():download(sink) end,
    ["record"] = function(sink) return store():download_record("INPUT", sink) end,
    ["records"] = function(sink) return store():download_records(sink) end,
    ["rss"] = function(sink) return run():dataset():download_items("rss", sink) end,
    ["xlsx"] = function(sink) return run():dataset():download_items("xlsx", sink) end,
    ["xml"] = function(sink) return run():dataset():download_items("xml", sink) end,
  }

  before_each(function()
    s:admin("seed_items", { run = id, count = 3 })
    assert(store():set_record("INPUT", { a = 1 }))
    s:log(true)
  end)

  for name, download in pairs(DOWNLOADS) do
    it("of another type than was asked for is not saved: " .. name, function()
      local path = os.tmpname()
      local file = assert(io.open(path, "w"))
      file:write "good"
      file:close()
      answer { code = 200, body = PAGE, content_type = "text/html" }
      local err = failure("decode", download(path))
      assert.truthy(err.message:find("status 200 with text/html is not the API's answer: <!DOCTYPE html>", 1, true), err.message)
      assert.equal(2, #s:log().requests)
      file = assert(io.open(path))
      assert.equal("good", file:read "*a")
      file:close()
      os.remove(path)
    end)

    it("is asked for again: " .. name, function()
      s:faults { match = { first = 1 }, action = { not_json = true } }
      assert.is_string(assert(download()))
      assert.equal(2, #s:log().requests)
    end)
  end

  it("shows how it begins when that comes late", function()
    s:faults { match = {}, action = { delay = 0.01, status = { code = 200, body = PAGE, content_type = "text/html" } } }
    local line, err = run():log():lines():next()
    assert.truthy(failure("decode", line, err).message:find("Sign in", 1, true), err.message)
  end)

  it("may be HTML when that was asked for", function()
    assert.matches("^<", (assert(run():dataset():download_items "html")))
    assert(store():set_record("page", PAGE, { content_type = "text/html" }))
    assert.equal(PAGE, assert(store():get_record "page").value)
    assert.equal(PAGE, (assert(store():download_record "page")))
    assert.is_true(assert(store():record_exists "page"))
  end)

  it("of a HEAD may be a page of a proxy's too, which is no record", function()
    answer { code = 200, body = PAGE, content_type = "text/html" }
    local err = failure("decode", store():record_exists "INPUT")
    assert.truthy(err.message:find("<!DOCTYPE", 1, true), err.message)
    s:faults { match = { method = "HEAD" }, action = { status = { code = 200, body = "", content_type = "text/html" } } }
    assert.is_true(assert(store():record_exists "INPUT"))
    assert.is_false(store():record_exists "missing")
  end)

  it("may be HTML of a record that is kept elsewhere", function()
    assert(store():set_record("page", PAGE, { content_type = "text/html" }))
    s:admin("settings", { record_redirect = s.other_url })
    assert.equal(PAGE, assert(store():get_record "page").value)
  end)

  it("of a log as a whole is no page", function()
    answer { code = 200, body = PAGE, content_type = "text/html" }
    failure("decode", run():log():get())
    failure("decode", store():get_record "INPUT")
  end)

  it("that is empty is a record's only where its type allows it", function()
    answer { code = 200, body = "", content_type = JSON }
    assert.equal("the answer is empty", failure("decode", store():get_record "INPUT").message)
    failure("decode", store():get_record("INPUT", { raw = true }))
    failure("decode", run():dataset():list_items())
    assert.equal(6, #s:log().requests)
    answer { code = 200, body = "", content_type = "text/plain" }
    assert.equal("", assert(store():get_record "INPUT").value)
    assert.equal("", (assert(run():log():get())))
    answer { code = 204, body = "" }
    failure("decode", store():get_record "INPUT")
    failure("decode", run():log():get())
    failure("decode", run():log():download())
    failure("decode", run():dataset():list_items())
  end)

  it("that is empty takes the place of no good file where it cannot be right, nor does one of another status", function()
    local name = os.tmpname()
    local function check(kind, save)
      local file = assert(io.open(name, "wb"))
      file:write "good"
      file:close()
      if kind then assert.equal(2, failure(kind, save()).attempts) else assert(save()) end
      file = assert(io.open(name, "rb"))
      assert.equal(kind and "good" or "", file:read "*a")
      file:close()
    end
    local function items(format)
      return function() return run():dataset():download_items(format, name) end
    end
    for format, content_type in pairs { json = JSON, xml = "application/xml", html = "text/html", rss = "application/rss+xml" } do
      answer { code = 200, body = "", content_type = content_type }
      check("decode", items(format))
    end
    answer { code = 200, body = "", content_type = "application/zip" }
    check("decode", function() return store():download_records(name) end)
    answer { code = 200, body = "", content_type = "text/csv" }
    check(nil, items "csv")
    for _, code in ipairs { 202, 205 } do
      answer { code = code, body = "", content_type = "text/plain" }
      check("decode", function() return run():log():download(name) end)
      check("decode", function() return store():download_record("INPUT", name) end)
    end
    os.remove(name)
  end)

  it("is no list of items where it is a page", function()
    answer { code = 200, body = PAGE, content_type = "text/html" }
    local err = failure("decode", run():dataset():list_items())
    assert.truthy(err.message:find("is not the API's answer: <!DOCTYPE", 1, true), err.message)
    assert.equal(2, err.attempts)
  end)
end)

describe("nulls of the API's own objects", function()
  local RUN = '{"data":{"id":"x","status":"SUCCEEDED","exitCode":null}}'
  local calls = {
    ["runs:list"] = { '{"data":{"items":[{"id":"x","exitCode":null}]}}', function(o) return client:runs():list(o).items[1].exitCode end },
    ["runs:iterate"] = {
      '{"data":{"total":1,"offset":0,"limit":1000,"count":1,"items":[{"id":"x","exitCode":null}]}}',
      function(o) return client:runs():iterate(o):next().exitCode end,
    },
    ["datasets:list"] = { '{"data":{"items":[{"id":"x","exitCode":null}]}}', function(o) return client:datasets():list(o).items[1].exitCode end },
    ["run:get"] = { RUN, function(o) return run():get(o).exitCode end },
    ["run:wait_for_finish"] = { RUN, function(o) return run():wait_for_finish(o).exitCode end },
    ["run:watch"] = { RUN, function(o) return run():watch(o):next().exitCode end },
    ["wait_all"] = { RUN, function(o) return client:wait_all({ id }, o)[1].exitCode end },
    ["run:abort"] = { RUN, function(o) return run():abort(o).exitCode end },
    ["run:reboot"] = { RUN, function(o) return run():reboot(o).exitCode end },
    ["run:resurrect"] = { RUN, function(o) return run():resurrect(o).exitCode end },
    ["run:metamorph"] = { RUN, function(o) return run():metamorph("x", nil, o).exitCode end },
    ["run:update"] = {
      RUN, function(o) return run():update({ status_message = "x", nulls = o and o.nulls }).exitCode end,
    },
    ["actor:get"] = { RUN, function(o) return actor():get(o).exitCode end },
    ["actor:start"] = { RUN, function(o) return actor():start(nil, o).exitCode end },
    ["actor:call"] = { RUN, function(o) return actor():call(nil, o).exitCode end },
    ["dataset:get"] = { RUN, function(o) return run():dataset():get(o).exitCode end },
    ["dataset:get_statistics"] = { RUN, function(o) return run():dataset():get_statistics(o).exitCode end },
    ["get_or_create"] = { RUN, function(o) return client:datasets():get_or_create("x", o).exitCode end },
    ["list_keys"] = {
      '{"data":{"items":[],"nextExclusiveStartKey":null}}', function(o) return store():list_keys(o).nextExclusiveStartKey end,
    },
    ["batch_add_requests"] = {
      '{"data":{"processedRequests":[{"uniqueKey":"k","requestId":"x","exitCode":null}],"unprocessedRequests":[]}}',
      function(o) return assert(queue():batch_add_requests({ { url = "https://example.com", uniqueKey = "k" } }, o))[1].exitCode end,
    },
  }

  for name, case in pairs(calls) do
    it("are kept when asked for: " .. name, function()
      answer { code = 200, body = case[1], content_type = JSON }
      assert.is_nil(case[2]())
      assert.equal(apify.null, case[2] { nulls = "keep" })
    end)
  end

  it("are not for calls that give none", function()
    for _, call in ipairs { function(o) return run():delete(o) end, function(o) return run():charge("x", o) end } do
      local is_done, message = pcall(call, { nulls = "keep" })
      assert.is_false(is_done)
      assert.matches("unknown option 'nulls'", message)
    end
  end)
end)

describe("client:request", function()
  local function ask(body)
    answer { code = 200, body = body, content_type = JSON }
    return (assert(client:request { path = "/x" }))
  end

  it("takes data for a wrapping only where it stands alone", function()
    assert.same({ n = 1 }, ask '{"data":{"n":1}}')
    assert.same({ 1, 2 }, ask '{"data":[1,2]}')
    assert.same({ data = { n = 1 }, createdAt = "now" }, ask '{"data":{"n":1},"createdAt":"now"}')
    assert.same({ data = 1, other = false }, ask '{"data":1,"other":false}')
  end)

  it("has the patience that waitForFinish asks for", function()
    local quick = client:with { stall_timeout = 0.05, max_retries = 0 }
    local polled = assert(quick:request { path = "/actor-runs/" .. id, query = { waitForFinish = 1 } })
    assert.equal(id, polled.id)
    assert.equal(1, #s:log().requests)
  end)

  it("has the patience that it is given", function()
    s:faults { match = {}, action = { hang = true } }
    local _, err = client:with({ max_retries = 0 }):request { path = "/x", stall_timeout = 0.05 }
    assert.equal("not a byte within 0.05 s", err.message)
    _, err = client:with({ max_retries = 0 }):request { path = "/x", query = { waitForFinish = 60 }, stall_timeout = 0.05 }
    assert.equal("not a byte within 0.05 s", err.message)
    assert.is_false(pcall(client.request, client, { path = "/x", stall_timeout = 0 }))
  end)
end)

describe("an error of the API", function()
  local function told(body)
    answer { code = 400, body = body, content_type = JSON }
    local _, err = client:request { path = "/x" }
    return err
  end

  it("has a message whatever the server says as one", function()
    for body, expected in pairs {
      ['{"error":{"message":{"b":[1],"a":"x"}}}'] = '{"a":"x","b":[1]}', ['{"error":{"message":["x"]}}'] = '["x"]',
      ['{"error":{"message":7}}'] = "7", ['{"error":{"message":false}}'] = "false",
      ['{"error":{"message":null}}'] = 'HTTP status 400: {"error":{"message":null}}', ['{"error":"x"}'] = 'HTTP status 400: {"error":"x"}',
    } do assert.equal(expected, told(body).message) end
  end)

  it("has a type that is text, or none", function()
    for body, expected in pairs { ['{"error":{"type":{"a":1}}}'] = '{"a":1}', ['{"error":{"type":7}}'] = "7", ['{"error":{"type":"x"}}'] = "x" } do
      local err = told(body)
      assert.equal(expected, err.type)
      assert.truthy(tostring(err):find("400 " .. expected, 1, true))
    end
    assert.is_nil(told('{"error":{"type":null}}').type)
  end)
end)

describe("the error of an answer that is not a success", function()
  local function told(body, head)
    local xfer = { text = function() return body end, header = function(_, name) return (head or {})[name] end }
    local call = {
      xfer = xfer, settings = { conceal = function(_, value) return value end }, describe = function(_, fields) return errors.new(fields) end,
    }
    return answers.error(call, 503)
  end

  it("is what the API says", function()
    local err = told('{"error":{"type":"busy","message":"come back","data":{"n":1}}}', { ["x-apify-request-id"] = "r", ["retry-after"] = "7" })
    assert.same({ "api", 503, "busy", "come back", true, "r", 7, { n = 1 } }, {
      err.kind, err.status, err.type, err.message, err.sent, err.request_id, err.retry_after, err.data,
    })
  end)

  it("has text where the API gives something else, and the beginning of what is no JSON", function()
    local err = told '{"error":{"type":{"b":1,"a":2},"message":null}}'
    assert.equal('{"a":2,"b":1}', err.type)
    assert.equal('HTTP status 503: {"error":', err.message:sub(1, 26))
    assert.equal("HTTP status 503", told("").message)
    assert.equal("HTTP status 503: " .. ("x"):rep(300), told(("x"):rep(301)).message)
    assert.equal("r", told("", { ["x-request-id"] = "r" }).request_id)
  end)
end)
