--- Which pages of an offset list to ask for, and which of their rows to deliver: policy without any I/O.
---
--- The list may move while it is read. Every page but the first therefore begins a few rows before the place where
--- the page before it ended. When it shows a row that was delivered already (or one that sorts before the last
--- delivered one), nothing can lie between: it is anchored, and its new rows are the next ones. When it does not,
--- rows have slipped past: it is asked again with twice the overlap, and the pages behind it are dropped.
---
--- Rows are told apart by `id` and ordered by `startedAt`. Rows without ids are only counted.
local core = require "apify.core"
local cursor_plan = require "apify.paging.cursor_plan"
local offset_faults = require "apify.paging.offset_faults"
local seen = require "apify.paging.seen"

local offset_plan = {}

local OVERLAP = 1                        -- rows, while nothing is known to leave the list
local WIDE_OVERLAP = 10                  -- rows, for a list that rows leave: filtered by status, or shrunk

---@class apify.OffsetPage : apify.PlannedPage
---@field offset integer
---@field limit integer
---@field from integer where its new rows are expected to begin
---@field upto integer
---@field overlap integer rows before `from`
---@field total? integer
---@field first_id? string of its first row
---@field is_again? boolean it is asked for once more as a whole: its first `overlap` rows were delivered
---@field is_placed? boolean the answer says that it is at this offset
---@field held? table[] rows that wait for an anchor

---@class apify.OffsetPlan : apify.Plan
---@field pages apify.OffsetPage[]
---@field private from integer where the page behind those begins
---@field private is_plain? boolean rows have no ids; nil: no row was seen yet
---@field private seen apify.Seen the delivered rows
---@field private frontier? string the latest start among them
local OffsetPlan = { known_by = { "id", "startedAt" } }
OffsetPlan.__index = OffsetPlan

---@class apify.Mark where a plan is
---@field pos integer
---@field ids string[]
---@field ats string[]
---@field is_plain? boolean
---@field again? integer ask from there: nothing has told that the server follows `offset`; `ids` then has all that were delivered from there on

---@class apify.OffsetPlanOptions
---@field offset? integer
---@field limit? integer
---@field chunk_size? integer
---@field max_page integer the most rows the API gives at once
---@field prefetch integer
---@field desc? boolean
---@field is_filtered? boolean can rows leave the list without being deleted?
---@field resume? apify.Mark

