-- List runs: an iterator walks all pages; here the newest ones that went wrong.
--
--     APIFY_TOKEN=... lua5.4 examples/list_runs.lua [user~actor]

local apify = require "apify"

local client = apify.new()                         -- the token is taken from APIFY_TOKEN
local runs = arg[1] and client:actor(arg[1]):runs() or client:runs()

for run in runs:iterate { status = { "FAILED", "TIMED-OUT" }, desc = true, limit = 20 } do
  print(run.id, run.status, run.startedAt)
end
