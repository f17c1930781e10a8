--- The demo: the newest runs, a count of all of them by status, and a wait for one that has not finished.
---
---     make demo                                           made-up runs, from a local copy of the API
---     APIFY_TOKEN=... [APIFY_ACTOR=user~name] make demo   your own, at most 5000; nothing is started or changed
---
--- It is a plain program that uses the module, to be read from the bottom up.
package.path = arg[0]:gsub("[^/]*/?[^/]*$", "") .. "?.lua;" .. package.path

local apify = require "apify"
local account = require "examples.demo.account"
local new_screen = require("examples.demo.screen").new
local text = require "examples.demo.text"

local NEWEST = 8                         -- runs in the table
local CHUNK_SIZE = 200                   -- rows a page: several pages even of a short list
local NEWS_EVERY = 1000                  -- rows between two lines of the count where there is no terminal
local ANSWER_SECS = 4                    -- without an answer in this time there is no network
local WAIT_SECS = 60
local LOOK_SECS = 0.5                    -- between two looks at the run that is waited for
local TICK_SECS = 0.1

local INTERRUPTED = 130                  -- what shells call a program that Ctrl-C ended

local COLOURS = {
  READY = "96", RUNNING = "94", SUCCEEDED = "32", FAILED = "31", ["TIMING-OUT"] = "33", ["TIMED-OUT"] = "33",
  ABORTING = "35", ABORTED = "35",
}

--- The columns of the table: heading, width (negative: flush left), and what is in it.
local COLUMNS = {
  { "ID", -17, function(run) return run.id end },
  { "STATUS", -10, function(run) return run.status end },
  { "STARTED", -10, function(run, now) return text.ago(math.max(0, now - apify.time(run.startedAt)), run.startedAt) end },
  { "DURATION", 8, function(run, now)
    if run.status == "READY" then return "-" end
    return text.duration(math.max(0, (run.finishedAt and apify.time(run.finishedAt) or now) - apify.time(run.startedAt)))
  end },
  { "ORIGIN", -11, function(run) return run.meta and run.meta.origin or "-" end },
  { "USAGE USD", 9, function(run) return run.usageTotalUsd and ("%.4f"):format(run.usageTotalUsd) or "-" end },
}

--- The columns that there is room for.
local function columns_for(screen)
  local columns, width = {}, 0
  for i, column in ipairs(COLUMNS) do
    width = width + 2 + math.abs(column[2])
    if width < screen.width then columns[i] = column end
  end
  return columns
end

local function print_row(screen, columns, run, now)
  local cells = {}
  for i, column in ipairs(columns) do
    local cell = text.cell(column[3](run, now), column[2])
    cells[i] = column[1] == "STATUS" and screen:paint(COLOURS[run.status], cell) or cell
  end
  screen:say("  " .. table.concat(cells, "  "))
end

--- One page of a list; the newest of its runs that has not finished.
local function show_newest(screen, runs)
  screen:heading "The newest runs"
  local page = assert(runs:list { desc = true, limit = NEWEST, request_timeout = ANSWER_SECS })
  local columns, headings = columns_for(screen), {}
  for i, column in ipairs(columns) do headings[i] = text.cell(column[1], column[2]) end
  screen:say(screen:paint("2", "  " .. table.concat(headings, "  ")))
  local unfinished
  for _, run in ipairs(page.items) do
    print_row(screen, columns, run, os.time())
    if not apify.is_finished(run) then unfinished = unfinished or run end
  end
  if page.count == 0 then screen:say "  none yet" end
  return unfinished
end

