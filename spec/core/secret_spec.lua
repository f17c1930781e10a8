--- A token that no dump of Lua tables can show.
local core = require "apify.core"

describe("a secret", function()
  it("hides itself in a text, however it is written there", function()
    local secret = core.secret "apify_api/x+y"
    for text, masked in pairs {
      ["Bearer apify_api/x+y"] = "Bearer ***", ["apify_api/x+yapify_api/x+y."] = "******.", ["?token=apify%5Fapi%2fx%2By&z=%"] = "?token=***&z=%",
      ['{"a":"apify_api\\/x+y"}'] = '{"a":"***"}', ["apify_api/x+"] = "apify_api/x+", ["apify_apify_api/x+y"] = "apify_***",
      ["apify_api%2"] = "apify_api%2", ["a\0apify_api/x+y\0"] = "a\0***\0", [""] = "",
    } do assert.equal(masked, secret:mask(text)) end
  end)

  it("that is too short to be one is left alone", function()
    assert.equal("an axe", core.secret("x"):mask "an axe")
  end)

  it("shows nothing of its text", function()
    local secret = core.secret "apify_api_x"
    assert.equal("apify.secret: hidden", tostring(secret))
    assert.equal("hidden", getmetatable(secret))
    assert.is_nil(secret.x)
  end)

  it("cannot be made of what a header cannot carry", function()
    for _, text in ipairs { "a b", "a\r\n", "a\0", "\195\188" } do assert.is_false(pcall(core.secret, text)) end
  end)
end)
