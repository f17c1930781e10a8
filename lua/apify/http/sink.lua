--- Where received bytes go: a file, a handle, a function, or nowhere else than a string.
---
--- What the user's code does wrong is a failure like any other: nil and the fields of an apify.Error of kind "io", or the
--- apify.Error itself that was raised there.
local core = require "apify.core"
local errors = require "apify.util.errors"
local input = require "apify.util.input"

local sink = {}

---@class apify.Sink
---@field protected name string for texts
---@field protected has_written? boolean since the start
---@field is_ours? boolean no code of the caller's takes the bytes
local Sink = {}
Sink.__index = Sink

--- A class whose methods are those of Sink, but for its own.
local function kind_of_sink()
  local class = setmetatable({}, Sink)
  class.__index = class
  return class
end

local FileSink, HandleSink, FunctionSink, StringSink = kind_of_sink(), kind_of_sink(), kind_of_sink(), kind_of_sink()

FileSink.is_ours, StringSink.is_ours = true, true

--- Raise misuse unless bytes can be given to this value.
---@param value any
---@param what string such as "argument 1 of log:download"
function sink.check(value, what)
  if value == nil or type(value) == "function" or input.is_file_name(value) or input.is_handle(value, "write") then return end
  errors.misuse("bad %s: %s (expected a file name, a handle to write to, a function, or nothing)", what, errors.show(value))
end

--- What the user's code answered: true, or nil and why it stopped. To say nothing is to agree.
local function judge(self, is_called, answer, message, errno)
  if not is_called then return nil, input.crash(self.name, answer) end
  if answer == false or (answer == nil and message ~= nil) then
    if message == nil then return nil, { kind = "io", message = self.name .. ": it refused the bytes" } end
    return nil, input.failure(self.name, message, errno)
  end
  return true
end

--- Take the bytes, which are not empty.
---@param bytes string
---@return true? ok
---@return table? fields
function Sink:write(bytes)
  self.has_written = true
  return self:put(bytes)
end

--- Begin again, as if nothing had been written. false: that is impossible, and nothing has changed.
---@return boolean
function Sink:restart()
  return not self.has_written
end

--- All bytes were written: true, or the collected string.
---@return any value
---@return table? fields
function Sink.finish()
  return true
end

--- It will not be finished: leave nothing behind. Safe to call twice, and after `finish`.
function Sink.abort() end

function FileSink:put(bytes)
  local ok, message, kind, errno = self.file:write(bytes)
  if ok then return true end
  return nil, { kind = kind, message = message, errno = errno }
end

function FileSink:restart()
  if not self.has_written then return true end
  local ok = self.file:rewind()
  if ok then self.has_written = false end
  return ok == true
end

function FileSink:finish()
  local file = self.file
  self.file = nil
  local ok, message, kind, errno = file:commit()
  if ok then return true end
  return nil, { kind = kind, message = message, errno = errno }
end

function FileSink:abort()
  if self.file then self.file:discard() end
  self.file = nil
end

function HandleSink:put(bytes)
  return judge(self, pcall(self.handle.write, self.handle, bytes))
end

--- The handle stays open: it is not ours. But what it may hold back has to prove that it can be written.
function HandleSink:finish()
  local flush = input.method_of(self.handle, "flush")
  if not flush then return true end
  return judge(self, pcall(flush, self.handle))
end

function FunctionSink:put(bytes)
  return judge(self, pcall(self.call, bytes))
end

function StringSink:put(bytes)
  self.size = self.size + #bytes
  if self.size > self.max_size then
    return nil, { kind = "too_large", message = ("the body is larger than max_body_size, %d bytes"):format(self.max_size) }
  end
  self.pieces[#self.pieces + 1] = bytes
  return true
end

function StringSink:restart()
  self.pieces, self.size, self.has_written = {}, 0, false
  return true
end

function StringSink:finish()
  local text = table.concat(self.pieces)
  self.pieces = {}
  return text
end

function StringSink:abort()
  self.pieces = {}
end

local function open_file(name)
  local file, message, kind, errno = core.file(name)
  if not file then return nil, { kind = kind, message = message, errno = errno } end
  return setmetatable({ name = name, file = file }, FileSink)
end

--- A sink of what `check` has accepted. Without a value the bytes are collected, at most `max_size` of them.
---@param value any
---@param max_size? integer
---@return apify.Sink?
---@return table? fields
function sink.open(value, max_size)
  if type(value) == "string" then return open_file(value) end
  if value == nil then
    return setmetatable({ name = "the sink", pieces = {}, size = 0, max_size = max_size or math.huge }, StringSink)
  end
  if type(value) == "function" then return setmetatable({ name = "the sink", call = value }, FunctionSink) end
  return setmetatable({ name = "the sink", handle = value }, HandleSink)
end

return sink
