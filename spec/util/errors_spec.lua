local errors = require "apify.util.errors"
local dates = require "apify.util.dates"
local url = require "apify.util.url"

--- The line of the function that calls this.
local function here()
  return debug.getinfo(2, "l").currentline
end

describe("errors.new", function()
  it("keeps the fields it is given", function()
    local e = errors.new { kind = "api", message = "no", status = 403, type = "forbidden", method = "GET", sent = true }
    assert.same({ "api", "no", 403, "forbidden", "GET", true }, { e.kind, e.message, e.status, e.type, e.method, e.sent })
    assert.is_nil(e.not_found)
  end)

  it("leaves the table it is given alone", function()
    local fields = { kind = "api", status = 404 }
    local e = errors.new(fields)
    assert.is_nil(fields.not_found)
    assert.is_nil(getmetatable(fields))
    assert.are_not.equal(fields, e)
  end)

  it("sets not_found for status 404 alone", function()
    assert.is_true(errors.new { kind = "api", status = 404 }.not_found)
    assert.is_nil(errors.new { kind = "api", status = 410 }.not_found)
    assert.is_nil(errors.new { kind = "network" }.not_found)
  end)

  it("takes every kind of the closed list", function()
    for kind in ([[api timeout unfinished connect network tls decode too_large redirect io cancelled context
        closed memory]]):gmatch "%S+" do
      assert.equal(kind, errors.new { kind = kind }.kind)
      assert.is_true(errors.is_kind(kind))
    end
  end)

  it("raises on an unknown kind", function()
    assert.error_matches(function() errors.new { kind = "oops" } end, 'not a kind of error: "oops"')
    assert.error_matches(function() errors.new {} end, "not a kind of error: nil")
    assert.is_false(errors.is_kind("oops"))
    assert.is_false(errors.is_kind(nil))
  end)
end)

describe("errors.is", function()
  it("knows its own objects and nothing else", function()
    assert.is_true(errors.is(errors.new { kind = "memory" }))
    for _, value in ipairs { "memory", 1, true, { kind = "memory" }, print } do assert.is_false(errors.is(value)) end
    assert.is_false(errors.is(nil))
  end)
end)

