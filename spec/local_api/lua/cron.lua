--- Cron expressions of five fields, or a name such as @daily: read, and the next time they mean, in UTC.
local cron = {}

local DAY_MS, MINUTE_MS = 86400000, 60000
local MAX_DAYS = 366 * 8                -- the 29th of February comes within that, around 2100 too

local ALIASES = {
  ["@yearly"] = "0 0 1 1 *", ["@annually"] = "0 0 1 1 *", ["@monthly"] = "0 0 1 * *", ["@weekly"] = "0 0 * * 0",
  ["@daily"] = "0 0 * * *", ["@hourly"] = "0 * * * *",
}

local function numbered(first, names)
  local numbers = {}
  for name in names:gmatch("%a+") do
    numbers[name], first = first, first + 1
  end
  return numbers
end

local FIELDS = {
  { name = "minute", min = 0, max = 59, names = {} },
  { name = "hour", min = 0, max = 23, names = {} },
  { name = "day", min = 1, max = 31, names = {} },
  { name = "month", min = 1, max = 12, names = numbered(1, "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC") },
  { name = "weekday", min = 0, max = 7, names = numbered(0, "SUN MON TUE WED THU FRI SAT") },
}

local function number_of(text, field)
  local number = field.names[text:upper()] or text:find("^%d+$") and tonumber(text)
  return number and number >= field.min and number <= field.max and number or nil
end

-- The bounds of "*", "5" or "1-5".
local function bounds(text, field)
  if text == "*" or text == "?" then return field.min, field.max end
  local first, last = text:match("^(%w+)%-(%w+)$")
  if not first then first, last = text, text end
  return number_of(first, field), number_of(last, field)
end

-- One of the parts between commas, such as "*/15"; false when it is wrong.
local function add_part(set, part, field)
  local range, step = part:match("^(.-)/(%d+)$")
  local first, last = bounds(range or part, field)
  step = tonumber(step or 1)
  if not (first and last) or first > last or step == 0 then return false end
  if range and last == first then last = field.max end
  for number = first, last, step do set[number] = true end
  return true
end

local function read_field(text, field)
  local set = { is_any = text:sub(1, 1) == "*" or text == "?" }
  for part in (text .. ","):gmatch("([^,]*),") do
    if not add_part(set, part, field) then return nil end
  end
  if field.name == "weekday" and set[7] then set[0] = true end
  return set
end

--- What an expression says; nil when it is none.
---@param text any
---@return table<string, table>?
function cron.parse(text)
  if type(text) ~= "string" then return nil end
  local parts, read = {}, {}
  for part in (ALIASES[text] or text):gmatch("%S+") do parts[#parts + 1] = part end
  if #parts ~= #FIELDS then return nil end
  for i, field in ipairs(FIELDS) do
    read[field.name] = read_field(parts[i], field)
    if not read[field.name] then return nil end
  end
  return read
end

-- Where both days of the month and of the week are told, either will do.
local function is_on(read, day)
  local date = os.date("!*t", day * (DAY_MS / 1000))
  if not read.month[date.month] then return false end
  local is_day, is_weekday = read.day[date.day], read.weekday[date.wday - 1]
  if read.day.is_any or read.weekday.is_any then return is_day and is_weekday end
  return is_day or is_weekday
end

--- The first time after `ms` that is meant, in milliseconds; nil when there is none.
---@param read table
---@param ms integer
---@return integer?
function cron.next(read, ms)
  local minute = math.floor(ms / MINUTE_MS) + 1
  local first_day = math.floor(minute / 1440)
  for day = first_day, first_day + MAX_DAYS do
    for of_day = is_on(read, day) and (day == first_day and minute % 1440 or 0) or 1440, 1439 do
      if read.hour[math.floor(of_day / 60)] and read.minute[of_day % 60] then return day * DAY_MS + of_day * MINUTE_MS end
    end
  end
end

return cron
