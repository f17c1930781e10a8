-- Save fields of a dataset as CSV, and show how far it is; called again, it goes on where it stopped, also with items that came since.
--
--     APIFY_TOKEN=... lua5.4 examples/dataset_to_csv.lua DATASET FILE.csv FIELD...

local apify = require "apify"

local SAVE_EVERY = 1000                            -- items

local id, path, fields = arg[1], arg[2], {}
for i = 3, #arg do fields[i - 2] = arg[i] end
if not fields[1] then
  io.stderr:write "usage: lua5.4 examples/dataset_to_csv.lua DATASET FILE.csv FIELD...\n"
  os.exit(1)
end

local function cell(value, name)
  if value == nil or value == apify.null then return "" end
  if type(value) == "table" then error(name .. " holds a table: it has no place in a cell", 0) end
  local text = tostring(value)
  return text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
end

local function write_row(csv, row, names)
  local cells = {}
  for i, name in ipairs(names) do cells[i] = cell(row[name], name) end
  csv:write(table.concat(cells, ","), "\n")
end

-- The place: how long the CSV is, and the bookmark behind its last row. Rows that were written after it are written over.
local function load_place()
  local file = io.open(path .. ".place")
  local size, bookmark = (file and file:read "*a" or ""):match "^(%d+) (.+)$"
  if file then file:close() end
  local csv = size and io.open(path, "r+b")
  if csv and csv:seek "end" >= tonumber(size) and csv:seek("set", tonumber(size)) then return csv, bookmark end
  csv = assert(io.open(path, "wb"))
  csv:write(table.concat(fields, ","), "\n")
  return csv
end

local function save_place(csv, it)
  csv:flush()
  local file = assert(io.open(path .. ".place.new", "w"))
  file:write(("%d %s"):format(csv:seek(), it:bookmark()))
  file:close()
  assert(os.rename(path .. ".place.new", path .. ".place"))
  io.stderr:write(("\r%d of %d items"):format(it:progress().delivered, it:progress().total or 0))
end

local csv, bookmark = load_place()
local it = apify.new():dataset(id):iterate_items { fields = fields, bookmark = bookmark }
for item in it do
  write_row(csv, item, fields)
  if it:progress().delivered % SAVE_EVERY == 0 then save_place(csv, it) end
end
save_place(csv, it)
io.stderr:write "\n"
