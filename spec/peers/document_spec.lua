-- runs once
--- The API's own description (OpenAPI) as the judge of both sides: of each request that ours sends and of each answer that the local API
--- gives, by Prism as a proxy between them. `make peers` installs it in build/prism; the document lies in ../shared/openapi, or where
--- OPENAPI says.
local cases = require "spec.peers.cases"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local OPENAPI = os.getenv "OPENAPI" or "../shared/openapi"
local PRISM = "build/prism/node_modules/@stoplight/prism-cli/dist/index.js"

local EMPTY_DELETE = "the document gives the 204 of this DELETE a body of JSON"

-- What Prism cannot judge, or the document does not have.
local EXCUSED = {
  { "key_value_store%(%):record_exists", "the document has no HEAD of a run's records, which its own words promise" },
  { "client:key_value_store%(w.store%):record_exists", "Prism fails at the answer to a HEAD" },
  { "client:dataset%(w.dataset%):count_items", "Prism fails at the answer to a HEAD" },
  { "%(w.own%):.*delete%(%)$", EMPTY_DELETE },
  { "%(w.webhook%):delete", EMPTY_DELETE }, { "%(w.schedule%):delete", EMPTY_DELETE },
  { "client:task.*:run_sync_get_dataset_items", "the document says that a task's items are an object" },
}

local function excuse_of(case)
  for _, excused in ipairs(EXCUSED) do
    if case.name:find(excused[1]) then return excused[2] end
  end
end

local api = testbed.local_api(false)

-- The proxy's address and its process.
local function start_prism()
  local port = program.shell([[perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0); bind(S, sockaddr_in(0, INADDR_LOOPBACK));
    my ($port) = sockaddr_in(getsockname(S)); print $port']])
  local preload = (OPENAPI:find "^/" and "" or "./") .. OPENAPI .. "/prism_decode.cjs"
  local proxy = ("proxy %s/apify.openapi.json %s -h 127.0.0.1 -p %s --errors"):format(OPENAPI, api.url, port)
  local pipe = io.popen(("echo $$; PRISM_DROP_CE=1 exec node -r %s %s %s 2>&1"):format(preload, PRISM, proxy))
  local pid, heard = pipe:read "*l", {}
  for line in pipe:lines() do
    heard[#heard + 1] = line
    if line:find("is listening", 1, true) then return "http://127.0.0.1:" .. port, pid, pipe end
  end
  error("Prism does not start: " .. table.concat(heard, "\n"))
end

describe("the API's own description", function()
  local client, judged, pid, pipe

  setup(function()
    local url
    url, pid, pipe = start_prism()
    client, judged = testbed.client(api), testbed.client({ url = url }, { max_retries = 0 })
  end)

  teardown(function()
    os.execute("kill " .. pid)
    pipe:close()
  end)

  for _, case in ipairs(cases.all()) do
    local excuse = excuse_of(case)

    it((excuse and "does not judge %s: %s" or "agrees with %s"):format(case.name, excuse), function()
      local value, err = cases.ask(api, client, case, function(w) return case.call(judged, w, api) end)
      if excuse then assert.is_nil(value) else assert.is_nil(value == nil and tostring(err) or nil) end
    end)
  end
end)
