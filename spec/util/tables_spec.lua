local tables = require "apify.util.tables"

describe("merged tables", function()
  it("have what each has, the later one's where two have the same", function()
    assert.same({ a = 1, b = 3, c = false }, tables.merge({ a = 1, b = 2 }, { b = 3 }, { c = false }))
    assert.same({ 4, 2 }, tables.merge({ 1, 2 }, { 4 }))
  end)

  it("are a new table, and leave the others as they are", function()
    local first, second = { a = 1 }, { a = 2 }
    assert.not_equal(first, tables.merge(first))
    tables.merge(first, second).b = 1
    assert.same({ { a = 1 }, { a = 2 } }, { first, second })
  end)

  it("need not be there, the last ones", function()
    assert.same({ a = 1 }, tables.merge({ a = 1 }, nil))
    assert.same({}, tables.merge())
  end)
end)
