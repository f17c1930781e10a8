--- lines.lua - a log as lines and as chunks, from pieces that are cut at random.
local core = require "apify.core"
local lines = require "apify.http.lines"

local MAX_PIECE = 12

--- A stream that gives the text in pieces.
local function cut(text, dice)
  local at, stream = 1, {}
  function stream.read()
    if at > #text then return nil end
    dice = (dice * 16807 + 1) % 2147483647
    local piece = text:sub(at, at + dice % MAX_PIECE)
    at = at + #piece
    return piece
  end
  function stream.close() end
  function stream.take_passed() end
  function stream.path() return "/" end
  return stream
end

local function drain(it)
  local all = {}
  for piece in function() return it:next() end do all[#all + 1] = piece end
  return all
end

--- The lines of the whole text. What follows the last line break comes too, if it is anything.
local function split(text, keeps_cr)
  local all = {}
  for line in text:gmatch "([^\n]*)\n" do all[#all + 1] = keeps_cr and line or (line:gsub("\r$", "")) end
  local rest = text:match "[^\n]*$"
  if rest ~= "" then all[#all + 1] = rest end
  return all
end

local function same(a, b)
  assert(#a == #b, "there are as many")
  for i = 1, #a do assert(a[i] == b[i], "each is the same") end
end

return function(text, dice)
  for _, keeps_cr in ipairs { true, false } do same(split(text, keeps_cr), drain(lines.lines(cut(text, dice), keeps_cr))) end
  local chunks = drain(lines.chunks(cut(text, dice)))
  assert(table.concat(chunks) == text, "the chunks are the text")
  if core.is_utf8(text) then
    for _, chunk in ipairs(chunks) do assert(core.is_utf8(chunk), "no chunk ends within a character") end
  end
end
