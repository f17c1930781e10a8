--- The codec for the user's own data: ours, with the marks of others, or one that was given.
local cjson = require "cjson"
local json = require "apify.util.json"
local core = require "apify.core"

local OURS = {}

describe("the codec for the user's own data", function()
  it("takes a table with __pairs for its pairs", function()
    local t = { 1 }
    assert.equal(t, json.plain(t))
    local copy = json.plain(setmetatable({ hidden = 1 }, { __pairs = function() return next, { 7, x = 8 } end }))
    assert.same({ 7, x = 8 }, copy)
    assert.is_nil(getmetatable(copy))
  end)

  describe("by the core", function()
    it("writes and reads back what JSON can hold", function()
      local text = assert(json.encode(OURS, { a = { 1, 2.5, true, core.null }, s = "x\n" }))
      assert.same({ a = { 1, 2.5, true, core.null }, s = "x\n" }, json.decode(OURS, text))
    end)

    it("says where something cannot be JSON", function()
      local text, message = json.encode(OURS, { a = { { b = print } } })
      assert.is_nil(text)
      assert.equal("a[1].b: a function cannot be JSON", message)
    end)

    it("says where a text is not JSON", function()
      local value, message, name, offset = json.decode(OURS, '{"a":1,}')
      assert.is_nil(value)
      assert.is_string(message)
      assert.equal("decode", name)
      assert.equal(7, offset)
    end)

    it("keeps nulls unless the client or the call says otherwise", function()
      local text = '{"a":null}'
      assert.equal(core.null, json.decode(OURS, text).a)
      assert.is_nil(json.decode({ nulls = "omit" }, text).a)
      assert.is_nil(json.decode(OURS, text, "omit").a)
      assert.equal(core.null, json.decode({ nulls = "omit" }, text, "keep").a)
    end)

    it("leaves rows to the core", function()
      assert.is_nil(json.row_decoder(OURS))
    end)
  end)

  describe("the marks of others", function()
    local before

    before_each(function() before = { package.loaded.cjson, package.loaded["cjson.safe"], rawget(_G, "vim") } end)

    after_each(function()
      package.loaded.cjson, package.loaded["cjson.safe"] = before[1], before[2]
      rawset(_G, "vim", before[3])
    end)

    it("takes cjson.null", function()
      assert.equal('{"a":null}', json.encode(OURS, { a = cjson.null }))
    end)

    for _, name in ipairs { "cjson", "cjson.safe" } do
      it("takes the arrays of " .. name, function()
        local array_mt, empty_array_mt, empty_array = {}, {}, io.stdout
        assert.is_nil((json.encode(OURS, { empty_array })))
        assert.equal("[{}]", json.encode(OURS, { setmetatable({}, array_mt) }))
        package.loaded[name] = { array_mt = array_mt, empty_array_mt = empty_array_mt, empty_array = empty_array }
        assert.equal("[[],[],[],[1]]", json.encode(OURS, {
          setmetatable({}, array_mt), setmetatable({}, empty_array_mt), empty_array, setmetatable({ 1 }, array_mt),
        }))
      end)
    end

    it("takes vim.NIL", function()
      local nothing = io.stdout                          -- like it, a full userdata
      assert.is_nil((json.encode(OURS, { nothing })))
      rawset(_G, "vim", { NIL = nothing })
      assert.equal("[null]", json.encode(OURS, { nothing }))
    end)

    it("takes them in objects of the API's too, whose names come in order", function()
      assert.equal('{"a":1,"b":2,"c":3,"d":null}', json.encode_object { d = cjson.null, c = 3, b = 2, a = 1 })
      package.loaded.cjson = { empty_array = io.stdout }
      assert.equal('{"a":[],"b":1,"c":2}', json.encode_object { c = 2, b = 1, a = io.stdout })
    end)
  end)

  describe("by one that was given", function()
    it("writes and reads by it", function()
      local settings = { json = cjson }
      assert.same({ a = { 1, cjson.null } }, json.decode(settings, json.encode(settings, { a = { 1, cjson.null } })))
    end)

    it("is given the pairs of a table that says itself what is in it", function()
      local settings = { json = cjson }
      local function of(t) return setmetatable({}, { __pairs = function() return next, t, nil end }) end
      assert.equal('{"a":1}', json.encode(settings, of { a = 1 }))
      local inner, list = of { b = of { 2 } }, setmetatable({ of { c = 3 } }, { __metatable = "locked" })
      local value = { x = { inner, inner }, list = list }
      assert.same({ x = { { b = { 2 } }, { b = { 2 } } }, list = { { c = 3 } } }, cjson.decode(json.encode(settings, value)))
      assert.equal(inner, value.x[1])                    -- the caller's own stay as they are
      assert.equal(list, value.list)
      local again = setmetatable({}, {})
      getmetatable(again).__pairs = function() return next, { again = again }, nil end
      assert.same({ nil, "a table that contains itself cannot be JSON" }, { json.encode(settings, again) })
      local plain = { { 1 }, { a = 1 } }
      json.encode({ json = { encode = function(given) assert.equal(plain, given) return "" end } }, plain)
    end)

    it("tells what it raises", function()
      local text, message = json.encode({ json = cjson }, { print })
      assert.is_nil(text)
      assert.truthy(message:find("function", 1, true))
      local value, why, name = json.decode({ json = cjson }, "[1,")
      assert.is_nil(value)
      assert.is_string(why)
      assert.equal("decode", name)
      local function raise() error(setmetatable({}, { __tostring = function() error "torn" end })) end
      assert.same({ nil, "a table", "decode" }, { json.decode({ json = { decode = raise } }, "1") })
      assert.same({ nil, "a table" }, { json.encode({ json = { encode = raise } }, 1) })
    end)

    it("tells what it returns beside nil", function()
      local settings = { json = {
        encode = function() return nil, "no" end,
        decode = function(text) if text == "1" then return nil, "never" end return nil, 3, "bad at 3" end,
      } }
      assert.same({ nil, "no" }, { json.encode(settings, 1) })
      assert.same({ nil, "never", "decode" }, { json.decode(settings, "1") })
      assert.same({ nil, "bad at 3", "decode" }, { json.decode(settings, "2") })
    end)

    it("understands nil without a reason as null, and anything but a text as a failure", function()
      local settings = { json = { encode = function() return 7 end, decode = function() return nil, 5 end } }
      assert.equal(core.null, json.decode(settings, "null"))
      assert.same({ nil, "the json codec gave no text" }, { json.encode(settings, 1) })
    end)

    it("has rows given as their texts", function()
      local rows = core.rows(assert(json.row_decoder { json = cjson }))
      rows:feed '[ {"a":1} , [2]]'
      rows:finish()
      assert.equal('{"a":1}', rows:next())
      assert.equal("[2]", rows:next())
    end)
  end)
end)
