--- What all handles share: a class, a path, the settings of their client.
local errors = require "apify.errors"

local resource = {}

---@class apify.Resource
---@field id? string as given
---@field private settings apify.Settings
---@field private path string below the API's base

--- A new class of handles: its methods go into the returned table.
---@param name string
function resource.define(name)
  local class = {}
  class.metatable = {
    __index = class,
    __name = "apify." .. name,
    __tostring = function(self) return ("apify.%s: %s"):format(name, self.path) end,
  }
  return class
end

--- A handle.
---@param class table
---@param settings apify.Settings
---@param path string
---@param id? string
function resource.new(class, settings, path, id)
  return setmetatable({ settings = settings, path = path, id = id }, class.metatable)
end

--- The text of an id that url.id has accepted.
function resource.id_text(id)
  return type(id) == "table" and id.id or id
end

--- Is this a handle of the class?
function resource.is(class, value)
  return getmetatable(value) == class.metatable
end

--- Complain about a handle's method that was called with a dot.
function resource.check_self(class, self, what)
  if not resource.is(class, self) then errors.misuse("%s is a method: call it with a colon", what) end
end

--- Complain about options that were given to a method that takes none, and would be lost.
function resource.check_no_options(what, ...)
  if select("#", ...) > 0 then errors.misuse("%s takes no options: give them to list or iterate", what) end
end

return resource
