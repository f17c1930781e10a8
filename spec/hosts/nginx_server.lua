--- Starts a real nginx with spec/hosts/nginx.conf, in a folder of its own, and asks it things.
local core = require "apify.core"
local program = require "spec.support.program"
local shell = require "spec.support.shell"
local watch = require "spec.support.watch"

local MODULES = "/usr/lib/nginx/modules/"

local nginx_server = {}

---@class hosts.Nginx
---@field dir string
---@field pid string of the master
---@field asked integer requests begun
local Nginx = {}
Nginx.__index = Nginx

local CURL = "curl -sS --noproxy '*' --max-time 50 "

--- The command of a curl that speaks to this nginx.
---@param words string
---@return string
function Nginx:curl(words)
  return ("%s --unix-socket %s/socket %s"):format(CURL, self.dir, words)
end

local function filled(template, values)
  return (template:gsub("@(%u+)@", function(name) return assert(values[name], name) end))
end

---@class hosts.NginxOptions
---@field workers? integer 1 when absent
---@field connections? integer of each worker
---@field main? string lines of the configuration, outside of `http`
---@field http? string ... inside of it
---@field servers? string more servers; @DIR@ is the folder
---@field level? string of the error log
---@field shell? string commands in front of nginx, such as a limit
---@field env? string NAME=value words

local function write_conf(dir, root, o)
  shell.write_file(dir .. "/nginx.conf", filled(shell.read_file "spec/hosts/nginx.conf", {
    MODULES = ("load_module %sndk_http_module.so; load_module %sngx_http_lua_module.so;"):format(MODULES, MODULES),
    USER = shell.run "id -u":match "^0" and "user root root;" or "",
    DIR = dir, ROOT = root, WORKERS = o.workers or 1, CONNECTIONS = o.connections or 1024, LEVEL = o.level or "warn",
    MAIN = o.main or "", HTTP = o.http or "", SERVERS = filled(o.servers or "", { DIR = dir }),
  }))
end

