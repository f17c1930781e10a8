--- Lists and iterators of made-up things, for specs of what takes many of them.
local lists = {}

--- An iterator over fn(1) to fn(n).
---@param n integer
---@param fn fun(i: integer): any
---@return fun(): any
function lists.count_to(n, fn)
  local i = 0
  return function()
    i = i + 1
    if i > n then return nil end
    return fn(i)
  end
end

--- A list of fn(1) to fn(n).
---@param n integer
---@param fn fun(i: integer): any
---@return any[]
function lists.list_of(n, fn)
  local list = {}
  for i = 1, n do list[i] = fn(i) end
  return list
end

return lists
