-- Start twenty runs of two Actors, five at a time, print their logs as they come, and put all of their items into one file of JSON lines.
--
--     APIFY_TOKEN=... lua5.4 examples/run_actors.lua ACTOR OTHER_ACTOR FILE.jsonl

local apify = require "apify"

local path = arg[3]
if not path then
  io.stderr:write "usage: lua5.4 examples/run_actors.lua ACTOR OTHER_ACTOR FILE.jsonl\n"
  os.exit(1)
end

local client, jobs = apify.new(), {}
for i = 1, 20 do jobs[i] = { actor = arg[i % 2 + 1], input = { page = i } } end

local function print_line(line, run) print(run.id .. "  " .. line) end

local runs, errs = apify.map(jobs, function(job)
  return client:actor(job.actor):call(job.input, { log = print_line })
end, { max_parallel = 5, keep_going = true })

local file = assert(io.open(path, "w"))
for i, job in ipairs(jobs) do
  local run = runs[i]
  if run then
    assert(client:run(run):dataset():download_items("jsonl", file))
  else
    io.stderr:write(("page %d of %s: %s\n"):format(job.input.page, job.actor, tostring(errs[i])))
  end
end
file:close()
