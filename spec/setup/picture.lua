--- Draws what a program showed in a terminal, from the bytes that it sent there, as an SVG on standard output.
---     lua5.4 spec/setup/picture.lua COMMAND <SESSION
--- It knows as much of terminals as the demo uses: colours, bold, faint, and lines that are rewritten after a carriage return.

local CELL_WIDTH, LINE_HEIGHT, MARGIN = 8.4, 19, 18          -- pixels
local FONT = "14px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
local PAPER, INK = "#16181d", "#d5d9e0"
local BAR, REST = "█", "░"                                    -- drawn as boxes, which no font can tear

local COLOURS = {
  ["31"] = "#f07178", ["32"] = "#8fca6b", ["33"] = "#e5c07b", ["34"] = "#61afef", ["35"] = "#c99bef", ["36"] = "#56c2c6",
  ["94"] = "#7ab7ff", ["96"] = "#6fd9dd",
}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

--- What each line showed in the end.
local function final_lines(session)
  local lines = {}
  for line in session:gsub("\27%[[%d?]*[^%d?;m]", ""):gmatch "([^\n]*)\n" do
    lines[#lines + 1] = line:gsub("\r+$", ""):match "[^\r]*$"
  end
  while lines[#lines] == "" do lines[#lines] = nil end
  return lines
end

local function columns_of(text) return #text:gsub("[\128-\191]", "") end

--- Where the piece of a line ends that begins there, and whether it is a bar.
local function piece_end(text, at)
  for _, box in ipairs { BAR, REST } do
    if text:find(box, at, true) == at then
      while text:find(box, at, true) == at do at = at + #box end
      return at, true
    end
  end
  return math.min(text:find(BAR, at, true) or #text + 1, text:find(REST, at, true) or #text + 1), false
end

--- The pieces of a line: text of one style, and the column where it begins; and the width of the line.
local function pieces(line)
  local list, column = {}, 0
  for style, text in ("\27[0m" .. line):gmatch "\27%[([%d;]*)m([^\27]*)" do
    local at = 1
    while at <= #text do
      local stop, is_box = piece_end(text, at)
      local part = text:sub(at, stop - 1)
      list[#list + 1] = { text = part, style = style, column = column, is_box = is_box }
      column, at = column + columns_of(part), stop
    end
  end
  return list, column
end

local function draw_piece(piece, y)
  local x, width = MARGIN + piece.column * CELL_WIDTH, columns_of(piece.text) * CELL_WIDTH
  local colour = COLOURS[piece.style] or INK
  if piece.is_box then
    local opacity = piece.text:find(REST, 1, true) and ' opacity="0.25"' or ""
    return ('<rect x="%.1f" y="%d" width="%.1f" height="13" fill="%s"%s/>'):format(x, y - 11, width, colour, opacity)
  end
  local more = piece.style == "1" and ' font-weight="bold"' or piece.style == "2" and ' opacity="0.6"' or ""
  return ('<text x="%.1f" y="%d" textLength="%.1f" fill="%s"%s xml:space="preserve">%s</text>'):format(x, y, width, colour, more,
    (piece.text:gsub("[&<>]", ENTITIES)))
end

local function draw(lines, command)
  local parts, columns = {}, 0
  for i, line in ipairs(lines) do
    local list, width = pieces(line)
    columns = math.max(columns, width)
    for _, piece in ipairs(list) do
      if piece.text:find "%S" then parts[#parts + 1] = draw_piece(piece, MARGIN + i * LINE_HEIGHT - 5) end
    end
  end
  local width, height = math.ceil(2 * MARGIN + columns * CELL_WIDTH), 2 * MARGIN + #lines * LINE_HEIGHT
  return ([[<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" style="font: %s">
<title>%s, in a terminal</title>
<rect width="100%%" height="100%%" rx="8" fill="%s"/>
%s
</svg>
]]):format(width, height, width, height, FONT, command, PAPER, table.concat(parts, "\n"))
end

local command = assert(arg[1], "the command is missing")
local lines = final_lines(io.read "a")
table.insert(lines, 1, "\27[2m$ " .. command .. "\27[0m")
io.write(draw(lines, command))