describe("the text of an error", function()
  local function text(fields) return tostring(errors.new(fields)) end

  it("says what was asked, what came back and how often it was tried", function()
    assert.equal("GET /v2/acts/x/runs: 404 actor-not-found: Actor was not found (1 attempt)", text {
      kind = "api", status = 404, type = "actor-not-found", message = "Actor was not found",
      method = "GET", path = "/v2/acts/x/runs", attempts = 1,
    })
    assert.equal("GET /v2/actor-runs/x: timeout: no answer within 5 s (3 attempts)", text {
      kind = "timeout", message = "no answer within 5 s", method = "GET", path = "/v2/actor-runs/x", attempts = 3,
    })
  end)

  it("leaves out what is not known", function()
    assert.equal("cancelled", text { kind = "cancelled" })
    assert.equal("io: disk full", text { kind = "io", message = "disk full" })
    assert.equal("/v2/x: network", text { kind = "network", path = "/v2/x" })
    assert.equal("502: Bad Gateway", text { kind = "api", status = 502, message = "Bad Gateway" })
    assert.equal("api: odd", text { kind = "api", message = "odd" })
    assert.equal("decode: half a body", text { kind = "decode", status = 200, message = "half a body" })
  end)

  it("is one line, whatever the server wrote", function()
    assert.equal("400 a\\nb: x\\ny\\x1B[31m\\x00\\x7F", text {
      kind = "api", status = 400, type = "a\nb", message = "x\ny\27[31m\0\127",
    })
  end)

  it("cuts a long message, but keeps it in the field", function()
    local e = errors.new { kind = "api", message = ("x"):rep(5000) }
    assert.equal("api: " .. ("x"):rep(500) .. "...", tostring(e))
    assert.equal(5000, #e.message)
    assert.is_true(#text { kind = "api", message = ("\1"):rep(5000) } < 520)
  end)

  it("never cuts through a character", function()
    assert.equal("api: " .. ("\195\169"):rep(250) .. "...", text { kind = "api", message = ("\195\169"):rep(300) })
    assert.equal("api: x" .. ("\195\169"):rep(249) .. "...", text { kind = "api", message = "x" .. ("\195\169"):rep(300) })
  end)

  it("comes without a __concat, which crashes Lua 5.4.4", function()
    local mt = getmetatable(errors.new { kind = "memory" })
    assert.is_nil(mt.__concat)
    assert.equal("apify.Error", mt.__name)
  end)
end)

it("errors.secs says seconds as people write them", function()
  for secs, said in pairs { [0.999999] = "1 s", [0.3] = "0.3 s", [300] = "300 s", [59.99962] = "60 s", [1234.5678] = "1234.57 s" } do
    assert.equal(said, errors.secs(secs))
  end
end)

describe("errors.escape", function()
  it("leaves ASCII and UTF-8 text alone", function()
    for _, s in ipairs { "", "plain \\ text", "caf\195\169", "\226\130\172 100", "\240\159\152\128", "\239\187\191" } do
      assert.equal(s, errors.escape(s))
    end
  end)

  it("shows control characters", function()
    assert.equal("a\\nb\\x0D\\x09\\x00\\x7F\\x1B", errors.escape "a\nb\r\t\0\127\27")
  end)

  it("shows controls, line separators and direction overrides that hide in UTF-8", function()
    assert.equal("\\xC2\\x9B", errors.escape "\194\155")
    assert.equal("\\xE2\\x80\\xA8", errors.escape "\226\128\168")
    assert.equal("\\xE2\\x80\\xAE", errors.escape "\226\128\174")
    assert.equal("\\xE2\\x81\\xA6", errors.escape "\226\129\166")
    assert.equal("\226\128\147\226\129\133\194\160", errors.escape "\226\128\147\226\129\133\194\160")
  end)

  it("shows bytes that are not UTF-8", function()
    assert.equal("\\xFF", errors.escape "\255")
    assert.equal("\\xC0\\xAF", errors.escape "\192\175")                    -- overlong
    assert.equal("\\xED\\xA0\\x80", errors.escape "\237\160\128")           -- surrogate
    assert.equal("\\xF4\\x90\\x80\\x80", errors.escape "\244\144\128\128")  -- beyond U+10FFFF
    assert.equal("\\xE2\\x82x", errors.escape "\226\130x")                  -- cut short
    assert.equal("a\\x80b", errors.escape "a\128b")
  end)

  it("stops at the maximum and says so", function()
    assert.equal("abc...", errors.escape("abcd", 3))
    assert.equal("abc", errors.escape("abc", 3))
    assert.equal("ab...", errors.escape("ab\nd", 3))
  end)
end)

describe("errors.show", function()
  it("displays a value in few words", function()
    assert.equal("nil", errors.show(nil))
    assert.equal("false", errors.show(false))
    assert.equal("-1", errors.show(-1))
    assert.equal("0.5", errors.show(0.5))
    assert.equal("nan", errors.show(0 / 0))
    assert.equal("nan", errors.show(-(0 / 0)))
    assert.equal("inf", errors.show(math.huge))
    assert.equal('"a"', errors.show "a")
    assert.equal('""', errors.show "")
    assert.equal("a table", errors.show {})
    assert.equal("a function", errors.show(print))
    assert.equal("a userdata", errors.show(io.stdout))
    assert.equal("a thread", errors.show(coroutine.create(print)))
  end)

  it("cuts long strings and escapes control characters", function()
    assert.equal('"' .. ("x"):rep(60) .. '..."', errors.show(("x"):rep(61)))
    assert.equal('"a\\nb"', errors.show "a\nb")
  end)
end)

describe("errors.misuse", function()
  local FILE = debug.getinfo(1, "S").short_src

  local function expect(line, ok, message)
    assert.is_false(ok)
    assert.is_string(message)
    assert.equal(("%s:%d: "):format(FILE, line), message:match "^.-:%d+: ")
  end

  it("formats its message", function()
    local _, message = pcall(function() errors.misuse("%s is not %d", "x", 5) end)
    assert.matches(": x is not 5$", message)
  end)

  it("points to the line outside the module", function()
    local line
    local _, message = pcall(function() line = here() dates.date("x") end)
    assert.matches(("^%s:%d: bad date: \"x\""):format(FILE:gsub("%p", "%%%0"), line), message)
  end)

  it("points there from deep inside the module", function()
    local options = require "apify.util.options"
    local check = options.spec { since = options.date }
    local line = here() + 1
    expect(line, pcall(function() check({ since = "never" }, "runs:list") end))
  end)

  it("points to the caller of pcall when the method itself is called by it", function()
    local line = here() + 1
    expect(line, pcall(url.id, "", "run id"))
  end)

  it("points into the coroutine that made the call", function()
    local line = here() + 1
    local co = coroutine.create(function() url.id("", "run id") end)
    expect(line, coroutine.resume(co))
  end)

  it("finds the line through tail calls and methods", function()
    local object = {}
    function object.check(_, value) return url.id(value, "run id") end
    local function run()
      local value = object:check("")                    -- the frame of check is gone
      return value
    end
    local line = debug.getinfo(run, "S").linedefined + 1
    expect(line, pcall(run))
  end)

  it("finds the line through a metamethod and a sort", function()
    local t = setmetatable({}, { __index = function(_, key) local id = url.id(key, "run id") return id end })
    local line = here() - 1
    expect(line, pcall(function() local _ = t[""] end))
    local compare = function() url.segment(1, "key") end
    expect(here() - 1, pcall(table.sort, { 1, 2 }, compare))
  end)

  it("gives no position when only the module is on the stack", function()
    local co = coroutine.create(url.id)
    local ok, message = coroutine.resume(co, "", "run id")
    assert.is_false(ok)
    assert.matches("^bad run id", message)
  end)
end)
