--- Lists of builds: of an Actor, of the account.
local testbed = require "spec.support.testbed"

describe("the builds", function()
  local api = testbed.local_api { count = 0 }
  local client, ids

  before_each(function()
    client = testbed.client(api, { max_retries = 1 })
    ids = api:admin("add_builds", { count = 30, spacing_secs = 60, started_at = "2025-09-01T00:00:00.000Z" }).ids
    api:admin("add_builds", { actor = "janedoe~other", started_at = "2025-10-01T00:00:00.000Z" })
    api:log(true)
  end)

  local function paths()
    local list = {}
    for _, request in ipairs(api:log().requests) do list[#list + 1] = request.path end
    return list
  end

  it("of an Actor are listed, a page at a time", function()
    local page = assert(client:actor("janedoe~my-actor"):builds():list { offset = 1, limit = 2, desc = true })
    assert.same({ 31, 2, ids[29], ids[28] }, { page.total, page.count, page.items[1].id, page.items[2].id })
    assert.same({ "/v2/acts/janedoe~my-actor/builds?offset=1&limit=2&desc=1" }, paths())
  end)

  it("of the account are those of all Actors", function()
    local page = assert(client:builds():list())
    assert.same({ 33, 33 }, { page.total, page.count })
    assert.same({ "/v2/actor-builds" }, paths())
  end)

  it("are walked whole, each once, over a connection that breaks", function()
    api:faults { match = { path = "/builds$", nth = 2, first = 1 }, action = { cut = { after_bytes = 500 } } }
    local seen = {}
    for build in client:actor("janedoe~my-actor"):builds():iterate { offset = 1, chunk_size = 10 } do seen[#seen + 1] = build.id end
    assert.same(ids, seen)
  end)

  it("of no Actor are an error", function()
    local page, err = client:actor("nobody"):builds():list()
    assert.is_nil(page)
    assert.is_true(err.not_found)
    assert.is_true(select(2, client:actor("nobody"):builds():iterate():next()).not_found)
  end)

  it("take options where they list, and only those that there are", function()
    assert.matches("takes no options", select(2, pcall(function() client:builds { limit = 1 } end)))
    assert.matches("takes no options", select(2, pcall(function() client:actor("x"):builds { limit = 1 } end)))
    assert.matches("builds_spec%.lua:%d+: unknown option 'status' of builds:list",
      select(2, pcall(function() client:builds():list { status = "READY" } end)))
    assert.matches("limit", select(2, pcall(function() client:builds():list { limit = 1001 } end)))
  end)
end)
