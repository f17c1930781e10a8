--- What the runs of an Actor do once they are started through the API: their statuses, messages, lines of the log and items,
--- all by the clock. Nothing of it is made before somebody asks for it.
local cjson = require "cjson.safe"
local clock = require "clock"
local log_texts = require "log_texts"
local options = require "options"
local run_items = require "run_items"
local statuses = require "statuses"
local store = require "store"

local behaviours = {}

local TIMING_OUT_MS = 100               -- how long a run takes to be TIMED-OUT once it is TIMING-OUT
local ENDLESS_MS = 1000                 -- over which a run that does not end spreads its lines and items

local DEFAULTS = {
  actor = "janedoe~my-actor",
  exit_code = false,                    -- of a run that comes to its own end; false: the usual one of its status
  fail_start = false,                   -- {status, type, message}: no run is started
  items = 3,
  log_lines = 5,
  messages = {},                        -- {seconds, text}: status messages
  output = false,                       -- any JSON value: the record OUTPUT of a run that succeeds
  schedule = { { 0, "READY" }, { 0.05, "RUNNING" }, { 0.3, "SUCCEEDED" } },
}
local FAIL_DEFAULTS = { message = "The start was refused.", status = options.required, type = options.required }

--- Steps of {seconds, status} as steps of {milliseconds, status}, later by some; raises a text when a status is not known.
---@param schedule table[]
---@param later_ms integer?
function behaviours.milliseconds(schedule, later_ms)
  local steps = {}
  for i, step in ipairs(schedule) do steps[i] = { math.floor(step[1] * 1000 + 0.5) + (later_ms or 0), statuses.check(step[2]) } end
  return steps
end

--- A behaviour, checked and completed.
---@param given table
---@return table behaviour
function behaviours.check(given)
  local wanted = options.check(given, DEFAULTS, "behaviour")
  if wanted.fail_start then wanted.fail_start = options.check(wanted.fail_start, FAIL_DEFAULTS, "fail_start") end
  wanted.steps = behaviours.milliseconds(wanted.schedule)
  return wanted
end

local usual = behaviours.check {}

--- What runs of the Actor do.
function behaviours.of(actor)
  return actor.behaviour or usual
end

--- When a run or a build is first RUNNING and when it ends, in milliseconds after the first step.
function behaviours.running_time(steps)
  local first, last = steps[1][1], nil
  for i = #steps, 1, -1 do
    if steps[i][2] == "RUNNING" then first = steps[i][1] end
    if statuses.is_terminal[steps[i][2]] then last = steps[i][1] end
  end
  return first, last or first + ENDLESS_MS
end

-- The steps of a run that may go on for so long only; nil: without a limit.
local function limited(steps, limit_ms)
  local kept = {}
  for i, step in ipairs(steps) do
    if i > 1 and limit_ms and step[1] > limit_ms then break end
    kept[i] = step
  end
  if limit_ms and not statuses.is_terminal[kept[#kept][2]] then
    kept[#kept + 1], kept[#kept + 2] = { limit_ms, "TIMING-OUT" }, { limit_ms + TIMING_OUT_MS, "TIMED-OUT" }
  end
  return kept
end

local function shifted(steps, by_ms)
  local result = {}
  for i, step in ipairs(steps) do result[i] = { step[1] + by_ms, step[2] } end
  return result
end

-- The steps from the first RUNNING on, as if they began with it.
local function steps_again(steps)
  local kept, first = {}, behaviours.running_time(steps)
  for _, step in ipairs(steps) do
    if step[1] >= first then kept[#kept + 1] = step end
  end
  return shifted(kept, -first)
end

local function begin_log(run, behaviour, started, ended)
  local before = run.log and log_texts.all(run.log) or run.finished and log_texts.all(log_texts.usual(run)) or {}
  run.log = log_texts.spread {
    before = before, lines = behaviour.log_lines, started = started, ended = ended,
    line = function(number, ms) return ("%s run %s line %d\n"):format(clock.iso(math.floor(ms)), run.id, number) end,
  }
end

--- Let a run behave so from `now` on. A run that is resurrected is not READY again; its log and its dataset go on.
---@param run local_api.Run with options
---@param behaviour table
---@param now integer milliseconds
---@param is_again boolean? whether the run is resurrected
function behaviours.begin(run, behaviour, now, is_again)
  local steps = is_again and steps_again(behaviour.steps) or behaviour.steps
  local first, last = behaviours.running_time(steps)
  begin_log(run, behaviour, now + first, now + last)
  run_items.begin(run, behaviour.items, now + first, now + last)
  run.behaviour, run.behaves_since = behaviour, now
  run.output = behaviour.output and cjson.encode(behaviour.output) or nil
  local limit_ms = run.options.timeout > 0 and run.options.timeout * 1000 or nil
  store.set_schedule(run, shifted(limited(steps, limit_ms), now - run.started))
end

return behaviours
