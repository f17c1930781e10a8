--- A filter for pandoc: links to documents lead to their pages, those to other files of the repository to where it is read.

local REPOSITORY = "https://github.com/lua-apify/lua-apify"

local source                             -- the document's path

-- A path without "." and "..".
local function plain(path)
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." then parts[#parts] = nil elseif part ~= "." then parts[#parts + 1] = part end
  end
  return table.concat(parts, "/")
end

local function destination(target)
  if target:find "^%a+:" or target:find "^#" then return target end
  local file, anchor = target:match "^([^#]*)(#?.*)$"
  local page = file:match "^(.*)%.md$"
  local path = plain(source:match "^(.-)[^/]*$" .. file)
  if path == "README.md" then return file:gsub("README%.md$", "index.html") .. anchor end
  if page then return page .. ".html" .. anchor end
  if path:find "%.%w+$" then return REPOSITORY .. "/blob/main/" .. path .. anchor end
  return REPOSITORY .. "/tree/main/" .. path
end

return {
  { Meta = function(meta) source = pandoc.utils.stringify(meta.source) end },
  { Link = function(link)
    link.target = destination(link.target)
    return link
  end },
}
