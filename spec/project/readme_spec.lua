--- README.md says what is true: every piece of Lua in it runs, and its tables are complete.
local markdown = require "spec.support.markdown"
local snippets = require "spec.support.snippets"
local testbed = require "spec.support.testbed"

local README = markdown.read "README.md"

-- The names in the first column of the tables below a heading.
local function names_below(heading)
  local names = {}
  local section = README:match("\n## " .. heading .. "\n(.-)\n## ")
  for cell in section:gmatch "\n| ([^|]*) |" do
    for name in cell:gmatch "`([%w_]+)`" do names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

-- What a pattern with one capture finds in a file, sorted.
local function names_in(path, pattern)
  local names = {}
  for name in markdown.read(path):gmatch(pattern) do names[#names + 1] = name end
  table.sort(names)
  return names
end

describe("README.md", function()
  local api = testbed.local_api(false)
  local outputs

  setup(function()
    local seeded = api:admin("reset", { count = 60 })
    api:admin("add_runs", { count = 2, schedule = { { 0, "READY" }, { 3, "SUCCEEDED" } } })
    outputs = {}
    for i, code in ipairs(markdown.snippets(README)) do
      local output, complaints, status = snippets.run(code, api, seeded.last_id)
      outputs[i] = { output = output, complaints = complaints, code = status, snippet = code }
    end
  end)

  it("has pieces of Lua that all run", function()
    assert.is_true(#outputs >= 6)
    for _, ran in ipairs(outputs) do assert.same({ "", 0 }, { ran.complaints, ran.code }, ran.snippet) end
  end)

  it("begins with a program that prints runs", function()
    local lines = 0
    for id, status in outputs[1].output:gmatch "(%w+)\t(%S+)\t%S+\n" do
      assert.equal(17, #id)
      assert.truthy(status == "SUCCEEDED" or status == "FAILED")
      lines = lines + 1
    end
    assert.is_true(lines > 20)
  end)

  it("prints what each piece promises", function()
    local function prints(i, pattern) assert.truthy(outputs[i].output:find(pattern), outputs[i].output) end
    prints(2, "^true\tapi\t404\trecord%-not%-found\tGET /v2/actor%-runs/no%-such%-run: ")
    prints(3, "^%d+\t62\n$")
    prints(4, "^%u[%u-]+\n%w+\tSUCCEEDED\n%w+\tSUCCEEDED\n$")
    prints(5, "SUCCEEDED\t%u[%u-]+\n$")
    prints(6, "^0\t%w+\tprices\n$")
    prints(7, "^Lua\t1993\nLuaJIT\t2005\n$")
    prints(8, "^true\tapplication/json; charset=utf%-8\tfalse\nreadme\t%d+\n$")
    prints(9, "^2\t%w+\tfalse\n$")
    prints(10, "^%d%d%d%d%-%d%d%-%d%dT.* ACTOR: ")
    prints(11, "^3\t%u[%u-]+\n$")
    prints(12, "^%w+\t200\tapplication/json")
  end)

  it("lists every kind of error", function()
    assert.same(names_in("lua/apify/util/errors.lua", "\n%-%-%-| \"([%w_]+)\""), names_below "Returns and errors")
  end)

  it("lists every option", function()
    local rules = markdown.read "lua/apify/http/settings.lua":match "options%.spec (%b{})"
    local names = {}
    for name in rules:gmatch "\n  ([%w_]+) = " do names[#names + 1] = name end
    table.sort(names)
    assert.same(names, names_below "Options of `apify.new`")
  end)

  it("has the defaults of the options", function()
    local defaults = markdown.read "lua/apify/http/settings.lua":match "DEFAULTS = (%b{})"
    local checked = 0
    for name, value in defaults:gmatch "([%w_]+) = ([%d.]+),\n" do
      local shown = README:match("\n| `" .. name .. "` | ([^|]*) |")
      assert.equal(value, shown)
      checked = checked + 1
    end
    assert.is_true(checked >= 6)
  end)
end)
