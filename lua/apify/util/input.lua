--- What callers give to be sent, and to write to: lists, iterators, files and handles, and what is wrong with them.
local errors = require "apify.util.errors"

local input = {}

--- Is it a handle or a page, which says what is wrong with calling it?
---@param value any
---@return boolean
function input.is_handle_or_page(value)
  local mt = getmetatable(value)
  return type(mt) == "table" and mt.refuses_call == true
end

--- May it be called?
---@param value any
---@return boolean
function input.is_callable(value)
  if type(value) == "function" then return true end
  local mt = getmetatable(value)
  return type(mt) == "table" and mt.__call ~= nil and not mt.refuses_call
end

--- The method of a handle, or nil.
---@param value any
---@param name string
---@return function?
function input.method_of(value, name)
  if type(value) ~= "table" and type(value) ~= "userdata" then return nil end
  local ok, found = pcall(function() return value[name] end)
  if ok and input.is_callable(found) then return found end
end

--- Is this an open handle that has the method?
---@param value any
---@param name string
---@return boolean
function input.is_handle(value, name)
  return io.type(value) ~= "closed file" and input.method_of(value, name) ~= nil
end

--- Is this the name that a file can have?
---@param value any
---@return boolean
function input.is_file_name(value)
  return type(value) == "string" and value ~= "" and not value:find("\0", 1, true)
end

--- Is the table a list, perhaps a faulty or an empty one, rather than an object?
---@param t table
---@return boolean
function input.is_list(t)
  local first = next(t)
  return first == nil or type(first) == "number" or rawget(t, 1) ~= nil
end

--- Of the n elements of a list the last must be the n-th: nil if it is, else what is wrong.
local function holes(count, last)
  if count ~= last then return ("a list with holes: %d is its last index, but it has %d elements"):format(last, count) end
end

--- What is wrong with a value that is to be walked as a list: nil if nothing is. It may have fields beside its elements, as that of `table.pack`.
---@param t any
---@return string? reason
function input.list_fault(t)
  if type(t) ~= "table" or errors.is_module(t) then return errors.show(t) end
  local count, last = 0, 0
  for key in next, t do
    if type(key) == "number" then count, last = count + 1, math.max(last, key) end
  end
  if count == 0 and next(t) ~= nil then return "a table that is no list" end
  return holes(count, last)
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
  local reason = holes(count, last)
  return not reason and count or nil, reason
end

--- The error of a user's iterator.
local function source_error(why, verb)
  return errors.new { kind = errors.kind_of_raised(why), message = ("the iterator %s: %s"):format(verb, errors.text(why)), cause = why }
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

--- What a sink or a source of the user's said against going on, as the fields of an error; an apify.Error stays as it is.
---@param name string of the sink or the source
---@param why any
---@param errno any
---@return table
function input.failure(name, why, errno)
  if errors.is(why) then return why end
  return { kind = "io", message = ("%s: %s"):format(name, errors.text(why)), cause = why, errno = tonumber(errno) }
end

--- The same of what it raised.
---@param name string
---@param why any
---@return table
function input.crash(name, why)
  if errors.is(why) then return why end
  return { kind = errors.kind_of_raised(why), message = ("%s raised: %s"):format(name, errors.text(why)), cause = why }
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
