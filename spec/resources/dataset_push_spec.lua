--- Pushing items to a dataset: how they are split, what is told of a failure; against the local API.
local apify = require "apify"
local child = require "spec.support.child"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"
local core = require "apify.core"
local gzip = require "spec.support.gzip"
local lists = require "spec.support.lists"
local push = require "apify.resources.dataset_push"
local waiting = require "spec.support.waiting"

local REQUEST = 4194304                  -- bytes of JSON in a request
local ITEM = 9437184                     -- bytes of an item

local count_to, list_of = lists.count_to, lists.list_of

local function plain(i)
  return { n = i }
end

-- An item of exactly so many bytes of JSON.
local function sized(bytes)
  return { t = ("x"):rep(bytes - #'{"t":""}') }
end

-- Pushes 60,000 items of 500 bytes; prints the peak of its memory in kB.
local MEMORY = [[
  local apify, push = require "apify", require "apify.resources.dataset_push"
  local client = apify.new { base_url = %q, token = "t" }
  local words, i = {}, 0
  for k = 1, 997 do words[k] = ("%%x"):format(k * 7919 * 104729 %% 1000003) .. ("abc"):rep(k %% 4) end
  local function item()
    i = i + 1
    if i > 60000 then return nil end
    local text = {}
    for k = 1, 50 do text[k] = words[(i * 31 + k * k * 17) %% 997 + 1] end
    return { n = i, url = "https://example.com/" .. i, text = table.concat(text, " "), list = { 1, 2, 3 } }
  end
  assert(push.items(client.settings, { method = "POST", path = %q }, item))
  for line in io.lines "/proc/self/status" do
    local peak = line:match "VmHWM:%%s*(%%d+)"
    if peak then print(peak) end
  end]]

describe("pushing items", function()
  local api = testbed.local_api { count = 0 }
  local client, op, dataset

  before_each(function()
    client = testbed.client(api, { min_delay_between_retries = 0.002 })
    dataset = assert(client:request { method = "POST", path = "/datasets" }).id
    op = { method = "POST", path = ("/datasets/%s/items"):format(dataset), answer = "head" }
  end)

  local function items(given, o) return push.items(client.settings, op, given, o) end

  -- What the dataset holds.
  local function stored()
    return api:admin("items", { dataset = dataset }).items
  end

  local function total()
    return api:admin("items", { dataset = dataset, limit = 0 }).total
  end

  -- The logged pushes.
  local function pushes()
    local found = {}
    for _, request in ipairs(api:log().requests) do
      if request.path:find "/items" then found[#found + 1] = request end
    end
    return found
  end

  -- Call fn while nothing is compressed, so that the log tells the sizes of JSON.
  local function uncompressed(fn)
    local make = core.gzip
    core.gzip = function()
      local pieces = {}
      return {
        add = function(_, ...)
          for i = 1, select("#", ...) do pieces[#pieces + 1] = (select(i, ...)) end
          return true
        end,
        finish = function(_, last)
          local text = table.concat(pieces) .. (last or "")
          pieces = {}
          return text, false
        end,
      }
    end
    local ok, err = pcall(fn)
    core.gzip = make
    assert(ok, err)
  end

  local function check_order(n)
    local found = stored()
    assert.equal(n, #found)
    for i, item in ipairs(found) do
      if item.n ~= i then error(("item %d is %s"):format(i, tostring(item.n))) end
    end
  end

  describe("takes", function()
    it("one item", function()
      assert.same({ true, 1 }, { items { a = { 1, apify.null }, b = apify.array {} } })
      local found = stored()
      assert.equal(1, #found)
      assert.equal(1, found[1].a[1])
    end)

    it("a list", function()
      assert.same({ true, 3 }, { items(list_of(3, plain)) })
      assert.same({ true, 1 }, { items(apify.array { { n = 4 } }) })
      check_order(4)
      assert.equal("application/json; charset=utf-8", pushes()[1].headers["content-type"])
      assert.is_nil(pushes()[1].headers["content-encoding"])
    end)

    it("an empty table or list, for which nothing is sent", function()
      assert.same({ true, 0 }, { items {} })
      assert.same({ true, 0 }, { items(apify.array {}) })
      assert.same({ true, 0 }, { items "[ ]" })
      assert.same({ true, 0 }, { items(function() return nil end) })
      assert.equal(0, #pushes())
    end)

    it("what says by __pairs what is in it, for what that is", function()
      local function proxy(of) return setmetatable({}, { __pairs = function() return next, of end }) end
      assert.is_true((assert(items(proxy { a = 1 }))))
      assert.is_true((assert(items(proxy { proxy { b = proxy { 2, 3 } }, { c = 4 } }))))
      assert.same({ { a = 1 }, { b = { 2, 3 } }, { c = 4 } }, stored())
    end)

    it("empty items", function()
      assert.same({ true, 2 }, { items { {}, {} } })
      assert.equal(2, total())
    end)

    it("JSON strings, as they are", function()
      assert.same({ true, 1 }, { items ' {"n":1, "big": 12345678901234567890} ' })
      assert.same({ true, 2 }, { items '[ {"n":2},\n{"n":3} ]' })
      check_order(3)
    end)

    it("a function, or what can be called like one", function()
      assert.same({ true, 3 }, { items(count_to(3, plain)) })
      local more = count_to(2, function(i) return { n = 3 + i } end)
      assert.same({ true, 2 }, { items(setmetatable({}, { __call = function() return more() end })) })
      check_order(5)
    end)

    it("an iterator that waits", function()
      assert.same({ true, 5 }, { items(count_to(5, function(i)
        assert(apify.sleep(0.001))
        return plain(i)
      end)) })
      check_order(5)
    end)

    it("nothing else", function()
      for _, bad in ipairs { 5, true } do
        local is_ok, message = pcall(items, bad)
        assert.is_false(is_ok)
        assert.truthy(message:find("expected an item, a list of items, a JSON string or an iterator", 1, true))
      end
    end)
  end)

  describe("splits", function()
    it("100,000 items of an iterator into few requests, in order", function()
      assert.same({ true, 100000 }, { items(count_to(100000, function(i) return { n = i, text = ("y"):rep(120) } end)) })
      check_order(100000)
      local found = pushes()
      assert.equal(4, #found)
      for _, request in ipairs(found) do assert.equal("gzip", request.headers["content-encoding"]) end
    end)

    it("at the border, to the byte", function()
      uncompressed(function()
        local half = (REQUEST - 2 - 2) / 2               -- two brackets; the comma is taken from the second
        assert(items { sized(half), sized(half + 1) })
        assert(items { sized(half), sized(half + 2) })
        local found = pushes()
        assert.equal(3, #found)
        assert.equal(REQUEST, found[1].body_bytes)
        assert.equal(half, found[2].body_bytes)
        assert.equal(half + 2, found[3].body_bytes)
      end)
      assert.equal(4, total())
    end)

    it("a JSON string in the same way", function()
      local half = (REQUEST - 2 - 2) / 2
      local first, second = assert(core.encode(sized(half))), assert(core.encode(sized(half + 1)))
      uncompressed(function()
        assert(items("[" .. first .. " , " .. second .. "\n]"))
        assert(items("[" .. first .. "," .. second:sub(1, 8) .. "x" .. second:sub(9) .. "]"))
      end)
      assert.equal(3, #pushes())
      assert.equal(REQUEST, pushes()[1].body_bytes)
    end)

    it("so that an item larger than a request stands alone", function()
      uncompressed(function()
        assert.same({ true, 3 }, { items { { n = 1 }, sized(REQUEST + 1), { n = 3 } } })
      end)
      local found = pushes()
      assert.equal(3, #found)
      assert.equal(REQUEST + 1, found[2].body_bytes)
    end)

    it("as far as an item is not larger than the API takes", function()
      assert.same({ true, 1 }, { items(sized(ITEM)) })
      for _, given in ipairs { "list", "iterator", "text" } do
        local list = { { n = 1 }, { n = 2 }, sized(ITEM + 1), { n = 4 } }
        if given == "iterator" then list = count_to(4, function(i) return ({ { n = 1 }, { n = 2 }, sized(ITEM + 1), { n = 4 } })[i] end) end
        if given == "text" then list = assert(core.encode(list)) end
        local before = total()
        local ok, err = items(list)
        assert.is_nil(ok)
        assert.equal("too_large", err.kind)
        assert.truthy(err.message:find("item 3 has 9437185 bytes", 1, true))
        assert.equal(2, err.pushed)
        assert.is_nil(err.in_doubt)
        assert.equal("POST", err.method)
        assert.equal(before + 2, total())
      end
    end)

    it("in little memory", function()
      local output = child.run(MEMORY:format(api.url, op.path))
      assert.is_true(program.is_wrapped or (tonumber(output) or error(output)) < 40000, output)
      assert.equal(60000, total())
    end)
  end)

  describe("compresses", function()
    it("a body of 1024 bytes or more, where that makes it smaller", function()
      assert(items(sized(1023)))
      assert(items(sized(1024)))
      local found = pushes()
      assert.is_nil(found[1].headers["content-encoding"])
      assert.equal(1023, found[1].body_bytes)
      assert.equal("gzip", found[2].headers["content-encoding"])
      assert.is_true(found[2].body_bytes < 100)
      uncompressed(function() assert(items(sized(1024))) end)
      assert.equal(1024, pushes()[3].body_bytes)
    end)
  end)

  describe("a bad item", function()
    -- What the misuse says.
    local function raised(given)
      local is_ok, message = pcall(items, given)
      assert.is_false(is_ok)
      assert.equal(0, #pushes())
      assert.truthy(message:find "push_spec.lua:%d+: bad items of dataset:push_items: ", message)
      return (message:gsub("^.*bad items of dataset:push_items: ", ""))
    end

    it("a page or a handle is none", function()
      local source = client:dataset(dataset)
      local found = { [assert(source:list_items())] = "a page, whose rows are in its items", [source] = "a handle" }
      for given, shown in pairs(found) do
        local is_ok, message = pcall(source.push_items, source, given)
        assert.is_false(is_ok)
        assert.matches("bad argument 1 of push_items: " .. shown .. " (expected an item", message, 1, true)
      end
      assert.same({}, stored())
    end)

    it("of a table is misuse, found before anything is sent", function()
      assert.equal("items[3].price: NaN cannot be JSON", raised { {}, {}, { price = 0 / 0 } })
      assert.equal("items.f: a function cannot be JSON", raised { f = print })
      assert.equal('items[2]: "x" is no item (expected a table)', raised { {}, "x" })
      assert.equal("items[1]: an item must be an object", raised { { 1, 2 } })
      assert.equal("items[2][1].a: a function cannot be JSON", raised { {}, { { a = print } } })
      assert.truthy(raised { {}, [3] = {} }:find("a list with holes", 1, true))
      assert.truthy(raised { {}, x = 1 }:find('the key "x"', 1, true))
      local circle = {}
      circle.me = circle
      assert.truthy(raised { circle }:find("a table that contains itself", 1, true))
    end)

    it("of an iterator ends the push behind what came before", function()
      local ok, err = items(count_to(2000, function(i) return i == 1001 and { x = 0 / 0 } or plain(i) end))
      assert.is_nil(ok)
      assert.equal("io", err.kind)
      assert.equal("item 1001: x: NaN cannot be JSON", err.message)
      assert.equal(1000, err.pushed)
      assert.is_nil(err.in_doubt)
      check_order(1000)
    end)

    it("of a string is no byte order mark before it", function()
      assert(items '\239\187\191[{"a":1}]')
      assert(items '\239\187\191{"a":2}')
      assert.equal(2, #pushes())
    end)

    it("of a string is told before anything is sent", function()
      local cases = {
        ["hello"] = "items: ", ['{"a":1}x'] = "items: ", ['[{"a":1},]'] = "items[2]: ", ['[{"a":1}] x'] = "items[2]: ",
        ['[{"a":1},{"b":tru}]'] = "items[2]: ", ["[{},7]"] = "items[2]: ", ["[{},[]]"] = "items[2]: ", ["7"] = "object", [""] = "items: ",
        ['[{"a":1}'] = "items[2]: ",
      }
      for text, expected in pairs(cases) do
        local is_done, why = pcall(items, text)
        assert.is_false(is_done, text)
        assert.equal("string", type(why))
        assert.matches("^spec/resources/dataset_push_spec.lua:%d+: bad items of dataset:push_items: ", why)
        assert.truthy(why:find(expected, 1, true), why)
      end
      assert.equal(0, #pushes())
    end)
  end)

  describe("an iterator", function()
    it("that fails or raises ends the push behind what came before", function()
      for i, verb in ipairs { "failed", "raised" } do
        local ok, err = items(count_to(100, function(n)
          if n <= 10 then return plain(n) end
          if verb == "raised" then error("no more", 0) end
          return nil, "no more"
        end))
        assert.is_nil(ok)
        assert.equal("io", err.kind)
        assert.equal("no more", err.cause)
        assert.equal(("the iterator %s: no more"):format(verb), err.message)
        assert.equal(10, err.pushed)
        assert.equal(10 * i, total())
      end
    end)

    it("is not pulled when the client is closed", function()
      client:close()
      local ok, err = items(function() error "pulled" end)
      assert.is_nil(ok)
      assert.equal("closed", err.kind)
      assert.equal(0, err.pushed)
    end)

    it("sees the cancelling of its fiber, which ends the push", function()
      local fiber = apify.spawn(function()
        return items(function() return nil, select(2, apify.sleep(60)) end)
      end)
      fiber:cancel()
      local ok, err = fiber:wait()
      assert.is_nil(ok)
      assert.equal("cancelled", err.kind)
      assert.equal(0, err.pushed)
    end)
  end)

  describe("a failure", function()
    local large = REQUEST / 2                            -- one of these in a request

    it("of a schema names the items by their positions", function()
      api:admin("dataset_rules", { dataset = dataset, required = { "n" } })
      local list = list_of(7, function(i) return { n = i, t = ("x"):rep(i == 3 and large or i == 4 and large or 10) } end)
      list[5].n, list[7].n = nil, nil                    -- in the second request
      local ok, err = items(list)
      assert.is_nil(ok)
      assert.equal("schema-validation-error", err.type)
      assert.equal(3, err.pushed)
      assert.is_nil(err.in_doubt)
      assert.same({ 5, 7 }, { err.data.invalidItems[1].itemPosition, err.data.invalidItems[2].itemPosition })
      check_order(3)
    end)

    it("is none where the answer has come, whatever becomes of its body", function()
      api:faults { match = { path = "/items" }, action = { cut = { after_bytes = 1 } } }
      assert.same({ true, 3 }, { items(list_of(3, function(i) return { n = i, t = ("x"):rep(large) } end)) })
      assert.equal(3, #pushes())
      check_order(3)
    end)

    it("tells which items are in doubt when an answer was lost, and does not repeat", function()
      api:faults { match = { path = "/items", after = 1 }, action = { close_before_answer = { act = true } } }
      local ok, err = items(list_of(3, function(i) return { n = i, t = ("x"):rep(large) } end))
      assert.is_nil(ok)
      assert.equal("network", err.kind)
      assert.equal(1, err.pushed)
      assert.same({ 2, 2 }, err.in_doubt)
      assert.equal(2, #pushes())
      assert.equal(2, total())                           -- it was stored indeed
    end)

    it("is repeated after 429, which stored nothing", function()
      api:faults { match = { path = "/items", first = 2 }, action = { status = { code = 429 } } }
      assert.same({ true, 3 }, { items(list_of(3, plain)) })
      assert.equal(3, #pushes())
      check_order(3)
    end)

    it("leaves no doubt when the request was refused", function()
      api:faults { match = { path = "/items" }, action = { status = { code = 429 } } }
      local few = client:with { max_retries = 1 }
      local ok, err = push.items(few.settings, op, list_of(3, plain))
      assert.is_nil(ok)
      assert.equal(429, err.status)
      assert.equal(0, err.pushed)
      assert.is_nil(err.in_doubt)
    end)

    it("leaves a doubt when the server broke down", function()
      api:faults { match = { path = "/items" }, action = { status = { code = 500 } } }
      local _, err = items(list_of(3, plain))
      assert.same({ 1, 3 }, err.in_doubt)
      assert.equal(1, #pushes())
    end)

    it("is the fiber's cancelling, or the client's closing, in mid-request", function()
      api:faults { match = { path = "/items" }, action = { hang = true } }
      for i, kind in ipairs { "cancelled", "closed" } do
        local fiber = apify.spawn(function() return items(list_of(3, plain)) end)
        waiting.until_open(api, 1 + i)                   -- with the dataset's making
        if kind == "closed" then client:close() else fiber:cancel() end
        local _, err = fiber:wait()
        assert.equal(kind, err.kind)
        assert.same({ 1, 3 }, err.in_doubt)
        assert.equal(0, err.pushed)
      end
    end)

    it("is a dataset that is not there", function()
      local _, err = push.items(client.settings, { method = "POST", path = "/datasets/nobody/items" }, { n = 1 })
      assert.is_true(err.not_found)
      assert.equal(0, err.pushed)
    end)
  end)

  it("allows each request its time", function()
    api:faults { match = { path = "/items" }, action = { hang = true } }
    local _, err = items({ n = 1 }, { request_timeout = 0.05 })
    assert.equal("timeout", err.kind)
    assert.same({ 1, 1 }, err.in_doubt)
  end)

  it("sends what is encoded already as it is", function()
    local handle, packed = client:dataset(dataset), gzip.pack '[{"n":1},{"n":2}]'
    assert.same({ true }, { handle:push_items(packed, { content_encoding = "gzip" }) })
    assert.same({ { n = 1 }, { n = 2 } }, stored())
    local request = pushes()[1]
    assert.same({ "gzip", #packed, "application/json; charset=utf-8" }, {
      request.headers["content-encoding"], request.body_bytes, request.headers["content-type"],
    })
    assert.equal(415, select(2, handle:push_items("[]", { content_encoding = "zpaq" })).status)
    assert.equal(400, select(2, handle:push_items("[]", { content_encoding = "gzip" })).status)
    for _, bad in ipairs { { { n = 1 } }, function() end } do
      local ok, text = pcall(function() handle:push_items(bad, { content_encoding = "gzip" }) end)
      assert.is_false(ok)
      assert.matches("^%S*push_spec.lua:%d+: bad argument 1 of dataset:push_items: ", text)
    end
    api:faults { match = { path = "/items" }, action = { hang = true } }
    local _, err = handle:push_items(packed, { content_encoding = "gzip", deadline = 0.05 })
    assert.same({ "timeout", true }, { err.kind, err.sent })
    assert.equal(2, total())
  end)

  it("goes by the codec that was given", function()
    local own = client:with { json = { encode = function(item) return ('{"n":%d}'):format(item.k) end, decode = error } }
    assert.same({ true, 2 }, { push.items(own.settings, op, { { k = 1 }, { k = 2 } }) })
    check_order(2)
  end)

  it("lets other fibers have their turn", function()
    local turns, is_over = 0, false
    local other = apify.spawn(function()
      while not is_over do
        turns = turns + 1
        assert(apify.sleep(0))
      end
    end)
    local most = 0                                       -- turns until the last item of a single request
    assert(items(count_to(40000, function(i)
      most = turns
      return { n = i, text = "some text that has to be encoded", list = { 1, 2, 3, 4, 5, 6 } }
    end)))
    is_over = true
    assert.equal(1, #pushes())
    assert.is_true(most > 1)
    other:wait()
  end)
end)
