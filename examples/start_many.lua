-- Start twenty runs, five at a time: those that fail keep none of the others back, and the id of each is known as soon as there is one.
--
--     APIFY_TOKEN=... lua5.4 examples/start_many.lua ACTOR

local apify = require "apify"

if not arg[1] then
  io.stderr:write "usage: lua5.4 examples/start_many.lua ACTOR\n"
  os.exit(1)
end

local client = apify.new()
local actor = client:actor(arg[1])
local inputs, ids = {}, {}
for page = 1, 20 do inputs[page] = { page = page } end
io.stdout:setvbuf "line"                           -- what is printed is out, even if this program is stopped

local function start_and_wait(input)
  local run, err = actor:start(input)
  if not run then return nil, err end
  ids[input.page] = run.id
  print("started", input.page, run.id)
  return client:run(run):wait_for_finish { wait_secs = 600 }
end

local runs, errs = apify.map(inputs, start_and_wait, { max_parallel = 5, keep_going = true })

for page in ipairs(inputs) do
  local run, err = runs[page], errs[page]
  if run then print(run.status, page, run.id)      -- SUCCEEDED, or FAILED and so on
  elseif ids[page] then print("unknown", page, ids[page], tostring(err))
  elseif err.sent then                              -- whether there is one only the list of runs tells
    print("perhaps", page, "-", tostring(err))
  else print("refused", page, "-", tostring(err))
  end
end
