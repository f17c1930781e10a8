--- Where bytes to send come from: a file, a handle, or a function.
---
--- As with sinks, what the user's code does wrong is a failure: nil and the fields of an apify.Error of kind "io", or the
--- apify.Error itself that was raised there.
local errors = require "apify.util.errors"
local input = require "apify.util.input"

local source = {}

local PIECE = 64 * 1024          -- bytes read from a file at once
local MAX_SIZE = 2 ^ 53          -- bytes; up to here every number is exact

---@class apify.Source
---@field private name string for texts
---@field private read_piece fun(): string?, any, any   the next bytes; nil at the end; nil, message, errno; may raise
---@field private handle? any that of a file or the user's
---@field private start? integer where the handle stood; nil if it cannot be moved
---@field private total? integer bytes that there must be
---@field private got integer bytes so far
---@field private held? string the piece that makes the bytes complete
---@field private is_at_end? boolean it has said that nothing follows
---@field private is_ours? boolean the handle was opened here
local Source = {}
Source.__index = Source

--- Raise misuse unless bytes can be read from this value.
---@param value any
---@param what string such as "argument 2 of upload_record"
function source.check(value, what)
  if type(value) == "function" or input.is_file_name(value) or input.is_handle(value, "read") then return end
  errors.misuse("bad %s: %s (expected a file name, a handle to read from, or a function)", what, errors.show(value))
end

--- What a handle's seek gave, if it is a place in a file.
local function place(value)
  return type(value) == "number" and value >= 0 and value <= MAX_SIZE and value % 1 == 0 and value or nil
end

--- Where a handle stands, and how many bytes follow; nothing where it cannot tell; nil, nil, message, errno if it cannot be read.
local function find_size(handle)
  local start = place(handle:seek())
  local stop = start and place(handle:seek "end")
  if not stop or not handle:seek("set", start) then return nil end
  if stop > start then return start, stop - start end
  local bytes, message, errno = handle:read(0)
  if bytes ~= nil then return start end                  -- such as /proc/cpuinfo: bytes, but no size
  if message ~= nil then return nil, nil, message, errno end
  return start, 0
end

--- A source that reads from a handle. `size`: how many bytes it will give, where the caller knows.
local function of_handle(name, handle, size)
  local is_found, start, left, message, errno = pcall(find_size, handle)
  if not is_found then start, left = nil, nil end
  if message ~= nil then return nil, input.failure(name, message, errno) end
  return setmetatable({
    name = name, handle = handle, start = start, total = size or left, got = 0,
    read_piece = function() return handle:read(PIECE) end,
  }, Source)
end

local function of_file(name, size)
  local handle, message, errno = io.open(name, "rb")
  if not handle then return nil, { kind = "io", message = message, errno = errno } end
  message, errno = select(2, handle:read(0))             -- a folder can be opened, but not read
  if errno then
    handle:close()
    return nil, { kind = "io", message = name .. ": " .. message, errno = errno }
  end
  local self, fields = of_handle(name, handle, size)
  if not self then
    handle:close()
    return nil, fields
  end
  self.is_ours = true
  return self
end

--- A source of what `check` has accepted. `size`: how many bytes it will give, where the caller knows.
---@param value any
---@param size? integer
---@return apify.Source?
---@return table? fields
function source.open(value, size)
  if type(value) == "string" then return of_file(value, size) end
  if type(value) ~= "function" then return of_handle("the source", value, size) end
  return setmetatable({ name = "the source", total = size, got = 0, read_piece = value }, Source)
end

--- How many bytes it gives from its start, where that is known.
---@return integer?
function Source:size()
  return self.total
end

--- A piece, judged: bytes | nil (the end, or to be asked again) | nil, fields
local function judge(self, is_called, bytes, message, errno)
  if not is_called then return nil, input.crash(self.name, bytes) end
  if bytes == nil and message ~= nil then return nil, input.failure(self.name, message, errno) end
  if bytes ~= nil and type(bytes) ~= "string" then
    return nil, { kind = "io", message = ("%s: it gave a %s, not a string"):format(self.name, type(bytes)) }
  end
  return bytes
end

--- The end: were all bytes there? Then what was held back is the last of them.
local function at_end(self)
  if self.total and self.got < self.total then
    return nil, { kind = "io", message = ("%s ended after %d of %d bytes"):format(self.name, self.got, self.total) }
  end
  local last = self.held
  self.held, self.is_at_end = nil, true
  return last
end

--- Count bytes that came. Where it is known how many there must be, those that make them complete are held back until it is
--- certain that nothing follows: so what is too long is never handed out whole.
local function admit(self, bytes)
  self.got = self.got + #bytes
  if not self.total or self.got < self.total then return bytes end
  if self.got > self.total then
    return nil, { kind = "io", message = ("%s gives more than the %d bytes that it should have"):format(self.name, self.total) }
  end
  self.held = bytes
  return ""
end

--- The next bytes; "" if there are none yet; nil at the end; nil and the fields of an error.
---@return string? bytes
---@return table? fields
function Source:read()
  if self.is_at_end then return nil end
  self.has_read = true
  local bytes, fields = judge(self, pcall(self.read_piece))
  if fields then return nil, fields end
  if bytes == nil then return at_end(self) end
  if bytes == "" then return "" end
  return admit(self, bytes)
end

--- Was it read to its end and gave nothing? That can be had again without it.
local function is_nothing(self)
  return self.is_at_end == true and self.got == 0
end

--- Can it be read from its start (again)?
---@return boolean
function Source:can_rewind()
  return not self.has_read or self.start ~= nil or is_nothing(self)
end

--- Go back to the start.
---@return true? ok
---@return table? fields
function Source:rewind()
  if is_nothing(self) then return true end
  if self.has_read and not self.start then return nil, { kind = "io", message = self.name .. ": it was read and cannot be rewound" } end
  if self.has_read then
    local ok, answer, message, errno = pcall(self.handle.seek, self.handle, "set", self.start)
    if not ok then answer, message = nil, answer end
    if not answer then return nil, input.failure(self.name, message, errno) end
  end
  self.has_read, self.got, self.held, self.is_at_end = false, 0, nil, false
  return true
end

--- Give back what was opened here. Safe to call twice.
function Source:close()
  if self.is_ours and self.handle then self.handle:close() end
  self.handle = nil
end

return source
