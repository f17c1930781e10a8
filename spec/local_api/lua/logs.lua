--- The log endpoint, at once or as a stream that follows the run, and the controls of logs.
local answers = require "answers"
local clock = require "clock"
local log_texts = require "log_texts"
local options = require "options"
local params = require "params"
local raw = require "raw"
local semaphore = require "ngx.semaphore"
local statuses = require "statuses"
local store = require "store"

local logs = { controls = {} }

local CONTENT_TYPE = "text/plain; charset=utf-8"
local LOOK_SECS = 0.05                  -- how long a stream may take to see that its run has ended
local SPLIT_SECS = 0.005                -- between the halves of a character
local SPLIT_EVERY = 8                   -- of the pieces of a stream; each that has a character of several bytes is cut in it

local streams = {}                      -- those that are open

-- The run's log; its status must be up to date.
local function log_of(run)
  if not run.log then return log_texts.usual(run) end
  if run.finished then log_texts.stop(run.log, run.finished) end
  return run.log
end

local function text_of(run, is_raw)
  local text = table.concat(log_texts.all(log_of(run)))
  return is_raw and text or log_texts.plain(text)
end

-- Send one piece at once; some in two halves with the border inside a character.
local function send_piece(number, text, write)
  local inside = number % SPLIT_EVERY == 0 and text:find("[\194-\244]")
  if not inside then return write(text, true) end
  write(text:sub(1, inside), true)
  ngx.sleep(SPLIT_SECS)
  return write(text:sub(inside + 1), true)
end

-- Send what is new; how much is sent now, and the milliseconds to the next piece.
local function send_new(stream, log, sent, write)
  local count, ms = log_texts.present(log)
  for number = sent + 1, count do
    local text = log_texts.piece(log, number)
    if not send_piece(number, stream.is_raw and text or log_texts.plain(text), write) then stream.is_ended = true end
    if stream.is_ended or stream.is_cut then return number, 0 end
  end
  return count, ms
end

-- Whether the run goes on; its log as it is for that status.
local function look_at(run)
  local is_known = not run.is_gone
  local is_going_on = is_known and not statuses.is_terminal[store.status(run, clock.now())]
  return is_going_on, log_of(run), is_known
end

local function follow(stream, run, write)
  local sent = 0
  write("", true)                       -- the headers, before there is anything to tell
  while true do
    local is_going_on, log, is_known = look_at(run)
    local ms
    sent, ms = send_new(stream, log, sent, write)
    if stream.is_cut then return raw.close() end
    if stream.is_ended or not is_known or not is_going_on and sent >= log.total then return end
    stream.bell:wait(math.min(ms / 1000, LOOK_SECS))
  end
end

local function stream_answer(run, is_raw, headers)
  local stream = { is_raw = is_raw, bell = semaphore.new() }
  return answers.stream(200, CONTENT_TYPE, function(write)
    streams[stream], ngx.ctx.log_stream = true, stream
    return follow(stream, run, write)
  end, headers)
end

--- The answer with the log of a run or a build.
function logs.get(request, run)
  store.status(run, clock.now())
  local is_raw, headers = params.flag(request.args, "raw"), {}
  if params.flag(request.args, "download") then
    headers["Content-Disposition"] = ('attachment; filename="%s.log"'):format(run.id)
  end
  if params.flag(request.args, "stream") then return stream_answer(run, is_raw, headers) end
  return answers.other(200, CONTENT_TYPE, text_of(run, is_raw), headers)
end

--- After a request has ended, however it did: its stream, if it had one, is no longer open.
function logs.finish(context)
  if context.log_stream then streams[context.log_stream] = nil end
end

local function find(id)
  return store.job(id) or error(("unknown run '%s'"):format(tostring(id)), 0)
end

--- The log of the run or the build is this text.
function logs.controls.set_log(given)
  local wanted = options.check(given, { run = options.required, text = options.required }, "set_log")
  find(wanted.run).log = log_texts.fixed(wanted.text == "" and {} or { wanted.text })
  return {}
end

local GROW_DEFAULTS = { ansi = true, first = 0, interval_secs = 0.02, lines = options.required, run = options.required }

--- The log of the run or the build begins anew and grows by the clock.
function logs.controls.grow_log(given)
  local wanted = options.check(given, GROW_DEFAULTS, "grow_log")
  find(wanted.run).log = log_texts.growing(wanted)
  return {}
end

-- Set a field of all open streams and wake them.
local function mark_all(field)
  local count = 0
  for stream in pairs(streams) do
    stream[field], count = true, count + 1
    stream.bell:post()
  end
  return { streams = count }
end

--- All streams that are open now break off.
function logs.controls.cut_logs()
  return mark_all("is_cut")
end

--- All streams that are open now end as if all had been said.
function logs.controls.end_logs()
  return mark_all("is_ended")
end

logs.routes = { { "", GET = logs.get } }

return logs
