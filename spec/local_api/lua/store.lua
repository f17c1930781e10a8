--- The state: Actors, tasks, their runs and builds. Each list of runs or of builds is kept sorted by start time.
local clock = require "clock"
local json_tree = require "json_tree"
local random = require "random"
local semaphore = require "ngx.semaphore"
local statuses = require "statuses"

local store = {}

local USER = { id = "7sT5jcggjjA9fNcxF", name = "janedoe" }
local DEFAULT_ACTOR = { id = "HDSasDasz78YcAPEB", name = "janedoe~my-actor" }
local DEFAULT_TASK = { id = "KJHSKHausidyaJKHs", name = "janedoe~my-task" }

local DEFAULT_VERSION = '{"versionNumber":"0.1","envVars":null,"sourceType":"SOURCE_FILES","applyEnvVarsToBuild":false,'
  .. '"buildTag":"latest","sourceFiles":[]}'
local FIRST_CREATED = clock.parse("2019-07-08T11:27:57.401Z")
local SPACING_MS = 86400000             -- between the creation of two Actors or tasks
local MODIFIED_MS = 43200000            -- after the creation
local FIRST_BUILD = { number = "0.1.2", version = "0.1", tag = "latest", status = "SUCCEEDED" }
local FIRST_BUILD_MS = 60000            -- after which the first build of an Actor is there

local TASK_INPUT = '{"startUrls":[{"url":"https://example.com/"}],"maxItems":1000}'

local DEFAULT_SETTINGS = {
  accepted_tokens = false,              -- false: any; a list: no other
  anonymous_lists = true,               -- whether lists are given to callers without a token
  cache_gzip = false,                   -- compress equal bodies once: for benchmarks, where nginx would be the slower side
  journal_bodies = false,               -- whether the journal tells the bodies of requests, spoiled ones too
  keys_scan = false,                    -- keys that a list of keys looks at for one page; false: as many as it needs
  max_items_page = false,               -- items that the API gives at once at most; false: as many as asked for
  max_payload_bytes = 9437184,          -- of a decoded body
  record_redirect = false,              -- the base URL of another origin, from which records then come
  requests_scan = false,                -- as keys_scan, for requests of a queue
  sync_limit_secs = 300,                -- how long a run may take that a caller waits for until it ends
  throttle_all = false,                 -- n: each n-th batch leaves all its requests unprocessed
  throttle_batches = false,             -- n: each n-th batch leaves the second half of its requests unprocessed
  total_lag = 0,                        -- items by which the total of a dataset lags behind
}

---@class local_api.Run
---@field id string
---@field serial integer order of creation; breaks ties of started
---@field started integer milliseconds
---@field finished integer? milliseconds, once terminal
---@field status string the last known status; ask store.status for the present one
---@field schedule table? list of {milliseconds after the start, status}, while some of it is ahead

---@class local_api.Build: local_api.Run
---@field number string
---@field version string
---@field tag string?

--- Called with whatever has ended, when that is noticed.
function store.on_end() end

local function wake_waiters(run)
  if run.waiters and run.waiters:count() < 0 then run.waiters:post(-run.waiters:count()) end
end

local function let_go(job)
  job.is_gone = true
  wake_waiters(job)
end

--- Forget everything but the default Actor and task; whoever waits for a run or a build looks again.
function store.reset()
  for _, run in ipairs(store.runs or {}) do let_go(run) end
  for _, build in ipairs(store.builds or {}) do let_go(build) end
  store.user = USER
  store.settings = {}
  for name, value in pairs(DEFAULT_SETTINGS) do store.settings[name] = value end
  store.runs, store.run_by_id, store.serial = {}, {}, 0
  store.builds, store.build_by_id, store.build_serial = {}, {}, 0
  store.starts = {}                     -- ids of the runs that were started through the API
  store.actors, store.tasks = {}, {}
  store.actor_list, store.task_list = {}, {}
  store.ids = random.new(20191130)
  store.default_actor = store.actor(DEFAULT_ACTOR.name, DEFAULT_ACTOR.id)
  store.task(DEFAULT_TASK.name, DEFAULT_TASK.id)
