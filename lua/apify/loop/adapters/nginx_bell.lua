--- What wakes nginx's driver: a socket to which the core's thread sends a byte, or short sleeps where that cannot be had.
local FIRST_SLEEP, LONGEST_SLEEP = 0.001, 0.01     -- seconds
local LONGEST_READ = 86400000                     -- milliseconds; the thread sends a byte each second anyway
local CONNECT_MS = 1000

local nginx_bell = {}

---@class apify.NginxBell
---@field private core userdata
---@field private socket? table
---@field private pause number
---@field private in_flight? integer at the last look
local Bell = {}
Bell.__index = Bell

--- A cosocket to the core's thread, or nil and why not.
local function connect(core)
  local path, message = core:notify_open()
  if not path then return nil, message end
  local socket = ngx.socket.tcp()
  socket:settimeouts(CONNECT_MS, CONNECT_MS, LONGEST_READ)
  local ok, reason = socket:connect("unix:" .. path)
  if ok then ok, reason = core:notify_accept() end
  if ok then return socket end
  core:notify_close()
  return nil, reason
end

local is_told = false                             -- of the first failure, once in a worker

---@param core userdata
---@return apify.NginxBell
function nginx_bell.open(core)
  local socket, reason = connect(core)
  if not socket and not is_told then
    is_told = true
    ngx.log(ngx.WARN, "apify: calls take some milliseconds longer: ", reason)
  end
  return setmetatable({ core = core, socket = socket, pause = FIRST_SLEEP }, Bell)
end

--- Wait until there may be work.
function Bell:wait()
  if self.socket then
    local bytes = self.socket:receiveany(64)
    if bytes then return end
    self:close()                                  -- it failed: go on without
  end
  local in_flight = self.core:in_flight()
  self.pause = in_flight ~= self.in_flight and FIRST_SLEEP or math.min(2 * self.pause, LONGEST_SLEEP)
  self.in_flight = in_flight
  ngx.sleep(self.pause)
end

function Bell:close()
  if not self.socket then return end
  self.core:notify_close()
  self.socket:close()
  self.socket = nil
end

return nginx_bell
