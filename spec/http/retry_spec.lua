local retry = require "apify.http.retry"

local function failure(fields, method)
  local copy = { kind = "api", method = method or "GET", sent = true }
  for name, value in pairs(fields) do copy[name] = value end
  return copy
end

local function verdict(fields, method) return retry.verdict(failure(fields, method)) end

local REPEATABLE = { "GET", "HEAD", "PUT", "DELETE" }
local ONCE = { "POST", "PATCH" }

--- Faults after which the same request may succeed.
local TRANSIENT = {
  { status = 500 }, { status = 502 }, { status = 503 }, { status = 504 }, { status = 599 },
  { kind = "network" }, { kind = "timeout" }, { kind = "decode", status = 200 }, { kind = "decode" },
  { kind = "decode", status = 502 },
}

describe("retry.verdict", function()
  it("repeats harmless methods after transient failures", function()
    for _, method in ipairs(REPEATABLE) do
      for _, fields in ipairs(TRANSIENT) do assert.equal("retry", verdict(fields, method)) end
    end
  end)

  it("repeats no POST that may have been acted upon", function()
    for _, method in ipairs(ONCE) do
      for _, fields in ipairs(TRANSIENT) do assert.equal("fail", verdict(fields, method)) end
    end
    assert.equal("fail", retry.verdict { kind = "network", method = "POST" })      -- not known whether it was sent
  end)

  it("repeats a POST that was not sent", function()
    for _, method in ipairs(ONCE) do
      assert.equal("retry", verdict({ kind = "network", sent = false }, method))
      assert.equal("retry", verdict({ kind = "timeout", sent = false }, method))
      assert.equal("retry", retry.verdict { kind = "connect", method = method })
    end
  end)

  it("repeats a POST that carries its own key", function()
    for _, method in ipairs(ONCE) do
      for _, fields in ipairs(TRANSIENT) do
        local safe = failure(fields, method)
        safe.safe = true
        assert.equal("retry", retry.verdict(safe))
      end
    end
  end)

  it("repeats anything that was turned away for coming too often", function()
    for _, method in ipairs { "GET", "POST", "PATCH", "PUT", "DELETE" } do
      assert.equal("retry", verdict({ status = 429 }, method))
    end
  end)

  it("repeats a request that the server waited for in vain, but never a POST", function()
    assert.equal("retry", verdict { status = 408 })
    assert.equal("fail", verdict({ status = 408 }, "POST"))
    assert.equal("fail", verdict({ status = 408, safe = true }, "POST"))
  end)

  it("takes the API's refusals as final", function()
    for _, status in ipairs { 400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 422, 428 } do
      assert.equal("fail", verdict { status = status })
      assert.equal("fail", verdict { kind = "decode", status = status })
    end
    assert.equal("fail", verdict {})
  end)

  it("never repeats what a repetition cannot help", function()
    for _, kind in ipairs {
      "tls", "too_large", "redirect", "io", "cancelled", "closed", "context", "memory", "unfinished",
    } do
      assert.equal("fail", verdict { kind = kind })
      assert.equal("fail", verdict { kind = kind, status = 503, safe = true, sent = false })
    end
  end)
end)

describe("retry.delay", function()
  it("doubles from the base", function()
    assert.equal(0.5, retry.delay(1, 0.5, 0))
    assert.equal(1, retry.delay(2, 0.5, 0))
    assert.equal(2, retry.delay(3, 0.5, 0))
    assert.equal(32, retry.delay(7, 0.5, 0))
  end)

  it("adds jitter up to twice as much", function()
    assert.equal(0.75, retry.delay(1, 0.5, 0.5))
    assert.is_true(retry.delay(3, 0.5, 0.999) < 4)
  end)

  it("is at most a minute", function()
    assert.equal(60, retry.delay(8, 0.5, 0))
    assert.equal(60, retry.delay(7, 0.5, 0.999))
    assert.equal(60, retry.delay(5000, 0.5, 0))
  end)

  it("is nothing when the base is nothing", function()
    assert.equal(0, retry.delay(3, 0, 0.5))
  end)
end)

