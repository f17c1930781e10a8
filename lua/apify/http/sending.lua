--- What pushing items and batches of requests share: what a caller gives to be sent, one value after the other; bodies of
--- JSON; whether a request that failed may have been carried out.
local core = require "apify.core"
local errors = require "apify.util.errors"
local loop = require "apify.loop"

local sending = {}

local GZIP_LINE = "Content-Encoding: gzip"
local MIN_COMPRESSED = 1024              -- bytes of a body below which compressing is not worth it
local QUICKEST = 1                       -- of gzip's levels: nothing else goes on meanwhile
local LOOK_EVERY = 32768                 -- bytes of JSON between two looks at the clock
local VALUE_COST = 256                   -- what a value costs beside its bytes, in bytes

--- Where requests go, or what finds that out before the first of them.
---@alias apify.SendingTarget { path: string, query?: { [1]: string, [2]: string }[] }|fun(limit?: number): table?, apify.Error?

sending.MAX_BODY = 9437184               -- bytes of a body that the API takes, before compression

--- May it be called?
---@param value any
---@return boolean
function sending.is_callable(value)
  if type(value) == "function" then return true end
  local mt = getmetatable(value)
  return type(mt) == "table" and mt.__call ~= nil
end

--- Is the table a list, perhaps a faulty or an empty one, rather than an object?
---@param t table
---@return boolean
function sending.is_list(t)
  local first = next(t)
  return first == nil or type(first) == "number" or rawget(t, 1) ~= nil
end

--- The number of elements of a list; nil and a reason when its keys are not exactly 1 to n.
---@param list table
---@return integer? count
---@return string? reason
function sending.count(list)
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
function sending.pull(iterator)
  return take(pcall(iterator))
end

--- A function to be called with the size of each value that was worked on: now and then it lets others have their turn.
---@return fun(size: integer)
function sending.turns()
  local spent, give_way = 0, loop.pacer()
  return function(size)
    spent = spent + size + VALUE_COST
    if spent < LOOK_EVERY then return end
    spent = 0
    give_way()
  end
end

--- Where something is wrong, in words: `items[3].price: NaN cannot be JSON` of "items[3]" and "price: NaN cannot be JSON".
---@param place string
---@param message string of core.encode, which may begin with a path
---@return string
function sending.locate(place, message)
  if message:find "^[%a_][%w_]*[.:%[]" then return place .. "." .. message end
  if message:find "^%[" then return place .. message end
  return place .. ": " .. message
end

--- A body compressed where that makes it smaller, and the header line that tells so.
---@param body string
---@return string body
---@return string? header
function sending.compress(body)
  if #body < MIN_COMPRESSED then return body end
  local packed = core.gzip(body, QUICKEST)
  if not packed or #packed >= #body then return body end
  return packed, GZIP_LINE
end

--- The header lines of a body of JSON.
---@param is_compressed boolean
---@return string[]
function sending.headers(is_compressed)
  return { "Content-Type: application/json; charset=utf-8", is_compressed and GZIP_LINE or nil }
end

--- A JSON text as the body of a request, compressed where that makes it smaller, and its header lines.
---@param text string
---@return string body
---@return string[] headers
function sending.body(text)
  local body, encoding = sending.compress(text)
  return body, sending.headers(encoding ~= nil)
end

--- Did the API refuse the whole request, so that nothing of it was done? An attempt before may have been, if it was repeated all the same.
local function is_refusal(err, is_repeated)
  if err.kind == "redirect" then return true end
  local status = err.kind == "api" and err.status or 500
  return status < 500 and status ~= 408 and not (is_repeated and (err.attempts or 1) > 1)
end

--- May the API have done what a failed request asked for?
---@param err apify.Error
---@param is_repeated? boolean it is repeated even where that could do it twice
---@return boolean
function sending.is_in_doubt(err, is_repeated)
  if is_refusal(err, is_repeated) then return false end
  return err.sent or err.kind == "closed" and (err.attempts or 0) > 0        -- the client was closed around it
end

return sending
