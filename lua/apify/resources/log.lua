--- The log of a run or a build.
--- https://docs.apify.com/api/v2/log-get
local answers = require "apify.http.answers"
local errors = require "apify.util.errors"
local operations = require("apify.resources.base.operations").log
local resource = require "apify.resources.base.resource"
local job_status = require "apify.resources.base.job_status"
local download = require "apify.resources.base.download"
local sink = require "apify.http.sink"
local lines = require "apify.http.lines"
local request = require "apify.http.request"
local url = require "apify.util.url"

local NAME_SECS = 10                     -- that an Actor's name is worth; the log goes on without it

---@class apify.LogOptions : apify.TimeoutOptions
---@field raw? boolean with the colour codes of terminals; lines keep a "\r" at their end

---@class apify.LogStreamOptions : apify.LogOptions
---@field deadline? number seconds inside the calls, all in all

---@class apify.Log : apify.Resource
local Log = resource.define "Log"

--- The whole log as it is now.
---@param opts? apify.LogOptions
---@return string? text
---@return apify.Error? err `not_found` when there is no such run or build
function Log:get(opts)
  return resource.call(self, operations.get, operations.get.check(opts, "log:get"), nil, nil, answers.text "log")
end

--- Does the run or the build that the log belongs to still go on, so that it may grow? What is there no more does not.
local function still_goes_on(self, limit)
  return job_status.is_going(self.settings, self.mount, limit)
end

--- What stands before the lines of a run's log, as in the logs that the official clients pass on: the Actor's name, if it can be had, and the
--- run's id.
local function prefix_of(settings, run, limit)
  local asked = { path = "/acts/" .. url.id(run.actId or "", "Actor id"), request_timeout = math.min(NAME_SECS, limit) }
  local actor = request.run(settings, asked, answers.reader "object")
  local name = actor and actor.name
  return ("%srunId:%s -> "):format(type(name) == "string" and name .. " " or "", run.id)
end

--- The same of a log, whose run is looked for; what is no run is a build.
local function find_prefix(self, limit)
  local mount = self.mount
  if mount.run_path then
    local asked = { path = mount.run_path, query = mount.query, request_timeout = limit }
    local run, err = request.run(self.settings, asked, answers.reader "run")
    if run then return prefix_of(self.settings, run, limit) end
    if not err.not_found then return nil, err end
  end
  return ("buildId:%s -> "):format((mount.build_path or mount.run_path):match "[^/]*$")
end

--- The log's bytes, once or, if it is followed, as long as it goes on; with `from_start = false` without those that are there at the first
--- step. And a function for the handle that they come from: below a last run, that of the run which it was then.
local function open(self, operation, o, follows)
  local handle, fields = self, follows and { stall_timeout = math.huge } or nil        -- a log may be silent for hours
  o.stream = follows or nil
  local bytes = download.stream(self, function(resolved)
    handle = resolved
    local asked = resource.request(resolved, operation, o, nil, fields)
    if o.from_start == false then asked.lead = resource.request(resolved, operation, { raw = o.raw, request_timeout = o.request_timeout }) end
    return asked
  end, { deadline = o.deadline, go_on = follows and function(limit) return still_goes_on(handle, limit) end or nil })
  return bytes, function() return handle end
end

--- The log as it grows, in pieces that end with whole characters, until the run or the build ends. Goes on after a lost connection.
---@param opts? apify.LogStreamOptions
---@return (fun(): string?)|apify.Chunks, nil, nil, apify.Chunks
function Log:stream(opts)
  local it = lines.chunks((open(self, operations.stream, operations.stream.check(opts, "log:stream"), true)))
  return it, nil, nil, it
end

---@class apify.LogLinesOptions : apify.LogStreamOptions
---@field follow? boolean go on until the run or the build ends
---@field from_start? boolean false: with `follow`, only lines that begin after the first step
---@field prefix? boolean|string what to put before each line; true: the Actor's name and the run's id

--- The lines of the log as it is now or, with `follow`, as they come until the run or the build ends.
---@param opts? apify.LogLinesOptions
---@return (fun(): string?)|apify.Lines, nil, nil, apify.Lines
function Log:lines(opts)
  local o = operations.lines.check(opts, "log:lines")
  if o.from_start == false and not o.follow then errors.misuse "option 'from_start' of log:lines: false is for follow = true" end
  local bytes, handle = open(self, operations.lines, o, o.follow)
  local prefix = o.prefix == true and function(limit) return find_prefix(handle(), limit) end or o.prefix or nil
  local it = lines.lines(bytes, o.raw, prefix)
  return it, nil, nil, it
end

--- Save the log as it is now: to a file name, a handle or a function; without a sink it is returned.
---@param to? string|file*|fun(bytes: string): boolean?, string?
---@param opts? apify.LogStreamOptions
---@return true|string|nil
---@return apify.Error? err
function Log:download(to, opts)
  local o = operations.download.check(opts, "log:download")
  sink.check(to, "argument 1 of log:download")
  local value, err = download.run(self, operations.download, o, to)
  if value == nil then return nil, err end
  return value
end

local log = { Log = Log, prefix_of = prefix_of }

--- The log of a run or a build by its id.
---@param settings apify.Settings
---@param id apify.Id an id, or a table with an `id`
---@return apify.Log
function log.new(settings, id)
  local segment = url.id(id, "run or build id")
  local mount = { query = {}, run_path = "/actor-runs/" .. segment, build_path = "/actor-builds/" .. segment }
  return resource.new(Log, settings, "/logs/" .. segment, resource.id_text(id), mount)
end

return log
