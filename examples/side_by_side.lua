-- Do things side by side: ten runs are fetched at a time, in one thread.
--
--     APIFY_TOKEN=... lua5.4 examples/side_by_side.lua

local apify = require "apify"

local client = apify.new()

local function describe(row)
  local run, err = client:run(row.id):get()        -- the whole run; the list has only a part of it
  if not run then return nil, err end
  return ("%s  %s  %s"):format(run.id, run.status, run.statusMessage or "")
end

local lines, err = apify.map(client:runs():iterate { desc = true, limit = 50 }, describe, { max_parallel = 10 })
if not lines then error(err, 0) end
for _, line in ipairs(lines) do print(line) end    -- in the order of the list
