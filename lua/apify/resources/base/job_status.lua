--- The statuses of jobs, which are runs and builds: which there are, which of them are final, and how long a job that was just started
--- may be unknown.
local answers = require "apify.http.answers"
local loop = require "apify.loop"
local request = require "apify.http.request"

---@alias apify.JobKind "run"|"build"

local job_status = {}

job_status.STATUSES = { "READY", "RUNNING", "SUCCEEDED", "FAILED", "TIMING-OUT", "TIMED-OUT", "ABORTING", "ABORTED" }

local FINISHED = { SUCCEEDED = true, FAILED = true, ["TIMED-OUT"] = true, ABORTED = true }

job_status.NOT_FOUND_GRACE = 3           -- seconds in which a job may be unknown: it was started a moment ago
job_status.SHORTEST_PAUSE = 0.25         -- seconds between two looks at what is not ready
local POLL_MARGIN = 15                   -- seconds of silence, beyond those that the API holds its answer, before it counts as dead

--- Has it ended for good: a run, a build, or a status?
---@param job_or_status apify.Run|apify.RunRow|apify.Build|apify.BuildRow|apify.RunStatus
---@return boolean
function job_status.is_finished(job_or_status)
  local status = job_or_status
  if type(status) == "table" then status = status.status end
  return FINISHED[status] == true
end

--- Does the run or the build above still go on, so that more may come of it? One that is not there does not. Where it may be either,
--- the run is asked for first.
---@param settings apify.Settings
---@param mount apify.Mount with the path of a run, of a build, or both
---@param request_timeout? number for all that is asked
---@return boolean?
---@return apify.Error? err
function job_status.is_going(settings, mount, request_timeout)
  local ends_at = loop.now() + (request_timeout or settings.request_timeout)
  for _, kind in ipairs { "run", "build" } do
    local path = mount[kind .. "_path"]
    if path then
      local req = { path = path, query = mount.query, request_timeout = math.max(0, ends_at - loop.now()) }
      local job, err = request.run(settings, req, answers.reader(kind))
      if job then return not job_status.is_finished(job) end
      if not err.not_found then return nil, err end
    end
  end
  return false
end

--- The limits of time of a request whose answer the API may hold for some seconds.
---@param settings apify.Settings
---@param held? integer seconds
---@param request_timeout? number as given: it stays
---@return { request_timeout: number, hold_timeout?: number }
function job_status.limits(settings, held, request_timeout)
  held = held or 0
  return {
    request_timeout = request_timeout or settings.request_timeout + held,
    hold_timeout = held > 0 and held + POLL_MARGIN or nil,
  }
end

return job_status
