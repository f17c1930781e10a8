--- A receiver of HTTP requests on a free loopback port, inside the spec: it takes one when it is asked to.
local socket = require "socket"

local receiver = {}

local WAIT_SECS = 10                     -- for a request that must come

local Receiver = {}
Receiver.__index = Receiver

---@return spec.Receiver
function receiver.new()
  local listener = assert(socket.bind("127.0.0.1", 0))
  local _, port = listener:getsockname()
  listener:settimeout(WAIT_SECS)
  return setmetatable({ listener = listener, url = ("http://127.0.0.1:%d"):format(port) }, Receiver)
end

-- A request as { method, path, headers, body }; names of headers are in lower case.
local function read(peer)
  local method, path = assert(peer:receive "*l"):match "^(%S+) (%S+) HTTP/1%.%d$"
  local headers = {}
  for line in function() return assert(peer:receive "*l") end do
    if line == "" then break end
    local name, value = line:match "^([^:]+):%s*(.*)$"
    headers[name:lower()] = value
  end
  return { method = method, path = path, headers = headers, body = assert(peer:receive(tonumber(headers["content-length"] or 0))) }
end

--- The next request, which is answered.
---@param status? integer 200 when absent
---@param body? string
---@return { method: string, path: string, headers: table<string, string>, body: string }
function Receiver:take(status, body)
  local peer = assert(self.listener:accept(), "no request has come")
  peer:settimeout(WAIT_SECS)
  local request = read(peer)
  body = body or ""
  assert(peer:send(("HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"):format(status or 200, #body, body)))
  peer:close()
  return request
end

function Receiver:close()
  self.listener:close()
end

return receiver
