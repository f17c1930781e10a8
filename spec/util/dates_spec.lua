local dates = require "apify.util.dates"

describe("dates.time", function()
  it("reads what the API writes", function()
    assert.equal(1756684800, dates.time "2025-09-01T00:00:00.000Z")
    assert.equal(0, dates.time "1970-01-01T00:00:00.000Z")
    assert.equal(1575968400.123, dates.time "2019-12-10T09:00:00.123Z")
  end)

  it("reads one to nine digits of a fraction, or none", function()
    assert.equal(1756684801, dates.time "2025-09-01T00:00:01Z")
    assert.equal(1756684800.5, dates.time "2025-09-01T00:00:00.5Z")
    assert.equal(1756684800.25, dates.time "2025-09-01T00:00:00.250000000Z")
    assert.equal(1.000001, dates.time "1970-01-01T00:00:01.000001Z")
    assert.near(0.123456789, dates.time "1970-01-01T00:00:00.123456789Z", 1e-15)
  end)

  it("reads offsets", function()
    assert.equal(dates.time "2025-09-01T10:00:00Z", dates.time "2025-09-01T12:00:00+02:00")
    assert.equal(dates.time "2025-09-01T17:30:00Z", dates.time "2025-09-01T12:00:00-0530")
    assert.equal(dates.time "2025-08-31T23:00:00.5Z", dates.time "2025-09-01T01:00:00.5+02:00")
    assert.equal(0, dates.time "1970-01-01T00:00:00+00:00")
  end)

  it("reads offsets of up to a day but a minute", function()
    assert.equal(23 * 3600 + 59 * 60, dates.time "1970-01-01T00:00:00-23:59")
    assert.equal(-23 * 3600 - 59 * 60, dates.time "1970-01-01T00:00:00+23:59")
  end)

  it("knows how long months are", function()
    for month, count in ipairs { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 } do
      local text = ("2025-%02d-"):format(month)
      assert.equal((count - 1) * 86400, dates.time(text .. count) - dates.time(text .. "01"))
      assert.same({ nil, "no such day" }, { dates.time(text .. count + 1) })
    end
  end)

  it("reads a date alone as midnight UTC", function()
    assert.equal(1756684800, dates.time "2025-09-01")
  end)

  it("reads times before 1970", function()
    assert.equal(-1, dates.time "1969-12-31T23:59:59Z")
    assert.equal(-0.001, dates.time "1969-12-31T23:59:59.999Z")
    assert.equal(-62167219200, dates.time "0000-01-01")
    assert.equal(-11644473600, dates.time "1601-01-01T00:00:00Z")
  end)

  it("reads the last moment there is", function()
    assert.equal(253402300799.999, dates.time "9999-12-31T23:59:59.999Z")
  end)

  it("knows leap years", function()
    assert.equal(951782400, dates.time "2000-02-29")
    assert.equal(1709164800, dates.time "2024-02-29")
    assert.equal(1709251200, dates.time "2024-03-01")
    assert.is_nil(dates.time "2025-02-29")
    assert.is_nil(dates.time "1900-02-29")
    assert.is_nil(dates.time "2024-02-30")
  end)

  it("counts a leap second as the next second", function()
    assert.equal(dates.time "2017-01-01T00:00:00Z", dates.time "2016-12-31T23:59:60Z")
    assert.equal(dates.time "2017-01-01T00:00:00.5Z", dates.time "2016-12-31T23:59:60.5Z")
  end)

  it("refuses what is not there, and says why", function()
    for iso, why in pairs {
      ["2025-00-01"] = "no such month", ["2025-13-01"] = "no such month", ["2025-09-00"] = "no such day",
      ["2025-09-31"] = "no such day", ["2025-09-01T24:00:00Z"] = "no such time of day",
      ["2025-09-01T00:60:00Z"] = "no such time of day", ["2025-09-01T00:00:61Z"] = "no such time of day",
      ["2025-09-01T00:00:00"] = "no time zone", ["2025-09-01T00:00:00+2:00"] = "no time zone",
      ["2025-09-01T00:00:00+02"] = "no time zone", ["2025-09-01T00:00:00Zx"] = "no time zone",
      ["2025-09-01T00:00:00+24:00"] = "no such time zone", ["2025-09-01T00:00:00+02:60"] = "no such time zone",
      ["2025-09-01T00:00:00.Z"] = "bad fraction", ["2025-09-01T00:00:00.1234567890Z"] = "bad fraction",
      ["2025-09-01T00:00Z"] = "not an ISO 8601 date", ["2025-09-01 00:00:00Z"] = "not an ISO 8601 date",
      ["2025-9-1"] = "not an ISO 8601 date", ["20250901"] = "not an ISO 8601 date", [""] = "not an ISO 8601 date",
      ["yesterday"] = "not an ISO 8601 date", [" 2025-09-01"] = "not an ISO 8601 date",
      ["-025-09-01"] = "not an ISO 8601 date", ["2025-09-01T"] = "not an ISO 8601 date",
    } do
      local secs, reason = dates.time(iso)
      assert.is_nil(secs, iso)
      assert.matches(why, reason, nil, nil, iso)
    end
  end)

  it("refuses what is not a string", function()
    for _, value in ipairs { 5, true, {} } do
      assert.same({ nil, "not a string" }, { dates.time(value) })
    end
    assert.same({ nil, "not a string" }, { dates.time(nil) })
  end)
end)

