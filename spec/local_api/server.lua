--- Starts and stops the local API from a spec, and speaks to its control interface.
---
---   local server = require "spec.local_api.server"
---   local s = server.start()
---   s:admin("reset", { count = 2500 })
---   ... requests to s.url ...
---   s:stop()
local server = {}

local FOLDER = debug.getinfo(1, "S").source:match("^@(.*)server%.lua$")
if not FOLDER:find("^/") then FOLDER = "./" .. FOLDER end

---@class local_api.Server
---@field url string plain HTTP
---@field other_url string plain HTTP on another port: another origin
---@field tls_url string TLS with HTTP/2 and HTTP/1.1
---@field h1_tls_url string TLS, HTTP/1.1 only
---@field ca_file string what signed the certificate
---@field pid integer nginx's master process
---@field dir string where its files are
local Server = {}
Server.__index = Server
Server.__name = "local_api.Server"

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

-- The output of a shell command, and its exit code (which LuaJIT's popen does not tell). What is preloaded into
-- this process stays out of it: with a sanitizer's library in it, curl hangs.
local function run(command)
  local pipe = assert(io.popen("unset LD_PRELOAD; " .. command .. "; echo \" $?\""))
  local output, code = pipe:read("*a"):match("^(.*) (%d+)\n$")
  pipe:close()
  return output, tonumber(code)
end

-- cjson only when it is needed: whoever only starts the server does not need it.
local function json()
  return require "cjson"
end

--- Start a server of your own. It stops by itself when the starting process has gone.
---@param opts? {dir: string?, keepalive: integer?, watch: integer|false|nil} `keepalive`: requests after which a connection is
--- ended; `watch`: the process to outlive not; false: none
---@return local_api.Server
function server.start(opts)
  opts = opts or {}
  local command = quote(FOLDER .. "start")
  if opts.dir then command = command .. " --dir " .. quote(opts.dir) end
  if opts.keepalive then command = ("%s --keepalive %d"):format(command, opts.keepalive) end
  if opts.watch ~= false then command = command .. " --watch " .. (opts.watch or "$PPID") end   -- popen's parent: us
  local output, code = run(command)
  if code ~= 0 then error("the local API did not start", 2) end
  local s = {}
  for name, value in output:gmatch("([%w_]+)=([^\n]*)\n") do s[name] = value end
  s.pid = tonumber(s.pid)
  return setmetatable(s, Server)
end

local function write_file(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- A control call, see README.md. Raises the server's text when it refuses.
---@param name string for example "reset"
---@param given? table
---@return table result
function Server:admin(name, given)
  local body = self.dir .. "/admin.json"
  write_file(body, given and next(given) ~= nil and json().encode(given) or "{}")
  local output, code = run(("curl -sS --noproxy '*' --data-binary @%s -w '\\n%%{http_code}' %s"):format(quote(body),
    quote(self.url .. "/_control/" .. name)))
  local answer, status = output:match("^(.*)\n(%d+)$")
  if code ~= 0 or not answer then error("the local API does not answer: " .. output, 2) end
  local result = json().decode(answer)
  if status ~= "200" then error("local API: " .. tostring(result.error), 2) end
  return result
end

--- Set the rules of faults, replacing those before; none: no faults.
---@param ... table rules
function Server:faults(...)
  return self:admin("faults", { rules = { ... } })
end

--- The requests received since the last reset, and counters.
---@param clear? boolean forget them
---@return {requests: table[], counters: table}
function Server:log(clear)
  return self:admin("log", { clear = clear or false })
end

--- Stop the server and remove its files. Safe to call twice.
function Server:stop()
  if self.is_stopped then return end
  self.is_stopped = true
  local output, code = run(quote(FOLDER .. "stop") .. " " .. quote(self.dir) .. " 2>&1")
  if code ~= 0 then error(output, 2) end
end

function Server:__tostring()
  return "local API at " .. self.url
end

return server
