--- What the specs about waiting share: runs that end when they should, and looks into the local API's log.
local apify = require "apify"
local core = require "apify.core"

local waiting = {}

--- Id of a new run that ends with `status` after `secs`; without secs it never ends.
---@param api local_api.Server
---@param secs? number
---@param status? string SUCCEEDED when absent
---@return string id
function waiting.add(api, secs, status)
  local schedule = { { 0, "RUNNING" } }
  if secs then schedule[2] = { secs, status or "SUCCEEDED" } end
  return (api:admin("add_runs", { schedule = schedule }).ids[1])
end

--- The waitForFinish of each logged request; -1 for one without.
---@param api local_api.Server
---@return integer[]
function waiting.polls(api)
  local asked = {}
  for _, request in ipairs(api:log().requests) do
    asked[#asked + 1] = tonumber(request.path:match "waitForFinish=(%d+)") or -1
  end
  return asked
end

--- Look again and again until it is so; fibers go on meanwhile.
---@param what string for the error when it does not come to be
---@param is_so fun(): any
function waiting.until_so(what, is_so)
  for _ = 1, 300 do
    if is_so() then return end
    assert(apify.sleep(0.02))
  end
  error("it never came to be: " .. what, 3)
end

local eventually = waiting.until_so

--- Go on once as many requests have ended with the status. 499: the client left.
---@param api local_api.Server
---@param status integer
---@param count integer
function waiting.until_logged(api, status, count)
  eventually(("%d times status %d"):format(count, status), function()
    local seen = 0
    for _, request in ipairs(api:log().requests) do
      if request.status == status then seen = seen + 1 end
    end
    return seen >= count
  end)
end

--- Go on once the server has as many requests.
---@param api local_api.Server
---@param count integer
function waiting.until_open(api, count)
  eventually(count .. " requests", function() return #api:log().requests >= count end)
end

--- Go on once nothing of the client's is in flight: what was left in the middle ends when the collector finds it.
---@param client apify.Client
function waiting.until_idle(client)
  eventually("nothing in flight", function()
    collectgarbage()
    return client:stats().in_flight == 0
  end)
end

--- How long fn took, and what it returned.
---@param fn fun(): any, any, any
---@return number secs
---@return any ...
function waiting.timed(fn)
  local started = core.now()
  local a, b, c = fn()
  return core.now() - started, a, b, c
end

return waiting
