--- Starting runs of an Actor or a task: what the methods of both do.
local json = require "apify.util.json"
local clock = require "apify.loop.clock"
local core = require "apify.core"
local download = require "apify.resources.base.download"
local errors = require "apify.util.errors"
local fiber = require "apify.loop.fiber"
local log = require "apify.resources.log"
local single_plan = require "apify.paging.single_plan"
local iterator = require "apify.paging.iterator"
local resource = require "apify.resources.base.resource"
local job_status = require "apify.resources.base.job_status"
local bodies = require "apify.http.bodies"
local loop = require "apify.loop"
local job_wait = require "apify.resources.job_wait"
local tables = require "apify.util.tables"
local user_data = require "apify.resources.base.user_data"

local SYNC_STALL = 315                   -- seconds of silence: the API ends such a call after 300
local LOG_GRACE = 10                     -- seconds without a line before the log of a run that has ended is left


local run_start = {}

--- The limits of a run.
---@class apify.RunLimits
---@field build? string tag or number
---@field max_items? integer items that may be charged
---@field max_total_charge_usd? number
---@field memory? integer megabytes, a power of 2 from 128 up
---@field restart_on_error? boolean
---@field timeout? integer the run's own limit, in seconds

--- What all take that start a run.
---@class apify.RunInputOptions : apify.RunLimits, apify.TimeoutOptions
---@field content_type? string of an input that is a string; JSON when absent
---@field webhooks? apify.AdHocWebhook[] for this run alone

---@class apify.RunOptions : apify.RunInputOptions, apify.ObjectOptions

---@class apify.StartOptions : apify.RunOptions
---@field wait_for_finish? integer seconds that the API may hold its answer, 0 to 60

---@class apify.CallOptions : apify.RunOptions
---@field deadline? number seconds for the start and the waiting; kind "timeout" when they are over
---@field log? boolean|fun(line: string, run: apify.Run) true: to the standard error stream, with the Actor's name and the run's id
---@field wait_secs? number seconds; no limit when absent

---@class apify.RunSyncOptions : apify.RunOptions
---@field output_record_key? string "OUTPUT" when absent
---@field raw? boolean JSON as its text

--- The text of an input and its content type. A string is sent as it is, all else as JSON.
local function encode_input(settings, input, content_type, where, place)
  if type(input) == "string" then
    if not content_type then
      local _, why = core.decode(input)
      if why then errors.misuse("bad argument %d of %s: a string that is not JSON, without option 'content_type' (%s)", place, where, why) end
    end
    return input, content_type or bodies.JSON_TYPE
  end
  if content_type and not content_type:lower():find("json", 1, true) then
    errors.misuse("bad argument %d of %s: a %s (an input of the type %s has to be a string)", place, where, type(input),
      errors.escape(content_type, 60))
  end
  local text, message = json.encode(settings, input)
  if not text then errors.misuse("bad argument %d of %s: %s", place, where, message) end
  return text, content_type or bodies.JSON_TYPE
end

--- The fields of a request that sends the input.
---@param settings apify.Settings
---@param input any nil: none
---@param content_type? string
---@param where string for messages
---@param place? integer which argument of the method it is (1)
---@return { body?: string, headers?: string[] }
function run_start.input_fields(settings, input, content_type, where, place)
  if input == nil then return {} end
  local body, kind = encode_input(settings, input, content_type, where, place or 1)
  local packed, header = bodies.compress(body)
  return { body = packed, headers = { "Content-Type: " .. kind, header } }
end

--- Start a run, as the checked options say: nil, err with `sent` when its answer was lost, so that there may be one.
local function start(self, operation, o, input, where)
  local fields = run_start.input_fields(self.settings, input, o.content_type, where)
  fields.answer_name = "run"
  if o.deadline then fields.request_timeout = math.min(o.deadline, o.request_timeout or self.settings.request_timeout) end
  return resource.call(self, operation, o, nil, fields)
end

--- Start a run.
---@param self apify.Resource
---@param operation apify.Operation
---@param input any
---@param opts? apify.StartOptions
---@param where string for messages
---@return apify.Run? run
---@return apify.Error? err
function run_start.start(self, operation, input, opts, where)
  return start(self, operation, operation.check(opts, where), input, where)
end

local function to_stderr(line)
  io.stderr:write(line, "\n")
end

--- Give the lines of a run's log to a function, until it ends. true; nil and an error, of kind "io" if the function raised it.
local function pass_lines(settings, run, fn, progress)
  local began_at = loop.now()
  local prefix = fn == to_stderr and log.prefix_of(settings, run, settings.request_timeout) or nil
  local path = resource.run_path(run.id)
  local lines = resource.new(log.Log, settings, path .. "/log", nil, { query = {}, run_path = path }):lines { follow = true, prefix = prefix }
  while true do
    local line, err = lines:next()
    while err and err.not_found and progress.count == 0 and loop.now() - began_at < job_status.NOT_FOUND_GRACE do
      fiber.sleep(job_status.SHORTEST_PAUSE)                               -- the run was started a moment ago
      line, err = lines:next()
    end
    if not line then return err == nil, err end
    progress.is_inside, progress.count = true, progress.count + 1
    local ok, why = pcall(fn, line, run)
    progress.is_inside = false
    if not ok then
      lines:close()
      return nil, errors.of_user("the log function", why)
    end
  end
end

--- A fiber that passes the log on. If that fails, so does the waiting.
local function spawn_passing(settings, run, fn, waiting, progress)
  return fiber.spawn(function()
    local is_quiet, ok, err = pcall(pass_lines, settings, run, fn, progress)
    if is_quiet and ok then return true end
    waiting:cancel()
    if not is_quiet then error(ok, 0) end                -- of an on_attempt hook
    return nil, err
  end)
