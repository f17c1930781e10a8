-- Wait for many runs at once, in one thread, and hear of each as it ends.
--
--     APIFY_TOKEN=... lua5.4 examples/wait_for_many.lua

local apify = require "apify"

local client = apify.new()
local unfinished = assert(client:runs():iterate { status = { "READY", "RUNNING" }, limit = 100 }:collect())
print(("waiting for %d runs"):format(#unfinished))

for id, run, err in client:wait_each(unfinished, { wait_secs = 300 }) do
  if run then print(id, run.status) else print(id, tostring(err)) end
end
