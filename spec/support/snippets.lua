--- Runs the pieces of Lua of the documents as their reader would: `apify`, a `client` and the `id` of a run are there.
local program = require "spec.support.program"

local snippets = {}

local PRELUDE = [[local apify = require "apify"; local client = apify.new(); local id = os.getenv "RUN_ID"; ]]

--- Does it need a host that is not here? Then it can only be compiled.
---@param code string
---@return boolean
function snippets.needs_host(code)
  return code:find "%f[%w]vim%." ~= nil or code:find "%f[%w]ngx%." ~= nil
end

--- What the piece printed, what it complained of, and its exit code.
---@param code string
---@param api local_api.Server
---@param run_id string
---@return string output
---@return string complaints
---@return integer status
function snippets.run(code, api, run_id)
  return program.run_code(PRELUDE .. code, { APIFY_API_BASE_URL = api.url, APIFY_TOKEN = "apify_api_some", RUN_ID = run_id })
end

return snippets
