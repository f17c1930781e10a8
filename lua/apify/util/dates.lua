--- Dates of the API (ISO 8601, UTC) and seconds since 1970, without the local time zone of os.time.
local errors = require "apify.util.errors"

local dates = {}

local DAY = 86400
local FIRST_MS = -62167219200000       -- 0000-01-01T00:00:00.000Z: a year has four digits
local LAST_MS = 253402300799999        -- 9999-12-31T23:59:59.999Z

local MONTH_DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local function days_in_month(year, month)
  return month == 2 and is_leap(year) and 29 or MONTH_DAYS[month]
end

--- Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March here, so that the leap day ends one.
local function days_from_date(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local year_of_era = year - era * 400
  local day_of_year = math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return era * 146097 + year_of_era * 365 + math.floor(year_of_era / 4) - math.floor(year_of_era / 100)
    + day_of_year - 719468
end

--- The inverse of days_from_date: year, month, day.
local function date_from_days(days)
  days = days + 719468
  local era = math.floor(days / 146097)
  local day_of_era = days - era * 146097
  local year_of_era = math.floor((day_of_era - math.floor(day_of_era / 1460) + math.floor(day_of_era / 36524)
    - math.floor(day_of_era / 146096)) / 365)
  local day_of_year = day_of_era - 365 * year_of_era - math.floor(year_of_era / 4) + math.floor(year_of_era / 100)
  local shifted = math.floor((5 * day_of_year + 2) / 153)
  local month = (shifted + 2) % 12 + 1
  local year = year_of_era + era * 400 + (month <= 2 and 1 or 0)
  return year, month, day_of_year - math.floor((153 * shifted + 2) / 5) + 1
end

--- Days since 1970 of the three texts, or nil and why.
local function read_date(year, month, day)
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  if month < 1 or month > 12 then return nil, "no such month" end
  if day < 1 or day > days_in_month(year, month) then return nil, "no such day" end
  return days_from_date(year, month, day)
end

--- Seconds since midnight of the three texts, or nil and why. A leap second is the first second of the next minute.
local function read_clock(hour, minute, second)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  if hour > 23 or minute > 59 or second > 60 then return nil, "no such time of day" end
  return hour * 3600 + minute * 60 + second
end

--- Seconds east of UTC of `Z`, `+02:00` or `-0530`, or nil and why.
local function read_zone(text)
  if text == "Z" then return 0 end
  local sign, hour, minute = text:match "^([+-])(%d%d):?(%d%d)$"
  if not sign then return nil, "no time zone, such as Z or +02:00" end
  hour, minute = tonumber(hour), tonumber(minute)
  if hour > 23 or minute > 59 then return nil, "no such time zone" end
  return (sign == "-" and -1 or 1) * (hour * 3600 + minute * 60)
end

--- Split `.123` (or nothing) off the start: its digits (at least three) and the rest, or nil and why.
local function split_fraction(text)
  if text:sub(1, 1) ~= "." then return "000", text end
  local digits, rest = text:match "^%.(%d+)(.*)$"
  if not digits or #digits > 9 then return nil, "bad fraction of a second" end
  return digits .. ("0"):rep(3 - #digits), rest
end

--- Whole seconds and digits of a fraction as one number: milliseconds exactly, as near as can be beyond.
local function join_fraction(secs, digits)
  local finer = tonumber("0." .. digits:sub(4) .. "0") / 1000
  return (secs * 1000 + tonumber(digits:sub(1, 3))) / 1000 + finer
end

--- Seconds since midnight UTC of the part after the date (`T10:00:00.000Z`) and digits of a fraction, or nil and why.
local function read_time_of_day(text)
  if text == "" then return 0, "000" end
  local hour, minute, second, tail = text:match "^T(%d%d):(%d%d):(%d%d)(.*)$"
  if not hour then return nil, "not an ISO 8601 date" end
  local clock, why = read_clock(hour, minute, second)
  if not clock then return nil, why end
  local digits, zone = split_fraction(tail)
  if not digits then return nil, zone end
  local east, bad_zone = read_zone(zone)
  if not east then return nil, bad_zone end
  return clock - east, digits
end

--- Seconds since 1970 of a date such as `2025-09-01T12:00:00.000Z`, `2025-09-01T14:00:00+02:00` or `2025-09-01`.
---@param iso any
---@return number? secs with fraction; milliseconds are exact
---@return string? reason
function dates.time(iso)
  if type(iso) ~= "string" then return nil, "not a string" end
  local year, month, day, tail = iso:match "^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$"
  if not year then return nil, "not an ISO 8601 date" end
  local days, no_date = read_date(year, month, day)
  if not days then return nil, no_date end
  local clock, digits = read_time_of_day(tail)
  if not clock then return nil, digits end
  return join_fraction(days * DAY + clock, digits)
end

--- The ISO text of seconds since 1970, rounded to milliseconds, or nil outside the years 0000 to 9999.
local function to_iso(secs)
  local ms = math.floor(secs * 1000 + 0.5)
  if not (ms >= FIRST_MS and ms <= LAST_MS) then return nil end       -- NaN too
  local whole = math.floor(ms / 1000)
  local days = math.floor(whole / DAY)
  local clock = whole - days * DAY
  local year, month, day = date_from_days(days)
  return ("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ"):format(year, month, day, math.floor(clock / 3600),
    math.floor(clock / 60) % 60, clock % 60, ms - whole * 1000)
end

--- The one form in which the API is sent dates, from seconds since 1970 or an ISO date; nil for anything else.
---@param value any
---@return string?
function dates.normalize(value)
  local secs = type(value) == "number" and value or dates.time(value)
  return secs and to_iso(secs)
end

--- The date of seconds since 1970: ISO 8601, UTC, with milliseconds, such as `2025-09-01T12:00:00.000Z`.
---@param secs number
---@return string
function dates.date(secs)
  local iso = type(secs) == "number" and to_iso(secs)
  if not iso then
    errors.misuse("bad date: %s (expected seconds since 1970, in the years 0000 to 9999)", errors.show(secs))
  end
  return iso
end

return dates
