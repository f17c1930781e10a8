--- The settings of a client: defaults, what the environment adds, what `with` keeps, and the decoders.
local settings = require "apify.http.settings"

local TOKEN = "apify_api_test"

local function new(more)
  local o = { base_url = "https://api.test", token = TOKEN }
  for name, value in pairs(more or {}) do o[name] = value end
  return settings.new(o)
end

describe("settings", function()
  it("have defaults for what is not given", function()
    local s = new { max_retries = 3 }
    assert.same({ 3, 0.5, 360, 60, 10, 4, 67108864 }, {
      s.max_retries, s.min_delay_between_retries, s.request_timeout, s.stall_timeout, s.connect_timeout, s.prefetch, s.max_body_size,
    })
    assert.equal("https://api.test/v2", s.base.url)
    assert.is_false(s.is_closed)
  end)

  it("do not show the token", function()
    local function search(value, seen)
      if type(value) == "string" then assert.is_nil(value:find(TOKEN, 1, true)) end
      if type(value) ~= "table" or seen[value] then return end
      seen[value] = true
      for name, member in pairs(value) do
        search(name, seen)
        search(member, seen)
      end
    end
    local s = new()
    assert.equal("the token is ***", s.secret:mask("the token is " .. TOKEN))
    search(s, {})
    search(settings.with(s, { token = TOKEN }), {})
  end)

  it("conceal the token in what an answer says, however deep", function()
    local mark = {}
    local told = setmetatable({ [TOKEN .. "!"] = { "of " .. TOKEN, 5, false } }, mark)
    local shown = new():conceal(told)
    assert.same({ ["***!"] = { "of ***", 5, false } }, shown)
    assert.equal(mark, getmetatable(shown))
    assert.equal("of " .. TOKEN, told[TOKEN .. "!"][1])
    assert.equal(TOKEN, new({ token = false }):conceal(TOKEN))
  end)

  it("have headers of the user's own apart from those that go everywhere; others take their place as a whole", function()
    local s = new { headers = { ["X-Team"] = "a", accept = "b" } }
    assert.same({ { "Accept: application/json, */*" }, { "X-Team: a", "accept: b" } }, { s.headers, s.home_headers })
    assert.same(s.home_headers, settings.with(s, { max_retries = 1 }).home_headers)
    assert.same({ "X-Other: c", "Accept: application/json, */*" }, settings.with(s, { headers = { ["X-Other"] = "c" } }).home_headers)
    assert.same(s.headers, settings.with(s, { headers = {} }).home_headers)
  end)

  it("refuse what would show it to others", function()
    assert.has_error(function() new { base_url = "http://api.test" } end)
    assert.has_error(function() new { base_url = "https://me:word@api.test" } end)
    for _, token in ipairs { "Bearer abc", "abc\n" } do
      local _, text = pcall(new, { token = token })
      assert.matches("bad option 'token' of apify.new: it has blanks, line breaks or other characters that no token has", text, 1, true)
    end
    assert.truthy(new { base_url = "http://127.0.0.1:1" }.secret)
    assert.truthy(new { base_url = "http://api.test", allow_http = true }.secret)
    assert.is_nil(new({ base_url = "http://api.test", token = false }).secret)
  end)

  it("of a client made of another keep what is not given, and count anew", function()
    local before = new { max_retries = 1, prefetch = 2 }
    before.known["https://api.test/v2"], before.counts.calls, before.is_closed = true, 5, true
    local after = settings.with(before, { prefetch = 3 })
    assert.same({ 1, 3, 0, false }, { after.max_retries, after.prefetch, after.counts.calls, after.is_closed })
    assert.same({ before.secret, before.known, before.decoders }, { after.secret, after.known, after.decoders })
    assert.is_nil(settings.with(before, { token = false }).secret)
    assert.equal("", settings.with(before, { proxy = false }).proxy)
  end)

  it("keep one decoder for each choice of fields and nulls", function()
    local s = new()
    local usual = s:decoder_for()
    assert.equal(usual, s:decoder_for(nil, "omit"))
    assert.equal(s:decoder_for({ "id", "status" }), s:decoder_for({ "id", "status" }))
    for _, other in ipairs { s:decoder_for(nil, "keep"), s:decoder_for { "id" }, s:decoder_for { "id", "status" } } do
      assert.not_equal(usual, other)
    end
    local keeping = new { nulls = "keep" }
    assert.equal(keeping:decoder_for(nil, "keep"), keeping:decoder_for())
  end)
end)
