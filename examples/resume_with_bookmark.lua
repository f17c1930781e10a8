-- Read a long list in several goes: each call of this program goes on where the one before stopped.
--
--     APIFY_TOKEN=... lua5.4 examples/resume_with_bookmark.lua FILE

local apify = require "apify"

local ROWS = 1000                                  -- in one go

local path = arg[1]
if not path then
  io.stderr:write "usage: lua5.4 examples/resume_with_bookmark.lua FILE\n"
  os.exit(1)
end

local function load_place()
  local file = io.open(path)
  if not file then return nil end
  local place = file:read "*a"
  file:close()
  return place
end

local function save_place(place)
  local file = assert(io.open(path, "w"))
  file:write(place)
  file:close()
end

local it = apify.new():runs():iterate { bookmark = load_place(), limit = ROWS }
for run in it do print(run.id, run.status) end
save_place(it:bookmark())
