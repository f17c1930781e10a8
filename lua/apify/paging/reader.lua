--- The rows of a list, one after the other: keeps pages in flight, reads their rows in order, and survives what goes wrong.
--- What to ask for and what to deliver is decided by a plan (offset_plan.lua, item_plan.lua, cursor_plan.lua, single_plan.lua); this file does it.
local core = require "apify.core"
local pages = require "apify.paging.page"
local window = require "apify.paging.window"
local drive = require "apify.http.drive"
local clock = require "apify.loop.clock"
local loop = require "apify.loop"

local LOOK_SECS = loop.SLICE_SECS / 8    -- between two looks whether others are to go on

local MAX_QUICK_ROWS = 1000              -- that are not counted one by one

local MIN_LIMIT = 0.001                  -- seconds; no limit can be 0

local NOTHING = {}

local cancelled, take = loop.cancelled, core.take

---@class apify.ReaderOptions
---@field settings apify.Settings
---@field path string
---@field query { [1]: string, [2]: string }[] filters, without what the plan adds for each page
---@field last? string for the bookmark
---@field before? integer rows that were delivered before the bookmark
---@field resolve? fun(limit: number): string?, apify.Error?   the path to use from the first step on, which `query` does not have to choose any more
---@field plan apify.Plan
---@field pick? string[]
---@field row_key? string every row is an object with this field
---@field nulls? "omit"|"keep"
---@field decoder? userdata instead of that of the settings
---@field decode_row? fun(text: string): any, string?   what makes a row of what the decoder gives; nil and a message if it cannot
---@field http1? boolean over HTTP/1.1: for pages that may be paused for long
---@field request? { method?: string, body?: string, headers?: string[], hold_timeout?: number } what a request has beside that
---@field answer? "page"|"stream" see apify.Request; a page when absent
---@field follow? boolean
---@field still_grows? fun(path: string, limit: number): boolean?, apify.Error?   asked at the end of a list that is followed
---@field poll_secs? number
---@field deadline? number seconds inside
---@field request_timeout? number

---@class apify.Reader : apify.ReaderOptions
---@field requests integer
---@field delivered integer rows of this iteration so far
---@field private clock apify.Clock stands still between two steps
---@field private looked_at number when it was last asked whether others are to go on
---@field private slice_began number
---@field tap apify.core.Tap gives the next rows of the head page, while they are as most are
---@field private tapped? { page: apify.OpenPage, rule: any } what there was when it was opened
---@field private was_delivered? boolean the last step gave a row, and those behind it may come the quick way
---@field private kept? { [1]: any } what a hook has raised, to be raised when the step has nothing else to tell
---@field is_bare? boolean the last page that had rows said nothing around them
---@field private dead_end? apify.Error the list cannot be read any further
---@field private poll_at? number when a list that has ended is looked at again
local Reader = {}
Reader.__index = Reader

local reader = {}

--- Nothing is sent before the first step. The table of options becomes the reader.
---@param o apify.ReaderOptions
---@return apify.Reader
function reader.new(o)
  local self = setmetatable(o, Reader)
  self.wire_pick, self.hidden = pages.fields(o.pick, o.plan.known_by)
  self.request, self.answer, self.poll_secs, self.clock = o.request or NOTHING, o.answer or "page", o.poll_secs or 5, clock.new(o.deadline)
  self.waiter, self.requests, self.delivered, self.releasing = loop.waiter(), 0, 0, false
  self.tap, self.looked_at = core.tap(), loop.now()
  self.slice_began = self.looked_at
  return self
end

--- A row more than were asked for: it is cut off, unless it is one of an answer that says nothing of pages, which has all there are.
--- Is it cut off?
local function cut_off(self, page)
  if self.plan.limit_left ~= 0 and not page.is_told then
    self.plan:unbound(page)
    return false
  end
  page.rest = { why = "end" }
  return true
end

