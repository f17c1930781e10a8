--- The rows of one answer that cannot be asked for again: with plain values.
local single_plan = require "apify.paging.single_plan"

describe("the plan for a single answer", function()
  local plan, page

  before_each(function()
    plan = single_plan.new()
    page = plan:next_page()
  end)

  it("is one page, asked for once, whatever becomes of it", function()
    assert.same({ page }, plan.pages)
    assert.is_nil(plan:next_page())
    plan:stop()
    assert.same({}, plan.pages)
    assert.is_nil(plan:next_page())
  end)

  it("adds nothing to what is asked for, and asks for no part", function()
    local query = { { "clean", "1" } }
    plan:add_query(page, query)
    assert.same({ { "clean", "1" } }, query)
    assert.is_nil(page.limit)
    plan:shrink(10)
    assert.is_nil(page.limit)
  end)

  it("delivers every row, in order, and counts it", function()
    assert.equal("deliver", plan:take(page, { n = 1 }))
    assert.equal("deliver", plan:take(page, { n = 1 }))
    assert.equal("deliver", plan:take(page, nil))                       -- one that cannot be read
    assert.same({ 3, 3, 3 }, { page.scanned, page.fresh, plan:position() })
  end)

  it("has as many rows as the answer says, and is complete only when that has ended", function()
    plan:note_total(page, 2)
    assert.equal(2, plan.total)
    for _ = 1, 2 do plan:take(page, {}) end
    assert.is_false(plan:is_complete(page))
    assert.is_false(plan.is_ended)
    assert.equal("end", plan:finish(page, {}))
    assert.is_true(plan.is_ended)
    assert.same({}, plan.pages)
  end)

  it("has no place to go on from", function()
    assert.is_true(plan.is_once)
    for _, name in ipairs { "mark", "go_on", "go_back", "reopen" } do assert.is_nil(plan[name], name) end
  end)

  it("calls all rows usual, and has come as far as was read", function()
    assert.is_true(plan:usual())
    page.scanned = 7
    assert.equal(7, plan:position())
    plan:finish(page)
    assert.equal(7, plan:position())
  end)
end)
