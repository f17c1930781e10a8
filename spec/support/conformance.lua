--- Asks the decoder for each case of spec/vectors/suite.lua: the whole document, and row by row, each cut in two at many places and byte by byte.
local core = require "apify.core"
local suite = require "spec.vectors.suite"

local conformance = {}

local MAX_CUTS = 40                   -- of long documents

local function reads_whole(text)
  return core.decode(text, { nulls = "keep" }) ~= nil
end

--- Are all rows of the pieces read? Documents that are no list are put into one, as its last row.
local function reads_rows(pieces)
  local rows = core.rows(core.decoder { nulls = "keep" })
  local at = 0
  while true do
    local row, what = rows:next()
    if row == nil and what == "more" then
      at = at + 1
      if pieces[at] then rows:feed(pieces[at]) else rows:finish() end
    elseif row == nil then
      return what == "end"
    end
  end
end

--- The pieces of a text, cut everywhere, and in two at some places.
local function each_cut(text, visit)
  local bytes, step = {}, math.ceil(math.max(1, #text / MAX_CUTS))
  for k = 1, math.min(#text, 20000) do bytes[k] = text:sub(k, k) end
  bytes[#bytes + 1] = text:sub(#bytes + 1)
  visit(bytes)
  for k = 0, #text, step do visit { text:sub(1, k), text:sub(k + 1) } end
end

--- Is it read in this way everywhere? true, false, or nil: the cuts decide.
local function reads_cut(text)
  local list, found, is_one = text, nil, true
  if not text:find "^[ \t\r\n]*%[" then list = "[0," .. text .. "\n]" end
  each_cut(list, function(pieces)
    local is_read = reads_rows(pieces)
    if found == nil then found = is_read end
    is_one = is_one and is_read == found
  end)
  if is_one then return found end
end

--- What is wrong with a case, in words, or nil.
local function fault(text, wanted)
  if reads_whole(text) ~= wanted then return wanted and "is refused" or "is read" end
  if text:find "^\239\187\191" or text == "" or not text:find "%S" then return nil end       -- no row could have a mark, or be nothing
  local is_read = reads_cut(text)
  if is_read == nil then return "depends on where it is cut" end
  if is_read ~= wanted then return "row by row " .. (wanted and "is refused" or "is read") end
end

--- All cases: figures by kind, and the faults by name.
---@return table<string, { cases: integer, read: integer, refused: integer }> figures
---@return string[] faults
function conformance.run()
  local figures, faults = {}, {}
  for _, kind in ipairs { "y", "n", "i" } do
    local f = { cases = 0, read = 0, refused = 0 }
    figures[kind] = f
    for name, case in pairs(suite[kind]) do
      local text, wanted = case, kind == "y"
      if kind == "i" then text, wanted = case[1], case[2] end
      local what = fault(text, wanted)
      local outcome = reads_whole(text) and "read" or "refused"
      f.cases, f[outcome] = f.cases + 1, f[outcome] + 1
      if what then faults[#faults + 1] = kind .. "_" .. name .. " " .. what end
    end
  end
  table.sort(faults)
  return figures, faults
end

return conformance
