--- An Actor.
--- https://docs.apify.com/api/v2/act-get
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"
local run = require "apify.resources.run"
local runs = require "apify.resources.runs"
local run_start = require "apify.resources.run_start"
local url = require "apify.util.url"

---@class apify.Actor : apify.Resource
local Actor = resource.define "Actor"

run_start.add_methods(Actor, "actor", operations.actor)

--- The Actor's runs.
---@return apify.Runs
function Actor:runs(...)
  resource.check_self(Actor, self, "runs")
  resource.check_no_options("actor:runs", ...)
  return runs.new(self.settings, self.path .. "/runs", true)
end

--- The Actor's last run, of a `status` or an `origin` if given: in every call that which it is then; `pin` holds it.
---@param opts? { status?: string, origin?: string }
---@return apify.RunHandle
function Actor:last_run(opts)
  resource.check_self(Actor, self, "last_run")
  return run.last(self.settings, self.path, opts, "actor:last_run")
end

local actor = {}

---@param settings apify.Settings
---@param id any an id, `user~name`, `user/name`, or a table with an `id`
---@return apify.Actor
function actor.new(settings, id)
  return resource.new(Actor, settings, "/acts/" .. url.id(id, "Actor id"), resource.id_text(id))
end

return actor
