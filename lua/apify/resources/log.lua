--- The log of a run or a build.
--- https://docs.apify.com/api/v2/log-get
local answers = require "apify.http.answers"
local operations = require("apify.resources.base.operations").log
local resource = require "apify.resources.base.resource"
local job_status = require "apify.resources.base.job_status"
local download = require "apify.resources.base.download"
local sink = require "apify.http.sink"
local lines = require "apify.http.lines"
local url = require "apify.util.url"

---@class apify.LogOptions : apify.TimeoutOptions
---@field raw? boolean with the colour codes of terminals; lines keep a "\r" at their end

---@class apify.LogStreamOptions : apify.LogOptions
---@field deadline? number seconds inside the calls, all in all

---@class apify.Log : apify.Resource
local Log = resource.define "Log"

--- The whole log as it is now.
---@param opts? apify.LogOptions
---@return string? text
---@return apify.Error? err `not_found` when there is no such run
function Log:get(opts)
  resource.check_self(Log, self, "get")
  return resource.call(self, operations.get, operations.get.check(opts, "log:get"), nil, nil, answers.text "log")
end

--- Is the run still going, so that its log grows? The log of a build, or of what is not there any more, does not.
local function still_runs(self, limit)
  return job_status.is_going(self.settings, self.mount.run_path, self.mount.query, limit)
end

--- The log's bytes, once or, if it is followed, as long as it goes on.
local function open(self, operation, o, follows)
  local handle, fields = self, follows and { stall_timeout = math.huge } or nil        -- a log may be silent for hours
  o.stream = follows or nil
  return download.stream(self, function(resolved)
    handle = resolved
    return resource.request(resolved, operation, o, nil, fields)
  end, { deadline = o.deadline, go_on = follows and function(limit) return still_runs(handle, limit) end or nil })
end

--- The log as it grows, in pieces that end with whole characters, until the run ends. Goes on after a lost connection.
---@param opts? apify.LogStreamOptions
---@return (fun(): string?)|apify.Chunks, nil, nil, apify.Chunks
function Log:stream(opts)
  resource.check_self(Log, self, "stream")
  local it = lines.chunks(open(self, operations.stream, operations.stream.check(opts, "log:stream"), true))
  return it, nil, nil, it
end

---@class apify.LogLinesOptions : apify.LogStreamOptions
---@field follow? boolean go on until the run ends

--- The lines of the log as it is now or, with `follow`, as they come until the run ends.
---@param opts? apify.LogLinesOptions
---@return (fun(): string?)|apify.Lines, nil, nil, apify.Lines
function Log:lines(opts)
  resource.check_self(Log, self, "lines")
  local o = operations.lines.check(opts, "log:lines")
  local it = lines.lines(open(self, operations.lines, o, o.follow), o.raw)
  return it, nil, nil, it
end

--- Save the log as it is now: to a file name, a handle or a function; without a sink it is returned.
---@param to? string|file*|fun(bytes: string): boolean?, string?
---@param opts? apify.LogStreamOptions
---@return true|string|nil
---@return apify.Error? err
function Log:download(to, opts)
  resource.check_self(Log, self, "download")
  local o = operations.download.check(opts, "log:download")
  sink.check(to, "argument 1 of log:download")
  local value, err = download.run(self, operations.download, o, to)
  if value == nil then return nil, err end
  return value
end

local log = {}

--- The log below a run.
---@param settings apify.Settings
---@param mount apify.Mount
---@return apify.Log
function log.below(settings, mount)
  return resource.new(Log, settings, mount.run_path .. "/log", nil, mount)
end

--- The log of a run or a build by its id.
---@param settings apify.Settings
---@param id apify.Id an id, or a table with an `id`
---@return apify.Log
function log.new(settings, id)
  local segment = url.id(id, "run or build id")
  local self = resource.new(Log, settings, "/logs/" .. segment, resource.id_text(id))
  self.mount = { query = {}, run_path = "/actor-runs/" .. segment }
  return self
end

return log
