-- waits.lua URL CA_FILE: a thousand waits for runs that do not end; their ids are the lines of build/bench/ids.
-- Prints the number of waits and of threads, and the CPU seconds of 2 s in which nothing happens.
local apify = require "apify"
io.write "ready\n"
io.flush()

local BEGINNING, REST, ALL = 2, 2, 5     -- seconds

local ids = {}
for id in io.lines "build/bench/ids" do ids[#ids + 1] = id end
local client = apify.new { base_url = arg[1], ca_file = arg[2], token = false }

local at_rest = apify.spawn(function()
  apify.sleep(BEGINNING)
  local before = os.clock()
  apify.sleep(REST)
  return os.clock() - before
end)
local runs, err = client:wait_all(ids, { wait_secs = ALL })
assert(not runs and err.kind == "unfinished", tostring(err))
local threads = io.open "/proc/self/status":read "*a":match "Threads:%s*(%d+)"
print(("%d waits, %s thread, %.3f s of CPU in %d s at rest"):format(#ids, threads, assert(at_rest:wait()), REST))
