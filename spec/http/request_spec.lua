--- Calls against the local API: what a lost answer means, what is final, and options that reach the core.
local answers = require "apify.http.answers"
local core = require "apify.core"
local request = require "apify.http.request"
local testbed = require "spec.support.testbed"

describe("a call", function()
  local s = testbed.local_api()
  local client

  before_each(function() client = testbed.client(s) end)

  local function run(op, read)
    return request.run(client.settings, op, read or op.method == "DELETE" and answers.acknowledgement or answers.json)
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
    local op = { path = "/actor-runs/x", is_user_data = true }

    it("takes a whole answer that makes no sense as final", function()
      s:faults { match = { path = "/actor%-runs" }, action = { bad_json = { body = '{"a":' } } }
      local value, err = run(op)
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
