--- The lists of what the account has, against the local API.
local apify = require "apify"
local testbed = require "spec.support.testbed"

describe("the account's", function()
  local api = testbed.local_api()
  local client

  before_each(function() client = testbed.client(api) end)

  local function misuse(call, ...)
    local ok, text = pcall(call)
    assert.is_false(ok)
    assert.truthy(text:find("account_spec.lua:", 1, true), text)
    for _, part in ipairs { ... } do assert.truthy(text:find(part, 1, true), text) end
  end

  before_each(function()
    for i = 1, 25 do api:admin("seed", { actor = "janedoe~actor-" .. i, task = "janedoe~task-" .. i, count = 1, without_task_every = 0 }) end
    api:admin("seed", { actor = "somebody~theirs", task = false, count = 0 })
  end)

  local function names(rows)
    local list = {}
    for i, row in ipairs(rows) do list[i] = row.name end
    return list
  end

  local function reversed(list)
    local result = {}
    for i = #list, 1, -1 do result[#result + 1] = list[i] end
    return result
  end

  for noun, extra in pairs { actors = "theirs", tasks = false } do
    it(noun .. " come as a page and one by one, newest first if told so", function()
      local collection = client[noun](client)
      local page = assert(collection:list { limit = 1000 })
      local all = names(page.items)
      assert.same({ page.total, page.count, 0 }, { #all, #all, page.offset })
      assert.is_true(#all >= 25)
      if extra then assert.equal(extra, all[#all]) end
      assert.same({ all[3], all[4] }, names(assert(collection:list { offset = 2, limit = 2 }).items))
      assert.same(all, names(assert(collection:iterate { chunk_size = 4 }:collect())))
      assert.same(reversed(all), names(assert(collection:iterate { desc = true, chunk_size = 10 }:collect())))
      assert.equal(7, #assert(collection:iterate { limit = 7, pick = { "id" } }:collect()))
    end)
  end

  it("own Actors are told from others", function()
    for row in client:actors():iterate { my = true, chunk_size = 10 } do assert.equal("janedoe", row.username) end
    assert.equal(assert(client:actors():list()).total - 1, assert(client:actors():list { my = true }).total)
    assert.equal("theirs", assert(client:actors():list { sort_by = "stats.lastRunStartedAt" }).items[1].name)
  end)

  it("lists refuse what they do not know", function()
    misuse(function() client:tasks():list { my = true } end, "my")
    misuse(function() client:actors():list { limit = 1001 } end, "'limit'", "1001")
    misuse(function() client:actors():iterate { sort_by = "created_at" } end, "'sort_by'", '"created_at"', '"createdAt"')
  end)

  for noun, path in pairs { datasets = "/v2/datasets", key_value_stores = "/v2/key-value-stores", request_queues = "/v2/request-queues" } do
    it(noun .. " are at their path, and told apart from others in messages", function()
      local made = assert(client[noun](client):get_or_create "mine")
      assert.equal(made.id, assert(client[noun](client):list { limit = 1, unnamed = true, desc = true }).items[1].id)
      local ids = {}
      for row in client[noun](client):iterate { chunk_size = 1, ownership = "ownedByMe" } do ids[row.id] = true end
      assert.is_true(ids[made.id])
      for _, request in ipairs(api:log().requests) do assert.equal(path, request.path:match "^[^?]+") end
      misuse(function() client[noun](client):get_or_create "" end, "bad argument 1 of " .. noun .. ":get_or_create")
      misuse(function() client[noun](client):list { my = true } end, "unknown option 'my' of " .. noun .. ":list")
    end)
  end

  for _, noun in ipairs { "datasets", "key_value_stores" } do
    it(noun .. " are made with a schema, which one that is there keeps", function()
      local schema = { actorSpecification = 1, fields = { type = "object" }, views = apify.array {} }
      local made = assert(client[noun](client):get_or_create("with-schema", { schema = schema }))
      assert.same({ 1, "object" }, { made.schema.actorSpecification, made.schema.fields.type })
      local again = assert(client[noun](client):get_or_create("with-schema", { schema = { actorSpecification = 2 } }))
      assert.same({ made.id, 1 }, { again.id, again.schema.actorSpecification })
      assert.is_nil(assert(client[noun](client):get_or_create "without").schema)
      assert.same({ "api", 400 }, (function(_, err) return { err.kind, err.status } end)(client[noun](client):get_or_create("x", { schema = { 1 } })))
    end)
  end

  it("queues have no schema", function()
    misuse(function() client:request_queues():get_or_create("q", { schema = { a = 1 } }) end, "schema")
    misuse(function() client:datasets():get_or_create("d", { schema = "{}" }) end, "'schema'")
    misuse(function() client:datasets():get_or_create("d", { schema = { f = print } }) end, "schema.f")
  end)
end)
