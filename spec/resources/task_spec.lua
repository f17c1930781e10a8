--- A task's handle: each method goes to its own path and has its own name in messages. What they do together is in run_start_spec.
local cases_of = require "spec.support.start_handles"

cases_of { noun = "task", title = "a task", name = "my-task", path = "/v2/actor-tasks/", other = "actor" }

local apify = require "apify"
local cjson = require "cjson"
local expect = require "spec.support.expect"
local testbed = require "spec.support.testbed"

local failure = expect.failure

describe("a task of one's own", function()
  local api = testbed.local_api { count = 1 }
  local client, made, task

  before_each(function()
    client = testbed.client(api, { max_retries = 0 })
    api:admin("behaviour", { schedule = { { 0, "SUCCEEDED" } } })
    made = assert(client:tasks():create {
      actId = "janedoe~my-actor", name = "nightly", title = "Each night", options = { memoryMbytes = 512 },
      input = { pages = 20, none = apify.null, list = apify.array {} },
    })
    task = client:task(made)
  end)

  local function refused(status, type, value, err)
    err = failure("api", value, err)
    assert.same({ status, type }, { err.status, err.type })
  end

  local function misuse(call, ...)
    local ok, text = pcall(call)
    assert.is_false(ok)
    assert.truthy(text:find("task_spec.lua:", 1, true), text)
    for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), text) end
  end

  local function input_of(run)
    return api:admin("input_of", { run = assert(run).id }).value
  end

  it("is created, run, changed and deleted", function()
    assert.same({ "nightly", "Each night", 512, 20 }, { made.name, made.title, made.options.memoryMbytes, made.input.pages })
    assert.equal(assert(client:actor("janedoe~my-actor"):get()).id, made.actId)
    assert.same(made, assert(client:task("janedoe/nightly"):get()))
    local run = assert(task:start { pages = 21 })
    assert.same({ 512, { pages = 21, none = cjson.null, list = {} } }, { run.options.memoryMbytes, cjson.decode(input_of(run)) })

    local changed = assert(task:update { title = apify.null, name = "daily", input = { pages = 1 } })
    assert.same({ nil, "daily", { pages = 1 } }, { changed.title, changed.name, changed.input })
    assert.equal('{"pages":1}', input_of(task:start()))
    assert.is_nil(assert(task:update { input = apify.null }).input)
    assert.is_nil(api:admin("input_of", { run = assert(task:start()).id }).value)

    assert.is_true(task:delete())
    assert.is_true(failure("api", task:get()).not_found)
    assert.is_true(failure("api", task:delete()).not_found)
  end)

  it("that cannot be is what the API says of it", function()
    refused(409, "actor-task-name-not-unique", client:tasks():create { actId = "janedoe~my-actor", name = "nightly" })
    refused(404, "actor-not-found", client:tasks():create { actId = "nobody" })
    refused(400, "invalid-input", client:tasks():create { name = "x" })
    refused(409, "actor-task-name-not-unique", task:update { name = "my-task" })
    refused(404, "record-not-found", client:task("nobody"):update { title = "x" })
    misuse(function() client:tasks():create() end, "bad argument 1 of tasks:create: nil")
    misuse(function() task:update {} end, "bad argument 1 of task:update: ")
  end)

  it("takes the marks of lua-cjson in its fields", function()
    local before = package.loaded["cjson.safe"]
    package.loaded["cjson.safe"] = { empty_array = io.stdout }                       -- Debian's has none
    local ok, changed = pcall(task.update, task, { title = cjson.null, input = { list = io.stdout } })
    package.loaded["cjson.safe"] = before
    assert.is_nil(assert(ok and changed, changed).title)
    assert.equal('{"list":[]}', input_of(task:start()))
  end)

  it("has its input read and changed, with nulls and empty lists as they are", function()
    local input = assert(task:get_input())
    assert.same({ 20, apify.null, 0 }, { input.pages, input.none, #input.list })
    assert.same({ pages = 20, list = {} }, assert(task:get_input { nulls = "omit" }))
    local changed = assert(task:update_input { list = input.list, pages = apify.null, more = { 1 } })
    assert.same({ apify.null, apify.null, { 1 } }, { changed.pages, changed.none, changed.more })
    assert.same({ pages = cjson.null, none = cjson.null, list = {}, more = { 1 } }, cjson.decode(input_of(task:start())))
    assert.truthy(input_of(task:start()):find('"list":[]', 1, true))
    assert.is_true(failure("api", client:task("nobody"):get_input()).not_found)
    assert.is_true(failure("api", client:task("nobody"):update_input { a = 1 }).not_found)
    misuse(function() task:update_input() end, "bad argument 1 of task:update_input: nil")
    misuse(function() task:update_input '{"a":1}' end, "bad argument 1 of task:update_input: ")
    misuse(function() task:update_input({ a = print }) end, "bad argument 1 of task:update_input: a")
    misuse(function() task:get_input { nuls = "keep" } end, "unknown option 'nuls' of task:get_input")
  end)

  it("has its input done by the codec of the client", function()
    local seen = {}
    local own = client:with { json = {
      encode = function(value)
        seen[#seen + 1] = "encode"
        return cjson.encode(value)
      end,
      decode = function(text)
        seen[#seen + 1] = "decode"
        return cjson.decode(text)
      end,
    } }:task(made)
    assert.equal(3, assert(own:update_input { pages = 3 }).pages)
    assert.equal(3, assert(own:get_input()).pages)
    assert.same({ "encode", "decode", "decode" }, seen)
  end)

  it("has an input that is not JSON only by mistake", function()
    api:faults { action = { not_json = {} } }
    assert.matches("is not the API's answer", failure("decode", task:get_input()).message)
  end)

  it("is shown to all, and to nobody any more, once it can be", function()
    refused(400, "actor-not-public", task:publish())
    assert(client:actor("janedoe~my-actor"):update { isPublic = true })
    refused(400, "invalid-input", task:publish())
    assert(task:update { publicConfig = { headline = "All prices" } })
    api:log(true)
    assert.is_true(assert(task:publish()).isPublic)
    assert.is_false(assert(task:unpublish()).isPublic)
    assert.equal("All prices", assert(task:get()).publicConfig.headline)
    assert.equal("PUT", api:log().requests[1].method)
    misuse(function() task:publish { public_config = {} } end, "unknown option 'public_config' of task:publish")
  end)
end)
