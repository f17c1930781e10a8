-- Wait for one run, for a minute at most.
--
--     APIFY_TOKEN=... lua5.4 examples/wait_for_run.lua RUN_ID

local apify = require "apify"

local id = arg[1] or error("which run? Give its id", 0)
local run, err = apify.new():run(id):wait_for_finish { wait_secs = 60 }

if run then
  print(("%s: %s, %s to %s"):format(run.id, run.status, run.startedAt, run.finishedAt))
elseif err.kind == "unfinished" then
  print(("%s: still %s"):format(err.run.id, err.run.status))
else
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
