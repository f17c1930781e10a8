--- The iterator that `iterate` returns: rows, pages or all of them, how far it has come, and how to go on later.
local bookmark = require "apify.paging.bookmark"
local errors = require "apify.util.errors"
local names = require "apify.util.names"
local reader = require "apify.paging.reader"
local core = require "apify.core"

local take = core.take

---@class apify.Iterator
---@operator call: any
---@field private reader apify.Reader
---@field private before? table where it was before what is gathered
---@field private gathered? apify.Page of `pages`, not ended
---@field private due_error? apify.Error of `pages`, to be told after the rows before it
---@field private in_hand any of `pages`: the row that is about to be gathered, or NONE
local Iterator = names.guard({}, "apify.Iterator", { before = true, due_error = true, gathered = true })

local NONE = {}

local iterator_mt = { __index = Iterator, __name = "apify.Iterator" }

--- Rows so far, also those of the iterations whose bookmarks led here.
local function delivered(self)
  self.reader:count()
  return self.reader.delivered + (self.reader.before or 0)
end

--- What a bookmark says; nil if there can be none.
local function place(self)
  local r = self.reader
  r:count()
  return r.plan.mark and {
    path = r.path, query = r.query, limit_left = r.plan.limit_left, delivered = delivered(self), mark = r.plan:mark(), last = r.last,
  }
end

--- The next row, where the tap has none to give, or an odd one.
local function next_step(self, odd)
  local row, what, err
  repeat
    row, what, err = self.reader:step(odd)
    odd = nil
  until row ~= nil or what ~= "page"
  if row == nil then return nil, err end
  return row
end

--- The next row; nil at the end; nil and an error when it could not be had, after which `next` may be called again.
---@return any? row
---@return apify.Error? err
function Iterator:next()
  errors.check_self(self, iterator_mt, "iterator:next")
  local row, odd = take(self.reader.tap)
  if row ~= nil then return row end
  return next_step(self, odd)
end

function iterator_mt.__call(self)
  local row, odd = take(self.reader.tap)
  if row ~= nil then return row end
  local err
  row, err = next_step(self, odd)
  if err then error(err, 0) end
  return row
end

--- Put the row into the page that is being gathered.
local function gather(self, row)
  local plan, page = self.reader.plan, self.gathered
  if not page then
    local head = plan.pages[1]
    local limit = head.limit ~= math.huge and head.limit or nil           -- infinite: the answer has all there is
    page = names.page { items = {}, offset = head.starts_at, limit = limit, count = 0, desc = plan.desc }
    self.gathered = page
  end
  local count = page.count + 1
  page.items[count] = row                                -- first, as it may fail
  page.count = count
end

--- What was gathered, which is nil at the end.
local function give_page(self)
  local page = self.gathered
  if page then page.total = self.reader.plan.total end
  self.gathered = nil
  return page
end

--- A step of `pages`, which keeps its row in hand until it is gathered.
local function step_of_pages(self)
  if self.in_hand ~= NONE then return self.in_hand end
  local row, odd = take(self.reader.tap)
  local what, err
  if row == nil then row, what, err = self.reader:step(odd) end
  if row ~= nil then self.in_hand = row end
  return row, what, err
end

--- The next page that has rows; nil at the end; nil and an error. Rows before a failure are handed out first, as they count
--- as delivered; in a cancelled fiber they are left to whoever goes on.
local function next_page(self)
  local due = self.due_error
  self.due_error = nil
  if due then return nil, due end
  if not self.gathered then self.before = place(self) end
  while true do
    local row, what, err = step_of_pages(self)
    if row ~= nil then
      gather(self, row)
      self.in_hand = NONE
    elseif what == "error" then
      if not self.gathered or err.kind == "cancelled" then return nil, err end
      self.due_error = err
      return give_page(self)
    elseif self.gathered or what == "end" then
      return give_page(self)
    end
  end
end

--- Walk page by page instead of row by row: steps are { items, total, offset, limit, count, desc }, without the rows that
--- were delivered before. In a `for` it raises an apify.Error; leaving the loop stops what is in flight.
---@return fun(): apify.Page?
---@return nil
---@return nil
---@return apify.Iterator
function Iterator:pages()
  errors.check_self(self, iterator_mt, "iterator:pages")
  return function()
    local page, err = next_page(self)
    if err then error(err, 0) end
    return page
  end, nil, nil, self
end

--- All rows that are left, as a list; nil and an error, with the rows so far in `err.partial`.
---@return any[]?
---@return apify.Error? err
function Iterator:collect()
  errors.check_self(self, iterator_mt, "iterator:collect")
  local rows = {}
  while true do
    local row, err = self:next()
    if err then
      err.partial = rows
      return nil, err
    end
    if row == nil then return rows end
    rows[#rows + 1] = row
  end
end

---@class apify.Progress
---@field delivered integer rows so far, those before the bookmark included
---@field total? integer rows in the list, as the API last said
---@field offset integer where in the list the next row is expected
---@field pages_in_flight integer
---@field requests integer pages asked for, also again
---@field is_done boolean

--- How far it has come.
---@return apify.Progress
function Iterator:progress()
  errors.check_self(self, iterator_mt, "iterator:progress")
  local r = self.reader
  return {
    delivered = delivered(self), total = r.plan.total, offset = r.plan:position(),
    pages_in_flight = r:in_flight(), requests = r.requests, is_done = r:is_over(),
  }
end

--- A string with which `iterate { bookmark = s }` goes on behind the last delivered row, also in another process. It holds no token.
---@return string
function Iterator:bookmark()
  errors.check_self(self, iterator_mt, "iterator:bookmark")
  local at = self.gathered and self.before or place(self)
  if not at then errors.misuse "iterator:bookmark: what cannot be asked for again has no bookmark" end
  return bookmark.write(at)
end

--- Stop: what is in flight is aborted, and there are no more rows. Safe to call twice.
function Iterator:close()
  errors.check_self(self, iterator_mt, "iterator:close")
  self.reader:close()
end

iterator_mt.__close = Iterator.close

function iterator_mt.__tostring(self)
  return ("apify.Iterator: %s, %d rows delivered"):format(self.reader.path, delivered(self))
end

local iterator = {}

--- An iterator; nothing is sent before its first step.
---@param o apify.ReaderOptions
---@return apify.Iterator
function iterator.new(o)
  return setmetatable({ reader = reader.new(o), in_hand = NONE }, iterator_mt)
end

return iterator
