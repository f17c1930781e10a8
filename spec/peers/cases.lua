--- The rows of the vocabulary as cases, each with its expressions made functions, and the world in which they are asked.
local cases = {}

local vocabulary = require "spec.peers.vocabulary"

local ACTOR, TASK = "janedoe~my-actor", "janedoe~my-task"

-- Of each storage: how it is called below a run in both clients, and by its own id.
local STORAGES = {
  log = { "log()", "log()", "client:log(w.run)", "client.log(w.run)" },
  dataset = { "dataset()", "dataset()", "client:dataset(w.dataset)", "client.dataset(w.dataset)" },
  store = { "key_value_store()", "keyValueStore()", "client:key_value_store(w.store)", "client.keyValueStore(w.store)" },
  queue = { "request_queue()", "requestQueue()", "client:request_queue(w.queue)", "client.requestQueue(w.queue)" },
}

local RUNS = {
  { "client:run(w.run)", "client.run(w.run)" },
  { "client:actor(w.actor):last_run { status = 'SUCCEEDED' }", "client.actor(w.actor).lastRun({ status: 'SUCCEEDED' })", last_of = "acts" },
  { "client:task(w.task):last_run { status = 'SUCCEEDED' }", "client.task(w.task).lastRun({ status: 'SUCCEEDED' })", last_of = "actor-tasks" },
}

-- A function of a client, a world and the local API; in it `drain` takes all that an iterator gives.
local function compile(code)
  local text = "local client, w, api = ... local apify = require 'apify' local function drain(it) for _ in it do end return true end " .. code
  return assert(load(text, "=" .. code))
end

-- The same where the environment says that the world's run is the present one.
local function as_actor(call)
  return function(client, w, api)
    local getenv = os.getenv
    rawset(os, "getenv", function(name) return name == "ACTOR_RUN_ID" and w.run or getenv(name) end)
    local value, err = call(client, w, api)
    rawset(os, "getenv", getenv)
    return value, err
  end
end

-- What "actor:get" is in "client:actor(w.actor):get()", or "actor.get" in "client.actor(w.actor).get()": the last two words that are called.
local function method_name(code)
  local plain = code:gsub("^drain%((.*)%)$", "%1"):gsub("%b()", "!"):gsub("%s*%b{}", "!"):gsub("%s*'[^']*'", "!")
  return (plain:match "[%w_]+!?[:.][%w_]+!*$":gsub("!", ""))
end

local function add(list, row, lua, js, before, differs)
  local case = {
    name = lua, method = method_name(lua), js = js, their_method = js and method_name(js), alone = row.alone, differs = differs or row.differs,
    is_first = row.is_first, is_text = row.is_text, call = compile("return " .. lua), prepare = before and compile(before),
  }
  if row.is_actor then case.call = as_actor(case.call) end
  list[#list + 1] = case
  return case
end

local function put(code, handle)
  return code and code:gsub("@", function() return handle end)
end

-- A row for each place of a storage. What both clients need before is done by the storage's own id.
local function add_below(list, about, row)
  for _, mount in ipairs(RUNS) do
    local case = add(list, row, put(row[1], mount[1] .. ":" .. about[1]), put(row[2], mount[2] .. "." .. about[2]), put(row.before, about[3]),
      row.pins and mount.last_of and "a last run is found first, as this takes several calls" or nil)
    case.last_of = mount.last_of
  end
  add(list, row, put(row[1], about[3]), put(row[2], about[4]), put(row.before, about[3]))
end

--- All cases: `name`, `method` ("actor:get"), `call(client, w)`, `prepare(client, w, api)`, `js`, `their_method`,
--- `alone`, `differs`, `is_text`; `is_first`: of its requests the first is what it is about; `last_of`: it is below a last run.
function cases.all()
  local list = {}
  for _, row in ipairs(vocabulary.rows) do add(list, row, row[1], row[2], row.before) end
  for _, noun in ipairs { "log", "dataset", "store", "queue" } do
    for _, row in ipairs(vocabulary.below[noun]) do add_below(list, STORAGES[noun], row) end
  end
  return list
end

--- A new world, the same each time, and what is in it.
---@param api local_api.Server
---@param client apify.Client
---@return table w
function cases.world(api, client)
  local seeded = api:admin("reset", { count = 3, statuses = { "SUCCEEDED" }, without_task_every = 0, settings = { journal_bodies = true } })
  local going = api:admin("add_runs", { actor = ACTOR, task = TASK, schedule = { { 0, "RUNNING" }, { 300, "FAILED" } } }).ids[1]
  local run = assert(client:run(seeded.last_id):get())
  return {
    actor = ACTOR, task = TASK, run = run.id,
    going = going, day = "2025-01-01T00:00:00.000Z",
    dataset = run.defaultDatasetId, store = run.defaultKeyValueStoreId, queue = run.defaultRequestQueueId,
  }
end

--- Make the world, what the case needs beyond it, and the call: what the call gives, and the requests that it sent.
---@param api local_api.Server
---@param client apify.Client
---@param case table
---@param call fun(w: table): any, any
---@return any value
---@return any problem
---@return string[] wires
function cases.ask(api, client, case, call)
  local w = cases.world(api, client)
  if case.prepare then case.prepare(client, w, api) end
  api:log(true)
  local value, problem = call(w)
  local wires = {}
  for i, request in ipairs(api:log().requests) do wires[i] = cases.wire(request) end
  return value, problem, wires
end

-- Wires

local function decode(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

local function sorted_query(query)
  local list = {}
  for part in query:gmatch "[^&]+" do list[#list + 1] = (decode(part):gsub("=true$", "=1"):gsub("=false$", "=0")) end
  table.sort(list)
  return table.concat(list, "&")
end

-- JSON in the order of names, so that texts can be compared.
local function plain_body(body)
  local core = require "apify.core"
  local value, problem = core.decode(body)
  return problem and body or core.encode(value, { sort_keys = true })
end

--- What a request is to the API: method, path, query, type and body, without what two clients may spell in their own way.
---@param request table of the local API's log
---@return string
function cases.wire(request)
  local path, query = request.path:match "^([^?]*)%??(.*)$"
  local kind = request.headers["content-type"]
  local parts = { request.method, (decode(path):gsub("^/v2/actors/", "/v2/acts/"):gsub("^/v2/actors$", "/v2/acts")) }
  if query ~= "" then parts[#parts + 1] = "?" .. sorted_query(query) end
  if request.body and request.body ~= "" then
    parts[#parts + 1] = (kind or "no type"):match "^[^;]*"
    parts[#parts + 1] = plain_body(request.body)
  end
  return table.concat(parts, " ")
end

return cases
