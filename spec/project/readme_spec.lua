--- README.md says what is true: every piece of Lua in it runs, and its tables are complete.
local markdown = require "spec.support.markdown"
local snippets = require "spec.support.snippets"
local testbed = require "spec.support.testbed"

local README = markdown.read "README.md"

local MAX_LINES = 250          -- more than that nobody reads

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

local WAITING = 5                        -- the piece that waits for what has not ended, and so finds something

describe("README.md", function()
  local api = testbed.local_api(false)
  local outputs

  setup(function()
    api:admin("reset", { count = 0 })
    local seeded = api:admin("seed", { actor = "janedoe~shop", count = 60, first_started_at = "2026-01-01T00:00:00.000Z" })
    api:admin("behaviour", { actor = "janedoe~shop", items = 3, schedule = { { 0, "READY" }, { 0.5, "RUNNING" }, { 2, "SUCCEEDED" } } })
    outputs = {}
    for i, code in ipairs(markdown.snippets(README)) do
      if i == WAITING then api:admin("add_runs", { count = 2, schedule = { { 0, "READY" }, { 4, "SUCCEEDED" } } }) end
      local output, complaints, status = snippets.run(code, api, seeded.last_id)
      outputs[i] = { output = output, complaints = complaints, code = status, snippet = code }
    end
  end)

  it("has pieces of Lua that all run", function()
    assert.equal(12, #outputs)
    for _, ran in ipairs(outputs) do assert.same({ "", 0 }, { ran.complaints, ran.code }, ran.snippet) end
  end)

  it("can be read in one sitting", function()
    assert.is_true(select(2, README:gsub("\n", "")) <= MAX_LINES)
  end)

  it("begins with a program of few lines that starts an Actor and prints its items", function()
    assert.truthy(outputs[1].output:find "^%w+\tSUCCEEDED\n0\n1\n2\n$", outputs[1].output)
    assert.is_true(select(2, outputs[1].snippet:gsub("\n", "")) <= 8)
  end)

  it("goes on with a program that prints runs", function()
    local lines = 0
    for id, status in outputs[2].output:gmatch "(%w+)\t(%S+)\t%S+\n" do
      assert.equal(17, #id)
      assert.truthy(status == "SUCCEEDED" or status == "FAILED")
      lines = lines + 1
    end
    assert.is_true(lines > 20)
  end)

  it("prints what each piece promises", function()
    local function prints(i, pattern) assert.truthy(outputs[i].output:find(pattern), i .. ": " .. outputs[i].output) end
    prints(3, "^%w+\n[%w\n]+$")
    prints(4, "^READY\tABORT%u+\n$")
    prints(WAITING, "^%u[%u-]+\n%w+\tSUCCEEDED\n%w+\tSUCCEEDED\n$")
    prints(6, "^Lua\t1993\nLuaJIT\t2005\n$")
    prints(7, "^true\tapplication/json; charset=utf%-8\nreadme\t%d+\n$")
    prints(8, "^2\t%w+\tfalse\n$")
    prints(9, "^%d%d%d%d%-%d%d%-%d%dT.* ACTOR: ")
    prints(10, "^true\tapi\t404\trecord%-not%-found\tGET /v2/actor%-runs/no%-such%-run: ")
    prints(11, "^3\t%u[%u-]+\n$")
    prints(12, "^%w+\t200\n%u[%u-]+\t1\n$")
  end)

  it("lists every kind of error", function()
    assert.same(names_in("lua/apify/util/errors.lua", "\n%-%-%-| \"([%w_]+)\""), names_below "Errors")
  end)

  it("has the defaults of the options that it names", function()
    local named = README:match "The most used: (.-)\n\n"
    local checked = 0
    for name, value in markdown.read "lua/apify/http/settings.lua":match "DEFAULTS = (%b{})":gmatch "([%w_]+) = ([%d.]+),\n" do
      local shown = named:match("`" .. name .. "`%s%((%d+)")
      if shown then
        assert.equal(value, shown)
        checked = checked + 1
      end
    end
    assert.equal(3, checked)
  end)
end)
