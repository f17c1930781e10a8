--- An Actor.
--- https://docs.apify.com/api/v2/act-get
local lazy = require "apify.util.lazy"
local actor_version = lazy.module "apify.resources.actor_version"
local answers = require "apify.http.answers"
local build = lazy.module "apify.resources.build"
local builds = lazy.module "apify.resources.builds"
local errors = require "apify.util.errors"
local operations = require("apify.resources.base.operations").actor
local resource = require "apify.resources.base.resource"
local run = lazy.module "apify.resources.run"
local run_start = lazy.module "apify.resources.run_start"
local runs = lazy.module "apify.resources.runs"
local webhook = lazy.module "apify.resources.webhook"

---@class apify.ActorHandle : apify.Resource
local Actor = resource.define "Actor"

--- The Actor's own object.
---@param opts? apify.ObjectOptions
---@return apify.Actor? actor
---@return apify.Error? err `not_found` when there is none
function Actor:get(opts)
  return resource.perform(self, "get", operations.get, opts)
end

--- Change fields of the Actor, by the API's names; `apify.null` resets one. Returns it as it is then.
---@param object table such as { title = "Shop", isPublic = false }
---@param opts? apify.ObjectOptions
---@return apify.Actor? actor
---@return apify.Error? err
function Actor:update(object, opts)
  return resource.send(self, "update", operations.update, object, opts)
end

--- Delete the Actor.
---@param opts? apify.TimeoutOptions
---@return true? ok
---@return apify.Error? err `not_found` when there is none
function Actor:delete(opts)
  return resource.perform(self, "delete", operations.delete, opts)
end

--- Does the input fit the schema of the Actor's build? true; or false and the API's error, which tells what is wrong; nil and an error
--- when that could not be found out.
---@param input any a table, or a string of the `content_type`
---@param opts? apify.TimeoutOptions|{ build?: string, content_type?: string }
---@return boolean? is_valid
---@return apify.Error? err
function Actor:validate_input(input, opts)
  local where = "actor:validate_input"
  local o = operations.validate_input.check(opts, where)
  if input == nil then errors.misuse("bad argument 1 of %s: nil (expected an input; {} has no fields)", where) end
  local fields = run_start.input_fields(self.settings, input, o.content_type, where)
  fields.is_safe = true
  local verdict, err = resource.call(self, operations.validate_input, o, nil, fields, answers.reader "verdict")
  if verdict then return verdict.valid end
  if err.status == 400 and err.type ~= "unknown-build-tag" then return false, err end
  return nil, err
end

--- One of the Actor's versions.
---@param number string such as "0.1"
---@return apify.ActorVersionHandle
function Actor:version(number)
  return actor_version.new(self, number)
end

--- The Actor's versions.
---@return apify.ActorVersions
function Actor:versions(...)
  return resource.list(actor_version.Versions, self, "/versions", "versions", ...)
end

--- Start a run and return it at once. A lost answer is not asked for again: `err.sent` says that the run may be there.
---@param input? any a table, or a string of the `content_type`
---@param opts? apify.StartOptions|{ force_permission_level?: apify.ActorPermissionLevel }
---@return apify.Run? run
---@return apify.Error? err
function Actor:start(input, opts)
  return run_start.start(self, operations.start, input, opts, "actor:start")
end

--- Start a run and wait until it has ended: the run, whatever its status; nil and an error, with what is known of the run in `err.run`.
---@param input? any
---@param opts? apify.CallOptions|{ force_permission_level?: apify.ActorPermissionLevel }
---@return apify.Run? run
---@return apify.Error? err
function Actor:call(input, opts)
  return run_start.call(self, operations.call, input, opts, "actor:call")
end

--- Run it within one request, of at most 300 seconds: the record { key, value, content_type } that it leaves as its output.
---@param input? any
---@param opts? apify.RunSyncOptions
---@return apify.Record? output
---@return apify.Error? err status 408 when the time is over
function Actor:run_sync(input, opts)
  return run_start.record(self, operations.run_sync, input, opts, "actor:run_sync")
