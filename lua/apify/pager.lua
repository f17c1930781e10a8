--- The iterator over an offset list: keeps pages in flight, reads their rows in order, and survives what goes wrong.
--- What to ask for and what to deliver is decided in walk.lua; this file does it.
local bookmark = require "apify.bookmark"
local errors = require "apify.errors"
local request = require "apify.request"
local transport = require "apify.transport"
local walk = require "apify.walk"

local MAX_RUN = 0.008                    -- seconds of rows without a wait before others have their turn
local ROWS_PER_LOOK = 32                 -- rows between two looks at the clock

---@class apify.Iterator
---@operator call: any
---@field private walk apify.Walk
local Iterator = {}

local iterator_mt = { __index = Iterator, __name = "apify.Iterator" }

--- Time as this iterator counts it: what the caller does between two steps is left out.
local function now_inside(self)
  return transport.now() - self.outside
end

local function enter(self)
  if not self.left_at then return end
  self.outside = self.outside + (transport.now() - self.left_at)
  self.left_at = nil
end

local function leave(self)
  self.left_at = transport.now()
  self.looked_at = self.left_at
end

local function open_page(self, page, now, previous)
  local query = {}
  for i, pair in ipairs(self.query) do query[i] = pair end
  query[#query + 1] = { "offset", ("%d"):format(page.offset) }
  query[#query + 1] = { "limit", ("%d"):format(page.limit) }
  self.requests = self.requests + 1
  page.source = request.begin(self.settings, {
    path = self.path, query = query, is_stream = true, pick = self.wire_pick, nulls = self.nulls,
    request_timeout = self.request_timeout,
  }, self.waiter, now, previous)
  self.decoder = page.source.call.decoder
end

local function close_page(page)
  if page.source then page.source:close() end
  page.source, page.xfer = nil, nil
end

--- Ask for as many pages as the plan allows now.
local function fill(self, now)
  while true do
    local page = self.walk:plan()
    if not page then return end
    open_page(self, page, now)
    page.source:poke(now)
  end
end

--- The plan has changed: let go of the transfers of pages that are not in it any more, and start those that are new.
local function follow_plan(self, before, now)
  local is_kept = {}
  for _, page in ipairs(self.walk.pages) do is_kept[page] = true end
  for _, page in ipairs(before) do
    if not is_kept[page] then close_page(page) end
  end
  for _, page in ipairs(self.walk.pages) do
    if not page.source then open_page(self, page, now) end
  end
end

local function copy_list(list)
  local copy = {}
  for i, v in ipairs(list) do copy[i] = v end
  return copy
end

--- The head page broke off after some rows: go on behind the last delivered one. The count of attempts
--- starts again when something was delivered.
local function resume_page(self, page, err, now)
  local attempts = page.fresh > 0 and 1 or page.source.attempts
  err.attempts = attempts
  page.source:report(err)
  local before = copy_list(self.walk.pages)
  local again = self.walk:resume(page)
  open_page(self, again, now, { attempts = attempts, error = err })
  follow_plan(self, before, now)
end

local function reject_page(self, page, now)
  local before = copy_list(self.walk.pages)
  self.walk:reject(page)
  follow_plan(self, before, now)
end

--- The page as `pages` hands it out.
local function page_result(self, page)
  local envelope = page.envelope or {}
  return {
    items = self.items or {}, total = envelope.total, offset = page.offset, limit = page.limit,
    count = self.items and #self.items or 0, desc = self.walk.desc,
  }
end

local function finish_page(self, page, now)
  page.envelope = page.xfer:envelope()
  if page.envelope.total then self.walk:note_total(page, page.envelope.total) end
  local before = copy_list(self.walk.pages)
  page.source:report()
  local outcome = self.walk:finish(page)
  if outcome == "reject" then
    reject_page(self, page, now)
    return nil
  end
  if outcome == "end" and self.follow then self.poll_at = now + self.poll_secs end
  follow_plan(self, before, now)
  fill(self, now)
  return "page", page
end

--- What `pick` did not ask for was read for the walk's own use.
local function trim(self, row)
  if self.hides_id then row.id = nil end
  if self.hides_at then row.startedAt = nil end
  return row
end

local function take_row(self, page, row)
  if page.total == nil then
    local total = page.xfer:envelope().total
    if total then self.walk:note_total(page, total) end
    local limit = page.xfer:envelope().limit
    if type(limit) == "number" and limit > 0 and limit < page.limit then
      local before = copy_list(self.walk.pages)
      self.walk:shrink(limit)
      follow_plan(self, before, now_inside(self))
    end
  end
  local is_first = page.scanned == 0
  local action = self.walk:take(page, row)
  if is_first then
    enter(self)
    fill(self, now_inside(self))
  end
  if action == "deliver" then return trim(self, row) end
  if action == "release" then
    self.backlog, self.backlog_at = page.held, 1
    page.held = nil
  elseif action == "reject" then
    reject_page(self, page, now_inside(self))
  end
end

--- Begin to read the head page once its answer has begun. Returns the error that it ended with, if any.
local function begin_reading(self, page, now)
  local state = page.source:poke(now)
  if state == "ready" then
    page.xfer = page.source.xfer
    page.xfer:want(true)
  elseif state == "failed" then
    return page.source.error
  end
end

--- Poke all pages, and tell when the first of them wants to be poked again.
local function poke_pages(self, now)
  local wake_at = math.huge
  for i, page in ipairs(self.walk.pages) do
    if not page.xfer and not page.source.error then
      page.source:poke(now)
      if not (i > 1 and page.source.state == "ready") then wake_at = math.min(wake_at, page.source.wake_at) end
    end
  end
  return wake_at
end

--- The next row that is there without waiting.
--- row | nil, "more" (wait) | nil, "page", page (one ended) | nil, "error", err
local function read(self)
  if self.backlog then
    local row = self.backlog[self.backlog_at]
    if row ~= nil then
      self.backlog_at = self.backlog_at + 1
      return trim(self, row)
    end
    self.backlog = nil
  end
  local page = self.walk.pages[1]
  if not page or not page.xfer then return nil, "more" end
  local row, why, name, offset = page.xfer:row(self.decoder)
  if row ~= nil then
    local taken = take_row(self, page, row)
    if taken ~= nil then return taken end
    return read(self)
  end
  if why == "more" then return nil, "more" end
  enter(self)
  local now = now_inside(self)
  if why == "end" then
    local what, ended = finish_page(self, page, now)
    if what then return nil, what, ended end
    return nil, "more"
  end
  resume_page(self, page, page.source:describe { kind = name, message = why, offset = offset, sent = true }, now)
  return nil, "more"
end

--- Why the iteration cannot go on now, or nil. Also waits for the next news.
local function wait_for_news(self)
  enter(self)
  local now = now_inside(self)
  if self.deadline and now >= self.deadline then
    return errors.new { kind = "timeout", message = ("the iteration's deadline of %g s is over"):format(self.deadline_secs), path = self.path_text }
  end
  fill(self, now)
  local page = self.walk.pages[1]
  local wake_at = poke_pages(self, now)
  if page and not page.xfer then
    local err = begin_reading(self, page, now)
    if err then return err end
    if page.xfer then return nil end
  elseif page then
    local err = page.source:watch_body(now)
    if err then
      resume_page(self, page, err, now)
      return nil
    end
    wake_at = math.min(wake_at, page.source.wake_at)
  end
  if self.poll_at and #self.walk.pages == 0 then wake_at = math.min(wake_at, self.poll_at) end
  if self.deadline then wake_at = math.min(wake_at, self.deadline) end
  local fields = request.park(self.settings, self.waiter, wake_at - now)
  if fields then
    fields.path, fields.method = self.path_text, "GET"
    return errors.new(fields)
  end
  if self.poll_at and now_inside(self) >= self.poll_at then
    self.poll_at = nil
    self.walk:reopen()
  end
end

--- Has everything been delivered?
local function is_over(self)
  if self.is_closed or self.walk.limit_left == 0 and not self.backlog then return true end
  return self.walk.is_ended and not self.follow and not self.backlog
end

--- After a failure, the next step tries again from the start of the head page.
local function revive(self)
  local page = self.walk.pages[1]
  if page and page.source and page.source.error then
    page.source:close()
    open_page(self, page, now_inside(self))
  end
  self.has_failed = false
end

--- One step: row | nil, "page", page | nil, "end" | nil, "error", err
local function step(self)
  if self.has_failed then
    enter(self)
    revive(self)
  end
  local refused = not self.is_closed and request.refusal(self.settings)
  if refused then return nil, "error", refused end
  while not is_over(self) do
    local row, what, detail = read(self)
    if row ~= nil then return row end
    if what == "page" then return nil, what, detail end
    local err = wait_for_news(self)
    if err then
      self.has_failed = true
      leave(self)
      return nil, "error", err
    end
  end
  self:close()
  return nil, "end"
end

--- Rows come without a wait now and then: let fibers and sockets have their turn.
local function look_around(self)
  self.rows_since = 0
  local now = transport.now()
  if now - (self.looked_at or now) >= MAX_RUN then
    transport.breathe()
    self.looked_at = transport.now()
  elseif not self.looked_at then
    self.looked_at = now
  end
end

local function next_row(self)
  self.rows_since = self.rows_since + 1
  if self.rows_since >= ROWS_PER_LOOK then look_around(self) end
  while true do
    local row, what, detail = step(self)
    if row ~= nil then
      if not self.left_at then leave(self) end
      self.delivered = self.delivered + 1
      return row
    end
    if what == "end" then return nil end
    if what == "error" then return nil, detail end
  end
end

--- The next row; nil at the end; nil and an error when it could not be had, after which `next` may be called again.
---@return any? row
---@return apify.Error? err
function Iterator:next()
  return next_row(self)
end

function iterator_mt.__call(self)
  local row, err = next_row(self)
  if err then error(err, 0) end
  return row
end

--- The next page, without the rows that were delivered before: { items, total, offset, limit, count, desc }.
local function next_page(self)
  self.items = {}
  while true do
    local row, what, detail = step(self)
    if row ~= nil then
      self.items[#self.items + 1] = row
      self.delivered = self.delivered + 1
      if self.walk.limit_left == 0 and not self.backlog and self.walk.pages[1] then
        local page = self.walk.pages[1]
        if page.xfer then page.envelope = page.xfer:envelope() end
        local result = page_result(self, page)
        self.items = nil
        return result
      end
    elseif what == "page" then
      if #self.items > 0 or detail.offset == 0 then
        local result = page_result(self, detail)
        self.items = nil
        return result
      end
    elseif what == "end" then
      self.items = nil
      return nil
    else
      return nil, detail
    end
  end
end

--- Walk page by page instead of row by row: an iterator whose steps are { items, total, offset, limit, count, desc }.
---@return fun(): apify.Page?
function Iterator:pages()
  return function()
    local page, err = next_page(self)
    if err then error(err, 0) end
    return page
  end
end

--- All rows that are left, as a list; nil and an error, with the rows so far in `err.partial`.
---@return any[]?
---@return apify.Error? err
function Iterator:collect()
  local rows = {}
  while true do
    local row, err = next_row(self)
    if err then
      err.partial = rows
      return nil, err
    end
    if row == nil then return rows end
    rows[#rows + 1] = row
  end
end

---@class apify.Progress
---@field delivered integer rows so far
---@field total? integer rows in the list, as the API last said
---@field offset integer where in the list the next row is expected
---@field pages_in_flight integer
---@field requests integer
---@field is_done boolean

--- How far it has come.
---@return apify.Progress
function Iterator:progress()
  return {
    delivered = self.delivered, total = self.walk.total, offset = self.walk:position(),
    pages_in_flight = #self.walk.pages, requests = self.requests, is_done = is_over(self),
  }
end

--- A string with which `iterate { bookmark = s }` goes on behind the last delivered row, also in another process. It holds no token.
---@return string
function Iterator:bookmark()
  return bookmark.write { path = self.path, query = self.query, limit_left = self.walk.limit_left, mark = self.walk:mark() }
end

--- Stop: what is in flight is aborted, and there are no more rows. Safe to call twice.
function Iterator:close()
  self.is_closed = true
  for _, page in ipairs(self.walk.pages) do close_page(page) end
end

iterator_mt.__close = Iterator.close

function iterator_mt.__tostring(self)
  return ("apify.Iterator: %s, %d rows delivered"):format(self.path_text, self.delivered)
end

local function contains(list, value)
  for _, v in ipairs(list) do
    if v == value then return true end
  end
  return false
end

--- Fields to read for the rows: what was asked for, and what the walk knows rows by.
local function set_pick(self, pick)
  if not pick then return end
  self.wire_pick = copy_list(pick)
  self.hides_id, self.hides_at = not contains(pick, "id"), not contains(pick, "startedAt")
  if self.hides_id then table.insert(self.wire_pick, "id") end
  if self.hides_at then table.insert(self.wire_pick, "startedAt") end
end

---@class apify.PagerOptions : apify.WalkOptions
---@field settings apify.Settings
---@field path string
---@field query { [1]: string, [2]: string }[] filters, without offset and limit
---@field pick? string[]
---@field nulls? "omit"|"keep"
---@field follow? boolean
---@field poll_secs? number
---@field deadline? number seconds inside the iterator
---@field request_timeout? number

local pager = {}

--- An iterator; nothing is sent before its first step.
---@param o apify.PagerOptions
---@return apify.Iterator
function pager.new(o)
  local now = transport.now()
  local self = setmetatable({
    settings = o.settings, path = o.path, path_text = o.path, query = o.query, nulls = o.nulls,
    follow = o.follow, poll_secs = o.poll_secs or 5, request_timeout = o.request_timeout,
    deadline = o.deadline and now + o.deadline, deadline_secs = o.deadline,
    walk = walk.new(o), waiter = transport.waiter(),
    outside = 0, left_at = now, delivered = 0, requests = 0, rows_since = 0,
  }, iterator_mt)
  set_pick(self, o.pick)
  return self
end

return pager
