--- Time: milliseconds since 1970 inside, ISO 8601 in UTC outside.
local clock = {}

local DAY_MS = 86400000
local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

--- The time now, not the event loop's cached one.
---@return integer ms
function clock.now()
  ngx.update_time()
  return math.floor(ngx.now() * 1000 + 0.5)
end

-- The date of each day since 1970 that was ever needed.
local days = setmetatable({}, {
  __index = function(cache, day)
    local text = os.date("!%Y-%m-%d", day * DAY_MS / 1000)
    cache[day] = text
    return text
  end,
})

---@param ms integer
---@return string iso for example 2019-11-30T07:34:24.202Z
function clock.iso(ms)
  local day = math.floor(ms / DAY_MS)
  local rest = ms - day * DAY_MS
  local secs = math.floor(rest / 1000)
  return string.format("%sT%02d:%02d:%02d.%03dZ", days[day], math.floor(secs / 3600), math.floor(secs / 60) % 60,
    secs % 60, rest % 1000)
end

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local function month_days(year, month)
  return month == 2 and is_leap(year) and 29 or MONTH_DAYS[month]
end

-- Days from 1970-01-01 to the given date of the Gregorian calendar; years begin in March, so that leap days come last.
local function days_since_epoch(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leap_days = math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400)
  return 365 * year + leap_days + math.floor((153 * (month - 3) + 2) / 5) + day - 1 - 719468
end

--- Milliseconds of a complete ISO 8601 date and time in UTC.
---@param text string
---@return integer? ms nil when it is anything else
function clock.parse(text)
  local year, month, day, hour, minute, second, rest =
    text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)(.*)$")
  if not year then return nil end
  local fraction, zone = rest:match("^%.(%d+)(.+)$")
  if (zone or rest) ~= "Z" and (zone or rest) ~= "+00:00" then return nil end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  if month < 1 or month > 12 or day < 1 or day > month_days(year, month) then return nil end
  if hour > 23 or minute > 59 or second > 59 then return nil end
  local ms = math.floor(tonumber("0." .. (fraction or "0")) * 1000 + 0.0001)
  return days_since_epoch(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + ms
end

return clock
