--- The version is written once, and said wherever it is asked for.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local version = require "apify.version"

local api = testbed.local_api()

it("the version is three numbers", function()
  assert.truthy(version:find "^%d+%.%d+%.%d+$")
end)

it("the module and the requests say the version", function()
  assert.equal(version, apify._VERSION)
  assert(testbed.client(api):runs():list())
  assert.truthy(api:log().requests[1].headers["user-agent"]:find("^ApifyClient/" .. version:gsub("%.", "%%.") .. " "))
end)
