--- JSON as trees that keep the order of members and the exact text of every scalar. The text must be valid already.
--- A scalar is its own text; a container is {type = "object", keys = {...}, values = {...}} or {type = "array", values = {...}}.
local cjson = require "cjson.safe"
local ffi = require "ffi"

local json_tree = {}

local QUOTE, COMMA, BACKSLASH = 34, 44, 92
local OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT = 91, 93, 123, 125

local function not_blank(text, at)
  return text:find("[^ \t\r\n]", at)
end

-- Just behind the string that begins at `at`.
local function skip_string(text, at)
  at = at + 1
  while true do
    at = text:find('["\\]', at)
    if text:byte(at) == QUOTE then return at + 1 end
    at = at + 2
  end
end

-- Just behind the value that begins at `at`.
local function skip(text, at)
  local first, depth = text:byte(at), 0
  if first == QUOTE then return skip_string(text, at) end
  if first ~= OPEN_OBJECT and first ~= OPEN_ARRAY then return text:find("[,%]} \t\r\n]", at) or #text + 1 end
  repeat
    at = text:find('["{}%[%]]', at)
    local byte = text:byte(at)
    if byte == QUOTE then at = skip_string(text, at)
    else
      depth = depth + ((byte == OPEN_OBJECT or byte == OPEN_ARRAY) and 1 or -1)
      at = at + 1
    end
  until depth == 0
  return at
end

-- Where the element that begins at or after `at` ends: the place of the comma or bracket behind it. Places count from 0.
local function element_end(bytes, at)
  local depth, is_in_string = 0, false
  while true do
    local byte = bytes[at]
    if is_in_string then
      if byte == BACKSLASH then at = at + 1 elseif byte == QUOTE then is_in_string = false end
    elseif byte == QUOTE then is_in_string = true
    elseif byte == OPEN_OBJECT or byte == OPEN_ARRAY then depth = depth + 1
    elseif depth == 0 and (byte == COMMA or byte == CLOSE_ARRAY) then return at
    elseif byte == CLOSE_OBJECT or byte == CLOSE_ARRAY then depth = depth - 1 end
    at = at + 1
  end
end

local function is_blank(byte)
  return byte == 32 or byte == 10 or byte == 13 or byte == 9
end

-- The text from `first` up to before `behind`, places counted from 0, without the blanks around it.
local function trimmed(text, bytes, first, behind)
  while is_blank(bytes[first]) do first = first + 1 end
  while is_blank(bytes[behind - 1]) do behind = behind - 1 end
  return text:sub(first + 1, behind)
end

--- The texts of the elements of a JSON array. Byte by byte, which is what the compiler of LuaJIT likes best.
---@param text string
---@return string[]
function json_tree.elements(text)
  local bytes, list = ffi.cast("const uint8_t *", text), {}
  local at = not_blank(text, 1)         -- just behind the bracket, counted from 0
  if bytes[not_blank(text, at + 1) - 1] == CLOSE_ARRAY then return list end
  repeat
    local behind = element_end(bytes, at)
    list[#list + 1] = trimmed(text, bytes, at, behind)
    at = behind + 1
  until bytes[behind] == CLOSE_ARRAY
  return list
end

local parse

local function parse_members(text, at, tree, close)
  at = not_blank(text, at + 1)
  while text:byte(at) ~= close do
    if tree.keys then
      local behind = skip_string(text, at)
      tree.keys[#tree.keys + 1] = json_tree.text(text:sub(at, behind - 1))
      at = not_blank(text, text:find(":", behind, true) + 1)
    end
    tree.values[#tree.values + 1], at = parse(text, at)
    at = not_blank(text, at)
    if text:byte(at) == COMMA then at = not_blank(text, at + 1) end
  end
  return tree, at + 1
end

function parse(text, at)
  local first = text:byte(at)
  if first == OPEN_OBJECT then return parse_members(text, at, json_tree.object(), CLOSE_OBJECT) end
  if first == OPEN_ARRAY then return parse_members(text, at, { type = "array", values = {} }, CLOSE_ARRAY) end
  local behind = skip(text, at)
  return text:sub(at, behind - 1), behind
end

--- The tree of a valid JSON text.
function json_tree.parse(text)
  return (parse(text, not_blank(text, 1)))
end

--- An object without members.
function json_tree.object()
  return { type = "object", keys = {}, values = {} }
end

--- Set a member; the last value given counts, in the place of the first.
function json_tree.set(object, key, value)
  for i, known in ipairs(object.keys) do
    if known == key then
      object.values[i] = value
      return
    end
  end
  object.keys[#object.keys + 1], object.values[#object.values + 1] = key, value
end

--- The member's value, or nil.
function json_tree.get(object, key)
  for i, known in ipairs(object.keys) do
    if known == key then return object.values[i] end
  end
end

--- Take a member out, if it is there.
function json_tree.remove(object, key)
  for i, known in ipairs(object.keys) do
    if known == key then
      table.remove(object.keys, i)
      table.remove(object.values, i)
      return
    end
  end
end

--- What a scalar says to people: a string without its quotes, nothing for null.
function json_tree.text(scalar)
  if scalar:byte(1) == QUOTE then
    return scalar:find("\\", 2, true) and cjson.decode(scalar) or scalar:sub(2, -2)
  end
  return scalar == "null" and "" or scalar
end

local function add(tree, parts)
  if type(tree) == "string" then
    parts[#parts + 1] = tree
    return
  end
  parts[#parts + 1] = tree.keys and "{" or "["
  for i, value in ipairs(tree.values) do
    if i > 1 then parts[#parts + 1] = "," end
    if tree.keys then parts[#parts + 1] = cjson.encode(tree.keys[i]) .. ":" end
    add(value, parts)
  end
  parts[#parts + 1] = tree.keys and "}" or "]"
end

--- The JSON text of a tree.
---@return string
function json_tree.encode(tree)
  local parts = {}
  add(tree, parts)
  return table.concat(parts)
end

return json_tree
