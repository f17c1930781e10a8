--- Lists whose answers are not what was asked for: broken off behind their last row, damaged, of another place, without an end.
local core = require "apify.core"
local pages = require "apify.paging.page"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ACTOR = "janedoe~my-actor"
local COUNT = 60
local MANY = 1000

local s = testbed.local_api { count = COUNT }
local client, id

before_each(function()
  client = testbed.client(s, { max_retries = 3 })
  id = waiting.add(s)
  s:admin("seed_items", { run = id, count = COUNT })
end)

after_each(function() s:faults() end)

--- Answer like this to what matches.
local function answer(match, body, headers)
  return { match = match, action = { status = { code = 200, body = body, content_type = "application/json", headers = headers } } }
end

--- All that comes: rows, and errors between them or at the end. `on_error` may put it right.
local function drain(it, on_error)
  local rows, errs = {}, {}
  for _ = 1, MANY do
    local row, err = it:next()
    if row ~= nil then
      rows[#rows + 1] = row
    elseif not err then
      return rows, errs
    else
      errs[#errs + 1] = err
      if #errs > 1 and err == errs[#errs - 1] then return rows, errs end                  -- the list cannot be read any further
      if on_error then on_error(err, rows) end
    end
  end
  error "it does not end"
end

local function fields_of(rows, name)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row[name] end
  return list
end

local function numbers(first, last)
  local list = {}
  for n = first, last do list[#list + 1] = n end
  return list
end

local function items(o) return (client:run(id):dataset():iterate_items(o)) end
local function runs(o) return (client:actor(ACTOR):runs():iterate(o)) end
local function run_ids() return s:admin("ids", { actor = ACTOR }).ids end

local function fill_store(count)
  for n = 1, count do assert(client:run(id):key_value_store():set_record(("key%03d"):format(n), n)) end
end

local function fill_queue(count)
  for n = 1, count do assert(client:run(id):request_queue():add_request(("http://x.test/%d"):format(n))) end
end

local function assert_nothing_asked_for_nothing()
  for _, request in ipairs(s:log().requests) do assert.is_nil(request.path:find("limit=0", 1, true), request.path) end
end

describe("a page whose rows are all there, while the connection stays open without its end,", function()
  local OPEN = { wrong_length = { by = 100, keep_open = true } }

  before_each(function() client = client:with { stall_timeout = 0.2 } end)

  for _, o in ipairs { { chunk_size = 7 }, { chunk_size = 10 }, { chunk_size = COUNT }, { chunk_size = 25, prefetch = 1 }, {},
    { limit = 20 }, { limit = 20, chunk_size = 10 }, { chunk_size = 10, clean = true } } do
    it(("is finished: items, chunk_size %s, limit %s%s"):format(o.chunk_size, o.limit, o.clean and ", clean" or ""), function()
      s:faults { match = { path = "/items" }, action = OPEN }
      local rows, errs = drain(items(o))
      assert.same({}, errs)
      assert.same(numbers(0, (o.limit or COUNT) - 1), fields_of(rows, "n"))
      assert_nothing_asked_for_nothing()
      assert.equal(0, client:stats().retries)
    end)
  end

  it("is finished: runs, keys, requests", function()
    fill_store(5)
    fill_queue(5)
    s:faults({ match = { path = "/acts/.*/runs" }, action = OPEN }, { match = { path = "/keys" }, action = OPEN },
      { match = { path = "/requests$" }, action = OPEN })
    assert.same(run_ids(), fields_of(assert(runs({ chunk_size = 25 }):collect()), "id"))
    assert.equal(6, #assert(client:run(id):key_value_store():iterate_keys({ chunk_size = 4 }):collect()))
    assert.equal(5, #assert(client:run(id):request_queue():iterate_requests({ chunk_size = 3 }):collect()))
    assert_nothing_asked_for_nothing()
    assert.equal(0, client:stats().retries)
  end)
end)

describe("an answer with a bit that is wrong", function()
  local LONG, PAGE = 450, 150            -- rows, so that a page is larger than what is decoded at once

  before_each(function()
    s:admin("reset", { count = LONG })
    id = waiting.add(s)
    s:admin("seed_items", { run = id, count = LONG })
  end)

  --- Every row is right or told to be wrong: what may be is thrown away.
  local function sift(it)
    local doubts, others = 0, 0
    local rows = drain(it, function(err, rows)
      assert.equal("decode", err.kind)
      if not err.in_doubt then
        others = others + 1
        return
      end
      doubts = doubts + 1
      assert.truthy(err.message:find(("rows %d to %d"):format(err.in_doubt[1], err.in_doubt[2]), 1, true))
      assert.truthy(tostring(err):find "damaged")
      rows.lost = (rows.lost or 0)
      assert.equal(#rows + rows.lost, err.in_doubt[2])
      for i = #rows, err.in_doubt[1] - rows.lost, -1 do
        rows[i], rows.lost = nil, rows.lost + 1
      end
    end)
    return rows, doubts, others
  end

  for _, place in ipairs { -1, -6, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95 } do
    it("gives no wrong row in silence, and goes back to the first that may be: byte " .. place, function()
      for bit = 0, 7, 3 do
        local flip = { flip = { byte = place, bit = bit } }
        for _, o in ipairs { { chunk_size = PAGE }, {}, { chunk_size = PAGE, limit = PAGE }, { chunk_size = PAGE, clean = true } } do
          s:faults { match = { path = "/items", first = 1 }, action = flip }
          local rows, doubts = sift(items(o))
          assert.same(numbers(0, (o.limit or LONG) - 1), fields_of(rows, "n"))
          assert.is_true(doubts <= 1)
          if place < 0 then assert.equal(1, doubts) end
        end
        s:faults { match = { path = "/acts/.*/runs", after = 1, first = 1 }, action = flip }
        local rows = sift(runs { chunk_size = PAGE })
        assert.same(run_ids(), fields_of(rows, "id"))
      end
    end)
  end

  it("is told where it hides the end of the stream, which then ends early, or too soon", function()
    for _, action in ipairs { { half_gzip = {} }, { wrong_length = { by = -6 } } } do
      for _, o in ipairs { { chunk_size = PAGE }, {} } do
        s:faults { match = { path = "/items", first = 1 }, action = action }
        local rows, doubts = sift(items(o))
        assert.same(numbers(0, LONG - 1), fields_of(rows, "n"))
        assert.equal(1, doubts)
      end
    end
  end)

  it("is told where it makes more rows than were asked for", function()
    local list = {}
    for n = 0, 4 do list[n + 1] = ('{"n":%d,"text":"%s"}'):format(n, ("x"):rep(100000)) end
    local text = ('{"data":{"total":3,"offset":0,"limit":2,"count":2,"items":[%s]}}'):format(table.concat(list, ","))
    s:faults(answer({ path = "/users", first = 1 }, core.gzip():finish(text):sub(1, -9) .. "\0\0\0\0\0\0\0\0", { ["Content-Encoding"] = "gzip" }))
    local it = client:iterate { path = "/users/me/things", chunk_size = 2, limit = 2 }
    local rows, errs = { it:next(), it:next() }, {}
    errs[1] = select(2, it:next())
    assert.same({ 0, 1 }, fields_of(rows, "n"))
    assert.same({ 1, 2 }, errs[1].in_doubt)
    assert.equal("decode", errs[1].kind)
    it:close()
  end)

  it("is told again as often as it comes, and a bookmark leads back too", function()
    s:faults { match = { path = "/items", after = 1 }, action = { flip = { byte = -6 } } }
    local it = items { chunk_size = PAGE }
    local count, first = 0, PAGE + 1
    for _ = 1, 3 do
      local row, err = it:next()
      while row do
        count = count + 1
        row, err = it:next()
      end
      assert.is_true(count > first)
      assert.same({ first, count }, err.in_doubt)
      first = count + 1
    end
    s:faults()
    assert.same(numbers(PAGE, LONG - 1), fields_of(assert(items({ bookmark = it:bookmark() }):collect()), "n"))
    assert.same(numbers(PAGE, LONG - 1), fields_of(assert(it:collect()), "n"))
  end)

  it("is told of requests, which come again", function()
    local queue, requests = client:run(id):request_queue(), {}
    for n = 1, 90 do requests[n] = { url = ("http://x.test/%d"):format(n), uniqueKey = tostring(n), userData = { text = ("x"):rep(3000) } } end
    assert(queue:batch_add_requests(requests))
    local all = fields_of(assert(queue:iterate_requests():collect()), "id")
    s:faults { match = { path = "/requests$", after = 1, first = 1 }, action = { flip = { byte = -6 } } }
    local rows, doubts = sift((queue:iterate_requests { chunk_size = 30 }))
    assert.same(all, fields_of(rows, "id"))
    assert.equal(1, doubts)
  end)

  it("is only tried again while nothing was delivered of it", function()
    s:faults { match = { path = "/items", first = 2 }, action = { flip = { byte = 0, bit = 1 } } }
    assert.same(numbers(0, LONG - 1), fields_of(assert(items({}):collect()), "n"))
    assert.equal(2, client:stats().retries)
  end)
end)

describe("a row that cannot be decoded", function()
  local BODY = '[{"n":0},{"n":"\\x"},{"n":2},' .. ("["):rep(1100) .. ("]"):rep(1100) .. ',{"n":4}]'

  it("is one error, behind which the next row comes, and is not asked for again", function()
    for _, o in ipairs { {}, { chunk_size = 10 } } do
      s:log(true)
      s:faults(answer({ path = "/items", query = "offset=0" }, BODY, { ["x-apify-pagination-total"] = "5" }))
      local rows, errs = drain(items(o))
      assert.same({ 0, 2, 4 }, fields_of(rows, "n"))
      assert.same({ "decode", "decode" }, fields_of(errs, "kind"))
      assert.is_false(errs[1].retryable)
      assert.equal(1, #s:log().requests)
    end
  end)

  it("may be larger than 16 MiB", function()
    s:faults(answer({ path = "/items" }, '[{"n":0},"' .. ("x"):rep(17 * 1024 * 1024) .. '",{"n":2}]', { ["x-apify-pagination-total"] = "3" }))
    local rows, errs = drain(items {})
    assert.same({ 0, 2 }, fields_of(rows, "n"))
    assert.same({ "too_large" }, fields_of(errs, "kind"))
  end)

  it("counts for the limit, and where the answer breaks off behind it", function()
    s:faults(answer({ path = "/items", query = "offset=0" }, BODY, { ["x-apify-pagination-total"] = tostring(COUNT) }))
    local rows, errs = drain(items { limit = 3 })
    assert.same({ 0, 2 }, fields_of(rows, "n"))
    assert.equal(1, #errs)
  end)

  it("in a page that cannot be told apart is the page's own failure", function()
    s:faults(answer({ path = "/items", first = 1 }, '[{"n":0},{"n":1 "x},{"n":2}]', { ["x-apify-pagination-total"] = tostring(COUNT) }))
    assert.same(numbers(0, COUNT - 1), fields_of(assert(items({}):collect()), "n"))
  end)

  it("of runs is told, and the runs behind it come", function()
    s:faults(answer({ path = "/acts/.*/runs", query = "offset=0" },
      '{"data":{"total":3,"offset":0,"limit":1000,"items":[{"id":"\\x"},{"id":"a"},{"id":"b"}]}}'))
    local rows, errs = drain(runs {})
    assert.same({ "a", "b" }, fields_of(rows, "id"))
    assert.equal(1, #errs)
  end)
end)

describe("a row of a typed list that is no object with an id", function()
  for _, bad in ipairs { "null", "5", '"x"', "[]", "{}", '{"id":null,"key":null}', '{"id":5,"key":5}', '{"id":"","key":""}', "false" } do
    it("is an error that says where it is: " .. bad, function()
      local body = ('{"data":{"total":3,"offset":0,"items":[{"id":"a","key":"a"},%s,{"id":"b","key":"b"}]}}'):format(bad)
      for path, it in pairs {
        ["/acts/.*/runs"] = runs {}, ["/keys"] = client:run(id):key_value_store():iterate_keys(),
        ["/requests$"] = client:run(id):request_queue():iterate_requests { pick = { "id" } },
        ["/acts$"] = client:actors():iterate(), ["/datasets$"] = client:datasets():iterate(),
      } do
        s:faults(answer({ path = path }, body))
        local rows, errs = drain(it)
        assert.equal("a", rows[1].id, path)
        assert.equal("b", rows[2].id, path)
        assert.equal("decode", errs[1].kind)
        assert.truthy(errs[1].message:find "offset 1 is" or errs[1].message:find "row 2 of the page is")
      end
    end)
  end

  it("is a row like any other of client:iterate and of items", function()
    local body = '{"data":{"total":3,"offset":0,"items":[5,"x",false]}}'
    s:faults(answer({ path = "/datasets$" }, body), answer({ path = "/items" }, '[5,"x",false]', { ["x-apify-pagination-total"] = "3" }))
    assert.same({ 5, "x", false }, assert(client:iterate({ path = "/datasets" }):collect()))
    assert.same({ 5, "x", false }, assert(items({}):collect()))
  end)
end)

describe("a page with more rows than were asked for", function()
  local function page_of(first, count, offset)
    local list = {}
    for n = first, first + count - 1 do list[#list + 1] = ('{"n":%d,"id":"i%d"}'):format(n, n) end
    return "[" .. table.concat(list, ",") .. "]", { ["x-apify-pagination-total"] = "26", ["x-apify-pagination-offset"] = tostring(offset) }
  end

  it("is cut there: each item once", function()
    local first, first_headers = page_of(0, 13, 0)
    local second, second_headers = page_of(10, 13, 10)
    local third, third_headers = page_of(20, 6, 20)
    for _, prefetch in ipairs { 1, 4 } do
      s:faults(answer({ path = "/items", query = "offset=0&" }, first, first_headers),
        answer({ path = "/items", query = "offset=10&" }, second, second_headers),
        answer({ path = "/items", query = "offset=20&" }, third, third_headers))
      assert.same(numbers(0, 25), fields_of(assert(items({ chunk_size = 10, prefetch = prefetch }):collect()), "n"))
    end
    s:faults(answer({ path = "/items" }, first, first_headers))
    assert.same(numbers(0, 9), fields_of(assert(items({ limit = 10 }):collect()), "n"))
    local page = assert(client:run(id):dataset():list_items { limit = 10 })
    assert.same({ 10, 10 }, { #page.items, page.count })
  end)

  it("is all there is where it tells of no pages, and has no limit", function()
    s:faults(answer({ path = "/array" }, (page_of(0, 13)), {}))
    local it = client:iterate { path = "/array", chunk_size = 5 }
    for _ = 1, 7 do assert(it:next()) end
    local page = it:pages()()
    assert.same({ 6, nil }, { #page.items, page.limit })
  end)

  it("is cut there: runs", function()
    local body = page_of(0, 13)
    s:faults(answer({ path = "runs$" }, ('{"data":{"total":13,"offset":0,"limit":10,"count":13,"items":%s}}'):format(body)))
    local page = assert(client:actor(ACTOR):runs():list { limit = 10 })
    assert.same({ 10, 10 }, { #page.items, page.count })
    assert.equal(10, #assert(runs({ limit = 10 }):collect()))
  end)
end)

describe("a server that does not follow the offset", function()
  local ROWS = '[{"n":0},{"n":1},{"n":2},{"n":3},{"n":4}]'
  local IDS = '[{"id":"a"},{"id":"b"},{"id":"c"},{"id":"d"},{"id":"e"}]'

  local function refused(it, count)
    local rows, errs = drain(it)
    assert.same({ "decode" }, { errs[1] and errs[1].kind })
    assert.is_true(#rows <= count, #rows)
    assert.is_true(#s:log(true).requests <= 8)
  end

  it("and says where its answer is, is told from one that does", function()
    local headers = { ["x-apify-pagination-total"] = "25", ["x-apify-pagination-offset"] = "0" }
    s:faults(answer({ path = "/items" }, ROWS, headers),
      answer({ path = "/datasets$" }, ('{"data":{"total":25,"offset":0,"items":%s}}'):format(ROWS)),
      answer({ path = "/request%-queues$" }, ('{"data":{"items":%s,"total":25,"offset":0}}'):format(ROWS)),
      answer({ path = "/actor%-runs$" }, ('{"data":{"total":25,"offset":0,"items":%s}}'):format(IDS)))
    s:log(true)
    refused(items { chunk_size = 5 }, 5)
    refused(items { chunk_size = 10 }, 5)
    refused(client:iterate { path = "/datasets", chunk_size = 5 }, 5)
    refused(client:iterate { path = "/request-queues", chunk_size = 5 }, 10)
    refused(client:iterate { path = "/actor-runs", chunk_size = 5 }, 5)
  end)

  it("and says nothing, or a total alone, is noticed by its rows", function()
    s:faults(answer({ path = "/items" }, ROWS),
      answer({ path = "/key%-value%-stores$" }, ('{"data":{"total":25,"items":%s}}'):format(IDS)))
    s:log(true)
    refused(items { chunk_size = 5 }, 5)
    refused(client:iterate { path = "/key-value-stores", chunk_size = 5 }, 5)
    refused(client:iterate { path = "/key-value-stores", chunk_size = 10 }, 5)
  end)

  it("and tells a total alone beside items, does not go on behind it", function()
    s:faults(answer({ path = "/items" }, ROWS, { ["x-apify-pagination-total"] = "25" }))
    for _, chunk_size in ipairs { 3, 5 } do
      local rows, errs = drain(items { chunk_size = chunk_size })
      assert.equal("decode", errs[1] and errs[1].kind)
      assert.is_true(#rows < 30, #rows)
    end
  end)

  it("and gives a list without pages, gives each row once", function()
    s:faults(answer({ path = "/items" }, ROWS), answer({ path = "/datasets$" }, ROWS), answer({ path = "/actor%-runs$" }, IDS))
    s:log(true)
    for _, chunk_size in ipairs { 3, 5, 10, 1000 } do
      assert.same(numbers(0, 4), fields_of(assert(client:iterate({ path = "/datasets", chunk_size = chunk_size }):collect()), "n"))
      if chunk_size ~= 5 then assert.same(numbers(0, 4), fields_of(assert(items({ chunk_size = chunk_size }):collect()), "n")) end
      assert.equal(5, #assert(client:iterate({ path = "/actor-runs", chunk_size = chunk_size }):collect()))
    end
    assert.same(numbers(0, 4), fields_of(assert(client:iterate({ path = "/datasets" }):collect()), "n"))
    assert.is_true(#s:log().requests < 30)
  end)
end)

describe("cursors that come round again", function()
  for _, length in ipairs { 2, 3, 7 } do
    it("end the iteration with an error: after " .. length, function()
      local rules = {}
      for n = 1, length do
        rules[n] = answer({ path = "/keys", query = ("exclusiveStartKey=c%d&"):format(n) },
          ('{"data":{"items":[{"key":"k%d"}],"nextExclusiveStartKey":"c%d"}}'):format(n, n % length + 1))
      end
      rules[length + 1] = answer({ path = "/keys" }, '{"data":{"items":[{"key":"k0"}],"nextExclusiveStartKey":"c1"}}')
      s:faults((table.unpack or unpack)(rules))
      local rows, errs = drain((client:run(id):key_value_store():iterate_keys()))
      assert.equal("decode", errs[1].kind)
      assert.is_true(#rows <= 4 * (length + 1))
    end)
  end
end)

describe("an answer that is no page of the list", function()
  it("is an error, however well it is made: runs, keys, requests", function()
    local lists = {
      ["/acts/.*/runs"] = function() return runs { chunk_size = 25 } end,
      ["/keys"] = function() return (client:run(id):key_value_store():iterate_keys()) end,
      ["/requests$"] = function() return (client:run(id):request_queue():iterate_requests()) end,
    }
    for path, iterate in pairs(lists) do
      for _, body in ipairs { "[]", '{"data":[]}', '{"data":{"items":[]}}' } do
        s:faults(answer({ path = path }, body))
        local row, err = iterate():next()
        assert.same({ nil, "decode" }, { row, err and err.kind }, path .. body)
        s:faults(answer({ path = path, first = 1 }, body))
        assert.truthy(iterate():collect())
      end
    end
    s:faults(answer({ path = "/acts/.*/runs", first = 1 }, "[]"))
    assert.same(run_ids(), fields_of(assert(runs({ chunk_size = 25 }):collect()), "id"))
  end)

  it("says nothing of its place by numbers that are none", function()
    for _, number in ipairs { "1e300", "1e400", "-1", "0.5", '"x"' } do
      s:faults(answer({ path = "/acts/.*/runs" }, ('{"data":{"total":1,"offset":%s,"items":[{"id":"a"}]}}'):format(number)))
      local it = runs {}
      assert.equal("a", it:next().id)
      it:close()
    end
  end)
end)

it("a row that was read when an error came from somewhere, such as want of memory, is given by the next step, and once", function()
  local note_counts = pages.note_counts
  finally(function() pages.note_counts = note_counts end)
  local it = items { limit = 30 }
  function pages.note_counts() error("out of memory", 0) end
  assert.same({ false, "out of memory" }, { pcall(it.next, it) })
  pages.note_counts = note_counts
  local seen = {}
  for n, item in ipairs(assert(it:collect())) do seen[n] = item.n end
  local want = {}
  for n = 1, 30 do want[n] = n - 1 end
  assert.same(want, seen)
end)
