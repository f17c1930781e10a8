--- Which pages of a dataset to ask for, and which of their rows to deliver: policy without any I/O.
---
--- A dataset only grows at its end, so that a row is known by its position. As long as every stored item is one row of the answer,
--- one request may bring all of them, and what breaks off goes on behind the last row. Where the API skips, unwinds or
--- merges items, rows and positions are not the same: then pages have a fixed size, offsets advance by what a page scanned,
--- and one that broke off is asked for again as it was, without the rows of it that were delivered.

---@class apify.ItemPage : apify.PlannedPage
---@field offset integer of the first stored item
---@field limit? integer stored items; nil: all that follow
---@field skip integer rows at its front that were delivered before
---@field count? integer stored items that the API says it looked at
---@field told_limit? integer stored items that the API says it gives at most

---@class apify.ItemPlan : apify.Plan
---@field pages apify.ItemPage[]
---@field private from integer where the page behind those begins
---@field private chunk? integer
local ItemPlan = { known_by = {} }
ItemPlan.__index = ItemPlan

local item_plan = {}

---@class apify.ItemPlanOptions
---@field offset? integer
---@field limit? integer rows in all
---@field chunk_size? integer stored items a page; nil: one page for all, if rows and stored items are the same
---@field prefetch integer
---@field desc? boolean
---@field is_reshaped? boolean are rows and stored items different things?
---@field resume? { pos: integer, skip: integer, limit?: integer }

--- Begin there.
local function restore(self, mark)
  self.from, self.first_skip, self.first_limit = mark.pos, nil, nil
  if mark.skip > 0 then self.first_skip, self.first_limit = mark.skip, mark.limit end
end

---@param o apify.ItemPlanOptions
---@return apify.ItemPlan
function item_plan.new(o)
  local self = setmetatable({
    pages = {}, is_ended = false, prefetch = o.prefetch, desc = o.desc or false, is_reshaped = o.is_reshaped or false,
    chunk = o.chunk_size, limit_left = o.limit,
  }, ItemPlan)
  restore(self, o.resume or { pos = o.offset or 0, skip = 0 })
  return self
end

--- A page always asks for something: what the API makes of limit=0 is its own affair.
local function new_page(offset, limit, skip)
  limit = limit and math.max(limit, 1)
  return { offset = offset, limit = limit, skip = skip, scanned = 0, fresh = 0, starts_at = offset, is_anchored = true }
end

--- Stored items to ask for from `from` on; nil for all.
local function page_size(self, from)
  local size = self.chunk
  if self.limit_left and not self.is_reshaped then
    local head = self.pages[1] and self:position() or from
    size = math.min(size or math.huge, head + self.limit_left - from)
  end
  return size
end

--- The next page to ask for, put at the end of `pages`; nil when enough is under way.
--- Until its total is known the first page is alone, and so is one that brings all.
---@return apify.ItemPage?
function ItemPlan:next_page()
  local count = #self.pages
  if self.is_ended or count >= self.prefetch or self.limit_left == 0 then return nil end
  if count > 0 and not (self.chunk and self.total and self.from < self.total) then return nil end
  local size = self.first_limit or page_size(self, self.from)
  if size and size <= 0 then return nil end
  local page = new_page(self.from, size, self.first_skip or 0)
  self.first_skip, self.first_limit = nil, nil
  self.pages[count + 1] = page
  if size then self.from = page.offset + size end
  return page
end

function ItemPlan.add_query(_, page, query)
  query[#query + 1] = { "offset", ("%d"):format(page.offset) }
  if page.limit then query[#query + 1] = { "limit", ("%d"):format(page.limit) } end
end

--- The number of stored items; it may lag behind them.
function ItemPlan:note_total(_, total)
  self.total = total
end

--- Count a row as delivered.
local function accept(self, page)
  page.fresh = page.fresh + 1
  if self.limit_left then self.limit_left = self.limit_left - 1 end
end

--- All rows are delivered, behind those that were before.
---@return boolean
function ItemPlan.usual(_, page)
  return page.scanned >= page.skip
end

function ItemPlan.count_usual() end

--- Look at the next row of the head page.
---@param page apify.ItemPage
---@return "deliver"|"skip"
function ItemPlan:take(page)
  page.scanned = page.scanned + 1
  if page.scanned <= page.skip then return "skip" end
  accept(self, page)
  return "deliver"
end

--- The stored item at which the head page ended; nil when the API does not say.
local function end_of(self, page)
  if not self.is_reshaped then return page.offset + page.scanned end
  return page.count and page.offset + page.count
end

--- The head page was read to its end.
---@param page apify.ItemPage
---@return "next"|"end"
function ItemPlan:finish(page)
  local position = end_of(self, page)
  if not position then                                                 -- rows and total are all that tells whether there is more
    local is_behind_all = page.scanned == 0 and page.offset >= (self.total or 0)
    position = is_behind_all and page.offset or page.offset + page.limit
  end
  local stored = position - page.offset
  local is_short = stored < (page.limit or page.told_limit or math.huge)
  local is_at_total = not self.total and not page.limit or self.total and position >= self.total
  if stored == 0 or is_short and is_at_total then
    self:stop(position)
    return "end"
  end
  if #self.pages > 1 and is_short then
    self.pages[1] = new_page(position, page.limit - stored, 0)
    return "next"
  end
  table.remove(self.pages, 1)
  if #self.pages == 0 then self.from = position end
  return "next"
end

function ItemPlan:stop(offset)
  self.pages, self.from, self.is_ended = {}, offset or self.from, true
end

function ItemPlan:is_complete(page)
  return not self.is_reshaped and page.limit ~= nil and page.scanned >= page.limit
end

function ItemPlan.unbound(_, page)
  page.limit = nil
end

--- The API gives no more than `limit` items a page. The next page then begins where the head page will end, unless it was
--- asked for before that was known.
function ItemPlan:shrink(limit)
  if self.chunk then self.chunk = math.min(self.chunk, limit) end
  local page = self.pages[1]
  if #self.pages > 1 then return end
  page.limit = math.min(page.limit, limit)
  self.from = page.offset + page.limit
end

--- The head page broke off: the page that goes on behind its last delivered row takes its place.
---@param page apify.ItemPage
---@return apify.ItemPage
function ItemPlan:go_on(page)
  local again
  if self.is_reshaped then
    again = new_page(page.offset, page.limit, math.max(page.skip, page.scanned))
  else
    again = new_page(page.offset + page.scanned, page.limit and page.limit - page.scanned, 0)
  end
  self.pages[1] = again
  return again
end

function ItemPlan:go_back(page)
  self.pages, self.is_ended, self.total, self.limit_left = {}, false, nil, page.start.limit_left
  restore(self, page.start.mark)
end

function ItemPlan:reopen()
  self.is_ended = false
end

--- The stored item at which the next row is expected, or behind which it is where rows and items differ.
---@return integer
function ItemPlan:position()
  local page = self.pages[1]
  if not page then return self.from end
  return self.is_reshaped and page.offset or page.offset + page.scanned
end

function ItemPlan:mark()
  local page = self.pages[1]
  if not page or not self.is_reshaped then
    return { kind = "items", pos = self:position(), skip = self.first_skip or 0, limit = self.first_limit }
  end
  return { kind = "items", pos = page.offset, skip = math.max(page.skip, page.scanned), limit = page.limit }
end

return item_plan
