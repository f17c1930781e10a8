-- runs once
--- docs/operations.md: what it says of each operation is what the local API sees, and no operation is missing.
local markdown = require "spec.support.markdown"
local operations = require "spec.support.operations"
local testbed = require "spec.support.testbed"

local api = testbed.local_api(false)

describe("the table of operations", function()
  local list, page

  setup(function()
    page = markdown.read "docs/operations.md"
    list = operations.parse(page)
    operations.note_all(api, testbed.client(api), list)
  end)

  it("is what sh spec/setup/operations writes", function() assert.equal(operations.page(list), page) end)

  it("has a method for each operation, or a reason", function()
    local missing = {}
    for _, operation in ipairs(list) do
      local is_missing = not operation.ours and operations.reason_of(operation) == "missing"
      if is_missing then missing[#missing + 1] = operation.method .. " " .. operation.path end
    end
    assert.same({}, missing)
  end)

  it("has nothing that the official client has and ours has not", function()
    for _, operation in ipairs(list) do assert.is_true(operation.ours ~= nil or operation.theirs == nil, operation.path) end
  end)
end)
