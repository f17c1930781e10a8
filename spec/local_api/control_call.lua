--- Posts to the local API's control interface from inside this process: a program of its own for each call, thousands in a
--- run of the specs, would cost more than what is tested.

--- The answer to one POST, of which nothing is kept open.
---@param url string plain HTTP, with a port
---@param body string
---@return string? answer
---@return integer|string status of the answer, or what was wrong
return function(url, body)
  local socket = require "socket.core"
  local host, port, path = url:match "^http://([^:/]+):(%d+)(/.*)$"
  local connection, problem = socket.tcp()
  if not connection then return nil, problem end
  local function done(answer, status)
    connection:close()
    return answer, status
  end
  connection:settimeout(60)
  local ok
  ok, problem = connection:connect(host, tonumber(port))
  if not ok then return done(nil, problem) end
  local request = ("POST %s HTTP/1.0\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s"):format(path, host, #body, body)
  local sent = 0
  while sent < #request do
    sent, problem = connection:send(request, sent + 1)
    if not sent then return done(nil, problem) end
  end
  local text
  text, problem = connection:receive "*a"
  if not text then return done(nil, problem) end
  local status, answer = text:match "^HTTP/%S+ (%d+)[^\n]*\n.-\r\n\r\n(.*)$"
  return done(answer, tonumber(status) or "no answer of HTTP")
end
