--- The versions of an Actor and their environment variables, against the local API.
local apify = require "apify"
local expect = require "spec.support.expect"
local testbed = require "spec.support.testbed"

local failure = expect.failure

describe("an Actor's version", function()
  local api = testbed.local_api { count = 0 }
  local client, actor

  before_each(function()
    client = testbed.client(api, { max_retries = 0 })
    actor = client:actor "janedoe~my-actor"
  end)

  local function refused(status, type, value, err)
    err = failure("api", value, err)
    assert.same({ status, type }, { err.status, err.type })
    return err
  end

  local function misuse(call, ...)
    local ok, text = pcall(call)
    assert.is_false(ok)
    assert.truthy(text:find("actor_version_spec.lua:", 1, true), text)
    for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), text) end
  end

  it("is created, listed, read, changed and deleted", function()
    local made = assert(actor:versions():create {
      versionNumber = "0.2", sourceType = "SOURCE_FILES", buildTag = "beta",
      sourceFiles = { { name = "main.lua", format = "TEXT", content = 'print "hello"' } }, envVars = { { name = "A", value = "1" } },
    })
    assert.same({ "0.2", "beta", "main.lua", "A" }, { made.versionNumber, made.buildTag, made.sourceFiles[1].name, made.envVars[1].name })
    local page = assert(actor:versions():list())
    assert.same({ 2, "0.1", "0.2" }, { page.total, page.items[1].versionNumber, page.items[2].versionNumber })
    assert.equal(2, #assert(actor:get()).versions)

    local version = actor:version "0.2"
    assert.same(made, assert(version:get()))
    assert.equal("0.2", version.id)
    local changed = assert(version:update { buildTag = apify.null, sourceFiles = apify.array {} })
    assert.same({ nil, 0, "A" }, { changed.buildTag, #changed.sourceFiles, changed.envVars[1].name })
    assert.equal(apify.null, assert(version:get { nulls = "keep" }).buildTag)

    assert.is_true(version:delete())
    assert.is_true(failure("api", version:get()).not_found)
    assert.is_true(failure("api", version:delete()).not_found)
    assert.is_true(failure("api", version:update { buildTag = "x" }).not_found)
  end)

  it("that cannot be is what the API says of it", function()
    refused(400, "version-already-exists", actor:versions():create { versionNumber = "0.1", sourceType = "GIT_REPO" })
    refused(400, "invalid-input", actor:versions():create { versionNumber = "1.100", sourceType = "GIT_REPO" })
    refused(400, "invalid-input", actor:version("0.1"):update { sourceType = "FLOPPY" })
    refused(404, "record-not-found", client:actor("nobody"):versions():list())
    refused(404, "record-not-found", client:actor("nobody"):versions():create { versionNumber = "0.1" })
  end)

  it("has a number of two numbers, as a string", function()
    api:log(true)
    for _, number in ipairs { "1", "1.2.3", "latest", "1.", "", 0.1, {} } do
      misuse(function() actor:version(number) end, "bad version: ")
    end
    misuse(function() actor:version() end, "bad version: nil")
    misuse(function() actor:versions { limit = 1 } end, "actor:versions takes no options")
    misuse(function() actor:versions():create() end, "bad argument 1 of versions:create: nil")
    misuse(function() actor:version("0.1"):update({ buildTag = "x" }, { nuls = "keep" }) end, "unknown option 'nuls' of version:update")
    assert.same({}, api:log().requests)
  end)

  it("has environment variables, whose values are not told when they are secret", function()
    local version = actor:version "0.1"
    assert.same({}, assert(version:env_vars():list()).items)
    assert.same({ name = "SHOP", value = "lua", isSecret = false }, assert(version:env_vars():create { name = "SHOP", value = "lua" }))
    assert.same({ name = "KEY", isSecret = true }, assert(version:env_vars():create { name = "KEY", value = "x", isSecret = true }))
    local page = assert(version:env_vars():list())
    assert.same({ 2, "SHOP", "KEY" }, { page.total, page.items[1].name, page.items[2].name })
    assert.same({ name = "KEY", isSecret = true }, version:get().envVars[2])

    local var = version:env_var "SHOP"
    assert.equal("SHOP", var.id)
    assert.equal("luajit", assert(var:update { name = "SHOP", value = "luajit" }).value)
    assert.equal("luajit", assert(var:get()).value)
    assert.is_nil(assert(var:update { name = "SHOP", value = "luajit", isSecret = true }).value)
    assert.is_true(var:delete())
    assert.is_true(failure("api", var:get()).not_found)
    assert.is_true(failure("api", var:delete()).not_found)
    assert.is_true(failure("api", var:update { name = "SHOP", value = "x" }).not_found)
    assert.equal(1, assert(version:env_vars():list()).total)
  end)

  it("has environment variables at paths that are theirs, whatever their names", function()
    api:log(true)
    failure("api", actor:version("0.1"):env_var("a/b"):get())
    assert.equal("/v2/acts/janedoe~my-actor/versions/0.1/env-vars/a%2Fb", api:log().requests[1].path)
    misuse(function() actor:version("0.1"):env_var "" end, "bad name of an environment variable")
    misuse(function() actor:version("0.1"):env_vars {} end, "version:env_vars takes no options")
    misuse(function() actor:version("0.1"):env_vars():create { "SHOP" } end, "bad argument 1 of env_vars:create")
  end)

  it("has no environment variable that the API refuses", function()
    local vars = actor:version("0.1"):env_vars()
    assert(vars:create { name = "SHOP", value = "lua" })
    refused(400, "env-var-already-exists", vars:create { name = "SHOP", value = "lua" })
    refused(400, "cannot-rename-env-var", actor:version("0.1"):env_var("SHOP"):update { name = "OTHER", value = "lua" })
    refused(400, "invalid-input", vars:create { name = "EMPTY" })
    failure("api", actor:version("9.9"):env_vars():list())
  end)
end)
