--- Whole programs, each of which does one thing. They are few allocations long, so that each can fail in turn.
---
--- `prepare` may allocate; `run` is where allocations fail: it returns a value, or nil and an error, or raises; `is_right` looks at the value.
--- What they get is { api, client, run_id, folder }, in a process of their own; the server they share.
local apify = require "apify"
local torture = rawget(_G, "torture")

local TEXT = ("%s of a record, as any other\n"):rep(3000, "")
local LINES = 5
local ROWS = 25

--- The values that `step` gives until its first nil, at most `max`. It is called again after an error that it returns or raises, a few
--- times: nothing may be lost by that, and nothing come twice. `into` has room for all of them.
local function collect(into, step, max)
  local count, errors_left, first = 0, 6, nil
  while count < max do
    local ok, value, err = pcall(step)
    if not ok then value, err = nil, value end
    if err then
      first, errors_left = first or err, errors_left - 1
      if errors_left == 0 then return nil, err, count end
    elseif value == nil then
      return count, first
    else
      count = count + 1
      into[count] = value
    end
  end
  return count, first
end

local function room(count)
  local list = {}
  for i = 1, count do list[i] = false end
  return list
end

--- Was every row delivered, once? What they are is in `ids`, as a list has them.
local function are_all(rows, ids)
  for i, id in ipairs(ids) do
    if not rows[i] or (rows[i].id or rows[i].key) ~= id then return false end
  end
  return true
end

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local bytes = file:read "*a"
  file:close()
  return bytes
end

