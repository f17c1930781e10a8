--- Collections of runs: one page of them, and what their options must be.
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"

describe("runs", function()
  local s = testbed.local_api { count = 50, statuses = { "SUCCEEDED", "FAILED" } }
  local client, runs

  setup(function()
    client = testbed.client(s, { max_retries = 0 })
    runs = client:actor(ACTOR):runs()
  end)
  local function last_path()
    local requests = s:log().requests
    return requests[#requests].path
  end

  describe("list", function()
    it("gives a page of an Actor, of a task, of the account", function()
      local page = assert(runs:list())
      assert.same({ 50, 50, 0, 1000, false }, { page.total, page.count, page.offset, page.limit, page.desc })
      assert.equal(50, #page.items)
      assert.equal(s:admin("ids", { actor = ACTOR }).ids[1], page.items[1].id)
      assert.equal(#s:admin("ids", { task = "janedoe~my-task" }).ids, assert(client:task("janedoe~my-task"):runs():list()).total)
      assert.equal(50, assert(client:runs():list()).total)
    end)

    it("sends its options", function()
      local page = assert(runs:list { offset = 3, limit = 5, desc = true, status = { "FAILED", "SUCCEEDED" },
        started_after = 0, started_before = "2100-01-01T00:00:00Z" })
      assert.equal(5, #page.items)
      assert.is_true(page.desc)
      local path = last_path()
      for _, part in ipairs { "offset=3", "limit=5", "desc=1", "status=FAILED", "startedAfter=1970-01-01T00", "startedBefore=2100-01-01T00" } do
        assert.is_truthy(path:find(part, 1, true), path)
      end
    end)

    it("gives nil and an error when the API refuses", function()
      local page, err = client:actor("nobody~nothing"):runs():list()
      assert.is_nil(page)
      assert.same({ 404, true, "GET", 1 }, { err.status, err.not_found, err.method, err.attempts })
    end)
  end)

  it("take the API's own spellings: statuses in one text, 1 and 0, whole numbers as floats", function()
    local usual = { limit = 7, offset = 2, desc = true, status = { "FAILED", "SUCCEEDED" } }
    local o = { limit = 7.0, offset = 2.0, desc = 1, status = "FAILED,SUCCEEDED" }
    assert.same(assert(runs:list(usual)), assert(runs:list(o)))
    local path = last_path()
    assert.equal("/v2/acts/janedoe~my-actor/runs?offset=2&limit=7&desc=1&status=FAILED%2CSUCCEEDED", path)
    assert(client:task("janedoe~my-task"):runs():list(o))
    assert.equal(path:gsub("acts/janedoe~my%-actor", "actor-tasks/janedoe~my-task"), last_path())
    assert.same(runs:iterate({ desc = true, limit = 30, chunk_size = 10, status = "FAILED" }):collect(),
      runs:iterate({ desc = 1, limit = 30.0, chunk_size = 1e1, status = " FAILED" }):collect())
    assert(client:run(runs:list().items[1]):get { wait_for_finish = 1.0 })
    assert.matches("?waitForFinish=1", last_path(), 1, true)
    assert.is_false(assert(runs:list { limit = 7, desc = 0 }).desc)
  end)

  describe("options", function()
    --- Options that neither `list` nor `iterate` takes, and what the error says.
    local WRONG = {
      { { limit = 0 }, "'limit'", "0 (expected an integer from 1" },
      { { limit = -1 }, "'limit'", "-1 (expected an integer from 1" },
      { { limit = "5" }, "'limit'", '"5" (expected an integer' },
      { { limit = 1.5 }, "'limit'", "1.5 (expected an integer" },
      { { offset = -1 }, "'offset'", "-1 (expected an integer from 0" },
      { { desc = 2 }, "'desc'", "2 (expected true or false)" },
      { { status = "DONE" }, "'status'", '"DONE" (expected one of "READY"' },
      { { status = {} }, "'status'", "non-empty list" },
      { { status = { "FAILED", "x" } }, "'status'", '"x" (expected' },
      { { started_after = "yesterday" }, "'started_after'", '"yesterday" (expected an ISO date' },
      { { started_before = 0 / 0 }, "'started_before'", "nan (expected an ISO date" },
      { { request_timeout = 0 }, "'request_timeout'", "0 (expected a number above 0" },
      { { startedAfter = 0 }, "unknown option 'startedAfter'", "did you mean 'started_after'?" },
    }

    local WRONG_ITERATE = {
      { { chunk_size = 1001 }, "'chunk_size'", "1001 (expected an integer from 1 to 1000)" },
      { { chunk_size = 0 }, "'chunk_size'", "0 (expected" },
      { { prefetch = 0 }, "'prefetch'", "0 (expected an integer from 1 to 64)" },
      { { prefetch = 65 }, "'prefetch'", "65 (expected" },
      { { pick = {} }, "'pick'", "non-empty" },
      { { pick = { 1 } }, "'pick'", "1 (expected" },
      { { deadline = -1 }, "'deadline'", "-1 (expected" },
      { { poll_secs = 0 }, "'poll_secs'", "0 (expected" },
      { { follow = "yes" }, "'follow'", '"yes" (expected true or false)' },
      { { follow = true, desc = true }, "'follow'", "without desc" },
      { { bookmark = 5 }, "'bookmark'", "5 (expected a non-empty string)" },
      { { token = "apify_api_secret" }, "unknown option 'token'", "runs:iterate" },
    }

    --- `call(options)` raises at this file's line, in the words of the row, and sends nothing.
    local function assert_refused(call, row)
      local ok, err = pcall(call, row[1])
      assert.is_false(ok, row[2])
      assert.is_truthy(err:find "^[^\n]*runs_spec%.lua:%d+: ", err)
      for i = 2, 3 do assert.is_truthy(err:find(row[i], 1, true), err) end
      assert.is_nil(err:find("apify_api_secret", 1, true))
    end

    it("of list that are wrong are named, and nothing is sent", function()
      for _, row in ipairs(WRONG) do assert_refused(function(o) return (runs:list(o)) end, row) end
      assert_refused(function(o) return (runs:list(o)) end, { { limit = 1001 }, "'limit'", "from 1 to 1000" })
      assert_refused(function(o) return (runs:list(o)) end, { { chunk_size = 5 }, "unknown option 'chunk_size'", "runs:list" })
      assert.equal(0, #s:log().requests)
    end)

    it("of iterate that are wrong are named, and nothing is sent", function()
      for _, list in ipairs { WRONG, WRONG_ITERATE } do
        for _, row in ipairs(list) do assert_refused(function(o) return (runs:iterate(o)) end, row) end
      end
      assert.equal(0, #s:log().requests)
    end)

    it("know no dates for the runs of a task, which the API cannot filter so", function()
      local of_task = client:task("janedoe~my-task"):runs()
      for _, name in ipairs { "started_after", "started_before" } do
        assert_refused(function(o) return (of_task:list(o)) end, { { [name] = 0 }, "unknown option '" .. name, "runs:list" })
        assert_refused(function(o) return (of_task:iterate(o)) end, { { [name] = 0 }, "unknown option '" .. name, "runs:iterate" })
      end
      assert.equal(0, #s:log().requests)
    end)

    it("that are no table, or a dot for a colon, are told", function()
      assert_refused(function() return (runs:list "x") end, { nil, "bad options of runs:list", "a string" })
      assert_refused(function() return (runs.iterate {}) end, { nil, "iterate is a method", "colon" })
    end)

    it("given to runs instead of list or iterate are told", function()
      assert_refused(function() return client:runs { limit = 3 } end, { nil, "client:runs takes no options", "list or iterate" })
      assert_refused(function() return client:actor(ACTOR):runs { limit = 3 } end, { nil, "actor:runs takes no options", "list or iterate" })
      assert_refused(function() return client:task(ACTOR):runs { limit = 3 } end, { nil, "task:runs takes no options", "list or iterate" })
    end)

    it("are left as they were", function()
      local options = { status = { "FAILED" }, started_after = 0 }
      runs:iterate(options)
      assert.same({ status = { "FAILED" }, started_after = 0 }, options)
    end)
  end)
end)
