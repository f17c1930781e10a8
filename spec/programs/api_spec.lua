-- runs once
--- `make api`: what it shows can be typed as it stands, and Ctrl-C ends it with its server.
local program = require "spec.support.program"
local shell = require "spec.support.shell"

local SERVE = "spec/local_api/serve.lua"

describe("the local API for trying things", function()
  local folder                           -- for temporary files: the server's, while it lives

  before_each(function() folder = program.shell "mktemp -d":match "[^\n]+" end)
  after_each(function() program.shell(("[ -s %s/code ] || kill -INT $(cat %s/pid); rm -rf %s"):format(folder, folder, folder)) end)

  -- What ends it, once it shows all that it shows; and that.
  local function start()
    local command = program.command(SERVE, { TMPDIR = folder })
    shell.run(("{ sh -c 'echo $$ >%s/pid; exec \"$@\"' sh %s >%s/shown 2>%s/complaints; echo $? >%s/code; } >/dev/null 2>&1 &"):format(
      folder, command, folder, folder, folder))
    shell.eventually(function() return shell.read_file(folder .. "/shown"):find "request queue [^\n]+\n" end)
    local function stop()
      shell.run(("kill -INT $(cat %s/pid)"):format(folder))
      shell.eventually(function() return shell.read_file(folder .. "/code") ~= "" end)
    end
    return stop, shell.read_file(folder .. "/shown")
  end

  -- The commands that are shown; the log that goes on for ten minutes is left after a line.
  local function commands(shown)
    local lines = {}
    for line in shown:match "In another terminal.-\n\n(.*)\nIn it":gmatch "  [^\n]+\n" do lines[#lines + 1] = line end
    return (table.concat(lines):gsub("(examples/follow_log[^\n]*)", "%1 2>/dev/null | head -n 1"))
  end

  -- Prints how often the first call was repeated, and the runs of the last week.
  local ASK = [[lua5.4 -e 'local apify = require "apify"; local client = apify.new()
    local runs = client:runs(); assert(runs:list())
    print("repeated", client:stats().retries)
    print("this week", runs:list({ started_after = apify.date(os.time() - 7 * 86400) }).total)'
  ]]

  it("is started with all that it names, and stopped by Ctrl-C without a word", function()
    local stop, shown = start()
    local ask = "curl -s -o /dev/null -w %{http_code} --noproxy '*' " .. shown:match "http://[%d.:]+" .. "/v2/actor-runs "
    for token, status in pairs { invalid = "401", forbidden = "403" } do
      assert.truthy(shown:find(("apify_api_%s (%s)"):format(token, status), 1, true))
      assert.equal(status, (program.shell(ask .. "-H 'Authorization: Bearer apify_api_" .. token .. "'")))
    end
    local slow = ("%s/v2/actor-runs/%s"):format(shown:match "http://[%d.:]+", shown:match "follow_log.lua (%w+)")
    assert.truthy(program.shell("curl -s --noproxy '*' " .. slow):find '"timeoutSecs":3600,')       -- it may go on for its ten minutes
    local output, complaints, code = program.shell("unset MAKEFLAGS MAKELEVEL LUA_PATH LUA_CPATH http_proxy; set -e\n"
      .. commands(shown) .. ASK .. shown:match "  (curl [^\n]+faults[^\n]+\n)")
    stop()
    assert.equal("", complaints)
    assert.equal(0, code)
    assert.truthy(output:find('"total":181,', 1, true))
    assert.truthy(output:find("\nKettle\t4.5\n", 1, true))
    assert.truthy(output:find "\n%w+\tFAILED\t20%d%d%-")
    local run = shown:match "follow_log.lua (%w+)"
    assert.truthy(output:find(("Z run %s line %%d\n"):format(run)))
    local repeated, this_week = output:match "\nrepeated\t(%d)\nthis week\t(%d+)\n"
    assert.equal("2", repeated)
    assert.is_true(tonumber(this_week) > 30 and tonumber(this_week) < 100, this_week)
    assert.equal("0\n", shell.read_file(folder .. "/code"))
    assert.equal("", shell.read_file(folder .. "/complaints"))
    assert.equal("", (program.shell(("cd %s && ls -A | grep -v -x -e pid -e shown -e complaints -e code"):format(folder))))
    assert.equal(7, select(3, program.shell("curl -s --noproxy '*' " .. shown:match "http://[%d.:]+")))      -- connection refused
  end)
end)

describe("the local API's start", function()
  it("prints what a shell evaluates, so that programs find it", function()
    local output, _, code = program.shell [[
      eval "$(spec/local_api/start)"
      printf '%s %s %s\n' "$url" "$(sh -c 'echo $APIFY_API_BASE_URL')" "$(sh -c 'echo $APIFY_TOKEN')"
      spec/local_api/stop "$dir"]]
    assert.equal(0, code)
    local url, base_url, token = output:match "^(%S+) (%S+) (%S+)\n$"
    assert.truthy(url:find "^http://127%.0%.0%.1:%d+$")
    assert.same({ url, "apify_api_local" }, { base_url, token })
  end)
end)
