--- Iterating over lists whose answers fail or break off, and lists that move on the server's side.
local apify = require "apify"
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"

describe("iterating", function()
  local s = testbed.local_api(false)
  local client

  before_each(function() client = testbed.client(s) end)

  local function iterate(options)
    return (client:actor(ACTOR):runs():iterate(options))
  end

  --- The rows came once each, as `ids` says. Compared as text: a list of 25,000 differences is no help.
  local function assert_ids(ids, rows)
    assert.equal(#ids, #rows)
    for i, run in ipairs(rows) do
      if run.id ~= ids[i] then error(("row %d is %s, not %s"):format(i, run.id, ids[i]), 2) end
    end
  end

  local function offset_of(request) return tonumber(request.path:match "offset=(%d+)") end

  for _, prefetch in ipairs { 1, 4, 16 } do
    it("gives 25,000 runs once each, in order, while a tenth of the answers fail: prefetch " .. prefetch, function()
      s:admin("reset", { count = 25000 })
      local ids = s:admin("ids", { actor = ACTOR }).ids
      local jitter = { 0.001, 0.05 }
      s:faults(
        { name = "busy", match = { probability = 0.05, seed = 1 }, action = { jitter = jitter, status = { code = 429 } } },
        { name = "broken", match = { probability = 0.05, seed = 2 }, action = { jitter = jitter, status = { code = 500 } } },
        { name = "cut", match = { probability = 0.05, seed = 3 }, action = { jitter = jitter, cut = { after_bytes = 9000 } } },
        { match = {}, action = { jitter = jitter } })
      assert_ids(ids, assert(iterate({ chunk_size = 500, prefetch = prefetch, pick = { "id" } }):collect()))
      local stats = client:stats()
      assert.is_true(stats.retries > 1, stats.retries)
      assert.is_true(stats.rate_limited > 0)
      for _, rule in ipairs(s:admin("faults").rules) do assert.is_true(rule.hits > 0, rule.name) end
    end)
  end

  describe("over a page that is spoilt", function()
    local spoils = {
      ["broken JSON"] = { bad_json = {} }, ["a web page"] = { not_json = {} },
      ["a cut in mid-body"] = { cut = { after_bytes = 3000 } }, ["a cut of a chunked body"] = { cut = { after_bytes = 3000, chunked = true } },
      ["no answer"] = { close_before_answer = {} },
    }

    it("misses nothing though the answers promise more bytes than they have", function()
      s:admin("reset", { count = 250 })
      s:faults { match = { path = "/runs" }, action = { wrong_length = { by = 100 } } }
      assert_ids(s:admin("ids", { actor = ACTOR }).ids, assert(iterate({ chunk_size = 100 }):collect()))
      assert.equal(0, client:stats().retries)
    end)

    for name, action in pairs(spoils) do
      it("gives each run once after a retry: " .. name, function()
        s:admin("reset", { count = 1000 })
        s:faults { match = { path = "/runs", nth = 3 }, action = action }
        local ids = s:admin("ids", { actor = ACTOR }).ids
        assert_ids(ids, assert(iterate({ chunk_size = 100 }):collect()))
        assert.is_true(s:admin("faults").rules[1].hits > 0)
      end)

      it("gives nil and an error when retries do not help, and goes on when asked again: " .. name, function()
        s:admin("reset", { count = 300 })
        client = client:with { max_retries = 1 }
        local fatal = action.cut and { cut = { after_bytes = 200, chunked = action.cut.chunked } } or action
        local it, rows = iterate { chunk_size = 100, prefetch = 1 }, {}
        local err
        for _ = 1, 400 do
          local run
          run, err = it:next()
          if not run then break end
          rows[#rows + 1] = run
          if #rows == 100 then
            s:faults { match = { path = "/runs" }, action = fatal }
          end
        end
        assert.is_true(apify.is_error(err))
        assert.is_true(err.kind == "network" or err.kind == "decode", err.kind)
        assert.equal("number", type(err.attempts))
        assert.is_true(#rows >= 100)
        if name ~= "no answer" then assert.equal("number", type(err.offset)) end
        s:faults()
        for run in function() return it:next() end do rows[#rows + 1] = run end
        assert_ids(s:admin("ids", { actor = ACTOR }).ids, rows)
      end)
    end
  end)

  it("goes on in a page that was cut at the next undelivered run, and counts attempts from there", function()
    s:admin("reset", { count = 900 })
    client = client:with { max_retries = 2 }
    s:faults { match = { path = "/runs", first = 12 }, action = { cut = { after_bytes = 3000 } } }
    local ids = s:admin("ids", { actor = ACTOR }).ids
    assert_ids(ids, assert(iterate({ prefetch = 1 }):collect()))
    local requests, last = s:log().requests, -1
    assert.equal(13, #requests)
    for _, request in ipairs(requests) do
      assert.is_true(offset_of(request) > last or last == -1)
      last = offset_of(request)
    end
  end)

  it("asks for no row again of a page that broke off behind its last row", function()
    s:admin("reset", { count = 300 })
    s:faults { match = { path = "/runs", first = 2 }, action = { cut = { after_bytes = 1000000, chunked = true } } }
    assert.equal(300, #assert(iterate({ chunk_size = 100, prefetch = 1 }):collect()))
    assert.equal(4, #s:log().requests)
  end)

  it("tells an error of the API at once, and again when asked again", function()
    s:admin("reset")
    local it = client:actor("nobody~nothing"):runs():iterate()
    for n = 1, 2 do
      local run, err = it:next()
      assert.is_nil(run)
      assert.same({ 404, "actor-not-found", 1 }, { err.status, err.type, err.attempts })
      assert.equal(n, #s:log().requests)
    end
    local ok, err = pcall(it)
    assert.is_false(ok)
    assert.is_true(apify.is_error(err))
  end)

  it("keeps what `collect` has in err.partial", function()
    s:admin("reset", { count = 300 })
    s:faults { match = { path = "/runs", after = 1 }, action = { status = { code = 403 } } }
    local rows, err = iterate({ chunk_size = 100, prefetch = 1 }):collect()
    assert.is_nil(rows)
    assert.equal(403, err.status)
    assert.equal(100, #err.partial)
  end)

  it("loses no run of a page that failed in the middle", function()
    s:admin("reset", { count = 250 })
    client = client:with { max_retries = 0 }
    s:faults { match = { path = "/runs", first = 1 }, action = { cut = { after_bytes = 3000 } } }
    local rows, failures = {}, 0
    local next_page = iterate({ chunk_size = 100 }):pages()
    for _ = 1, 10 do
      local ok, page = pcall(next_page)
      if not ok then
        failures = failures + 1
      elseif page then
        for _, run in ipairs(page.items) do rows[#rows + 1] = run end
      end
    end
    assert.equal(1, failures)
    assert_ids(s:admin("ids", { actor = ACTOR }).ids, rows)
  end)

  it("gives up when `request_timeout` is over, attempts included", function()
    s:admin("reset", { count = 300 })
    s:faults { match = { path = "/runs" }, action = { hang = {} } }
    local started = os.time()
    local run, err = iterate({ request_timeout = 0.3 }):next()
    assert.is_nil(run)
    assert.equal("timeout", err.kind)
    assert.is_true(os.time() - started <= 2)
    s:faults { match = { path = "/runs" }, action = { drip = { bytes = 1, secs = 0.02 } } }
    run, err = iterate({ request_timeout = 0.5 }):next()
    assert.is_nil(run)
    assert.equal("timeout", err.kind)
    assert.is_true(os.time() - started <= 4)
    assert.equal(2, #s:log().requests)
  end)

  describe("a list that moves", function()
    local function check_moved(options, before)
      local rows = assert(iterate(options):collect())
      local changes, seen = s:admin "changes", {}
      for _, run in ipairs(rows) do
        assert.is_nil(seen[run.id], run.id)
        seen[run.id] = true
      end
      local has_moved = {}
      for _, kind in ipairs { "removed", "left" } do
        for _, id in ipairs(changes[kind]) do has_moved[id] = true end
      end
      for _, id in ipairs(before) do assert.is_true(seen[id] or has_moved[id], id) end
      return rows, changes
    end

    it("gives each run once when new ones push it back", function()
      s:admin("reset", { count = 2000 })
      local before = s:admin("ids", { actor = ACTOR, desc = true }).ids
      s:admin("bump", { add = 37, every = 2 })
      local _, changes = check_moved({ desc = true, chunk_size = 100 }, before)
      assert.is_true(#changes.added > 0)
    end)

    it("misses no run when rows before it go, and others come at the end", function()
      s:admin("reset", { count = 2000 })
      local before = s:admin("ids", { actor = ACTOR }).ids
      s:admin("bump", { add = 15, delete = 15, every = 3 })
      local _, changes = check_moved({ chunk_size = 100 }, before)
      assert.is_true(#changes.removed > 0)
    end)

    it("misses no run when as many leave a filter as join it", function()
      s:admin("reset", { count = 2000, statuses = { "SUCCEEDED", "FAILED" } })
      local before = s:admin("ids", { actor = ACTOR, status = "SUCCEEDED" }).ids
      s:admin("bump", { move = 5, every = 2 })
      local _, changes = check_moved({ chunk_size = 100, status = "SUCCEEDED" }, before)
      assert.is_true(#changes.left > 0)
    end)
  end)
end)
