--- Which pages of an offset list to ask for, and which of their rows to deliver: policy without any I/O.
---
--- The list may move while it is read. Every page but the first therefore begins a few rows before the place where
--- the page before it ended. When it shows a row that was delivered already (or one that sorts before the last
--- delivered one), nothing can lie between: it is anchored, and its new rows are the next ones. When it does not,
--- rows have slipped past: it is asked again with twice the overlap, and the pages behind it are dropped.
local walk = {}

local OVERLAP = 1                        -- rows, while nothing is known to leave the list
local WIDE_OVERLAP = 10                  -- rows, for a list that rows leave: filtered by status, or shrunk
local RECENT = 10                        -- delivered rows that a bookmark remembers

--- A request for rows `offset` to `upto`.
---@class apify.PagePlan
---@field offset integer
---@field limit integer
---@field from integer where its new rows are expected to begin
---@field upto integer
---@field is_anchored boolean
---@field is_repeat? boolean it asks for what a page before it should have had
---@field scanned integer rows seen
---@field fresh integer rows delivered
---@field total? integer
---@field held? table[] rows that wait for an anchor

---@class apify.Walk
---@field pages apify.PagePlan[] asked for and not finished; the first is being read
---@field is_ended boolean
---@field limit_left? integer
---@field total? integer
---@field private has_rows? boolean a row has been seen, and with it whether rows have ids
local Walk = {}
Walk.__index = Walk

---@class apify.WalkOptions
---@field offset? integer
---@field limit? integer
---@field chunk_size? integer
---@field max_page integer the most rows the API gives at once
---@field prefetch integer
---@field desc? boolean
---@field is_filtered? boolean can rows leave the list without being deleted?
---@field resume? table what `mark` returned

---@param o apify.WalkOptions
---@return apify.Walk
function walk.new(o)
  local self = setmetatable({
    pages = {}, is_ended = false, prefetch = o.prefetch,
    from = o.offset or 0, base = o.offset or 0,
    chunk = o.chunk_size or o.max_page, max_page = o.max_page,
    limit_left = o.limit, desc = o.desc or false,
    overlap = o.is_filtered and WIDE_OVERLAP or OVERLAP,
    memory = o.prefetch + 2, serial = 1,
    seen = {}, first_at = {}, recent = {}, recent_count = 0, delivered = 0,
  }, Walk)
  if o.resume then self:restore(o.resume) end
  return self
end

