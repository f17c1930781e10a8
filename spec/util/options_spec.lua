local options = require "apify.util.options"

local HAS_INTEGERS = math.type ~= nil

--- Check one value with one checker, as option 'x' of "test".
local function check(checker, value)
  return options.spec { x = checker }({ x = value }, "test").x
end

local function refuses(checker, value, expected)
  local ok, message = pcall(check, checker, value)
  assert.is_false(ok, tostring(value))
  assert.matches("bad option 'x' of test: ", message, 1, true)
  if expected then assert.matches("(expected " .. expected .. ")", message, 1, true) end
  return message
end

describe("options.spec", function()
  local runs = options.spec {
    chunk_size = options.integer { min = 1, max = 1000 },
    desc = options.boolean,
    limit = options.integer { min = 1 },
    started_after = options.date,
    wait_for_finish = options.integer { min = 0 },
  }

  it("returns a fresh copy of what is allowed", function()
    local given = { limit = 5, desc = false }
    local checked = runs(given, "runs:iterate")
    assert.same({ limit = 5, desc = false }, checked)
    assert.are_not.equal(given, checked)
  end)

  it("takes no options for none", function()
    assert.same({}, runs(nil, "runs:iterate"))
    assert.same({}, runs({}, "runs:iterate"))
    assert.are_not.equal(runs(nil, "x"), runs(nil, "x"))
  end)

  it("names a bad option, its value and what is allowed", function()
    local _, message = pcall(function() runs({ limit = -1 }, "runs:iterate") end)
    assert.matches("options_spec.lua:%d+: bad option 'limit' of runs:iterate: %-1 %(expected an integer from 1 up%)$", message)
  end)

  it("wants the options that it cannot do without", function()
    local start = options.spec({ x = options.integer(), y = options.boolean }, { "x", "y" })
    assert.same({ x = 0, y = false }, start({ x = 0, y = false }, "test"))
    assert.error_matches(function() start({ y = true }, "test") end, "missing option 'x' of test %(an integer%)$")
    assert.error_matches(function() start({ x = 1 }, "test") end, "missing option 'y' of test %(true or false%)$")
  end)

  it("finds the option that was meant", function()
    for wrong, meant in pairs {
      limt = "limit", Limit = "limit", chunkSize = "chunk_size", startedAfter = "started_after", decs = "desc",
      waitForFinish = "wait_for_finish", started_befter = "started_after",
    } do
      local ok, message = pcall(runs, { [wrong] = 1 }, "runs:list")
      assert.is_false(ok)
      assert.matches(("unknown option '%s' of runs:list (did you mean '%s'?)"):format(wrong, meant), message, 1, true)
    end
  end)

  it("lists the options when they are few", function()
    assert.error_matches(function() runs({ colour = 1 }, "runs:list") end,
      "unknown option 'colour' of runs:list %(its options are chunk_size, desc, limit, started_after, wait_for_finish%)$")
    assert.error_matches(function() options.spec {}({ colour = 1 }, "run:reboot") end,
      "unknown option 'colour' of run:reboot %(it has no options%)$")
  end)

  it("stays short when they are many", function()
    local spec = {}
    for i = 1, 30 do spec["option_number_" .. i] = options.boolean end
    assert.error_matches(function() options.spec(spec)({ colour = 1 }, "x") end, "unknown option 'colour' of x$")
  end)

  it("refuses a name that is not a string", function()
    assert.error_matches(function() runs({ "SUCCEEDED" }, "runs:list") end, "unknown option 1 of runs:list")
    assert.error_matches(function() runs({ [true] = 1 }, "runs:list") end, "unknown option true of runs:list")
  end)

  it("cuts and escapes a silly name", function()
    local _, message = pcall(runs, { ["a\n" .. ("x"):rep(1e6)] = 1 }, "runs:list")
    assert.is_true(#message < 300)
    assert.matches("'a\\nxxx", message, 1, true)
  end)

  it("refuses options that are not a table, without showing them", function()
    local ok, message = pcall(runs, "apify_api_secret", "apify.new")
    assert.is_false(ok)
    assert.matches("bad options of apify.new: a string (expected a table)", message, 1, true)
    assert.not_matches("secret", message)
    for _, bad in ipairs { 5, true, print } do assert.is_false((pcall(runs, bad, "x"))) end
    assert.is_false((pcall(runs, false, "x")))
  end)

  it("is itself checked", function()
    assert.has_error(function() options.spec { limit = options.integer } end, "limit")
  end)
end)

describe("options.integer", function()
  it("takes integers within its bounds", function()
    assert.equal(0, check(options.integer {}, 0))
    assert.equal(-5, check(options.integer(), -5))
    assert.equal(1, check(options.integer { min = 1, max = 3 }, 1))
    assert.equal(3, check(options.integer { min = 1, max = 3 }, 3))
    for _, n in ipairs { 2 ^ 53, -2 ^ 53 } do assert.equal(n, check(options.integer {}, n)) end
  end)

  it("makes integers of integral floats", function()
    local n = check(options.integer {}, 3.0)
    assert.equal("3", tostring(n))
    if HAS_INTEGERS then assert.equal("integer", math.type(n)) end
  end)

  it("refuses the rest and describes its bounds", function()
    refuses(options.integer {}, 1.5, "an integer")
    refuses(options.integer { min = 1 }, 0, "an integer from 1 up")
    refuses(options.integer { max = 5 }, 6, "an integer up to 5")
    refuses(options.integer { min = 1, max = 1000 }, 1001, "an integer from 1 to 1000")
    for _, bad in ipairs { 0 / 0, math.huge, -math.huge, 1e300, "5", true, {} } do refuses(options.integer {}, bad) end
    if not HAS_INTEGERS then
      for _, bad in ipairs { 2 ^ 53 + 2, -2 ^ 53 - 2 } do refuses(options.integer {}, bad) end
    end
  end)
end)

describe("options.number", function()
  it("takes numbers within its bounds", function()
    assert.equal(0.5, check(options.number { min = 0 }, 0.5))
    assert.equal(5, check(options.number { exclusive_min = 0 }, 5))
    assert.equal(math.huge, check(options.number { min = 0, huge = true }, math.huge))
  end)

  it("refuses the rest and describes its bounds", function()
    refuses(options.number {}, "1", "a number")
    refuses(options.number {}, 0 / 0, "a number")
    refuses(options.number { huge = true }, 0 / 0)
    refuses(options.number {}, math.huge)
    refuses(options.number {}, -math.huge)
    refuses(options.number { min = 0 }, -0.1, "a number from 0 up")
    refuses(options.number { exclusive_min = 0 }, 0, "a number above 0")
    refuses(options.number { exclusive_min = 0, max = 60 }, 61, "a number above 0 and up to 60")
    refuses(options.number { min = 0, max = 1 }, 2, "a number from 0 to 1")
  end)
end)

describe("options.string", function()
  it("takes strings", function()
    assert.equal("", check(options.string {}, ""))
    assert.equal("a", check(options.string(), "a"))
    assert.equal("abc", check(options.string { nonempty = true, max = 3 }, "abc"))
  end)

  it("refuses the rest and describes its rules", function()
    refuses(options.string {}, 5, "a string")
    refuses(options.string { nonempty = true }, "", "a non-empty string")
    refuses(options.string { max = 3 }, "abcd", "a string of at most 3 bytes")
  end)

  it("never shows a secret, wherever it is wrapped", function()
    local secret = options.string { secret = true, max = 3 }
    for _, checker in ipairs { secret, options.list_of(secret), options.either(options.boolean, secret) } do
      local message = refuses(checker, "hidden")
      assert.not_matches("hidden", message)
      assert.matches("bad option 'x' of test: a string (expected", message, 1, true)
    end
  end)
end)

describe("options.csv_of", function()
  local statuses = options.csv_of(options.enum { "FAILED", "SUCCEEDED" })

  it("takes a list, a member, or members parted by commas", function()
    for _, value in ipairs { { "FAILED", "SUCCEEDED" }, "FAILED,SUCCEEDED", "FAILED, SUCCEEDED" } do
      assert.same({ "FAILED", "SUCCEEDED" }, check(statuses, value))
    end
    assert.same({ "FAILED" }, check(statuses, "FAILED"))
  end)

  it("refuses the rest", function()
    local expected = 'one of "FAILED", "SUCCEEDED", or a non-empty list of them'
    for _, value in ipairs { "", "FAILED,", "FAILED,DONE", "failed", 1, {} } do refuses(statuses, value, expected) end
  end)
end)

describe("the plain checkers", function()
  it("take their type", function()
    local t = {}
    assert.is_true(check(options.boolean, true))
    assert.is_false(check(options.boolean, false))
    for value, flag in pairs { [true] = true, [false] = false, [1] = true, [0] = false } do assert.equal(flag, check(options.flag, value)) end
    for _, secs in ipairs { 1e-9, 0.5, 60 } do assert.equal(secs, check(options.positive_secs, secs)) end
    assert.equal(print, check(options.func, print))
    assert.equal(t, check(options.table, t))
  end)

  it("refuse the rest", function()
    refuses(options.boolean, 1, "true or false")
    refuses(options.boolean, "true", "true or false")
    for _, value in ipairs { 2, -1, 0.5, "1" } do refuses(options.flag, value, "true or false") end
    for _, secs in ipairs { 0, -1 } do refuses(options.positive_secs, secs) end
    refuses(options.func, {}, "a function")
    refuses(options.table, "x", "a table")
    refuses(options.table, false, "a table")
  end)
end)

describe("options.enum", function()
  it("takes one of its values", function()
    assert.equal("a", check(options.enum { "a", "b" }, "a"))
    assert.is_false(check(options.enum { false }, false))
  end)

  it("refuses the rest and lists its values", function()
    refuses(options.enum { "a", "b" }, "A", 'one of "a", "b"')
    refuses(options.enum { "a" }, true, '"a"')
    refuses(options.enum { false }, true, "false")
    refuses(options.enum { "a" }, 0 / 0)
  end)
end)

describe("options.open_enum", function()
  local origins = options.open_enum { "API", "CI", "CLI", "SCHEDULER", "APIFY_AI" }

  it("takes what is listed, and what the API may add", function()
    for _, name in ipairs { "API", "CI", "SCHEDULER", "AI", "APP", "CIRCLE-2", "MY_NEW_ORIGIN" } do assert.equal(name, check(origins, name)) end
    assert.equal("ownedByMe", check(options.open_enum { "ownedByMe" }, "ownedByMe"))
    assert.equal("stats.totalRuns", check(options.open_enum { "createdAt", "stats.lastRunStartedAt" }, "stats.totalRuns"))
    assert.equal("ACTOR.RUN.PAUSED", check(options.open_enum { "ACTOR.RUN.ABORTED" }, "ACTOR.RUN.PAUSED"))
  end)

  it("refuses what is a listed one but for a letter, for case or underscores", function()
    local meant = { SCHEDULE = "SCHEDULER", SCHEDULLER = "SCHEDULER", SCHODULER = "SCHEDULER", api = "API", APIFYAI = "APIFY_AI", Cli = "CLI" }
    for given, name in pairs(meant) do
      assert.matches(('%q (did you mean %q?)'):format(given, name), refuses(origins, given), 1, true)
    end
    local either = options.either(options.list_of(origins), options.enum { false })
    assert.matches('(did you mean "SCHEDULER"?)', refuses(either, { "API", "SCHEDULERS" }), 1, true)
  end)

  it("refuses what has another shape, and lists what is known", function()
    local expected = '"API", "CI", "CLI", "SCHEDULER", "APIFY_AI" or another name like these'
    for _, bad in ipairs { "", "home", "MY HOME", "1API", "A.B", "API,CLI", ("x"):rep(1e6), 5, true, {} } do refuses(origins, bad, expected) end
    refuses(options.open_enum { "createdAt" }, "created.at")
  end)
end)

describe("options.list_of", function()
  local statuses = options.list_of(options.enum { "READY", "RUNNING" })

  it("takes a list or a single value, and copies it", function()
    local given = { "READY", "RUNNING" }
    assert.same(given, check(statuses, given))
    assert.are_not.equal(given, check(statuses, given))
    assert.same({ "READY" }, check(statuses, "READY"))
    assert.same({ false }, check(options.list_of(options.boolean), false))
    assert.same({ false, true }, check(options.list_of(options.boolean), { false, true }))
  end)

  it("shows the item at fault", function()
    local message = refuses(statuses, { "READY", "DONE" }, 'one of "READY", "RUNNING", or a non-empty list of them')
    assert.matches(': "DONE" (', message, 1, true)
    message = refuses(options.list_of(options.string {}), { "a", false })
    assert.matches(": false (", message, 1, true)
  end)

  it("refuses tables that are not lists", function()
    for _, bad in ipairs { {}, { status = "READY" }, { "READY", n = 1 }, { [2] = "READY" } } do refuses(statuses, bad) end
  end)

  it("keeps what its checker makes of each item", function()
    assert.same({ "1970-01-01T00:00:00.000Z" }, check(options.list_of(options.date), { 0 }))
  end)
end)

describe("options.date", function()
  it("makes the API's form of dates and seconds", function()
    assert.equal("2025-09-01T00:00:00.000Z", check(options.date, "2025-09-01"))
    assert.equal("2025-09-01T00:00:00.000Z", check(options.date, 1756684800))
    assert.equal("2025-08-31T22:00:00.500Z", check(options.date, "2025-09-01T00:00:00.5+02:00"))
  end)

  it("refuses the rest", function()
    local message = refuses(options.date, "yesterday")
    assert.matches('"yesterday" (expected an ISO date', message, 1, true)
    for _, bad in ipairs { "2025-13-01", 0 / 0, math.huge, 1e300, true, {} } do refuses(options.date, bad) end
  end)
end)

describe("options.either", function()
  local either = options.either(options.enum { false }, options.integer { min = 1 }, options.date)

  it("takes what the first fitting choice makes of it", function()
    assert.is_false(check(either, false))
    assert.equal(5, check(either, 5))
    assert.equal("2025-09-01T00:00:00.000Z", check(either, "2025-09-01"))
  end)

  it("refuses the rest and names all choices", function()
    refuses(options.either(options.boolean, options.string {}), 5, "true or false, or a string")
  end)
end)

describe("options.query", function()
  local query = options.query {
    { "status", "status" }, { "desc", "desc" }, { "limit", "limit" }, { "started_after", "startedAfter" },
    { "memory", "memory" }, { "max_charge", "maxTotalChargeUsd" },
  }

  it("gives pairs in the order of the map, whatever the options' order", function()
    assert.same({ { "status", "READY,RUNNING" }, { "limit", "5" }, { "startedAfter", "x" } },
      query { started_after = "x", limit = 5, status = { "READY", "RUNNING" } })
  end)

  it("leaves out what is missing", function()
    assert.same({}, query {})
    assert.same({}, query { unrelated = 1 })
  end)

  it("writes booleans as 1 and 0", function()
    assert.same({ { "desc", "1" } }, query { desc = true })
    assert.same({ { "desc", "0" } }, query { desc = false })
    assert.same({ { "status", "1,0,2" } }, query { status = { true, false, 2 } })
  end)

  it("writes numbers plainly", function()
    local function text(n) return query({ max_charge = n })[1][2] end
    for expected, n in pairs {
      ["0"] = 0, ["5"] = 5.0, ["-5"] = -5, ["0.1"] = 0.1, ["1.5"] = 1.5, ["1000000000000000"] = 1e15,
      ["100000000000000000000"] = 1e20, ["0.00001"] = 1e-5, ["0.30000000000000004"] = 0.1 + 0.2, ["-0.25"] = -0.25,
      ["9007199254740992"] = 2 ^ 53, ["4503599627370495.5"] = 2 ^ 52 - 0.5,
      ["1000000000000000.1"] = 1e15 + 0.1, ["9.95"] = 9.95, ["1756684800.123"] = 1756684800.123,
    } do
      assert.equal(expected, text(n))
    end
    assert.equal("0", text(-0.0))
    if HAS_INTEGERS then assert.equal("9223372036854775807", text(math.maxinteger)) end
  end)

  it("writes numbers that read back the same", function()
    local seed = 1
    for _ = 1, 500 do
      seed = seed * 48271 % 2147483647
      local n = (seed - 1e9) / 2 ^ (seed % 60)
      local text = query({ max_charge = n })[1][2]
      assert.equal(n, tonumber(text))
      assert.not_matches("[eE]", text)
    end
  end)
end)
