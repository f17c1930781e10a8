-- decode.lua WAY FOLDER: decodes the pages of runs, which are in files: by lua-cjson, whole, row by row, or four fields of each row. "read":
-- reads the files, and no more.
local cjson = require "cjson"
local core = require "apify.core"
io.write "ready\n"
io.flush()

local WAY, FOLDER = arg[1], arg[2]
local PAGES, CHUNK = 100, 16384

local count, sum, last = 0, 0, nil

local function take(run)
  if run.status == "SUCCEEDED" then count = count + 1 end
  sum, last = sum + run.usageTotalUsd, run.id
end

local function take_page(page)
  for _, run in ipairs(page.data.items) do take(run) end
end

-- As a page's bytes come in from the network.
local function take_rows(decoder, text)
  local rows = core.rows(decoder)
  local run
  for at = 1, #text, CHUNK do
    rows:feed(text, at, at + CHUNK - 1)
    run = rows:next()
    while run do
      take(run)
      run = rows:next()
    end
  end
end

local plain, picked = core.decoder {}, core.decoder { pick = { "id", "status", "startedAt", "usageTotalUsd" } }

local ways = {
  read = function(text) last = #text end,
  cjson = function(text) take_page(cjson.decode(text)) end,
  whole = function(text) take_page(plain:decode(text)) end,
  rows = function(text) take_rows(plain, text) end,
  pick = function(text) take_rows(picked, text) end,
}

for page = 0, PAGES - 1 do
  local file = assert(io.open(("%s/pages/%d"):format(FOLDER, page), "rb"))
  ways[WAY](file:read "*a")
  file:close()
end
print(("%d %.4f %s"):format(count, sum, last))
