-- runs once
--- The picture of the demo: what a terminal showed, as an SVG, by spec/setup/picture.lua.
local program = require "spec.support.program"
local shell = require "spec.support.shell"

-- What the program draws of a session.
local function draw(session)
  local output, complaints, code = program.shell(("printf '%s' | lua5.4 spec/setup/picture.lua 'make <demo>'"):format(session))
  assert.same({ "", 0 }, { complaints, code })
  return output
end

-- The texts and boxes of a picture: "x,y: text".
local function shown(svg)
  local list = {}
  for name, x, y, rest in svg:gmatch '<(%l+) x="([%d.]+)" y="(%d+)"([^\n]*)' do
    list[#list + 1] = ("%s %g,%d %s"):format(name, (x - 18) / 8.4, y, name == "rect" and rest:match 'width="([%d.]+)"' or rest:match ">([^<]*)<")
  end
  return list
end

describe("the picture of a session", function()
  it("shows each line as it was in the end, in its place", function()
    assert.same({ "text 0,32 $ make &lt;demo&gt;", "text 0,51 100 %", "text 0,89 a &amp; b" },
      { (table.unpack or unpack)(shown(draw "\\033[?25l\\r 40 %%\\033[K\\r100 %%\\033[K\\033[?25h\\r\\n\\r\\na & b\\r\\n\\r\\n")) })
  end)

  it("begins a new text where the colour changes, and draws bars as boxes", function()
    local svg = draw "id \\033[32mSUCCEEDED\\033[0m \\033[36m██\\033[0m\\033[2m░\\033[0m 66 %%\\n"
    assert.same({ "text 0,32 $ make &lt;demo&gt;", "text 0,51 id ", "text 3,51 SUCCEEDED", "rect 13,40 16.8", "rect 15,40 8.4", "text 16,51  66 %" },
      shown(svg))
    assert.truthy(svg:find('fill="#8fca6b" xml:space="preserve">SUCCEEDED', 1, true))
    assert.truthy(svg:find('width="8.4" height="13" fill="#d5d9e0" opacity="0.25"', 1, true))
  end)

  it("is in the repository, and shows all parts of the demo", function()
    local svg, demo = shell.read_file "docs/demo.svg", shell.read_file "examples/demo.lua"
    local parts = 0
    for heading in demo:gmatch 'heading%s*%(?"([^"]+)"' do
      assert.truthy(svg:find(">" .. heading .. "<", 1, true), heading)
      parts = parts + 1
    end
    assert.is_true(parts >= 4)
    assert.truthy(svg:find "slow and faulty on purpose")
    assert.falsy(svg:find "[\27\r]")
  end)
end)
