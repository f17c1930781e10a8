--- Ends the server when the process that wanted it has gone.
local ffi = require "ffi"

local watch = {}

local INTERVAL_SECS = 0.5

ffi.cdef "int kill(int pid, int signal); int getppid(void);"

local SIGTERM = 15

local function has_proc()
  local file = io.open("/proc/self/cmdline")
  if file then file:close() end
  return file ~= nil
end

-- With /proc also a zombie counts as gone: its command line is empty.
local function is_alive(pid)
  if not has_proc() then return ffi.C.kill(pid, 0) == 0 end
  local file = io.open("/proc/" .. pid .. "/cmdline")
  if not file then return false end
  local byte = file:read(1)
  file:close()
  return byte ~= nil
end

local function shell_quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- The script runs on its own: this worker ends before it does.
local function stop_server(config)
  os.execute(("sh %s/stop %s >/dev/null 2>&1 </dev/null &"):format(shell_quote(config.root), shell_quote(config.dir)))
end

--- Look twice a second whether process `config.watch` is there. When it is not, the script also removes the files;
--- if that did not help, because they are gone already, the master is told directly.
---@param config {root: string, dir: string, watch: integer}
function watch.start(config)
  local is_stopping = false
  assert(ngx.timer.every(INTERVAL_SECS, function()
    if is_alive(config.watch) then return end
    if is_stopping then return ffi.C.kill(ffi.C.getppid(), SIGTERM) end
    is_stopping = true
    stop_server(config)
  end))
end

return watch
