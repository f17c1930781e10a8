-- Start a run, and where the answer is lost look for it before another one is started: it has the same input, and began just now.
--
--     APIFY_TOKEN=... lua5.4 examples/find_lost_start.lua ACTOR PAGE

local apify = require "apify"

local CLOCKS = 60                                  -- seconds by which this machine's clock may be ahead of the API's
local LOOKS = 3                                    -- half a second apart: the list may know of a run a moment later

if not arg[2] then
  io.stderr:write "usage: lua5.4 examples/find_lost_start.lua ACTOR PAGE\n"
  os.exit(1)
end

local client = apify.new()
local actor, input = client:actor(arg[1]), { page = arg[2] }

local function is_same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for name, value in pairs(a) do
    if not is_same(value, b[name]) then return false end
  end
  for name in pairs(b) do
    if a[name] == nil then return false end
  end
  return true
end

-- The newest run since then that has this input.
local function find(since)
  for row in actor:runs():iterate { started_after = since, desc = true } do
    local record, err = client:run(row):key_value_store():get_record "INPUT"
    if not record and not err.not_found then error(err) end
    if record and is_same(record.value, input) then return row end
  end
end

local began_at = os.time()
local run, err = actor:start(input)
if run then
  print("started", run.id)
elseif err.sent then                               -- it may be there
  for look = 1, LOOKS do
    if look > 1 then assert(apify.sleep(0.5)) end
    run = find(began_at - CLOCKS)
    if run then break end
  end
  print(run and "found" or "lost", run and run.id or "nothing was started: it may be started again")
else
  error(err)
end
