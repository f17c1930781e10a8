-- Save the items of a run's dataset as CSV, and add up a field of them on the way through.
--
--     APIFY_TOKEN=... lua5.4 examples/save_dataset.lua RUN_ID FILE.csv [FIELD]

local apify = require "apify"

local id, path, field = arg[1], arg[2], arg[3] or "price"
if not path then
  io.stderr:write "usage: lua5.4 examples/save_dataset.lua RUN_ID FILE.csv [FIELD]\n"
  os.exit(1)
end

local dataset = apify.new():run(id):dataset()
assert(dataset:download_items("csv", path))                -- the file is complete, or not there

local count, sum = 0, 0
for item in dataset:iterate_items { fields = field } do
  count, sum = count + 1, sum + (tonumber(item[field]) or 0)
end
print(("%d items in %s, %s: %g in all"):format(count, path, field, sum))
