--- What callers give to be sent, one value after the other: lists, iterators, and where in them something is wrong.
local errors = require "apify.util.errors"

local input = {}

--- May it be called?
---@param value any
---@return boolean
function input.is_callable(value)
  if type(value) == "function" then return true end
  local mt = getmetatable(value)
  return type(mt) == "table" and mt.__call ~= nil
end

--- Is the table a list, perhaps a faulty or an empty one, rather than an object?
---@param t table
---@return boolean
function input.is_list(t)
  local first = next(t)
  return first == nil or type(first) == "number" or rawget(t, 1) ~= nil
end

--- The number of elements of a list; nil and a reason when its keys are not exactly 1 to n.
---@param list table
---@return integer? count
---@return string? reason
function input.count(list)
  local count, last = 0, 0
  for key in next, list do
    if type(key) ~= "number" or key < 1 or key % 1 ~= 0 then return nil, "a list must not have the key " .. errors.show(key) end
    count, last = count + 1, math.max(last, key)
  end
  if count ~= last then return nil, ("a list with holes: %d is its last index, but it has %d elements"):format(last, count) end
  return count
end

--- The error of a user's iterator.
local function source_error(why, verb)
  return errors.new { kind = "io", message = ("the iterator %s: %s"):format(verb, tostring(why)), cause = why }
end

local function take(is_ok, value, why)
  if not is_ok then return nil, source_error(value, "raised") end
  if value == nil and why ~= nil then return nil, source_error(why, "failed") end
  return value
end

--- The next value of a user's iterator, called in the caller's coroutine; nil at its end; nil and an error of kind "io",
--- with what the iterator said or raised in `cause`.
---@param iterator function
---@return any value
---@return apify.Error? err
function input.pull(iterator)
  return take(pcall(iterator))
end

--- Where something is wrong, in words: `items[3].price: NaN cannot be JSON` of "items[3]" and "price: NaN cannot be JSON".
---@param place string
---@param message string of core.encode, which may begin with a path
---@return string
function input.locate(place, message)
  if message:find "^[%a_][%w_]*[.:%[]" then return place .. "." .. message end
  if message:find "^%[" then return place .. message end
  return place .. ": " .. message
end

return input
