--- Plays one scene inside a host. What it needs is in the environment: SCENE, API_URL, RUN_ID (a run that has ended),
--- and what the scene itself asks for. What happens is told as lines of text.
local apify = require "apify"
local cjson = require "cjson"
local core = require "apify.core"
local scenes = require "spec.hosts.scenes"
local ticks = require "spec.hosts.ticks"

--- What a host's script gives, and what is made of it below.
---@class hosts.Host
---@field name string
---@field ticker fun(fn: fun()): fun() call `fn` each 5 ms by the host's own timer, until the returned function is called
---@field loop fun(begin: fun()) call `begin` where the host's loop goes on afterwards
---@field stays? boolean the loop goes on after the script
---@field leave? fun(is_failed?: boolean) end a host whose loop does not end by itself
---@field exit? fun() end the program, and the Lua state, at once
---@field in_callback? fun(fn: fun()) call `fn` in the loop, outside of all fibers
---@field enter? fun(fn: fun()) run `fn` where a call lets the loop go on, and the loop until all is done
---@field side_by_side? fun(count: integer, fn: fun(i: integer)): table the results of fn(1), ..., fn(count)
local extras = { now = core.now, run_id = os.getenv "RUN_ID", url = os.getenv "API_URL" }

function extras.exit() os.exit(0, true) end

function extras.leave() end

function extras.side_by_side(count, fn)
  local list = {}
  for i = 1, count do list[i] = i end
  return assert(apify.map(list, fn))
end

--- A line of what happens.
function extras.say(...)
  local words = { ... }
  for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
  io.stdout:write(table.concat(words, " "), "\n")
  io.stdout:flush()
end

--- The local API's journal, asked for by another program.
function extras.journal()
  local pipe = assert(io.popen(("curl -sS --noproxy '*' '%s/_control/log'"):format(extras.url)))
  local text = pipe:read "*a"
  pipe:close()
  return cjson.decode(text)
end

--- Wait until the journal is so.
function extras.until_journal(what, is_so)
  for _ = 1, 250 do
    if is_so(extras.journal()) then return end
    assert(apify.sleep(0.02))
  end
  error("it never came to be: " .. what)
end

-- Functions that add to the host what all hosts do in the same way.
local function complete(host)
  for name, value in pairs(extras) do host[name] = host[name] or value end

  --- Begin to look how late the host's timer is; the returned function says it.
  function host.watch()
    local watched = ticks.new()
    local stop = host.ticker(function() watched:tick() end)
    return function()
      host.say(watched:tell())
      stop()
    end
  end
end

local is_failed = false

-- Call fn; what it raises is told and fails the program.
local function guarded(fn)
  local ok = xpcall(fn, function(err)
    io.stderr:write(debug.traceback(tostring(err), 2), "\n")
  end)
  is_failed = is_failed or not ok
end

--- Play the scene in the host; the program ends with it, with status 1 if it raised.
---@param host hosts.Host
---@param own table<string, fun(host: hosts.Host)> scenes that this host alone has
return function(host, own)
  complete(host)
  local enter = host.enter or function(fn) host.loop(function() apify.spawn(fn) end) end
  function host.enter(fn)
    enter(function()
      guarded(fn)
      host.leave(is_failed)
    end)
  end
  host.client = apify.new { base_url = host.url, token = "apify_api_host", min_delay_between_retries = 0.01 }
  local name = os.getenv "SCENE"
  local scene = assert(own[name] or scenes[name], "no such scene")
  guarded(function() scene(host) end)
  if not host.stays then host.leave(is_failed) end
  if is_failed and not host.stays then os.exit(1) end
end
