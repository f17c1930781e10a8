-- runs once
--- What the local API's schedules make of cron expressions.
local apify = require "apify"
local cron = dofile "spec/local_api/lua/cron.lua"

describe("a cron expression", function()
  local function after(iso, expression)
    local ms = cron.next(assert(cron.parse(expression)), apify.time(iso) * 1000)
    return ms and apify.date(ms / 1000):gsub(":00%.000Z$", "")
  end

  it("means the next minute that fits", function()
    local monday = "2024-01-01T10:07:30.000Z"
    for expression, expected in pairs {
      ["* * * * *"] = "2024-01-01T10:08", ["*/15 * * * *"] = "2024-01-01T10:15", ["0 8 * * *"] = "2024-01-02T08:00",
      ["30 9-17/4 * * *"] = "2024-01-01T13:30", ["0 0 * * 0"] = "2024-01-07T00:00", ["0 0 * * 7"] = "2024-01-07T00:00",
      ["0 0 29 FEB *"] = "2024-02-29T00:00", ["5,10 10 1 1 *"] = "2024-01-01T10:10", ["0 12 * * wed-fri"] = "2024-01-03T12:00",
      ["0 0 13 * fri"] = "2024-01-05T00:00", ["@monthly"] = "2024-02-01T00:00", ["40/10 * * * *"] = "2024-01-01T10:40",
    } do
      assert.equal(expected, (after(monday, expression)), expression)
    end
    assert.equal("2024-01-01T10:08", (after("2024-01-01T10:07:00.000Z", "* * * * *")))
    assert.equal("2096-02-29T00:00", (after("2092-03-01T00:00:00.000Z", "0 0 29 2 *")))
    assert.is_nil((after(monday, "0 0 30 2 *")))
  end)

  it("is none", function()
    for _, text in ipairs {
      "", "x", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "5-1 * * * *",
      "1,,2 * * * *", "-1 * * * *", "@never", "1.5 * * * *", "* * * MON *",
    } do
      assert.is_nil(cron.parse(text), text)
    end
    assert.is_nil(cron.parse(nil))
  end)
end)
