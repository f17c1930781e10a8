--- Where the demo reads from: your own account, or a local copy of the API full of made-up runs.
local apify = require "apify"

local COUNT, SPACING_SECS = 7000, 61.007
local LONGEST_RUN = 900                  -- seconds: what was made up has ended by now
local MOST_READ = 5000                   -- runs of an account

local ACTOR = "janedoe~my-actor"

--- Runs that move while the demo looks at them: what they are so many seconds after their start.
local MOVING = {
  { ago = 780, schedule = { { 0, "READY" }, { 3, "RUNNING" }, { 320, "ABORTED" } } },
  { ago = 610, schedule = { { 0, "READY" }, { 2, "RUNNING" }, { 95.3, "SUCCEEDED" } } },
  { ago = 415, schedule = { { 0, "READY" }, { 2, "RUNNING" }, { 900, "SUCCEEDED" } } },
  { ago = 150, schedule = { { 0, "READY" }, { 4, "RUNNING" }, { 154, "FAILED" } } },
  { ago = 32, schedule = { { 0, "READY" }, { 2, "RUNNING" }, { 36.5, "SUCCEEDED" } } },
  { ago = 4, schedule = { { 0, "READY" } } },
}

--- What becomes of the newest once it is waited for.
local AWAITED = { { 0, "READY" }, { 1.5, "RUNNING" }, { 5, "SUCCEEDED" } }

--- Answers come as if from far away, and each twelfth is an error. Who leaves early has not missed anything.
local FAULTS = {
  { match = { path = "/runs$", nth = 12 }, action = { status = { code = 503 } }, may_miss = true },
  { match = { path = "/runs$" }, action = { jitter = { 0.2, 0.6 } }, may_miss = true },
}
local ABOUT = [[
Made-up runs, from a local copy of the API at %s
It is slow and faulty on purpose: an answer takes 0.2 to 0.6 s, and each twelfth is an error that the module gets over.]]

---@class demo.Account
---@field title string
---@field client apify.Client
---@field runs apify.Runs
---@field limit? integer of the runs to read
---@field go_on fun(run: table) lets a run that is waited for go on, where it is made up
---@field close fun()

local function fill(server)
  local now = os.time()
  server:admin("reset", {
    actor = ACTOR, count = COUNT, spacing_secs = SPACING_SECS,
    first_started_at = apify.date(now - LONGEST_RUN - COUNT * SPACING_SECS),
  })
  for _, run in ipairs(MOVING) do
    server:admin("add_runs", { actor = ACTOR, started_at = apify.date(now - run.ago), schedule = run.schedule })
  end
  server:faults(FAULTS[1], FAULTS[2])
end

local function made_up()
  local server = require("spec.local_api.server").start()
  local is_filled, err = pcall(fill, server)
  if not is_filled then
    server:stop()
    error(err, 0)
  end
  local client = apify.new { token = false, base_url = server.url }
  return {
    title = ABOUT:format(server.url),
    client = client, runs = client:actor(ACTOR):runs(),
    go_on = function(run) server:admin("set_schedule", { ids = { run.id }, schedule = AWAITED }) end,
    close = function() server:stop() end,
  }
end

local function own(actor)
  local client = apify.new()
  local function nothing() end
  return {
    title = ("%s, read with APIFY_TOKEN"):format(actor and "Runs of " .. actor or "Your runs"),
    client = client, runs = actor and client:actor(actor):runs() or client:runs(),
    limit = MOST_READ, go_on = nothing, close = nothing,
  }
end

local function env(name)
  local value = os.getenv(name)
  if value ~= "" then return value end
end

--- The account whose token is in APIFY_TOKEN, or a local copy of the API that is started now.
---@return demo.Account
local function open()
  if env "APIFY_TOKEN" then return own(env "APIFY_ACTOR") end
  return made_up()
end

return { open = open }
