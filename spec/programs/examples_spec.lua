--- The examples, as programs: each does what its first line says.
local cjson = require "cjson"
local markdown = require "spec.support.markdown"
local program = require "spec.support.program"
local shell = require "spec.support.shell"
local testbed = require "spec.support.testbed"

local MAX_LINES = 60

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

describe("an example", function()
  local api = testbed.local_api { count = 2500 }
  local folder = testbed.folder()
  local path = folder .. "/one"

  -- What an example prints, what it complains of, and its exit code.
  local function try(name, argument, token)
    local command = program.command("examples/" .. name, { APIFY_API_BASE_URL = api.url, APIFY_TOKEN = token or "apify_api_some" })
    return program.shell(command .. " " .. (argument or ""))
  end

  -- The lines that an example prints; it must succeed.
  local function run(name, argument, token)
    local output, complaints, code = try(name, argument, token)
    assert.same({ "", 0 }, { complaints, code })
    return lines_of(output)
  end

  it("has its idea in the first line, and fits on a page", function()
    local names = program.shell "ls examples/*.lua"
    for _, name in ipairs(lines_of(names)) do
      local lines = {}
      for line in io.lines(name) do lines[#lines + 1] = line end
      assert.truthy(lines[1]:find "^%-%-+ %u", name)
      assert.is_true(name == "examples/demo.lua" or #lines < MAX_LINES, name)
    end
  end)

  it("is in the list of them, once", function()
    local listed = {}
    for name in markdown.read("examples/README.md"):gmatch "\n| %[([^]]+)%]%(" do
      assert.is_nil(listed[name], name)
      listed[name] = true
    end
    for _, name in ipairs(lines_of(program.shell "cd examples; ls -d *.lua */ | grep -v ^demo/")) do
      assert.is_true(listed[name], name)
      listed[name] = nil
    end
    assert.is_nil(next(listed))
  end)

  it("says which arguments it wants, when they are not all there", function()
    local count = 0
    for _, name in ipairs(lines_of(program.shell "cd examples; ls *.lua")) do
      local usage = markdown.read("examples/" .. name):match "\n%-%-     APIFY_TOKEN=%.%.%. (lua5.4 examples/%S+ %u[^\n]*)"
      usage = usage and usage:gsub("%s%s+%b()$", "")
      local _, wanted = (usage or ""):gsub("%s%[.*", ""):gsub(" %u", "")
      for given = 0, wanted - 1 do
        assert.same({ "", "usage: " .. usage .. "\n", 1 }, { try(name, (" x"):rep(given)) })
        count = count + 1
      end
    end
    assert.is_true(count >= 20, count)
  end)

  it("starts an Actor and reads its items", function()
    api:admin("behaviour", { actor = "janedoe~my-actor", items = 2 })
    local lines = run("start_actor.lua", [[janedoe~my-actor '{"page":7}']])
    local id = lines[1]:match "^(%w+)\tSUCCEEDED$"
    assert.equal('{"page":7}', api:admin("input_of", { run = id }).value)
    table.sort(lines)
    assert.same({ "n\t0", "n\t1", "run\t" .. id, "run\t" .. id }, { lines[4], lines[5], lines[6], lines[7] })
  end)

  -- The lines of `start_many` by their first words; each is split at its tabs.
  local function start_many()
    local by_word = {}
    for _, line in ipairs(run("start_many.lua", "janedoe~my-actor")) do
      local words = {}
      for word in line:gmatch "[^\t]+" do words[#words + 1] = word end
      by_word[words[1]] = by_word[words[1]] or {}
      table.insert(by_word[words[1]], words)
    end
    return by_word
  end

  it("starts twenty runs, goes on when some fail, and loses no id", function()
    api:faults(
      { match = { path = "my%-actor/runs$", method = "POST", nth = 5, first = 3 }, action = { status = { code = 402, type = "too-little" } } },
      { match = { path = "my%-actor/runs$", method = "POST", nth = 15 }, action = { close_before_answer = { act = true } } },
      { match = { path = "/actor%-runs/", nth = 4, first = 2 }, action = { status = { code = 403 } } }
    )
    local lines, ids = start_many(), {}
    assert.same({ 16, 3, 1, 2, 14 }, { #lines.started, #lines.refused, #lines.perhaps, #lines.unknown, #lines.SUCCEEDED })
    for _, words in ipairs(lines.started) do ids[words[3]] = true end
    for _, word in ipairs { "SUCCEEDED", "unknown" } do
      for _, words in ipairs(lines[word]) do assert.is_true(ids[words[3]]) end
    end
    local started, untold = api:admin("starts", {}).ids, 0
    for _, id in ipairs(started) do untold = untold + (ids[id] and 0 or 1) end
    assert.same({ 17, 1 }, { #started, untold })                       -- the one whose answer was lost
    assert.matches("too%-little", lines.refused[1][4])
  end)

  it("starts twenty runs, never more than five at a time", function()
    api:admin("behaviour", { actor = "janedoe~my-actor", schedule = { { 0, "RUNNING" }, { 1, "SUCCEEDED" } } })
    local times, count, most = {}, 0, 0
    for _, words in ipairs(start_many().SUCCEEDED) do
      local seen = assert(testbed.client(api):run(words[3]):get())
      times[#times + 1] = { at = seen.startedAt, step = 1 }
      times[#times + 1] = { at = seen.finishedAt, step = -1 }
    end
    table.sort(times, function(a, b) return a.at < b.at or a.at == b.at and a.step < b.step end)
    for _, time in ipairs(times) do
      count = count + time.step
      most = math.max(most, count)
    end
    assert.same({ 40, 5 }, { #times, most })
  end)

  it("shows runs live in the terminal, and aborts the chosen one", function()
    local ids = api:admin("add_runs", { count = 2, schedule = { { 0, "RUNNING" } } }).ids
    local screen, code = program.run_in_terminal("examples/top.lua", {
      APIFY_API_BASE_URL = api.url, APIFY_TOKEN = "apify_api_some", TERM = "xterm",
    }, {
      { after = "> " .. ids[2], press = "j" }, { after = "> " .. ids[1], press = "X" },
      { after = "abort " .. ids[1] .. "?", press = "y" }, { after = ids[1] .. ".*ABORTED", press = "q" },
    })
    assert.equal(0, code)
    assert.matches("^\27%[%?1049h.*\27%[%?1049l$", screen)
    assert.truthy(screen:find("> " .. ids[1] .. "  \27[35mABORTED    \27[7m", 1, true))
    assert.truthy(screen:find("  " .. ids[2] .. "  \27[34mRUNNING    \27[7m", 1, true))
    assert.matches("\27%[3%dm%u+ +\27%[7m" .. (" "):rep(30) .. "\27%[0m %d+ s\27%[K\r", screen)           -- the longest
    assert.equal("RUNNING", testbed.client(api):run(ids[2]):get().status)
  end)

  it("needs a terminal to show runs live in it", function()
    local output, complaints, code = try "top.lua"
    assert.same({ "", 1 }, { output, code })
    assert.truthy(complaints == "examples/top.lua needs a terminal\n", complaints)
  end)

  local function csv_of(count)
    local lines = { "n,text" }
    for n = 1, count do lines[n + 1] = n .. "," .. (n % 2 == 0 and '"a ""b"", ' .. n .. '"' or "") end
    return table.concat(lines, "\n") .. "\n"
  end

  local function push(dataset, from, to)
    local items = {}
    for n = from, to do items[#items + 1] = { n = n, text = n % 2 == 0 and 'a "b", ' .. n or nil, more = ("x"):rep(200) } end
    assert(dataset:push_items(items))
  end

  it("saves fields of a dataset as CSV, and goes on where it stopped", function()
    local client = testbed.client(api)
    local dataset = client:dataset(assert(client:datasets():get_or_create "some").id)
    local arguments = dataset.id .. " " .. path .. " n text"
    local function save() return try("dataset_to_csv.lua", arguments) end
    assert.same({ "", "\r0 of 0 items\n", 0 }, { save() })
    assert.equal(csv_of(0), shell.read_file(path))
    push(dataset, 1, 2600)
    api:faults(
      { match = { path = "/items$", first = 1 }, action = { cut = { after_bytes = 40000 } } },
      { match = { path = "/items$" }, action = { status = { code = 403 } } }
    )
    local _, complaints, code = save()
    assert.equal(1, code)
    assert.truthy(complaints:find("^\r1000 of 2600 items"), complaints)
    assert.truthy(#shell.read_file(path) > #csv_of(1000))                -- some rows behind the place, to be written again
    api:faults()
    assert.same({ "", "\r2000 of 2600 items\r2600 of 2600 items\n", 0 }, { save() })
    assert.equal(csv_of(2600), shell.read_file(path))
    push(dataset, 2601, 2610)
    assert.same({ "", "\r2610 of 2610 items\n", 0 }, { save() })
    assert.equal(csv_of(2610), shell.read_file(path))
    os.remove(path)                                                      -- a place without its file is none
    save()
    assert.equal(csv_of(2610), shell.read_file(path))
  end)

  it("stores, lists and reads records", function()
    assert.same({
      "NOTE\t18", "STATE\t20", "page.html\t13", "STATE\tapplication/json; charset=utf-8\t3\t0", "<h1>Lua</h1>", "NOTE is not there any more",
    }, run("records.lua", "some"))
  end)

  it("uploads the files of a folder, and names those that fail", function()
    local files = folder .. "/it's"
    program.shell(('mkdir -p "%s/sub"'):format(files))
    shell.write_file(files .. "/my notes.txt", "notes")
    shell.write_file(files .. "/sub/a.json", "{}")
    shell.write_file(files .. "/no-type", "")
    local arguments = ('"%s" some'):format(files)
    assert.same({ "3 of 3 files uploaded" }, run("upload_folder.lua", arguments))
    local client = testbed.client(api)
    local store = client:key_value_store(assert(client:key_value_stores():get_or_create "some"))
    local notes, a, empty = store:get_record "my_notes.txt", store:get_record "sub!a.json", store:get_record "no-type"
    assert.same({ "notes", "text/plain; charset=utf-8" }, { notes.value, notes.content_type })
    assert.same({ {}, "", "application/octet-stream" }, { a.value, empty.value, empty.content_type })
    api:faults { match = { path = "/records/my_notes.txt$" }, action = { status = { code = 403, type = "not-yours" } } }
    local output, complaints, code = try("upload_folder.lua", arguments)
    assert.same({ "2 of 3 files uploaded\n", 1 }, { output, code })
    assert.matches("^my notes%.txt: [^\n]*not%-yours[^\n]*\n$", complaints)
    shell.write_file(files .. "/my_notes.txt", "")
    assert.matches("my notes%.txt and my_notes%.txt would be the same record", select(2, try("upload_folder.lua", arguments)))
  end)

  it("works off a queue, two workers at once, and keeps all that is in a request", function()
    local client = testbed.client(api)
    local store = client:key_value_store(assert(client:key_value_stores():get_or_create "pages").id)
    local queue = client:request_queue(assert(client:request_queues():get_or_create "urls").id)
    local before, titles = {}, {}
    for i = 1, 20 do
      local title = "Page " .. i
      assert(store:set_record("page" .. i, ("<html><title>%s</title>"):format(title), { content_type = "text/html" }))
      local url = ("%s/v2/key-value-stores/%s/records/page%d"):format(api.url, store.id, i)
      local result = assert(queue:add_request {
        url = url, uniqueKey = "key" .. i, userData = { depth = i, label = "DETAIL" }, headers = { Accept = "text/html" }, payload = "p",
      })
      before[i], titles[url] = assert(queue:get_request(result.requestId)), title
    end
    local missing = assert(queue:add_request { url = api.url .. "/nowhere?it's", uniqueKey = "missing", userData = { x = 1 } }).requestId
    local command = program.command("examples/crawl.lua", { APIFY_API_BASE_URL = api.url, APIFY_TOKEN = "apify_api_some", no_proxy = "*" })
    local output, complaints, code = program.shell(("%s urls titles >%s & %s urls titles; a=$?; wait $! && cat %s && [ $a = 0 ]"):format(
      command, path, command, path))
    assert.same({ "", 0 }, { complaints, code })
    assert.equal(20, select(2, output:gsub("done\t", "")))
    assert.same({ 3, 1 }, { select(2, output:gsub("later\t", "")), select(2, output:gsub("given up\t", "")) })
    for _, old in ipairs(before) do
      local new = assert(queue:get_request(old.id))
      assert.is_string(new.handledAt)
      new.handledAt = nil
      assert.same(old, new)
    end
    local given_up = assert(queue:get_request(missing))
    assert.same({ { x = 1 }, 4, 4, "HTTP status 404" },
      { given_up.userData, given_up.retryCount, #given_up.errorMessages, given_up.errorMessages[1] })
    for item in client:dataset("~titles"):iterate_items() do
      assert.equal(titles[item.url], item.title)
      titles[item.url] = nil
    end
    assert.is_nil(next(titles))
  end)

  it("lists runs of some statuses, newest first", function()
    for _, argument in ipairs { "", "janedoe~my-actor" } do
      local lines = run("list_runs.lua", argument)
      assert.equal(20, #lines)
      for i, line in ipairs(lines) do
        local status, started = line:match "^%w+\t(%S+)\t(%S+)$"
        assert.truthy(status == "FAILED" or status == "TIMED-OUT")
        assert.is_true(i == 1 or started < lines[i - 1]:match "%S+$")
      end
    end
  end)

  it("waits for a run that goes on", function()
    local id = api:admin("add_runs", { schedule = { { 0, "READY" }, { 0.5, "SUCCEEDED" } } }).ids[1]
    local lines = run("wait_for_run.lua", id)
    assert.truthy(lines[1]:find("^" .. id .. ": SUCCEEDED, %S+ to %S+$"))
  end)

  it("hears of many runs in the order in which they end", function()
    local ids = {}
    for i, secs in ipairs { 6, 4, 5 } do                      -- none before the program has begun, on a busy machine too
      ids[i] = api:admin("add_runs", { schedule = { { 0, "READY" }, { secs, "SUCCEEDED" } } }).ids[1]
    end
    local lines = run "wait_for_many.lua"
    assert.same({ "waiting for 3 runs", ids[2] .. "\tSUCCEEDED", ids[3] .. "\tSUCCEEDED", ids[1] .. "\tSUCCEEDED" }, lines)
  end)

  it("saves the items of a run, and adds up a field of them", function()
    api:admin("seed_items", { run = api.seeded.last_id, count = 1000 })
    local lines = run("save_dataset.lua", ("%s %s n"):format(api.seeded.last_id, path))
    assert.truthy(lines[1]:find("1000 items in " .. path, 1, true))
    local sum = tonumber(lines[1]:match "n: (%d+) in all")
    assert.truthy(sum == 499500 or sum == 500500, lines[1])                     -- n is from 0 or from 1 on
    local rows = 0
    for _ in io.lines(path) do rows = rows + 1 end
    assert.is_true(rows >= 1001)
  end)

  it("prints a log until the run ends", function()
    local id = api:admin("add_runs", { schedule = { { 0, "RUNNING" }, { 1.5, "SUCCEEDED" } } }).ids[1]
    api:admin("grow_log", { run = id, lines = 20, interval_secs = 0.05 })
    local lines = run("follow_log.lua", id)
    assert.equal("the run is SUCCEEDED", lines[#lines])
    assert.is_true(#lines >= 21)
  end)

  it("starts runs of two Actors at once, prints their logs and merges their items", function()
    for _, actor in ipairs { "janedoe~my-actor", "janedoe~other" } do
      api:admin("behaviour", { actor = actor, log_lines = 5, items = 10 })
    end
    local lines = run("run_actors.lua", "janedoe~my-actor janedoe~other " .. path)
    local by_run, count = {}, 0
    for _, line in ipairs(lines) do
      local id = line:match "^(%w+)  "
      by_run[id] = (by_run[id] or 0) + 1
    end
    for _, n in pairs(by_run) do
      count = count + 1
      assert.is_true(n >= 5)
    end
    assert.equal(20, count)
    local rows = 0
    for _ in io.lines(path) do rows = rows + 1 end
    assert.equal(200, rows)
  end)

  it("says which runs of two Actors failed, and keeps the items of the others", function()
    api:admin("behaviour", { actor = "janedoe~my-actor", items = 1 })
    api:admin("behaviour", { actor = "janedoe~other", items = 1 })
    api:faults { match = { path = "other/runs$", method = "POST", nth = 3, first = 2 }, action = { status = { code = 402, type = "too-little" } } }
    local _, complaints, code = try("run_actors.lua", "janedoe~my-actor janedoe~other " .. path)
    assert.equal(0, code)
    assert.equal(2, select(2, complaints:gsub("page %d+ of janedoe~other: [^\n]*too%-little", "")))
    local rows = 0
    for _ in io.lines(path) do rows = rows + 1 end
    assert.equal(18, rows)
  end)

  it("adds the URLs of a file to a queue, each once", function()
    local urls = {}
    for i = 1, 60 do urls[i] = ("https://example.com/%d\n"):format(i % 50) end
    shell.write_file(path, table.concat(urls))
    assert.same({ "50 requests added, 10 were there" }, run("fill_queue.lua", "urls " .. path))
    assert.same({ "0 requests added, 60 were there" }, run("fill_queue.lua", "urls " .. path))
  end)

  it("saves a list so that it is whole and in order, wherever it was killed", function()
    local command = program.command("examples/resume_with_bookmark.lua", { APIFY_API_BASE_URL = api.url, APIFY_TOKEN = "apify_api_some" })
    os.remove(path)
    api:faults { match = { path = "/actor%-runs$" }, action = { drip = { bytes = 5000, secs = 0.02 } } }
    for rows = 200, 1200, 500 do
      local _, _, code = program.shell(([[
        %s %s &
        pid=$!
        is_between() { [ "$(wc -l <%s)" -ge %d ] && [ "$(wc -c <%s)" -gt "$(sed 's/[^0-9].*//;q' %s.place)" ]; }
        while kill -STOP $pid; do                       # looked at while it stands still: some of what is written is to come again
          ! is_between || break
          kill -CONT $pid; sleep 0.01
        done
        kill -9 $pid
        wait $pid]]):format(command, path, path, rows, path, path))
      assert.equal(137, code)
    end
    local shorter = shell.read_file(path):gsub("\n[^\n]*$", "\nhalf a l")
    shell.write_file(path, shorter)
    api:faults()
    assert.matches("^%d+ runs more$", run("resume_with_bookmark.lua", path)[1])
    assert.same({ "0 runs more" }, run("resume_with_bookmark.lua", path))
    local all = {}
    for line in io.lines(path) do all[#all + 1] = line:match "^(%w+)\t[%u-]+\t[%d%-T:.]+Z$" or line end
    assert.same(api:admin("ids", {}).ids, all)
  end)

  it("prints the logs of several runs, each line with its run", function()
    local ids = {}
    for i = 1, 3 do
      ids[i] = api:admin("add_runs", { schedule = { { 0, "RUNNING" }, { 0.5, "SUCCEEDED" } } }).ids[1]
      api:admin("grow_log", { run = ids[i], lines = 10 * i, interval_secs = 0.01, ansi = false })
    end
    local counts, last = {}, {}
    for _, line in ipairs(run("follow_logs.lua", table.concat(ids, " ") .. " nosuchrun")) do
      local id = line:match "^my%-actor runId:(%w+) %-> "
      if id then counts[id] = (counts[id] or 0) + 1 else last[#last + 1] = line end
    end
    assert.same({ [ids[1]] = 10, [ids[2]] = 20, [ids[3]] = 30 }, counts)
    for i = 1, 3 do assert.equal(ids[i] .. "\tSUCCEEDED", last[i]) end
    assert.matches("^nosuchrun\t.*404", last[4])
  end)

  it("prints the last lines of a log, and those that come", function()
    local id = api:admin("add_runs", { schedule = { { 0, "RUNNING" }, { 0.8, "SUCCEEDED" } } }).ids[1]
    api:admin("grow_log", { run = id, lines = 40, first = 30, interval_secs = 0.05, ansi = false })
    local lines = run("tail_log.lua", id .. " 5")
    assert.is_true(#lines >= 5 and #lines <= 15, #lines)
    for i, line in ipairs(lines) do assert.matches(("line %d "):format(40 - #lines + i), line) end
    api:admin("set_log", { run = id, text = "one\ntwo\n" })
    assert.same({ "one", "two" }, run("tail_log.lua", id))
    assert.same({}, run("tail_log.lua", id .. " 0"))
  end)

  it("finds a run whose start was not answered, and none where there is none", function()
    local function start(page) return run("find_lost_start.lua", "janedoe~my-actor " .. page)[1] end
    assert.matches("^started\t%w+$", start(7))
    api:faults { match = { path = "my%-actor/runs$", method = "POST" }, action = { close_before_answer = { act = true } } }
    local id = start(8):match "^found\t(%w+)$"
    assert.equal('{"page":"8"}', api:admin("input_of", { run = id }).value)
    start(9)
    assert.not_equal(id, start(8):match "^found\t(%w+)$")
    api:faults { match = { path = "my%-actor/runs$", method = "POST" }, action = { close_before_answer = {} } }
    assert.equal("lost\tnothing was started: it may be started again", start(10))
  end)

  it("fetches runs side by side, in the order of the list", function()
    api:faults { match = { path = "/actor%-runs/" }, action = { jitter = { 0, 0.05 } } }
    local lines = run "side_by_side.lua"
    local ids = api:admin("ids", { desc = true }).ids
    assert.equal(50, #lines)
    for i, line in ipairs(lines) do assert.equal(ids[i], line:match "^%w+") end
    assert.equal(api.seeded.last_id, ids[1])
  end)

  it("waits in threads of cqueues, while a clock goes on", function()
    local ids = {}
    for i, secs in ipairs { 1.7, 0.8 } do
      ids[i] = api:admin("add_runs", { schedule = { { 0, "RUNNING" }, { secs, "SUCCEEDED" } } }).ids[1]
    end
    local lines = run "cqueues.lua"
    local ticks, ended = {}, {}
    for _, line in ipairs(lines) do
      if line:find "waiting" then ticks[#ticks + 1] = line else ended[#ended + 1] = line end
    end
    assert.equal("0 s: waiting for 2 runs", ticks[1])
    assert.equal("1 s: waiting for 1 runs", ticks[2])
    assert.same({ ids[2] .. "\tSUCCEEDED", ids[1] .. "\tSUCCEEDED" }, ended)
  end)

  it("counts runs in a program of luv, and serves meanwhile how far it is", function()
    api:faults { match = { query = "offset=199%d&" }, action = { delay = 1 } }
    local command = program.command("examples/luv.lua", { APIFY_API_BASE_URL = api.url, APIFY_TOKEN = "apify_api_some" })
    local output, complaints, code = program.shell(command .. [[ | {
      read -r _ url; echo "$url"; curl -sS --noproxy '*' "$url"; cat; }]])
    assert.same({ "", 0 }, { complaints, code })
    local lines, sum = lines_of(output), 0
    assert.matches("^http://127%.0%.0%.1:%d+$", lines[1])
    local delivered, total = lines[2]:match "^(%d+) of (%S+) runs$"
    assert.is_true(tonumber(delivered) <= 2000 and (total == "2500" or total == "?"), lines[2])
    for i = 3, #lines do sum = sum + tonumber(lines[i]:match "^[A-Z-]+\t(%d+)$") end
    assert.equal(2500, sum)
  end)

  for _, name in ipairs { "cqueues", "luv" } do
    it("says which package is missing: " .. name, function()
      local nowhere = { LUA_CPATH = "", LUA_PATH = "" }
      local _, complaints, code = program.run("examples/" .. name .. ".lua", nowhere)
      assert.equal(1, code)
      assert.is_nil(complaints:find("traceback", 1, true))
      assert.matches("needs " .. name .. ": apt%-get install lua%-" .. name, complaints)
    end)
  end

  it("waits in a loop of its own, which goes on meanwhile", function()
    api:faults { match = { path = "/actor%-runs$" }, action = { delay = 0.5 } }
    local others, ticks = {}, 0
    for _, line in ipairs(run "own_loop.lua") do
      if line == "the loop goes on" then ticks = ticks + 1 else others[#others + 1] = line:match "^%w+" end
    end
    assert.is_true(ticks >= 8, ticks)                          -- one each 50 ms of 700 ms
    local ids = api:admin("ids", { desc = true }).ids
    assert.same({ ids[1], ids[2], ids[3], ids[4], ids[5], "a" }, others)
  end)

  describe("that is an Actor", function()
    local its_run

    -- What it complains of and its exit code, as the run that the platform has started with this input.
    local function act(input, changes)
      its_run = testbed.client(api):run(api:admin("add_runs", { schedule = { { 0, "RUNNING" } } }).ids[1])
      local object = assert(its_run:get())
      if input then assert(its_run:key_value_store():set_record("INPUT", input)) end
      local env = {
        APIFY_API_BASE_URL = api.url, APIFY_TOKEN = "apify_api_some", ACTOR_RUN_ID = object.id, ACTOR_INPUT_KEY = "INPUT",
        ACTOR_DEFAULT_DATASET_ID = object.defaultDatasetId, ACTOR_DEFAULT_KEY_VALUE_STORE_ID = object.defaultKeyValueStoreId,
      }
      for name, value in pairs(changes or {}) do env[name] = value end
      local _, complaints, code = program.run("examples/actor/main.lua", env)
      return complaints, code
    end

    it("leaves items, its output and a status message", function()
      assert.same({ "", 0 }, { act { text = "To be, or not to be", least = 2 } })
      assert.same({ { word = "be", count = 2 }, { word = "to", count = 2 } }, its_run:dataset():list_items().items)
      assert.same({ words = 2, most_frequent = "be" }, its_run:key_value_store():get_record("OUTPUT").value)
      local seen = assert(its_run:get())
      assert.same({ "2 words", true }, { seen.statusMessage, seen.isStatusMessageTerminal })
      assert.same({ "", 0 }, { act { text = "" } })
      assert.equal(0, its_run:dataset():list_items().total)
    end)

    it("ends with 1 when it cannot do what was asked for, and says so", function()
      local complaints, code = act { txt = "a" }
      assert.same({ "the input has no field 'text' that is a string\n", 1 }, { complaints, code })
      assert.equal("the input has no field 'text' that is a string", assert(its_run:get()).statusMessage)
    end)

    it("ends with 91 when something raises", function()
      local complaints, code = act({ text = "a" }, { ACTOR_DEFAULT_DATASET_ID = "none" })
      assert.equal(91, code)
      assert.matches("^raised: POST /v2/datasets/none/items: 404 ", complaints)
    end)

    it("has a schema that lets through what it can do, and files that are where they are said to be", function()
      local folder_of = "examples/actor/.actor/"
      local actor = cjson.decode(markdown.read(folder_of .. "actor.json"))
      api:admin("input_schema", { schema = cjson.decode(markdown.read(folder_of .. actor.input)) })
      local handle = testbed.client(api):actor "janedoe~my-actor"
      assert.is_true(handle:validate_input { text = "a", least = 2 })
      assert.is_false((handle:validate_input { least = 2 }))
      assert.is_false((handle:validate_input { text = "a", least = "2" }))
      local copied = markdown.read(folder_of .. actor.dockerfile):match "\nCOPY ([%w.]+) "
      assert.truthy(markdown.read("examples/actor/" .. copied))
    end)

    it("runs here as its README says", function()
      local commands = markdown.read("examples/actor/README.md"):match '\n(    eval "%$%(make.-)$'
      local output, complaints, code = program.shell(commands)
      assert.same({ "", 0 }, { complaints, code })
      assert.matches('"words":4', output)
      assert.is_truthy(output:find "\n2,be\r?\n" or output:find "\nbe,2\r?\n", output)
    end)
  end)

  it("tells what went wrong", function()
    local lines = run("handle_errors.lua", "no-such-run")
    assert.equal("not found\tno-such-run", lines[1])
    assert.equal("raised\tapi\t404\tactor-not-found", lines[2])
    assert.truthy(lines[3]:find "^misuse\texamples/handle_errors.lua:%d+: bad option 'limit'")
    assert.equal(3, #lines)
    assert.truthy(run("handle_errors.lua", api.seeded.last_id)[1]:find "^found\t")
    assert.truthy(run("handle_errors.lua", "x", "apify_api_invalid")[1]:find "^not allowed")
  end)
end)
