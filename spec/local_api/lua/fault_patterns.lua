--- Patterns of rules that can never match are refused when they are set, above all "/actor-runs", where "-" is a quantifier.
local router = require "router"

local fault_patterns = {}

local SAMPLE_IDS = { "janedoe~my-actor", "HG7ML7M8z78YcAPEB" }
local NO_EXAMPLE = "%%[bf%d]"            -- %b(), %f[set], %1: no example is made of these

-- The pattern's single characters in order: `class`, as written, and its `quantifier` ("" if none); then its anchors.
local function parse(pattern)
  local list, at = {}, pattern:find("^^") and 2 or 1
  local unescaped = pattern:gsub("%%.", "xx")            -- of the same length; a "]" there ends its set
  while at <= #pattern do
    if pattern:find("^%$$", at) then return list, "$" end
    local _, last = unescaped:find("^%[%^?%]?[^%]]*%]", at)
    local class = pattern:match("^%%.", at) or pattern:sub(at, last or at)
    local quantifier = pattern:match("^[-*+?]", at + #class) or ""
    list[#list + 1] = { class = class, quantifier = quantifier }
    at = at + #class + #quantifier
  end
  return list, ""
end

local function is_plain(class)
  return #class == 1 and not class:find("[.()]")
end

-- A "-" behind a plain character stands for none or more of that character, not for itself.
local function refuse_quantifier(pattern)
  local list, last = parse(pattern)
  local right, is_wrong = { pattern:match("^%^?") }, false
  for _, item in ipairs(list) do
    local is_dash = item.quantifier == "-" and is_plain(item.class)
    is_wrong = is_wrong or is_dash
    right[#right + 1] = item.class .. (is_dash and "%-" or item.quantifier)
  end
  if is_wrong then
    local text = "'-' behind a plain character is a quantifier in the Lua pattern \"%s\": write \"%s\""
    error(text:format(pattern, table.concat(right) .. last), 0)
  end
end

-- A character that a class matches: letters before what separates the parts of an URL.
local function example_of(class)
  for code = ("~"):byte(), ("!"):byte(), -1 do
    local char = string.char(code)
    if char:find("^" .. class .. "$") then return char end
  end
  return ""
end

-- A text that the pattern matches; "" where none can be made.
local function example(pattern)
  if pattern:find(NO_EXAMPLE) then return "" end
  local text = {}
  for i, item in ipairs((parse(pattern))) do
    text[i] = item.class:find("^[()]$") and "" or example_of(item.class)
  end
  return table.concat(text)
end

-- Whether it matches the path of an endpoint, in which an id may be whatever the pattern itself says.
local function matches_an_endpoint(pattern)
  local ids = { SAMPLE_IDS[1], SAMPLE_IDS[2] }
  for id in example(pattern):gmatch("[^/?]+") do ids[#ids + 1] = id end
  for _, path in ipairs(router.paths(ids)) do
    if path:find(pattern) then return true end
  end
  return false
end

--- Raises a text that says what is wrong with a pattern.
---@param pattern string
function fault_patterns.check(pattern)
  local is_well_formed, problem = pcall(function() return example(pattern):find(pattern) end)
  if not is_well_formed then error(("%s in \"%s\""):format(problem:match("^.-%.lua:%d+: (.*)$") or problem, pattern), 0) end
  refuse_quantifier(pattern)
end

--- The same for the pattern of a path, which must match one that the server has.
---@param pattern string
function fault_patterns.check_path(pattern)
  fault_patterns.check(pattern)
  if pattern:find(NO_EXAMPLE) or matches_an_endpoint(pattern) then return end
  error(("no path of this server matches \"%s\""):format(pattern), 0)
end

return fault_patterns
