-- items.lua URL RUN CHUNK_SIZE: walk the items of a run's dataset, all in one page when CHUNK_SIZE is 0; prints how many are in stock,
-- what the prices add up to, wall seconds, CPU seconds and peak memory in MB.
local core = require "apify.core"
local start = core.now()
local apify = require "apify"

local client = apify.new { base_url = arg[1], token = "apify_api_bench" }
local count, sum = 0, 0
for item in client:run(arg[2]):dataset():iterate_items { chunk_size = arg[3] ~= "0" and tonumber(arg[3]) or nil } do
  if item.inStock then count = count + 1 end
  sum = sum + item.price
end
local wall = core.now() - start
local status = assert(io.open "/proc/self/status"):read "*a"
print(count, ("%.2f"):format(sum), wall, os.clock(), status:match "VmHWM:%s*(%d+)" / 1024)
