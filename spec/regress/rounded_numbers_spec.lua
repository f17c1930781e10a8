--- Numbers that were rounded on their way into a query.
local testbed = require "spec.support.testbed"

local api = testbed.local_api()

it("numbers in a query are exact", function()
  api:faults { match = { path = "/x$" }, action = { status = { code = 200, body = "{}" } } }
  testbed.client(api):request { path = "/x", query = { a = 0.1 + 0.2, b = 2 ^ 53 } }
  assert.truthy(api:log().requests[1].path:find("a=0.30000000000000004&b=9007199254740992", 1, true))
end)
