--- dates.lua - ISO dates, HTTP dates and Retry-After, one in each input.
local dates = require "apify.util.dates"
local retry = require "apify.http.retry"

local NOW = 1750000000

--- A date that is read is written in one form, which reads as the same milliseconds; its parts can be seen in it.
local function check_iso(text)
  local secs, why = dates.time(text)
  if not secs then
    assert(type(why) == "string" and dates.normalize(text) == nil)
    return
  end
  local iso = dates.normalize(text)
  if not iso then return assert(secs < -62167219200 or secs >= 253402300799.9) end       -- a zone may lead out of the years that have four digits
  local again = assert(dates.time(iso))
  assert(math.abs(again - secs) <= 0.00054, "it is the same to a millisecond")
  assert(dates.normalize(iso) == iso and dates.normalize(again) == iso, "one form is its own")
  local day = text:match "^(%d%d%d%d%-%d%d%-%d%d)$"
  assert(not day or iso == day .. "T00:00:00.000Z")
  local whole = text:match "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:[0-5]%d%.%d%d%dZ$"
  assert(not whole or iso == whole)
end

local function check_retry(text)
  local wait = retry.after(text, NOW)
  assert(wait == nil or wait >= 0 and wait == wait)
  local secs = text:match "^%s*(%d+)%s*$"
  assert(not secs or wait == tonumber(secs))
end

return function(text)
  check_iso(text)
  check_retry(text)
end
