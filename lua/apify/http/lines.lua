--- A byte stream as text: line by line, or in chunks that end between two characters.
local core = require "apify.core"
local errors = require "apify.util.errors"
local loop = require "apify.loop"
local names = require "apify.util.names"

local MAX_LINE = 16 * 1024 * 1024        -- bytes; what is longer is no line

local lines = {}

--- What `step` gives next, counted; an error where the fiber was cancelled.
local function next_piece(self, step)
  local err = not self.is_over and loop.is_cancelled() and self.stream:cancellation()
  if err then return nil, err end
  local piece
  piece, err = step(self)
  if piece then self.delivered = self.delivered + 1 end
  return piece, err
end

local function close(self)
  self.is_over, self.held, self.bytes, self.unshown = true, {}, nil, nil
  self.stream:close()
end

--- The metatable of a class of iterators that has `next` and `close`.
local function metatable(class, name)
  local mt = { __index = class, __name = "apify." .. name, __close = class.close }

  function mt.__call(self)
    local piece, err = class.next(self)
    if err then error(err, 0) end
    return piece
  end

  function mt.__tostring(self)
    return ("%s: %s, %d delivered"):format(mt.__name, self.stream:path(), self.delivered)
  end

  return mt
end

---@class apify.Lines
---@operator call: string?
---@field private stream apify.Stream
---@field private delivered integer
---@field private bytes? string received
---@field private at integer where the next line begins in them
---@field private held string[] pieces of a line whose end has not come
---@field private held_size integer bytes of these
---@field private keeps_cr? boolean a line keeps the "\r" before its end
---@field private is_dropped? boolean the line is, up to its end
---@field private prefix? string|fun(limit: number): string?, apify.Error? of each line; a function is asked for it once
---@field private unshown? string a line that waits for its prefix
local Lines = names.guard({}, "apify.Lines", { bytes = true, prefix = true, unshown = true })
local lines_mt

