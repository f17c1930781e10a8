--- Misuse that did something: tables that are no lists or have holes, methods called with a dot.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local api = testbed.local_api()

local function misuse(call)
  local ok, text = pcall(call)
  assert.is_false(ok)
  return text
end

it("tables that are no lists are not taken for empty ones", function()
  local client = testbed.client(api)
  for _, given in ipairs { { id = "x" }, client:runs():iterate(), { items = {} } } do
    assert.truthy(misuse(function() client:wait_all(given) end):find("wait_all", 1, true))
  end
  assert.truthy(misuse(function() apify.all { a = print } end):find("no list", 1, true))
  assert.truthy(misuse(function() apify.map({ a = 1 }, print) end):find("no list", 1, true))
  assert.same({}, client:wait_all(apify.array {}))
end)

it("lists with holes are not taken for what comes before the hole", function()
  local client = testbed.client(api)
  local calls = {
    function(list) return client:wait_all(list) end,
    function(list) return client:wait_any(list) end,
    function(list) return client:wait_each(list) end,
    function(list) return apify.map(list, print) end,
    function(list) return client:request { path = "/actor-runs", query = { status = list } } end,
  }
  for _, call in ipairs(calls) do
    for _, list in ipairs { { "a", nil, "c" }, { "a", "b", [4] = "d" }, { [2] = "b" } } do
      assert.truthy(misuse(function() call(list) end):find("a list with holes", 1, true))
    end
  end
  assert.truthy(misuse(function() apify.all { print, nil, print } end):find("a list with holes", 1, true))
  assert.truthy(misuse(function() client:request { path = "/actor-runs", query = { status = { a = 1 } } } end):find("no list", 1, true))
  assert.same({ 1, 2 }, apify.map({ n = 2, 1, 2 }, function(n) return n end))
  assert.equal(0, api:log().counters.requests)
end)

it("methods of an iterator called with a dot are told at the caller's line", function()
  local it = testbed.client(api):runs():iterate()
  for _, name in ipairs { "next", "pages", "collect", "progress", "bookmark", "close" } do
    assert.truthy(misuse(function() it[name]() end):find("^%S*unnoticed_misuse_spec.lua:%d+: iterator:" .. name))
  end
  local each = testbed.client(api):wait_each { "x" }
  assert.truthy(misuse(function() each.next() end):find("^%S*unnoticed_misuse_spec.lua:%d+: iterator:next"))
end)
