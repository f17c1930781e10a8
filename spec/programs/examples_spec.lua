--- The examples, as programs: each does what its first line says.
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local MAX_LINES = 60

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
  return lines
end

describe("an example", function()
  local api = testbed.local_api { count = 2500 }

  -- The lines that an example prints; it must succeed.
  local function run(name, argument, token)
    local command = program.command("examples/" .. name, { APIFY_API_BASE_URL = api.url, APIFY_TOKEN = token or "apify_api_some" })
    local output, complaints, code = program.shell(command .. " " .. (argument or ""))
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
    local path = os.tmpname()
    local lines = run("save_dataset.lua", ("%s %s n"):format(api.seeded.last_id, path))
    assert.truthy(lines[1]:find("1000 items in " .. path, 1, true))
    local sum = tonumber(lines[1]:match "n: (%d+) in all")
    assert.truthy(sum == 499500 or sum == 500500, lines[1])                     -- n is from 0 or from 1 on
    local rows = 0
    for _ in io.lines(path) do rows = rows + 1 end
    os.remove(path)
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
    local path = os.tmpname()
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
    os.remove(path)
    assert.equal(201, rows)
  end)

  it("adds the URLs of a file to a queue, each once", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    for i = 1, 60 do file:write(("https://example.com/%d\n"):format(i % 50)) end
    file:close()
    assert.same({ "50 requests added, 10 were there" }, run("fill_queue.lua", "urls " .. path))
    assert.same({ "0 requests added, 60 were there" }, run("fill_queue.lua", "urls " .. path))
    os.remove(path)
  end)

  it("goes on where it stopped before, so that each run comes once", function()
    local path = os.tmpname()
    os.remove(path)
    local all, sizes = {}, {}
    for go = 1, 4 do
      local lines = run("resume_with_bookmark.lua", path)
      sizes[go] = #lines
      for _, line in ipairs(lines) do all[#all + 1] = line:match "^%w+" end
    end
    os.remove(path)
    assert.same({ 1000, 1000, 500, 0 }, sizes)
    assert.same(api:admin("ids", {}).ids, all)
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
