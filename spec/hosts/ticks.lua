--- How late a host's own 5 ms timer is. What the machine is to blame for is told apart: the time for which this process was
--- ready to go on and others had the processor, and the time for which the machine itself did not run, as Linux counts them.
local core = require "apify.core"

local ticks = {}

local INTERVAL = 0.005
local WORTH_TELLING = 0.005              -- a tick that is later than this is told by itself
local STEAL_UNIT = 0.01                  -- seconds in which Linux tells how long a virtual machine did not run

---@class hosts.Ticks
---@field at number when the last one came
---@field lost number as it was then
---@field before number as it was at the tick before that
---@field latest? { from: number, to: number, late: number, lost: number } the last tick, if it was late
---@field words string[] what there is to tell
local Ticks = {}
Ticks.__index = Ticks

local function first_line(path)
  local file = io.open(path)
  local line = file and file:read "*l" or ""
  if file then file:close() end
  return line
end

-- Seconds that the machine has taken from this process so far; 0 where that is not told.
local function lost()
  local nanoseconds = first_line "/proc/self/schedstat":match "^%d+ (%d+)"
  local stolen = first_line "/proc/stat":match("^cpu" .. (" +%d+"):rep(7) .. " +(%d+)")
  return (tonumber(nanoseconds) or 0) / 1e9 + (tonumber(stolen) or 0) * STEAL_UNIT
end

--- Begin to count: the first tick is due in 5 ms.
---@return hosts.Ticks
function ticks.new()
  local now = lost()
  return setmetatable({ at = core.now(), lost = now, before = now, words = { "late" } }, Ticks)
end

-- Tell of the last tick: what was lost in it is known for certain by now.
function Ticks:settle()
  local latest = self.latest
  if not latest then return end
  local own = latest.late - (self.lost - latest.lost)
  self.words[#self.words + 1] = ("%.4f:%.4f:%.1f:%.1f"):format(latest.from, latest.to, latest.late * 1000, own * 1000)
  self.latest = nil
end

--- The timer has come.
function Ticks:tick()
  local at = core.now()
  self.before, self.lost = self.lost, lost()
  self:settle()
  local late = at - self.at - INTERVAL
  if late > WORTH_TELLING then self.latest = { from = self.at, to = at, late = late, lost = self.before } end
  self.at = at
end

--- The ticks that were late, as words: from when to when there was none, and the milliseconds of lateness, in all and without the
--- machine's part. A tick that has not come yet is late too.
---@return string
function Ticks:tell()
  self:tick()
  self:settle()
  return table.concat(self.words, " ")
end

--- What `tell` told.
---@param line string
---@return { from: number, to: number, all: number, own: number }[] late
function ticks.read(line)
  assert(line:find "^late", line)
  local late = {}
  for from, to, all, own in line:gmatch "(%S+):(%S+):(%S+):(%S+)" do
    late[#late + 1] = { from = tonumber(from), to = tonumber(to), all = tonumber(all), own = tonumber(own) }
  end
  return late
end

--- The largest lateness in milliseconds, less what another program that did nothing was late at the same time.
---@param late table[] as `read` gives it
---@param control table[]
---@return number
function ticks.worst(late, control)
  local worst = 0
  for _, one in ipairs(late) do
    local excuse = 0
    for _, other in ipairs(control) do
      if other.from < one.to and other.to > one.from then excuse = math.max(excuse, other.all) end
    end
    worst = math.max(worst, math.min(one.own, one.all - excuse))
  end
  return worst
end

return ticks
