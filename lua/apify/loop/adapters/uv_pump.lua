--- What the adapters to Neovim and luv share: libuv watches the core's descriptor and a timer.
local POLL_SECS = 0.01                    -- between looks at a core that has no descriptor
local MAX_MS = 86400000
local SHORTEST_MS = 1                     -- of a timer: libuv calls one of 0 ms again and again before it looks at anything else

local uv_pump = {}

---@class apify.UvPump
---@field private uv table
---@field private call fun(fn: fun()) calls a function where users' code may run
---@field private poll? userdata
---@field private fd? integer
---@field private is_watching? boolean
---@field private is_pumping? boolean
---@field private timer? userdata
---@field private armed_at? number what the timer is set to
---@field private is_due boolean is `work` on its way?
local Pump = {}
Pump.__index = Pump

--- `call(fn)` calls `fn`, at once or soon, where users' code may run.
---@param uv table
---@param call fun(fn: fun())
---@return apify.UvPump
function uv_pump.new(uv, call)
  return setmetatable({ uv = uv, call = call, is_due = false }, Pump)
end

--- Whole milliseconds from now to then, rounded up: waking early would spin.
---@param seconds number
---@return integer
function uv_pump.milliseconds(seconds)
  return math.floor(math.min(math.max(0, math.ceil(seconds * 1000)), MAX_MS))
end

--- Let the fibers go on that can, and look what to wait for next. Errors of theirs are for whoever called.
function Pump:work(host)
  self.is_due = false
  local ok, err = pcall(host.run)
  self:arm(host)
  if not ok then error(err, 0) end
end

function Pump:go_on(host)
  if self.is_due then return end
  self.is_due = true
  self.call(function() self:work(host) end)
end

--- Fibers that have yielded go on by the timer, so that the program does in between.
function Pump:on_readable(host)
  local has_ready = host.next_time() <= host.now()
  self.is_pumping = true
  local ok = host.pump(0)
  self.is_pumping = false
  if not ok then return self:stop_poll() end               -- a core that cannot be used any more would be readable for ever
  if not has_ready and host.next_time() <= host.now() then self:go_on(host) else self:arm(host) end
end

function Pump:on_time(host)
  self.armed_at = nil
  host.pump(0)                                             -- an answer that is there comes before the end of the time allowed for it
  self:go_on(host)
end

--- Watch the core's descriptor, which is another one after a fork. true, or nil, message, kind.
function Pump:watch(host)
  local core, message, kind = host.core()
  if not core then return nil, message, kind end
  local fd = core:fd()
  if fd == self.fd then return true end
  self.poll, self.fd, self.is_watching, self.armed_at = nil, nil, false, nil     -- not stopped: that would be felt by the parent
  if not fd then return true end
  local poll
  poll, message = self.uv.new_poll(fd)
  if not poll then return nil, "libuv cannot watch the core's descriptor: " .. tostring(message) end
  self.poll, self.fd = poll, fd
  return true
end

function Pump:start_poll(host)
  if self.is_watching then return end
  self.is_watching = true
  self.poll:start("r", function() self:on_readable(host) end)
end

function Pump:stop_poll()
  self.is_watching = false
  self.poll:stop()
end

--- Wait for what there is to wait for, and for nothing else, lest the program cannot end.
function Pump:arm(host)
  local is_idle = host.is_idle() or not host.is_wanted()
  if self.poll then
    if is_idle then self:stop_poll() else self:start_poll(host) end
  end
  local at = host.next_time()
  if not self.poll and not is_idle then at = math.min(at, host.now() + POLL_SECS) end
  if at == self.armed_at then return end
  self.timer = self.timer or self.uv.new_timer()
  self.armed_at = at
  if at == math.huge then return self.timer:stop() end
  self.timer:start(math.max(SHORTEST_MS, uv_pump.milliseconds(at - host.now())), 0, function() self:on_time(host) end)
end

--- See to it that the core is driven and fibers go on. true, or nil, message, kind.
function Pump:attach(host)
  if self.is_pumping or self.is_due then return true end   -- `arm` follows
  local ok, message, kind = self:watch(host)
  if not ok then return nil, message, kind end
  self:arm(host)
  return true
end

--- Stop watching. The handles stay: luv does not survive the end of a Lua state in which one is being closed.
function Pump:detach()
  if self.poll then self:stop_poll() end
  if self.timer then self.timer:stop() end
  self.armed_at = nil
end

return uv_pump
