--- A run.
--- https://docs.apify.com/api/v2/actor-run-get
local options = require "apify.options"
local request = require "apify.request"
local resource = require "apify.resource"
local url = require "apify.url"
local wait = require "apify.wait"

local check_get = options.spec {
  request_timeout = options.number { exclusive_min = 0 },
  wait_for_finish = options.integer { min = 0, max = 60 },
}

local check_wait = options.spec {
  request_timeout = options.number { exclusive_min = 0 },
  wait_secs = options.number { min = 0, huge = true },
}

---@class apify.RunHandle : apify.Resource
local Run = resource.define "Run"

--- The run as it is now; `wait_for_finish` lets the API hold the answer for up to so many seconds (0 to 60) while the run goes on.
---@param opts? { wait_for_finish?: integer, request_timeout?: number }
---@return table? run
---@return apify.Error? err `not_found` when there is no such run
function Run:get(opts)
  resource.check_self(Run, self, "get")
  local o = check_get(opts, "run:get")
  local op = wait.poll_operation(self.settings, self.path, o.wait_for_finish, o.request_timeout)
  local run, err = request.run(self.settings, op, request.decode_object)
  if not run then return nil, err end
  return run
end

--- Wait until the run has ended, at most `wait_secs` seconds: the finished run, or nil and an error;
--- kind "unfinished" when the time is over, with the run as last seen in `err.run`.
---@param opts? apify.WaitOptions
---@return table? run
---@return apify.Error? err
function Run:wait_for_finish(opts)
  resource.check_self(Run, self, "wait_for_finish")
  return wait.one(self.settings, self.path, check_wait(opts, "run:wait_for_finish"))
end

local run = {}

--- The path of a run.
---@param id any
function run.path(id)
  return "/actor-runs/" .. url.id(id, "run id")
end

---@param settings apify.Settings
---@param id any an id, or a table with an `id`
---@return apify.RunHandle
function run.new(settings, id)
  return resource.new(Run, settings, run.path(id), resource.id_text(id))
end

return run
