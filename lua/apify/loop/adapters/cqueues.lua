--- The adapter to cqueues: a thread of its own pumps in each controller where something waits; the others are parked by conditions.
local condition = require "cqueues.condition"
local cqueues = require "cqueues"

local POLL_SECS = 0.01                    -- between looks at a core that has no descriptor

---@type apify.Loop
local adapter = { name = "cqueues" }

--- The thread that pumps in one controller.
---@class apify.CqueuesPump
---@field bell userdata condition that ends its wait
---@field at number until when it waits
---@field is_watching boolean does it watch the core's descriptor?
---@field waiting integer threads of the controller that are parked

local pumps = setmetatable({}, { __mode = "k" })           -- controller -> apify.CqueuesPump

function adapter.usable() return cqueues.running() ~= nil end

function adapter.check() return true end

--- The core, as cqueues.poll wants it.
local function pollable(core)
  return {
    pollfd = function() return core:fd() end,
    events = function() return "r" end,
    timeout = function() end,
  }
end

--- Other controllers have pumps of their own, if they still go on.
local function wants_core(self, host)
  return (self.waiting > 0 or host.has_fibers()) and not host.is_idle()
end

--- Wait for the core, for the next timer or for the bell.
local function wait(self, core, host)
  self.at, self.is_watching = host.next_time(), wants_core(self, host)
  if self.is_watching and not core:fd() then self.at = math.min(self.at, host.now() + POLL_SECS) end
  local timeout = self.at < math.huge and math.max(0, self.at - host.now()) or nil
  if self.is_watching and core:fd() then
    cqueues.poll(pollable(core), self.bell, timeout)
  else
    cqueues.poll(self.bell, timeout)
  end
  self.at, self.is_watching = 0, true
end

--- Drive the core and the fibers as long as somebody needs it.
local function run(self, core, host)
  while wants_core(self, host) or host.next_time() < math.huge do
    wait(self, core, host)
    host.pump(0)
    host.run()
  end
end

local function start(controller, core, host)
  local self = { bell = condition.new(), at = 0, is_watching = true, waiting = 0 }
  pumps[controller] = self
  controller:wrap(function()
    local ok, err = pcall(run, self, core, host)
    local fd = core:fd()
    if fd then cqueues.cancel(fd) end
    pumps[controller] = nil
    if not ok then error(err, 0) end
  end)
end

--- Does the pump wait for something else than it has to?
local function misses(self, host)
  return host.next_time() ~= self.at or wants_core(self, host) ~= self.is_watching
end

function adapter.attach(host)
  local controller = cqueues.running()
  if controller and not pumps[controller] then
    local core, message, kind = host.core()
    if not core then return nil, message, kind end
    start(controller, core, host)
    return true
  end
  for _, self in pairs(pumps) do
    if misses(self, host) then self.bell:signal() end
  end
  return true
end

--- The pumps end by themselves.
function adapter.detach() end

--- The coroutine that cqueues itself resumes; any other cannot be parked by it.
function adapter.who()
  return (coroutine.running())
end

--- Wait for the ticket's bell as long as it has to be.
local function wait_for(ticket, bell, host)
  while not host.is_over(ticket) do
    local left = ticket.deadline - host.now()
    if left <= 0 then break end
    bell:wait(left < math.huge and left or nil)
  end
end

--- The controller in which the caller runs, and whether it can be parked: not in a coroutine of the program's own, nor below a function of
--- C, such as a sort, out of which nothing can yield.
local function running()
  local controller, is_direct = cqueues.running()
  return controller, is_direct and coroutine.isyieldable()
end

function adapter.park(ticket, host)
  local controller, can_park = running()
  if not can_park then return host.block(ticket) end
  local self = pumps[controller]
  ticket.bell = condition.new()
  self.waiting = self.waiting + 1
  if misses(self, host) then self.bell:signal() end
  wait_for(ticket, ticket.bell, host)
  self.waiting = self.waiting - 1
  if misses(self, host) then self.bell:signal() end
  return true
end

function adapter.wake(ticket)
  if ticket.bell then ticket.bell:signal() end
end

function adapter.sleep(seconds, host)
  local _, can_park = running()
  if can_park then cqueues.sleep(seconds) else host.pump(0) end
end

--- A fiber calls a function of cqueues that waits: a thread does it for the fiber, which goes on with what came of it.
adapter.on_yield = {
  [cqueues._POLL] = function(host, task, ...)
    cqueues.running():wrap(function(...) host.continue(task, cqueues.poll(...)) end, ...)
  end,
}

return adapter
