-- Upload the files of a folder to a key-value store, five at a time; those that fail are named, and keep none of the others back.
--
--     APIFY_TOKEN=... lua5.4 examples/upload_folder.lua FOLDER STORE_NAME

local apify = require "apify"

local TYPES = {
  csv = "text/csv", html = "text/html", jpg = "image/jpeg", json = "application/json", pdf = "application/pdf", png = "image/png",
  txt = "text/plain; charset=utf-8",
}

local folder, name = arg[1], arg[2]
if not name then
  io.stderr:write "usage: lua5.4 examples/upload_folder.lua FOLDER STORE_NAME\n"
  os.exit(1)
end

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Keys have no slash, no space: "sub/my notes.txt" becomes "sub!my_notes.txt".
local function key_of(path) return (path:gsub("/", "!"):gsub("[^%w!%-_.'()]", "_")) end

local function files()
  local pipe, paths, taken = io.popen("cd -- " .. quote(folder) .. " && find . -type f | sort"), {}, {}
  for line in pipe:lines() do
    local path = line:sub(3)                       -- without "./"
    local key = key_of(path)
    if taken[key] then error(("%s and %s would be the same record"):format(taken[key], path), 0) end
    taken[key], paths[#paths + 1] = path, path
  end
  pipe:close()
  return paths
end

local client, paths = apify.new(), files()
local store = client:key_value_store(assert(client:key_value_stores():get_or_create(name)))

local function upload(path)
  return store:upload_record(key_of(path), folder .. "/" .. path, { content_type = TYPES[path:match "%.(%w+)$"] })
end

local _, errs = apify.map(paths, upload, { max_parallel = 5, keep_going = true })

local failed = 0
for i, path in ipairs(paths) do
  if errs[i] then
    failed = failed + 1
    io.stderr:write(path, ": ", tostring(errs[i]), "\n")
  end
end
print(("%d of %d files uploaded"):format(#paths - failed, #paths))
if failed > 0 then os.exit(1) end
