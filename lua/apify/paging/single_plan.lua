--- The rows of one answer that cannot be asked for again: policy without any I/O.

---@class apify.SinglePlan : apify.Plan
---@field pages apify.PlannedPage[] the one page, until it was read
local SinglePlan = { known_by = {}, is_once = true }
SinglePlan.__index = SinglePlan

local single_plan = {}

---@return apify.SinglePlan
function single_plan.new()
  return setmetatable({ pages = {}, is_ended = false, delivered = 0 }, SinglePlan)
end

--- The page, once.
function SinglePlan:next_page()
  if self.is_planned then return nil end
  self.is_planned = true
  self.pages[1] = { scanned = 0, fresh = 0, starts_at = 0, is_anchored = true }
  return self.pages[1]
end

--- Its parameters are those of the call.
function SinglePlan.add_query() end

function SinglePlan:note_total(_, total)
  self.total = total
end

--- Every row is delivered.
---@return true
function SinglePlan.usual() return true end

function SinglePlan.count_usual() end

---@return "deliver"
function SinglePlan.take(_, page)
  page.scanned, page.fresh = page.scanned + 1, page.fresh + 1
  return "deliver"
end

--- That was all.
---@return "end"
function SinglePlan:finish(page)
  self.delivered = page.scanned
  self:stop()
  return "end"
end

function SinglePlan:stop()
  self.pages, self.is_ended = {}, true
end

function SinglePlan.is_complete() return false end

function SinglePlan.shrink() end

function SinglePlan:position()
  return self.pages[1] and self.pages[1].scanned or self.delivered
end

return single_plan