--- Add a piece to the line that is being gathered. nil and an error when that makes it too long, once.
local function hold(self, piece)
  if self.is_dropped then return true end
  local size = self.held_size + #piece
  if size <= MAX_LINE then
    self.held[#self.held + 1] = piece
    self.held_size = size
    return true
  end
  self.held, self.held_size, self.is_dropped = {}, 0, true
  return nil, errors.new {
    kind = "too_large", message = ("a line is longer than %d bytes"):format(MAX_LINE), method = "GET", path = self.stream:path(),
  }
end

--- The line without the "\r" before its end, unless that is kept.
local function strip(self, line)
  if self.keeps_cr then return line end
  return line:byte(-1) == 13 and line:sub(1, -2) or line
end

--- The gathered line, which this piece ends; nil if it was dropped. nil and an error when it is too long.
local function release(self, piece)
  if self.held_size == 0 and not self.is_dropped then return strip(self, piece) end
  local ok, err = hold(self, piece)
  local line = ok and not self.is_dropped and strip(self, table.concat(self.held)) or nil
  self.held, self.held_size, self.is_dropped = {}, 0, false
  return line, err
end

--- The next line that ends in the received bytes, which are used up if there is none. nil and an error for one that is too long.
--- An error that is raised on the way, for want of memory, takes nothing away.
local function cut_line(self)
  while self.bytes do
    local bytes, at, held, size = self.bytes, self.at, #self.held, self.held_size
    local stop = bytes:find("\n", at, true)
    local piece = bytes:sub(at, stop and stop - 1)
    local is_done, line, err = pcall(stop and release or hold, self, piece)
    if not is_done then
      self.held[held + 1], self.held_size = nil, size
      error(line, 0)
    end
    if stop then self.at = stop + 1 else self.bytes = nil end
    if err then return nil, err end
    if stop and line then return line end
  end
end

--- What came after the last line break, once; nil if there was nothing.
local function last_line(self)
  local line, none = table.concat(self.held), {}
  self.is_over, self.held = true, none
  if line ~= "" then return line end
end

--- Bytes have come, perhaps while others that another fiber has read are not used up.
local function add(self, bytes)
  if self.bytes then bytes = self.bytes:sub(self.at) .. bytes end
  self.bytes, self.at = bytes, 1
end

--- Find what stands before each line. Returns an error if that cannot be had.
local function find_prefix(self)
  if type(self.prefix) ~= "function" then return nil end
  local prefix, err = self.stream:ask(self.prefix)
  if err then return err end
  self.prefix = prefix
end

local function next_line(self)
  while not self.is_over do
    local failed = self.bytes and find_prefix(self)
    if failed then return nil, failed end
    local line, err = cut_line(self)
    if line or err then return line, err end
    local bytes
    bytes, err = self.stream:read()
    if err then return nil, err end
    if (self.stream:take_passed() or "\n") ~= "\n" then self.is_dropped = true end           -- the rest of a line that had begun
    if not self.bytes and not bytes and not self.is_over then return last_line(self) end
    if bytes and not self.is_over then add(self, bytes) end
  end
end

--- The same with what stands before each line.
local function next_shown(self)
  local line, err = self.unshown, nil
  if not line then line, err = next_line(self) end
  if not line or not self.prefix then return line, err end
  self.unshown = line                    -- until it has its prefix
  line = self.prefix .. line
  self.unshown = nil
  return line
end

--- The next line; nil at the end; nil and an error when it could not be had, after which `next` may be called again.
---@return string? line
---@return apify.Error? err
function Lines:next()
  errors.check_self(self, lines_mt, "iterator:next")
  return next_piece(self, next_shown)
end

--- Stop: what is in flight is aborted, and nothing more comes. Safe to call twice.
function Lines:close()
  errors.check_self(self, lines_mt, "iterator:close")
  close(self)
end

lines_mt = metatable(Lines, "Lines")

---@class apify.Chunks
---@operator call: string?
---@field private stream apify.Stream
---@field private delivered integer
---@field private held string[] at most one: the beginning of a character
local Chunks = names.guard({}, "apify.Chunks")
local chunks_mt

local function next_chunk(self)
  while not self.is_over do
    local bytes, err = self.stream:read()
    if err then return nil, err end
    local all = (self.held[1] or "") .. (bytes or "")
    self.is_over = self.is_over or not bytes
    local stop = self.is_over and #all or core.utf8_end(all)
    self.held[1] = stop < #all and all:sub(stop + 1) or nil
    if stop > 0 then return all:sub(1, stop) end
  end
end

--- The next piece; nil at the end; nil and an error when it could not be had, after which `next` may be called again.
---@return string? chunk
---@return apify.Error? err
function Chunks:next()
  errors.check_self(self, chunks_mt, "iterator:next")
  return next_piece(self, next_chunk)
end

--- Stop: what is in flight is aborted, and nothing more comes. Safe to call twice.
function Chunks:close()
  errors.check_self(self, chunks_mt, "iterator:close")
  close(self)
end

chunks_mt = metatable(Chunks, "Chunks")

--- An iterator over the lines of a stream, without their line breaks, "\n" or "\r\n"; what follows the last one comes too.
---@param stream apify.Stream
---@param keeps_cr? boolean "\n" alone is a line break
---@param prefix? string|fun(limit: number): string?, apify.Error?   what to put before each line; a function finds it, once
---@return apify.Lines
function lines.lines(stream, keeps_cr, prefix)
  return setmetatable({
    stream = stream, keeps_cr = keeps_cr or false, delivered = 0, held = {}, held_size = 0, at = 1, is_over = false, is_dropped = false,
    prefix = prefix,
  }, lines_mt)
end

--- An iterator over chunks of the stream, none of which ends within a character of UTF-8.
---@param stream apify.Stream
---@return apify.Chunks
function lines.chunks(stream)
  return setmetatable({ stream = stream, delivered = 0, held = {}, is_over = false }, chunks_mt)
end

return lines
