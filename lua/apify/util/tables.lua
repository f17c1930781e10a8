--- Plain tables: put together, their keys, and one call for each of a list.
local tables = {}

--- Put all that a table has into another one, in the place of what that has under the same names: that other one.
---@generic T : table
---@param into T
---@param from table
---@return T
function tables.add(into, from)
  for name, value in pairs(from) do into[name] = value end
  return into
end

--- A new table with all that the tables have; of two with the same name that of the later one.
---@param ... table? nil only at the end
---@return table
function tables.merge(...)
  local all = {}
  for _, t in ipairs { ... } do tables.add(all, t) end
  return all
end

--- Call the function with each of a list. An error that leaves it keeps none of the others from it: the first of these, in a table.
---@param list any[]
---@param fn fun(item: any)
---@return { [1]: any }? first_error
function tables.call_with_each(list, fn)
  local first_error
  for _, item in ipairs(list) do
    local ok, why = pcall(fn, item)
    if not ok then first_error = first_error or { why } end
  end
  return first_error
end

--- The keys of a table, which may change from then on.
---@param t table
---@return any[]
function tables.keys(t)
  local keys = {}
  for key in pairs(t) do keys[#keys + 1] = key end
  return keys
end

return tables
