--- A page with more rows than were asked for: `limit` holds all the same.
local testbed = require "spec.support.testbed"

local api = testbed.local_api()

it("limit holds when a page has more rows than were asked for", function()
  local rows = {}
  for i = 1, 30 do rows[i] = ('{"id":"r%02d","startedAt":"2025-01-01T00:00:%02d.000Z"}'):format(i, i) end
  local body = '{"data":{"total":30,"offset":0,"limit":1000,"desc":false,"count":30,"items":[' .. table.concat(rows, ",") .. "]}}"
  api:faults { match = { path = "/runs$" }, action = { status = { code = 200, body = body } } }
  assert.equal(7, #assert(testbed.client(api):actor("x"):runs():iterate({ limit = 7 }):collect()))
end)