--- Every row is there, once, whatever was told on the way. `ids` names the ids of the rows in the world.
local function list_program(name, ids, iterate)
  return {
    name = name,
    prepare = function(t) t.rows = room(2 * ROWS) end,
    run = function(t)
      local it = iterate(t)
      local count, err = collect(t.rows, function() return it:next() end, 2 * ROWS)
      it:close()
      return err == nil and count or nil, err, count
    end,
    --- Also when an error was told: nothing may be lost on the way to it.
    is_whole = function(t, count) return (count == nil or count == #t[ids]) and are_all(t.rows, t[ids]) end,
    is_right = function(t, count) return count == #t[ids] end,
  }
end

local programs = {
  list_program("a list of three pages", "ids", function(t) return t.client:actor("janedoe~my-actor"):runs():iterate { chunk_size = 10 } end),

  list_program("a list, few fields", "ids", function(t)
    return t.client:actor("janedoe~my-actor"):runs():iterate { chunk_size = 10, pick = { "id", "startedAt" }, prefetch = 1 }
  end),

  list_program("a list of runs that started together", "tied_ids", function(t)
    return t.client:actor("janedoe~tied"):runs():iterate { chunk_size = 10 }
  end),

  list_program("keys", "keys", function(t) return t.client:run(t.run_id):key_value_store():iterate_keys { chunk_size = 5 } end),

  {
    name = "pages",
    prepare = function(t) t.rows = room(ROWS) end,
    run = function(t)
      local it = t.client:actor("janedoe~my-actor"):runs():iterate { chunk_size = 10 }
      local step = it:pages()
      local count, err = collect(t.rows, function() return step() end, ROWS)
      it:close()
      return err == nil and count or nil, err, count
    end,
    --- Two pages may come as one.
    is_whole = function(t)
      local n = 0
      for _, page in ipairs(t.rows) do
        for _, row in ipairs(page and page.items or {}) do
          n = n + 1
          if row.id ~= t.ids[n] then return false end
        end
      end
      return n == ROWS
    end,
    is_right = function(_, count) return count == 3 end,
  },

  {
    name = "a client, and a run",
    run = function(t)
      local client = apify.new { base_url = t.api.url, token = "apify_api_test" }
      local run, err = client:run(t.run_id):get()
      client:close()
      return run, err
    end,
    is_right = function(t, run) return run.id == t.run_id end,
  },

  {
    name = "a wait",
    prepare = function(t)
      local schedule = { { 0, "RUNNING" }, { 0.004, "SUCCEEDED" } }
      t.new_id = t.api:admin("add_runs", { actor = "somebody~else", schedule = schedule }).ids[1]
    end,
    run = function(t) return t.client:run(t.new_id):wait_for_finish() end,
    is_right = function(t, run) return run.id == t.new_id and run.status == "SUCCEEDED" end,
  },

  {
    name = "a push",
    prepare = function(t)
      t.items = {}
      for i = 1, 40 do t.items[i] = { number = i, text = "an item of forty, \"quoted\"", list = { 1.5, true, apify.null } } end
    end,
    run = function(t) return t.client:run(t.run_id):dataset():push_items(t.items) end,
    is_right = function(_, done) return done == true end,
  },

  {
    name = "items",
    prepare = function(t) t.rows = room(80) end,
    run = function(t)
      local it = t.client:run(t.items_id):dataset():iterate_items { chunk_size = 40 }
      local count, err = collect(t.rows, function() return it:next() end, 80)
      it:close()
      return err == nil and count or nil, err, count
    end,
    is_right = function(_, count) return count == 60 end,
    is_whole = function(_, count) return count == nil or count == 60 end,
  },

  {
    name = "an upload",
    prepare = function(t)
      t.path = t.folder .. "/source"
      local file = assert(io.open(t.path, "wb"))
      file:write(TEXT)
      file:close()
    end,
    run = function(t)
      return t.client:run(t.run_id):key_value_store():upload_record("up", t.path, { content_type = "text/plain" })
    end,
    is_right = function(_, done) return done == true end,
  },

  {
    name = "a download",
    prepare = function(t)
      t.path = t.folder .. "/sink"
      os.remove(t.path)
    end,
    run = function(t) return t.client:run(t.run_id):key_value_store():download_record("down", t.path) end,
    is_right = function(t) return read(t.path) == TEXT end,
    --- A file that is there is whole; and none is left beside it.
    is_whole = function(t)
      local bytes = read(t.path)
      local pipe = io.popen("ls -A " .. t.folder)
      local names = pipe:read "*a"
      pipe:close()
      os.remove(t.path)
      return (bytes == nil or bytes == TEXT) and not names:gsub("source\n", ""):gsub("sink\n", ""):find "."
    end,
  },

  {
    name = "a followed log",
    prepare = function(t) t.lines = room(2 * LINES) end,
    run = function(t)
      local it = t.client:run(t.run_id):log():lines { follow = true }
      local count, err = collect(t.lines, function() return it:next() end, 2 * LINES)
      it:close()
      return err == nil and count or nil, err, count
    end,
    is_right = function(t, count) return count == LINES and t.lines[LINES] == "line 5" end,
    is_whole = function(t, count)
      for i = 1, count or 0 do
        if t.lines[i] ~= "line " .. i then return false end
      end
      return count == nil or count == LINES
    end,
  },

  {
    name = "a batch",
    prepare = function(t)
      t.requests = {}
      for i = 1, 30 do t.requests[i] = { url = ("https://example.com/%d"):format(i), uniqueKey = tostring(i) } end
    end,
    run = function(t) return t.client:run(t.run_id):request_queue():batch_add_requests(t.requests) end,
    is_right = function(_, results) return #results == 30 and results[30].requestId ~= nil end,
  },

  {
    name = "a cancelled map",
    run = function(t)
      local list = { t.run_id, t.run_id, t.endless_id, t.run_id, t.endless_id }
      local seen = 0
      local fiber = apify.spawn(function()
        return apify.map(list, function(id)
          local run, err
          if id == t.endless_id then run, err = t.client:run(id):wait_for_finish() else run, err = t.client:run(id):get() end
          seen = seen + 1
          return run, err
        end, { max_parallel = 4 })
      end)
      for _ = 1, 400 do
        if seen == 3 or fiber:is_done() then break end
        local ok, err = apify.sleep(0.001)
        if not ok then return nil, err end
      end
      fiber:cancel()
      local value, err = fiber:wait(3)
      if err and err.kind == "cancelled" then return true end
      return value and "not cancelled" or nil, err
    end,
    is_right = function(_, value) return value == true end,
  },

  {
    name = "a close with work in flight",
    run = function(t)
      local waits = {}
      for i = 1, 3 do
        waits[i] = apify.spawn(function() return t.client:run(t.endless_id):wait_for_finish() end)
      end
      local ok, err = apify.sleep(0.003)
      t.client:close()
      for i = 1, 3 do
        local value, why = waits[i]:wait(3)
        if value or not why then return "not closed" end
        if why.kind ~= "closed" then err = why end
      end
      return ok and not err or nil, err
    end,
    is_right = function(_, value) return value == true end,
  },

  {
    name = "a fork",
    prepare = function(t) t.rows = room(2 * ROWS) end,
    run = function(t)
      local it = t.client:actor("janedoe~my-actor"):runs():iterate { chunk_size = 10 }
      local row, err = it:next()
      if not row then return nil, err end
      local function step() return it:next() end
      local function go_on() return collect(t.rows, step, 2 * ROWS) end
      local pid = torture.fork()
      if pid == 0 then                                   -- nothing may leave this block
        local ok, count = pcall(go_on)
        torture.exit((not ok or not count or (count == ROWS - 1 and t.rows[count].id == t.ids[ROWS])) and 0 or 1)
      end
      local count, why = go_on()
      local status = torture.wait(pid)
      if status ~= 0 then return "the child has ended with status " .. status end
      if count and (count ~= ROWS - 1 or t.rows[count].id ~= t.ids[ROWS]) then return "rows are missing" end
      return why == nil and count or nil, why
    end,
    is_right = function(_, value) return value == ROWS - 1 end,
  },

  {
    name = "a call by https",
    run = function(t) return t.tls_client:run(t.run_id):get() end,
    is_right = function(t, run) return run.id == t.run_id end,
  },

  text = TEXT, lines = LINES, rows = ROWS,
}

--- The module as it is before anything of it was loaded.
local function load_anew()
  for name in pairs(package.loaded) do
    if name:find "^apify" and name ~= "apify.core" then package.loaded[name] = nil end
  end
  return require "apify"
end

if not rawget(_G, "jit") then                              -- LuaJIT leaves a file open whose name it has no memory for
  table.insert(programs, {
    name = "a first call",
    prepare = function(t) t.fresh = load_anew() end,
    run = function(t)
      local client, run, err
      local function make() client = client or t.fresh.new { base_url = t.api.url, token = "apify_api_test" } end
      local function call() return client:run(t.run_id):get() end
      for _ = 1, 6 do                                      -- what could not be loaded is loaded the next time
        if pcall(make) then
          local ok, value, why = pcall(call)
          run, err = ok and value or nil, ok and why or value
          if run then break end
        end
      end
      if client then client:close() end
      return run, err or "not enough memory"
    end,
    is_right = function(t, run) return run.id == t.run_id end,
  })
end

return programs
