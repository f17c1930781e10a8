--- An Actor's handle: each method goes to its own path and has its own name in messages. What they do together is in run_start_spec.
local cases_of = require "spec.support.start_handles"

cases_of { noun = "actor", title = "an Actor", name = "my-actor", path = "/v2/acts/", other = "task" }

local apify = require "apify"
local expect = require "spec.support.expect"
local testbed = require "spec.support.testbed"

local failure = expect.failure

describe("an Actor of one's own", function()
  local api = testbed.local_api { count = 1 }
  local client

  before_each(function() client = testbed.client(api, { max_retries = 0 }) end)

  local function misuse(call, ...)
    local ok, text = pcall(call)
    assert.is_false(ok)
    assert.truthy(text:find("actor_spec.lua:", 1, true), text)
    for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), text) end
  end

  it("is created, changed and deleted", function()
    local made = assert(client:actors():create {
      name = "shop", title = "The shop", isPublic = true, defaultRunOptions = { memoryMbytes = 256, timeoutSecs = 60, build = "latest" },
      versions = { { versionNumber = "0.1", sourceType = "GIT_REPO", gitRepoUrl = "https://example.com/shop.git" } },
    })
    assert.same({ "shop", "The shop", true, "0.1" }, { made.name, made.title, made.isPublic, made.versions[1].versionNumber })
    local actor = client:actor(made)
    assert.same(made, assert(actor:get()))
    assert.equal(made.id, assert(client:actor("janedoe/shop"):get()).id)
    assert.same({ 256, 60 }, { assert(actor:start()).options.memoryMbytes, client:actor(made):last_run():get().options.timeoutSecs })

    local changed = assert(actor:update { title = apify.null, name = "store", categories = { "ECOMMERCE" } })
    assert.same({ nil, "store", "ECOMMERCE" }, { changed.title, changed.name, changed.categories[1] })
    assert.equal(apify.null, assert(actor:update({ isPublic = false }, { nulls = "keep" })).title)
    assert.is_true(failure("api", client:actor("janedoe/shop"):get()).not_found)
    for row in client:actors():iterate { nulls = "keep" } do assert.is_true(row.title ~= apify.null) end     -- as in the API's description

    assert.is_true(actor:delete())
    assert.is_true(failure("api", actor:get()).not_found)
    assert.is_true(failure("api", actor:delete()).not_found)
    for row in client:actors():iterate() do assert.not_equal(made.id, row.id) end
  end)

  it("that cannot be is what the API says of it, and a lost answer is not asked for again", function()
    local function refused(status, type, value, err)
      err = failure("api", value, err)
      assert.same({ status, type }, { err.status, err.type })
    end
    refused(400, "actor-name-not-unique", client:actors():create { name = "my-actor" })
    refused(400, "invalid-input", client:actors():create { name = "not a name" })
    refused(400, "invalid-input", client:actor("janedoe~my-actor"):update { isPublic = apify.null })
    refused(404, "record-not-found", client:actor("nobody"):update { title = "x" })
    refused(401, "token-not-valid", client:with({ token = "apify_api_invalid" }):actor("janedoe~my-actor"):delete())
    api:faults { match = { method = "POST" }, action = { close_before_answer = { act = true } } }
    local err = failure("network", client:with({ max_retries = 3 }):actors():create { name = "once" })
    assert.same({ true, 1 }, { err.sent, err.attempts })
    assert.equal("once", assert(client:actor("janedoe~once"):get()).name)
  end)

  it("is created of fields, and nothing is sent for what is none", function()
    local actor = client:actor "janedoe~my-actor"
    api:log(true)
    for _, bad in ipairs { "x", 5, {}, { { name = "x" } } } do
      misuse(function() client:actors():create(bad) end, "bad argument 1 of actors:create: ")
      misuse(function() actor:update(bad) end, "bad argument 1 of actor:update: ")
    end
    misuse(function() actor:update({ title = "x" }, { titel = 1 }) end, "unknown option 'titel' of actor:update")
    misuse(function() actor:update { seoTitle = print } end, "bad argument 1 of actor:update: seoTitle")
    misuse(function() actor.delete(client) end, "delete is a method")
    assert.same({}, api:log().requests)
  end)

  describe("tells of an input whether it fits", function()
    local actor
    local SCHEMA = { required = { "url" }, properties = { url = { type = "string" }, pages = { type = "integer" }, kind = { enum = { "a", "b" } } } }

    before_each(function()
      api:admin("input_schema", { schema = SCHEMA })
      actor = client:actor "janedoe~my-actor"
    end)

    it("the schema of its build", function()
      api:log(true)
      assert.is_true(actor:validate_input { url = "https://lua.org", pages = 2, other = apify.null })
      assert.is_true(actor:validate_input('{"url":"x"}', { build = "0.1.2" }))
      assert.equal("/v2/acts/janedoe~my-actor/validate-input?build=0.1.2", api:log().requests[2].path)
      for text, input in pairs { ["input.url is required"] = {}, ["input.pages must be integer"] = { url = "x", pages = 1.5 },
        ["input.kind must be one of"] = { url = "x", kind = "c" } } do
        local is_valid, err = actor:validate_input(input)
        assert.is_false(is_valid)
        assert.same({ "api", 400, "invalid-input" }, { err.kind, err.status, err.type })
        assert.truthy(err.message:find(text, 1, true), err.message)
      end
      assert.is_false((actor:validate_input("text", { content_type = "text/plain" })))
    end)

    it("the schema in the source of a version", function()
      local made = assert(client:actors():create { versions = { {
        versionNumber = "0.1", sourceType = "SOURCE_FILES",
        sourceFiles = { { name = ".actor/INPUT_SCHEMA.json", format = "TEXT", content = '{"required":["a"]}' } },
      } } })
      assert.is_true(client:actor(made):validate_input { a = 1 })
      assert.is_false((client:actor(made):validate_input { b = 1 }))
    end)

    it("or fails, when that cannot be told", function()
      assert.is_true(failure("api", client:actor("nobody"):validate_input {}).not_found)
      assert.equal("unknown-build-tag", failure("api", actor:validate_input({}, { build = "unknown-build" })).type)
      assert.equal(401, failure("api", client:with({ token = "apify_api_invalid" }):actor("janedoe~my-actor"):validate_input {}).status)
      for _, body in ipairs { "[]", "{}", '{"data":{"valid":true}}', '{"valid":1}' } do
        api:faults { action = { status = { code = 200, body = body, content_type = "application/json" } } }
        assert.matches("the answer is not a verdict on an input: its? [hvi]", failure("decode", actor:validate_input {}).message)
      end
      api:faults()
      misuse(function() actor:validate_input() end, "bad argument 1 of actor:validate_input: nil")
      misuse(function() actor:validate_input("{") end, "bad argument 1 of actor:validate_input: a string that is not JSON")
      misuse(function() actor:validate_input({}, { buidl = "x" }) end, "did you mean 'build'")
    end)

    it("again when the answer was lost", function()
      api:faults { match = { path = "validate", first = 1 }, action = { close_before_answer = { act = true } } }
      assert.is_true(client:with({ max_retries = 1 }):actor("janedoe~my-actor"):validate_input { url = "x" })
    end)
  end)
end)
