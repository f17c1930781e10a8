--- An nginx on loopback that serves the benchmarks' data as files.
local shell = require "spec.support.shell"
local watch = require "spec.support.watch"

local PORT_TRIES = 20
local MODULE_FOLDERS = { "/usr/lib/nginx/modules/", "/usr/share/nginx/modules/", "/usr/lib64/nginx/modules/" }

local server = {}

---@class bench.Server
---@field url string
---@field late_url string the same after 50 ms
local Server = {}
Server.__index = Server

local function exists(path)
  local file = io.open(path)
  return file ~= nil and file:close()
end

-- The lines that load nginx's Lua, which OpenResty has in it.
local function modules()
  for _, folder in ipairs(MODULE_FOLDERS) do
    if exists(folder .. "ngx_http_lua_module.so") then
      return ("load_module %sndk_http_module.so; load_module %sngx_http_lua_module.so;"):format(folder, folder)
    end
  end
  return ""
end

local function write_conf(dir, root, port)
  local values = {
    MODULES = modules(), USER = shell.run "id -u":match "^0" and "user root;" or "", ROOT = root, PORT = port, LATE_PORT = port + 1,
  }
  shell.write_file(dir .. "/nginx.conf", (shell.read_file "spec/bench/nginx.conf":gsub("@([%u_]+)@", values)))
end

--- Start it, on ports that are free. It ends with this process at the latest.
---@return bench.Server
function server.start()
  local dir, root = shell.run "mktemp -d /tmp/apify-bench.XXXXXX":match "%S+", shell.run "pwd":match "[^\n]+"
  watch.over(dir)
  for _ = 1, PORT_TRIES do
    local port = 20000 + tonumber(shell.run "od -An -N2 -tu2 /dev/urandom") % 12000
    write_conf(dir, root, port)
    shell.run(("PATH=$PATH:/usr/sbin:/usr/local/openresty/nginx/sbin nginx -e %s/error.log -p %s -c nginx.conf 2>&1"):format(dir, dir))
    local pid = shell.read_file(dir .. "/nginx.pid"):match "%d+"
    if pid then
      return setmetatable({ dir = dir, pid = pid, url = "http://127.0.0.1:" .. port, late_url = "http://127.0.0.1:" .. port + 1 }, Server)
    end
  end
  error("nginx does not start: " .. shell.read_file(dir .. "/error.log"))
end

function Server:stop()
  shell.run(("kill %s; rm -rf %s"):format(self.pid, self.dir))
end

return server
