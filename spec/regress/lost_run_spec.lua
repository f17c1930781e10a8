--- A wait whose time was over, and which had forgotten the run that it had seen.
local testbed = require "spec.support.testbed"

local api = testbed.local_api()

it("a run that was seen is unfinished when the time is over, whatever the last poll met", function()
  local id = api:admin("add_runs", { actor = "janedoe~my-actor", schedule = { { 0, "RUNNING" }, { 60, "SUCCEEDED" } } }).ids[1]
  local handle = testbed.client(api, { min_delay_between_retries = 0.5 }):run(id)
  local run, err
  for _, secs in ipairs { 1.2, 5, 20 } do                -- more where the first poll alone takes longer
    api:faults { match = { path = id, after = 1 }, action = { status = { code = 503 } }, may_miss = true }
    run, err = handle:wait_for_finish { wait_secs = secs }
    if err.run then break end
  end
  assert.is_nil(run)
  assert.same({ "unfinished", "RUNNING" }, { err.kind, err.run and err.run.status })
end)
