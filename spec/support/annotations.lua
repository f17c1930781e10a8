--- What the annotations of the library say (LuaCATS), as an editor reads them.
local sources = require "spec.support.sources"

local annotations = {}

---@class spec.Class
---@field parents string[]
---@field fields table<string, string> name -> type; "?" ends the type of what may be absent

---@class spec.Function
---@field where string file and line
---@field owner? string the class of the local that it is a method of
---@field name string
---@field parameters string[] as its head names them, without `...`
---@field documented string[] as its annotations do
---@field types table<string, string> of these
---@field returns string[]

---@class spec.Annotations
---@field classes table<string, spec.Class>
---@field aliases table<string, string>
---@field functions table<string, spec.Function> by "file:line"
---@field uses { name: string, where: string }[] the names of types, wherever they are used

-- The type at the start of a text: up to a blank that is in no bracket and no part of a list.
local function type_at_start(text)
  local depth = 0
  for at = 1, #text do
    local char = text:sub(at, at)
    if char:find "[({%[<]" then depth = depth + 1 elseif char:find "[)}%]>]" then depth = depth - 1 end
    if char == " " and depth == 0 and not text:sub(at - 1, at - 1):find "[:,|]" then return text:sub(1, at - 1) end
  end
  return text
end

-- The parts of a text between separators that are in no bracket.
local function split(text, separator)
  local parts, depth, from = {}, 0, 1
  for at = 1, #text do
    local char = text:sub(at, at)
    if char:find "[({%[<]" then depth = depth + 1 elseif char:find "[)}%]>]" then depth = depth - 1 end
    if char == separator and depth == 0 then
      parts[#parts + 1], from = text:sub(from, at - 1), at + 1
    end
  end
  parts[#parts + 1] = text:sub(from)
  return parts
end

local function trim(text)
  return (text:gsub("^%s+", ""):gsub("%s+$", ""))
end

local function words(text, pattern)
  local list = {}
  for word in text:gmatch(pattern) do list[#list + 1] = word end
  return list
end

-- A field, "name", "name?" or '["name"]', with its type.
local function add_field(fields, text)
  local name, mark, rest = text:match "^([%w_]+)(%??):?%s*(.*)$"
  if not name then name, mark, rest = text:match '^%["(.-)"%](%??):?%s*(.*)$' end
  if name then fields[name] = type_at_start(rest) .. mark end
end

-- What the tags of the lines above something say, one after the other.
local TAGS = {
  class = function(all, block, text)
    local name, parents = text:match "^([%w_.]+)%s*:?%s*(.*)$"
    block.class = { parents = words(parents, "apify%.[%w_.]+"), fields = {} }
    block.class_name, all.classes[name] = name, block.class
  end,
  field = function(_, block, text)
    if not text:find "^private " then add_field(block.class.fields, text) end
  end,
  alias = function(all, block, text)
    block.alias, text = text:match "^([%w_.]+)%s*(.*)$"
    all.aliases[block.alias] = text
  end,
  param = function(_, block, text)
    local name, mark, rest = text:match "^([%w_.]+)(%??) (.*)$"
    block.documented[#block.documented + 1], block.types[name] = name, type_at_start(rest) .. mark
  end,
  ["return"] = function(_, block, text) block.returns[#block.returns + 1] = text end,
  generic = function(_, block, text) block.generic = text:match "^%w+" end,
}

local function new_block()
  return { documented = {}, types = {}, returns = {} }
end

-- The types that a line of annotations names, without its words for people.
local function note_uses(all, tag, text, where)
  local typed = text:gsub("^private ", "")
  if tag == "param" or tag == "field" then typed = type_at_start(typed:match "^%S+%s+(.*)$" or "") end
  if tag == "return" then typed = type_at_start(typed) end
  for name in typed:gmatch "apify%.[%w_.]*%w" do all.uses[#all.uses + 1] = { name = name, where = where } end
end

local function add_function(all, block, owners, line, where)
  local holder, name, parameters = line:match "^function ([%w_]+)[.:]([%w_]+)%s*%((.-)%)"
  if not holder then return end
  block.where, block.name, block.owner = where, name, owners[holder]
  block.parameters = words(parameters, "[%a_][%w_]*")
  all.functions[where] = block
end

local function read_file(all, path)
  local block, owners, number = new_block(), {}, 0
  for line in io.lines(path) do
    number = number + 1
    local where = path .. ":" .. number
    local tag, text = line:match "^%s*%-%-%-@(%w+)%s*(.*)$"
    local choice = line:match "^%s*%-%-%-|%s*(%S+)"
    if tag then
      if TAGS[tag] then TAGS[tag](all, block, text) end
      note_uses(all, tag, text, where)
    elseif choice then
      all.aliases[block.alias] = trim(all.aliases[block.alias] .. " " .. choice)
    elseif not line:find "^%s*%-%-" then
      local holder = line:match "^local ([%w_]+) ="
      if holder and block.class_name then owners[holder] = block.class_name end
      add_function(all, block, owners, line, where)
      block = new_block()
    end
  end
end

---@return spec.Annotations
function annotations.read()
  local all = { classes = {}, aliases = {}, functions = {}, uses = {} }
  for _, path in ipairs(sources.list "lua") do
    if path:find "%.lua$" then read_file(all, path) end
  end
  return all
end

local function add_fields_of_class(all, name, fields)
  local class = all.classes[name] or error("no class " .. name)
  for _, parent in ipairs(class.parents) do add_fields_of_class(all, parent, fields) end
  for field, text in pairs(class.fields) do fields[field] = text end
end

--- The fields that a table of this type can have: those of its classes, of theirs above, and of tables written out.
---@param all spec.Annotations
---@param text string
---@return table<string, string>
function annotations.fields(all, text)
  local fields = {}
  for _, part in ipairs(split(text:gsub("%?$", ""), "|")) do
    part = trim(part)
    if part:find "^apify%." then add_fields_of_class(all, part, fields) end
    for _, field in ipairs(split(part:match "^{(.*)}$" or "", ",")) do add_field(fields, trim(field)) end
  end
  return fields
end

return annotations
