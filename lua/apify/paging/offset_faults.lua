--- Servers that do not follow `offset`: how their answers give them away, so that a list ends and no row comes twice.
local core = require "apify.core"

local offset_faults = {}

local MAX_AGAIN = 3                      -- times that the same page may come, before the list is known not to go on

--- Is the answer of another place of the list than was asked for? Returns why the list cannot be read any further.
---@param page apify.OpenPage
---@return string?
function offset_faults.misplacement(page)
  local told = page.told_offset
  if not (told and page.offset) or page.is_placed then return nil end
  return ("the server does not follow `offset`: it was asked for %d, and gave %d"):format(page.offset, told)
end

--- The text of the first row, by which an answer that says nothing of its place may be known again; nil where there is none, or
--- the plan knows rows better.
local function first_text(plan, row)
  local key = plan.known_by[1]
  if key and type(row) == "table" and row[key] ~= nil then return nil end
  local is_encoded, text = pcall(core.encode, row, { sort_keys = true })
  return is_encoded and text or nil
end

--- The first row of an answer has come: is it the answer before once more, though it was asked for at a lower offset?
--- "end": and that had all rows there are: it said nothing of pages, or had fewer rows than were asked for, or as many as the total says.
--- Or why the list cannot be read any further.
---@param plan apify.Plan
---@param page apify.OpenPage
---@param row any
---@return string?
function offset_faults.repetition(plan, page, row)
  if page.is_placed or not page.offset then
    plan.answer_before = nil
    return nil
  end
  local before, text = plan.answer_before, first_text(plan, row)
  plan.answer_before = { page = page, text = text }
  if page.is_told and page.offset < (plan.total or 0) then return nil end         -- it may be; its total ends it
  if not (before and text) or before.text ~= text or before.page.offset >= page.offset then return nil end
  local is_total = before.page.offset == 0 and page.offset == plan.total
  local is_bare = plan.is_plain and not (page.is_told or before.page.is_told)
  if is_total or is_bare or before.page.scanned < (before.page.limit or math.huge) then return "end" end
  return ("the server does not follow `offset`: what it gave for %d it gives for %d again"):format(before.page.offset, page.offset)
end

--- Does the list not go on behind this page, which ends at `position`? Then each page brings nothing new, and begins with the row that
--- the page before it began with. Only answers that do not say where they are can be of another place than was asked for; and a list
--- that moves once may look like that once.
---@param plan apify.OffsetPlan
---@param page apify.OffsetPage
---@param position integer
---@return boolean
function offset_faults.is_stuck(plan, page, position)
  local before = plan.page_before
  local is_again = before ~= nil and page.fresh == 0 and page.first_id ~= nil and page.first_id == before.first_id
    and page.offset > before.offset and page.total == before.total and not page.is_placed
  local times = is_again and before.times + 1 or 0
  plan.page_before = { first_id = page.first_id, offset = page.offset, total = page.total, times = times }
  return times >= MAX_AGAIN or times > 0 and page.total ~= nil and position >= page.total
end

--- Note what the head page says of whether the server follows `offset`. Until something does (a total, a place, or new rows behind the
--- first page), the rows from `doubt_from` to `doubt_upto` may come again whatever is asked for.
---@param plan apify.OffsetPlan
---@param page apify.OffsetPage
function offset_faults.note_doubt(plan, page)
  local from = plan.doubt_from
  if not from then return end
  if page.offset == from then plan.doubt_upto = plan:position() end
  if plan.total or page.is_placed or page.offset > from and page.fresh > 0 then plan.doubt_from = nil end
end

--- Does nothing of a page's answer say that the server follows `offset`? Then what broke off may come again from its beginning.
---@param page apify.OffsetPage
---@return boolean
function offset_faults.is_doubtful(page)
  return (page.fresh > 0 or page.is_again == true) and page.total == nil and not page.is_placed
end

--- Has each row been delivered that the total counts? Then it is no loss that the list does not go on. Who began in the middle of the
--- list cannot know that.
---@param plan apify.OffsetPlan
---@param page apify.OffsetPage
---@return boolean
function offset_faults.is_all(plan, page)
  return page.total ~= nil and plan.base == 0 and plan.delivered >= page.total
end

--- More known rows than a page asks for, and nothing new: the API gives the same rows whatever the offset is.
---@param page apify.OffsetPage
---@return boolean
function offset_faults.is_ignored(page)
  return not page.total and page.fresh == 0 and page.scanned > page.overlap
end

--- Does an answer say nothing of offsets? Then the list has one page, unless it goes on by cursors, or its rows have ids, by which
--- they are known when they come again.
---@param envelope table
---@return boolean
function offset_faults.is_without_offset(envelope)
  return next(envelope) ~= nil and envelope.total == nil and envelope.offset == nil
end

--- The cursor that an answer tells: the field with it, the parameter that carries it, and itself. `nextCursor` is sent as `cursor`.
---@param envelope table
---@return string? field
---@return string? parameter
---@return string? cursor
function offset_faults.cursor(envelope)
  for field, value in pairs(envelope) do
    local initial, rest = field:match "^next(%u)(.*)$"
    if initial and type(value) == "string" and value ~= "" then return field, initial:lower() .. rest, value end
  end
end

return offset_faults
