-- runs once
--- What a machine can see of the style: whitespace, length, and a promise above every public function.

local sources = require "spec.support.sources"

local MAX_LINE = 150
local MAX_LINES = 400          -- of a source file: it is read in one sitting
local FOLDERS = "src lua spec examples docs Makefile README.md CHANGELOG.md CONTRIBUTING.md .ci"
local GENERATED = { "^spec/vectors/", "^spec/fuzz/corpus/", "%.svg$" }

-- The library's files whose functions a user calls.
local SURFACE = { "init", "client", "loop/fiber", "paging/iterator", "resources/base/[%w_]+", "resources/[%w_]+" }

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function is_generated(path)
  for _, pattern in ipairs(GENERATED) do
    if path:find(pattern) then return true end
  end
  return false
end

-- Call visit(path, text) for every file below FOLDERS.
local function each_file(visit)
  for _, path in ipairs(sources.list(FOLDERS)) do
    if not is_generated(path) then visit(path, read(path)) end
  end
end

-- Call visit(line, number) for every line of a text.
local function each_line(text, visit)
  local number = 0
  for line in text:gmatch "([^\n]*)\n" do
    number = number + 1
    visit(line, number)
  end
  return number
end

-- UTF-8 characters, not bytes.
local function width(line)
  return #line:gsub("[\128-\191]", "")
end

-- Why a line is not as it should be, or nil.
local function fault_of(line, path)
  if line:find "%s$" then return "blank at the end" end
  if line:find "\t" and path ~= "Makefile" then return "tab" end
  if width(line) > MAX_LINE and not path:find "%.md$" then return "longer than " .. MAX_LINE end
end

-- The name in SURFACE that stands for this file, if any.
local function surface_of(path)
  for _, name in ipairs(SURFACE) do
    if path:find("^lua/apify/" .. name .. "%.lua$") then return name end
  end
end

describe("the style", function()
  it("has tidy lines", function()
    local found = {}
    each_file(function(path, text)
      if text ~= "" and text:sub(-1) ~= "\n" then found[#found + 1] = path .. ": no newline at the end" end
      each_line(text, function(line, number)
        local fault = fault_of(line, path)
        if fault then found[#found + 1] = path .. ":" .. number .. ": " .. fault end
      end)
    end)
    assert.same({}, found)
  end)

  it("keeps a source file short enough for one sitting", function()
    local found = {}
    each_file(function(path, text)
      local lines = each_line(text, function() end)
      if path:find "%.[chl][ua]*$" and not path:find "^spec/" and lines > MAX_LINES then found[#found + 1] = path .. ": " .. lines end
    end)
    assert.same({}, found)
  end)

  it("has a promise above every public function of the library", function()
    local found, seen = {}, {}
    each_file(function(path, text)
      local surface = surface_of(path)
      if not surface then return end
      seen[surface] = true
      local above = ""
      each_line(text, function(line, number)
        local name = line:match "^function [%w_]+[.:]([%w_]+)"
        if name and name:sub(1, 1) ~= "_" and not above:find "^%-%-" then
          found[#found + 1] = path .. ":" .. number .. ": " .. name
        end
        above = line
      end)
    end)
    for _, name in ipairs(SURFACE) do
      if not seen[name] then found[#found + 1] = "no file is " .. name end
    end
    assert.same({}, found)
  end)
end)