--- Is the row, or nil for one that cannot be read, to be delivered now?
local function take_row(self, page, row)
  if page.scanned == 0 and not window.read_envelope(self, page, row) then return false end
  if (self.plan.limit_left == 0 or self.plan:is_complete(page)) and cut_off(self, page) then return false end
  if page.scanned == 0 and self.plan.limit_left ~= 1 then window.fill(self, self.clock:enter()) end
  local action = self.plan:take(page, row)               -- from here on nothing may fail that is to be delivered
  page.due = false
  if action == "deliver" then return true end
  if action == "release" then
    self.releasing = page
  elseif action == "reject" then
    window.replan(self, self.clock:enter(), self.plan.reject, page)
  end
  return false
end

--- The row if it is to be delivered now. nil and an error for one that nothing can be made of: it counts, and the next step goes on
--- behind it.
local function receive(self, page, row, bad)
  bad = bad or pages.flaw(self, page, row)
  local err = bad and page.call:describe(bad)            -- first, as it may fail
  if bad then row = nil end
  if not take_row(self, page, row) then return nil end
  if bad then return nil, err end
  return pages.trim(self, row)
end

--- The next row that waited for its page to be anchored.
local function release_row(self)
  local row = self.plan.limit_left ~= 0 and self.plan:release(self.releasing) or nil
  if row then return pages.trim(self, row) end
  self.releasing = false
end

--- The page has come to its end, or to a failure. true: it was read to its end; or nil, and an error if there is one to be told.
local function end_page(self, page, why, name, offset)
  if not name and pages.is_stray(self, page) then why, name = "the answer is not a page of the list", "decode" end
  local now, fields = self.clock:enter(), { kind = name, message = why, offset = offset, sent = true }
  if name and page.fresh > 0 and page.xfer:proof() == "bad" then return nil, window.go_back(self, page, now, fields) end
  local is_over = not name or self.plan:is_complete(page) or page.xfer:failure() and pages.is_complete(self, page)
  if not is_over or page.xfer:proof() == "bad" then
    window.go_on(self, page, page.call:describe(fields), now)
  elseif self.plan.limit_left == 0 then                                 -- only its checksum was of interest
    pages.close(page)
    return true
  elseif window.finish_page(self, page, now) then
    return true
  end
end

--- What is there without waiting: row | nil, true (a page was read to its end) | nil, nil, err (a row was passed over, or the
--- answer is damaged) | nil
local function read(self)
  while not self.settings.is_closed do
    local row, err, has_ended
    row = self.releasing and release_row(self)
    if row then return row end
    local page = self.plan.pages[1]
    if not page or not page.xfer then return nil end
    local why, name, offset
    row, why, name, offset = pages.next_row(self, page)
    if row ~= nil then
      row, err = receive(self, page, row)
    elseif why == "more" then
      return nil
    elseif why == pages.BAD_ROW then
      row, err = receive(self, page, nil, name)
    else
      has_ended, err = end_page(self, page, why, name, offset)
    end
    if row ~= nil or has_ended or err then return row, has_ended, err end
  end
end

--- Poke the pages behind the head, and tell when the first of them wants to be poked again.
local function poke_behind(self, now)
  local wake_at = math.huge
  for i = 2, #self.plan.pages do
    local call = self.plan.pages[i].call
    if call:poke(now) == "wait" then wake_at = math.min(wake_at, call.wake_at) end
  end
  return wake_at
end

--- See to the head page. Returns when it wants to be seen again (at once: there is something to read), or nil and an error.
local function see_to_head(self, now)
  local page = self.plan.pages[1]
  if not page then return self.poll_at or math.huge end
  if not page.xfer then
    local err = pages.begin_reading(self, page, now)
    if err then return nil, err end
    return page.xfer and now or page.call.wake_at
  end
  local err = page.call:watch_body(now)
  if not err then return page.call.wake_at end
  if pages.is_complete(self, page) then
    page.rest, page.is_cut = page.rest or { why = "end" }, true
  else
    window.go_on(self, page, err, now)
  end
  return now
end

--- Seconds for a question beside the pages.
local function time_limit(self)
  local allowed = self.request_timeout or self.settings.request_timeout
  return math.min(allowed, math.max(self.clock:left(), MIN_LIMIT))
