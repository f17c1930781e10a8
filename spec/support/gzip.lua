--- Text to gzip and back, by the program of that name.
local shell = require "spec.support.shell"

local gzip = {}

--- What a command makes of these bytes.
local function filter(command, bytes)
  local path = os.tmpname()
  shell.write_file(path, bytes)
  local result = shell.run(command .. " <" .. path)
  os.remove(path)
  return result
end

--- The text as one gzip member, without a name or a date.
---@param text string
---@return string
function gzip.pack(text)
  return filter("gzip -nc", text)
end

--- The text of a gzip stream.
---@param bytes string
---@return string
function gzip.unpack(bytes)
  return filter("gzip -dc", bytes)
end

return gzip
