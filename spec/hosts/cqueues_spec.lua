-- runs last
--- The module in programs whose loop is that of cqueues, with the interpreter of the spec.
local program = require "spec.support.program"
local stage = require "spec.hosts.stage"

local function command(env) return program.command("spec/hosts/cqueues.lua", env) end

for unit, name in pairs { fiber = "fibers in cqueues", thread = "threads of cqueues" } do
  describe(name, function()
    local cqueues = stage.new(command)
    setup(function() cqueues:open() end)
    teardown(function() cqueues:close() end)
    before_each(function() cqueues:reset() end)
    cqueues:common(it, { UNIT = unit })
  end)
end

describe("cqueues", function()
  local cqueues = stage.new(command)
  setup(function() cqueues:open() end)
  teardown(function() cqueues:close() end)
  before_each(function() cqueues:reset() end)

  it("may have several controllers, and none", function()
    local expected = {}
    for i = 1, 3 do
      for _, where in ipairs { "fiber", "thread", "outside" } do expected[#expected + 1] = ("%d %s SUCCEEDED"):format(i, where) end
    end
    expected[#expected + 1] = "spawned outside SUCCEEDED"
    assert.same(expected, cqueues:play "several")
  end)

  it("may have a controller inside another", function()
    assert.same({ "inner SUCCEEDED", "inner fiber SUCCEEDED", "outer SUCCEEDED 1 true" }, cqueues:play "within")
  end)

  it("may have controllers that take turns", function()
    local both = "SUCCEEDEDSUCCEEDED"
    assert.same({ "2 " .. both .. " " .. both }, cqueues:play "turns")
  end)

  it("is not held up by a controller that was abandoned with work in flight", function()
    cqueues:faults(stage.HANGS, { match = { path = "janedoe~my%-actor" }, action = { delay = 0.5 } })
    assert.same({
      "SUCCEEDED SUCCEEDED", "fiber false 25", "left true 3", "SUCCEEDED SUCCEEDED", "outside SUCCEEDED true 0",
    }, cqueues:play "abandoned")
  end)

  it("lets a fiber wait for what is its own", function()
    assert.same({ "true SUCCEEDED true SUCCEEDED" }, cqueues:play "mixed")
  end)

  it("is blocked where nothing can yield", function()
    local said = "1 SUCCEEDED SUCCEEDED SUCCEEDED"
    assert.same({ said, said }, cqueues:play "below_c")
  end)
end)
