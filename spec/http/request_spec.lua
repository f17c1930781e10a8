--- Calls against the local API: what a lost answer means, what is final, and options that reach the core.
local apify = require "apify"
local answers = require "apify.http.answers"
local core = require "apify.core"
local request = require "apify.http.request"
local testbed = require "spec.support.testbed"

describe("a call", function()
  local s = testbed.local_api()
  local client

  before_each(function() client = testbed.client(s) end)

  local function run(req, read)
    return request.run(client.settings, req, read or req.method == "DELETE" and answers.acknowledgement or answers.json)
  end

  describe("that deletes", function()
    local path

    before_each(function()
      path = "/datasets/" .. assert(client:request { method = "POST", path = "/datasets" }).id
      s:log(true)
    end)

    it("says that the thing is missing, when no attempt before can have deleted it", function()
      assert.is_true(run { method = "DELETE", path = path })
      local ok, err = run { method = "DELETE", path = path }
      assert.is_nil(ok)
      assert.is_true(err.not_found)
      s:faults { match = { method = "DELETE", first = 1 }, action = { status = { code = 429 } } }
      ok, err = run { method = "DELETE", path = path }
      assert.is_nil(ok)
      assert.same({ true, 2 }, { err.not_found, err.attempts })
    end)

    it("is true when the thing is gone after an attempt whose answer was lost", function()
      for _, action in ipairs { { close_before_answer = {} }, { status = { code = 500 } } } do
        assert.is_nil((run { method = "DELETE", path = "/datasets/nothing" }))
        s:faults { match = { method = "DELETE", first = 1 }, action = action }      -- on a connection that was used before
        local ok, meta = request.run_meta(client.settings, { method = "DELETE", path = "/datasets/nothing" }, answers.acknowledgement)
        assert.is_true(ok)
        assert.equal(404, meta.status)
      end
    end)

    it("is no more true than that for other methods", function()
      s:faults { match = { path = "/datasets", first = 1 }, action = { status = { code = 500 } } }
      local value, err = run { path = "/datasets/nothing" }
      assert.is_nil(value)
      assert.same({ true, 2 }, { err.not_found, err.attempts })
    end)
  end)

  describe("for a user's data", function()
    local req = { path = "/actor-runs/x", is_user_data = true }

    it("takes a whole answer that makes no sense as final", function()
      s:faults { match = { path = "/actor%-runs" }, action = { bad_json = { body = '{"a":' } } }
      local value, err = run(req)
      assert.is_nil(value)
      assert.same({ "decode", 1, false }, { err.kind, err.attempts, err.retryable })
      assert.equal(1, #s:log().requests)
    end)

    for name, action in pairs { ["cut"] = { cut = {} }, ["half gzip"] = { half_gzip = {} }, ["no answer"] = { close_before_answer = {} } } do
      it("asks again for an answer that did not come whole: " .. name, function()
        s:faults(
          { match = { path = "/runs$", first = 1 }, action = action },
          { match = { path = "/runs$" }, action = { bad_json = { body = "[1]" } } })
        local value = assert(run { path = "/acts/janedoe~my-actor/runs", is_user_data = true })
        assert.same({ 1 }, value)
        assert.equal(2, #s:log().requests)
      end)
    end

    it("asks again where it is the API's own", function()
      s:faults { match = { path = "/actor%-runs", first = 1 }, action = { bad_json = { body = '{"a":' } } }
      local value, err = run { path = "/actor-runs/x" }
      assert.is_nil(value)
      assert.same({ 404, 2 }, { err.status, err.attempts })
    end)
  end)

  it("gives a value alone, or with status and headers to who wants them", function()
    local path = "/acts/janedoe~my-actor/runs"
    local function read(call) return call.xfer:status() + 1 end
    assert.same({ 201, n = 1 }, { n = select("#", run({ path = path }, read)), (run({ path = path }, read)) })
    local value, meta = request.run_meta(client.settings, { path = path }, read)
    assert.same({ 201, 200 }, { value, meta.status })
    assert.truthy(meta.headers["content-type"]:find "json")
    value, meta = request.run_meta(client.settings, { path = "/acts/none" }, read)
    assert.is_nil(value)
    assert.is_true(meta.not_found)
  end)

  it("decodes with the decoder that it was given", function()
    s:faults { match = { path = "/actor%-runs" }, action = { bad_json = { body = '{"a":null,"b":1}' } } }
    assert.same({ b = 1 }, (run { path = "/actor-runs/x" }))
    local value = assert(run { path = "/actor-runs/x", decoder = core.decoder { nulls = "keep" } })
    assert.equal(core.null, value.a)
  end)

  it("uses HTTP/1.1 when told to", function()
    client = testbed.client(s, { url = "tls_url" })
    assert(run { path = "/acts/janedoe~my-actor/runs" })
    assert(run { path = "/acts/janedoe~my-actor/runs", http1 = true })
    local protocols = {}
    for i, logged in ipairs(s:log().requests) do protocols[i] = logged.protocol end
    assert.same({ "HTTP/2.0", "HTTP/1.1" }, protocols)
  end)
end)

describe("a request", function()
  local settings = { base = { url = "https://api.test/v2" } }

  it("is told of in errors by its method and the path of its URL", function()
    local err = request.describe(settings, { path = "/x" }, { kind = "io", sent = false })
    assert.is_true(apify.is_error(err))
    assert.same({ "io", false, "GET", "/v2/x" }, { err.kind, err.sent, err.method, err.path })
    assert.equal(err, request.describe(settings, { method = "PUT", path = "/y" }, err))
    assert.same({ "PUT", "/v2/y" }, { err.method, err.path })
  end)

  it("has of another what it does not have itself", function()
    local first = { method = "POST", path = "/x", body = "a" }
    local second = request.with(first, { body = "b", query = {} })
    assert.same({ "POST", "/x", "b", "a" }, { second.method, second.path, second.body, first.body })
    assert.is_nil(first.query)
  end)
end)
