--- Ctrl-C in a program that waits. The signal is sent once the program stands in its wait.
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local SOON = 3                           -- seconds; the waits would take a minute or more

-- A fiber that tells, from inside the wait, that the wait has begun. The signal is for the wait: LuaJIT raises its error in whatever
-- coroutine runs, so that the fiber has some time to end, and others tick seldom.
local PROLOGUE = [[
local apify = require "apify"
local client = apify.new { base_url = os.getenv "API_URL", token = false }
local run_id = os.getenv "RUN_ID"
apify.spawn(function()
  apify.sleep(0.1)
  local file = assert(io.open(os.getenv "READY", "w"))
  file:write "ready"
  file:close()
end)
]]

describe("Ctrl-C", function()
  local api = testbed.local_api { count = 3 }
  local id

  before_each(function() id = api:admin("add_runs", { schedule = { { 0, "RUNNING" } } }).ids[1] end)

  -- Run the code, interrupt it in its wait: what it printed, its exit code, and how long it lived after the signal.
  local function interrupt(code)
    local path, ready = os.tmpname(), os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write(PROLOGUE, code)
    file:close()
    local command = program.command(path, { API_URL = api.url, RUN_ID = id, READY = ready })
    local output, complaints, status = program.shell(([[
      %s &
      pid=$!
      n=0
      until [ -s %s ] || [ $n -ge 300 ]; do n=$((n + 1)); sleep 0.05; done
      sleep 0.1
      started=$(date +%%s.%%N)
      kill -INT $pid
      wait $pid
      code=$?
      echo " seconds $started $(date +%%s.%%N)"
      (exit $code)]]):format(command, ready))
    os.remove(path)
    os.remove(ready)
    local printed, from, to = output:match "^(.*) seconds (%S+) (%S+)\n$"
    return printed .. complaints, status, tonumber(to) - tonumber(from)
  end

  for name, wait in pairs {
    ["wait_for_finish"] = "client:run(run_id):wait_for_finish()",
    ["wait_all"] = "client:wait_all { run_id }",
    ["a loop over runs"] = "for _ in client:actor 'janedoe~my-actor':runs():iterate() do end",
    ["sleep"] = "apify.sleep(100)",
    ["map"] = "apify.map({ 1, 2 }, function() return client:run(run_id):wait_for_finish() end)",
    ["a coroutine of the program's own"] = "coroutine.wrap(function() client:run(run_id):wait_for_finish() end)()",
    ["a coroutine in a coroutine"] = "coroutine.wrap(function() coroutine.wrap(function() apify.sleep(100) end)() end)()",
    ["a wait for a fiber"] = "apify.spawn(apify.sleep, 100):wait()",
  } do
    it("ends a program that stands in " .. name, function()
      if name == "a loop over runs" then api:faults { match = { path = "/acts/" }, action = { hang = true } } end
      local printed, status, secs = interrupt(wait .. "\nprint 'went on'")
      assert.matches("^lua[^\n]*: interrupted!\n", printed)
      assert.not_matches("went on", printed)
      assert.not_equal(0, status)
      assert.is_true(secs < SOON, secs)
    end)
  end

  it("can be caught, and the client and fibers go on", function()
    local printed, status, secs = interrupt [[
      local ticks = 0
      local ticker = apify.spawn(function() while apify.sleep(0.5) do ticks = ticks + 1 end end)
      local ok, why = pcall(function() return client:run(run_id):wait_for_finish() end)
      print(ok, why)
      local before = ticks
      print(assert(client:run(run_id):get()).status)
      print(select(2, client:run(run_id):wait_for_finish { wait_secs = 1.2 }).kind)
      print(ticks > before, apify.map({ 1, 2 }, function(i) apify.sleep(0.01) return i end)[2])
      ticker:cancel()
      collectgarbage() collectgarbage()
      print(client:stats().in_flight)]]
    assert.equal("false\tinterrupted!\nRUNNING\nunfinished\ntrue\t2\n0\n", printed)
    assert.equal(0, status)
    assert.is_true(secs < SOON, secs)
  end)
end)
