--- gzip by the zlib that nginx itself uses.
local ffi = require "ffi"

local gzip = {}

ffi.cdef [[
typedef struct {
  const unsigned char *next_in; unsigned int avail_in; unsigned long total_in;
  unsigned char *next_out; unsigned int avail_out; unsigned long total_out;
  const char *msg; void *state; void *zalloc; void *zfree; void *opaque;
  int data_type; unsigned long adler; unsigned long reserved;
} local_api_z_stream;
const char *zlibVersion(void);
int deflateInit2_(local_api_z_stream *, int level, int method, int window_bits, int memory_level, int strategy,
                  const char *version, int stream_size);
int deflate(local_api_z_stream *, int flush);
int deflateEnd(local_api_z_stream *);
unsigned long deflateBound(local_api_z_stream *, unsigned long length);
int inflateInit2_(local_api_z_stream *, int window_bits, const char *version, int stream_size);
int inflate(local_api_z_stream *, int flush);
int inflateEnd(local_api_z_stream *);
unsigned long crc32(unsigned long crc, const char *bytes, unsigned int length);
unsigned long crc32_combine(unsigned long first, unsigned long second, long second_length);
]]

local METHOD, MEMORY_LEVEL, STRATEGY = 8, 8, 0
local NO_FLUSH, FULL_FLUSH, FINISH = 0, 3, 4
local OK, STREAM_END = 0, 1
local WINDOW_RAW, WINDOW_ZLIB, WINDOW_GZIP = -15, 15, 31
local FLUSH_MARGIN = 64                 -- what a flush may add to deflateBound
local GZIP_HEADER = "\31\139\8\0\0\0\0\0\0\255"
local MEGABYTE = 1048576
local PIECE = 262144                    -- what is inflated at once

local function load_zlib()              -- inside nginx already, or else a library of its own
  local is_linked = pcall(function() return ffi.C.deflate end)
  return is_linked and ffi.C or ffi.load("z")
end

local zlib = load_zlib()

local function squeeze(text, window_bits, level, flush)
  local stream = ffi.new("local_api_z_stream")
  local rc = zlib.deflateInit2_(stream, level, METHOD, window_bits, MEMORY_LEVEL, STRATEGY, zlib.zlibVersion(),
    ffi.sizeof(stream))
  assert(rc == 0, "deflateInit2 failed")
  local size = tonumber(zlib.deflateBound(stream, #text)) + FLUSH_MARGIN
  local out = ffi.new("unsigned char[?]", size)
  stream.next_in, stream.avail_in = ffi.cast("const unsigned char *", text), #text
  stream.next_out, stream.avail_out = out, size
  zlib.deflate(stream, flush)
  local result = ffi.string(out, size - stream.avail_out)
  zlib.deflateEnd(stream)
  return result
end

--- A whole gzip stream.
---@param text string
---@return string
function gzip.compress(text)
  return squeeze(text, WINDOW_GZIP, 1, FINISH)
end

-- Inflate all of the stream's input into a list of pieces; the last return code and the size reached.
local function inflate_pieces(stream, max, pieces)
  local out, size, rc = ffi.new("unsigned char[?]", PIECE), 0, OK
  while rc == OK and size <= max do
    stream.next_out, stream.avail_out = out, PIECE
    rc = zlib.inflate(stream, NO_FLUSH)
    local got = PIECE - stream.avail_out
    pieces[#pieces + 1], size = ffi.string(out, got), size + got
    if got == 0 and rc == OK then break end
  end
  return rc, size
end

local function decompress(text, window_bits, max)
  local stream, pieces = ffi.new("local_api_z_stream"), {}
  assert(zlib.inflateInit2_(stream, window_bits, zlib.zlibVersion(), ffi.sizeof(stream)) == 0, "inflateInit2 failed")
  stream.next_in, stream.avail_in = ffi.cast("const unsigned char *", text), #text
  local rc, size = inflate_pieces(stream, max, pieces)
  local left = stream.avail_in
  zlib.inflateEnd(stream)
  if size > max then return nil, "too large" end
  if rc == STREAM_END then
    if left > 0 then return nil, "followed by other bytes" end
    return table.concat(pieces)
  end
  return nil, left == 0 and "cut short" or "damaged"
end

--- The text of one whole gzip stream.
---@param text string
---@param max integer give up beyond so many bytes
---@return string? text
---@return string? problem "too large", "cut short", "damaged" or "followed by other bytes"
function gzip.decompress(text, max)
  return decompress(text, WINDOW_GZIP, max)
end

--- The same of one whole stream of what HTTP calls deflate: zlib's or, as some send it, without its head.
function gzip.decompress_deflate(text, max)
  local is_zlib = #text > 1 and text:byte(1) % 16 == METHOD and (text:byte(1) * 256 + text:byte(2)) % 31 == 0
  return decompress(text, is_zlib and WINDOW_ZLIB or WINDOW_RAW, max)
end

local function little_endian(n)
  local bytes = {}
  for i = 1, 4 do
    bytes[i] = string.char(n % 256)
    n = math.floor(n / 256)
  end
  return table.concat(bytes)
end

--- A piece of a gzip stream that can be used again and again, in any stream: nothing in it refers to what came before.
---@param text string
---@param options? {is_last: boolean?, level: integer?} `is_last`: it ends the stream
---@return {bytes: string, crc: integer, length: integer}
function gzip.part(text, options)
  local flush = options and options.is_last and FINISH or FULL_FLUSH
  return {
    bytes = squeeze(text, WINDOW_RAW, options and options.level or 1, flush), crc = zlib.crc32(0, text, #text),
    length = #text,
  }
end

--- A writer of one gzip stream made of parts: call it with each part, and without one at the end.
---@param write fun(text: string): boolean
function gzip.assembler(write)
  local crc, length = 0, 0
  write(GZIP_HEADER)
  return function(part)
    if not part then return write(little_endian(tonumber(crc)) .. little_endian(length % 2^32)) end
    crc, length = zlib.crc32_combine(crc, part.crc, part.length), length + part.length
    return write(part.bytes)
  end
end

--- A gzip stream of `prefix`, `megabytes` of spaces and `suffix`, at about a kilobyte for each megabyte. The block of
--- one megabyte is compressed once and repeated: after a full flush nothing refers to what came before.
---@return string
function gzip.bomb(prefix, megabytes, suffix)
  local pieces = {}
  local add = gzip.assembler(function(text) pieces[#pieces + 1] = text end)
  local spaces = gzip.part((" "):rep(MEGABYTE), { level = 9 })
  add(gzip.part(prefix))
  for _ = 1, megabytes do add(spaces) end
  add(gzip.part(suffix, { is_last = true }))
  add()
  return table.concat(pieces)
end

return gzip
