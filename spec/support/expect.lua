--- What specs expect in many places.
local apify = require "apify"
local assert = require "luassert"

local expect = {}

--- The error of a call that must have failed with one of this kind: `expect.failure("network", dataset:get())`.
---@param kind string
---@param value any
---@param err any
---@return apify.Error
function expect.failure(kind, value, err)
  assert.is_nil(value)
  assert.is_true(apify.is_error(err), tostring(err))
  assert.equal(kind, err.kind, tostring(err))
  return err
end

return expect
