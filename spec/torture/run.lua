--- run.lua RESULTS KIND TIMES EVERY [NAME]: the programs, with the n-th allocation failing, n = 1, 2, ... until a run has no failure.
--- KIND: "lua" or "core" (and libcurl); TIMES: how many fail in a row; EVERY: of so many points one. The results go to a file, a line for
--- each program and each kind of what was found.
local apify = require "apify"
local is_error = apify.is_error
local points = require "spec.torture.points"
local programs = require "spec.torture.programs"
local server = require "spec.local_api.server"
local torture = rawget(_G, "torture")

local results_path, kind, times, every, only = ...
times, every = tonumber(times), tonumber(every)

local log = results_path .. ".log"

--- The server, and what all programs find there.
local function prepare_world()
  local api = server.start()
  api:admin("reset", { count = programs.rows })
  local t = { api = api, folder = results_path .. ".d" }
  os.execute(("rm -rf '%s'; mkdir '%s'"):format(t.folder, t.folder))
  t.ids = api:admin("ids", { actor = "janedoe~my-actor" }).ids
  t.run_id, t.items_id = t.ids[1], t.ids[2]
  t.tied_ids = api:admin("add_runs", { actor = "janedoe~tied", count = programs.rows, schedule = { { 0, "SUCCEEDED" } } }).ids
  t.endless_id = api:admin("add_runs", { actor = "somebody~else", schedule = { { 0, "RUNNING" } } }).ids[1]
  local lines = {}
  for i = 1, programs.lines do lines[i] = "line " .. i .. "\n" end
  api:admin("set_log", { run = t.run_id, text = table.concat(lines) })
  api:admin("seed_items", { run = t.items_id, count = 60 })
  local set = torture.try(function()
    local store = apify.new({ base_url = api.url, token = "apify_api_test" }):run(t.run_id):key_value_store()
    for i = 1, 12 do assert(store:set_record("key" .. i, i)) end
    local keys = { assert(store:set_record("down", programs.text, { content_type = "text/plain" })) and "keys" }
    for key in store:iterate_keys() do keys[#keys + 1] = key.key end
    return table.concat(keys, " ")
  end, points.PATIENCE, log)
  assert(set:find "^keys ", set)
  t.keys = {}
  for key in set:sub(6):gmatch "%S+" do t.keys[#t.keys + 1] = key end
  return t
end

apify.preload()                          -- one program loads modules; what LuaJIT's `require` leaves open when its memory runs out is its own

local world = prepare_world()

local function new_client(url)
  return apify.new {
    base_url = world.api[url], token = "apify_api_test", min_delay_between_retries = 0.001, max_retries = 2, request_timeout = 2,
    ca_file = world.api.ca_file,
  }
end

--- How a run has ended that returned or raised these: a class, and words.
local function classify(program, ok, value, err)
  if not ok then
    if is_error(value) then value, err = nil, value
    elseif tostring(value):find "not enough memory" then return "raised", tostring(value)
    else return "other", "raised: " .. tostring(value)
    end
  end
  if value == nil and err ~= nil then
    local text = tostring(err)
    if is_error(err) then
      return (err.kind == "memory" or text:find("no memory", 1, true)) and "memory" or "other", text
    end
    if text:find "not enough memory" then return "raised", text end
    return "other", tostring(err)
  end
  if value == nil then return "wrong", "nothing" end
  local is_fine, is_right = pcall(program.is_right, world, value)
  if not is_fine or not is_right then return "wrong", tostring(value) end
  return "ok", ""
end

--- Is a client of use now? nil, or why not.
local function complaint(t)
  for _, client in ipairs { t.client, t.tls_client } do
    local run, err = client:run(t.run_id):get()
    if not run and err.kind ~= "closed" then return tostring(err) end
    if not run then
      run, err = new_client("url"):run(t.run_id):get()
      if not run then return "a new client: " .. tostring(err) end
    end
    if client == t.client then break end
  end
end

--- One run, in a process of its own: the class, and words; nothing may be left when all is closed.
local function attempt(program, n)
  return function()
    local t = world
    t.client, t.tls_client = new_client "url", new_client "tls_url"
    if program.prepare then program.prepare(t) end
    points.arm({ kind = kind, times = times }, n)
    local ok, value, err, count = pcall(program.run, t)
    local total, has_failed = torture.disarm()
    local class, words = classify(program, ok, value, err)
    if program.is_whole and ok then
      local is_fine, is_whole = pcall(program.is_whole, t, count or value)
      if not is_fine or not is_whole then class, words = "wrong", words .. " (not whole)" end
    end
    local is_fine, why = pcall(complaint, t)
    if not is_fine or why then class, words = "unusable", tostring(why) .. " after " .. words end
    t.client:close()
    t.tls_client:close()
    return points.verdict(class, total, has_failed, words)
  end
end

--- The point n.
local function point(program, n)
  return points.try(attempt(program, n), log)
end

local function sweep(program)
  local class, total, _, words = point(program, 0)
  if class ~= "ok" then error(("%s, without a failure: %s %s"):format(program.name, class, words), 0) end
  local results = points.results(program.name)
  local n, beyond = every > 1 and math.random(every) or 1, 0
  while beyond < 3 and n < 4 * total + 100 do
    local has_failed, at
    class, at, has_failed, words = point(program, n)
    if has_failed or class ~= "ok" then
      beyond = 0
      points.add(results, n, class, at, words)
    else
      beyond = beyond + 1
    end
    n = n + (n > total and 1 or every)
  end
  points.write(results, results_path)
end

local one = tonumber(os.getenv "TORTURE_ONE")             -- for whoever looks into one point; with TORTURE_TRACE=1, where it fails

--- One point alone, and what was complained of.
local function look_at(program, n)
  print(program.name, n, point(program, n))
  print(assert(io.open(log)):read "*a")
end

if one then sweep = function(program) look_at(program, one) end end

for _, program in ipairs(programs) do
  if only == "" or program.name:find(only, 1, true) then sweep(program) end
end
os.execute(("rm -rf '%s' '%s'"):format(world.folder, log))
world.api:stop()
