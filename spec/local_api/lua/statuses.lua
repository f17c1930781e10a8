--- The eight statuses of a run.
local statuses = {}

statuses.is_known = {
  READY = true, RUNNING = true, SUCCEEDED = true, FAILED = true,
  ["TIMING-OUT"] = true, ["TIMED-OUT"] = true, ABORTING = true, ABORTED = true,
}

statuses.is_terminal = { SUCCEEDED = true, FAILED = true, ["TIMED-OUT"] = true, ABORTED = true }

statuses.all = { "READY", "RUNNING", "SUCCEEDED", "FAILED", "TIMING-OUT", "TIMED-OUT", "ABORTING", "ABORTED" }

--- The status itself; raises a text when there is no such.
function statuses.check(status)
  if not statuses.is_known[status] then error(("unknown status '%s'"):format(tostring(status)), 0) end
  return status
end

return statuses
