--- Errors that told too little: of what kind, and of which path.
local testbed = require "spec.support.testbed"

local api = testbed.local_api()

it("an answer that is no object is an error of kind decode", function()
  for _, body in ipairs { "5", '"x"', "null", "false", '{"data":7}' } do
    api:faults { match = { path = "runs" }, action = { status = { code = 200, body = body } } }
    local run, err = testbed.client(api, { max_retries = 0 }):run("x"):get()
    assert.same({ nil, "decode" }, { run, err.kind })
    local page, why = testbed.client(api, { max_retries = 0 }):runs():list()
    assert.same({ nil, "decode" }, { page, why.kind })
  end
end)

it("every error of an iterator names the whole path", function()
  api:faults { match = { path = "runs" }, action = { hang = {} } }
  local _, err = testbed.client(api):runs():iterate({ deadline = 0.1 }):next()
  assert.same({ "timeout", "GET", "/v2/actor-runs" }, { err.kind, err.method, err.path })
end)
