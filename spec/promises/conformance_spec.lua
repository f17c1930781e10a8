--- JSON as JSONTestSuite knows it: `make conformance` prints the figures.
local conformance = require "spec.support.conformance"

describe("the decoder", function()
  it("reads what is JSON and refuses what is not, whole and row by row, wherever it is cut", function()
    local figures, faults = conformance.run()
    assert.same({}, faults)
    assert.same({ cases = figures.y.cases, read = figures.y.cases, refused = 0 }, figures.y)
    assert.same({ cases = figures.n.cases, read = 0, refused = figures.n.cases }, figures.n)
  end)
end)