end

--- Before anything is asked for: find out, once for all pages, what the path leads to. Returns an error if that is not known.
local function resolve(self)
  if not self.resolve then return nil end
  local path, err = self.resolve(time_limit(self))
  if not path then return err end
  self.path, self.resolve = path, nil
end

--- At the end of a list that is followed: ask whether it still grows, and look again when the time has come, or for the last
--- time. Returns an error if the question has no answer.
local function look_for_more(self, now)
  if self.follow and self.plan.is_ended and not self.poll_at then window.note_end(self, now) end
  if self.is_at_end and self.still_grows then
    local grows, err = self.still_grows(self.path, time_limit(self))
    if err then return err end
    if not grows then self.follow, self.poll_at = nil, now end
  end
  self.is_at_end = nil
  if self.poll_at and now >= self.poll_at then
    self.poll_at = nil
    self.plan:reopen()
  end
end

--- Wait until there may be something to read, or return the error that stands in the way.
local function wait_for_news(self)
  local refused = drive.refusal(self.settings)
  if refused then return refused end
  local now = self.clock:enter()
  local late = self.clock:lateness()
  if late then
    self.deadline_error = window.describe(self, late)
    return self.deadline_error
  end
  local err = resolve(self) or look_for_more(self, now)
  if err or self.is_closed then return err end
  window.fill(self, now)
  local head_at
  head_at, err = see_to_head(self, now)
  if err then return err end
  if head_at <= now then return nil end
  local wake_at = math.min(head_at, poke_behind(self, now), self.clock.ends_at)
  local fields = drive.park(self.settings, self.waiter, wake_at - now)
  local head = self.plan.pages[1]
  self.looked_at = loop.now()
  self.slice_began = self.looked_at
  if not fields then return nil end
  return head and head.call and head.call:describe(fields) or window.describe(self, fields)
end

--- The program has stopped the iteration, or its deadline is over: nothing is in flight any more, until somebody goes on.
local function interrupt(self, err)
  if self.plan.is_once and self.requests > 0 then window.end_with(self, err) end
  window.drop(self, self.plan.pages)
  window.raise_kept(self)
end

--- The step ends with this error.
local function fail(self, err)
  self.clock:leave()
  local head = self.plan.pages[1]
  if err.sent == nil and head and head.call then err.sent = head.call:may_have_acted() end
  if err.kind == "cancelled" and loop.is_waited_at(self.waiter) then return nil, "error", err end     -- others go on
  self.has_failed = true
  if err.kind == "cancelled" or err.kind == "context" or err == self.deadline_error then interrupt(self, err) end
  return nil, "error", err
end

--- Rows come without a wait: let fibers and sockets go on now and then. Returns an error if the program has stopped the iteration
--- meanwhile.
local function yield_in_time(self)
  local now = loop.now()
  local spent = now - self.looked_at
  if spent < LOOK_SECS then return nil end
  self.looked_at = now
  if not loop.is_slice_over(self.slice_began - spent) then return nil end         -- the next look would come too late
  local how = loop.yield()
  self.looked_at = loop.now()
  self.slice_began = self.looked_at
  return how and window.describe(self, { kind = "cancelled", message = "the fiber was cancelled" })
end

--- The error of a step in a cancelled fiber, whatever is there; nil outside of one. An answer that cannot be asked for again is
--- left to whoever else may read it.
local function refusal(self)
  if self.is_closed or not loop.is_cancelled() then return nil end
  local err = window.describe(self, { kind = "cancelled", message = "the fiber was cancelled" })
  if not self.plan.is_once then fail(self, err) end
  return err
end

--- Has everything been delivered? Of the last rows, too, the checksum is seen before that is said.
---@return boolean
function Reader:is_over()
  if self.is_closed then return true end
  if self.plan.limit_left == 0 then return not pages.is_unproved(self.plan.pages[1]) end
  return (self.dead_end ~= nil or self.plan.is_ended and not self.follow) and not self.releasing
end

