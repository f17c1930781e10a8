-- In a program of cqueues: wait for all runs that have not finished, a thread for each, while a clock goes on.
--
--     APIFY_TOKEN=... lua5.4 examples/cqueues.lua

local is_there, cqueues = pcall(require, "cqueues")
if not is_there then
  io.stderr:write "this example needs cqueues: apt-get install lua-cqueues, or luarocks install cqueues\n"
  os.exit(1)
end
local apify = require "apify"

local client = apify.new()
local controller = cqueues.new()
local open = 0

local function wait(run)
  local ended, err = client:run(run):wait_for_finish { wait_secs = 300 }       -- parks this thread alone
  open = open - 1
  print(run.id, ended and ended.status or tostring(err))
end

controller:wrap(function()
  for run in client:runs():iterate { status = { "READY", "RUNNING" }, limit = 100 } do
    open = open + 1
    controller:wrap(wait, run)
  end
  local secs = 0
  while open > 0 do
    print(("%d s: waiting for %d runs"):format(secs, open))
    cqueues.sleep(1)
    secs = secs + 1
  end
end)
assert(controller:loop())
