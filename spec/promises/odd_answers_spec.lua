--- Answers that the API should not give, or that a codec makes nothing of: each is an error or does no harm.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ITEMS = 100

local s = testbed.local_api { count = 1 }
local client, id

before_each(function()
  client = testbed.client(s, { max_retries = 1 })
  id = waiting.add(s)
  s:admin("seed_items", { run = id, count = ITEMS })
  s:log(true)
end)

local function dataset() return client:run(id):dataset() end

--- Answer like this to what matches.
local function answer(match, body, headers)
  s:faults { match = match, action = { status = { code = 200, body = body, content_type = "application/json", headers = headers } } }
end

--- All rows; or those before an error, and that error.
local function rows_of(it)
  local rows = {}
  local row, err = it:next()
  while row ~= nil do
    rows[#rows + 1] = row
    assert(#rows <= 2 * ITEMS, "it does not end")
    row, err = it:next()
  end
  return rows, err
end

--- The rows' fields, in order.
local function fields_of(rows, name)
  local list = {}
  for i, row in ipairs(rows) do list[i] = row[name] end
  return list
end

local function assert_items(first, last, rows)
  local expected = {}
  for n = first, last do expected[#expected + 1] = n end
  assert.same(expected, fields_of(rows, "n"))
end

local function assert_decode(value, err)
  assert.is_nil(value)
  assert.is_true(apify.is_error(err), tostring(err))
  assert.equal("decode", err.kind)
end

describe("a page of items", function()
  local FIRST = { path = "/items", query = "offset=0" }

  it("that is short and has no headers does not end the list", function()
    for _, options in ipairs { { chunk_size = 10 }, { limit = 30 }, { chunk_size = 10, limit = 30 } } do
      answer(FIRST, '[{"n":0},{"n":1},{"n":2},{"n":3},{"n":4}]')
      local it = dataset():iterate_items(options)
      assert_items(0, (options.limit or ITEMS) - 1, assert(rows_of(it)))
    end
  end)

  local ODD = {
    { ["x-apify-pagination-total"] = "100", ["x-apify-pagination-limit"] = "2.5" },
    { ["x-apify-pagination-total"] = "100", ["x-apify-pagination-limit"] = "-10" },
    { ["x-apify-pagination-total"] = "100", ["x-apify-pagination-count"] = "-5" },
    { ["x-apify-pagination-total"] = "100", ["x-apify-pagination-count"] = "2.5" },
    { ["x-apify-pagination-total"] = "-1" },
    { ["x-apify-pagination-total"] = "2.5" },
    { ["x-apify-pagination-total"] = "abc", ["x-apify-pagination-limit"] = "nan" },
    { ["x-apify-pagination-total"] = "1e300", ["x-apify-pagination-limit"] = "inf" },
  }

  it("may have headers with numbers that are none of items", function()
    for i, headers in ipairs(ODD) do
      answer(FIRST, '[{"n":0},{"n":1}]', headers)
      local rows, err = rows_of(dataset():iterate_items { chunk_size = 10 })
      assert.is_nil(err, i)
      assert_items(0, ITEMS - 1, rows)
    end
  end)

  it("may have them where rows are not items: the next page is asked for where it must begin", function()
    for i, headers in ipairs(ODD) do
      answer(FIRST, '[{"n":0},{"n":1}]', headers)
      local rows, err = rows_of(dataset():iterate_items { chunk_size = 10, clean = true })
      assert.is_nil(err, i)
      assert.same({ 0, 1 }, { rows[1].n, rows[2].n })
      assert_items(10, ITEMS - 1, { (table.unpack or unpack)(rows, 3) })
    end
  end)

  it("that is not a list is an error of list_items", function()
    for _, body in ipairs { "{}", '{"n":1}', '{"items":[]}', "5", "null" } do
      answer({ path = "/items" }, body)
      assert_decode(dataset():list_items())
    end
    answer({ path = "/items" }, "[]")
    assert.same({}, assert(dataset():list_items()).items)
  end)
end)

describe("a list of runs that tells no total", function()
  local RUN = '{"id":"r%02d","startedAt":"2025-01-01T00:00:%02d.000Z"}'

  --- Answer to the page that begins there with this many rows at most, of 25, and with this around them.
  local function page_at(offset, count, around)
    local rows = {}
    for n = offset, math.min(offset + count, 25) - 1 do rows[#rows + 1] = RUN:format(n, n) end
    return { match = { path = "/actor%-runs$", query = ("offset=%d&"):format(offset) }, action = { status = { code = 200,
      body = ('{"data":{"items":[%s]%s}}'):format(table.concat(rows, ","), around:format(offset)), content_type = "application/json" } } }
  end

  local AROUND = { "", ',"offset":%d', ',"limit":10,"count":10', ',"desc":false' }

  it("is read until a page brings none, one page after the other", function()
    for _, around in ipairs(AROUND) do
      s:log(true)
      s:faults(page_at(0, 10, around), page_at(9, 11, around), page_at(19, 11, around), page_at(24, 11, around), page_at(25, 1, around))
      local it = client:runs():iterate { chunk_size = 10, prefetch = 4 }
      local rows = assert(it:collect())
      assert.same({ 25, "r00", "r24" }, { #rows, rows[1].id, rows[25].id })
      assert.is_nil(it:progress().total)
    end
  end)

  it("ends where the server gives all of it whatever it is asked for", function()
    for _, around in ipairs(AROUND) do
      if not around:find "offset" then
        s:log(true)
        s:faults { match = { path = "/actor%-runs$" }, action = page_at(0, 25, around).action }
        assert.equal(25, #assert(client:runs():iterate():collect()))
        assert.is_true(#s:log().requests <= 3)
      end
    end
  end)

  it("has pages as they came", function()
    s:faults { match = { path = "/actor%-runs$" }, action = page_at(0, 10, "").action }
    local page = assert(client:runs():list { limit = 10 })
    assert.same({ 10, nil }, { #page.items, page.total })
    page = client:runs():iterate { limit = 10 }:pages()()
    assert.same({ 10, nil, 10 }, { #page.items, page.total, page.count })
  end)
end)

describe("a cursor that is no text", function()
  local CURSORS = { "5", "false", "{}", '["k"]' }

  it("is an error behind the rows: keys", function()
    for _, cursor in ipairs(CURSORS) do
      answer({ path = "/keys" }, ('{"data":{"items":[{"key":"a"},{"key":"b"}],"nextExclusiveStartKey":%s}}'):format(cursor))
      local rows, err = rows_of((client:run(id):key_value_store():iterate_keys()))
      assert.same({ "a", "b" }, fields_of(rows, "key"))
      assert_decode(nil, err)
    end
  end)

  it("is an error behind the rows: requests", function()
    for _, cursor in ipairs(CURSORS) do
      answer({ path = "/requests" }, ('{"data":{"nextCursor":%s,"items":[{"id":"a"},{"id":"b"}]}}'):format(cursor))
      local rows, err = rows_of((client:run(id):request_queue():iterate_requests()))
      assert.same({ "a", "b" }, fields_of(rows, "id"))
      assert_decode(nil, err)
    end
  end)

  it("is the end where it is null or empty", function()
    for _, cursor in ipairs { "null", '""' } do
      answer({ path = "/keys" }, ('{"data":{"items":[{"key":"a"}],"nextExclusiveStartKey":%s}}'):format(cursor))
      assert.same({ "a" }, fields_of(assert(client:run(id):key_value_store():iterate_keys():collect()), "key"))
    end
  end)
end)

describe("a page of a list with cursors", function()
  local LISTS = {
    keys = function(run) return run:key_value_store():iterate_keys() end,
    requests = function(run) return run:request_queue():iterate_requests() end,
  }

  for name, iterate in pairs(LISTS) do
    it("whose rows are no list is an error that says what they are: " .. name, function()
      for value, kind in pairs { ['{"a":1}'] = "an object", ['"a"'] = "a string", ["5"] = "a number", ["null"] = "null" } do
        answer({ path = "/" .. name }, ('{"data":{"items":%s,"limit":1000}}'):format(value))
        local row, err = iterate(client:run(id)):next()
        assert_decode(row, err)
        assert.equal("not a list: in the place of its rows is " .. kind, err.message)
      end
    end)

    it("whose rows are none of the list's is an error for each, which says what it is: " .. name, function()
      answer({ path = "/" .. name }, '{"data":{"items":[[1],{"id":"a","key":"a"},5,{"id":7,"key":7}],"limit":1000}}')
      local it, texts = iterate(client:run(id)), {}
      for i = 1, 4 do
        local row, err = it:next()
        texts[i] = row and row.id or err.message
      end
      local last = ("row 4 of the page is an object whose '%s' is 7"):format(name == "keys" and "key" or "id")
      assert.same({ "row 1 of the page is a list", "a", "row 3 of the page is 5", last }, texts)
      assert.same({ nil, nil }, { it:next() })
    end)

    it("does not end the list where it says that there are more: " .. name, function()
      answer({ path = "/" .. name }, '{"data":{"items":[{"id":"a","key":"a"}],"isTruncated":true,"limit":1}}')
      local rows, err = rows_of((iterate(client:run(id))))
      assert.equal(1, #rows)
      assert_decode(nil, err)
      assert.matches("^the answer says that there are more rows", err.message)
    end)
  end
end)

describe("a row that is null", function()
  local function assert_null_between(rows, field)
    assert.equal(3, #rows)
    assert.same({ 1, apify.null, 2 }, { rows[1][field], rows[2], rows[3][field] })
    for _, i in ipairs { 1, 3 } do
      for name in pairs(rows[i]) do assert.equal(field, name) end       -- what was read for our own use is not shown
    end
  end

  it("comes as it is among items, beside picked fields", function()
    local run = client:run(id)
    answer({ path = "/items" }, '[{"m":5,"n":1},null,{"n":2}]')
    assert_null_between(assert(run:dataset():iterate_items({ pick = { "n" } }):collect()), "n")
  end)
end)

describe("an empty answer to a PUT", function()
  local run

  before_each(function()
    s:faults { match = { method = "PUT" }, action = { status = { code = 204, body = "" } } }
    run = client:run(id)
  end)

  for name, put in pairs {
    ["run:update"] = function() return run:update { status_message = "x" } end,
    ["dataset:update"] = function() return run:dataset():update { name = "x" } end,
    ["key_value_store:update"] = function() return run:key_value_store():update { name = "x" } end,
    ["request_queue:update"] = function() return run:request_queue():update { name = "x" } end,
    ["update_request"] = function() return run:request_queue():update_request { id = "x" } end,
    ["prolong_request_lock"] = function() return run:request_queue():prolong_request_lock("x", { lock_secs = 1 }) end,
    ["set_record"] = function() return run:key_value_store():set_record("x", 1) end,
  } do
    it("is true: " .. name, function()
      assert.is_true(assert(put()))
      assert.equal(1, #s:log().requests)
    end)
  end
end)

describe("a codec that makes nothing of an item", function()
  --- A client whose codec reads an item's n alone; of the `spoilt` items it gives what `spoil` does.
  local function with_codec(spoilt, spoil)
    return testbed.client(s, {
      max_retries = 1,
      json = {
        encode = function() return "{}" end,
        decode = function(text)
          local n = tonumber(text:match '"n":(%d+)')
          if spoilt[n] then return spoil() end
          return { n = n }
        end,
      },
    })
  end

  local SPOILS = {
    ["raises"] = function() error "it is not mine" end,
    ["gives nil and a message"] = function() return nil, "it is not mine" end,
    ["gives nil and 'end'"] = function() return nil, "end" end,
    ["gives nil and 'more'"] = function() return nil, "more" end,
  }

  for name, spoil in pairs(SPOILS) do
    it("and " .. name .. " is an error for each, behind which the next row comes", function()
      for _, options in ipairs { {}, { chunk_size = 30, prefetch = 1 }, { clean = true } } do
        s:log(true)
        options.deadline = 5
        local it = with_codec({ [0] = true, [3] = true, [4] = true, [99] = true }, spoil):run(id):dataset():iterate_items(options)
        local came = {}
        for _ = 1, ITEMS do
          local item, err = it:next()
          if not item then assert_decode(nil, err) end
          came[#came + 1] = item and item.n or "none"
        end
        assert.same({ nil, nil }, { it:next() })
        assert.same({ "none", 1, 2, "none", "none", 5 }, { (table.unpack or unpack)(came, 1, 6) })
        assert.same({ 98, "none" }, { came[99], came[100] })
        assert.equal(options.chunk_size and 4 or 1, #s:log().requests)
      end
    end)
  end

  it("counts it for the limit", function()
    local it = with_codec({ [1] = true }, SPOILS["raises"]):run(id):dataset():iterate_items { limit = 3 }
    assert.equal(0, it:next().n)
    assert_decode(it:next())
    assert.equal(2, it:next().n)
    assert.same({ nil, nil }, { it:next() })
    assert.equal(1, #s:log().requests)
  end)
end)
