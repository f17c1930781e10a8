-- Save a long list of runs; killed at any moment and called again, it goes on where it was, with no run lost or there twice.
--
--     APIFY_TOKEN=... lua5.4 examples/resume_with_bookmark.lua FILE

local apify = require "apify"

local SAVE_EVERY = 100                             -- runs

local path = arg[1]
if not path then
  io.stderr:write "usage: lua5.4 examples/resume_with_bookmark.lua FILE\n"
  os.exit(1)
end

-- What another look at it finds is the old file or the new one, and never a half.
local function replace(name, text)
  local file = assert(io.open(name .. ".new", "wb"))
  assert(file:write(text))
  assert(file:close())
  assert(os.rename(name .. ".new", name))
end

-- The place: how long the file was, and the bookmark behind its last run. What was written after it comes again.
local function load_place()
  local file = io.open(path .. ".place", "rb")
  local size, bookmark = (file and file:read "*a" or ""):match "^(%d+) (.+)$"
  if file then file:close() end
  local saved = size and io.open(path, "rb")
  local text = saved and saved:read(tonumber(size)) or ""
  if saved then saved:close() end
  replace(path, text)
  return #text == tonumber(size) and bookmark or nil
end

local bookmark = load_place()
local file = assert(io.open(path, "ab"))
local it = apify.new():runs():iterate { bookmark = bookmark }

local function save_place()
  assert(file:flush())                             -- first the runs, then the place behind them
  replace(path .. ".place", ("%d %s"):format(file:seek "end", it:bookmark()))
end

local count = 0
for run in it do
  file:write(run.id, "\t", run.status, "\t", run.startedAt, "\n")
  count = count + 1
  if count % SAVE_EVERY == 0 then save_place() end
end
save_place()
print(count .. " runs more")
