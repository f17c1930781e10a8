-- runs once, by LuaJIT
-- runs first
--- The Neovim example in the real editor, which idles in its own loop while it is asked and typed to from outside.
local editor = require "spec.support.editor"
local program = require "spec.support.program"
local server = require "spec.local_api.server"
local shell = require "spec.support.shell"

local EXAMPLE = "examples/neovim"
local ACTOR = "janedoe~my-actor"
local HEADER = 3                           -- lines above the first run
local TICK_MS = 5
local SLOW = 1.6                         -- seconds that an answer takes: an editor that waited for it would stand still for as long

local function count_lines(text)
  return select(2, text:gsub("\n", "\n"))
end

describe("the Neovim example", function()
  local api, nvim, seeded

  setup(function()
    api = server.start()
    nvim = editor.new(api.dir .. "/nvim")
  end)
  teardown(function() api:stop() end)
  before_each(function() seeded = api:admin("reset", { count = 25 }) end)
  after_each(function()
    if nvim.is_running then nvim:leave() end
  end)

  local function ask(code) return nvim:ask(code) end
  local function type_keys(keys) nvim:type_keys(keys) end
  local function lines() return nvim:lines() end
  local function messages() return nvim:messages() end

  -- An editor in the background. `setup_text`: Lua text of the options; `env`: shell words before the command.
  local function start(setup_text, env)
    nvim:start(([[
      vim.opt.runtimepath:append "%s"
      require("apify_runs").setup { %s }
    ]]):format(EXAMPLE, setup_text or ("token = 'apify_api_editor', base_url = %q, interval = 0.2"):format(api.url)), ([[
      unset LUA_PATH LUA_CPATH; eval "$(sh spec/setup/env luajit)"; export APIFY_API_BASE_URL=%s; %s
    ]]):format(api.url, env or ""))
  end

  local function command(text)
    type_keys(":" .. text .. "<CR>")
  end

  -- Wait until a line of the buffer is so.
  local function until_line(number, pattern)
    local last
    local ok = pcall(shell.eventually, function()
      last = lines()[number] or "(no such line)"
      return last:find(pattern)
    end)
    assert.is_true(ok, ("line %d is %q, never %q"):format(number, last, pattern))
  end

  local function open_list(actor)
    command("ApifyRuns " .. (actor or ACTOR))
    until_line(1, " runs   updated ")
  end

  -- What is said behind the text, and is no part of it.
  local function remark()
    return ask [[
      local marks = vim.api.nvim_buf_get_extmarks(0, vim.api.nvim_get_namespaces().apify_remark, 0, -1, { details = true })
      return marks[1] and marks[1][4].virt_text[1][1] or ""
    ]]
  end

  local function until_remark(pattern)
    shell.eventually(function() return remark():find(pattern) end)
  end

  -- A run that goes on, and a list with it on top.
  local function open_list_with(schedule)
    local id = api:admin("add_runs", { actor = ACTOR, schedule = schedule or { { 0, "RUNNING" } } }).ids[1]
    open_list()
    until_line(HEADER + 1, id)
    return id
  end

  -- Let a timer of the editor tick.
  local function start_ticker()
    ask(([[
      local before, cpu_before, worst, worst_cpu, count = vim.loop.hrtime(), os.clock(), 0, 0, 0
      vim.loop.new_timer():start(%d, %d, function()
        local now, cpu = vim.loop.hrtime(), os.clock()
        worst, worst_cpu, count = math.max(worst, now - before), math.max(worst_cpu, cpu - cpu_before), count + 1
        before, cpu_before = now, cpu
      end)
      function Ticks() return ("%%.3f %%.3f %%d"):format(worst / 1e9, worst_cpu, count) end
      return ""
    ]]):format(TICK_MS, TICK_MS))
  end

  -- It ticked all the time, whatever else the machine has to do.
  local function assert_ticked()
    local worst, worst_cpu, count = ask("return Ticks()"):match "^(%S+) (%S+) (%d+)$"
    assert.is_true(tonumber(worst) < SLOW / 2, worst)                    -- it waits for no answer
    assert.is_true(tonumber(worst_cpu) < 0.2 and tonumber(count) > 50, worst_cpu)
  end

  local function until_server_is_idle()
    shell.eventually(function() return api:log().counters.open == 0 end)
  end

  -- How many requests for logs go on, and how many are over.
  local function log_requests()
    local counts = { open = 0, over = 0 }
    for _, request in ipairs(api:log().requests) do
      if request.path:find("/log", 1, true) then
        local what = request.status and "over" or "open"
        counts[what] = counts[what] + 1
      end
    end
    return counts
  end

  -- Wait until so many requests for logs are over, whose runs go on: they were aborted.
  local function until_aborted(count)
    shell.eventually(function() return log_requests().over == count end)
  end

  describe("lists", function()
    it("the runs of an Actor, newest first, in columns and colours", function()
      start()
      open_list()
      local shown = lines()
      assert.equal(HEADER + 25, #shown)
      assert.matches("^janedoe~my%-actor   25 of 25 runs   updated %d%d:%d%d:%d%d [+-]%d%d%d%d$", shown[1])
      assert.equal("<CR> log   d dataset   ? more keys", shown[2])
      assert.matches("^STATUS +STARTED +DURATION +RUN +ORIGIN +USD$", shown[3])
      for i, id in ipairs(api:admin("ids", { actor = ACTOR, desc = true }).ids) do
        assert.matches("^[%u-]+ +%d%d%d%d%-%d%d%-%d%d %d%d:%d%d:%d%d [+-]%d%d%d%d +[%d:]+%d%d  " .. id .. "  %u+ +%d+%.%d%d%d%d$", shown[HEADER + i])
        assert.equal(#shown[3], #shown[HEADER + i])
      end
      local group = ask "return vim.fn.synIDattr(vim.fn.synID(4, 1, 1), 'name')"
      assert.truthy(("apifyDone apifyFailed apifyStopped"):find(group, 1, true))
      assert.equal("4", ask "return vim.fn.line '.'")
    end)

    it("all runs of the account, with their Actors", function()
      api:admin("add_runs", { actor = "someone~else", count = 3 })
      start()
      open_list ""
      local shown = lines()
      assert.matches("^All runs   28 of 28 runs", shown[1])
      assert.matches("USD  ACTOR$", shown[3])
      assert.not_equal(shown[HEADER + 1]:match "%S+$", shown[HEADER + 4]:match "%S+$")
    end)

    it("more than a page while the editor goes on", function()
      api:admin("reset", { count = 2500 })
      api:faults { match = { path = "/runs$" }, action = { delay = SLOW } }
      start()
      start_ticker()
      open_list()
      assert.matches("1000 of 2500 runs", lines()[1])
      assert_ticked()
    end)

    it("nothing yet at once, as it is loading", function()
      api:faults { match = { path = "/runs" }, action = { delay = 30 } }
      start()
      command("ApifyRuns " .. ACTOR)
      until_line(1, "^janedoe~my%-actor   0 of 0 runs   loading$")
      assert.matches("^STATUS ", lines()[3])
      shell.eventually(function() return api:log().counters.open == 1 end)
    end)

    it("times with their zone, wherever that is", function()
      start(nil, "export TZ=XYZ-05:30")
      open_list()
      local shown = lines()
      assert.matches(" %+0530$", shown[1])
      for i = HEADER + 1, #shown do assert.matches(":%d%d %+0530 ", shown[i]) end
    end)

    it("more of them by m, from where it was", function()
      api:admin("reset", { count = 230 })
      start(("token = 'apify_api_editor', base_url = %q, interval = 30, limit = 100"):format(api.url))
      open_list()
      assert.equal(HEADER + 100, #lines())
      api:log(true)
      for _, count in ipairs { 200, 230 } do
        type_keys "m"
        until_line(1, ("^janedoe~my%%-actor   %d of 230 runs   updated"):format(count))
        assert.equal(HEADER + count, #lines())
      end
      assert.matches("[?&]offset=[1-9]", api:log().requests[1].path)
      local ids = api:admin("ids", { actor = ACTOR, desc = true }).ids
      local shown = lines()
      for i, id in ipairs(ids) do assert.truthy(shown[HEADER + i]:find(id, 1, true), id) end
    end)

    it("those of a status by s, and all again", function()
      start()
      local id = open_list_with { { 0, "RUNNING" } }
      type_keys "s5<CR>"
      until_line(1, "^janedoe~my%-actor, only FAILED   %d+ of %d+ runs   updated")
      local shown = lines()
      assert.equal(HEADER + #api:admin("ids", { actor = ACTOR, status = "FAILED" }).ids, #shown)
      for i = HEADER + 1, #shown do assert.matches("^FAILED ", shown[i]) end
      type_keys "s3<CR>"
      until_line(HEADER + 1, "^RUNNING .*" .. id)
      api:admin("set_status", { ids = { id }, status = "SUCCEEDED" })
      until_line(1, "^janedoe~my%-actor, only RUNNING   0 of 0 runs   updated")
      assert.equal(HEADER, #lines())
      type_keys "s1<CR>"
      until_line(1, "^janedoe~my%-actor   26 of 26 runs   updated")
      assert.equal("", (messages():gsub("[^\n]*\n?", function(line) return line:find "rror" and line or "" end)))
    end)

    it("which keys there are besides those that it shows", function()
      start()
      open_list()
      type_keys "?"
      shell.eventually(function() return messages() ~= "" end)
      assert.equal("s filter by status   m more runs   X abort the run   R load again   q close", (messages():gsub("^%s+", "")))
    end)

    it("nothing where there is nothing", function()
      api:admin("reset", { count = 0 })
      start()
      open_list ""
      assert.equal(HEADER, #lines())
      type_keys "3G<CR>"
      assert.equal("apify_runs", ask "return vim.bo.filetype")
    end)
  end)

  describe("keeps the list up to date", function()
    it("so that a status changes by itself while the editor goes on", function()
      start()
      local id = open_list_with { { 0, "READY" }, { 1.5, "RUNNING" }, { 8, "SUCCEEDED" } }
      api:faults { match = { path = "/runs" }, action = { delay = SLOW } }
      start_ticker()
      until_line(HEADER + 1, "^RUNNING .*" .. id)
      until_line(HEADER + 1, "^SUCCEEDED .*" .. id)
      assert_ticked()
    end)

    it("also of runs that are far below, and asks no more about what has ended", function()
      api:admin("reset", { count = 300 })
      local id = api:admin("ids", { actor = ACTOR, desc = true }).ids[250]
      api:admin("set_status", { ids = { id }, status = "RUNNING" })
      start()
      open_list()
      until_line(HEADER + 250, "^RUNNING .*" .. id)
      api:admin("set_status", { ids = { id }, status = "FAILED" })
      until_line(HEADER + 250, "^FAILED .*" .. id)
      api:log(true)
      shell.eventually(function() return #api:log().requests >= 3 end)
      for _, request in ipairs(api:log().requests) do assert.matches("/runs%?", request.path) end
    end)

    it("with new runs on top, while the cursor stays with its run", function()
      start()
      open_list()
      type_keys "5G"
      local before = lines()[5]
      local id = api:admin("add_runs", { actor = ACTOR }).ids[1]
      until_line(HEADER + 1, id)
      assert.same({ "6", before }, { ask "return vim.fn.line '.'", ask "return vim.fn.getline '.'" })
    end)

    it("and without those that were deleted, by R", function()
      start()
      open_list()
      api:admin("remove", { ids = { seeded.last_id } })
      type_keys "R"
      shell.eventually(function() return not table.concat(lines(), "\n"):find(seeded.last_id, 1, true) end)
      assert.equal(HEADER + 24, #lines())
    end)

    it("over failures that pass, which it tells", function()
      start(("token = 'apify_api_editor', base_url = %q, interval = 0.2, max_retries = 0"):format(api.url))
      open_list()
      api:faults { match = { path = "/runs" }, action = { status = { code = 503, message = "Under repair" } } }
      until_line(1, "trying again after: .*Under repair")
      api:faults()
      until_line(1, " runs   updated ")
      assert.equal("", messages())
    end)

    it("until it is closed", function()
      start()
      open_list()
      api:faults { match = { path = "/runs" }, action = { delay = 30 } }
      shell.eventually(function() return api:log().counters.open == 1 end)
      type_keys "q"
      until_server_is_idle()
      assert.equal("", messages())
    end)
  end)

  describe("while a long list loads", function()
    -- A list that goes on loading, of which some pages are there.
    local function open_long_list()
      api:admin("reset", { count = 100000 })
      start(("token = 'apify_api_editor', base_url = %q, limit = 100000"):format(api.url))
      command("ApifyRuns " .. ACTOR)
      shell.eventually(function() return tonumber(ask "return vim.fn.line '$'") > 1000 end)
      assert.matches("loading$", lines()[1])
    end

    it("is closed at once and in silence by q", function()
      open_long_list()
      local took = tonumber(ask [[
        local before = os.clock()                         -- not by the clock: others are on this machine too
        vim.api.nvim_feedkeys("q", "xt", false)
        return os.clock() - before
      ]])
      assert.is_true(took < 0.2, took)
      assert.equal("", ask "return vim.fn.bufname()")
      until_server_is_idle()
      assert.equal("", messages())
    end)

    for keys, way in pairs { [":q<CR>"] = ":q", [":qa<CR>"] = ":qa" } do
      it("lets the editor end at once and in silence by " .. way, function()
        open_long_list()
        local before = tonumber(shell.run "date +%s%N")
        type_keys(keys)
        local output, status = nvim:wait()
        assert.is_true(tonumber(shell.run "date +%s%N") - before < 2e9)
        assert.same({ ":ApifyRuns " .. ACTOR .. way, "0\n" }, { (output:gsub("[\r\n]", "")), status })            -- what was typed
        until_server_is_idle()
      end)
    end
  end)

  describe("shows a dataset", function()
    local function open_dataset(count)
      api:admin("seed_items", { run = seeded.last_id, count = count })
      start()
      open_list()
      type_keys "d"
      until_remark "^%-%- %d+ items"
    end

    it("as lines of JSON, and more of them by m", function()
      open_dataset(130)
      assert.equal("apify_dataset", ask "return vim.bo.filetype")
      assert.equal("-- 100 items, m shows more", remark())
      assert.equal(100, #lines())
      type_keys "m"
      until_remark "^%-%- 130 items$"
      local shown = lines()
      for i = 1, 130 do assert.truthy(shown[i]:find(('"n":%d[,}]'):format(i - 1)), shown[i]) end
      assert.equal("", table.concat(shown, "", 131))
      type_keys "q"
      assert.equal("apify_runs", ask "return vim.bo.filetype")
      assert.equal("", messages())
    end)

    it("that is empty", function()
      open_dataset(0)
      assert.same({ "-- 0 items", "" }, { remark(), table.concat(lines()) })
    end)

    it("or why not, and tries again", function()
      api:faults { match = { path = "/dataset/items" }, action = { status = { code = 400, type = "bad", message = "No items" } } }
      start()
      open_list()
      type_keys "d"
      until_remark "^%-%- stopped, R starts again$"
      assert.matches("apify: GET /v2/actor%-runs/%w+/dataset/items: 400 bad: No items", messages())
      api:faults()
      type_keys "R"
      until_remark "^%-%- %d+ items"
    end)
  end)

  describe("aborts a run", function()
    it("by X, once that is confirmed", function()
      start()
      local id = open_list_with()
      type_keys "X<Esc>"
      api:log(true)
      shell.eventually(function() return #api:log().requests > 1 end)
      assert.matches("^RUNNING ", lines()[HEADER + 1])
      type_keys "X1<CR>X2<CR>"
      until_line(HEADER + 1, "^ABORTED .*" .. id)
      local posts = 0
      for _, request in ipairs(api:log().requests) do
        if request.method == "POST" then posts = posts + 1 end
      end
      assert.equal(1, posts)
    end)

    it("but none that has ended", function()
      start()
      open_list()
      type_keys "X"
      shell.eventually(function() return messages():find("apify: the run has ended, it is ", 1, true) end)
    end)
  end)

  describe("shows a log", function()
    local function open_log(options)
      start()
      local id = open_list_with()
      options.run = id
      api:admin("grow_log", options)
      type_keys "<CR>"
      until_line(1, "line 1 of the log")
      assert.equal("apify_log", ask "return vim.bo.filetype")
      return id
    end

    local function where()
      return ask "return vim.fn.line '.' .. ' of ' .. vim.fn.line '$'"
    end

    it("that grows, and goes along with it only where the cursor is at its end", function()
      local id = open_log { lines = 90, first = 10, interval_secs = 0.05 }
      until_line(40, "line 40 of the log")
      local line, last = where():match "^(%d+) of (%d+)$"
      assert.equal(last, line)
      type_keys "5G"
      until_line(90, "line 90 of the log")
      assert.equal("5 of 91", where())
      local shown = lines()
      for n = 1, 90 do assert.matches("line " .. n .. " of the log", shown[n]) end
      assert.equal(#"2025-09-01T12:00:00.000Z line 13 of the log " + 70000, tonumber(ask "return #vim.fn.getline(13)"))
      api:admin("set_status", { ids = { id }, status = "SUCCEEDED" })
      until_remark "^%-%- the run is SUCCEEDED$"
      assert.equal("5 of 91", where())
    end)

    it("that is loading, which it says at once", function()
      start()
      open_list_with()
      api:faults { match = { path = "/log" }, action = { delay = 30 } }
      type_keys "<CR>"
      until_remark "^%-%- loading$"
    end)

    it("over a server that goes away, which it tells, and goes on where it was", function()
      start(("token = 'apify_api_editor', base_url = %q, interval = 0.2, max_retries = 0"):format(api.url))
      local id = open_list_with()
      api:admin("set_log", { run = id, text = "one\ntwo\n" })
      type_keys "<CR>"
      until_line(2, "^two$")
      api:faults { match = { path = "/log" }, action = { close_before_answer = true } }
      api:admin "cut_logs"
      shell.eventually(function()
        local requests = api:log().requests
        return requests[#requests].fault or requests[#requests - 1].fault
      end)
      until_remark "^%-%- trying again after: "
      assert.is_nil(remark():find "\n")
      assert.same({ "one", "two" }, lines())
      api:admin("set_log", { run = id, text = "one\ntwo\nthree\n" })
      api:faults()
      until_line(3, "^three$")
      assert.same({ "", "one", "two", "three" }, { remark(), unpack(lines()) })
      assert.equal("", messages())
    end)

    it("until q, which aborts its request and leaves the list", function()
      open_log { lines = 5, first = 5 }
      assert.same({ open = 1, over = 0 }, log_requests())
      type_keys "q"
      until_aborted(1)
      assert.equal("apify_runs", ask "return vim.bo.filetype")
      assert.equal("", messages())
    end)

    it("until its buffer is wiped out, or its window closed", function()
      open_log { lines = 5, first = 5 }
      command "bwipeout"
      until_aborted(1)
      type_keys "<CR>"
      until_line(1, "line 1 of the log")
      command "close"
      until_aborted(2)
      assert.equal("", messages())
    end)

    it("in the same window as the one before, whose request is aborted", function()
      open_log { lines = 5, first = 5 }
      type_keys "<C-w>k5G<CR>"
      shell.eventually(function() return log_requests().open == 0 end)
      assert.equal("2", ask "return vim.fn.winnr '$'")
      assert.equal("apify_log", ask "return vim.bo.filetype")
    end)
  end)

  describe("says what is wrong, in one line:", function()
    -- What the editor says after the keys; no more than a line of it.
    local function said(keys)
      type_keys(keys)
      shell.eventually(function() return messages() ~= "" end)
      local all = messages():gsub("^%s+", "")
      assert.is_nil(all:find "\n", all)
      return all
    end

    it("an Actor that is not there", function()
      start()
      assert.matches("^apify: GET /v2/acts/janedoe~none/runs: 404 actor%-not%-found: ", said ":ApifyRuns janedoe~none<CR>")
      assert.matches("stopped, R starts again$", lines()[1])
    end)

    it("a token that is refused", function()
      start "token = 'apify_api_invalid'"
      assert.matches("^apify: .*401 ", said ":ApifyRuns<CR>")
    end)

    it("no token, and how to set one", function()
      start ""
      assert.matches("^apify: no token: set APIFY_TOKEN .*setup", said ":ApifyRuns<CR>")
      assert.same({}, api:log().requests)
    end)

    it("an unknown option", function()
      start "token = 't', colour = 1"
      assert.equal("apify: unknown option 'colour' of setup (its own are interval and limit, the others those of apify.new)", said ":ApifyRuns<CR>")
    end)

    it("an option of its own that is no number, where it is given", function()
      start()
      for _, wrong in ipairs { "limit = '200'", "limit = 0", "interval = true" } do
        assert.matches(("bad option '%s' of setup"):format(wrong:match "%w+"),
          nvim:ask(("return tostring(select(2, pcall(require('apify_runs').setup, { %s })))"):format(wrong)))
      end
    end)

    it("no module", function()
      start(nil, "export LUA_PATH=';;'")
      assert.matches('^apify: the Lua module "apify" cannot be loaded', said ":ApifyRuns<CR>")
    end)

    it("a log that is not there", function()
      start()
      open_list_with()
      api:faults { match = { path = "/log" }, action = { status = { code = 404, type = "record-not-found", message = "No log" } } }
      assert.matches("^apify: GET /v2/actor%-runs/%w+/log: 404 record%-not%-found: No log", said "<CR>")
    end)
  end)

  it("takes the token of the environment", function()
    start("", "export APIFY_TOKEN=apify_api_environment")
    open_list()
    assert.is_true(api:log().requests[1].authorization)
  end)

  it("completes the names of Actors", function()
    start()
    assert.equal(ACTOR, ask "return table.concat(vim.fn.getcompletion('ApifyRuns jane', 'cmdline'), ' ')")
    ask "return table.concat(vim.fn.getcompletion('ApifyRuns ', 'cmdline'), ' ')"
    assert.equal(1, #api:log().requests)
  end)

  it("ends at once with the editor, which prints nothing, and its requests are aborted", function()
    start()
    local id = open_list_with()
    api:admin("grow_log", { run = id, lines = 5, first = 5 })
    type_keys "<CR>"
    until_line(1, "line 1 of the log")
    api:faults { match = { path = "/runs" }, action = { delay = 30 } }
    shell.eventually(function() return api:log().counters.open == 2 end)
    local output, status, secs = nvim:leave()
    assert.same({ ":ApifyRuns " .. ACTOR, "0\n" }, { output, status })        -- what was typed
    assert.is_true(secs < 1, secs)
    until_server_is_idle()
  end)

  describe("is healthy", function()
    local function health()
      command "checkhealth apify"
      shell.eventually(function() return table.concat(lines(), "\n"):find("apify: require", 1, true) end)
      return table.concat(lines(), "\n")
    end

    it("where the module, its loop, a token and the API are there", function()
      start()
      local text = health()
      assert.matches("OK:? module apify %S+, libcurl %d+%.%d+%S*, zlib %S+", text)
      assert.matches("OK:? fibers go on in the loop of Neovim", text)
      assert.matches("OK:? a token is set", text)
      assert.matches("OK:? http://127%.0%.0%.1:%d+%S* answers; the account has 25 runs", text)
      assert.is_nil(text:find("apify_api_editor", 1, true))
      assert.is_nil(text:find "ERROR")
    end)

    it("or says what is missing", function()
      start ""
      local text = health()
      assert.matches("WARNING:? no token is set", text)
      assert.matches("the API was not asked: no token", text)
    end)

    it("or that the API does not answer", function()
      start "token = 'apify_api_invalid'"
      local text = health()
      assert.matches("ERROR:? GET /v2/actor%-runs: 401 ", text)
      assert.is_nil(text:find("apify_api_invalid", 1, true))
    end)

    it("or that calls block", function()
      start(nil, "")
      ask "require('apify').use 'block' return ''"
      assert.matches("ERROR:? fibers do not go on by themselves", health())
    end)

    it("or that there is no module", function()
      start(nil, "export LUA_PATH=';;'")
      assert.matches("ERROR:? require \"apify\" fails", health())
    end)
  end)

  it("has help whose tags and links lead somewhere", function()
    program.shell(("cp -r %s %s/copy"):format(EXAMPLE, nvim.folder))
    start()
    local text = shell.read_file(EXAMPLE .. "/doc/apify.txt")
    ask(("vim.opt.runtimepath:append '%s/copy' vim.cmd 'helptags %s/copy/doc' return ''"):format(nvim.folder, nvim.folder))
    local count = 0
    for name in text:gmatch "[*|](:?%a[%w_.()-]*)[*|]" do
      count = count + 1
      assert.equal("true", ask(("return tostring(pcall(vim.cmd, 'help %s'))"):format(name)), name)
      assert.matches("%.txt$", ask "return vim.fn.expand '%'")
    end
    assert.is_true(count >= 20, count)
  end)

  it("is small: each file fits on a few pages", function()
    for path in program.shell("find " .. EXAMPLE .. " -type f"):gmatch "[^\n]+" do
      assert.is_true(count_lines(shell.read_file(path)) < 200, path)
    end
  end)
end)
