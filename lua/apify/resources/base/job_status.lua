--- The statuses of runs: which there are, which of them are final, and how long a run that was just started may be unknown.
local answers = require "apify.http.answers"
local request = require "apify.http.request"

local job_status = {}

job_status.STATUSES = { "READY", "RUNNING", "SUCCEEDED", "FAILED", "TIMING-OUT", "TIMED-OUT", "ABORTING", "ABORTED" }

local FINISHED = { SUCCEEDED = true, FAILED = true, ["TIMED-OUT"] = true, ABORTED = true }

job_status.NOT_FOUND_GRACE = 3           -- seconds in which a run may be unknown: it was started a moment ago
job_status.SHORTEST_PAUSE = 0.25         -- seconds between two looks at what is not ready
local POLL_MARGIN = 15                   -- seconds of silence, beyond those that the API holds its answer, before it counts as dead

local read_run = answers.reader "run"

--- Has it ended for good: a run, or a status?
---@param run_or_status apify.Run|apify.RunRow|apify.RunStatus
---@return boolean
function job_status.is_finished(run_or_status)
  local status = run_or_status
  if type(status) == "table" then status = status.status end
  return FINISHED[status] == true
end

--- Does the run still go on, so that more may come of it? One that is not there does not.
---@param settings apify.Settings
---@param path string of the run, below the API's base
---@param query? { [1]: string, [2]: string }[] parameters that belong to the path
---@param request_timeout? number
---@return boolean?
---@return apify.Error? err
function job_status.is_going(settings, path, query, request_timeout)
  local run, err = request.run(settings, { path = path, query = query, request_timeout = request_timeout }, read_run)
  if run then return not job_status.is_finished(run) end
  if err.not_found then return false end
  return nil, err
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
