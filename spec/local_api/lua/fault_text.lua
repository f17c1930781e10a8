--- A value as one would write it in Lua, in one line: for what is said of a rule.
local fault_text = {}

local MOST_CHARACTERS = 60               -- of a string: some bodies are megabytes

local write

local function write_table(value)
  local keys, parts = {}, {}
  for key in pairs(value) do keys[#keys + 1] = key end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for i, key in ipairs(keys) do
    local name = type(key) == "number" and "" or tostring(key):find("^[%a_][%w_]*$") and key .. " = " or ("[%q] = "):format(tostring(key))
    parts[i] = name .. write(value[key])
  end
  return parts[1] and "{ " .. table.concat(parts, ", ") .. " }" or "{}"
end

function write(value)
  if type(value) == "table" then return write_table(value) end
  if type(value) ~= "string" then return tostring(value) end
  local shown = value:sub(1, MOST_CHARACTERS):gsub("%c", " ")
  return '"' .. shown .. (#value > MOST_CHARACTERS and '..."' or '"')
end

--- Keys come in order; a long string is cut.
---@param value any
---@return string
function fault_text.of(value)
  return write(value)
end

return fault_text
