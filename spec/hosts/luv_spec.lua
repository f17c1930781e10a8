-- runs last
--- The module in programs whose loop is luv's, with the interpreter of the spec.
local program = require "spec.support.program"
local stage = require "spec.hosts.stage"

describe("luv", function()
  local luv = stage.new(function(env) return program.command("spec/hosts/luv.lua", env) end)
  setup(function() luv:open() end)
  teardown(function() luv:close() end)
  before_each(function() luv:reset() end)
  luv:common(it)

  it("keeps its timer on time while a call outside of fibers waits", function()
    luv:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.5 } }
    assert.same({ "SUCCEEDED" }, luv:play_on_time "outside_on_time")
  end)

  it("lets uv.run return when all is done", function()
    assert.same({ "answers 3", "alive false true" }, luv:play "returns")
  end)

  it("blocks in a callback outside of fibers, and is right", function()
    assert.same({ "call SUCCEEDED", "page 2", "fiber SUCCEEDED" }, luv:play "callback")
  end)

  it("goes on with fibers that began before uv.run, each time", function()
    assert.same({ "1 false", "1 true SUCCEEDED", "2 false", "2 true SUCCEEDED" }, luv:play "twice")
  end)

  it("says so when luv is not there", function()
    local told = luv:play "no_luv"
    assert.matches("^line: .*luv", told[1])
    assert.matches("not found", told[1])
    assert.equal("still SUCCEEDED", told[2])
  end)

  it("refuses what is no loop", function()
    local told = luv:play "wrong_use"
    for i, word in ipairs { '"nonsense"', "3", '"usable"', "not Neovim" } do assert.matches("^line: .*" .. word, told[i]) end
    assert.equal("still SUCCEEDED", told[5])
  end)
end)
