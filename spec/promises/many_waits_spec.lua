-- runs last
--- Slow (9 s): hundreds of waits in one thread, in a process of their own, whose time and memory are looked at.
local core = require "apify.core"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local COUNT = 500
local SECS = 2                           -- until the runs end: longer than it takes to begin the waits
local MAX_DELAY = 2                      -- seconds between the end of the last run and the end of the waiting
local MAX_KB = 60000
local MAX_CPU = 1.5                      -- seconds of all: a loop that is busy takes SECS

-- Waits by `wait_all` or by `map` for the runs whose ids are the lines of a file. Prints how many have finished, when
-- the waiting was over, the CPU seconds and the peak of the memory in kB.
local CODE = [[
local apify = require "apify"
local core = require "apify.core"
local ids = {}
for id in io.lines(os.getenv "IDS") do ids[#ids + 1] = id end
local client = apify.new { base_url = os.getenv "API_URL", ca_file = os.getenv "CA_FILE", token = false }
local waits = {
  wait_all = function() return client:wait_all(ids, { wait_secs = 30 }) end,
  map = function()
    return apify.map(ids, function(id) return client:run(id):wait_for_finish { wait_secs = 30 } end)
  end,
}
local runs = assert(waits[os.getenv "STYLE"]())
local over_at, finished = core.time(), 0
for _, run in ipairs(runs) do
  if apify.is_finished(run) then finished = finished + 1 end
end
local status = io.open "/proc/self/status"
print(("%d %.3f %.3f %s"):format(finished, over_at, os.clock(), status and status:read "*a":match "VmHWM:%s*(%d+)" or 0))
]]

describe(COUNT .. " waits in one thread", function()
  local api = testbed.local_api { count = 0 }
  local code, ids

  local function write(text)
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    return path
  end

  setup(function() code = write(CODE) end)
  teardown(function() os.remove(code) end)
  after_each(function() os.remove(ids) end)

  for _, style in ipairs { "wait_all", "map" } do
    for _, url in ipairs { "url", "tls_url" } do
      it(("end soon after their runs, small and at rest: %s over %s"):format(style, url == "url" and "HTTP/1.1" or "HTTP/2"), function()
        local added = api:admin("add_runs", { count = COUNT, schedule = { { 0, "RUNNING" }, { SECS, "SUCCEEDED" } } }).ids
        local ended_at = core.time() + SECS
        ids = write(table.concat(added, "\n") .. "\n")
        local output, complaints = program.run(code, { IDS = ids, API_URL = api[url], CA_FILE = api.ca_file, STYLE = style })
        local finished, over_at, cpu, peak = output:match "^(%d+) (%S+) (%S+) (%d+)\n$"
        assert.equal(COUNT, tonumber(finished), complaints)
        assert.is_true(tonumber(over_at) - ended_at < MAX_DELAY, over_at - ended_at)
        assert.is_true(tonumber(cpu) < MAX_CPU, cpu)
        assert.is_true(tonumber(peak) < MAX_KB, peak)
        local log = api:log()
        assert.is_true(#log.requests < 1.5 * COUNT, "more than one long poll each")
        assert.equal(url == "url" and "HTTP/1.1" or "HTTP/2.0", log.requests[1].protocol)
      end)
    end
  end
end)
