--- Looks for links between the pages of a site that lead nowhere.
---     lua5.4 spec/setup/site/check.lua PAGE...

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "a"
  if file then file:close() end
  return text
end

-- A path without "." and "..".
local function plain(path)
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." then parts[#parts] = nil elseif part ~= "." then parts[#parts + 1] = part end
  end
  return (path:match "^/" or "") .. table.concat(parts, "/")
end

local anchors = {}                       -- by page

local function has(path, anchor)
  if not anchors[path] then
    local text = read(path)
    if not text then return false end
    anchors[path] = { [""] = true }
    for id in text:gmatch 'id="([^"]*)"' do anchors[path][id] = true end
  end
  return anchors[path][anchor] == true
end

local dead, checked = 0, 0

local function check(page, target)
  if target:find "^%a+:" then return end
  local file, anchor = target:match "^([^#]*)#?(.*)$"
  checked = checked + 1
  if has(plain(file == "" and page or page:match "^(.-)[^/]*$" .. file), anchor) then return end
  dead = dead + 1
  io.stderr:write(page, ": ", target, " leads nowhere\n")
end

for _, page in ipairs(arg) do
  local text = read(page)
  for _, name in ipairs { "href", "src" } do
    for target in text:gmatch("%s" .. name .. '="([^"]*)"') do check(page, target) end
  end
end
if checked == 0 then io.stderr:write "no link was found\n" end
os.exit(dead == 0 and checked > 0)
