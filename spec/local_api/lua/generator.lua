--- Makes finished runs in bulk, spread over time, the same for the same options.
local clock = require "clock"
local random = require "random"
local statuses = require "statuses"
local store = require "store"

local generator = {}

local FIRST_STARTED_AT = "2019-11-30T07:34:24.202Z"
local SPACING_SECS = 61.007
local MAX_DURATION_MS = 900000
local MIXTURE = {
  "SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "SUCCEEDED", "FAILED", "FAILED", "TIMED-OUT", "ABORTED",
}

generator.defaults = {
  actor = "janedoe~my-actor",
  count = 25,
  first_started_at = FIRST_STARTED_AT,
  seed = 1,
  spacing_secs = SPACING_SECS,
  statuses = MIXTURE,
  task = "janedoe~my-task",
  without_task_every = 3,               -- each third run was started without the task; 0: none
}

local function is_without_task(options, number)
  return not options.task or (options.without_task_every > 0 and number % options.without_task_every == 0)
end

--- Add finished runs; unfinished ones when `options.statuses` names such: those stay as they are.
---@param options table all of generator.defaults
---@return {count: integer, first_id: string?, last_id: string?}
function generator.seed(options)
  local r = random.new(options.seed)
  local actor, task = store.actor(options.actor), options.task and store.task(options.task)
  local first = assert(clock.parse(options.first_started_at), "first_started_at must be an ISO date and time")
  local first_id, last_id
  for number = 1, options.count do
    local started = math.floor(first + (number - 1) * options.spacing_secs * 1000 + 0.5)
    local status = statuses.check(options.statuses[r:below(#options.statuses)])
    local run = store.add_run {
      actor = actor, task = not is_without_task(options, number) and task or nil, started = started, status = status,
      finished = statuses.is_terminal[status] and started + r:below(MAX_DURATION_MS) or nil,
    }
    first_id, last_id = first_id or run.id, run.id
  end
  return { count = options.count, first_id = first_id, last_id = last_id }
end

return generator