--- Go on where a mark was taken.
function Walk:restore(mark)
  self.from, self.base = mark.pos, nil
  self.oldest, self.frontier = mark.oldest, mark.frontier
  self.overlap = math.max(self.overlap, #mark.ids)
  for i, id in ipairs(mark.ids) do
    self.seen[id] = self.serial
    self.recent[i] = { id = id, at = mark.ats[i] }
  end
  self.recent_count = #mark.ids
  self.is_plain = mark.is_plain
end

--- Where the next undelivered row is expected.
function Walk:position()
  local page = self.pages[1]
  if not page then return self.from end
  if page.is_anchored and not page.held then return page.offset + page.scanned end
  return page.from
end

--- What a bookmark needs to know.
function Walk:mark()
  local ids, ats = {}, {}
  local first = math.max(1, self.recent_count - RECENT + 1)
  for i = first, self.recent_count do
    local row = self.recent[(i - 1) % RECENT + 1]
    ids[#ids + 1], ats[#ats + 1] = row.id, row.at
  end
  return { pos = self:position(), ids = ids, ats = ats, oldest = ats[1] or self.oldest, frontier = self.frontier,
    is_plain = self.is_plain }
end

--- A page whose new rows begin at `from`; `head` is where the rows begin that `limit_left` counts.
local function make_page(self, from, upto, overlap, head)
  local is_start = from == self.base and self.delivered == 0
  local offset = (is_start or self.is_plain) and from or math.max(0, from - overlap)
  local size = math.min(self.max_page, (upto and upto - from or self.chunk) + (from - offset))
  if self.limit_left then size = math.min(size, head + self.limit_left - offset) end
  size = math.max(size, 1)
  return {
    offset = offset, limit = size, from = from, upto = offset + size, overlap = from - offset,
    is_anchored = is_start or offset == 0 or self.is_plain or false, scanned = 0, fresh = 0,
  }
end

--- The next page to ask for, put at the end of `pages`; nil when enough is under way.
--- The first page is alone until its total and a row of it have been seen.
---@return apify.PagePlan?
function Walk:plan()
  local count = #self.pages
  if self.is_ended or count >= self.prefetch or self.limit_left == 0 then return nil end
  if count > 0 then
    if not self.total or not self.has_rows or self.from >= self.total then return nil end
    if self.limit_left and self.from >= self:position() + self.limit_left then return nil end
  end
  local page = make_page(self, self.from, nil, self.overlap, self:position())
  self.pages[count + 1] = page
  self.from = page.upto
  return page
end

--- The total that the head page's envelope told.
function Walk:note_total(page, total)
  page.total = total
  if self.total and total < self.total then self.overlap = math.max(self.overlap, WIDE_OVERLAP) end
  self.total = total
end

--- Does a row that started then sort before that moment, in the order of the list?
local function is_before(self, at, moment)
  if at == nil or moment == nil then return false end
  if self.desc then return at > moment end
  return at < moment
end

local function accept(self, page, id, at)
  if id ~= nil then
    self.seen[id] = self.serial
    self.recent_count = self.recent_count + 1
    local slot = (self.recent_count - 1) % RECENT + 1
    local row = self.recent[slot]
    if row then row.id, row.at = id, at else self.recent[slot] = { id = id, at = at } end
  end
  if at ~= nil then
    if not self.first_at[self.serial] then self.first_at[self.serial] = at end
    if self.delivered == 0 and self.base and self.base > 0 then self.oldest = at end
    if not is_before(self, at, self.frontier) then self.frontier = at end
  end
  page.fresh = page.fresh + 1
  self.delivered = self.delivered + 1
  if self.limit_left then self.limit_left = self.limit_left - 1 end
end

--- The rows that were held turn out to be new ones: remember them; they are delivered in their order.
local function release(self, page)
  for _, row in ipairs(page.held) do accept(self, page, row.id, row.startedAt) end
end

--- A row of a page that is not anchored yet.
local function take_unanchored(self, page, row, id, at)
  local is_known = self.seen[id] ~= nil or is_before(self, at, self.frontier)
  if is_known then
    page.is_anchored = true
    if not page.held then return "skip" end
    release(self, page)
    return "release"
  end
  page.held = page.held or {}
  page.held[#page.held + 1] = row
  local is_tie = at == nil or at == self.frontier
  if is_tie and #page.held <= page.overlap then return "hold" end
  return "reject"
end

--- Look at the next row of the head page.
---@param page apify.PagePlan
---@param row any
---@return "deliver"|"skip"|"hold"|"release"|"reject" action   "release": deliver page.held, in order
function Walk:take(page, row)
  page.scanned = page.scanned + 1
  self.has_rows = true
  local id, at
  if type(row) == "table" then id, at = row.id, row.startedAt end
  if id == nil then
    self.is_plain = true                 -- nothing to know it by: rows are counted only
    page.is_anchored = true
  elseif not page.is_anchored then
    return take_unanchored(self, page, row, id, at)
  elseif self.seen[id] ~= nil or is_before(self, at, self.oldest) then
    return "skip"
  end
  accept(self, page, id, at)
  return "deliver"
end

--- Forget the ids of pages that are too long ago; from then on, `oldest` tells their repeats.
local function forget(self)
  self.serial = self.serial + 1
  if self.serial % self.memory ~= 0 then return end
  local first = self.serial - self.memory
  local kept = {}
  for id, serial in pairs(self.seen) do
    if serial >= first then kept[id] = serial end
  end
  self.seen = kept
  for serial in pairs(self.first_at) do
    if serial < first then self.first_at[serial] = nil end
  end
  while first < self.serial and not self.first_at[first] do first = first + 1 end
  self.oldest = self.first_at[first] or self.oldest
end

--- Drop every page and ask from `from` on, beginning `overlap` rows before it.
local function restart(self, from, overlap)
  self.pages = {}
  self.from = from
  local page = make_page(self, from, nil, overlap, from)
  self.pages[1] = page
  self.from = page.upto
  return page
end

--- The head page shows no row that is known: rows have slipped past it. Returns the page that replaces it and all others.
---@param page apify.PagePlan
---@return apify.PagePlan
function Walk:reject(page)
  local from = page.from
  if page.scanned == 0 and page.total then from = math.min(from, page.total) end
  local again = restart(self, from, math.max(WIDE_OVERLAP, 2 * page.overlap))
  again.is_repeat = true
  return again
end

--- The head page was read to its end.
---@param page apify.PagePlan
---@return "next"|"end"|"reject" outcome   "reject": see there
function Walk:finish(page)
  if not page.is_anchored then return "reject" end
  local position = page.offset + page.scanned
  table.remove(self.pages, 1)
  forget(self)
  if page.scanned >= page.limit then
    if #self.pages == 0 then self.from = position end
    return "next"
  end
  local total = page.total
  if page.scanned == 0 and page.offset == 0 or not total or position >= total then
    self.pages, self.from, self.is_ended = {}, position, true
    return "end"
  end
  if page.fresh > 0 or not page.is_repeat then                   -- shorter than it should be: its gap comes next
    local gap = make_page(self, position, math.max(page.upto, position + 1), self.overlap, position)
    gap.is_repeat = true
    table.insert(self.pages, 1, gap)
    if #self.pages == 1 then self.from = gap.upto end
    return "next"
  end
  if #self.pages == 0 and page.upto >= total then
    self.from, self.is_ended = position, true
    return "end"
  end
  return "next"
end

--- The API gives no more than `limit` rows a page: plan with that from here on, and drop what was planned otherwise.
function Walk:shrink(limit)
  self.max_page, self.chunk = limit, math.min(self.chunk, limit)
  local page = self.pages[1]
  page.limit, page.upto = limit, page.offset + limit
  self.from = page.upto
  for i = #self.pages, 2, -1 do self.pages[i] = nil end
end

--- The head page broke off: the page that goes on after its last delivered row takes its place.
---@param page apify.PagePlan
---@return apify.PagePlan
function Walk:resume(page)
  local from = self:position()
  local again = make_page(self, from, math.max(page.upto, from + 1), math.max(page.overlap, self.overlap), from)
  again.is_repeat = page.is_repeat
  self.pages[1] = again
  if #self.pages == 1 then self.from = again.upto end
  return again
end

--- Go on at the end of a list that may have grown.
function Walk:reopen()
  self.is_ended = false
  self.overlap = math.max(self.overlap, WIDE_OVERLAP)
end

return walk
