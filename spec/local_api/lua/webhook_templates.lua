--- The templates of webhooks: JSON in which {{variable}}, or {{variable.member}}, stands for a value. Inside strings it does so only if
--- that is asked for: one that is all of its string then becomes the value itself.
local cjson = require("cjson.safe").new()
local errors = require "errors"
local json_tree = require "json_tree"

local templates = {}

cjson.decode_invalid_numbers(false)

local VARIABLE = "{{%s*([%w_.]+)%s*}}"
local STAND_INS = { userId = '""', createdAt = '""', eventType = '""', eventData = "{}", resource = "{}", globals = "{}" }

--- What a webhook sends that has no template of its own.
templates.DEFAULT = [[
{
    "userId": {{userId}},
    "createdAt": {{createdAt}},
    "eventType": {{eventType}},
    "eventData": {{eventData}},
    "resource": {{resource}}
}]]

-- Just behind the string that begins at `at`.
local function string_end(text, at)
  repeat
    at = text:find('["\\]', at + 1)
    local is_escape = at and text:sub(at, at) == "\\"
    at = is_escape and at + 1 or at
  until not is_escape
  return (at or #text) + 1
end

-- The JSON text of a variable; null of a member that there is not.
local function value_of(name, values)
  local first, rest = name:match "^([^.]*)(.*)$"
  local text = values[first] or error(("has an unknown variable '%s'"):format(first), 0)
  if rest == "" then return text end
  local tree = json_tree.parse(text)
  for part in rest:gmatch "[^.]+" do tree = type(tree) == "table" and tree.keys and json_tree.get(tree, part) end
  return tree and json_tree.encode(tree) or "null"
end

-- The JSON text of a string in which variables stand for values.
local function interpolated(text, values)
  local alone = text:match('^"' .. VARIABLE .. '"$')
  if alone then return value_of(alone, values) end
  return (text:gsub(VARIABLE, function(name)
    local value = value_of(name, values)
    return (value:find '^"' and value or cjson.encode(value)):sub(2, -2)
  end))
end

--- The template with its values, each by its name as JSON text. Raises a text when there is no such variable.
---@param template string
---@param values table<string, string>
---@param interpolates boolean also inside strings
---@return string
function templates.render(template, values, interpolates)
  local out, at = {}, 1
  for _ = 1, #template do
    local from = template:find('["{]', at)
    if not from then break end
    out[#out + 1] = template:sub(at, from - 1)
    local name, behind = template:match("^" .. VARIABLE .. "()", from)
    if name then out[#out + 1] = value_of(name, values)
    elseif template:sub(from, from) == "{" then out[#out + 1], behind = "{", from + 1
    else
      behind = string_end(template, from)
      local text = template:sub(from, behind - 1)
      out[#out + 1] = interpolates and interpolated(text, values) or text
    end
    at = behind
  end
  out[#out + 1] = template:sub(at)
  return table.concat(out)
end

--- A failure when the template would not become a JSON object or array.
---@param template string
---@param interpolates boolean
---@param what string the field that it is in
function templates.check(template, interpolates, what)
  local ok, text = pcall(templates.render, template, STAND_INS, interpolates)
  if not ok then error(errors.invalid_body(what .. " " .. text .. "."), 0) end
  if type(cjson.decode(text)) ~= "table" then error(errors.invalid_body(what .. " does not become valid JSON."), 0) end
end

return templates
