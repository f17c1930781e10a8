--- A build of an Actor.
--- https://docs.apify.com/api/v2/actor-build-get
local lazy = require "apify.util.lazy"
local job_wait = lazy.module "apify.resources.job_wait"
local log = lazy.module "apify.resources.log"
local operations = require("apify.resources.base.operations").build
local resource = require "apify.resources.base.resource"
local url = require "apify.util.url"

---@class apify.BuildHandle : apify.Resource
local Build = resource.define "Build"

--- The build as it is now; `wait_for_finish` lets the API hold the answer for up to so many seconds (0 to 60) while the build goes on.
---@param opts? apify.ObjectOptions|{ wait_for_finish?: integer }
---@return apify.Build? build
---@return apify.Error? err `not_found` when there is no such build
function Build:get(opts)
  return resource.perform(self, "get", operations.get, opts)
end

--- Wait until the build has ended, at most `wait_secs` seconds: the finished build, whatever its status, or nil and an error;
--- kind "unfinished" when the time is over, with the build as last seen in `err.build`.
---@param opts? apify.WaitOptions
---@return apify.Build? build
---@return apify.Error? err
function Build:wait_for_finish(opts)
  return job_wait.one(self.settings, "build", self.path, operations.wait_for_finish.check(opts, "build:wait_for_finish"))
end

--- Abort the build. Returns it; one that has ended stays as it is.
---@param opts? apify.ObjectOptions
---@return apify.Build? build
---@return apify.Error? err
function Build:abort(opts)
  return resource.perform(self, "abort", operations.abort, opts, nil, { is_safe = true })       -- aborting again changes nothing
end

--- Delete the build, which must not be the Actor's default one.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err
function Build:delete(opts)
  return resource.perform(self, "delete", operations.delete, opts)
end

--- The OpenAPI definition of the Actor as it was built: how its runs are started by HTTP, and what their input is.
---@param opts? apify.ObjectOptions
---@return table? definition
---@return apify.Error? err
function Build:get_open_api_definition(opts)
  return resource.perform(self, "get_open_api_definition", operations.get_open_api_definition, opts)
end

--- The build's log.
---@return apify.Log
function Build:log()
  return resource.below(log.Log, self, "/log")
end

local build = {}

--- A build by its id.
---@param settings apify.Settings
---@param id apify.Id an id, or a table with an `id`
---@return apify.BuildHandle
function build.new(settings, id)
  local path = "/actor-builds/" .. url.id(id, "build id")
  return resource.new(Build, settings, path, resource.id_text(id), { query = {}, build_path = path })
end

--- The path of a build, given by its handle; nil of anything else.
---@param value any
---@return string?
function build.path_of(value)
  return getmetatable(value) == Build.metatable and value.path or nil
end

return build
