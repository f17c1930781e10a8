-- Start an Actor, wait for the end of the run, and read the items that it leaves.
--
--     APIFY_TOKEN=... lua5.4 examples/start_actor.lua ACTOR [INPUT_AS_JSON]

local apify = require "apify"

local actor, input = arg[1], arg[2]
if not actor then
  io.stderr:write "usage: lua5.4 examples/start_actor.lua ACTOR [INPUT_AS_JSON]\n"
  os.exit(1)
end

local client = apify.new()                         -- the token is taken from APIFY_TOKEN
local run = assert(client:actor(actor):call(input))
print(run.id, run.status)

for item in client:run(run):dataset():iterate_items() do
  for field, value in pairs(item) do print(field, value) end
end
