--- table.lua FOLDER: the results of all runs as one table, and what was found in words. Status 1 if there is anything that must not be.
local folder = ...

local COLUMNS = { "points", "ok", "memory", "raised", "other", "wrong", "unusable", "crash", "libcurl", "luajit", "hang", "leak" }
local BAD = { other = true, wrong = true, unusable = true, crash = true, hang = true, leak = true }
local LINE = "%-44s" .. ("%9s"):rep(#COLUMNS)

local rows, sums, words, is_bad = {}, {}, {}, false
local pipe = assert(io.popen("cd '" .. folder .. "' && ls"))
for name in pipe:lines() do
  local lua, kind, times, script = name:match "^(.-)%.(%a+)%.(%d)%.(%a+)$"
  if lua and lua:find "^out" == nil then
    for line in io.lines(folder .. "/" .. name) do
      if line:find "^#" then words[#words + 1] = ("%s %s x%s %s"):format(lua, kind, times, line:sub(3)) end
      if not line:find "^#" then
        local cells = {}
        for cell in line:gmatch "[^\t]+" do cells[#cells + 1] = cell end
        local what = script == "specs" and "specs: " .. cells[1]:match "[^/]*$" or cells[1]
        local row = { ("%s, %s x%s: %s"):format(lua, kind, times, what) }
        for i, column in ipairs(COLUMNS) do
          row[i + 1] = math.tointeger(tonumber(cells[i + 1]))
          sums[i] = (sums[i] or 0) + row[i + 1]
          is_bad = is_bad or BAD[column] and row[i + 1] > 0
        end
        rows[#rows + 1] = row
      end
    end
  end
end
pipe:close()

print(LINE:format("", table.unpack(COLUMNS)))
for _, row in ipairs(rows) do print(LINE:format(row[1]:sub(1, 43), table.unpack(row, 2))) end
if #rows > 0 then print(LINE:format("all", table.unpack(sums))) end
for _, text in ipairs(words) do print(text) end
os.exit(#rows > 0 and not is_bad)
