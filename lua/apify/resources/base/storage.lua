--- What datasets, key-value stores and request queues share: their own object is changed in the same way.
local core = require "apify.core"
local errors = require "apify.util.errors"
local resource = require "apify.resources.base.resource"

local storage = {}

--- The fields of an update as the API wants them; `false` stands for null.
local FIELDS = { general_access = "generalAccess", name = "name", title = "title" }

---@class apify.StorageUpdateOptions : apify.ObjectOptions
---@field general_access? apify.GeneralAccess
---@field name? string|false false: none any more
---@field title? string|false false: none any more

--- Change the storage: its object as it is then.
---@param self apify.Resource
---@param operation apify.Operation
---@param opts apify.StorageUpdateOptions
---@param where string for messages
---@return apify.Storage? storage
---@return apify.Error? err
function storage.update(self, operation, opts, where)
  local o, members = operation.check(opts, where), {}
  for option, field in pairs(FIELDS) do
    local value = o[option]
    if value == false then value = core.null end
    members[field] = value
  end
  if next(members) == nil then errors.misuse("%s needs one of the options general_access, name, title", where) end
  return resource.call(self, operation, o, nil, resource.json_fields(members, where))
end

return storage
