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

describe("tables", function()
  it("are added to another one, in the place of what it has", function()
    local into, from = { a = 1, b = 2 }, { b = 3, c = false }
    assert.equal(into, tables.add(into, from))
    assert.same({ { a = 1, b = 3, c = false }, { b = 3, c = false } }, { into, from })
  end)

  it("give their keys, once", function()
    local keys = tables.keys { a = 1, b = false, [3] = 1 }
    table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
    assert.same({ 3, "a", "b" }, keys)
  end)

  it("are called with to the last, whatever is raised meanwhile", function()
    local met = {}
    local function note(item)
      met[#met + 1] = item
      if item > 1 then error(item, 0) end
    end
    assert.same({ 2 }, tables.call_with_each({ 1, 2, 3 }, note))
    assert.same({ 1, 2, 3 }, met)
    assert.is_nil(tables.call_with_each({ 1 }, note))
  end)
end)
