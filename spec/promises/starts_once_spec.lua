--- A start is sent once: connections are cut after the request was received, half of the time, and the server counts the runs.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"
local COUNT = 200
local PARALLEL = 20

local ADDRESSES = {
  { name = "http", url = "url", protocol = "HTTP/1.1" },
  { name = "TLS and HTTP/1.1", url = "h1_tls_url", protocol = "HTTP/1.1" },
  { name = "TLS and HTTP/2", url = "tls_url", protocol = "HTTP/2.0" },
}

describe(COUNT .. " starts over connections that are cut", function()
  local api = testbed.local_api()
  local client

  before_each(function() api:admin("behaviour", { schedule = { { 0, "RUNNING" } }, items = 0, log_lines = 0 }) end)

  --- Half of all starts lose their connection: `act` says whether the run is started all the same.
  local function cut(act)
    api:faults { match = { method = "POST", probability = 0.5, seed = 7 }, action = { close_before_answer = { act = act } } }
  end

  --- What became of a start: { run } or { err = err }.
  local function start(i)
    local run, err = client:actor(ACTOR):start { number = i }
    return { run = run, err = err }
  end

  local HOW = {
    ["one after the other"] = function()
      local outcomes = {}
      for i = 1, COUNT do outcomes[i] = start(i) end
      return outcomes
    end,
    [PARALLEL .. " at a time"] = function()
      local numbers = {}
      for i = 1, COUNT do numbers[i] = i end
      return assert(apify.map(numbers, start, { max_parallel = PARALLEL }))
    end,
  }

  --- The runs that were returned, by id, how many, and how many starts are in doubt.
  local function judge(outcomes)
    local runs, count, doubtful = {}, 0, 0
    for _, outcome in ipairs(outcomes) do
      local run, err = outcome.run, outcome.err
      if run then
        assert.is_nil(runs[run.id], "a run was returned twice")
        runs[run.id], count = run, count + 1
      else
        assert.same({ "network", true, 1 }, { err.kind, err.sent, err.attempts }, tostring(err))
        doubtful = doubtful + 1
      end
    end
    assert.equal(COUNT, count + doubtful)
    return runs, count, doubtful
  end

  local function assert_there(runs, started)
    local is_there = {}
    for _, id in ipairs(started.ids) do is_there[id] = true end
    for id in pairs(runs) do assert.is_true(is_there[id], id .. " was never started") end
  end

  --- The starts that arrived, and on how many connections.
  local function arrivals(protocol)
    local count, connections, total = 0, {}, 0
    for _, request in ipairs(api:log().requests) do
      assert.equal(protocol, request.protocol)
      if request.method == "POST" then count = count + 1 end
      if not connections[request.connection] then connections[request.connection], total = true, total + 1 end
    end
    return count, total
  end

  for _, address in ipairs(ADDRESSES) do
    for how, start_all in pairs(HOW) do
      for _, act in ipairs { true, false } do
        it(("make no run twice: %s, %s, %s"):format(address.name, how, act and "all carried out" or "the lost ones not carried out"), function()
          client = testbed.client(api, { url = address.url })
          cut(act)
          local runs, count, doubtful = judge(start_all())
          local started = api:admin "starts"
          assert.is_true(count > COUNT / 4 and doubtful > COUNT / 4, count)
          assert.equal(act and COUNT or count, started.count)
          assert_there(runs, started)
          local arrived, connections = arrivals "HTTP/1.1"        -- also where the server speaks HTTP/2
          assert.equal(COUNT, arrived)
          assert.is_true(connections < COUNT, "no connection was used again")
        end)
      end

      it(("all succeed if they may be repeated: %s, %s"):format(address.name, how), function()
        client = testbed.client(api, { url = address.url, retry_unsafe = true, max_retries = 60 })
        cut(true)
        local runs, count, doubtful = judge(start_all())
        assert.same({ COUNT, 0 }, { count, doubtful })
        local started = api:admin "starts"
        assert.is_true(started.count > COUNT, started.count)
        assert_there(runs, started)
        arrivals(address.protocol)
      end)
    end
  end
end)
