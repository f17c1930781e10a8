-- runs once
--- The rockspec names every file that the module consists of.

local ROCKSPEC = "apify-scm-1.rockspec"

-- The rockspec's globals.
local function load_rockspec()
  local spec = {}
  local chunk
  if _VERSION == "Lua 5.1" then
    chunk = assert(loadfile(ROCKSPEC))
    setfenv(chunk, spec) -- luacheck: ignore
  else
    chunk = assert(loadfile(ROCKSPEC, "t", spec)) -- luacheck: ignore
  end
  chunk()
  return spec
end

local function lines(command)
  local list = {}
  for line in io.popen(command):lines() do list[#list + 1] = line end
  return list
end

describe("the rockspec", function()
  local modules = load_rockspec().build.modules

  it("compiles every source of the core", function()
    assert.same(lines "ls src/*.c | LC_ALL=C sort", modules["apify.core"].sources)
  end)

  it("installs every Lua file under its module's name", function()
    local expected = {}
    for _, path in ipairs(lines "find lua -name '*.lua' ! -path 'lua/apify/meta/*'") do
      expected[path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")] = path
    end
    local actual = {}
    for name, path in pairs(modules) do
      if type(path) == "string" then actual[name] = path end
    end
    assert.same(expected, actual)
  end)
end)
