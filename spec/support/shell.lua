--- What specs of the local API do outside of Lua: commands, files, headers as curl dumps them, and waiting for what comes about.
local shell = {}

--- What the command prints.
---@param command string
---@return string
function shell.run(command)
  local pipe = assert(io.popen("unset LD_PRELOAD; " .. command))   -- no sanitizer in curl, which hangs with it
  local output = pipe:read("*a")
  pipe:close()
  return output
end

--- The text of a file; "" if there is none.
---@param path string
---@return string
function shell.read_file(path)
  local file = io.open(path, "rb")
  local text = file and file:read("*a") or ""
  if file then file:close() end
  return text
end

---@param path string
---@param text string
function shell.write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

--- The processes that this one has started and that have not ended.
---@param pid string
---@return string[]
function shell.children(pid)
  local found = {}
  for line in shell.run("cat /proc/[0-9]*/stat 2>/dev/null"):gmatch "[^\n]+" do
    local child, state, parent = line:match "^(%d+) %(.*%) (%a) (%d+)"
    if parent == tostring(pid) and state ~= "Z" then found[#found + 1] = child end
  end
  return found
end

--- Headers by their names in lower case.
---@param text string
---@return table<string, string>
function shell.parse_headers(text)
  local headers = {}
  for name, value in text:gmatch("([^\r\n:]+): ([^\r\n]*)\r\n") do headers[name:lower()] = value end
  return headers
end

--- Look again and again until it is so; an error if that takes too long.
---@param is_so fun(): any
function shell.eventually(is_so)
  for _ = 1, 500 do
    if is_so() then return end
    shell.run("sleep 0.02")
  end
  error("it never came to be", 2)
end

return shell