--- Start an nginx whose scenes ask the API at `url`.
---@param url string
---@param o? hosts.NginxOptions
---@return hosts.Nginx
function nginx_server.start(url, o)
  o = o or {}
  local dir = shell.run "mktemp -d /tmp/apify-nginx.XXXXXX":match "%S+"
  local root = shell.run "pwd":match "[^\n]+"
  shell.run(("mkdir -p %s/temp %s/logs"):format(dir, dir))
  watch.over(dir)
  write_conf(dir, root, o)
  local command = ([[
    unset LUA_PATH LUA_CPATH; eval "$(sh spec/setup/env luajit)"; PATH=$PATH:/usr/sbin; %s
    env API_URL=%s %s nginx -e %s/error.log -p %s -c nginx.conf]]):format(o.shell or "", url, o.env or "", dir, dir)
  local output, complaints, code = program.shell(command)
  if code ~= 0 then
    shell.run("rm -rf " .. dir)
    error(output .. complaints)
  end
  shell.eventually(function() return shell.read_file(dir .. "/nginx.pid") ~= "" end)
  local pid = shell.read_file(dir .. "/nginx.pid"):match "%d+"
  shell.eventually(function() return #shell.children(pid) >= (o.workers or 1) end)         -- they begin after that file
  return setmetatable({ dir = dir, pid = pid, asked = 0 }, Nginx)
end

--- Stop it, and remove its folder.
function Nginx:stop()
  shell.run(("kill %s 2>/dev/null"):format(self.pid))
  nginx_server.secs_until_end(self.pid)
  shell.run("rm -rf " .. self.dir)
end

--- Send a signal to the master.
function Nginx:signal(name) shell.run(("kill -%s %s"):format(name, self.pid)) end

--- Process ids of the workers.
---@return string[]
function Nginx:workers()
  return shell.children(self.pid)
end

--- Ask, and wait for the answer: its body, its status, its seconds.
---@param path string
---@return string body
---@return integer status
---@return number secs
function Nginx:get(path)
  local text = shell.run(self:curl(("-w '\\n%%{http_code} %%{time_total}' 'http://host%s' 2>&1"):format(path)))
  local body, status, secs = text:match "^(.*)\n(%d+) (%S+)$"
  return assert(body, text), tonumber(status), tonumber(secs)
end

---@class hosts.Asked
---@field base string of its files
---@field pid string
local Asked = {}
Asked.__index = Asked

--- Ask, and go on.
---@param path string
---@return hosts.Asked
function Nginx:begin(path)
  self.asked = self.asked + 1
  local base = ("%s/asked%d"):format(self.dir, self.asked)
  local curl = self:curl(("-N -o %s.body -w '%%{http_code} %%{time_total}' 'http://host%s' >%s.told 2>&1"):format(base, path, base))
  shell.write_file(base .. ".sh", ("exec %s\n"):format(curl))
  local pid = shell.run(("sh %s.sh >/dev/null 2>&1 & echo $!"):format(base)):match "%d+"
  return setmetatable({ base = base, pid = pid }, Asked)
end

--- What has come so far.
function Asked:body() return shell.read_file(self.base .. ".body") end

--- Wait for the end: body, status (0: no answer), seconds.
function Asked:finish()
  local status, secs
  shell.eventually(function()
    status, secs = shell.read_file(self.base .. ".told"):match "(%d%d%d) (%S+)$"
    return status
  end)
  return self:body(), tonumber(status), tonumber(secs)
end

--- The client leaves.
function Asked:leave() shell.run("kill -9 " .. self.pid) end

---@class hosts.AskedMany
---@field file string
local AskedMany = {}
AskedMany.__index = AskedMany

--- Ask for all of the paths at once, and go on.
---@param paths string[]
---@param url? string another server
---@return hosts.AskedMany
function Nginx:begin_at_once(paths, url)
  self.asked = self.asked + 1
  local lines, base = {}, ("%s/asked%d"):format(self.dir, self.asked)
  for i, path in ipairs(paths) do lines[i] = ('url = "%s%s"\noutput = "/dev/null"\n'):format(url or "http://host", path) end
  shell.write_file(base, table.concat(lines))
  local words = ("--parallel --parallel-immediate --parallel-max %d -w '%%{http_code} %%{time_total}\\n' -K %s"):format(#paths, base)
  local command = url and CURL .. words or self:curl(words)
  shell.write_file(base .. ".sh", ("%s >%s.told 2>/dev/null; mv %s.told %s.end\n"):format(command, base, base, base))
  shell.run(("sh %s.sh >/dev/null 2>&1 &"):format(base))
  return setmetatable({ file = base .. ".end" }, AskedMany)
end

--- Wait for the ends: their seconds, sorted, and how many had which status.
---@return number[] secs
---@return table<string, integer> statuses
function AskedMany:finish()
  local text
  shell.eventually(function()
    text = shell.read_file(self.file)
    return text ~= ""
  end)
  local secs, statuses = {}, {}
  for status, each in text:gmatch "(%d+) (%S+)\n" do
    secs[#secs + 1] = tonumber(each)
    statuses[status] = (statuses[status] or 0) + 1
  end
  table.sort(secs)
  return secs, statuses
end

--- What the error log has.
function Nginx:complaints() return shell.read_file(self.dir .. "/error.log") end

--- Forget what the error log has.
function Nginx:forget() shell.write_file(self.dir .. "/error.log", "") end

--- Of a process: descriptors, threads, kB of memory, milliseconds of CPU, context switches.
---@param pid string
---@return { descriptors: integer, threads: integer, memory: integer, cpu: number, switches: integer }
function nginx_server.look(pid)
  local status = shell.read_file(("/proc/%s/status"):format(pid))
  local cpu, switches = 0, 0
  for task in shell.run(("ls /proc/%s/task"):format(pid)):gmatch "%d+" do
    local folder = ("/proc/%s/task/%s/"):format(pid, task)
    cpu = cpu + (tonumber(shell.read_file(folder .. "schedstat"):match "^%d+") or 0) / 1e6
    for n in shell.read_file(folder .. "status"):gmatch "ctxt_switches:%s*(%d+)" do switches = switches + n end
  end
  return {
    descriptors = tonumber((shell.run(("ls /proc/%s/fd | wc -l"):format(pid)))), threads = tonumber(status:match "Threads:%s*(%d+)"),
    memory = tonumber(status:match "VmRSS:%s*(%d+)"), cpu = cpu, switches = switches,
  }
end

--- Seconds until it is so.
---@param is_so fun(): any
---@return number
function nginx_server.secs_until(is_so)
  local began = core.now()
  shell.eventually(is_so)
  return core.now() - began
end

--- Seconds until the process has ended.
---@param pid string
---@return number
function nginx_server.secs_until_end(pid)
  return nginx_server.secs_until(function()
    local state = shell.read_file(("/proc/%s/stat"):format(pid)):match "%) (%S)"
    return state == nil or state == "Z"
  end)
end

return nginx_server
