--- Users: the one whose token it is, and what others show of themselves.
--- https://docs.apify.com/api/v2/users-me-get
local errors = require "apify.util.errors"
local operations = require("apify.resources.base.operations").user
local resource = require "apify.resources.base.resource"

local ME = "me"

---@class apify.UserHandle : apify.Resource
local User = resource.define "User"

--- The account with its plan and its proxy's password; of another user the public profile.
---@param opts? apify.ObjectOptions
---@return apify.User|apify.PublicUser|nil user
---@return apify.Error? err `not_found` when there is none
function User:get(opts)
  return resource.perform(self, "get", operations.get, opts)
end

--- Complain about what the API has for the owner of the token alone.
local function check_own(self, method)
  if self.id ~= ME then errors.misuse("user:%s is there for the owner of the token alone: client:user():%s", method, method) end
end

--- What was used in the month of billing that holds the `date`, day by day, and what it cost.
---@param opts? apify.ObjectOptions|{ date?: string|number }
---@return apify.MonthlyUsage? usage
---@return apify.Error? err
function User:monthly_usage(opts)
  check_own(self, "monthly_usage")
  return resource.perform(self, "monthly_usage", operations.monthly_usage, opts)
end

--- The limits of the account, and how much of them is used.
---@param opts? apify.ObjectOptions
---@return apify.AccountLimits? limits
---@return apify.Error? err
function User:limits(opts)
  check_own(self, "limits")
  return resource.perform(self, "limits", operations.limits, opts)
end

---@class apify.UserUpdateLimitsOptions : apify.TimeoutOptions
---@field data_retention_days? integer
---@field max_monthly_usage_usd? number

--- Change the limits that one sets oneself: `max_monthly_usage_usd`, `data_retention_days`.
---@param opts apify.UserUpdateLimitsOptions
---@return true? ok
---@return apify.Error? err
function User:update_limits(opts)
  check_own(self, "update_limits")
  return resource.change(self, "update_limits", operations.update_limits, opts)
end

return { ME = ME, User = User }
