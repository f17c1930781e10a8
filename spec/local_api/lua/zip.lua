--- ZIP archives of stored entries, written piece by piece: what has been written is forgotten but for its row of the
--- directory. No ZIP64: up to 65,535 entries and 4 GB.
local ffi = require "ffi"

local zip = {}

ffi.cdef "unsigned long crc32(unsigned long crc, const char *bytes, unsigned int length);"

local LOCAL_HEADER, DIRECTORY_ROW, DIRECTORY_END = "PK\3\4", "PK\1\2", "PK\5\6"
local VERSION = 20
local UTF8_NAMES = 0x0800
local STORED = 0

local function load_zlib()              -- inside nginx already, or else a library of its own
  local is_linked = pcall(function() return ffi.C.crc32 end)
  return is_linked and ffi.C or ffi.load("z")
end

local zlib = load_zlib()

local function little_endian(n, bytes)
  local codes = {}
  for i = 1, bytes do
    codes[i] = string.char(n % 256)
    n = math.floor(n / 256)
  end
  return table.concat(codes)
end

local function u16(n) return little_endian(n, 2) end
local function u32(n) return little_endian(n, 4) end

-- Date and time as ZIP has them: two seconds are the smallest step, and 1980 is the first year.
local function dos_time(ms)
  local d = os.date("!*t", math.floor(ms / 1000))
  return u16(d.hour * 2048 + d.min * 32 + math.floor(d.sec / 2)) .. u16(math.max(0, d.year - 1980) * 512 + d.month * 32 + d.day)
end

---@class local_api.ZipWriter
local Writer = {}
Writer.__index = Writer

--- A writer of one archive.
---@param write fun(text: string): any false when the archive is no longer wanted
---@return local_api.ZipWriter
function zip.writer(write)
  return setmetatable({ write = write, offset = 0, rows = {} }, Writer)
end

function Writer:put(text)
  self.offset = self.offset + #text
  return self.write(text)
end

--- Write an entry.
---@param name string
---@param text string
---@param ms integer when it was modified
---@return any result of the last write
function Writer:add(name, text, ms)
  local crc = tonumber(zlib.crc32(0, text, #text))
  local common = u16(VERSION) .. u16(UTF8_NAMES) .. u16(STORED) .. dos_time(ms) .. u32(crc) .. u32(#text) .. u32(#text)
    .. u16(#name) .. u16(0)
  self.rows[#self.rows + 1] = DIRECTORY_ROW .. u16(VERSION) .. common .. ("\0"):rep(10) .. u32(self.offset) .. name
  self:put(LOCAL_HEADER .. common .. name)
  return self:put(text)
end

--- Write the directory, which ends the archive.
function Writer:finish()
  local directory, start, count = table.concat(self.rows), self.offset, #self.rows
  self:put(directory)
  return self:put(DIRECTORY_END .. u32(0) .. u16(count) .. u16(count) .. u32(#directory) .. u32(start) .. u16(0))
end

return zip
