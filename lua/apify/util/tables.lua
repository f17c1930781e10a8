--- Plain tables, put together.
local tables = {}

--- A new table with all that the tables have; of two with the same name that of the later one.
---@param ... table? nil only at the end
---@return table
function tables.merge(...)
  local all = {}
  for _, t in ipairs { ... } do
    for name, value in pairs(t) do all[name] = value end
  end
  return all
end

return tables
