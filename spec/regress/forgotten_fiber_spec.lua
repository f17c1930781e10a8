--- Fibers that waited for ever: for an iterator that was closed, for what another has taken, for a client whose hook raised in `close`.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local api = testbed.local_api()

it("closing an iterator ends the wait of a fiber in it", function()
  api:faults { match = { path = "/runs$" }, action = { hang = {} } }
  local it = testbed.client(api):actor("janedoe~my-actor"):runs():iterate {}
  local fiber = apify.spawn(function() return "row", it:next() end)
  apify.sleep(0.05)
  it:close()
  local first, row, err = fiber:wait(5)
  assert.same({ "row" }, { first, row, err })
end)

it("two fibers may share what wait_each returns", function()
  local ids = api:admin("add_runs", { actor = "janedoe~my-actor", count = 4, schedule = { { 0, "RUNNING" }, { 0.2, "SUCCEEDED" } } }).ids
  local each, told = testbed.client(api):wait_each(ids), {}
  assert(apify.map({ 1, 2 }, function()
    for id in each do told[#told + 1] = id end
    return true
  end))
  table.sort(ids)
  table.sort(told)
  assert.same(ids, told)
end)

it("a fiber that is cancelled in what wait_each returns keeps no run from who asks next, or waits beside it", function()
  local client = testbed.client(api)
  for _, o in ipairs { {}, { max_parallel = 1 } } do
    for _, is_alone in ipairs { true, false } do
      local ids = api:admin("add_runs", { actor = "janedoe~my-actor", count = 3, schedule = { { 0, "RUNNING" }, { 0.3, "SUCCEEDED" } } }).ids
      local each, told = client:wait_each(ids, o), {}
      local function take_all()
        for id in each do told[#told + 1] = id end
      end
      local cancelled = apify.spawn(function() return each:next() end)
      local beside = not is_alone and apify.spawn(take_all)
      apify.sleep(0.05)
      cancelled:cancel()
      assert.equal("cancelled", select(3, cancelled:wait()).kind)
      if beside then beside:wait() else
        assert.equal(0, client:stats().in_flight)
        take_all()
      end
      table.sort(ids)
      table.sort(told)
      assert.same(ids, told)
    end
  end
end)

it("a hook that raises keeps close from nothing", function()
  api:faults { match = { path = "/runs$" }, action = { hang = {} } }
  local client = testbed.client(api, { on_attempt = function() error "hook" end })
  local fibers = {}
  for i = 1, 3 do fibers[i] = apify.spawn(function() return client:actor("janedoe~my-actor"):runs():list() end) end
  apify.sleep(0.05)
  assert.equal(3, client:stats().in_flight)
  local ok, why = pcall(client.close, client)
  assert.is_false(ok)
  assert.truthy(why.cause:find("hook", 1, true))
  assert.equal(0, client:stats().in_flight)
  for _, fiber in ipairs(fibers) do assert.equal("closed", select(2, fiber:wait(5)).kind) end
end)
