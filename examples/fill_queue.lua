-- Add the URLs of a file, one a line, to a request queue; those that it had before are not added again.
--
--     APIFY_TOKEN=... lua5.4 examples/fill_queue.lua QUEUE_NAME FILE

local apify = require "apify"

local name, path = arg[1], arg[2]
if not path then
  io.stderr:write "usage: lua5.4 examples/fill_queue.lua QUEUE_NAME FILE\n"
  os.exit(1)
end

local client = apify.new()
local queue = client:request_queue(assert(client:request_queues():get_or_create(name)))

local results, err = queue:batch_add_requests(io.lines(path))
if not results then error(err, 0) end

local known = 0
for _, result in ipairs(results) do
  if result.wasAlreadyPresent then known = known + 1 end
end
print(("%d requests added, %d were there"):format(#results - known, known))
