-- Start twenty runs of two Actors at once, print their logs as they come, and put all of their items into one CSV.
--
--     APIFY_TOKEN=... lua5.4 examples/run_actors.lua ACTOR OTHER_ACTOR FILE.csv

local apify = require "apify"
local client, path = apify.new(), arg[3] or error("which Actors, and which file?", 0)

local jobs = {}
for i = 1, 20 do jobs[i] = { actor = arg[i % 2 + 1], input = { page = i } } end

local function print_line(line, run) print(run.id .. "  " .. line) end

local runs = assert(apify.map(jobs, function(job)
  return client:actor(job.actor):call(job.input, { log = print_line })
end))

local csv = assert(io.open(path, "w"))
for i, run in ipairs(runs) do
  local items = client:run(run.id):dataset()
  assert(items:download_items("csv", csv, { bom = i == 1, skip_header_row = i > 1 }))
end
csv:close()
