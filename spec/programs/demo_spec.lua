-- runs first
--- The demo, as a program: in a terminal, without one, with a token, and interrupted.
local child = require "spec.support.child"
local core = require "apify.core"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local DEMO = "examples/demo.lua"
local ESCAPE = "\27"
local SHOW_CURSOR, HIDE_CURSOR = "\27[?25h", "\27[?25l"

local function count(text, what)
  local n, at = 0, 1
  while true do
    local first, last = text:find(what, at, true)
    if not first then return n end
    n, at = n + 1, last + 1
  end
end

local function assert_contains(text, what)
  assert(text:find(what, 1, true), ("%q is not in:\n%s"):format(what, text))
end

-- Only what a terminal shows in the end of each line that was rewritten.
local function final_lines(screen)
  local lines = {}
  for line in screen:gmatch "([^\n]*)\n" do
    line = line:gsub("\r$", ""):match "[^\r]*$"
    lines[#lines + 1] = (line:gsub("\27%[[%d;?]*%a", ""))
  end
  return lines
end

local function width(line)
  return #line:gsub("[\128-\191]", "")
end

describe("the demo", function()
  local folder                           -- for temporary files: the server's, while it lives

  before_each(function() folder = program.shell("mktemp -d"):match "[^\n]+" end)
  after_each(function() program.shell("rm -rf " .. folder) end)

  local function assert_no_server(output)
    assert.equal("", (program.shell("ls -A " .. folder)))
    local _, _, code = program.shell("curl -s --noproxy '*' -o /dev/null " .. output:match "http://[%d.:]+")
    assert.equal(7, code)                -- connection refused
  end

  it("shows thousands of made-up runs and a wait as plain lines where there is no terminal (some 12 s)", function()
    local output, complaints, code = program.run(DEMO, { TMPDIR = folder })
    assert.equal("", complaints)
    assert.equal(0, code)
    assert.falsy(output:find "[\r\27]")
    assert_contains(output, "7,006 of 7,006  100 %")
    assert.truthy(output:find "\n  SUCCEEDED +3,%d%d%d +5%d%.%d %%")
    assert_contains(output, "slow and faulty on purpose")
    local id = output:match "\n  (%w+)  READY > RUNNING > SUCCEEDED  [4-9]%.%d s\n"
    assert.equal(1, select(2, output:gsub("RUNNING > SUCCEEDED", "")))
    assert.truthy(output:find(("\n  %s +READY +%%d+ s ago"):format(id)))
    assert_no_server(output)
  end)

  it("stops with its server at Ctrl-C, leaves the terminal as it was, and says nothing more", function()
    local screen, code = program.run_in_terminal(DEMO, { TERM = "xterm", TMPDIR = folder }, { { press = "\3", after = "pages in flight" } })
    assert.equal(130, code)
    assert.falsy(screen:find("traceback", 1, true))
    assert.equal(count(screen, HIDE_CURSOR), count(screen, SHOW_CURSOR))
    assert.equal(SHOW_CURSOR, screen:sub(-#SHOW_CURSOR))
    assert_no_server(screen)
  end)
end)

describe("the demo with a token", function()
  local api = testbed.local_api { count = 250 }

  local function env(more)
    local all = { APIFY_TOKEN = "apify_api_some", APIFY_API_BASE_URL = api.url, TERM = "xterm", LANG = "C.UTF-8", LC_ALL = "C.UTF-8" }
    for name, value in pairs(more or {}) do all[name] = value end
    return all
  end

  local function start_run(actor)
    return api:admin("add_runs", { actor = actor, schedule = { { 0, "READY" }, { 1.5, "RUNNING" }, { 3, "SUCCEEDED" } } }).ids[1]
  end

  it("reads the account's runs and changes nothing", function()
    local output, complaints, code = program.run(DEMO, env())
    assert.equal("", complaints)
    assert.equal(0, code)
    assert_contains(output, "250 of 250  100 %")
    assert_contains(output, "all of them have")
    for _, request in ipairs(api:log().requests) do assert.equal("GET", request.method) end
  end)

  it("reads the runs of the Actor that APIFY_ACTOR names", function()
    api:admin("add_runs", { actor = "jane~other", count = 7, schedule = { { 0, "FAILED" } } })
    local output = program.run(DEMO, env { APIFY_ACTOR = "jane/other" })
    assert_contains(output, "7 of 7  100 %")
    assert.truthy(output:find "\n  FAILED +7 +100%.0 %%")
  end)

  it("reads no more than the newest 5000", function()
    api:admin("reset", { count = 5100 })
    assert_contains(program.run(DEMO, env()), "5,000 of 5,000  100 %")
  end)

  it("waits for the newest run that has not finished, whose status changes in place", function()
    local id = start_run "janedoe~my-actor"
    local screen, code = program.run_in_terminal(DEMO, env { NO_COLOR = "1" })
    assert.equal(0, code)
    local shown = 0
    for _, line in ipairs(final_lines(screen)) do
      if line:find("  " .. id .. "  READY > RUNNING > SUCCEEDED  ", 1, true) then shown = shown + 1 end
    end
    assert.equal(1, shown)
    assert.truthy(screen:find("\r  " .. id .. "  READY  0.0 s", 1, true))
  end)

  it("paints statuses in a terminal, and nowhere else", function()
    assert_contains(program.run_in_terminal(DEMO, env()), ESCAPE .. "[32mSUCCEEDED")
    assert.falsy(program.run_in_terminal(DEMO, env { NO_COLOR = "1" }):find "\27%[%d*m")
    assert.falsy(program.run_in_terminal(DEMO, env { TERM = "dumb" }):find(ESCAPE, 1, true))
    assert.falsy(program.run(DEMO, env()):find(ESCAPE, 1, true))
  end)

  it("keeps tables, bars and what is rewritten to the width of the terminal", function()
    for _, columns in ipairs { 40, 60, 120 } do
      local lines = final_lines((program.run_in_terminal(DEMO, env { COLUMNS = ("%d"):format(columns) })))
      local widest = 0
      for _, line in ipairs(lines) do
        if line:find "^  ID" or line:find " ago " or line:find "%%" then widest = math.max(widest, width(line)) end
      end
      assert.is_true(widest > columns / 3 and widest <= columns, ("%d of %d columns"):format(widest, columns))
    end
  end)

  it("draws with ASCII where the locale has no more", function()
    assert.falsy(program.run(DEMO, env { LC_ALL = "C" }):find "[\128-\255]")
  end)

  it("says that the token is not accepted", function()
    local _, complaints, code = program.run(DEMO, env { APIFY_TOKEN = "apify_api_invalid" })
    assert.equal(1, code)
    assert.truthy(complaints:find "^demo: the API does not accept this APIFY_TOKEN %(GET /v2/actor%-runs: 401 [^\n]*%)\n$")
  end)

  it("tells another error of the API in one line", function()
    local _, complaints, code = program.run(DEMO, env { APIFY_ACTOR = "jane/nobody" })
    assert.equal(1, code)
    assert.truthy(complaints:find "^demo: GET /v2/acts/jane~nobody/runs: 404 [^\n]*\n$")
  end)

  it("says within five seconds who does not answer, and what starts an API, if a port refuses, a connection hangs or no answer comes", function()
    local port, stop = child.black_hole()
    local function assert_told(url, what)
      local started_at = core.now()
      local _, complaints, code = program.run(DEMO, env { APIFY_API_BASE_URL = url })
      local secs = core.now() - started_at
      assert.equal(1, code)
      assert_contains(complaints, ("demo: %s %s, where APIFY_API_BASE_URL points; `unset APIFY_API_BASE_URL APIFY_TOKEN` "):format(what, url))
      assert.truthy(complaints:find "^[^\n]* %(GET /v2/actor%-runs: [^\n]*%)\n$", complaints)
      assert.is_true(secs < 5, ("%s: %.1f s"):format(url, secs))
    end
    assert_told("http://127.0.0.1:1", "nothing listens at")
    assert_told("http://127.0.0.1:" .. port, "there is no answer from")
    stop()
    api:faults { match = { path = "/actor%-runs$" }, action = { hang = true } }
    assert_told(api.url, "there is no answer from")
    api:faults()
  end)

  it("asks for the network where no address was given", function()
    local _, complaints, code = program.run(DEMO, { APIFY_TOKEN = "apify_api_some", https_proxy = "http://127.0.0.1:1" })
    assert.equal(1, code)
    assert.truthy(complaints:find "^demo: there is no answer; is there a network%? %(GET /v2/actor%-runs: [^\n]*%)\n$", complaints)
  end)

  it("tells a bad APIFY_ACTOR in one line, and fails", function()
    local _, complaints, code = program.run(DEMO, env { APIFY_ACTOR = ".." })
    assert.equal(1, code)
    assert.truthy(complaints:find "^demo: [^\n]*Actor id[^\n]*\n$")
  end)
end)
