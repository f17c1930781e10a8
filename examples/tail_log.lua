-- Print the last lines of a run's log, and then those that come, until the run ends.
--
--     APIFY_TOKEN=... lua5.4 examples/tail_log.lua RUN_ID [LINES]

local apify = require "apify"

local wanted = tonumber(arg[2] or 10)
if not arg[1] or not wanted then
  io.stderr:write "usage: lua5.4 examples/tail_log.lua RUN_ID [LINES]\n"
  os.exit(1)
end

local log = apify.new():run(arg[1]):log()
io.stdout:setvbuf "line"

local there, count = 0, 0
for _ in log:lines() do there = there + 1 end

for line in log:lines { follow = true } do         -- with from_start = false: only those that come
  count = count + 1
  if count > there - wanted then print(line) end
end
