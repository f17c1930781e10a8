--- The requests that webhooks make: to a loopback address and to no other, as whatever else may hear of them is somebody's.
local calls = {}

local CONNECT_MS, TRANSFER_MS = 1000, 5000
local MAX_BODY = 10000                  -- bytes of an answer that are kept
local PORTS = { http = 80, https = 443 }
local NOT_LOOPBACK = "the local API calls loopback addresses only"

-- A URL as scheme, host as a socket wants it, port, path, and what names the host in a request; nil, message when it is not to be called.
local function target(url)
  local scheme, authority, path = url:match "^(https?)://([^/?#]+)([^#]*)"
  if not scheme then return nil, "the URL is not valid" end
  local host, port = authority:match "^(%[?[^%[%]@]-%]?):?(%d*)$"
  if host == "localhost" then host = "127.0.0.1" end
  if host ~= "[::1]" and not (host and host:find "^127%.%d+%.%d+%.%d+$") then return nil, NOT_LOOPBACK end
  if not path:find "^/" then path = "/" .. path end
  return { scheme = scheme, authority = authority, host = host, port = tonumber(port) or PORTS[scheme], path = path }
end

local function connect(socket, to, ignores_ssl_errors)
  socket:settimeouts(CONNECT_MS, TRANSFER_MS, TRANSFER_MS)
  local ok, message = socket:connect(to.host, to.port)
  if ok and to.scheme == "https" then ok, message = socket:sslhandshake(nil, nil, not ignores_ssl_errors) end
  return ok, message
end

local function write(socket, to, headers, body)
  local lines = { ("POST %s HTTP/1.0"):format(to.path), "Host: " .. to.authority, "Content-Length: " .. #body }
  for name, value in pairs(headers) do lines[#lines + 1] = ("%s: %s"):format(name, value) end
  return socket:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. body)
end

-- Status and body of the answer; HTTP/1.0 has its end where the connection ends, or where it says.
local function read(socket)
  local line, message = socket:receive "*l"
  local status = line and tonumber(line:match "^HTTP/1%.%d (%d%d%d)")
  if not status then return nil, message or "the answer is not HTTP" end
  local length = MAX_BODY
  repeat
    line, message = socket:receive "*l"
    if not line then return nil, message end
    length = math.min(length, tonumber(line:lower():match "^content%-length:%s*(%d+)") or length)
  until line == ""
  local body, _, part = "", nil, nil
  if length > 0 then body, _, part = socket:receive(length) end
  return status, body or part or ""
end

--- Make a POST.
---@param url string
---@param headers table<string, string>
---@param body string
---@param ignores_ssl_errors boolean
---@return integer? status
---@return string body_or_message
function calls.post(url, headers, body, ignores_ssl_errors)
  local to, problem = target(url)
  if not to then return nil, problem end
  local socket = ngx.socket.tcp()
  local ok, message = connect(socket, to, ignores_ssl_errors)
  if ok then ok, message = write(socket, to, headers, body) end
  local status, text = nil, message
  if ok then status, text = read(socket) end
  socket:close()
  return status, text
end

return calls
