-- runs once
--- The rockspec names every file that the module consists of.

local sources = require "spec.support.sources"

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

-- The sources below a folder whose names end so.
local function named(folder, ending)
  local list = {}
  for _, path in ipairs(sources.list(folder)) do
    if path:sub(-#ending) == ending then list[#list + 1] = path end
  end
  return list
end

describe("the rockspec", function()
  local modules = load_rockspec().build.modules

  it("compiles every source of the core", function()
    assert.same(named("src", ".c"), modules["apify.core"].sources)
  end)

  it("installs every Lua file under its module's name", function()
    local expected = {}
    for _, path in ipairs(named("lua", ".lua")) do
      local is_for_editors = path:find "^lua/apify/meta/"
      if not is_for_editors then expected[path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")] = path end
    end
    local actual = {}
    for name, path in pairs(modules) do
      if type(path) == "string" then actual[name] = path end
    end
    assert.same(expected, actual)
  end)
end)
