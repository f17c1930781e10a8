--- Checked option tables for the control interface: a misspelt test must fail loudly.
local options = {}

options.required = {}                   -- as a default: the option must be given

local function copy_known(given, defaults, what)
  local result = {}
  for name, value in pairs(given) do
    if defaults[name] == nil then error(("unknown %s option '%s'"):format(what, tostring(name)), 0) end
    result[name] = value
  end
  return result
end

--- The given options, completed by the defaults. Raises a text that names an unknown or a missing one.
---@param given table
---@param defaults table
---@param what string what the options are of, for the message
---@return table
function options.check(given, defaults, what)
  local result = copy_known(given, defaults, what)
  for name, default in pairs(defaults) do
    if result[name] == nil then
      if default == options.required then error(("%s needs '%s'"):format(what, name), 0) end
      result[name] = default
    elseif default ~= options.required and default and type(default) ~= type(result[name])
        and result[name] ~= false then
      error(("%s option '%s' must be a %s"):format(what, name, type(default)), 0)
    end
  end
  return result
end

return options
