--- The fields of webhooks that are looked at before they are sent.
local core = require "apify.core"
local webhook_fields = require "apify.resources.base.webhook_fields"

local URL = "https://example.com/"

describe("the events of a webhook", function()
  local function misuse(fields, is_change)
    local ok, text = pcall(webhook_fields.check, fields, "webhooks:create", is_change)
    assert.is_false(ok)
    return text
  end

  it("are a list of names, known ones or others of their shape", function()
    for _, list in ipairs {
      { "ACTOR.RUN.SUCCEEDED" }, { "ACTOR.BUILD.TIMED_OUT", "TEST" }, { "ACTOR.RUN.PAUSED" }, { "PROXY.ADDED" },
    } do
      webhook_fields.check({ eventTypes = list }, "webhooks:create", false)
      assert.is_true(webhook_fields.ad_hoc.check { { eventTypes = list, requestUrl = URL } })
    end
  end)

  it("that are a letter or the case off are told what was meant", function()
    for wrong, right in pairs {
      ["ACTOR.RUN.SUCEEDED"] = "ACTOR.RUN.SUCCEEDED", ["ACTOR.RUN.TIMEDOUT"] = "ACTOR.RUN.TIMED_OUT", ["actor.build.failed"] = "ACTOR.BUILD.FAILED",
    } do
      local text = misuse({ eventTypes = { "TEST", wrong } }, false)
      local complaint = ("bad field 'eventTypes' of webhooks:create: %q (did you mean %q?)"):format(wrong, right)
      assert.truthy(text:find(complaint, 1, true), text)
      assert.same({ false, wrong, right }, { webhook_fields.ad_hoc.check { { eventTypes = { wrong }, requestUrl = URL } } })
    end
  end)

  it("that are no list of names are refused", function()
    for _, wrong in ipairs { "TEST", 7, {}, { 7 }, { "run succeeded" }, { a = "TEST" }, core.null } do
      assert.truthy(misuse({ eventTypes = wrong }, false):find("bad field 'eventTypes' of webhooks:create", 1, true))
      assert.is_false((webhook_fields.ad_hoc.check { { eventTypes = wrong, requestUrl = URL } }))
    end
  end)

  it("may be absent or null in a change only", function()
    assert.truthy(misuse({}, false):find("missing field 'eventTypes' of webhooks:create", 1, true))
    webhook_fields.check({}, "webhook:update", true)
    webhook_fields.check({ eventTypes = core.null }, "webhook:update", true)
    misuse({ eventTypes = {} }, true)
  end)
end)

describe("ad hoc webhooks", function()
  it("are sent as the base64 of their JSON, by the API's names", function()
    local ok, text = webhook_fields.ad_hoc.check { { requestUrl = "a", eventTypes = { "TEST" }, idempotencyKey = "k", headersTemplate = "{}" } }
    assert.is_true(ok)
    assert.equal("W3siZXZlbnRUeXBlcyI6WyJURVNUIl0sImhlYWRlcnNUZW1wbGF0ZSI6Int9IiwiaWRlbXBvdGVuY3lLZXkiOiJrIiwicmVxdWVzdFVybCI6ImEifV0=", text)
  end)

  it("are refused where they are no list of them, or cannot be JSON", function()
    local one = { eventTypes = { "TEST" }, requestUrl = URL }
    for _, wrong in ipairs { one, {}, { "x" }, { { requestUrl = URL } }, { { eventTypes = one.eventTypes } }, "x",
      { { eventTypes = one.eventTypes, requestUrl = "\255" } } } do
      assert.is_false((webhook_fields.ad_hoc.check(wrong)))
    end
  end)
end)
