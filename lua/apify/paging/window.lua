--- What a reader asks for: keeps its requests in step with its plan, and changes the plan when an answer ends, breaks off or
--- proves to be wrong.
local offset_faults = require "apify.paging.offset_faults"
local pages = require "apify.paging.page"
local request = require "apify.http.request"
local tables = require "apify.util.tables"

local window = {}

local NOTHING = {}

--- An error with the path that it is about.
---@param self apify.Reader
---@return apify.Error
function window.describe(self, fields)
  return request.describe(self.settings, { method = self.request.method, path = self.path }, fields)
end

--- Ask for as many pages as the plan allows now.
function window.fill(self, now)
  local page = not self.settings.is_closed and self.plan:next_page()
  while page do
    pages.open(self, page, now)
    page.call:poke(now)
    page = self.plan:next_page()
  end
end

--- Let go of these pages. What a hook raises meanwhile costs nothing that the step has come to: `raise_kept` raises it later.
---@param list apify.OpenPage[]
function window.drop(self, list)
  local raised = tables.call_with_each(list, pages.close)
  self.kept = self.kept or raised
end

--- Raise what a hook has raised when pages were dropped.
function window.raise_kept(self)
  local kept = self.kept
  self.kept = nil
  if kept then error(kept[1], 0) end
end

--- Let `change` alter the plan, which is a matter of all or nothing; then let go of the pages that are not in it any more, and ask for those
--- that are new.
function window.replan(self, now, change, ...)
  local before, is_kept, dropped = tables.merge(self.plan.pages), {}, {}
  local result, why, onward = change(self.plan, ...)
  self.plan = onward or self.plan
  for _, kept in ipairs(self.plan.pages) do is_kept[kept] = true end
  for _, old in ipairs(before) do
    if not is_kept[old] then dropped[#dropped + 1] = old end
  end
  window.drop(self, dropped)
  for _, new in ipairs(self.plan.pages) do
    if not new.call then pages.open(self, new, now) end
  end
  return result, why
end

--- The list cannot be read any further.
function window.end_with(self, err)
  local open_pages = self.plan.pages
  self.dead_end = err
  self.plan:stop()
  window.drop(self, open_pages)
end

--- The head page broke off: go on behind its last delivered row. If it had delivered any, the attempts and the time
--- allowed for an answer are counted from here.
function window.go_on(self, page, err, now)
  local call = page.call
  local is_late = page.fresh == 0 and call:remaining(now) <= 0
  err.attempts = (page.fresh == 0 or self.plan.is_once) and call.attempts or 1
  call:report(err)
  pages.close(page)
  if self.plan.is_once then return window.end_with(self, err) end
  local again = self.plan:go_on(page)
  pages.open(self, again, now, { attempts = err.attempts, error = err, started_at = page.fresh == 0 and call.started_at or nil })
  if is_late then again.call:fail(err) end
end

--- The answer of the head page is damaged, and rows of it were delivered, of which any may be wrong: that is told, and the next step
--- goes back to the first of them. Returns the error.
function window.go_back(self, page, now, fields)
  local start = page.start
  if self.delivered > start.delivered then
    fields.in_doubt = { start.delivered + 1, self.delivered }
    fields.message = ("the answer is damaged (%s): the rows %d to %d of the iteration may be wrong%s"):format(fields.message,
      start.delivered + 1, self.delivered, self.plan.is_once and "" or ", and come again")
  end
  local err = page.call:describe(fields)
  page.call:report(err)
  self.releasing = false
  if self.plan.is_once then window.end_with(self, err) else window.replan(self, now, self.plan.go_back, page) end
  return err
end

--- The list has no more rows now. One that is followed is looked at again.
function window.note_end(self, now)
  if self.follow then self.poll_at, self.is_at_end = now + self.poll_secs, true end
end

--- What is told before the rows: how many there are, and whether the API gives fewer at once than were asked for.
--- False if the answer is not of the place that was asked for: then the list is over.
function window.read_envelope(self, page, row)
  pages.note_counts(self, page)
  if self.plan.note_row then self.plan:note_row(row) end
  local why = offset_faults.misplacement(page) or offset_faults.repetition(self.plan, page, row)
  if why == "end" then
    local now = self.clock:enter()
    window.replan(self, now, self.plan.stop, page.offset)
    window.note_end(self, now)
  elseif why then
    window.end_with(self, window.describe(self, { kind = "decode", message = why }))
  end
  if why then return false end
  local limit = page.told_limit
  if limit and page.limit and limit >= 1 and limit < page.limit then
    window.replan(self, self.clock:enter(), self.plan.shrink, limit)
  end
  return true
end

--- Tell the plan that the head page was read to its end. Did it count? If not, it is asked for again.
local function finish(self, page, envelope, now)
  local outcome, why = window.replan(self, now, self.plan.finish, page, envelope)
  if outcome == "reject" then
    window.replan(self, now, self.plan.reject, page)
    return false
  end
  why = why or page.scanned > 0 and offset_faults.misplacement(page)
  if why then window.end_with(self, window.describe(self, { kind = "decode", message = why })) end
  if outcome == "end" then window.note_end(self, now) end
  return true
end

--- The head page was read to its end. Did it count? If not, it is asked for again.
function window.finish_page(self, page, now)
  pages.note_counts(self, page)
  local envelope = page.xfer:envelope()                  -- the transfer may go when a hook closes the client
  if page.scanned > 0 then self.is_bare = next(envelope) == nil end
  page.call:report()
  if not finish(self, page, envelope, now) then return false end
  window.fill(self, now)
  return true
end

--- After a failure: ask anew for what is not in flight any more.
function window.revive(self, now)
  local head = self.plan.pages[1]
  local err = head and head.call and head.call.error
  if err and self.plan.is_once and (err.sent or err.status) then return window.end_with(self, err) end
  if err then pages.close(head) end
  if head and not head.call and head.is_anchored and self.plan:is_complete(head) then
    finish(self, head, NOTHING, now)
  elseif head and not head.call and head.scanned > 0 then
    self.plan:go_on(head)
  end
  for _, page in ipairs(self.plan.pages) do
    if not page.call then pages.open(self, page, now) end
  end
end

return window
