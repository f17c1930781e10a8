-- runs first
--- Iterating over the items of a dataset: in one request or in pages, whatever the API skips and wherever a connection breaks.
local apify = require "apify"
local cjson = require "cjson"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

describe("iterating over items", function()
  local s = testbed.local_api { count = 1 }
  local client, id

  before_each(function()
    client = testbed.client(s)
    id = waiting.add(s)
  end)

  local function dataset() return client:run(id):dataset() end

  local function iterate(options) return (dataset():iterate_items(options)) end

  local function seed(count, kind) s:admin("seed_items", { run = id, count = count, kind = kind or "plain" }) end

  --- What is stored, read by another decoder.
  local function stored(limit) return s:admin("items", { run = id, limit = limit }).items end

  --- Lua-cjson reads integers beyond 2^53 as floats: they are left out of comparisons.
  local function is_same(a, b)
    if type(a) ~= "table" or type(b) ~= "table" then return a == b end
    for key, value in pairs(a) do
      if key ~= "viewed" and not is_same(value, b[key]) then return false end
    end
    for key in pairs(b) do
      if a[key] == nil then return false end
    end
    return true
  end

  local function assert_rows(expected, rows)
    assert.equal(#expected, #rows)
    for i, row in ipairs(rows) do
      if not is_same(expected[i], row) then error(("row %d is %s, not %s"):format(i, cjson.encode(row), cjson.encode(expected[i])), 2) end
    end
  end

  --- { offset, limit } of each request for items.
  local function asked()
    local list = {}
    for _, request in ipairs(s:log().requests) do
      if request.path:find("/items", 1, true) then
        list[#list + 1] = { tonumber(request.path:match "offset=(%d+)"), tonumber(request.path:match "limit=(%d+)") }
      end
    end
    return list
  end

  local function cut(after_bytes, first)
    s:faults { match = { path = "/items", first = first }, action = { cut = { after_bytes = after_bytes } } }
  end

  --- Wait until the server has noticed that all clients left.
  local function until_left()
    for _ = 1, 300 do
      if s:log().counters.open == 0 then return end
      assert(apify.sleep(0.02))
    end
    error("the server still answers", 2)
  end

  describe("one by one", function()
    it("takes one request for 5,000 of them", function()
      seed(5000)
      assert_rows(stored(), assert(iterate():collect()))
      assert.same({ { 0 } }, asked())
    end)

    it("gives 64-bit integers as they are", function()
      seed(1)
      local list = assert(client:request { path = "/actor-runs/" .. id .. "/dataset/items", query = { fields = "viewed" } })
      local item = iterate():next()
      assert.equal(list[1].viewed, item.viewed)
      if _VERSION ~= "Lua 5.1" then assert.equal("integer", math.type(item.viewed)) end
    end)

    it("goes on behind the last row where the connection broke", function()
      seed(5000)
      cut(1000000, 1)
      local rows = assert(iterate():collect())
      assert_rows(stored(), rows)
      local requests = asked()
      assert.equal(2, #requests)
      assert.is_true(requests[2][1] > 1000 and requests[2][1] < 3000, requests[2][1])
    end)

    it("survives more broken connections than there are retries, as long as each brings something", function()
      client = client:with { max_retries = 2 }
      seed(5000)
      cut(200000, 10)
      assert_rows(stored(), assert(iterate():collect()))
      assert.equal(11, #asked())
    end)

    it("is an error when nothing new comes, and goes on when asked again", function()
      client = client:with { max_retries = 1 }
      seed(2000)
      cut(100)
      local it = iterate()
      local row, err = it:next()
      assert.is_nil(row)
      assert.equal("network", err.kind)
      s:faults()
      assert_rows(stored(), assert(it:collect()))
    end)

    it("of an empty dataset gives nothing", function()
      for _, options in ipairs { {}, { clean = true }, { chunk_size = 10 }, { desc = true } } do
        assert.same({}, iterate(options):collect())
      end
    end)

    it("of a dataset that is not there is an error with not_found", function()
      local row, err = client:dataset("nosuchdataset"):iterate_items():next()
      assert.is_nil(row)
      assert.is_true(err.not_found)
    end)

    it("gives an item of five megabytes", function()
      local big = { name = "big", text = ("žluťoučký "):rep(420000) }
      assert(dataset():push_items { { n = 1 }, big, { n = 3 } })
      cut(3000000, 1)
      local rows = assert(iterate():collect())
      assert.equal(3, #rows)
      assert.is_true(rows[2].text == big.text)
    end)

    it("stops the transfer when a loop is left", function()
      seed(200000)
      for item in dataset():iterate_items() do
        if item.n == 10 then break end
      end
      if _VERSION == "Lua 5.1" then                                     -- no fourth value of a for there
        collectgarbage()
        collectgarbage()
      end
      assert.equal(0, client:stats().in_flight)
      until_left()
      assert.is_true(s:log().requests[1].bytes_sent < 20000000)
    end)

    it("is asked for again when the answer stalls, but not when the caller does", function()
      client = client:with { stall_timeout = 0.4 }
      seed(2000)
      s:faults { match = { path = "/items", first = 1 }, action = { drip = { bytes = 200000, secs = 2 } } }
      local it, rows = iterate(), {}
      for count = 1, 2000 do
        rows[count] = assert(it:next())
        if count == 1000 then apify.sleep(1) end
      end
      assert.is_nil(it:next())
      assert_rows(stored(), rows)
      local requests = asked()
      assert.equal(2, #requests)
      assert.is_true(requests[2][1] > 0 and requests[2][1] < 1000, requests[2][1])
    end)

    it("takes as long as it takes, as long as bytes come, whatever the time for an answer", function()
      seed(2000)
      s:faults { match = { path = "/items" }, action = { drip = { bytes = 100000, secs = 0.2 } } }
      assert_rows(stored(), assert(iterate({ request_timeout = 0.7 }):collect()))
      assert.equal(1, #asked())
    end)

    it("is paused with the caller, in little memory", function()
      seed(100000)
      local it, most = iterate(), 0
      for count = 1, 100000 do
        assert(it:next())
        if count % 20000 == 0 then most = math.max(most, collectgarbage "count") end
      end
      assert.is_nil(it:next())
      assert.is_true(most < 30000, most)
    end)
  end)

  --- Oracles: what rows there are for stored items.
  local function without_hidden(item)
    local copy = {}
    for key, value in pairs(item) do
      if key:sub(1, 1) ~= "#" then copy[key] = value end
    end
    return copy
  end

  local function each(items, fn)
    local rows = {}
    for _, item in ipairs(items) do
      for _, row in ipairs(fn(item)) do rows[#rows + 1] = row end
    end
    return rows
  end

  local function unless_empty(item) return next(item) ~= nil and { item } or {} end

  --- A row for each variant, with its fields beside those of the item.
  local function unwound(item)
    local rows = {}
    for i, variant in ipairs(item.variants or {}) do
      local row = {}
      for key, value in pairs(item) do row[key] = value end
      row.variants = nil
      for key, value in pairs(variant) do row[key] = value end
      rows[i] = row
    end
    return item.variants and rows or { item }
  end

  local shapes = {
    clean = { { clean = true }, function(item) return unless_empty(without_hidden(item)) end },
    skip_empty = { { skip_empty = true }, unless_empty },
    skip_hidden = { { skip_hidden = true }, function(item) return { without_hidden(item) } end },
    unwind = { { unwind = "variants" }, unwound },
    ["unwind and clean"] = { { unwind = { "variants" }, clean = true }, function(item)
      return each(unwound(without_hidden(item)), unless_empty)
    end },
    fields = { { fields = { "n", "title" } }, function(item) return { { n = item.n, title = item.title } } end },
    ["fields and skip_empty"] = { { fields = "#debug", skip_empty = true }, function(item)
      return unless_empty { ["#debug"] = item["#debug"] }
    end },
  }

  for name, shape in pairs(shapes) do
    local options, oracle = shape[1], shape[2]

    local function with(more)
      local all = {}
      for key, value in pairs(options) do all[key] = value end
      for key, value in pairs(more) do all[key] = value end
      return all
    end

    describe("with " .. name, function()
      before_each(function() seed(1234, "mixed") end)

      it("gives what the items become, also in pages of any size and with a limit", function()
        local expected = each(stored(), oracle)
        assert_rows(expected, assert(iterate(options):collect()))
        assert_rows(expected, assert(iterate(with { chunk_size = 100, prefetch = 8 }):collect()))
        local some = {}
        for i = 1, 150 do some[i] = expected[i] end
        assert_rows(some, assert(iterate(with { limit = 150, chunk_size = 37 }):collect()))
        assert_rows(some, assert(iterate(with { limit = 150 }):collect()))
      end)

      it("gives each once though connections break", function()
        s:faults { match = { path = "/items", nth = 2 }, action = { cut = { after_bytes = 9000 } } }
        assert_rows(each(stored(), oracle), assert(iterate(with { chunk_size = 100 }):collect()))
        assert.is_true(s:admin("faults").rules[1].hits > 3)
      end)

      it("goes on from a bookmark in another client", function()
        local expected, rows, mark = each(stored(400), oracle), {}, nil
        seed(400, "mixed")
        repeat
          local other = apify.new { base_url = s.url, token = "apify_api_other" }
          local it = other:run(id):dataset():iterate_items(mark and { bookmark = mark } or with { chunk_size = 50 })
          local row
          for _ = 1, 61 do
            row = it:next()
            rows[#rows + 1] = row
          end
          mark = it:bookmark()
          it:close()
        until row == nil
        assert_rows(expected, rows)
      end)
    end)
  end

  describe("in pages", function()
    it("keeps several in flight and gives their rows in order", function()
      seed(5000)
      s:faults { match = { path = "/items" }, action = { jitter = { 0.001, 0.05 } } }
      assert_rows(stored(), assert(iterate({ chunk_size = 100, prefetch = 8 }):collect()))
      assert.equal(51, #asked())                                        -- a full page may not be the last
    end)

    it("never asks for more than the limit", function()
      seed(500)
      assert_rows(stored(25), assert(iterate({ chunk_size = 10, limit = 25 }):collect()))
      assert.same({ { 0, 10 }, { 10, 10 }, { 20, 5 } }, asked())
    end)

    it("gives all where the API gives fewer at once, and its total lags behind", function()
      seed(1000)
      s:admin("settings", { max_items_page = 90, total_lag = 300 })
      for _, options in ipairs { {}, { chunk_size = 100 }, { clean = true }, { limit = 950 } } do
        assert.equal(options.limit or 1000, #assert(iterate(options):collect()))
      end
    end)

    it("is handed out page by page", function()
      seed(25)
      local pages = {}
      for page in iterate({ chunk_size = 10 }):pages() do pages[#pages + 1] = page end
      assert.equal(3, #pages)
      local last = pages[3]
      assert.same({ 5, 20, 10, 25, false }, { last.count, last.offset, last.limit, last.total, last.desc })
      assert.equal(20, last.items[1].n)
      assert.is_true(iterate({ desc = true }):pages()().desc)
    end)
  end)

  describe("with options", function()
    before_each(function() seed(100) end)

    local function numbers(options)
      local list = {}
      for _, item in ipairs(assert(iterate(options):collect())) do list[#list + 1] = item.n end
      return list
    end

    it("offset and limit gives that part", function()
      assert.same({ 7, 8, 9 }, numbers { offset = 7, limit = 3 })
      assert.same({ { 7, 3 } }, asked())
      assert.same({}, numbers { offset = 100 })
    end)

    it("desc gives the last ones first, also where it breaks", function()
      cut(20000, 1)
      local list = numbers { desc = true }
      assert.equal(100, #list)
      for i, n in ipairs(list) do assert.equal(100 - i, n) end
      assert.equal(2, #asked())
      assert.same({ 97, 96 }, numbers { desc = true, offset = 2, limit = 2 })
    end)

    it("pick builds these fields alone", function()
      local item = iterate({ pick = { "n", "url" } }):next()
      assert.equal(0, item.n)
      assert.is_string(item.url)
      assert.is_nil(item.title)
    end)

    it("nulls keeps them, unless they are to be left out", function()
      local item = iterate():next()
      assert.equal(apify.null, item.discount)
      assert.equal(apify.null, item.seller.address.zip)
      assert.is_nil(iterate({ nulls = "omit" }):next().discount)
      assert.is_nil(client:with({ nulls = "omit" }):run(id):dataset():iterate_items():next().discount)
    end)

    it("a codec of the client's own decodes the items", function()
      local count = 0
      local codec = { encode = cjson.encode, decode = function(text)
        count = count + 1
        return cjson.decode(text)
      end }
      client = client:with { json = codec }
      cut(20000, 1)
      assert_rows(stored(), assert(iterate():collect()))
      assert.equal(100, count)
      assert.has_error(function() iterate { pick = { "n" } } end)
    end)

    it("progress tells how far it has come", function()
      local it = iterate()
      for _ = 1, 30 do it:next() end
      local p = it:progress()
      assert.same({ 30, 100, 30, 1, false }, { p.delivered, p.total, p.offset, p.requests, p.is_done })
    end)

    it("a bookmark goes on at every position, and keeps the limit", function()
      for position = 0, 30 do
        local it, list = iterate { limit = 30 }, {}
        for _ = 1, position do list[#list + 1] = it:next().n end
        local mark = it:bookmark()
        it:close()
        for _, n in ipairs(numbers { bookmark = mark }) do list[#list + 1] = n end
        assert.equal(30, #list)
        for i, n in ipairs(list) do assert.equal(i - 1, n) end
      end
    end)

    it("a bookmark of other filters, or of another dataset, is misuse", function()
      local mark = iterate({ clean = true }):bookmark()
      assert.has_error(function() iterate { bookmark = mark, clean = false } end)
      assert.has_error(function() iterate { bookmark = mark, unwind = "tags" } end)
      assert.has_error(function() client:dataset("another"):iterate_items { bookmark = mark } end)
      assert.has_error(function() iterate { bookmark = mark, offset = 5 } end)
    end)
  end)

  describe("that are still being stored", function()
    local function finish() s:admin("set_status", { ids = { id }, status = "SUCCEEDED" }) end

    it("goes on until the run has ended, and loses none", function()
      for _, options in ipairs { {}, { chunk_size = 7 }, { skip_hidden = true, chunk_size = 7 } } do
        id = waiting.add(s)
        s:admin("grow_items", { run = id, count = 120, interval_secs = 0.01 })
        options.follow, options.poll_secs = true, 0.1
        local count = 0
        for item in dataset():iterate_items(options) do
          assert.equal(count, item.n)
          count = count + 1
          if count == 119 then
            apify.sleep(0.1)                                            -- the last one is there when the run ends
            finish()
          end
        end
        assert.equal(120, count)
      end
    end)

    it("gives what was stored between the last look and the run's end", function()
      assert(dataset():push_items { n = 1 })
      local it = iterate { follow = true, poll_secs = 0.2 }
      assert.equal(1, it:next().n)
      local fiber = apify.spawn(function() return it:next() end)
      waiting.until_open(s, 4)                                          -- push, items, run, run or items
      assert(client:dataset(dataset():get().id):push_items { n = 2 })
      finish()
      assert.equal(2, fiber:wait().n)
      assert.is_nil(it:next())
    end)

    it("ends at once when another fiber closes it", function()
      local it = iterate { follow = true, poll_secs = 60 }
      local fiber = apify.spawn(function() return { it:next() } end)
      waiting.until_open(s, 2)
      apify.sleep(0.05)
      it:close()
      assert.same({}, fiber:wait(5))
    end)

    it("cannot be in descending order", function()
      assert.has_error(function() iterate { follow = true, desc = true } end)
    end)
  end)
end)
