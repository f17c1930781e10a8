--- Markdown as the specs of the documents read it: headings, sections, tables, links, pieces of Lua.
local markdown = {}

--- The text of a file; nil if there is none.
---@param path string
---@return string?
function markdown.read(path)
  local file = io.open(path)
  local text = file and file:read "*a"                     -- nil of a directory
  if file then file:close() end
  return text
end

--- The text without its pieces of code, whose lines look like anything.
---@param text string
---@return string
function markdown.without_code(text)
  return (("\n" .. text):gsub("\n```.-\n```", "\n"))
end

--- The pieces of Lua in a text, in order.
---@param text string
---@return string[]
function markdown.snippets(text)
  local list = {}
  for code in text:gmatch "```lua\n(.-)```" do list[#list + 1] = code end
  return list
end

--- The sections, in order: each from a heading to the next, of whatever level.
---@param text string
---@return { level: integer, title: string, body: string }[]
function markdown.sections(text)
  local list = {}
  for line in (markdown.without_code(text) .. "\n"):gmatch "(.-)\n" do
    local marks, title = line:match "^(#+) (.*)$"
    if marks then
      list[#list + 1] = { level = #marks, title = title, body = "\n" }
    elseif list[1] then
      list[#list].body = list[#list].body .. line .. "\n"
    end
  end
  return list
end

--- The anchor of a heading, as GitHub and pandoc make it.
---@param title string
---@return string
function markdown.anchor(title)
  return (title:gsub("%[([^%]]*)%]%([^)]*%)", "%1"):lower():gsub("[^%w _-]", ""):gsub(" ", "-"))
end

--- The first cells of the table whose first column has that heading; none if there is no such table.
---@param body string of a section
---@param heading string
---@return string[]
function markdown.first_cells(body, heading)
  local cells = {}
  local rows = body:match("\n| " .. heading .. " |[^\n]*\n|[-|]*|(\n.-)\n[^|]") or body:match("\n| " .. heading .. " |[^\n]*\n|[-|]*|(\n.*)$")
  for cell in (rows or ""):gmatch "\n| ([^|]*) |" do cells[#cells + 1] = cell end
  return cells
end

--- The targets of the links in a text.
---@param text string
---@return string[]
function markdown.links(text)
  local list = {}
  for target in markdown.without_code(text):gsub("`[^`\n]*`", ""):gmatch "%]%(([^)%s]+)%)" do list[#list + 1] = target end
  return list
end

return markdown
