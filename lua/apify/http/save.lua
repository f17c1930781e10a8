--- All bytes of a stream, written to a sink: whole, or nothing is left behind.
local errors = require "apify.util.errors"

local MAX_RESTARTS = 2                   -- of a download whose content changes

--- It came to nothing: neither the stream nor what was written is of use any more.
local function give_up(stream, out, fields)
  local err = stream:describe(fields)
  stream:close()
  out:abort()
  return nil, err
end

--- The content is another one: begin again if the sink can. true if so.
local function begin_again(stream, out, restarts)
  if not stream.is_changed or restarts >= MAX_RESTARTS or not out:restart() then return false end
  stream:restart()
  return true
end

--- The same as `save`, but for errors that are raised.
local function write_all(stream, out)
  local restarts = 0
  while true do
    local bytes, err = stream:read()
    if out.is_ours then stream.clock:enter() end           -- then writing is no time of the caller's
    local ok, fields = true, err
    if bytes then ok, fields = out:write(bytes) end
    if err and begin_again(stream, out, restarts) then
      restarts = restarts + 1
    elseif err or not ok then
      return give_up(stream, out, fields)
    elseif not bytes then
      if stream.is_closed then return give_up(stream, out, { kind = "closed", message = "the stream was closed" }) end
      local value, why = out:finish()
      if value == nil then return give_up(stream, out, why) end
      return value
    end
  end
end

--- Write all bytes of the stream to the sink: what the sink's `finish` gives; or nil and an error. Nothing is left behind then,
--- nor when an error is raised, such as one of an on_attempt hook's.
---@param stream apify.Stream
---@param out apify.Sink
---@return any value
---@return apify.Error? err
local function save(stream, out)
  local is_done, value, err = pcall(write_all, stream, out)
  local raised
  while not is_done and stream.has_ended and errors.is(value) do         -- of a hook's, when all bytes were there: that costs no file
    raised = value
    is_done, value, err = pcall(write_all, stream, out)
  end
  if raised and is_done and value ~= nil then
    raised.value = value
    error(raised, 0)
  end
  if is_done then return value, err end
  out:abort()
  stream:close()
  error(value, 0)
end

return save
