-- apify.lua WORK URL [PREFETCH]: this module.
local apify = require "apify"
io.write "ready\n"
io.flush()

local WORK, URL, PREFETCH = arg[1], arg[2], tonumber(arg[3])
local CALLS, SINGLES = 2000, 50

local client = apify.new { base_url = URL, token = "apify_api_bench" }
local count, sum, last = 0, 0, nil

local function walk(pick)
  for run in client:actor("bench"):runs():iterate { prefetch = PREFETCH, pick = pick } do
    if run.status == "SUCCEEDED" then count = count + 1 end
    sum, last = sum + run.usageTotalUsd, run.id
  end
end

local function get(i)
  local run = assert(client:run(tostring(i % SINGLES + 1)):get())
  count, sum, last = count + 1, sum + run.usageTotalUsd, #run.id
end

local works = {
  runs = function() walk() end,
  pick = function() walk { "id", "status", "startedAt", "usageTotalUsd" } end,
  items = function()
    for item in client:dataset("bench"):iterate_items() do
      if item.inStock then count = count + 1 end
      sum, last = sum + item.price, item.n
    end
  end,
  calls = function()
    for i = 1, CALLS do get(i) end
  end,
  calls50 = function()
    local fibers = {}
    for f = 1, 50 do
      fibers[f] = apify.spawn(function()
        for i = f, CALLS, 50 do get(i) end
        return true
      end)
    end
    for _, fiber in ipairs(fibers) do assert(fiber:wait()) end
  end,
}

works[WORK]()
print(("%d %.4f %s"):format(count, sum, last))
