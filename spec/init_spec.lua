--- `require "apify"` where there is no core for this Lua: one sentence that says why and how to get one.
local child = require "spec.support.child"
local shell = require "spec.support.shell"

local IS_JIT = rawget(_G, "jit") ~= nil
local LUA = IS_JIT and "LuaJIT" or "Lua 5.4"
local CURE = "in the folder of lua-apify `make` builds those of Lua 5.4 and LuaJIT, and `eval \"$(make -s env"
  .. (IS_JIT and " LUA=luajit" or "") .. ")\"` makes it known"

describe("the module", function()
  local folder

  before_each(function() folder = shell.run "mktemp -d":match "[^\n]+" end)
  after_each(function() shell.run("rm -rf " .. folder) end)

  -- What `require "apify"` raises when Lua looks for the core in the folder alone.
  local function complaint()
    local code = [[
      local is_loaded, why = pcall(require, "apify")
      io.write(is_loaded and "loaded" or why)]]
    return (child.run(code, { env = { LUA_CPATH = folder .. "/?.so", LUA_PATH = "./lua/?.lua;./lua/?/init.lua" } }))
  end

  local function put_core(text)
    shell.run(("mkdir -p %s/apify"):format(folder))
    shell.write_file(folder .. "/apify/core.so", text)
  end

  it("says that the core is missing", function()
    assert.equal(("apify: there is no core for %s in package.cpath; %s"):format(LUA, CURE), complaint())
  end)

  it("says that the core is of another Lua, and what it misses", function()
    put_core(shell.read_file(IS_JIT and "build/5.4/apify/core.so" or "build/luajit/apify/core.so"))
    local before = ("apify: the core %s/apify/core.so is built for another Lua than %s (undefined symbol: lua"):format(folder, LUA)
    local said = complaint()
    assert.equal(before, said:sub(1, #before))
    assert.equal("); " .. CURE, said:match "%); .*")
  end)

  it("says that the core cannot be loaded, and why", function()
    put_core "no shared object"
    assert.equal(("apify: the core %s/apify/core.so cannot be loaded (file too short); %s"):format(folder, CURE), complaint())
  end)

  it("passes on what a core that was found raises itself", function()
    local code = [[
      package.preload["apify.core"] = function() error("out of luck", 0) end
      io.write(select(2, pcall(require, "apify")))]]
    assert.truthy(child.run(code):find "^out of luck")
  end)
end)
