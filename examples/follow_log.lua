-- Print a run's log as it is written, until the run ends.
--
--     APIFY_TOKEN=... lua5.4 examples/follow_log.lua RUN_ID

local apify = require "apify"

if not arg[1] then
  io.stderr:write "usage: lua5.4 examples/follow_log.lua RUN_ID\n"
  os.exit(1)
end

local run = apify.new():run(arg[1])

for line in run:log():lines { follow = true } do
  print(line)
end
print("the run is " .. assert(run:get()).status)