end

--- Wait for the rest of the log, as long as lines come or are being dealt with, and the call's time is not over.
local function wait_for_log(passing, progress, time)
  while true do
    local before = progress.count
    local ok, why = passing:wait(math.max(0, math.min(LOG_GRACE, time:left())))
    if passing:is_done() then return ok, why end
    if why.kind ~= "timeout" then return nil, why end                  -- the caller was cancelled
    local is_silent = progress.count == before and not progress.is_inside
    if is_silent or time:left() <= 0 then return true end
  end
end

--- Wait for the run while its log is passed on: the finished run; or nil, an error, and the run if it has finished.
local function wait_with_log(settings, run, path, o, limits, time)
  local waiting = fiber.spawn(job_wait.one, settings, "run", path, limits)
  local progress = { count = 0, is_inside = false }
  local passing = spawn_passing(settings, run, o.log == true and to_stderr or o.log, waiting, progress)
  local is_quiet, ended, err = pcall(waiting.wait, waiting)
  if not (is_quiet and ended) then
    waiting:cancel()                                     -- it is perhaps the caller that was cancelled
    local is_log_over, log_error = passing:is_done(), nil
    passing:cancel()
    if not is_quiet then error(ended, 0) end
    if is_log_over then log_error = select(2, passing:wait()) end
    return nil, log_error or err
  end
  local ok, why = wait_for_log(passing, progress, time)
  passing:cancel()
  if not ok then return nil, why, ended end
  return ended
end

--- Start a run and wait until it has ended.
---@param self apify.Resource
---@param operation apify.Operation
---@param input any
---@param opts? apify.CallOptions
---@param where string for messages
---@return apify.Run? run
---@return apify.Error? err
function run_start.call(self, operation, input, opts, where)
  local o = operation.check(opts, where)
  local time = clock.new(o.deadline)
  time:enter()
  local run, err = start(self, operation, o, input, where)
  if not run then return nil, err end
  local path, limits = resource.run_path(run.id), { wait_secs = o.wait_secs, nulls = o.nulls, request_timeout = o.request_timeout }
  if o.deadline then limits.deadline = math.max(0, time:left()) end
  local is_quiet, ended, why, last
  if o.log then
    is_quiet, ended, why, last = pcall(wait_with_log, self.settings, run, path, o, limits, time)
  else
    is_quiet, ended, why = pcall(job_wait.one, self.settings, "run", path, limits)
  end
  if not is_quiet then                                   -- a hook has raised
    if errors.is(ended) then ended.run = ended.run or run end
    error(ended, 0)
  end
  if ended then return ended end
  why.run = last or why.run or run
  return nil, why
end

--- The fields, and what a call needs that lasts as long as the run: its input and its limits of time.
local function with_sync_fields(self, fields, o, input, where, place)
  return tables.merge(fields, run_start.input_fields(self.settings, input, o.content_type, where, place), {
    hold_timeout = math.max(SYNC_STALL, self.settings.stall_timeout),
    request_timeout = o.request_timeout or math.max(SYNC_STALL, self.settings.request_timeout),
  })
end

--- Run it within one request: its output.
---@param self apify.Resource
---@param operation apify.Operation
---@param input any
---@param opts? table
---@param where string for messages
---@return apify.Record? output
---@return apify.Error? err
function run_start.record(self, operation, input, opts, where)
  local o, settings = operation.check(opts, where), self.settings
  local fields = with_sync_fields(self, user_data.fields(settings, o), o, input, where)
  return resource.call(self, operation, o, nil, fields, user_data.record(settings, o, o.output_record_key or "OUTPUT", true))
end

--- Run it within one request: a page of its items.
---@param self apify.Resource
---@param operation apify.Operation
---@param input any
---@param opts? table
---@param where string for messages
---@return apify.Page? page
---@return apify.Error? err
function run_start.items(self, operation, input, opts, where)
  local o, settings = operation.check(opts, where), self.settings
  local fields = with_sync_fields(self, user_data.fields(settings, o), o, input, where)
  return resource.call(self, operation, o, nil, fields, user_data.page(settings, o))
end

--- Run it within one request: its items in a format, into a sink. What has begun is not begun again.
---@param self apify.Resource
---@param operation apify.Operation
---@param format apify.DatasetFormat
---@param to any
---@param input any
---@param opts? table
---@param where string for messages
---@return true|string|nil
---@return apify.Error? err
function run_start.download(self, operation, format, to, input, opts, where)
  download.check_items(format, to, where)
  local o = operation.check(opts, where)
  o.format = format
  local value, err = download.run(self, operation, o, to, nil, with_sync_fields(self, { media = format }, o, input, where, 3))
  if value == nil then return nil, err end
  return value
end

--- Run it within one request, which the first step makes: its items one by one.
---@param self apify.Resource
---@param operation apify.Operation
---@param input any
---@param opts? table
---@param where string for messages
---@return apify.Iterator, nil, nil, apify.Iterator
function run_start.iterate(self, operation, input, opts, where)
  local o, settings = operation.check(opts, where), self.settings
  local all = user_data.row_options(settings, o, where)
  local req = resource.request(self, operation, o, nil, with_sync_fields(self, {}, o, input, where))
  all.settings, all.path, all.query, all.pick, all.plan = settings, req.path, req.query, o.pick, single_plan.new()
  all.http1, all.answer, all.request_timeout, all.deadline = true, "stream", req.request_timeout, o.deadline
  all.request = { method = req.method, body = req.body, headers = req.headers, hold_timeout = req.hold_timeout }
  local it = iterator.new(all)
  return it, nil, nil, it
end

return run_start
