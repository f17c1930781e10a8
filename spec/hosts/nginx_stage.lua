--- What the specs of nginx share: the local API, a real nginx that asks it, and scenes played there.
local assert = require "luassert"
local nginx_server = require "spec.hosts.nginx_server"
local server = require "spec.local_api.server"
local shell = require "spec.support.shell"
local ticks = require "spec.hosts.ticks"

local MOST_LATE = 20                     -- milliseconds

local nginx_stage = {}

---@class hosts.NginxStage
---@field api local_api.Server
---@field nginx hosts.Nginx
---@field id string of a run that has ended
---@field endless string of a run that never ends
local Stage = {}
Stage.__index = Stage

--- Start both. `o`: for nginx_server.start.
---@return hosts.NginxStage
function nginx_stage.open(o)
  local api = server.start()
  return setmetatable({ api = api, nginx = nginx_server.start(api.url, o) }, Stage)
end

function Stage:close()
  self.nginx:stop()
  self.api:stop()
end

--- The local API anew.
function Stage:reset()
  self.id = self.api:admin("reset", { count = 25 }).last_id
  self.endless = self:add { { 0, "RUNNING" } }
  self.nginx:forget()
end

--- Id of a new run.
---@param schedule table[]
---@return string
function Stage:add(schedule)
  return (self.api:admin("add_runs", { actor = "someone~else", schedule = schedule }).ids[1])
end

--- The lines that a text has.
---@param text string
---@return string[]
function nginx_stage.lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do list[#list + 1] = line end
  return list
end

--- The path of a scene.
---@param name string
---@param args? string
---@param prefix? string "play" when absent
---@return string
function Stage:path(name, args, prefix)
  return ("/%s/%s?id=%s&endless=%s&%s"):format(prefix or "play", name, self.id, self.endless, args or "")
end

--- What a scene says; nothing is logged meanwhile.
---@param name string
---@param args? string
---@param nginx? hosts.Nginx another one
---@return string[]
function Stage:play(name, args, nginx)
  nginx = nginx or self.nginx
  local body, status = nginx:get(self:path(name, args))
  assert.same({ 200, "" }, { status, nginx:complaints() }, body)
  return nginx_stage.lines(body)
end

--- The same for a scene that goes on once a file is there: it is made as soon as `is_time`.
---@param name string
---@param is_time fun(): boolean
---@param args? string
---@return string[]
function Stage:play_until(name, is_time, args)
  local file = self.nginx.dir .. "/go"
  local asked = self.nginx:begin(self:path(name, ("file=%s&%s"):format(file, args or "")))
  shell.eventually(is_time)
  shell.write_file(file, "")
  local body, status = asked:finish()
  os.remove(file)
  assert.same({ 200, "" }, { status, self.nginx:complaints() }, body)
  return nginx_stage.lines(body)
end

--- How many requests the API has had.
---@param pattern string of the path
---@param status? integer only those that have ended so; 499: the client has left
---@return integer
function Stage:requests(pattern, status)
  local count = 0
  for _, request in ipairs(self.api:log().requests) do
    if request.path:find(pattern) and (not status or request.status == status) then count = count + 1 end
  end
  return count
end

--- Look whether there were so many.
---@return fun(): boolean
function Stage:had(count, pattern, status)
  return function() return self:requests(pattern, status) >= count end
end

--- A number that is told where the environment asks for it.
function nginx_stage.tell(...)
  local words = (...):format(select(2, ...))
  if os.getenv "SHOW_LATENESS" then io.stderr:write(words, "\n") end
  return words
end

--- Call fn while a thread in nginx ticks every 5 ms, and another in an idle nginx. The first must not have been late by more than
--- 20 ms, beyond what the machine is to blame for: the time for which nginx was ready and others had the processor, or what the
--- idle one was late at the same time.
---@param fn fun()
function Stage:on_time(fn)
  local control, file = nginx_server.start(self.api.url), self.nginx.dir .. "/tick"
  shell.write_file(file, "")
  local own, idle = self.nginx:begin("/play/tick?file=" .. file), control:begin("/play/tick?file=" .. file)
  local ok, err = pcall(fn)
  os.remove(file)
  local own_text, idle_text = own:finish(), idle:finish()
  control:stop()
  if not ok then error(err, 0) end
  local worst = ticks.worst(ticks.read(own_text), ticks.read(idle_text))
  nginx_stage.tell("%.1f ms late", worst)
  assert.is_true(worst <= MOST_LATE, ("%.1f ms late; %s an idle nginx: %s"):format(worst, own_text, idle_text))
end

return nginx_stage
