-- list.lua URL PREFETCH: walk all runs of the local API's Actor; prints count, wall seconds, CPU seconds and peak memory in MB.
local core = require "apify.core"
local start = core.now()
local apify = require "apify"

local client = apify.new { base_url = arg[1], token = "apify_api_bench" }
local count, usd = 0, 0
for run in client:actor("janedoe~my-actor"):runs():iterate { prefetch = tonumber(arg[2]) } do
  if run.status == "SUCCEEDED" then count = count + 1 end
  usd = usd + run.usageTotalUsd
end
local wall = core.now() - start
local status = assert(io.open "/proc/self/status"):read "*a"
print(count, ("%.4f"):format(usd), wall, os.clock(), status:match "VmHWM:%s*(%d+)" / 1024)
