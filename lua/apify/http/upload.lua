--- A request whose body comes from a source, piece by piece, as fast as the connection takes it.
local errors = require "apify.util.errors"
local request = require "apify.http.request"
local drive = require "apify.http.drive"
local clock = require "apify.loop.clock"
local loop = require "apify.loop"

local upload = {}

--- The body of a request while it is sent. What the source takes is no time of the call's.
---@class apify.UploadBody
---@field private settings apify.Settings
---@field private source apify.Source
---@field private max_size? integer
---@field private clock apify.Clock stands still inside the source
---@field private sent integer bytes read for the present attempt
---@field private is_whole boolean has all of it been handed to the present attempt?
---@field private xfer? userdata the transfer of the present attempt
---@field private slice_began_at number when the present time slice began

--- What forbids going on, as the fields of an error; nil if nothing does. Others go on first when the time slice is over.
local function obstacle(self, xfer)
  if loop.is_slice_over(self.slice_began_at) then
    loop.yield()
    self.slice_began_at = loop.now()
  end
  local fields = drive.obstacle(self.settings)
  if fields then return fields end
  if xfer and xfer:is_foreign() then
    return { kind = "context", message = "the upload was begun before a fork: its connection belongs to the parent process" }
  end
  return self.clock:lateness()
end

--- The next bytes, as Source.read gives them; or what ends the call.
local function read(self)
  self.clock:leave()
  local bytes, fields = self.source:read()
  self.clock:enter()
  if fields and not errors.is(fields) then fields.sent = false end        -- half a body is none
  fields = fields or obstacle(self, self.xfer)
  return not fields and bytes or nil, fields
end

local function too_large(size, max_size)
  return { kind = "too_large", message = ("a body of %s bytes; at most %d are allowed"):format(size, max_size), sent = false }
end

--- Hand the next piece to the transfer. nil, or what ends the call.
local function send_piece(self)
  local bytes, fields = read(self)
  if fields then return fields end
  if not bytes then
    self.xfer:finish()
    self.is_whole = true
    return nil
  end
  self.sent = self.sent + #bytes
  if self.max_size and self.sent > self.max_size then return too_large("more than " .. self.max_size, self.max_size) end
  local ok, message, kind = self.xfer:write(bytes)
  if not ok and not self.xfer:failure() then return { kind = kind, message = message } end        -- else it is for the call to try again
end

--- A new attempt takes the body from its start. nil, or what ends the call.
local function begin_attempt(self, xfer)
  local ok, fields = self.source:rewind()
  if not ok then return fields end
  self.xfer, self.sent, self.is_whole = xfer, 0, self.source:size() == 0
end

--- Write to the transfer as long as it wants more: nil, or what ends the call. Nothing is read for a connection that does not stand yet.
local function write_more(self, xfer)
  self.slice_began_at = loop.now()
  local fields = obstacle(self, xfer)
  if fields or not (xfer and xfer:was_sent()) then return fields end
  if xfer ~= self.xfer then fields = begin_attempt(self, xfer) end
  while not fields and xfer:wants_body() do fields = send_piece(self) end
  return fields
end

--- Why the body is not begun, as the fields of an error: it is known to be too large, or said to be empty and is not. Of an
--- empty body the transfer would never ask for a byte, so that its source is read before.
local function refusal(self)
  local size = self.source:size()
  if self.max_size and (size or 0) > self.max_size then return too_large(("%d"):format(size), self.max_size) end
  if size ~= 0 then return nil end
  local bytes, fields
  repeat bytes, fields = read(self) until not bytes
  return fields
end

--- A request whose body is a source.
---@class apify.UploadRequest : apify.Request
---@field max_size? integer bytes that the API takes
---@field deadline? number seconds for all of it, the source's own time left out

--- Reads the answer, which says nothing where it came before all of the body was sent and the connection broke off.
local function read_after(body, read_answer)
  return function(call)
    local message, name = call.xfer:failure()
    if body.is_whole or not message and call.xfer:phase() == "done" then return read_answer(call) end
    return nil, message or "the answer came before the end of the body, and nothing more", name or "network", 0
  end
end

--- All of it, but for the end of the source.
local function run(settings, req, source, read_answer)
  ---@type apify.UploadBody
  local body = {
    settings = settings, source = source, max_size = req.max_size, sent = 0, is_whole = source:size() == 0, slice_began_at = loop.now(),
    clock = clock.new(req.deadline),
  }
  body.clock:enter()
  local fields = refusal(body) or drive.obstacle(settings)
  if fields then return nil, errors.is(fields) and fields or request.describe(settings, req, fields) end
  req.upload, req.http1, req.deadline_at = source, true, body.clock.ends_at
  local call = request.begin(settings, req, loop.waiter(), body.clock:now())
  return request.finish(call, read_after(body, read_answer), body.clock, function() return write_more(body, call.xfer) end)
end

--- Send the source as the body of the call and wait for its answer; the source is closed in the end. Without a deadline there
--- is no limit to the whole of it: the time allowed for the answer is counted from the last byte that was sent.
---@param settings apify.Settings
---@param req apify.UploadRequest
---@param source apify.Source
---@param read_answer fun(call: apify.Call): any   as for request.run
---@return any value
---@return apify.Error? err
function upload.run(settings, req, source, read_answer)
  local is_done, value, err = pcall(run, settings, req, source, read_answer)
  source:close()
  if not is_done then error(value, 0) end              -- such as one of an on_attempt hook's
  return value, err
end

return upload
