--- Answers written to the socket byte by byte, where nginx itself would not let a response be that wrong.
--- Only HTTP/1.x, with or without TLS, has such a socket; see raw.is_possible.
local raw = {}

local REASONS = { [200] = "OK", [201] = "Created", [204] = "No Content" }

--- Whether the present request's socket can be had. Not in HTTP/2, where streams share it.
function raw.is_possible()
  return ngx.req.http_version() < 2
end

--- The head of a response as it goes over the wire.
---@param answer local_api.Answer
---@param framing string the header line that says where the body ends, or "" for none
---@return string
function raw.head(answer, framing)
  local lines = { ("HTTP/1.1 %d %s"):format(answer.status, REASONS[answer.status] or "Status") }
  for name, value in pairs(answer.headers) do lines[#lines + 1] = name .. ": " .. value end
  if framing ~= "" then lines[#lines + 1] = framing end
  return table.concat(lines, "\r\n") .. "\r\n\r\n"
end

--- The client's socket. From here on nginx sends nothing of its own for this request.
function raw.socket()
  ngx.req.read_body()
  return assert(ngx.req.socket(true))
end

--- Close the connection under the client.
function raw.close()
  return ngx.exit(444)
end

--- Write these bytes and close the connection.
function raw.send_and_close(bytes)
  raw.socket():send(bytes)
  return raw.close()
end

return raw
