--- A run as one line of a table.
local apify = require "apify"

local function clock(secs)
  local h, m, s = math.floor(secs / 3600), math.floor(secs / 60) % 60, math.floor(secs) % 60
  return h > 0 and ("%d:%02d:%02d"):format(h, m, s) or ("%d:%02d"):format(m, s)
end

--- In local time, with its zone.
local function started(run)
  local at = apify.time(run.startedAt)
  return at and os.date("%Y-%m-%d %H:%M:%S %z", math.floor(at))
end

local function duration(run)
  local from = run.status ~= "READY" and apify.time(run.startedAt)
  if not from then return end
  local to = run.finishedAt and apify.time(run.finishedAt) or os.time()
  return clock(math.max(0, to - from))
end

local function cost(run)
  return run.usageTotalUsd and ("%.4f"):format(run.usageTotalUsd)
end

--- Title, width (negative: at the left), and the text of a run.
local COLUMNS = {
  { "STATUS", -10, function(run) return run.status end },
  { "STARTED", -25, started },
  { "DURATION", 9, duration },
  { "RUN", -17, function(run) return run.id end },
  { "ORIGIN", -11, function(run) return run.meta and run.meta.origin end },
  { "USD", 9, cost },
}
local ACTOR = { "ACTOR", -17, function(run) return run.actId end }       -- the last: not padded

local columns = {}

--- The fields of a run that are read here; nothing else of it has to be built.
columns.FIELDS = { "id", "status", "startedAt", "finishedAt", "meta", "usageTotalUsd", "actId" }

--- One line: of the titles, or of a run.
local function line(text_of, has_actor)
  local cells = {}
  for i, column in ipairs(COLUMNS) do cells[i] = ("%" .. column[2] .. "s"):format(text_of(column) or "-") end
  if has_actor then cells[#cells + 1] = text_of(ACTOR) end
  return table.concat(cells, "  ")
end

---@param has_actor boolean are they runs of several Actors?
---@return string
function columns.titles(has_actor)
  return line(function(column) return column[1] end, has_actor)
end

---@param run table
---@param has_actor boolean
---@return string
function columns.row(run, has_actor)
  return line(function(column) return column[3](run) end, has_actor)
end

return columns
