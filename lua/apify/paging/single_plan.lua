--- The rows of one answer that cannot be asked for again: policy without any I/O.

---@class apify.OnceWalk
---@field pages table[] the one page, until it was read
---@field is_ended boolean
local OnceWalk = { known_by = {}, is_once = true }
OnceWalk.__index = OnceWalk

local single_plan = {}

---@return apify.OnceWalk
function single_plan.new()
  return setmetatable({ pages = {}, is_ended = false, delivered = 0 }, OnceWalk)
end

--- The page, once.
function OnceWalk:plan()
  if self.is_planned then return nil end
  self.is_planned = true
  self.pages[1] = { scanned = 0, fresh = 0, starts_at = 0, is_anchored = true }
  return self.pages[1]
end

--- Its parameters are those of the call.
function OnceWalk.add_query() end

function OnceWalk:note_total(_, total)
  self.total = total
end

--- Every row is delivered.
---@return true
function OnceWalk:take_plain(page)
  page.scanned, page.fresh, self.delivered = page.scanned + 1, page.fresh + 1, self.delivered + 1
  return true
end

---@return "deliver"
function OnceWalk:take(page)
  self:take_plain(page)
  return "deliver"
end

--- That was all.
---@return "end"
function OnceWalk:finish()
  self:stop()
  return "end"
end

--- It is not asked for again.
function OnceWalk:stop()
  self.pages, self.is_ended = {}, true
end

function OnceWalk.is_complete() return false end

function OnceWalk.shrink() end

function OnceWalk:position()
  return self.delivered
end

return single_plan
