--- Which pages of a cursor list to ask for, and which of their rows to deliver: policy without any I/O.
---
--- Each page says where the next one begins, so that there is one at a time, and only a page that does not say is the last,
--- however empty the others are. One that broke off is asked for again, without the rows of it that were delivered.
local core = require "apify.core"

---@class apify.CursorPage : apify.PlannedPage
---@field cursor? string
---@field limit integer
---@field skip integer rows at its start that were delivered, as far as they have no name

---@class apify.CursorPlan : apify.Plan
---@field pages apify.CursorPage[] one at most
---@field private given table<string, true> names of the rows delivered from the cursor on
---@field private owed table<string, true> names of rows that were delivered, and come again
---@field private taken integer rows without a name that were delivered from the cursor on
local CursorPlan = {}
CursorPlan.__index = CursorPlan

local cursor_plan = {}

---@class apify.CursorPlanOptions
---@field parameter string that carries the cursor
---@field next_field string of the answer, with the cursor of the next page
---@field key_field string by which a row is known
---@field cursor? string where to begin
---@field limit? integer rows in all
---@field chunk_size integer rows a page
---@field resume? apify.CursorMark
---@field is_found? boolean an answer has told of the cursor, so that a mark has to

---@class apify.CursorMark
---@field cursor? string
---@field given string[]
---@field is_ended? boolean
---@field next_field? string
---@field parameter? string
---@field taken? integer

--- Begin there.
local function restore(self, mark)
  self.cursor, self.is_ended, self.given, self.owed = mark.cursor, mark.is_ended or false, {}, {}
  self.taken = mark.taken or 0
  for _, name in ipairs(mark.given) do self.owed[name] = true end
end

---@param o apify.CursorPlanOptions
---@return apify.CursorPlan
function cursor_plan.new(o)
  local self = setmetatable({
    known_by = { o.key_field }, parameter = o.parameter, next_field = o.next_field, key_field = o.key_field,
    is_found = o.is_found, pages = {}, chunk = o.chunk_size, limit_left = o.limit, steps = 0, lap = 1,
  }, CursorPlan)
  restore(self, o.resume or { cursor = o.cursor, given = {} })
  return self
end

--- The page at the cursor; its delivered rows are not delivered again.
local function open_page(self)
  local limit = math.max(1, math.min(self.chunk, self.limit_left or math.huge))
  if next(self.owed) or self.taken > 0 then limit = self.chunk end     -- what was delivered comes once more
  self.pages[1] = { cursor = self.cursor, limit = limit, skip = self.taken, scanned = 0, fresh = 0, is_anchored = true }
  return self.pages[1]
end

--- The next page to ask for; nil while there is one.
---@return apify.CursorPage?
function CursorPlan:next_page()
  if self.is_ended or #self.pages > 0 or self.limit_left == 0 then return nil end
  return open_page(self)
end

function CursorPlan:add_query(page, query)
  if page.cursor then query[#query + 1] = { self.parameter, page.cursor } end
  query[#query + 1] = { "limit", ("%d"):format(page.limit) }
end

--- Such lists have no total.
function CursorPlan.note_total() end

--- The rows whose names are new.
---@return table
function CursorPlan:usual()
  return { key = self.key_field, new_keys = self.given, old_keys = self.owed }
end

function CursorPlan.count_usual() end

--- Look at the next row.
---@param page apify.CursorPage
---@param row any
---@return "deliver"|"skip"
function CursorPlan:take(page, row)
  local scanned = page.scanned + 1
  local is_known
  local name = type(row) == "table" and row[self.key_field]
  if name then
    is_known = self.given[name] or self.owed[name]
    self.given[name] = true                              -- first, as it may fail
    if self.owed[name] then self.owed[name] = nil end    -- LuaJIT makes room even for a nil
  else
    is_known = scanned <= page.skip
    if not is_known then self.taken = self.taken + 1 end
  end
  page.scanned = scanned
  if is_known then return "skip" end
  page.fresh = page.fresh + 1
  if self.limit_left then self.limit_left = self.limit_left - 1 end
  return "deliver"
end

--- The list has come to this cursor. One is kept, and another each time twice as many steps are done: in a cycle of any length it is
--- met again (Brent's algorithm).
local function count_step(self, cursor)
  self.steps = self.steps + 1
  if self.steps == self.lap then self.landmark, self.steps, self.lap = cursor, 0, 2 * self.lap end
end

--- Why the list does not go on with this cursor; nil if it does.
local function flaw(self, cursor, page)
  if type(cursor) ~= "string" then return ("the cursor of the next page is a %s"):format(type(cursor)) end
  if cursor == page.cursor then return "the list does not go on: the next page has the cursor of this one" end
  if cursor == self.landmark then return "the list does not end: the next page has a cursor that came before" end
end

--- The page was read to its end.
---@param page apify.CursorPage
---@param envelope table
---@return "next"|"end"
---@return string? why the list cannot be read any further
function CursorPlan:finish(page, envelope)
  local cursor, why = envelope[self.next_field], nil
  local is_last = cursor == nil or cursor == "" or cursor == core.null
  if not is_last then
    why = flaw(self, cursor, page)
  elseif envelope.isTruncated == true then
    why = ("the answer says that there are more rows, and has no %s"):format(self.next_field)
  end
  if why then return "end", why end
  if is_last then
    self:stop()
    return "end"
  end
  self.cursor = cursor
  self.pages, self.given, self.taken = {}, {}, 0
  count_step(self, cursor)                               -- last
  return "next"
end

function CursorPlan:stop()
  self.pages, self.is_ended = {}, true
end

--- The cursor comes behind the rows: a page is complete when its answer is.
function CursorPlan.is_complete() return false end

--- The API gives fewer rows a page than were asked for: that changes nothing.
function CursorPlan.shrink() end

function CursorPlan:go_back(page)
  restore(self, page.start.mark)
  self.pages, self.limit_left = {}, page.start.limit_left
end

--- The page broke off: it is asked for again.
---@return apify.CursorPage
function CursorPlan:go_on()
  for name in pairs(self.given) do self.owed[name] = true end
  self.given = {}
  return open_page(self)
end

--- Look again at the last page, which may have grown.
function CursorPlan:reopen()
  self.is_ended = false
end

--- A cursor has no number.
function CursorPlan.position() return nil end

function CursorPlan:mark()
  local given = {}
  for _, set in ipairs { self.given, self.owed } do
    for name in pairs(set) do given[#given + 1] = name end
  end
  table.sort(given)
  return {
    kind = "cursor", cursor = self.cursor, given = core.array(given), is_ended = self.is_ended or nil, taken = self.taken > 0 and self.taken or nil,
    next_field = self.is_found and self.next_field or nil, parameter = self.is_found and self.parameter or nil,
  }
end

return cursor_plan
