--- Texts in pieces, for specs of what reads them as they come: it must make the same of them wherever they are cut.
local assert = require "luassert"

local cuts = {}

--- A text byte by byte.
---@param text string
---@return string[]
function cuts.bytes(text)
  local pieces = {}
  for i = 1, #text do pieces[i] = text:sub(i, i) end
  return pieces
end

--- What `read` makes of the text, which must be the same when it comes whole, byte by byte, and cut at every position.
---@generic T
---@param text string
---@param read fun(pieces: string[]): T
---@return T
function cuts.read(text, read)
  local whole = read { text }
  assert.same(whole, read(cuts.bytes(text)), text)
  for at = 1, #text - 1 do assert.same(whole, read { text:sub(1, at), text:sub(at + 1) }, text) end
  return whole
end

return cuts