describe("dates.date", function()
  it("writes UTC with milliseconds", function()
    assert.equal("2025-09-01T00:00:00.000Z", dates.date(1756684800))
    assert.equal("1970-01-01T00:00:00.000Z", dates.date(0))
    assert.equal("2019-12-10T09:00:00.123Z", dates.date(1575968400.123))
  end)

  it("rounds to the nearest millisecond", function()
    assert.equal("1970-01-01T00:00:00.001Z", dates.date(0.0006))
    assert.equal("1970-01-01T00:00:00.000Z", dates.date(0.0004))
    assert.equal("1970-01-01T00:00:02.000Z", dates.date(1.9996))
    assert.equal("1969-12-31T23:59:59.999Z", dates.date(-0.0006))
  end)

  it("knows the ends of all years", function()
    for year = 0, 9999 do
      for _, day in ipairs { "%04d-12-31", "%04d-01-01", "%04d-02-28", "%04d-03-01" } do
        day = day:format(year)
        assert(dates.date(dates.time(day)):sub(1, 10) == day, day)
      end
    end
    for year = 0, 9600, 400 do assert.equal(("%04d-02-29"):format(year), dates.date(dates.time(("%04d-02-29"):format(year))):sub(1, 10)) end
  end)

  it("is the inverse of dates.time for every day and every millisecond", function()
    for day = -719528, 2932896, 997 do                       -- years 0000 to 9999
      local secs = day * 86400 + (day * 7919) % 86400
      assert.equal(secs, dates.time(dates.date(secs)))
    end
    for ms = 0, 999 do
      local iso = ("2025-09-01T12:34:56.%03dZ"):format(ms)
      assert.equal(iso, dates.date(dates.time(iso)))
    end
  end)

  it("agrees with the C library", function()
    for secs = -5e9, 5e9, 123456789 do
      assert.equal(os.date("!%Y-%m-%dT%H:%M:%S.000Z", secs), dates.date(secs))
    end
  end)

  it("reaches from year 0000 to year 9999", function()
    assert.equal("0000-01-01T00:00:00.000Z", dates.date(-62167219200))
    assert.equal("9999-12-31T23:59:59.999Z", dates.date(253402300799.999))
    assert.error_matches(function() dates.date(-62167219200.001) end, "bad date")
    assert.error_matches(function() dates.date(253402300799.9996) end, "bad date")
  end)

  it("raises on anything else", function()
    for _, bad in ipairs { 0 / 0, math.huge, -math.huge, 253402300800, -62167219201, 1e300, "2025-09-01", {}, false } do
      assert.error_matches(function() dates.date(bad) end, "bad date: .+ %(expected seconds since 1970")
    end
    assert.error_matches(function() dates.date(nil) end, "bad date: nil")
  end)
end)

describe("dates.normalize", function()
  it("makes one form of seconds and dates", function()
    assert.equal("2025-09-01T00:00:00.000Z", dates.normalize(1756684800))
    assert.equal("2025-09-01T00:00:00.000Z", dates.normalize "2025-09-01")
    assert.equal("2025-09-01T10:00:00.500Z", dates.normalize "2025-09-01T12:00:00.5+02:00")
  end)

  it("is nil for anything else", function()
    for _, bad in ipairs { "soon", 0 / 0, math.huge, {}, true, "0000-01-01T00:00:00+02:00" } do
      assert.is_nil(dates.normalize(bad))
    end
  end)
end)