--- Count the rows that came the quick way. As often as one likes: it begins each time where those began.
function Reader:count()
  local from = self.tapped
  if not from then return end
  local count, plan = self.tap:count(), self.plan
  from.page.scanned, self.delivered = from.scanned + count, from.delivered + count
  if from.limit_left then plan.limit_left = from.limit_left - count end
  plan:count_usual(from.rule, self.tap)
end

--- There is no quick way any more, which perhaps gave an odd row at its end. Returns the page that it was of, if there was one.
local function leave_quick_way(self, odd)
  local from = self.tapped
  if not from then return nil end
  if odd ~= nil then pages.keep(from.page, odd, from.scanned + self.tap:count()) end
  self.tap:shut()
  self:count()
  self.tapped = nil
  return from.page
end

--- How many rows may come the quick way: no more than were asked for, and the last of those not.
local function quick_rows(self, page)
  local rows = MAX_QUICK_ROWS
  if self.plan.limit_left then rows = math.min(rows, self.plan.limit_left - 1) end
  if page.limit and not self.plan.is_reshaped then rows = math.min(rows, page.limit - page.scanned) end
  return rows
end

--- Let the next rows of the head page come the quick way. Can they?
local function open_quick_way(self)
  local page, plan = self.plan.pages[1], self.plan
  if not (page and page.xfer and page.fresh > 0) or page.rest or self.releasing then return false end
  if self.hidden or self.decode_row or cancelled.count > 0 or self.settings.is_closed then return false end
  local rule, rows = plan:usual(page), quick_rows(self, page)
  if not rule or rows <= 0 then return false end
  self.tap:clear()                                       -- first: what it gave before is counted
  self.tapped = { page = page, rule = rule, scanned = page.scanned, delivered = self.delivered, limit_left = plan.limit_left }
  self.tap:open(page.xfer, self.decoder, rows, rule ~= true and rule or nil)
  return true
end

--- One step: row | nil, "page" (one was read to its end) | nil, "end" | nil, "error", err
---@param odd? any a row that was had from the tap, and is not to be delivered as it is
function Reader:step(odd)
  local page = leave_quick_way(self, odd)
  if odd ~= nil and page and page.xfer then
    local row, err = receive(self, page, odd)
    if row ~= nil then                                   -- behind it comes a look at the time
      self.delivered = self.delivered + 1
      return row
    end
    if err then return nil, "error", err end
  end
  window.raise_kept(self)
  local err = refusal(self)
  if err then return nil, "error", err end
  local was_delivered = self.was_delivered
  self.was_delivered = false
  if was_delivered and open_quick_way(self) then
    local row
    row, odd = take(self.tap)
    if row ~= nil then return row end
    return self:step(odd)
  end
  local has_failed = self.has_failed
  self.has_failed = true                                 -- until it is over: what an error ends in the middle is begun again
  err = yield_in_time(self)
  if err then return fail(self, err) end
  leave_quick_way(self)                                  -- whoever went on meanwhile may have opened it
  while not self:is_over() do
    if has_failed then window.revive(self, self.clock:enter()) end
    has_failed = false
    local row, has_ended
    row, has_ended, err = read(self)
    if row ~= nil then self.delivered, self.was_delivered = self.delivered + 1, true end
    if row ~= nil or has_ended or err then
      self.clock:leave()
      self.has_failed = false
      return row, err and "error" or "page", err
    end
    window.raise_kept(self)
    err = not self:is_over() and wait_for_news(self)
    leave_quick_way(self)
    if err then return fail(self, err) end
  end
  self.has_failed = false
  self:close()
  if self.dead_end then return nil, "error", self.dead_end end
  return nil, "end"
end

--- Pages that are asked for and not read to their end.
---@return integer
function Reader:in_flight()
  return self.is_closed and 0 or #self.plan.pages
end

--- Stop: what is in flight is aborted. Safe to call twice.
function Reader:close()
  self.is_closed = true
  leave_quick_way(self)
  loop.wake(self.waiter)
  window.drop(self, self.plan.pages)
  window.raise_kept(self)                                -- last
end

return reader
