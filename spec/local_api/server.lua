--- Starts and stops the local API from a spec, and speaks to its control interface.
---
---   local server = require "spec.local_api.server"
---   local s = server.start()
---   s:admin("reset", { count = 2500 })
---   ... requests to s.url ...
---   s:stop()
local control_call = require "spec.local_api.control_call"

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
---@field token string one that it accepts
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

-- Those that run, for what is to be done in them at the end of a test.
local running = setmetatable({}, { __mode = "k" })

-- A test that has failed may not have come to its faults: that is no second failure, and none of the test after it.
local function excuse(_, _, status)
  if status ~= "success" then
    for s in pairs(running) do pcall(s.admin, s, "faults", { excuse = true }) end
  end
  return nil, true
end

if package.loaded.busted then require("busted").subscribe({ "test", "end" }, excuse) end

-- cjson only when it is needed: whoever only starts the server does not need it.
local function json()
  return require "cjson"
end

--- Start a server of your own. It stops by itself when the starting process has gone.
---@param opts? {dir: string?, keepalive: integer?, watch: integer|false|nil} `keepalive`: requests after which a connection is
--- ended; `watch`: the process to outlive not; false: none
---@param s? table what becomes the server; a new one when absent
---@return local_api.Server
function server.start(opts, s)
  opts = opts or {}
  local command = quote(FOLDER .. "start")
  if opts.dir then command = command .. " --dir " .. quote(opts.dir) end
  if opts.keepalive then command = ("%s --keepalive %d"):format(command, opts.keepalive) end
  if opts.watch ~= false then command = command .. " --watch " .. (opts.watch or "$PPID") end   -- popen's parent: us
  local output, code = run(command)
  if code ~= 0 then error("the local API did not start", 2) end
  s = s or {}
  for line in output:gmatch("[^\n]+") do
    local name, value = line:match("^([%w_]+)=(.*)$")          -- no exports
    if name then s[name] = value end
  end
  s.pid = tonumber(s.pid)
  running[s] = true
  return setmetatable(s, Server)
end

-- The answer of a control call, or nil and what was wrong.
local function call(s, name, given)
  s.is_controlled = true
  local body = given and next(given) ~= nil and json().encode(given) or "{}"
  local answer, status = control_call(s.url .. "/_control/" .. name, body)
  if not answer then return nil, "the local API does not answer: " .. status end
  local result = json().decode(answer)
  if status ~= 200 then return nil, "local API: " .. tostring(result.error) end
  return result
end

--- A control call, see README.md. Raises the server's text when it refuses.
---@param name string for example "reset"
---@param given? table
---@return table result
function Server:admin(name, given)
  local result, problem = call(self, name, given)
  return result or error(problem, 2)
end

--- Set the rules of faults, replacing those before; none: no faults. Raises when one of those before was never hit.
---@param ... table rules
function Server:faults(...)
  local caller = debug.getinfo(2, "Sl")                -- none in a coroutine's first function
  local set_at = caller and caller.short_src .. ":" .. caller.currentline
  local result, problem = call(self, "faults", { rules = { ... }, set_at = set_at })
  return result or error(problem, 2)
end

--- The requests received since the last reset, and counters.
---@param clear? boolean forget them
---@return {requests: table[], counters: table}
function Server:log(clear)
  return self:admin("log", { clear = clear or false })
end

--- Stop the server and remove its files. Safe to call twice. Then raises when a rule of faults was never hit.
function Server:stop()
  if self.is_stopped then return end
  self.is_stopped, running[self] = true, nil
  local _, problem
  if self.is_controlled then _, problem = call(self, "faults", { rules = {} }) end
  local output, code = run(quote(FOLDER .. "stop") .. " " .. quote(self.dir) .. " 2>&1")
  if code ~= 0 then error(output, 2) end
  if problem then error(problem, 2) end
end

function Server:__tostring()
  return "local API at " .. self.url
end

return server
