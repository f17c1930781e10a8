--- Who may do what, judged by the token alone.
local errors = require "errors"
local store = require "store"

local auth = {}

local FORBIDDEN_TOKEN = "apify_api_forbidden"   -- always 403
local INVALID_TOKEN = "apify_api_invalid"       -- always 401

--- The token of the present request, from its header or its query, or nil.
function auth.token(args)
  local header = ngx.var.http_authorization
  if header then return header:match("^[Bb]earer (.+)$") or "" end
  return type(args.token) == "string" and args.token or nil
end

local function is_accepted(token)
  local accepted = store.settings.accepted_tokens
  if token == INVALID_TOKEN or token == "" then return false end
  if not accepted then return true end
  for _, known in ipairs(accepted) do
    if known == token then return true end
  end
  return false
end

--- Refuse a bad token; no token is allowed.
function auth.check(request)
  if request.token == nil then return end
  if request.token == FORBIDDEN_TOKEN then error(errors.permission_denied, 0) end
  if not is_accepted(request.token) then error(errors.token_not_valid, 0) end
end

--- Refuse a bad token, and an absent one when the settings demand one.
function auth.check_list(request)
  auth.check(request)
  if request.token == nil and not store.settings.anonymous_lists then error(errors.token_not_valid, 0) end
end

return auth