end

local function new_noun(map, list, name, id)
  list.made = (list.made or 0) + 1
  local created = FIRST_CREATED + list.made * SPACING_MS
  local noun = {
    id = id or store.ids:id(), name = name, runs = {}, number = list.made, changes = json_tree.object(),
    created = created, modified = created + MODIFIED_MS,
  }
  map[noun.id], map[name], list[#list + 1] = noun, noun, noun
  return noun
end

--- The task of that id or `user~name`, made if it is new.
function store.task(name, id)
  if not store.tasks[name] then new_noun(store.tasks, store.task_list, name, id).input = TASK_INPUT end
  return store.tasks[name]
end

--- The Actor that a task is of: that of its first run, or else the default one.
function store.actor_of(task)
  return task.actor or store.default_actor
end

--- Give an Actor or a task another name; false when there is one of that name already.
---@param map table `store.actors` or `store.tasks`
---@param noun table
---@param name string `user~name`
---@return boolean
function store.rename(map, noun, name)
  if map[name] and map[name] ~= noun then return false end
  map[noun.name], map[name], noun.name = nil, noun, name
  return true
end

--- Delete an Actor or a task; its runs stay.
function store.remove_noun(map, list, noun)
  map[noun.id], map[noun.name] = nil, nil
  for i, each in ipairs(list) do
    if each == noun then table.remove(list, i) break end
  end
end

local function comes_before(a, b)
  if a.started ~= b.started then return a.started < b.started end
  return a.serial < b.serial
end

-- Most runs are added at the end; the rest find their place by halving.
local function insert_sorted(list, run)
  local low, high = 1, #list + 1
  if high > 1 and comes_before(list[high - 1], run) then low = high end
  while low < high do
    local middle = math.floor((low + high) / 2)
    if comes_before(list[middle], run) then low = middle + 1 else high = middle end
  end
  table.insert(list, low, run)
end

local function new_run_id()
  local id
  repeat id = store.ids:id() until not store.run_by_id[id]
  return id
end

--- Add a build. `fields` has actor, number, version, started and either status with finished or a schedule; tag is optional.
---@return local_api.Build
function store.add_build(fields)
  store.build_serial = store.build_serial + 1
  fields.serial, fields.id = store.build_serial, fields.id or random.new(store.build_serial * 104729):id()
  fields.status = fields.status or fields.schedule[1][2]
  store.build_by_id[fields.id] = fields
  insert_sorted(store.builds, fields)
  insert_sorted(fields.actor.builds, fields)
  return fields
end

-- The build that an Actor has from the beginning.
local function add_first_build(actor)
  local ended = actor.created + FIRST_BUILD_MS
  local build = { actor = actor, id = random.new(actor.number * 77):id(), started = ended - FIRST_BUILD_MS / 2, finished = ended }
  for name, value in pairs(FIRST_BUILD) do build[name] = value end
  store.add_build(build)
end

--- A new Actor, without versions or builds.
function store.new_actor(name, id)
  local actor = new_noun(store.actors, store.actor_list, name, id)
  actor.builds, actor.versions = {}, {}
  return actor
end

--- The Actor of that id or `user~name`, made with a version and its build if it is new.
function store.actor(name, id)
  local actor = store.actors[name]
  if not actor then
    actor = store.new_actor(name, id)
    actor.versions[1] = { tree = json_tree.parse(DEFAULT_VERSION) }
    add_first_build(actor)
  end
  return actor
end

--- The run or the build of that id, or nil.
function store.job(id)
  return store.run_by_id[id] or store.build_by_id[id]
end

--- Add a run. `fields` has actor, started and either status with finished or a schedule; task is optional.
---@return local_api.Run
function store.add_run(fields)
  store.serial = store.serial + 1
  fields.id, fields.serial = new_run_id(), store.serial
  fields.status = fields.status or fields.schedule[1][2]
  store.run_by_id[fields.id] = fields
  insert_sorted(store.runs, fields)
  insert_sorted(fields.actor.runs, fields)
  if fields.task then
    insert_sorted(fields.task.runs, fields)
    fields.task.actor = fields.task.actor or fields.actor
  end
  return fields
end

local function without(list, ids)
  local kept = {}
  for _, run in ipairs(list) do
    if not ids[run.id] then kept[#kept + 1] = run end
  end
  return kept
end

--- Make a run one of another Actor.
function store.move_run(run, actor)
  run.actor.runs = without(run.actor.runs, { [run.id] = true })
  run.actor, run.row_status = actor, nil
  insert_sorted(actor.runs, run)
end

--- Delete runs.
---@param ids table<string, true>
function store.remove_runs(ids)
  local nouns = {}
  for id in pairs(ids) do
    local run = store.run_by_id[id]
    if run then
      store.run_by_id[id] = nil
      nouns[run.actor], nouns[run.task or run.actor] = true, true
      let_go(run)
    end
  end
  store.runs = without(store.runs, ids)
  for noun in pairs(nouns) do noun.runs = without(noun.runs, ids) end
end

--- Delete a build.
function store.remove_build(build)
  local ids = { [build.id] = true }
  store.build_by_id[build.id] = nil
  store.builds, build.actor.builds = without(store.builds, ids), without(build.actor.builds, ids)
  let_go(build)
end

--- The status of a run or a build at `now`, by its schedule.
---@param run local_api.Run
---@param now integer milliseconds
---@return string
function store.status(run, now)
  local schedule = run.schedule
  if not schedule then return run.status end
  for i = #schedule, 1, -1 do
    local step = schedule[i]
    if run.started + step[1] <= now or i == 1 then
      run.status = step[2]
      if statuses.is_terminal[step[2]] then
        run.schedule, run.finished = nil, run.started + step[1]
        store.on_end(run)
      end
      return run.status
    end
  end
end

--- Give a run another schedule, of milliseconds after its start, that begins now; whoever waits for the run looks again.
function store.set_schedule(run, schedule)
  run.schedule, run.finished, run.row_status = schedule, nil, nil
  store.status(run, clock.now())
  wake_waiters(run)
end

--- Set a run's status for good; whoever waits for the run looks again.
function store.set_status(run, status)
  run.schedule, run.status = nil, status
  run.finished = statuses.is_terminal[status] and math.max(clock.now(), run.started) or nil
  wake_waiters(run)
  if run.finished then store.on_end(run) end
end

--- Abort a run or a build, which takes so long. One that has finished or is being aborted stays as it is.
function store.abort(job, ms)
  local now = clock.now()
  local status = store.status(job, now)
  if statuses.is_terminal[status] or status == "ABORTING" then return end
  local passed = now - job.started
  store.set_schedule(job, { { passed, "ABORTING" }, { passed + ms, "ABORTED" } })
end

local function secs_to_terminal(run, now)
  for _, step in ipairs(run.schedule or {}) do
    if statuses.is_terminal[step[2]] then return (run.started + step[1] - now) / 1000 end
  end
  return math.huge
end

--- Hold the caller until the run or the build is terminal, is deleted, or `secs` have passed. Sleeps once, however long.
function store.wait(run, secs)
  local deadline = clock.now() + secs * 1000
  while not run.is_gone do
    local now = clock.now()
    if now >= deadline or statuses.is_terminal[store.status(run, now)] then return end
    run.waiters = run.waiters or semaphore.new()
    run.waiters:wait(math.max(0.001, math.min((deadline - now) / 1000, secs_to_terminal(run, now))))
  end
end

return store