end

--- Run it within one request, of at most 300 seconds: a page of the items that it leaves.
---@param input? any
---@param opts? apify.RunOptions|apify.DatasetItemsChoice
---@return apify.Page? page
---@return apify.Error? err status 408 when the time is over
function Actor:run_sync_get_dataset_items(input, opts)
  return run_start.items(self, operations.run_sync_get_dataset_items, input, opts, "actor:run_sync_get_dataset_items")
end

--- The same in a format: to a file name, a handle or a function; without a sink the text is returned. What breaks off is not begun again.
---@param format apify.DatasetFormat
---@param to? string|file*|fun(bytes: string): boolean?, string?
---@param input? any
---@param opts? apify.RunInputOptions|apify.DatasetItemsChoice|apify.DatasetFormatOptions|{ deadline?: number }
---@return true|string|nil
---@return apify.Error? err status 408 when the time is over
function Actor:run_sync_download_items(format, to, input, opts)
  return run_start.download(self, operations.run_sync_download_items, format, to, input, opts, "actor:run_sync_download_items")
end

--- The items one by one, in constant memory. The run starts with the first step, and only once: what breaks off stays so.
---@param input? any
---@param opts? apify.RunOptions|apify.DatasetItemsChoice|{ deadline?: number, pick?: string[] }
---@return (fun(): table?)|apify.Iterator, nil, nil, apify.Iterator
function Actor:run_sync_iterate_items(input, opts)
  return run_start.iterate(self, operations.run_sync_iterate_items, input, opts, "actor:run_sync_iterate_items")
end

--- The Actor's runs.
---@return apify.Runs
function Actor:runs(...)
  return resource.list(runs.Runs, self, "/runs", "runs", ...)
end

--- The Actor's last run, of a `status` or an `origin` if given: in every call that which it is then; `pin` holds it.
---@param opts? apify.LastRunOptions
---@return apify.RunHandle
function Actor:last_run(opts)
  return run.last(self.settings, self.path, opts, "actor:last_run")
end

--- The Actor's webhooks.
---@return apify.Webhooks
function Actor:webhooks(...)
  return resource.list(webhook.Webhooks, self, "/webhooks", "webhooks", ...)
end

---@class apify.BuildOptions : apify.ObjectOptions
---@field beta_packages? boolean with the beta versions of Apify's packages
---@field tag? string what the build is tagged with once it has succeeded; the version's own tag when absent
---@field use_cache? boolean
---@field wait_for_finish? integer seconds that the API may hold its answer, 0 to 60

--- Start a build of a version, such as "0.1", and return it at once. A lost answer is not asked for again: `err.sent` says that the
--- build may be there.
---@param version string
---@param opts? apify.BuildOptions
---@return apify.Build? build
---@return apify.Error? err
function Actor:build(version, opts)
  if type(version) ~= "string" or not version:find "^%d%d?%.%d%d?$" then
    errors.misuse("bad argument 1 of actor:build: %s (expected a version such as \"0.1\")", errors.show(version))
  end
  local o = operations.build.check(opts, "actor:build")
  o.version = version
  return resource.call(self, operations.build, o, nil, { answer_name = "build" })
end

--- The Actor's builds.
---@return apify.Builds
function Actor:builds(...)
  return resource.list(builds.Builds, self, "/builds", "builds", ...)
end

--- Ask for the Actor's default build: a handle of it. `wait_for_finish` lets the API hold the answer for up to so many seconds (0 to 60)
--- while that build goes on.
---@param opts? apify.TimeoutOptions|{ wait_for_finish?: integer }
---@return apify.BuildHandle? build
---@return apify.Error? err `not_found` when there is no such Actor, or no build
function Actor:default_build(opts)
  local found, err = resource.perform(self, "default_build", operations.default_build, opts, nil, nil, answers.reader "build")
  if not found then return nil, err end
  return build.new(self.settings, found.id)
end

return { Actor = Actor }
