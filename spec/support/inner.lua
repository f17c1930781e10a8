--- The value of a local of a module that one of its functions uses, for what nobody could see otherwise.
---@param fn function
---@param name string
---@return any
return function(fn, name)
  for i = 1, 60 do
    local found, value = debug.getupvalue(fn, i)
    if found == name then return value end
  end
  error("no upvalue " .. name)
end
