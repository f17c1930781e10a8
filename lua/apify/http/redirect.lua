--- Where a redirect leads, and when it is not followed. Pure policy: no I/O of its own.
local errors = require "apify.util.errors"
local url = require "apify.util.url"

local redirect = {}

local MAX_REDIRECTS = 5

local STATUSES = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

--- Does an answer with this status point elsewhere?
---@param status integer
---@return boolean
function redirect.is_one(status)
  return STATUSES[status] == true
end

---@class apify.Redirect
---@field method string
---@field count integer redirects so far, this one included
---@field from string the address that was asked
---@field location? string what its answer says
---@field shown? string the same without the token, for texts

--- The address to ask instead, and its parts; nil and why the redirect is not followed.
---@param r apify.Redirect
---@return string? address
---@return table|string parts_or_why
function redirect.follow(r)
  if r.method ~= "GET" and r.method ~= "HEAD" then return nil, "only GET and HEAD follow a redirect" end
  if r.count > MAX_REDIRECTS then return nil, ("more than %d redirects"):format(MAX_REDIRECTS) end
  local address, parts = url.resolve(r.from, r.location)
  if not address then return nil, ("to %s: %s"):format(errors.show(r.shown), parts) end
  if r.from:find "^https:" and parts.scheme ~= "https" then return nil, "from https to http" end
  return address, parts
end

return redirect
