-- runs once
--- docs/reference.md has every public name of the module, each where it belongs, and no other.
local errors = require "apify.util.errors"
local markdown = require "spec.support.markdown"
local public_names = require "spec.support.public_names"

local SECTIONS = markdown.sections(assert(markdown.read "docs/reference.md"))

local function section(title)
  for _, found in ipairs(SECTIONS) do
    if found.title == title then return found end
  end
  error("no section " .. title)
end

local function sorted(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

-- The names of a heading such as "`run:get(options)`, `run:log()`", with what stands in their brackets.
local function names_of(title)
  local names = {}
  for name, arguments in title:gmatch "`([%w_]+[.:][%w_]+)(%(?[^`]*)`" do names[name] = arguments end
  return names
end

-- The options that a table of a section has for a noun. A row may name the nouns that it is for: "`my` (actors)".
local function add_rows(options, body, noun)
  for _, cell in ipairs(markdown.first_cells(body, "option")) do
    local name, nouns = cell:match "^`([%w_]+)`%s*%(?([%w_, ]*)%)?$"
    assert(name, cell)
    if nouns == "" or (", " .. nouns .. ","):find(", " .. noun .. ",", 1, true) then options[name] = true end
  end
end

-- All options that the reference has for a method: those of its table, those after "Also:", those of another one.
local function options_in(body, noun)
  local options = {}
  add_rows(options, body, noun)
  for paragraph in body:gmatch "\nAlso: (.-)\n\n" do
    for name in paragraph:gsub("%b()", ""):gmatch "`([%w_]+)`" do options[name] = true end
  end
  local other = body:match "\nOptions: those of %[`([%w_.:]+)`%]"
  for _, found in ipairs(SECTIONS) do
    if other and names_of(found.title)[other] then add_rows(options, found.body, noun) end
  end
  return options
end

-- What the reference has: calls with their options, and values.
local function documented()
  local calls, values, arguments = {}, {}, {}
  for _, found in ipairs(SECTIONS) do
    for name, args in pairs(names_of(found.title)) do
      assert(not calls[name], name .. " has two headings")
      if args == "" then values[name] = true else
        calls[name], arguments[name] = options_in(found.body, name:match "^[%w_]+"), args
      end
    end
  end
  return { calls = calls, values = values, arguments = arguments }
end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "*a"
  pipe:close()
  return text
end

-- The classes of handles that the methods of users return, as the sources say it.
local function classes_in_sources()
  local names = {}
  local text = output_of "cat lua/apify/init.lua lua/apify/client.lua lua/apify/loop/fiber.lua $(find lua/apify/resources -name '*.lua')"
  for class in text:gmatch 'define%(?%s?"(%u%w*)"' do names[class] = true end
  for class in text:gmatch '__name = "apify%.(%u%w*)"' do names[class] = true end
  for line in text:gmatch "%-%-%-@return ([^\n]*)" do
    for class in line:gmatch "apify%.(%u%w*), nil, nil" do names[class] = true end
  end
  return names
end

-- The fields that the annotation of a class has.
local function fields_of_class(name)
  local fields = {}
  local lines = output_of "cat $(find lua/apify -name '*.lua')":match("\n%-%-%-@class apify%." .. name .. "\n(.-\n)\n")
  for field in lines:gmatch "%-%-%-@field ([%w_]+)" do fields[field] = true end
  return fields
end

-- What an annotation of errors.lua lists.
local function in_errors(pattern)
  local names = {}
  for name in markdown.read "lua/apify/util/errors.lua":gmatch(pattern) do names[name] = true end
  return names
end

local function plain_cells(title, heading)
  local names = {}
  for _, cell in ipairs(markdown.first_cells(section(title).body, heading)) do names[assert(cell:match "^`([%w_]+)`$", cell)] = true end
  return names
end

describe("docs/reference.md", function()
  local found, written = public_names.collect(), documented()

  it("has every method and function, and no other", function()
    assert.is_true(#sorted(found.calls) > 100)
    assert.same(sorted(found.calls), sorted(written.calls))
    assert.same(sorted(found.values), sorted(written.values))
  end)

  it("has every option at each method that takes it, and no other", function()
    for name, options in pairs(found.calls) do
      local has = written.calls[name] or {}
      assert.same({ name, sorted(options) }, { name, sorted(has) })
      assert.equal(next(options) ~= nil, (written.arguments[name] or ""):find("options", 1, true) ~= nil, name)
    end
  end)

  it("explains every option somewhere", function()
    local explained = {}
    for _, part in ipairs(SECTIONS) do
      for _, cell in ipairs(markdown.first_cells(part.body, "option")) do explained[cell:match "`([%w_]+)`"] = true end
      local common = part.level == 3 and part.title:match "^`([%w_]+)`$"
      if common then
        assert.truthy(part.body:find "[dD]efault", common)
        explained[common] = true
      end
    end
    for name, options in pairs(written.calls) do
      for option in pairs(options) do assert.is_true(explained[option], name .. ": " .. option) end
    end
  end)

  it("knows a handle of each kind", function()
    local seen = {}
    for name in pairs(found.classes) do seen[name:match "apify%.(.*)"] = true end
    for name in pairs(classes_in_sources()) do assert.is_true(seen[name], name) end
  end)

  it("has every kind of error and every field of one", function()
    local kinds = in_errors "\n%-%-%-| \"([%w_]+)\""
    for kind in pairs(kinds) do assert.is_true(errors.is_kind(kind), kind) end
    assert.same(sorted(kinds), sorted(plain_cells("Kinds", "kind")))
    assert.same(sorted(in_errors "\n%-%-%-@field ([%w_]+)"), sorted(plain_cells("Fields", "field")))
  end)

  it("has the fields of what tells how far something has come", function()
    assert.same(sorted(found.stats), sorted(plain_cells("`client:stats()`", "field")))
    assert.same(sorted(fields_of_class "Progress"), sorted(plain_cells("`iterator:progress()`", "field")))
  end)

  it("has the defaults of a client", function()
    local body, checked = section("`apify.new(options)`").body, 0
    for name, value in markdown.read "lua/apify/http/settings.lua":match "DEFAULTS = (%b{})":gmatch "\n  ([%w_]+) = ([%d. *]+),"  do
      local shown = body:match("\n| `" .. name .. "` | [^|]* | ([^|]*) |")
      assert.equal(assert(load("return " .. value))(), tonumber(shown), name)
      checked = checked + 1
    end
    assert.equal(7, checked)
  end)

  it("is not contradicted by the other documents, which name no method that is not there", function()
    local nouns, named = {}, 0
    for name in pairs(found.calls) do nouns[name:match "^[%w_]+"] = true end
    for path in output_of "ls docs/*.md":gmatch "[^\n]+" do
      for span in markdown.without_code(markdown.read(path)):gmatch "`([^`\n]+)`" do
        local noun, method = span:match "^([%w_]+)[:.]([%w_]+)"
        if nouns[noun] and span:find(noun == "apify" and "^apify%." or "^[%w_]+:") then
          local name = noun .. (noun == "apify" and "." or ":") .. method
          assert.is_true((found.calls[name] or found.values[name]) ~= nil, path .. ": " .. span)
          named = named + 1
        end
      end
    end
    assert.is_true(named > 200)
  end)
end)
