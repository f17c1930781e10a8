--- What storages share: the options that change them, and URLs of what they hold.
local core = require "apify.core"
local resource = require "apify.resources.base.resource"
local signature = require "apify.util.signature"
local url = require "apify.util.url"

local storage = {}

---@class apify.StorageUpdateOptions : apify.ObjectOptions
---@field general_access? apify.GeneralAccess|false false: that of the account's settings
---@field name? string|false false: none any more
---@field title? string|false false: none any more

--- A URL of what a storage holds, for whoever has no token: of the storage by its own id, wherever the handle is mounted, and signed
--- where the API gives the key to do so.
---@param self apify.Resource
---@param get apify.Operation what answers with the storage's object
---@param operation apify.Operation what the URL asks for
---@param o table checked options
---@param sign fun(key: string, id: string): string
---@param segment? string fit for a URL
---@return string? address
---@return apify.Error? err
function storage.public_url(self, get, operation, o, sign, segment)
  local object, err = resource.call(self, get, { request_timeout = o.request_timeout })
  if not object then return nil, err end
  local query, key = operation.query(o), object.urlSigningSecretKey
  if type(key) == "string" then table.insert(query, 1, { "signature", sign(key, object.id) }) end
  local below = operation.path:gsub("{}", function() return segment end)
  local address = ("%s/%ss/%s%s"):format(self.settings.public_base.url, self.noun:gsub("_", "-"), url.encode(object.id), below)
  return query[1] and address .. "?" .. url.query(query) or address
end

--- The signature of all that a storage holds, until a time has passed.
---@param secs? number from now on; for ever when absent
---@return fun(key: string, id: string): string
function storage.signer(secs)
  return function(key, id) return signature.of_storage(key, id, secs and core.time() + secs) end
end

return storage
