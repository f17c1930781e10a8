--- What the handles of an Actor and of a task are: each method goes to its own path and has its own name in messages.
local assert = require "luassert"
local busted = require "busted"
local testbed = require "spec.support.testbed"

local before_each, describe, it = busted.before_each, busted.describe, busted.it

---@class spec.StartHandle
---@field noun string the client's method, and the name in messages
---@field title string
---@field name string of one that the local API has
---@field path string of all of them
---@field other string the noun of those that it is none of

--- The cases of one of them.
---@param kind spec.StartHandle
return function(kind)
  local path = kind.path .. "janedoe~" .. kind.name

  describe(kind.title, function()
    local api = testbed.local_api { count = 3 }
    local client, handle

    before_each(function()
      client = testbed.client(api, { max_retries = 0 })
      handle = client[kind.noun](client, "janedoe/" .. kind.name)
      api:admin("behaviour", { schedule = { { 0, "SUCCEEDED" } } })
      api:log(true)
    end)

    local function asked()
      local list = {}
      for i, request in ipairs(api:log().requests) do list[i] = request.method .. " " .. request.path:match "^[^?]+" end
      return list
    end

    it("tells of itself, or is not found", function()
      assert.equal(kind.name, assert(handle:get()).name)
      assert.is_true(select(2, client[kind.noun](client, "nobody"):get()).not_found)
      assert.same({ "GET " .. path, "GET " .. kind.path .. "nobody" }, asked())
    end)

    it("is run at its own path, in each way", function()
      assert(handle:start())
      assert(select(2, handle:call()) == nil)
      assert(handle:run_sync())
      assert(handle:run_sync_get_dataset_items())
      assert(handle:run_sync_iterate_items():collect())
      assert(handle:run_sync_download_items "csv")
      local posts, expected = {}, {}
      for _, line in ipairs(asked()) do
        if line:find "^POST" then posts[#posts + 1] = line end
      end
      for i, way in ipairs { "/runs", "/runs", "/run-sync", "/run-sync-get-dataset-items", "/run-sync-get-dataset-items",
        "/run-sync-get-dataset-items" } do
        expected[i] = "POST " .. path .. way
      end
      assert.same(expected, posts)
    end)

    it("leads to its runs and its last run", function()
      assert(handle:runs():list())
      assert(handle:last_run({ status = "SUCCEEDED" }):get())
      assert.same({ "GET " .. path .. "/runs", "GET " .. path .. "/runs/last" }, asked())
    end)

    it("has its name in messages", function()
      for _, method in ipairs { "start", "call", "run_sync", "run_sync_get_dataset_items", "run_sync_iterate_items" } do
        local ok, text = pcall(function() handle[method](handle, nil, { memry = 1 }) end)
        assert.is_false(ok)
        assert.truthy(text:find("start_handles.lua:%d+: unknown option 'memry' of " .. kind.noun .. ":" .. method), text)
        assert.is_false(pcall(handle[method], client[kind.other](client, "x")))
      end
      local is_fine, message = pcall(function() handle:run_sync_download_items("csv", nil, nil, { memry = 1 }) end)
      assert.is_false(is_fine)
      assert.matches("'memry' of " .. kind.noun .. ":run_sync_download_items", message, 1, true)
      for _, method in ipairs { "get", "last_run" } do
        local ok, text = pcall(function() handle[method](handle, { memry = 1 }) end)
        assert.is_false(ok)
        assert.truthy(text:find("'memry' of " .. kind.noun .. ":" .. method, 1, true), text)
      end
    end)
  end)
end
