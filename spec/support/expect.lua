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

--- The text of wrong use that a function of one line must raise at that line; these parts are in it.
---@param call function
---@param ... string
---@return string
function expect.misuse(call, ...)
  local info = debug.getinfo(call, "S")
  local ok, text = pcall(call)
  assert.is_false(ok)
  local line = ("%s:%d: "):format(info.short_src:match "[^/]+$", info.linedefined)
  for _, part in ipairs { line, ... } do assert.truthy(tostring(text):find(part, 1, true), text) end
  return text
end

return expect
