--- A run.
--- https://docs.apify.com/api/v2/actor-run-get
local dataset = require "apify.resources.dataset"
local key_value_store = require "apify.resources.key_value_store"
local log = require "apify.resources.log"
local options = require "apify.options"
local request = require "apify.request"
local request_queue = require "apify.resources.request_queue"
local resource = require "apify.resource"
local run_wait = require "apify.run_wait"
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
  op.query = op.query or {}
  for i, pair in ipairs(self.mount.query) do table.insert(op.query, i, pair) end
  local run, err = request.run(self.settings, op, request.decode_object)
  if not run then return nil, err end
  return run
end

--- Wait until the run has ended, at most `wait_secs` seconds: the finished run, or nil and an error;
--- kind "unfinished" when the time is over, with the run as last seen in `err.run`. Of a last run, that which it is now.
---@param opts? apify.WaitOptions
---@return table? run
---@return apify.Error? err
function Run:wait_for_finish(opts)
  resource.check_self(Run, self, "wait_for_finish")
  local o = check_wait(opts, "run:wait_for_finish")
  local pinned, err = resource.pinned(self)
  if not pinned then return nil, err end
  return wait.one(self.settings, pinned.path, o)
end

local run = {}

--- A handle of fixed id for what may be another run later: the last run of an Actor or a task, as it is now.
---@return apify.RunHandle?
---@return apify.Error? err
function Run:pin()
  resource.check_self(Run, self, "pin")
  if not self.mount.is_last then return self end
  local path, err, id = resource.last_run_path(self.settings, self.mount)
  if not path then return nil, err end
  return run.new(self.settings, id)
end

--- The run's log.
---@return apify.Log
function Run:log()
  resource.check_self(Run, self, "log")
  return log.below(self.settings, self.mount)
end

--- The run's default dataset.
---@return apify.Dataset
function Run:dataset()
  resource.check_self(Run, self, "dataset")
  return dataset.below(self.settings, self.mount)
end

--- The run's default key-value store.
---@return apify.KeyValueStore
function Run:key_value_store()
  resource.check_self(Run, self, "key_value_store")
  return key_value_store.below(self.settings, self.mount)
end

--- The run's default request queue; `client_key` names the owner of locks.
---@param opts? { client_key?: string }
---@return apify.RequestQueue
function Run:request_queue(opts)
  resource.check_self(Run, self, "request_queue")
  return request_queue.below(self.settings, self.mount, opts)
end

local ORIGINS = { "DEVELOPMENT", "WEB", "API", "SCHEDULER", "TEST", "WEBHOOK", "ACTOR", "CLI", "CI", "STANDBY", "MCP" }

local check_last = options.spec { status = options.enum(run_wait.STATUSES), origin = options.enum(ORIGINS) }
local last_query = options.query { { "status", "status" }, { "origin", "origin" } }

--- The path of a run.
---@param id any
function run.path(id)
  return "/actor-runs/" .. url.id(id, "run id")
end

---@param settings apify.Settings
---@param id any an id, or a table with an `id`
---@return apify.RunHandle
function run.new(settings, id)
  local path = run.path(id)
  return resource.new(Run, settings, path, resource.id_text(id), { query = {}, run_path = path })
end

--- The last run of what is at `parent_path`: in every call that which it is then.
---@param settings apify.Settings
---@param parent_path string of an Actor or a task
---@param opts? { status?: string, origin?: string } only runs of this status, or of this origin
---@param where string for messages
---@return apify.RunHandle
function run.last(settings, parent_path, opts, where)
  local path = parent_path .. "/runs/last"
  local mount = { query = last_query(check_last(opts, where)), run_path = path, is_last = true }
  return resource.new(Run, settings, path, nil, mount)
end

return run
