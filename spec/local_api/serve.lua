--- The local API for whoever wants to try things without an account: started with something in it, told what to type, ended by Ctrl-C.
---
---     make api
local apify = require "apify"
local server = require "spec.local_api.server"

local COUNT, SPACING_SECS = 60, 30011      -- finished runs of each Actor, and the time from one start to the next: three weeks in all
local LONGEST_RUN = 900                    -- of those
local A_YEAR = 365 * 86400

--- What runs of these do when they are started.
local ACTORS = {
  { actor = "janedoe~shop", items = 20, log_lines = 40, schedule = { { 0, "READY" }, { 1, "RUNNING" }, { 9, "SUCCEEDED" } },
    messages = { { 3, "6 of 20 pages" }, { 6, "14 of 20 pages" } }, output = { pages = 20, currency = "EUR" } },
  { actor = "janedoe~broken", items = 2, log_lines = 10, schedule = { { 0, "READY" }, { 1, "RUNNING" }, { 4, "FAILED" } }, exit_code = 91 },
  { actor = "janedoe~slow", items = 600, log_lines = 1200, schedule = { { 0, "READY" }, { 1, "RUNNING" }, { 601, "SUCCEEDED" } } },
}

local function fill_runs(s)
  local newest = os.time() - LONGEST_RUN
  s:admin("reset", { count = 0 })
  for i, behaviour in ipairs(ACTORS) do
    s:admin("seed", { actor = behaviour.actor, task = i == 1 and "janedoe~shop-daily", count = COUNT, seed = i, spacing_secs = SPACING_SECS,
      first_started_at = apify.date(newest - i * 200 - COUNT * SPACING_SECS) })
    s:admin("behaviour", behaviour)
  end
  for _, id in ipairs(s:admin("ids", { actor = "janedoe~shop" }).ids) do s:admin("seed_items", { run = id, count = 250 }) end
end

local function products()
  local list = {}
  for i, name in ipairs { "Kettle", "Lamp", "Notebook", "Umbrella", "Compass", "Teapot", "Rope", "Lantern" } do
    list[i] = { name = name, price = 4.5 * i, currency = "EUR", inStock = i % 3 > 0, url = "https://shop.example/" .. name:lower() }
  end
  return list
end

local function fill_storages(client)
  local prices = assert(client:datasets():get_or_create "prices")
  assert(client:dataset(prices.id):push_items(products()))
  local settings = client:key_value_store(assert(client:key_value_stores():get_or_create "settings").id)
  assert(settings:set_record("CONFIG", { currency = "EUR", pages = 20, proxies = apify.array {} }))
  assert(settings:set_record("NOTE", "Reads the shop once a day.", { content_type = "text/plain; charset=utf-8" }))
  local queue = client:request_queue(assert(client:request_queues():get_or_create "to-visit").id)
  local urls = {}
  for i, product in ipairs(products()) do urls[i] = product.url end
  assert(queue:batch_add_requests(urls))
end

--- A run of ten minutes, as its Actor is allowed them; there it is five without.
local function start_slow(client)
  local slow = client:actor "janedoe~slow"
  assert(slow:update { defaultRunOptions = { timeoutSecs = 3600 } })
  return assert(slow:start { depth = 3 })
end

--- What to type elsewhere, and what is there. `run`: one that goes on for ten minutes.
local TEXT = [[
A local copy of the Apify API, made-up data and all, at {URL}
Nothing leaves this machine; what is changed is forgotten at the end. Ctrl-C ends it.

In another terminal, in this folder:

  export APIFY_API_BASE_URL={URL} APIFY_TOKEN={TOKEN}
  eval "$(make -s env)"

  curl -s "$APIFY_API_BASE_URL/v2/actor-runs?limit=2&desc=1"; echo
  lua5.4 -e 'for item in require("apify").new():dataset("janedoe~prices"):iterate_items() do print(item.name, item.price) end'
  lua5.4 examples/list_runs.lua janedoe~shop
  lua5.4 examples/follow_log.lua {RUN}

Any token will do, but apify_api_invalid (401) and apify_api_forbidden (403). It can fail as a network or the API does; this lets the next
two requests be answered with 503, which the module gets over (more faults, and everything else: spec/local_api/README.md):

  curl -s "$APIFY_API_BASE_URL/_control/faults" -d '{"rules":[{"match":{"first":2},"action":{"status":{"code":503}}}]}'; echo

In it, of the user janedoe:

  Actors           janedoe~shop (a run takes 9 s and gives 20 items), janedoe~broken (fails after 4 s), janedoe~slow (10 min)
  task             janedoe~shop-daily
  runs             {COUNT} of the last three weeks, with logs and storages; one that goes on: {RUN} of janedoe~slow
  dataset          janedoe~prices
  key-value store  janedoe~settings (records CONFIG, NOTE)
  request queue    janedoe~to-visit
]]

local function serve(s)
  fill_runs(s)
  local client = apify.new { base_url = s.url, token = s.token }
  fill_storages(client)
  local run = start_slow(client)
  io.write((TEXT:gsub("{(%u+)}", { URL = s.url, TOKEN = s.token, RUN = run.id, COUNT = ("%d"):format(#ACTORS * COUNT + 1) })))
  io.flush()
  apify.sleep(A_YEAR)
end

local s = server.start()
local _, why = pcall(serve, s)
s:admin("faults", { excuse = true })       -- whoever asked for them need not have seen them
s:stop()
if not tostring(why):find "interrupted!$" then error(why, 0) end
