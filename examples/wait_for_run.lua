-- Wait for one run, for a minute at most.
--
--     APIFY_TOKEN=... lua5.4 examples/wait_for_run.lua RUN_ID

local apify = require "apify"

if not arg[1] then
  io.stderr:write "usage: lua5.4 examples/wait_for_run.lua RUN_ID\n"
  os.exit(1)
end

local run, err = apify.new():run(arg[1]):wait_for_finish { wait_secs = 60 }

if run then
  print(("%s: %s, %s to %s"):format(run.id, run.status, run.startedAt, run.finishedAt))
elseif err.kind == "unfinished" then
  print(("%s: still %s"):format(err.run.id, err.run.status))
else
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
end
