--- The files that are this project's: what git tracks, or would. In a copy without git, those with a source's name.
--- What a compiler or a package manager has left beside them is none.
local sources = {}

-- What may end a source's name; scripts have no ending at all.
local ENDINGS = {}
for ending in ("busted c conf editorconfig gitignore h json lua luacheckrc md mjs rockspec template txt vim"):gmatch "%a+" do
  ENDINGS[ending] = true
end

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- The lines that a command prints in a folder, sorted; what it complains of does not matter.
local function lines(folder, command)
  local found = {}
  local pipe = assert(io.popen(("cd %s && { %s; } 2>/dev/null"):format(quote(folder), command)))
  for line in pipe:lines() do found[#found + 1] = line end
  pipe:close()
  table.sort(found)
  return found
end

local function is_file(path)
  local file = io.open(path)
  if file then file:close() end
  return file ~= nil
end

local function is_source(path)
  local ending = path:match "[^/]*$":match "%.([^.]*)$"
  return ending == nil or ENDINGS[ending] == true
end

--- The paths of the files below some of a checkout's files and folders, sorted.
---@param below string separated by blanks
---@param checkout? string the current folder when absent
---@return string[]
function sources.list(below, checkout)
  checkout = checkout or "."
  local found = {}
  for _, path in ipairs(lines(checkout, "[ -e .git ] && git ls-files -c -o --exclude-standard -- " .. below)) do
    if is_file(checkout .. "/" .. path) then found[#found + 1] = path end        -- not one that is deleted
  end
  if #found > 0 then return found end
  for _, path in ipairs(lines(checkout, "find " .. below .. " -type f")) do
    if is_source(path) then found[#found + 1] = path end
  end
  return found
end

return sources
