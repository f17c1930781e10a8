--- A list without an end that can be told: an error, or the end where nothing new comes.
local testbed = require "spec.support.testbed"

local api = testbed.local_api()

it("a list that is paged by a cursor ends with an error instead of never", function()
  local body = '{"data":{"items":[{"key":"a"},{"key":"b"}],"limit":1000,"isTruncated":true,"nextExclusiveStartKey":"b"}}'
  api:faults { match = { path = "/keys$" }, action = { status = { code = 200, body = body } } }
  local rows, err = testbed.client(api):iterate({ path = "/key-value-stores/x/keys" }):collect()
  assert.is_nil(rows)
  assert.equal(4, #err.partial)
  assert.same({ "decode", true }, { err.kind, err.message:find("has the cursor of this one", 1, true) ~= nil })
  assert.equal(2, #api:log().requests)
end)

it("a list ends with an error where a page fails each time, though the one that overlaps it comes", function()
  local row = '{"id":"%s","startedAt":"2025-01-01T00:00:0%d.000Z"}'
  local function page_at(offset, ...) return { match = { query = ("offset=%d&"):format(offset) }, action = { status = { code = 200,
    body = ('{"data":{"items":[%s],"offset":%d}}'):format(table.concat({ ... }, ","), offset) } } } end
  local a, b = row:format("a", 1), row:format("b", 2)
  api:faults(page_at(0, a, b), page_at(1, b), { match = { query = "offset=2&" }, action = { status = { code = 200, body = "[" } } })
  local rows, err = testbed.client(api, { max_retries = 2 }):runs():iterate({ chunk_size = 2, deadline = 5 }):collect()
  assert.is_nil(rows)
  assert.same({ "decode", 3, 2 }, { err.kind, err.attempts, #err.partial })
  assert.equal(5, #api:log().requests)
end)

it("a list that says neither its total nor where a page begins ends when nothing new comes", function()
  api:faults { match = { path = "/things$" }, action = { status = { code = 200, body = '{"data":{"items":[{"id":"a"},{"id":"b"}]}}' } } }
  assert.equal(2, #assert(testbed.client(api):iterate({ path = "/things" }):collect()))
  assert.equal(2, #api:log().requests)
end)
