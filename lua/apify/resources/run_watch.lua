--- Watching one run: what is new of it, as often as its status or its status message changes.
local answers = require "apify.http.answers"
local errors = require "apify.util.errors"
local drive = require "apify.http.drive"
local names = require "apify.util.names"
local request = require "apify.http.request"
local resource = require "apify.resources.base.resource"
local job_status = require "apify.resources.base.job_status"
local clock = require "apify.loop.clock"
local loop = require "apify.loop"

---@class apify.RunWatch
---@operator call: apify.Run?
---@field private path string of the run
---@field private query? { [1]: string, [2]: string }[] what chooses the run, until it is known
---@field private status? string as last told
---@field private message? string
---@field private look_at number when to look next
---@field private clock apify.Clock stands still between two steps, for the deadline
---@field private call? apify.Call of the look that is under way
local RunWatch = names.guard({}, "apify.RunWatch", {
  call = true, is_over = true, message = true, nulls = true, query = true, request_timeout = true, status = true,
})

local mt = { __index = RunWatch, __name = "apify.RunWatch" }

--- Wait until it is time to look. nil, or the error that ends the wait.
local function pause(self)
  while not self.is_over do
    local late = self.clock:lateness()
    if late then return request.describe(self.settings, { path = self.path }, late) end
    local secs = self.look_at - loop.now()
    if secs <= 0 then return nil end
    local fields = drive.park(self.settings, self.waiter, math.min(secs, self.clock:left()))
    if fields then return request.describe(self.settings, { path = self.path }, fields) end
  end
end

--- Ask for the run, no longer than the deadline allows, and until the watch is closed.
local function ask(self)
  local refused = drive.refusal(self.settings)
  if refused then return nil, refused end
  self.call = request.begin(self.settings, {
    path = self.path, query = self.query, nulls = self.nulls,
    request_timeout = math.min(self.request_timeout or self.settings.request_timeout, self.clock:left()),
  }, self.waiter, loop.now())
  local run, err = request.finish(self.call, answers.reader "run")
  self.call, self.look_at = nil, loop.now() + self.interval
  return run, err
end

--- The run as it is now, if that is news.
local function look(self)
  local run, err = ask(self)
  if self.is_over then return nil end                    -- closed meanwhile
  if err and err.not_found and not self.status and loop.now() - self.began_at < job_status.NOT_FOUND_GRACE then
    self.look_at = loop.now() + job_status.SHORTEST_PAUSE             -- the run was started a moment ago
    return nil
  end
  if not run then return nil, err end
  if self.query then self.path, self.query = resource.run_path(run.id), nil end
  if job_status.is_finished(run) then self.is_over = true end
  if run.status == self.status and run.statusMessage == self.message then return nil end
  self.status, self.message = run.status, run.statusMessage
  return run
end

--- The run when it has changed; nil once it has ended; nil and an error, after which `next` may be called again.
---@return apify.Run? run
---@return apify.Error? err
function RunWatch:next()
  errors.check_self(self, mt, "iterator:next")
  self.clock:enter()
  local run, err
  while not (self.is_over or run or err) do
    err = pause(self)
    if not err and not self.is_over then run, err = look(self) end
  end
  self.clock:leave()
  return run, err
end

--- Stop watching; whoever waits in `next` is given nil. Safe to call twice.
function RunWatch:close()
  errors.check_self(self, mt, "iterator:close")
  self.is_over = true
  loop.wake(self.waiter)
  if self.call then self.call:abort { kind = "closed", message = "the watch was closed" } end          -- last, as a hook may raise
end

mt.__close = RunWatch.close

function mt.__call(self)
  local run, err = self:next()
  if err then error(err, 0) end
  return run
end

function mt.__tostring(self)
  return ("apify.RunWatch: %s, %s"):format(self.path, self.status or "not begun")
end

local run_watch = {}

---@class apify.RunWatchOptions
---@field settings apify.Settings
---@field path string of the run, or of a last run
---@field query? { [1]: string, [2]: string }[] of a last run: what chooses it
---@field interval number seconds
---@field deadline? number seconds inside
---@field nulls? "omit"|"keep"
---@field request_timeout? number

--- A watch; nothing is sent before its first step.
---@param o apify.RunWatchOptions
---@return apify.RunWatch
function run_watch.new(o)
  local now = loop.now()
  return setmetatable({
    settings = o.settings, path = o.path, query = o.query, interval = o.interval,
    nulls = o.nulls, request_timeout = o.request_timeout,
    clock = clock.new(o.deadline), waiter = loop.waiter(), began_at = now, look_at = now,
  }, mt)
end

return run_watch
