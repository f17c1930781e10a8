--- A version of an Actor: where its source is, and the environment variables that its builds and runs are given.
--- https://docs.apify.com/api/v2/act-version-get
local collection = require "apify.resources.base.collection"
local errors = require "apify.util.errors"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"
local url = require "apify.util.url"

---@class apify.EnvVarHandle : apify.Resource
local EnvVar = resource.define "EnvVar"

--- The variable's own object. A secret one does not tell its value.
---@param opts? apify.ObjectOptions
---@return apify.EnvVar? env_var
---@return apify.Error? err `not_found` when there is none
function EnvVar:get(opts)
  return resource.perform(self, "get", operations.env_var.get, opts)
end

--- Change the variable: its whole object, by the API's names. Returns it as it is then.
---@param object table such as { name = "SHOP", value = "lua", isSecret = true }
---@param opts? apify.ObjectOptions
---@return apify.EnvVar? env_var
---@return apify.Error? err
function EnvVar:update(object, opts)
  return resource.send(self, "update", operations.env_var.update, object, opts)
end

--- Delete the variable.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function EnvVar:delete(opts)
  return resource.perform(self, "delete", operations.env_var.delete, opts)
end

---@class apify.EnvVarPage
---@field items apify.EnvVar[]
---@field total integer

---@class apify.EnvVars : apify.Resource
local EnvVars = resource.define "EnvVars"

--- All variables of the version.
---@param opts? apify.ObjectOptions
---@return apify.EnvVarPage? page
---@return apify.Error? err
function EnvVars:list(opts)
  return collection.list(self, operations.env_vars.list, opts)
end

--- Create a variable, of fields by the API's names.
---@param object table such as { name = "SHOP", value = "lua", isSecret = true }
---@param opts? apify.ObjectOptions
---@return apify.EnvVar? env_var
---@return apify.Error? err
function EnvVars:create(object, opts)
  return resource.send(self, "create", operations.env_vars.create, object, opts)
end

---@class apify.ActorVersionHandle : apify.Resource
local Version = resource.define "Version"

--- The version's own object.
---@param opts? apify.ObjectOptions
---@return apify.ActorVersion? version
---@return apify.Error? err `not_found` when there is none
function Version:get(opts)
  return resource.perform(self, "get", operations.version.get, opts)
end

--- Change fields of the version, by the API's names; `apify.null` resets one. Returns it as it is then.
---@param object table such as { buildTag = "beta" }
---@param opts? apify.ObjectOptions
---@return apify.ActorVersion? version
---@return apify.Error? err
function Version:update(object, opts)
  return resource.send(self, "update", operations.version.update, object, opts)
end

--- Delete the version.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function Version:delete(opts)
  return resource.perform(self, "delete", operations.version.delete, opts)
end

--- One of the version's environment variables.
---@param name string
---@return apify.EnvVarHandle
function Version:env_var(name)
  return resource.new(EnvVar, self.settings, self.path .. "/env-vars/" .. url.segment(name, "name of an environment variable"), name)
end

--- The version's environment variables.
---@return apify.EnvVars
function Version:env_vars(...)
  return resource.list(EnvVars, self, "/env-vars", "env_vars", ...)
end

---@class apify.ActorVersionPage
---@field items apify.ActorVersion[]
---@field total integer

---@class apify.ActorVersions : apify.Resource
local Versions = resource.define "Versions"

--- All versions of the Actor.
---@param opts? apify.ObjectOptions
---@return apify.ActorVersionPage? page
---@return apify.Error? err
function Versions:list(opts)
  return collection.list(self, operations.versions.list, opts)
end

--- Create a version, of fields by the API's names.
---@param object table such as { versionNumber = "0.2", sourceType = "GIT_REPO", gitRepoUrl = "https://..." }
---@param opts? apify.ObjectOptions
---@return apify.ActorVersion? version
---@return apify.Error? err
function Versions:create(object, opts)
  return resource.send(self, "create", operations.versions.create, object, opts)
end

local actor_version = { Versions = Versions }

--- A version by its number.
---@param actor apify.ActorHandle
---@param number string such as "0.1"
---@return apify.ActorVersionHandle
function actor_version.new(actor, number)
  if type(number) ~= "string" or not number:find "^%d+%.%d+$" then
    errors.misuse("bad version: %s (expected two numbers with a dot between them, as a string: \"0.1\")", errors.show(number))
  end
  return resource.new(Version, actor.settings, actor.path .. "/versions/" .. number, number)
end

return actor_version
