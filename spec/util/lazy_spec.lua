--- Modules that are loaded when they are needed.
local lazy = require "apify.util.lazy"
local program = require "spec.support.program"

describe("a lazy module", function()
  local NAME = "apify.spec_of_lazy"

  after_each(function()
    package.preload[NAME], package.preload[NAME .. "_inside"] = nil, nil
    package.loaded[NAME], package.loaded[NAME .. "_inside"] = nil, nil
  end)

  it("is loaded when something of it is asked for, once", function()
    local count = 0
    package.preload[NAME] = function()
      count = count + 1
      return { answer = 42 }
    end
    local module = lazy.module(NAME)
    assert.equal(0, count)
    assert.equal(42, module.answer)
    assert.is_nil(module.question)
    assert.equal(42, lazy.module(NAME).answer)
    assert.equal(1, count)
  end)

  it("can be loaded after all when its load, or that of one that it needs, was broken off", function()
    local is_broken = true
    package.preload[NAME] = function() return { inside = require(NAME .. "_inside") } end
    package.preload[NAME .. "_inside"] = function()
      if is_broken then error { text = "interrupted" } end
      return "whole"
    end
    local module = lazy.module(NAME)
    local ok, why = pcall(function() return module.inside end)
    assert.same({ false, "interrupted" }, { ok, why.text })
    is_broken = false
    assert.equal("whole", module.inside)
  end)

  it("is what a client has of all that its program does not use, and can be loaded before", function()
    local text = program.run_code [[
      local apify = require "apify"
      local client = apify.new { token = "apify_api_test" }
      local function count()
        local n = 0
        for name in pairs(package.loaded) do n = n + (name:find "^apify%.resources%." and 1 or 0) end
        return n
      end
      local function is_loaded(noun) return package.loaded["apify.resources." .. noun] ~= nil end
      print(is_loaded "dataset")
      client:dataset "some"
      print(is_loaded "dataset", is_loaded "webhook")
      apify.preload()
      local all = count()
      print(is_loaded "webhook", is_loaded "request_queue_batch_send")
      package.path = ""
      assert(client:request_queue "some" and client:actor "some":webhooks() and client:run "some":log())
      apify.preload()
      print(count() == all)
    ]]
    assert.equal("false true false true true true", (text:gsub("%s+", " "):gsub(" $", "")))
  end)

  it("can be loaded ahead again when that was broken off", function()
    local is_broken = true
    package.preload[NAME] = function()
      if is_broken then error "no" end
      return {}
    end
    lazy.module(NAME)
    assert.is_false((pcall(lazy.load_all)))
    assert.is_nil(package.loaded[NAME])
    is_broken = false
    lazy.load_all()
    assert.is_table(package.loaded[NAME])
  end)
end)
