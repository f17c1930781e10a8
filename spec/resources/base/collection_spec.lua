--- Lists by offsets: what of a page is shown, and what an iterator asks for.
local apify = require "apify"
local collection = require "apify.resources.base.collection"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"
local testbed = require "spec.support.testbed"

describe("a page", function()
  it("is cut to what was asked for", function()
    assert.same({ items = { 1, 2 }, count = 2 }, collection.cut({ items = { 1, 2, 3 }, count = 3 }, 2))
    assert.same({ items = { 1, 2 }, count = 1 }, collection.cut({ items = { 1, 2, 3 }, count = 1 }, 2))
  end)

  it("stays as it is where it is short enough, or no limit is known", function()
    local page = { items = { 1, 2, 3 }, count = 3 }
    assert.same({ items = { 1, 2, 3 }, count = 3 }, collection.cut(page, 3))
    assert.same({ items = { 1, 2, 3 }, count = 3 }, collection.cut(page))
  end)
end)

describe("a list", function()
  local api = testbed.local_api { count = 30 }
  local List, list = resource.define "List", nil

  before_each(function() list = resource.new(List, apify.new({ base_url = api.url, prefetch = 1 }).settings, "/actor-runs") end)

  local function iterate(o, is_filtered)
    return collection.iterate(list, operations.runs.iterate, o, is_filtered or function() return false end)
  end

  it("gives one page, no longer than asked for, or nil and an error", function()
    local body = '{"data":{"items":[{"id":"a"},{"id":"b"},{"id":"c"}],"count":3}}'
    api:faults { match = { first = 1 }, action = { status = { code = 200, body = body } } }
    local cut = assert(collection.list(list, operations.runs.list, { limit = 2 }))
    assert.same({ { id = "a" }, { id = "b" } }, cut.items)
    assert.equal(4, #assert(collection.list(list, operations.runs.list, { limit = 4 })).items)
    api:faults { action = { status = { code = 404 } } }
    local page, err = collection.list(list, operations.runs.list, {})
    assert.is_nil(page)
    assert.is_true(err.not_found)
  end)

  it("gives all rows in pages of a size, with an overlap that is wider where rows leave it", function()
    local asked
    local function offset_of_second(is_filtered)
      api:log(true)
      assert.equal(25, #assert(iterate({ chunk_size = 20, limit = 25, desc = true, status = "SUCCEEDED" }, function(query)
        asked = query
        return is_filtered
      end):collect()))
      return tonumber(api:log().requests[2].path:match "offset=(%d+)")
    end
    api:admin("reset", { count = 60, statuses = { "SUCCEEDED" } })
    assert.equal(19, offset_of_second(false))
    assert.equal(10, offset_of_second(true))
    assert.same({ { "desc", "1" }, { "status", "SUCCEEDED" } }, asked)
  end)

  it("is not followed backwards, whether the options or the bookmark say so", function()
    local it = iterate { desc = true, chunk_size = 2 }
    assert(it:next())
    local bookmark = it:bookmark()
    it:close()
    for _, o in ipairs { { follow = true, desc = true }, { follow = true, bookmark = bookmark } } do
      local ok, text = pcall(iterate, o)
      assert.is_false(ok)
      assert.truthy(text:find("bad option 'follow' of list:iterate: true", 1, true), text)
    end
  end)
end)
