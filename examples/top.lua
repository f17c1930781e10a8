-- Runs live in the terminal, with a bar for the time that each has taken: j and k choose one, X aborts it once y confirms, q leaves.
--
--     APIFY_TOKEN=... lua5.4 examples/top.lua

local apify = require "apify"
local ROWS, LOOK_SECS, TICK_SECS, BAR = 15, 1, 0.05, 30
local COLOURS = { READY = 36, RUNNING = 34, SUCCEEDED = 32, FAILED = 31, ABORTED = 35 }         -- all others yellow
local client, runs, chosen, asked, message = apify.new(), {}, 1, nil, "loading"

local function look()
  repeat
    local page, err = client:runs():list { desc = true, limit = ROWS }
    runs, message = page and page.items or runs, err and tostring(err) or "j k: choose   X: abort   q: leave"
  until not apify.sleep(LOOK_SECS)
end

local function secs(run) return math.max(0, (run.finishedAt and apify.time(run.finishedAt) or os.time()) - apify.time(run.startedAt)) end

local function draw()
  local lines, longest = {}, 1
  for _, run in ipairs(runs) do longest = math.max(longest, secs(run)) end
  for i, run in ipairs(runs) do
    local bar, colour = (" "):rep(math.ceil(BAR * secs(run) / longest)), COLOURS[run.status] or 33
    lines[i] = ("%s %s  \27[%dm%-10s \27[7m%s\27[0m %.0f s"):format(i == chosen and ">" or " ", run.id, colour, run.status, bar, secs(run))
  end
  lines[#lines + 1] = asked and ("abort %s? y, or any other key"):format(asked.id) or message
  io.write("\27[H", table.concat(lines, "\27[K\n"), "\27[K\27[J")
  io.flush()
end

local function press(key)
  if key == "j" then chosen = math.min(chosen + 1, #runs)
  elseif key == "k" then chosen = math.max(chosen - 1, 1)
  elseif key == "y" and asked then message = tostring(select(2, client:run(asked):abort()) or "aborting " .. asked.id)
  end
  asked = key == "X" and runs[chosen] and not apify.is_finished(runs[chosen]) and runs[chosen] or nil
end

local function stty(words) return io.popen("stty 2>/dev/null </dev/tty " .. words):read "*l" end
local before = stty "-g"                           -- nothing where there is no terminal
if not before then
  io.stderr:write "examples/top.lua needs a terminal\n"
  os.exit(1)
end
stty "-icanon -echo -isig min 0 time 0"            -- a key is read at once, or none is there
io.write "\27[?1049h\27[?25l"
local tty, looker = io.open("/dev/tty", "rb"), apify.spawn(look)
local ok, err = pcall(function()
  repeat
    draw()
    apify.sleep(TICK_SECS)
    local key = tty:read(1)
    if key then press(key) end
  until key == "q" or key == "\3"                  -- Ctrl-C
end)
looker:cancel()
io.write "\27[?25h\27[?1049l"
stty(before)
if not ok then error(err, 0) end
