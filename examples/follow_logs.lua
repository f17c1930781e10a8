-- Print the logs of several runs as they are written, each line with its run, until all of them end; one that fails ends no other.
--
--     APIFY_TOKEN=... lua5.4 examples/follow_logs.lua RUN_ID...

local apify = require "apify"

if not arg[1] then
  io.stderr:write "usage: lua5.4 examples/follow_logs.lua RUN_ID...\n"
  os.exit(1)
end

local client, ids = apify.new(), {}
for i = 1, #arg do ids[i] = arg[i] end

local function follow(id)
  for line in client:run(id):log():lines { follow = true, prefix = true } do print(line) end
  return assert(client:run(id):get()).status
end

local statuses, errs = apify.map(ids, follow, { keep_going = true })
for i, id in ipairs(ids) do print(id, statuses[i] or tostring(errs[i])) end
