--- The decoders of a client's answers. They learn the shape of what they read, so they are kept.
local core = require "apify.core"

local decoders = {}

--- The decoder for these settings.
---@param settings apify.Settings
---@param pick? string[] the fields to build
---@param nulls? "omit"|"keep"
---@return userdata
function decoders.find(settings, pick, nulls)
  nulls = nulls or settings.nulls or "omit"
  local key = nulls .. (pick and "\0" .. table.concat(pick, "\0") or "")
  local found = settings.decoders[key]
  if not found then
    found = core.decoder { nulls = nulls, pick = pick }
    settings.decoders[key] = found
  end
  return found
end

return decoders
