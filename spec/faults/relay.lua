--- The relay between a client and a server, `relay.pl`, which says what it can do; and the server of HTTP/2 that refuses, `h2_refusal.pl`.
local socket = require "socket"

local relay = {}

local FOLDER = debug.getinfo(1, "S").source:match "^@(.*)relay%.lua$"
local WAIT_SECS = 10                    -- for an answer of its control, which is idle

local Relay = {}
Relay.__index = Relay

---@return spec.Relay
function relay.start()
  local ports = os.tmpname()
  local pipe = assert(io.popen(("exec perl '%srelay.pl' >%s"):format(FOLDER, ports), "w"))
  local port, control
  while not port do
    socket.sleep(0.005)
    local file = assert(io.open(ports))
    port, control = file:read("*a"):match "^(%d+) (%d+)\n$"
    file:close()
  end
  os.remove(ports)
  return setmetatable({ pipe = pipe, port = port, control = tonumber(control) }, Relay)
end

local function hex(text)
  return (text:gsub(".", function(char) return ("%02x"):format(char:byte()) end))
end

local IN_HEX = { answer = true, more = true, from = true, to = true }

--- Do this from now on, and nothing else. How many requests were spoilt by what it did before.
---@param rule? table see `relay.pl`; texts as they are
---@return integer
function Relay:set(rule)
  local words = { "set" }
  for name, value in pairs(rule or {}) do words[#words + 1] = ("%s=%s"):format(name, IN_HEX[name] and hex(value) or value) end
  local peer = assert(socket.connect("127.0.0.1", self.control))
  peer:settimeout(WAIT_SECS)
  assert(peer:send(table.concat(words, " ") .. "\n"))
  local hits = assert(peer:receive "*l")
  peer:close()
  return tonumber(hits)
end

function Relay:stop()
  self.pipe:close()
end

--- A port that nobody listens on, below those that systems give to outgoing connections.
function relay.free_port()
  while true do
    local port = 15000 + math.random(4000)
    local listener = socket.bind("127.0.0.1", port)
    if listener then
      listener:close()
      return port
    end
  end
end

-- A command in the background, which ends with this process if nobody ends it before; prints its number.
local BESIDE = [[exec 3>&1; %s </dev/null >/dev/null 2>&1 3>&- & pid=$!; echo $pid >&3; exec 3>&-
  { while kill -0 $pid && kill -0 $PPID; do sleep 1; done; kill $pid; } </dev/null >/dev/null 2>&1 &]]

--- Start a server by a shell command; `stop` ends it. It is there once somebody answers at the port.
---@param command string
---@param port integer
---@return fun() stop
function relay.serve(command, port)
  local pipe = assert(io.popen(BESIDE:format(command)))
  local pid = pipe:read "*l"
  pipe:close()
  for _ = 1, 500 do
    local peer = socket.connect("127.0.0.1", port)
    if peer then
      peer:close()
      return function() os.execute("kill " .. pid .. " 2>/dev/null") end
    end
    socket.sleep(0.01)
  end
  error("no server: " .. command)
end

return relay
