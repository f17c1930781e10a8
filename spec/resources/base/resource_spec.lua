--- What all handles share: requests by values, and the run that "the last run" is.
local core = require "apify.core"
local operation = require "apify.resources.base.operation"
local resource = require "apify.resources.base.resource"
local testbed = require "spec.support.testbed"

local Thing = resource.define "Thing"
local ACTOR = "janedoe~my-actor"

local OPERATION = {
  method = "PUT", path = "/keys/{}", media = "json",
  query = function(o) return { { "limit", tostring(o.limit) } } end,
}

local function misuse(call, ...)
  local ok, text = pcall(call)
  assert.is_false(ok)
  for _, part in ipairs { "resource_spec.lua:", ... } do assert.truthy(text:find(part, 1, true), text) end
end

describe("a handle", function()
  it("shows its class and path, and keeps its id", function()
    local thing = resource.new(Thing, {}, "/things/a", "a")
    assert.same({ "apify.Thing: /things/a", "a" }, { tostring(thing), thing.id })
  end)

  it("complains of a dot, and of options that would be lost", function()
    function Thing:sum(a, b) return self.id, a + b end
    local thing = resource.new(Thing, {}, "/x", "x")
    assert.same({ "x", 3 }, { thing:sum(1, 2) })
    misuse(function() thing.sum(1, 2) end, "thing:sum is a method: call it with a colon")
    misuse(function() thing.sum(resource.new(resource.define "Other", {}, "/x"), 1, 2) end, "colon")
    assert.equal("/x/parts", resource.list(Thing, thing, "/parts", "parts").path)
    misuse(function() resource.list(Thing, thing, "/parts", "parts", nil) end, "thing:parts takes no options")
  end)

  it("takes the text of an id from a table too", function()
    assert.same({ "a", "b" }, { resource.id_text "a", resource.id_text { id = "b" } })
    assert.equal("/actor-runs/b", resource.run_path { id = "b" })
  end)
end)

describe("a request", function()
  local function request_of(mount, op, o, ...)
    local thing = resource.new(Thing, {}, "/things/a", nil, mount)
    thing.client_key = "me"
    return resource.request(thing, op, o, ...)
  end

  it("has the method, the whole path, and the limits of the options", function()
    local req = request_of(nil, OPERATION, { limit = 5, nulls = "keep", request_timeout = 7 }, "50%25")
    assert.same({
      method = "PUT", path = "/things/a/keys/50%25", query = { { "limit", "5" } }, nulls = "keep", request_timeout = 7, media = "json",
    }, req)
  end)

  it("begins its query with what belongs to the path, and ends it with the owner of locks where that is wanted", function()
    local mount = { query = { { "status", "READY" } }, run_path = "/things", is_last = true }
    local locking = { method = "GET", path = "", query = OPERATION.query, takes_client_key = true }
    assert.same({ { "status", "READY" }, { "limit", "5" }, { "clientKey", "me" } }, request_of(mount, locking, { limit = 5 }).query)
    assert.same({ { "status", "READY" } }, mount.query)
  end)

  it("takes fields beside, which win", function()
    local req = request_of(nil, OPERATION, { limit = 5, nulls = "keep" }, "k", { nulls = "omit", body = "b" })
    assert.same({ "omit", "b" }, { req.nulls, req.body })
  end)

  it("with a body of options is JSON in the order of names, and misuse where it cannot be", function()
    local fields = resource.json_fields({ b = 1, a = "x" }, "thing:update")
    assert.same({ '{"a":"x","b":1}', "Content-Type: application/json; charset=utf-8" }, { fields.body, fields.headers[1] })
    misuse(function() resource.json_fields({ a = "\255" }, "thing:update") end, "bad options of thing:update: ")
  end)
end)

describe("a method", function()
  local api = testbed.local_api { count = 1, settings = { journal_bodies = true } }
  local NamedThing = resource.define "NamedThing"
  local GET, POST = operation.new("GET", "", "page"), operation.new("POST", "", "object", { { "name", "name", operation.text } })
  local thing

  before_each(function() thing = resource.new(NamedThing, testbed.client(api, { max_retries = 0 }).settings, "/datasets") end)

  it("checks its options by the noun of the class", function()
    assert.equal(0, assert(resource.perform(thing, "list", GET, { request_timeout = 9 })).count)
    misuse(function() resource.perform(thing, "list", GET, { naem = 1 }) end, "unknown option 'naem' of named_thing:list")
  end)

  it("sends a table of the API's fields as it is, compressed where that is smaller", function()
    local made = assert(resource.send(thing, "create", POST, { b = core.null, a = ("x"):rep(2000) }, { name = "n" }))
    assert.equal("n", made.name)
    local sent = api:log().requests
    assert.equal('{"a":"' .. ("x"):rep(2000) .. '","b":null}', sent[#sent].body)
    assert.equal("gzip", sent[#sent].headers["content-encoding"])
  end)

  it("refuses what is no such table before anything is sent", function()
    api:log(true)
    for _, object in ipairs { {}, { 1 }, "text", false } do
      misuse(function() resource.send(thing, "create", POST, object) end, "bad argument 1 of named_thing:create")
    end
    misuse(function() resource.send(thing, "create", POST, { a = "\255" }) end, "bad argument 1 of named_thing:create")
    assert.equal(0, #api:log().requests)
  end)
end)

describe("below a last run", function()
  local api = testbed.local_api { count = 3, statuses = { "SUCCEEDED", "FAILED" } }
  local client

  before_each(function() client = testbed.client(api, { max_retries = 0 }) end)

  local function parts_of_last(status)
    local path = "/acts/" .. ACTOR .. "/runs/last"
    local mount = { query = { { "status", status } }, run_path = path, is_last = true }
    return resource.new(Thing, client.settings, path .. "/parts", nil, mount)
  end

  it("a handle is resolved to the run that is last now", function()
    local ids = api:admin("ids", { actor = ACTOR, status = "FAILED" }).ids
    local last = parts_of_last "FAILED"
    local resolved = assert(resource.resolve(last))
    assert.equal("/actor-runs/" .. ids[#ids] .. "/parts", resolved.path)
    assert.same({ query = {}, run_path = "/actor-runs/" .. ids[#ids] }, resolved.mount)
    assert.equal("/acts/" .. ACTOR .. "/runs/last/parts", last.path)
    api:log(true)
    assert.equal(resolved, resource.resolve(resolved))
    assert.equal(0, #api:log().requests)
  end)

  it("a request of several calls is found out when it is wanted, and known at once elsewhere", function()
    local find = resource.resolvable(parts_of_last "SUCCEEDED", OPERATION, { limit = 1 })
    assert.equal(0, #api:log().requests)
    local ids = api:admin("ids", { actor = ACTOR, status = "SUCCEEDED" }).ids
    assert.equal("/actor-runs/" .. ids[#ids] .. "/parts/keys/{}", (find().path:gsub("/[^/]*$", "/{}")))
    local fixed = resource.new(Thing, client.settings, "/things/a")
    assert.same(resource.request(fixed, OPERATION, { limit = 1 }, nil), resource.resolvable(fixed, OPERATION, { limit = 1 }))
    assert.is_nil(resource.resolver(fixed, print))
  end)

  it("there may be none: nil and an error", function()
    local resolved, err = resource.resolve(parts_of_last "ABORTED")
    assert.is_nil(resolved)
    assert.is_true(err.not_found)
    assert.same({ nil, err.message }, { (function() local _, e = resource.resolver(parts_of_last "ABORTED", print)() return nil, e.message end)() })
  end)
end)