local function progress_line(screen, it, limit, started_at)
  local p = it:progress()
  local total = math.min(p.total or 0, limit or math.huge)
  local fraction = total > 0 and p.delivered / total or 1
  local rate = p.delivered / math.max(0.001, screen.now() - started_at)
  local numbers = ("  %6s of %s  %3d %%  %d page%s in flight  %6s runs/s"):format(text.thousands(p.delivered),
    text.thousands(total), math.floor(fraction * 100), p.pages_in_flight, p.pages_in_flight == 1 and " " or "s", text.thousands(rate))
  local full, empty = screen:bar(fraction, math.max(0, math.min(40, screen.width - #numbers - 3)))
  return "  " .. screen:paint("36", full) .. screen:paint("2", empty) .. numbers
end

--- What it took.
local function show_traffic(screen, client, secs)
  local stats = client:stats()
  screen:say(("  %.1f s, %d requests, %d of them repeated after an error, %s received"):format(secs, stats.attempts, stats.retries,
    text.bytes(stats.bytes_wire)))
end

--- All runs, from several pages at once: how many there are of each status.
local function count_by_status(screen, from)
  screen:heading "All runs, newest first"
  local counts, read, started_at = {}, 0, screen.now()
  local it = from.runs:iterate { desc = true, limit = from.limit, chunk_size = CHUNK_SIZE, pick = { "status" } }
  for run in it do
    counts[run.status] = (counts[run.status] or 0) + 1
    read = read + 1
    local is_news = read % NEWS_EVERY == 0
    if is_news or screen:is_due() then screen:update(progress_line(screen, it, from.limit, started_at), is_news) end
  end
  screen:settle(progress_line(screen, it, from.limit, started_at))
  show_traffic(screen, from.client, screen.now() - started_at)
  return counts, read
end

local function by_number(counts)
  local statuses = {}
  for status in pairs(counts) do statuses[#statuses + 1] = status end
  table.sort(statuses, function(a, b) return counts[a] > counts[b] or counts[a] == counts[b] and a < b end)
  return statuses
end

local function show_summary(screen, counts, read)
  screen:heading "By status"
  local statuses = by_number(counts)
  for _, status in ipairs(statuses) do
    local n = counts[status]
    local width = math.max(1, math.min(40, screen.width - 36))
    local full = screen:bar(math.max(n / counts[statuses[1]], 1 / width), width)
    screen:say(("  %s %7s  %5.1f %%  %s"):format(screen:paint(COLOURS[status], text.cell(status, -10)), text.thousands(n),
      100 * n / read, screen:paint(COLOURS[status], full)))
  end
end

--- The run as last seen, and since when it is waited for.
local function wait_line(screen, run, trail, secs)
  local parts = {}
  for i, status in ipairs(trail) do parts[i] = screen:paint(COLOURS[status], status) end
  return ("  %s  %s  %s"):format(run.id, table.concat(parts, " > "), text.duration(secs))
end

--- Wait in one fiber, look at the run in another, and draw what is known.
local function wait_for(screen, client, run)
  local handle, trail, started_at = client:run(run.id), { run.status }, screen.now()
  local function note(seen)
    if not seen or seen.status == trail[#trail] then return false end
    trail[#trail + 1] = seen.status
    return true
  end
  local function line() return wait_line(screen, run, trail, screen.now() - started_at) end

  local waiter = apify.spawn(handle.wait_for_finish, handle, { wait_secs = WAIT_SECS })
  local looker = apify.spawn(function()
    repeat
      if note(handle:get()) then screen:update(line(), true) end
    until not apify.sleep(LOOK_SECS)
  end)
  screen:update(line(), true)
  while not waiter:is_done() do
    apify.sleep(TICK_SECS)
    screen:update(line())
  end
  looker:cancel()
  local finished, err = waiter:wait()
  local is_news = note(finished)
  screen:settle((is_news or screen.is_live) and line())
  return finished, err
end

local function show_wait(screen, from, run)
  screen:heading "Waiting for the newest run of the list above that has not finished"
  if not run then return screen:say "  all of them have" end
  from.go_on(run)
  local finished, err = wait_for(screen, from.client, run)
  if finished then screen:say(("  finished: %s"):format(finished.statusMessage or finished.status))
  elseif err.kind == "unfinished" then screen:say(("  not finished after %d s; so much for the demo"):format(WAIT_SECS))
  else error(err, 0)
  end
end

local function show_next(screen)
  screen:heading "Next"
  screen:say "  README.md                    the module in one page"
  screen:say "  examples/                    programs of a few lines"
  screen:say "  make api                     a local copy of the API that stays, to try them on"
  screen:say "  APIFY_TOKEN=... make demo    your own runs; none is started"
end

local function show_all(screen, from)
  screen:say(from.title)
  local unfinished = show_newest(screen, from.runs)
  local counts, read = count_by_status(screen, from)
  if read > 0 then show_summary(screen, counts, read) end
  show_wait(screen, from, unfinished)
  show_next(screen)
end

local function main(screen)
  screen:update "Starting ..."
  local from = account.open()
  local ok, err = pcall(show_all, screen, from)
  screen:close()
  from.close()
  if not ok then error(err, 0) end
end

local NOT_THERE = { connect = true, network = true, timeout = true }

--- Who does not answer, and what to do about it.
local function absence(err)
  local address = os.getenv "APIFY_API_BASE_URL"
  if not address or address == "" then return "there is no answer; is there a network?" end
  return ("%s %s, where APIFY_API_BASE_URL points; `unset APIFY_API_BASE_URL APIFY_TOKEN` lets the demo start an API of its own"):format(
    err.kind == "connect" and "nothing listens at" or "there is no answer from", address)
end

--- An error as a sentence: what it most likely comes from, before what it is.
local function complaint(err)
  if not apify.is_error(err) then return tostring(err) end
  if NOT_THERE[err.kind] then return ("%s (%s)"):format(absence(err), tostring(err)) end
  if err.status == 401 or err.status == 403 then return ("the API does not accept this APIFY_TOKEN (%s)"):format(tostring(err)) end
  return tostring(err)
end

local screen = new_screen()
local ok, err = pcall(main, screen)
if ok then return end
screen:close()
if tostring(err):find "interrupted!$" then os.exit(INTERRUPTED) end
io.stderr:write("demo: ", complaint(err), "\n")
os.exit(1)