describe("retry.after", function()
  local NOW = 784111777                          -- Sun, 06 Nov 1994 08:49:37 GMT

  it("reads seconds", function()
    assert.equal(0, retry.after("0", NOW))
    assert.equal(120, retry.after("120", NOW))
    assert.equal(1.5, retry.after("1.5", NOW))
    assert.equal(7, retry.after(" 7\t", NOW))
  end)

  it("reads an HTTP date as seconds from now", function()
    assert.equal(0, retry.after("Sun, 06 Nov 1994 08:49:37 GMT", NOW))
    assert.equal(23, retry.after("Sun, 06 Nov 1994 08:50:00 GMT", NOW))
    assert.near(22.5, retry.after("Sun, 06 Nov 1994 08:50:00 GMT", NOW + 0.5), 1e-6)
    assert.equal(55 * 86400, retry.after("Sat, 31 Dec 1994 08:49:37 GMT", NOW))
  end)

  it("knows the names of all months", function()
    local month = 0
    for name in ("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"):gmatch "%a+" do
      local date = os.date("!*t", retry.after("Tue, 15 " .. name .. " 2030 12:00:00 GMT", 0))
      month = month + 1
      assert.same({ 15, month, 2030, 12 }, { date.day, date.month, date.year, date.hour })
    end
  end)

  it("is never negative", function()
    assert.equal(0, retry.after("-5", NOW))
    assert.equal(0, retry.after("Sun, 06 Nov 1994 08:49:00 GMT", NOW))
    assert.equal(0, retry.after("Thu, 01 Jan 1970 00:00:00 GMT", NOW))
  end)

  it("ignores garbage", function()
    for _, value in ipairs {
      "", " ", "soon", "5s", "1e3", "0x10", "inf", "nan", "1,5", ".5", "--5", "+5", "5 5",
      "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sunday, 06-Nov-94 08:49:37 GMT",
      "1994-11-06T08:49:37Z",
    } do
      assert.is_nil(retry.after(value, NOW), value)
    end
    assert.is_nil(retry.after(nil, NOW))
    assert.is_nil(retry.after({}, NOW))
  end)
end)

describe("retry.plan", function()
  local function plan(fields)
    local state = { attempt = 1, max_retries = 8, base = 0.5, random = 0 }
    for name, value in pairs(fields) do state[name] = value end
    return retry.plan(state)
  end

  it("waits longer after each attempt", function()
    assert.equal(0.5, plan { attempt = 1 })
    assert.equal(4, plan { attempt = 4 })
    assert.equal(60, plan { attempt = 8 })
  end)

  it("gives up when all retries were made", function()
    assert.same({ nil, "attempts" }, { plan { attempt = 9 } })
    assert.same({ nil, "attempts" }, { plan { attempt = 1, max_retries = 0 } })
  end)

  it("waits as long as the server asks, never shorter than its own delay", function()
    assert.equal(10, plan { retry_after = 10 })
    assert.equal(300, plan { retry_after = 300 })
    assert.equal(4, plan { attempt = 4, retry_after = 1 })
  end)

  it("gives a host that has never answered a few seconds", function()
    local stranger = { kind = "connect", elapsed = 0 }
    local function ask(more)
      local state = {}
      for name, value in pairs(stranger) do state[name] = value end
      for name, value in pairs(more) do state[name] = value end
      return plan(state)
    end
    assert.equal(0.5, ask {})
    assert.equal(2, ask { attempt = 3, elapsed = 1.5 })
    assert.same({ nil, "patience" }, { ask { attempt = 4, elapsed = 3.5 } })
    assert.equal(4, ask { attempt = 4, elapsed = 1 })
    assert.equal(0.5, ask { elapsed = 10 })                -- the first attempt may have waited for a connection until it was too late
    assert.same({ nil, "patience" }, { ask { attempt = 2, elapsed = 10 } })
    assert.same({ nil, "attempts" }, { ask { attempt = 9, elapsed = 10 } })
    assert.equal(4, ask { attempt = 4, elapsed = 3.5, is_known = true })
    assert.equal(4, ask { attempt = 4, elapsed = 3.5, kind = "network" })
  end)

  it("gives up at once when the wait does not fit into the time left", function()
    assert.same({ nil, "time" }, { plan { retry_after = 10, remaining = 9.9 } })
    assert.same({ nil, "time" }, { plan { attempt = 3, remaining = 1 } })
    assert.equal(10, plan { retry_after = 10, remaining = 10 })
    assert.same({ nil, "attempts" }, { plan { attempt = 9, remaining = 0 } })
  end)

  it("tells whether an answer says that nothing was done", function()
    for _, status in ipairs { 400, 401, 403, 404, 409, 422, 429, 499 } do assert.is_true(retry.is_refusal { kind = "api", status = status }) end
    for _, status in ipairs { 408, 500, 503, 599 } do assert.is_false(retry.is_refusal { kind = "api", status = status }) end
    assert.is_true(retry.is_refusal { kind = "redirect", status = 302 })
    assert.is_false(retry.is_refusal { kind = "decode", status = 206 })
    assert.is_false(retry.is_refusal { kind = "network" })
  end)
end)
