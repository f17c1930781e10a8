--- Pushing items to a dataset: any number of them, in order, in requests of a size that the API takes.
local answers = require "apify.http.answers"
local json = require "apify.util.json"
local core = require "apify.core"
local errors = require "apify.util.errors"
local drive = require "apify.http.drive"
local request = require "apify.http.request"
local bodies = require "apify.http.bodies"
local input = require "apify.util.input"
local clock = require "apify.loop.clock"
local loop = require "apify.loop"

local push = {}

local MAX_REQUEST = 4194304              -- bytes of JSON in one request, unless one item alone is larger
local MAX_ITEM = bodies.MAX_SIZE
local PIECE = 65536                      -- bytes of a JSON string that are looked at in one go

-- Inputs: each gives the JSON of the next item; nil at the end; nil and an error.

--- The JSON of one item, or nil and why it cannot be had.
local function encode(settings, item)
  if type(item) ~= "table" then return nil, ("%s is no item (expected a table)"):format(errors.show(item)) end
  local text, message = json.encode(settings, item)
  if text and not text:find "^%s*{" then return nil, "an item must be an object" end
  return text, message
end

local function misuse(place, message)
  errors.misuse("bad items of dataset:push_items: %s", input.locate(place, message))
end

--- All are encoded before the first is sent.
local function from_list(settings, list)
  local count, why = input.count(list)
  if not count then misuse("items", why) end
  local texts, yield = {}, loop.work_yielder()
  for i = 1, count do
    local text, message = encode(settings, list[i])
    if not text then misuse(("items[%d]"):format(i), message) end
    texts[i] = text
    yield(#text)
  end
  local at = 0
  return function()
    at = at + 1
    local text = texts[at]
    texts[at] = nil                                      -- it is not needed here any more
    return text
  end
end

--- The text, once.
local function once(text)
  return function()
    local it = text
    text = nil
    return it
  end
end

local function from_item(settings, item)
  local text, message = encode(settings, item)
  if not text then misuse("items", message) end
  return once(text)
end

local function from_iterator(settings, iterator)
  local position, yield = 0, loop.work_yielder()
  return function()
    local item, err = input.pull(iterator)
    if item == nil then return nil, err end
    position = position + 1
    local text, message = encode(settings, item)
    if not text then return nil, errors.new { kind = "io", message = ("item %d: %s"):format(position, message) } end
    yield(#text)
    return text
  end
end

--- The texts of the elements of a JSON array, one by one; nil at the end; nil, message, name, offset.
local function elements(text)
  local rows, at = core.rows(json.raw_decoder()), 1
  return function()
    while true do
      local row, why, name, offset = rows:next()
      if row ~= nil or why == "end" then return row end
      if why ~= "more" then return nil, why, name, offset end
      if at > #text then rows:finish() else rows:feed(text, at, at + PIECE - 1) end
      at = at + PIECE
    end
  end
end

--- Where in a JSON string the item stands.
local function place_of(position)
  return position and ("items[%d]"):format(position) or "items"
end

--- Check the JSON of one item. `position` is its place, if it is one of a list.
local function check_text(text, position)
  local _, why = core.decode(text)
  if not why and not text:find "^%s*{" then why = "an item must be an object" end
  if why then misuse(place_of(position), why) end
end

--- Check that a JSON text is a list of objects.
local function check_array(text)
  local next_row, position, yield = elements(text), 0, loop.work_yielder()
  while true do
    local row, why = next_row()
    position = position + 1
    if why then misuse(place_of(position), why) end
    if row == nil then return end
    check_text(row, position)
    yield(#row)
  end
end

--- All of it is checked before anything is sent.
local function from_text(text)
  if text:find "^%s*%[" then
    check_array(text)
    return elements(text)
  end
  check_text(text)
  return once(text)
end

--- The input for what push_items was given; anything else is misuse, also a string that is not JSON.
local function open(settings, items)
  if type(items) == "string" then return from_text(json.without_mark(items)) end
  if input.is_callable(items) then return from_iterator(settings, items) end
  local is_strange = input.is_handle_or_page(items)
  if type(items) ~= "table" or is_strange then
    local shown = is_strange and (rawget(items, "items") and "a page, whose rows are in its items" or "a handle") or errors.show(items)
    errors.misuse("bad argument 1 of push_items: %s (expected an item, a list of items, a JSON string or an iterator)", shown)
  end
  items = json.plain(items)
  return (input.is_list(items) and from_list or from_item)(settings, items)
end

--- One call of push_items: what is gathered for the next request, and how far it has come.
---@class apify.Push
---@field private gzip apify.core.Gzip the gathered items, if there are several
---@field private only? string the gathered item, if there is one
---@field private count integer gathered items
---@field private size integer bytes of their request
---@field private pushed integer items stored
---@field private clock apify.Clock runs in requests alone
local Push = {}
Push.__index = Push

--- Put an item behind the gathered ones. One alone is sent as it is, more of them as a list.
function Push:gather(text)
  local ok, message, name = true, nil, nil
  if self.count == 0 then
    self.only = text
  elseif self.only then
    ok, message, name = self.gzip:add("[", self.only, ",", text)
    self.only = nil
  else
    ok, message, name = self.gzip:add(",", text)
  end
  if not ok then return nil, errors.new { kind = name, message = message } end
  self.count = self.count + 1
  return true
end

--- The body of the gathered items, which are let go of, and its header lines; nil, message, name.
function Push:take_body()
  local only = self.only
  self.only, self.count, self.size = nil, 0, 2
  if only then return bodies.of_json(only) end
  local body, is_compressed, name = self.gzip:finish "]"
  if not body then return nil, is_compressed, name end
  return body, bodies.headers(is_compressed)
end

--- Tell in the error what became of the items, by their positions in all that was given.
function Push:describe(err, count)
  err.pushed = self.pushed
  if count > 0 and err.sent then
    err.in_doubt = { self.pushed + 1, self.pushed + count }
  end
  local invalid = type(err.data) == "table" and err.data.invalidItems
  for _, item in ipairs(type(invalid) == "table" and invalid or {}) do
    if type(item.itemPosition) == "number" then item.itemPosition = self.pushed + item.itemPosition + 1 end
  end
  return err
end

--- Raise what a hook has raised, with what became of the items.
function Push:raise(why, count)
  if errors.is(why) then
    local is_stored = why.value ~= nil
    self.pushed = self.pushed + (is_stored and count or 0)
    self:describe(why, is_stored and 0 or count)
  end
  error(why, 0)
end

--- Is it known where the items go? If not, nil and an error.
function Push:is_resolved()
  if self.target then return true end
  local err
  self.target, err = self.resolve(self:time_limit())
  if err then return nil, self:describe(err, 0) end
  return true
end

--- Seconds for the next request.
function Push:time_limit()
  return math.min(self.clock:left(), self.options.request_timeout or self.settings.request_timeout)
end

--- Send what is gathered. true, or nil and an error.
function Push:flush()
  local count = self.count
  if count == 0 then return true end
  self.clock:enter()
  local is_known, why = self:is_resolved()
  if not is_known then return nil, why end
  local late = self.clock:lateness()
  if late then
    late.sent = false
    return nil, self:describe(request.describe(self.settings, self.target, late), 0)
  end
  local body, headers, name = self:take_body()
  if not body then return nil, self:describe(errors.new { kind = name, message = headers, sent = false }, 0) end
  local req = request.with(self.target, { headers = headers, body = body, request_timeout = self:time_limit() })
  local is_quiet, ok, err = pcall(request.run, self.settings, req, answers.acknowledgement)
  self.clock:leave()
  if not is_quiet then self:raise(ok, count) end
  if not ok then return nil, self:describe(err, count) end
  self.pushed = self.pushed + count
  return true
end

--- Send what came before the failure, and give the failure; or that of the sending, or of a fiber or client that has ended.
---@param err? apify.Error
function Push:stop(err)
  local ok, sending_err = self:flush()
  if not ok then return nil, sending_err end
  err = drive.refusal(self.settings) or err
  if self.target then request.describe(self.settings, self.target, err) end
  return nil, self:describe(err, 0)
end

--- Gather an item; what is gathered is sent when it does not fit in any more.
function Push:add(text)
  if #text > MAX_ITEM then
    local position = self.pushed + self.count + 1
    local message = ("item %d has %d bytes as JSON, and the API takes at most %d"):format(position, #text, MAX_ITEM)
    return self:stop(errors.new { kind = "too_large", message = message })
  end
  local size = self.size + #text + (self.count > 0 and 1 or 0)
  if size > MAX_REQUEST then
    local ok, err = self:flush()
    if not ok then return nil, err end
    size = self.size + #text
  end
  self.size = size
  return self:gather(text)
end

--- Push items in order, in as few requests as their size allows. `target` has the path and the query of the items, or finds
--- them when the first are sent.
---@param settings apify.Settings
---@param target apify.Resolvable
---@param items table|string|function an item, a list of items, either as a JSON string, or an iterator over items
---@param o? { deadline?: number, request_timeout?: number } seconds for all requests, and for each
---@return true? ok
---@return integer|apify.Error count_or_err with `pushed`, and `in_doubt` (first and last position) where an answer was lost
function push.items(settings, target, items, o)
  local self = setmetatable({
    settings = settings, options = o or {}, gzip = core.gzip(), count = 0, size = 2, pushed = 0,
    clock = clock.new(o and o.deadline),
  }, Push)
  if type(target) == "function" then self.resolve = target else self.target = target end
  local refused = drive.refusal(settings)
  if refused then return nil, self:describe(refused, 0) end
  local next_text = open(settings, items)
  while true do
    if drive.must_stop(settings) then return self:stop() end
    local text, err = next_text()
    if err then return self:stop(err) end
    if text == nil then break end
    local ok
    ok, err = self:add(text)
    if not ok then return nil, err end
  end
  local ok, err = self:flush()
  if not ok then return nil, err end
  return true, self.pushed
end

return push