--- Go on where a mark was taken. If nothing had been delivered, it is a start.
local function restore(self, mark)
  local rows = seen.new(self.room)
  rows:restore(mark.ids, mark.ats)
  self.is_plain = mark.is_plain
  self.base = #mark.ids == 0 and mark.pos or nil
  self.again, self.doubt_from, self.doubt_upto = mark.again, mark.again or self.base, mark.pos
  self.frontier = mark.ats[#mark.ats]
  self.seen, self.delivered, self.from, self.overlap = rows, 0, mark.pos, WIDE_OVERLAP
end

--- The plan for a list that turned out to go on by cursors, from a mark on.
local function by_cursor(mark, chunk, limit)
  return cursor_plan.new {
    parameter = mark.parameter, next_field = mark.next_field, key_field = "id", is_found = true, resume = mark, chunk_size = chunk, limit = limit,
  }
end

---@param o apify.OffsetPlanOptions
---@return apify.OffsetPlan|apify.CursorPlan
function offset_plan.new(o)
  if o.resume and o.resume.kind == "cursor" then return by_cursor(o.resume, o.chunk_size or o.max_page, o.limit) end
  local chunk = o.chunk_size or o.max_page
  local self = setmetatable({
    pages = {}, is_ended = false, prefetch = o.prefetch, desc = o.desc or false,
    from = o.offset or 0, base = o.offset or 0, doubt_from = o.offset or 0, doubt_upto = 0,
    chunk = chunk, max_page = o.max_page, limit_left = o.limit,
    overlap = o.is_filtered and WIDE_OVERLAP or OVERLAP,
    room = math.max((o.prefetch + 2) * chunk, o.max_page), delivered = 0,
  }, OffsetPlan)
  self.seen = seen.new(self.room)
  if o.resume then restore(self, o.resume) end
  return self
end

--- Where the next undelivered row is expected: not before the place that the page was asked for, as long as it has brought known rows only.
---@return integer
function OffsetPlan:position()
  local page = self.pages[1]
  if not page then return self.from end
  local position = page.offset + page.scanned
  if page.is_again or page.is_anchored and page.fresh == 0 then return math.max(position, page.from) end
  return page.is_anchored and position or page.from
end

--- What it takes to go on later: the position, and the last rows, so that they are known again wherever they are by then.
---@return apify.Mark
function OffsetPlan:mark()
  if self.pages[1] then offset_faults.note_doubt(self, self.pages[1]) end
  local again = self.doubt_from and self.doubt_upto > self.doubt_from and self.doubt_from or nil
  local ids, ats = self.seen:recent(again ~= nil)
  return { pos = again and self.doubt_upto or self:position(), ids = core.array(ids), ats = core.array(ats), is_plain = self.is_plain, again = again }
end

function OffsetPlan.add_query(_, page, query)
  query[#query + 1] = { "offset", ("%d"):format(page.offset) }
  query[#query + 1] = { "limit", ("%d"):format(page.limit) }
end

--- Rows that a page repeats of the one before; less than a page, or nothing would ever be new.
local function usual_overlap(self)
  return math.min(self.overlap, math.floor(self.max_page / 2))
end

--- A page whose new rows begin at `from`; `head` is where the rows begin that `limit_left` counts.
local function make_page(self, from, upto, overlap, head)
  local is_start = from == self.base and self.delivered == 0
  local offset = (is_start or self.is_plain) and from or math.max(0, from - overlap)
  local size = math.min(self.max_page, upto - offset)
  if self.limit_left then size = math.min(size, head + self.limit_left - offset) end
  size = math.max(size, 1)
  return {
    offset = offset, limit = size, from = from, upto = offset + size, overlap = from - offset,
    is_anchored = offset == 0 or offset == from, scanned = 0, fresh = 0,
  }
end

--- A page once more, as a whole. Rows with ids are known by these, others by their place.
local function make_again(self, offset, from, upto)
  return {
    offset = offset, limit = upto - offset, from = from, upto = upto, overlap = from - offset,
    is_anchored = offset == 0 or offset == from or self.is_plain, is_again = true, scanned = 0, fresh = 0,
  }
end

--- Make this the page that is read next, and look behind it if there is no other.
local function set_head(self, page)
  self.pages[1] = page
  if #self.pages == 1 then self.from = page.upto end
  return page
end

--- Make this the only page.
local function set_only(self, page)
  self.pages, self.from = { page }, page.upto
  return page
end

--- The next page to ask for, put at the end of `pages`; nil when enough is under way.
--- The first page is alone until its total and a row of it have been seen.
---@return apify.OffsetPage?
function OffsetPlan:next_page()
  local count = #self.pages
  if self.is_ended or count >= self.prefetch or self.limit_left == 0 then return nil end
  local head = self:position()
  if count > 0 then
    if not self.total or self.is_plain == nil or self.from >= self.total then return nil end
    if self.limit_left and self.from >= head + self.limit_left then return nil end
  end
  local page
  local again = self.again
  if again then
    page = make_again(self, again, head, math.min(math.max(again + self.chunk, head), again + self.max_page))
  else
    page = make_page(self, self.from, self.from + self.chunk, usual_overlap(self), head)
  end
  self.pages[count + 1] = page
  self.from, self.again = page.upto, nil
  return page
end

function OffsetPlan:note_total(page, total)
  page.total = total
  if self.total and total < self.total then self.overlap = WIDE_OVERLAP end
  self.total = total
end

--- Does a row that started at `at` sort before `moment`, in the order of the list?
local function is_before(self, at, moment)
  if at == nil or moment == nil then return false end
  if self.desc then return at > moment end
  return at < moment
end

--- Count the row as delivered, which is the last of `scanned` rows of the page. `at` is where the frontier is from now on. What may fail
--- comes first.
local function accept(self, page, scanned, id, at)
  if self.delivered == 0 and (self.base or 0) > 0 then self.seen.oldest = at end
  if page.fresh == 0 then page.starts_at = page.offset + scanned - 1 end
  self.frontier = at
  if id then self.seen:add(id, at or false) end
  page.scanned = scanned
  page.fresh = page.fresh + 1
  self.delivered = self.delivered + 1
  if self.limit_left then self.limit_left = self.limit_left - 1 end
  return "deliver"
end

--- An unknown row of a page that is not anchored yet. One that started together with the last delivered row may lie
--- on either side of it; one that started later can only be there because rows have slipped past.
local function hold(self, page, scanned, row, at)
  page.held = page.held or {}
  page.held[#page.held + 1] = row
  page.scanned = scanned
  local is_tie = at == nil or at == self.frontier
  return is_tie and #page.held <= page.overlap and "hold" or "reject"
end

--- The rows of a page as most are: they sort behind all that were delivered, so that they are new.
---@param page apify.OffsetPage not at its first row
---@return table|false
function OffsetPlan:usual(page)
  if not page.is_anchored or not self.frontier then return false end
  return { key = "id", place = "startedAt", last = self.frontier, desc = self.desc }
end

function OffsetPlan:count_usual(rule, tap)
  local ids, first_at, last_ids, last_ats = tap:rows(seen.RECENT)
  if not ids then return end
  rule.part = rule.part or self.seen:part(first_at)
  self.seen:add_part(rule.part, ids, tap:count(), last_ids, last_ats)
  self.frontier = last_ats[#last_ats]
end

--- What a row is known by.
---@return string? id
---@return string? at
local function identity(row)
  local id, at
  if type(row) == "table" then id, at = row.id, row.startedAt end
  return type(id) == "string" and id or nil, type(at) == "string" and at or nil
end

--- Whether rows have ids decides what is asked for behind the first page.
function OffsetPlan:note_row(row)
  if self.is_plain == nil and row ~= nil then self.is_plain = identity(row) == nil end
end

--- Count the row as one that is not new.
local function skip(page, scanned)
  page.scanned = scanned
  return "skip"
end

--- Look at the next row of the head page.
---@param page apify.OffsetPage
---@param row any nil: one that cannot be read
---@return "deliver"|"skip"|"hold"|"release"|"reject" action   "release": see there; the row itself is not new
function OffsetPlan:take(page, row)
  local scanned = page.scanned + 1
  local id, at = identity(row)
  if scanned == 1 then page.first_id = id end
  self:note_row(row)
  if id == nil then
    return scanned <= page.overlap and skip(page, scanned) or accept(self, page, scanned, nil, self.frontier)
  end
  if is_before(self, self.frontier, at) then                            -- later than all that were delivered: new
    if page.is_anchored then return accept(self, page, scanned, id, at) end
    return hold(self, page, scanned, row, at)
  end
  local is_known = self.seen:knows(id)
  if not page.is_anchored then
    if not is_known and not is_before(self, at, self.frontier) then return hold(self, page, scanned, row, at) end
    page.is_anchored = true
    if page.held then
      page.scanned = scanned
      return "release"
    end
  end
  if is_known or is_before(self, at, self.seen.oldest) then return skip(page, scanned) end
  if is_before(self, at, self.frontier) then at = self.frontier end      -- it joined the list behind our back
  return accept(self, page, scanned, id, at or self.frontier)
end

--- The rows that were held turn out to be new: the next of them to deliver, or nil when there is none left.
---@param page apify.OffsetPage
---@return table? row
function OffsetPlan:release(page)
  local row = page.held[1]
  if row then
    accept(self, page, page.scanned, row.id, self.frontier)             -- all of them started together with that
    table.remove(page.held, 1)
  else
    page.held = nil
  end
  return row
end

--- The head page shows no row that is known: rows have slipped past it. Returns the page that replaces it and all others.
---@param page apify.OffsetPage
---@return apify.OffsetPage
function OffsetPlan:reject(page)
  local from = page.from
  if page.scanned == 0 and page.total then from = math.min(from, page.total) end
  return set_only(self, make_page(self, from, from + self.chunk, math.max(WIDE_OVERLAP, 2 * page.overlap), from))
end

--- A page was shorter than it should be: ask for the rest of it before the pages behind it. One known row must be
--- enough of an overlap, or pages shorter than that would never get on; none, when a known row was all that came.
--- As long as only known rows come, the new ones are where they were expected.
local function fill_gap(self, page, position)
  local overlap = (page.fresh > 0 or page.scanned > OVERLAP) and OVERLAP or 0
  local from = page.fresh == 0 and math.max(position, page.from) or position
  local gap = make_page(self, from, math.max(page.upto, from + 1), from - position + overlap, from)
  gap.is_anchored = gap.is_anchored or overlap == 0
  set_head(self, gap)
end

--- What is behind a page that tells a cursor instead of an offset; nil where it tells none.
local function onward_of(self, envelope)
  local field, parameter, cursor = offset_faults.cursor(envelope)
  if not field or not offset_faults.is_without_offset(envelope) then return nil end
  return by_cursor({ next_field = field, parameter = parameter, cursor = cursor, given = {} }, self.chunk, self.limit_left)
end

--- The head page was read to its end.
---@param page apify.OffsetPage
---@param envelope table
---@return "next"|"end"|"reject" outcome   "reject": see there
---@return string? why the list cannot be read any further
---@return apify.CursorPlan? onward
function OffsetPlan:finish(page, envelope)
  if not page.is_anchored then return "reject" end
  local position = page.offset + page.scanned
  offset_faults.note_doubt(self, page)
  self.seen:settle()
  local onward = onward_of(self, envelope)
  if onward then return "next", nil, onward end
  local is_stuck = offset_faults.is_stuck(self, page, position)
  if is_stuck and not offset_faults.is_all(self, page) then
    return "end", ("the list does not go on: the page at offset %d is the one before it once more"):format(page.offset)
  end
  local is_short = page.scanned < page.limit
  local is_last = page.scanned == 0 or page.total and position >= page.total or offset_faults.is_ignored(page)
  local is_single = self.is_plain ~= false and offset_faults.is_without_offset(envelope)
  if is_stuck or is_short and is_last or is_single then
    self:stop(position)
    return "end"
  end
  if is_short then
    fill_gap(self, page, position)
  else
    table.remove(self.pages, 1)
    if #self.pages == 0 then self.from = position end
  end
  return "next"
end

function OffsetPlan:stop(offset)
  self.pages, self.from, self.is_ended = {}, offset or self.from, true
end

function OffsetPlan.unbound(_, page)
  page.limit = math.huge
end

function OffsetPlan.is_complete(_, page)
  return page.scanned >= page.limit
end

--- The API gives no more than `limit` rows a page: plan with that from here on, and drop what was planned otherwise.
function OffsetPlan:shrink(limit)
  self.max_page, self.chunk = limit, math.min(self.chunk, limit)
  local page = self.pages[1]
  page.limit, page.upto = limit, page.offset + limit
  set_only(self, page)
end

--- The head page broke off: the page that goes on behind its last delivered row takes its place.
---@param page apify.OffsetPage
---@return apify.OffsetPage
function OffsetPlan:go_on(page)
  if offset_faults.is_doubtful(page) then return set_head(self, make_again(self, page.offset, self:position(), page.upto)) end
  local from, overlap = self:position(), usual_overlap(self)
  if not page.is_anchored then overlap = math.max(overlap, page.overlap) end
  if page.scanned == 0 and page.offset == page.from then overlap = 0 end        -- what would come again brings nothing new
  return set_head(self, make_page(self, from, math.max(page.upto, from + 1), overlap, from))
end

function OffsetPlan:go_back(page)
  restore(self, page.start.mark)
  self.pages, self.is_ended, self.total, self.limit_left = {}, false, nil, page.start.limit_left
end

function OffsetPlan:reopen()
  self.is_ended = false
  self.overlap = WIDE_OVERLAP
end

return offset_plan
