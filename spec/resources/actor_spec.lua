--- An Actor's handle: each method goes to its own path and has its own name in messages. What they do together is in run_start_spec.
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"

describe("an Actor", function()
  local api = testbed.local_api { count = 3 }
  local client, actor

  before_each(function()
    client = testbed.client(api, { max_retries = 0 })
    actor = client:actor "janedoe/my-actor"
    api:admin("behaviour", { schedule = { { 0, "SUCCEEDED" } } })
    api:log(true)
  end)

  local function asked()
    local list = {}
    for i, request in ipairs(api:log().requests) do list[i] = request.method .. " " .. request.path:match "^[^?]+" end
    return list
  end

  it("tells of itself, or is not found", function()
    assert.equal("my-actor", assert(actor:get()).name)
    assert.is_true(select(2, client:actor "nobody":get()).not_found)
    assert.same({ "GET /v2/acts/" .. ACTOR, "GET /v2/acts/nobody" }, asked())
  end)

  it("is run at its own path, in each way", function()
    assert(actor:start())
    assert(select(2, actor:call()) == nil)
    assert(actor:run_sync())
    assert(actor:run_sync_get_dataset_items())
    assert(actor:run_sync_iterate_items():collect())
    local posts, expected = {}, {}
    for _, line in ipairs(asked()) do
      if line:find "^POST" then posts[#posts + 1] = line end
    end
    for i, path in ipairs { "/runs", "/runs", "/run-sync", "/run-sync-get-dataset-items", "/run-sync-get-dataset-items" } do
      expected[i] = "POST /v2/acts/" .. ACTOR .. path
    end
    assert.same(expected, posts)
  end)

  it("leads to its runs and its last run", function()
    assert(actor:runs():list())
    assert(actor:last_run({ status = "SUCCEEDED" }):get())
    assert.same({ "GET /v2/acts/" .. ACTOR .. "/runs", "GET /v2/acts/" .. ACTOR .. "/runs/last" }, asked())
  end)

  it("has its name in messages", function()
    for _, method in ipairs { "start", "call", "run_sync", "run_sync_get_dataset_items", "run_sync_iterate_items" } do
      local ok, text = pcall(function() actor[method](actor, nil, { memry = 1 }) end)
      assert.is_false(ok)
      assert.truthy(text:find("actor_spec.lua:%d+: unknown option 'memry' of actor:" .. method), text)
      assert.is_false(pcall(actor[method], client:task "x"))
    end
    for _, method in ipairs { "get", "last_run" } do
      local ok, text = pcall(function() actor[method](actor, { memry = 1 }) end)
      assert.is_false(ok)
      assert.truthy(text:find("'memry' of actor:" .. method, 1, true), text)
    end
  end)
end)
