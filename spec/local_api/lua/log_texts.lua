--- What is in a run's log, and since when: a text, or lines that appear by the clock.
local clock = require "clock"

local log_texts = {}

local FIRST_LINE_AT = clock.parse("2025-09-01T12:00:00.000Z")
local LINE_MS = 5
local ROUNDING = 1e-6                   -- the last line is due when the time is over, not a moment later
local LONG_LINE, LONG_BYTES = 13, 70000 -- one line is longer than any buffer
local UTF8_EVERY, ANSI_EVERY = 4, 5
local UTF8_TEXT = " příliš žluťoučký kůň 日本語 😀"
local ANSI_BEGIN, ANSI_END = "\27[1;31mERROR\27[39;49m ", "\27[0m"
local ANSI_PATTERN = "\27%[[%d;?]*%a"

--- One line of a log that grows; it ends with a newline. Line 13 is very long, each fourth is not plain ASCII.
---@param number integer from 1
---@param has_ansi boolean whether each fifth line is coloured
function log_texts.line(number, has_ansi)
  local text = ("line %d of the log"):format(number)
  if number == LONG_LINE then text = text .. " " .. ("long "):rep(LONG_BYTES / 5) end
  if number % UTF8_EVERY == 0 then text = text .. UTF8_TEXT end
  if has_ansi and number % ANSI_EVERY == 0 then text = ANSI_BEGIN .. text .. ANSI_END end
  return ("%s %s\n"):format(clock.iso(FIRST_LINE_AT + number * LINE_MS), text)
end

--- Without the codes that colour a terminal's text.
function log_texts.plain(text)
  return text:find("\27", 1, true) and text:gsub(ANSI_PATTERN, "") or text
end

---@class local_api.Log
---@field pieces string[]? what is there for good
---@field total integer pieces that there will be
---@field before string[]? of one that is spread over a run: the pieces from before
---@field line nil|fun(number: integer, ms: number): string of such a one: makes the other pieces

--- A log that is complete.
---@param pieces string[]
---@return local_api.Log
function log_texts.fixed(pieces)
  return { pieces = pieces, total = #pieces }
end

--- A log whose first lines are there at once, and the others one after each interval.
---@param options {lines: integer, first: integer, interval_secs: number, ansi: boolean}
---@return local_api.Log
function log_texts.growing(options)
  return {
    total = options.lines, first = options.first, interval_ms = math.max(options.interval_secs * 1000, 1),
    has_ansi = options.ansi, started = clock.now(),
  }
end

--- A log of a run: what was there before, and lines spread evenly from `started` to `ended`, each made by `line(number, ms)` of
--- its number and the time that it is due.
---@param options {before: string[], lines: integer, line: fun(number: integer, ms: number): string, started: number, ended: number}
---@return local_api.Log
function log_texts.spread(options)
  local first = #options.before
  return {
    total = first + options.lines, first = first, before = options.before, line = options.line, started = options.started,
    interval_ms = math.max((options.ended - options.started) / math.max(options.lines, 1), 0.01),
  }
end

local function due(log, ms)
  return log.first + math.max(0, math.floor((ms - log.started) / log.interval_ms + ROUNDING))
end

--- Nothing comes any more that was not due when the run ended; for logs that are spread over a run.
---@param log local_api.Log
---@param ended integer milliseconds
function log_texts.stop(log, ended)
  if log.line then log.total = math.min(log.total, due(log, ended)) end
end

--- All pieces that there are now.
function log_texts.all(log)
  local pieces = {}
  for i = 1, (log_texts.present(log)) do pieces[i] = log_texts.piece(log, i) end
  return pieces
end

--- How many pieces are there now, and the milliseconds to the next one.
---@param log local_api.Log
---@return integer count
---@return number ms
function log_texts.present(log)
  if log.pieces then return log.total, math.huge end
  local now = clock.now()
  local count, passed = due(log, now), now - log.started
  if count >= log.total then return log.total, math.huge end
  return count, math.max(1, log.interval_ms - passed % log.interval_ms)
end

--- A piece of a log, with its colours.
function log_texts.piece(log, number)
  if log.pieces then return log.pieces[number] end
  if log.line then return log.before[number] or log.line(number, log.started + (number - log.first) * log.interval_ms) end
  return log_texts.line(number, log.has_ansi)
end

local BEGINNING = {
  "ACTOR: Pulling Docker image of build from registry.", "ACTOR: Creating Docker container.", "ACTOR: Starting Docker container.",
  "\27[32mINFO\27[39m  System info {\"apifyVersion\":\"3.4.2\",\"nodeVersion\":\"v20.18.1\"}",
  "\27[32mINFO\27[39m  \27[33mPlaywrightCrawler:\27[39m Starting the crawler.", "Page: Příliš žluťoučký kůň – café 日本語",
}
local ENDS = {
  SUCCEEDED = "\27[32mINFO\27[39m  Finished! Total 12 requests: 12 succeeded, 0 failed.", FAILED = "\27[31mERROR\27[39m It broke.",
  ["TIMED-OUT"] = "ACTOR: The run was timed out.", ABORTED = "ACTOR: The run was aborted.",
}

--- The log that a run has by itself: complete, the same whenever it is asked for with the same status.
---@param run local_api.Run its status must be up to date
---@return local_api.Log
function log_texts.usual(run)
  local pieces = {}
  for i, text in ipairs(BEGINNING) do pieces[i] = ("%s %s\n"):format(clock.iso(run.started + i * 150), text) end
  local last = ENDS[run.status]
  if last then pieces[#pieces + 1] = ("%s %s\n"):format(clock.iso(run.finished or run.started), last) end
  return log_texts.fixed(pieces)
end

return log_texts
