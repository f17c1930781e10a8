--- How the demo writes numbers, times and columns.
local text = {}

local MINUTE, HOUR, DAY = 60, 3600, 86400

--- 12345 as "12,345".
function text.thousands(n)
  local digits = ("%.0f"):format(n)
  return (digits:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", ""))
end

--- Bytes as "312 KB" or "3.4 MB".
function text.bytes(n)
  return n < 1e6 and ("%.0f KB"):format(n / 1e3) or ("%.1f MB"):format(n / 1e6)
end

--- Seconds as "4.2 s", "3:07" or "1:20:09".
function text.duration(secs)
  if secs < MINUTE then return ("%.1f s"):format(secs) end
  local hours, minutes, rest = math.floor(secs / HOUR), math.floor(secs % HOUR / MINUTE), math.floor(secs % MINUTE)
  if hours == 0 then return ("%d:%02d"):format(minutes, rest) end
  return ("%d:%02d:%02d"):format(hours, minutes, rest)
end

--- How long ago something was; the date of what is long past.
---@param secs number
---@param iso string its time
function text.ago(secs, iso)
  if secs < 1 then return "just now" end
  if secs < MINUTE then return ("%d s ago"):format(math.floor(secs)) end
  if secs < HOUR then return ("%d min ago"):format(math.floor(secs / MINUTE)) end
  if secs < DAY then return ("%d h ago"):format(math.floor(secs / HOUR)) end
  if secs < 2 * DAY then return "1 day ago" end
  if secs < 99 * DAY then return ("%d days ago"):format(math.floor(secs / DAY)) end
  return iso:sub(1, 10)
end

--- A value in a column of `width`, which is negative for one that is flush left, as in string.format.
function text.cell(value, width)
  return ("%" .. ("%d"):format(width) .. "s"):format(value)
end

return text
