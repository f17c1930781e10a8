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
unsigned long crc32(unsigned long crc, const char *bytes, unsigned int length);
unsigned long crc32_combine(unsigned long first, unsigned long second, long second_length);
]]

local METHOD, MEMORY_LEVEL, STRATEGY = 8, 8, 0
local FULL_FLUSH, FINISH = 3, 4
local WINDOW_RAW, WINDOW_GZIP = -15, 31
local FLUSH_MARGIN = 64                 -- what a flush may add to deflateBound
local GZIP_HEADER = "\31\139\8\0\0\0\0\0\0\255"
local MEGABYTE = 1048576

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

local function little_endian(n)
  local bytes = {}
  for i = 1, 4 do
    bytes[i] = string.char(n % 256)
    n = math.floor(n / 256)
  end
  return table.concat(bytes)
end

--- A gzip stream of `prefix`, `megabytes` of spaces and `suffix`, at about a kilobyte for each megabyte. The block of
--- one megabyte is compressed once and repeated: after a full flush nothing refers to what came before.
---@return string
function gzip.bomb(prefix, megabytes, suffix)
  local spaces = (" "):rep(MEGABYTE)
  local crc, spaces_crc = zlib.crc32(0, prefix, #prefix), zlib.crc32(0, spaces, #spaces)
  for _ = 1, megabytes do crc = zlib.crc32_combine(crc, spaces_crc, MEGABYTE) end
  crc = zlib.crc32_combine(crc, zlib.crc32(0, suffix, #suffix), #suffix)
  return table.concat {
    GZIP_HEADER, squeeze(prefix, WINDOW_RAW, 9, FULL_FLUSH),
    squeeze(spaces, WINDOW_RAW, 9, FULL_FLUSH):rep(megabytes), squeeze(suffix, WINDOW_RAW, 9, FINISH),
    little_endian(tonumber(crc)), little_endian((#prefix + megabytes * MEGABYTE + #suffix) % 2^32),
  }
end

return gzip
