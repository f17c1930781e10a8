-- runs once
--- The rockspec names every file that the module consists of, and wants nothing but Lua; a release's is the same but for its version.

local shell = require "spec.support.shell"
local sources = require "spec.support.sources"

local ROCKSPEC = "apify-scm-1.rockspec"

-- A rockspec's globals.
local function load_rockspec(path)
  local spec = {}
  local chunk
  if _VERSION == "Lua 5.1" then
    chunk = assert(loadfile(path))
    setfenv(chunk, spec) -- luacheck: ignore
  else
    chunk = assert(loadfile(path, "t", spec)) -- luacheck: ignore
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
  local rockspec = load_rockspec(ROCKSPEC)
  local modules = rockspec.build.modules

  it("compiles every source of the core", function()
    assert.same(named("src", ".c"), modules["apify.core"].sources)
  end)

  it("installs every Lua file under its module's name", function()
    local expected = {}
    for _, path in ipairs(named("lua", ".lua")) do
      expected[path:gsub("^lua/", ""):gsub("%.lua$", ""):gsub("/init$", ""):gsub("/", ".")] = path
    end
    local actual = {}
    for name, path in pairs(modules) do
      if type(path) == "string" then actual[name] = path end
    end
    assert.same(expected, actual)
  end)

  it("wants Lua alone, so that it is installed without network", function()
    assert.equal(1, #rockspec.dependencies)
    assert.truthy(rockspec.dependencies[1]:find "^lua >= ")
  end)

  it("of a release has the module's version and tag, and is the same otherwise", function()
    local folder = shell.run "mktemp -d":match "[^\n]+"
    local path = shell.run("sh spec/setup/release " .. folder):match "[^\n]+"
    local released = load_rockspec(path)
    shell.run("rm -rf " .. folder)
    local version = require "apify.version"
    assert.equal(("%s/apify-%s-1.rockspec"):format(folder, version), path)
    rockspec.version, rockspec.source.tag = version .. "-1", "v" .. version
    assert.same(rockspec, released)
  end)
end)
