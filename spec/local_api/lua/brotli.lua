--- Brotli by libbrotlidec, which libcurl brings along on most systems; where it is not there, brotli is an unknown encoding.
local ffi = require "ffi"

local brotli = {}

ffi.cdef [[
void *BrotliDecoderCreateInstance(void *alloc, void *free, void *opaque);
int BrotliDecoderDecompressStream(void *state, size_t *avail_in, const unsigned char **next_in,
                                  size_t *avail_out, unsigned char **next_out, size_t *total_out);
void BrotliDecoderDestroyInstance(void *state);
]]

local FAILED, DONE, NEEDS_INPUT = 0, 1, 2
local PIECE = 262144                    -- what is decoded at once
local NAMES = { "libbrotlidec.so.1", "brotlidec" }

local library
for _, name in ipairs(NAMES) do
  local is_there, loaded = pcall(ffi.load, name)
  if is_there then library = loaded break end
end

-- Decode all of the text into a list of pieces; the last return code, the size reached and the bytes that were not needed.
local function decode_pieces(state, text, max, pieces)
  local out, size, rc = ffi.new("unsigned char[?]", PIECE), 0
  local avail_in, next_in = ffi.new("size_t[1]", #text), ffi.new("const unsigned char *[1]", ffi.cast("const unsigned char *", text))
  local avail_out, next_out = ffi.new "size_t[1]", ffi.new "unsigned char *[1]"
  repeat
    avail_out[0], next_out[0] = PIECE, out
    rc = library.BrotliDecoderDecompressStream(state, avail_in, next_in, avail_out, next_out, nil)
    local got = PIECE - tonumber(avail_out[0])
    pieces[#pieces + 1], size = ffi.string(out, got), size + got
  until rc == FAILED or rc == DONE or rc == NEEDS_INPUT or size > max
  return rc, size, tonumber(avail_in[0])
end

--- The text of one whole stream.
---@param text string
---@param max integer give up beyond so many bytes
---@return string? text
---@return string? problem "no decoder", "too large", "cut short", "damaged" or "followed by other bytes"
function brotli.decompress(text, max)
  if not library then return nil, "no decoder" end
  local state, pieces = library.BrotliDecoderCreateInstance(nil, nil, nil), {}
  local rc, size, left = decode_pieces(state, text, max, pieces)
  library.BrotliDecoderDestroyInstance(state)
  if size > max then return nil, "too large" end
  if rc == DONE then
    if left > 0 then return nil, "followed by other bytes" end
    return table.concat(pieces)
  end
  return nil, rc == NEEDS_INPUT and "cut short" or "damaged"
end

return brotli
