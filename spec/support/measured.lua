--- Runs Lua code in a process of its own, whose memory and time are looked at.
local program = require "spec.support.program"

local measured = {}

-- What the code finds: `apify`, `core`, a `client` of the local API, `env(name)`, and `report(number)`, which it ends with.
local PRELUDE = [[
local apify = require "apify"
local core = require "apify.core"
local began_at = core.now()
local env = os.getenv
local client = apify.new { base_url = env "API_URL", ca_file = env "CA_FILE", token = false, min_delay_between_retries = 0.01 }
local function report(number)
  local status = assert(io.open "/proc/self/status"):read "*a"
  print(("%d %d %.1f s, CPU %.1f s"):format(number, status:match "VmHWM:%s*(%d+)", core.now() - began_at, os.clock()))
end
]]

--- Run the code: the number that it reported, the peak of its memory in kB, and its time in words. Raises what it complained of.
---@param code string
---@param api local_api.Server
---@param url string which of the server's
---@param env table<string, any>
---@return integer number
---@return integer peak
---@return string time
function measured.run(code, api, url, env)
  env.API_URL, env.CA_FILE = api[url], api.ca_file
  local output, complaints = program.run_code(PRELUDE .. code, env)
  local number, peak, time = output:match "^(%d+) (%d+) ([^\n]*)\n$"
  if not number then error(output .. complaints, 2) end
  return tonumber(number), tonumber(peak), time
end

return measured
