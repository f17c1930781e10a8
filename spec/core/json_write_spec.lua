local core = require "apify.core"
local cjson = require "cjson"
local vectors = require "spec.vectors.json"

local HAS_INTEGERS = math.type ~= nil
local NAN, INF = 0 / 0, math.huge

local function sorted(value)
  return assert(core.encode(value, { sort_keys = true }))
end

local function fails(expected, value, options)
  local text, message, name = core.encode(value, options)
  assert.is_nil(text)
  assert.equal(expected, message)
  assert.equal("encode", name)
end

--- A random value that both codecs can hold: quarters are exact in few digits.
local function random_value(depth)
  local kind = math.random(depth > 0 and 8 or 5)
  if kind == 1 then return math.random(-1000000, 1000000) end
  if kind == 2 then return math.random(-4000, 4000) * 0.25 end
  if kind == 3 then return math.random(2) == 1 end
  if kind == 4 then return core.null end
  if kind == 5 then return ("\195\169x\n\"\\\1/"):sub(1, math.random(2, 8)) .. ("y"):rep(math.random(0, 40)) end
  local value = {}
  for i = 1, math.random(1, 5) do value[kind == 6 and i or "k" .. math.random(9)] = random_value(depth - 1) end
  return value
end

describe("encode", function()
  it("writes scalars", function()
    for expected, value in pairs {
      ["true"] = true, ["false"] = false, ["null"] = core.null, ["0"] = 0, ["-7"] = -7, ["0.1"] = 0.1, ["0.3333333333333333"] = 1 / 3,
      ["1.7976931348623157e+308"] = 1.7976931348623157e308, ["4.94065645841247e-324"] = 5e-324, ["-0.0"] = -0.0, ['""'] = "", ['"a/b"'] = "a/b",
    } do
      assert.equal(expected, core.encode(value))
    end
  end)

  it("keeps the kind of number", function()
    if HAS_INTEGERS then
      assert.equal("1.0", core.encode(1.0))
      assert.equal("1", core.encode(1))
      assert.equal("9223372036854775807", core.encode(math.maxinteger))
      assert.equal("-9223372036854775808", core.encode(math.mininteger))
      assert.equal("1e+15", core.encode(1e15))
    else
      assert.equal("1", core.encode(1.0))
      assert.equal("9007199254740992", core.encode(2 ^ 53))
      assert.equal("1e+300", core.encode(1e300))
    end
  end)

  it("writes floats that read back as they were", function()
    math.randomseed(3)
    for _ = 1, 1000 do
      local value = (math.random() - 0.5) * 10.0 ^ math.random(-300, 300)
      assert.equal(value, (core.decode(core.encode(value))))
    end
  end)

  it("escapes what must be, and no more", function()
    assert.equal([["\"\\/\b\f\n\r\t\u0000\u000b\u001f]] .. '\127"', core.encode '"\\/\b\f\n\r\t\0\11\31\127')
    assert.equal('"\195\169\226\130\172\240\159\152\128"', core.encode "\195\169\226\130\172\240\159\152\128")
    assert.equal('"' .. ("x"):rep(100) .. '\\n"', core.encode(("x"):rep(100) .. "\n"))
    assert.equal('{"a\\"":1}', core.encode { ['a"'] = 1 })
    assert.equal([["\u0007\u000e"]], core.encode "\7\14")
  end)

  it("tells arrays from objects", function()
    assert.equal("{}", core.encode {})
    assert.equal("[]", core.encode(core.array {}))
    assert.equal("[]", core.encode(core.array()))
    assert.equal("[1,2]", core.encode { 1, 2 })
    assert.equal("[1,2]", core.encode(core.array { 1, 2 }))
    assert.equal('[[],{},[{}]]', core.encode { core.array {}, {}, { {} } })
    assert.equal("[1,2,3]", core.encode { [3] = 3, [2] = 2, [1] = 1 })
    assert.equal('{"1":1}', core.encode { ["1"] = 1 })
    assert.equal("[]", core.encode((core.decode "[]")))
  end)

  it("knows the marks of other codecs", function()
    local null, empty, mt = {}, io.stdout, {}
    local options = { nulls = { null }, empty_arrays = { empty }, array_mts = { mt } }
    assert.equal("[null,[],[],[1],{}]", core.encode({ null, empty, setmetatable({}, mt), setmetatable({ 1 }, mt), {} }, options))
    assert.equal("[null,[],1]", core.encode({ mt, options, 1 }, { nulls = { mt }, empty_arrays = { options } }))
    assert.equal("[null]", core.encode { cjson.null })
    if cjson.empty_array ~= nil then
      assert.equal("[[],null]", core.encode({ cjson.empty_array, cjson.null }, { empty_arrays = { cjson.empty_array } }))
    end
  end)

  it("can sort keys", function()
    assert.equal('{"":0,"B":1,"a":{"b":1,"c":2},"aa":3}', sorted { aa = 3, a = { c = 2, b = 1 }, B = 1, [""] = 0 })
    assert.equal("[{}]", sorted { {} })
    local value, parts = {}, {}
    for i = 1, 20000 do value[("%05d"):format(i)], parts[i] = i, ('"%05d":%d'):format(i, i) end
    assert.equal("{" .. table.concat(parts, ",") .. "}", sorted(value))
  end)

  it("says where a value is that cannot be JSON", function()
    fails("items[3].price: NaN cannot be JSON", { items = { 1, 2, { price = NAN } } })
    fails("infinity cannot be JSON", INF)
    fails("a: infinity cannot be JSON", { a = -INF })
    fails("nil cannot be JSON", nil)
    fails("a[1]: a function cannot be JSON", { a = { print } })
    fails("a: a userdata cannot be JSON", { a = io.stdout })
    fails("a: a thread cannot be JSON", { a = coroutine.create(print) })
    fails('["a b"]["1"]: a string that is not UTF-8 cannot be JSON', { ["a b"] = { ["1"] = "\255" } })
    fails('a["??"]: a string that is not UTF-8 cannot be JSON', { a = { ["\195\1"] = 1 } })
    fails("[2]: a string that is not UTF-8 cannot be JSON", { 1, "\237\160\128" })
    fails("a string that is not UTF-8 cannot be JSON", "x\226\130")
    fails("a string that is not UTF-8 cannot be JSON", "\128")
    fails('["' .. ("k"):rep(40) .. '..."]: NaN cannot be JSON', { [("k"):rep(50)] = NAN })
  end)

  it("shows keys that are names as they are, others in quotes, printable", function()
    for _, key in ipairs { "a", "z", "A", "Z", "_", "x0", "x9", "_azAZ09_", ("k"):rep(40) } do
      fails(key .. ": NaN cannot be JSON", { [key] = NAN })
      fails("[1]." .. key .. ": NaN cannot be JSON", { { [key] = NAN } })
    end
    for key, shown in pairs { [""] = "", ["0"] = "0", ["9x"] = "9x", ["a/"] = "a/", ["a:"] = "a:", ["@"] = "@", ["["] = "[", ["`"] = "`",
      ["{"] = "{", ["~"] = "~", ["\127"] = "?", ["\31"] = "?", [" "] = " " } do
      fails(('["%s"]: NaN cannot be JSON'):format(shown), { [key] = NAN })
      fails(('a["%s"]: NaN cannot be JSON'):format(shown), { a = { [key] = NAN } })
    end
  end)

  it("shows the sixteen innermost parts of where a value is", function()
    local function nested(depth)
      local value = NAN
      for i = depth, 1, -1 do value = { ["k" .. i] = value } end
      return value
    end
    local function path(first, last)
      local parts = {}
      for i = first, last do parts[#parts + 1] = "k" .. i end
      return table.concat(parts, ".") .. ": NaN cannot be JSON"
    end
    fails(path(1, 16), nested(16))
    for depth = 17, 40 do fails("..." .. path(depth - 15, depth), nested(depth)) end
  end)

  it("gives no text that is longer than it may be, by a byte or by many", function()
    local value = { "a\nb", { 1, -2.5, true, false, core.null }, { ["k\1"] = {}, l = core.array {} }, { { { "\226\130\172" } } }, "\n" }
    for _, sort_keys in ipairs { false, true } do
      local text = core.encode(value, { sort_keys = sort_keys })
      assert.equal(text, (core.encode(value, { sort_keys = sort_keys, max_bytes = #text })))
      for max = 1, #text - 1 do
        assert.same({ nil, ("longer than %d bytes as JSON"):format(max), "too_large" },
          { core.encode(value, { sort_keys = sort_keys, max_bytes = max }) })
      end
    end
    for _, max in ipairs { 0, 0.5, -1, 2 ^ 30 + 1, NAN, "many", true } do
      assert.error_matches(function() core.encode(1, { max_bytes = max }) end, "max_bytes must be a number")
    end
  end)

  it("refuses tables that are neither arrays nor objects", function()
    fails("a: an array with holes: 3 is its last index, but it has 2 elements", { a = { 1, nil, 3 } })
    fails("an array with holes: 5 is its last index, but it has 1 element", { [5] = 1 })
    fails("0 is neither an index of an array nor a string key", { [0] = 1 })
    fails("1.5 is neither an index of an array nor a string key", { [1.5] = 1 })
    fails("a boolean cannot be a key", { [true] = 1 })
    fails("a boolean cannot be a key", core.array { [true] = 1 })
    for _, sort_keys in ipairs { false, true } do
      local i, value = 0
      repeat
        i = i + 1
        value = { ["k" .. i] = 1, [i + 0.5] = 2 }
      until type(next(value)) == "string"
      fails(("a: the number key %s stands beside string keys"):format(i + 0.5), { a = value }, { sort_keys = sort_keys })
    end
    fails("an array must not have the string key 'n'", core.array { 1, n = 1 })
    for _, value in ipairs { { 1, 2, n = 1 }, { n = 1, [2] = 1 } } do
      local text, message = core.encode(value)
      assert.is_nil(text)
      assert.truthy(message:find("string key", 1, true))
    end
  end)

  it("refuses cycles and what is too deep", function()
    local cycle = { a = { {} } }
    cycle.a[1].b = cycle
    local _, message, name = core.encode(cycle)
    assert.truthy(message:find("a table that contains itself cannot be JSON", 1, true))
    assert.equal("encode", name)
    local value = core.array {}
    for _ = 2, 1000 do value = { value } end
    assert.equal(("["):rep(1000) .. ("]"):rep(1000), core.encode(value))
    _, message = core.encode { value }
    assert.truthy(message:find("nested deeper than 1000 levels", 1, true))
    local shared = { 1 }
    assert.equal("[[1],[1]]", core.encode { shared, shared })
  end)

  it("calls no metamethod but __pairs", function()
    local function trap() error "called" end
    local mt = { __index = trap, __len = trap, __tostring = trap, __eq = trap, __metatable = "locked" }
    assert.equal('{"a":[1]}', core.encode(setmetatable({ a = setmetatable({ 1 }, mt) }, mt)))
  end)

  describe("of a table with __pairs", function()
    local function proxy(of, mark)
      local mt = mark or {}
      mt.__pairs = function() return next, of, nil end
      return setmetatable({}, mt)
    end

    it("writes its pairs, as an object or an array, at any depth", function()
      assert.equal('{"a":1,"b":{"c":[1,2]},"d":{}}', sorted(proxy { a = 1, b = { c = proxy { 1, 2 } }, d = proxy {} }))
      assert.equal('[{"x":1},2,[3],4]', core.encode { proxy { x = 1 }, 2, proxy { 3 }, 4 })
      local value = { a = proxy { x = 1 }, b = 2, c = proxy { 3 }, d = 4 }
      assert.same({ a = { x = 1 }, b = 2, c = { 3 }, d = 4 }, (core.decode(core.encode(value))))
      local given
      local own = setmetatable({}, { __pairs = function(...)
        given = { ... }
        return next, {}, nil
      end })
      assert.equal("[1,{}]", core.encode { 1, own })
      assert.is_true(#given == 1 and rawequal(given[1], own))
      assert.equal('{"kept":1}', core.encode(setmetatable({ hidden = 2 }, { __pairs = function() return next, { kept = 1 } end })))
      local steps = { "a", "b" }
      local function step(_, key)
        local at = key == nil and 1 or key == "a" and 2 or 3
        return steps[at], at
      end
      assert.equal('{"a":1,"b":2}', sorted(setmetatable({}, { __pairs = function() return step end })))
      local mt = {}
      assert.equal("[]", core.encode(proxy({}, mt), { array_mts = { mt } }))
    end)

    it("says where it is wrong", function()
      fails("a: an array with holes: 3 is its last index, but it has 2 elements", { a = proxy { 1, [3] = 2 } })
      fails("a.b: a function cannot be JSON", { a = proxy { b = print } })
      local self_made = {}
      self_made.me = setmetatable({}, { __pairs = function() return next, self_made end })
      local _, message = core.encode(self_made)
      assert.truthy(message:find("a table that contains itself cannot be JSON", 1, true), message)
    end)

    it("fails when it raises or yields, and goes on to work", function()
      local function raising(what) return setmetatable({}, { __pairs = function() error(what, 0) end }) end
      fails("its __pairs raised: no", raising "no")
      fails("x: its __pairs raised: table", { x = raising {} })
      fails("x: its __pairs raised: boolean", { x = raising(true) })
      local _, message = core.encode { a = setmetatable({}, { __pairs = 1 }) }
      assert.truthy(message:find("a: its __pairs raised: attempt to call", 1, true), message)
      _, message = coroutine.wrap(function()
        return core.encode(setmetatable({}, { __pairs = function() coroutine.yield "away" end }))
      end)()
      assert.truthy(message:find("yield", 1, true), message)
      assert.equal('{"a":1}', core.encode(proxy { a = 1 }))
    end)
  end)

  it("raises for options that it does not have", function()
    assert.error_matches(function() core.encode(1, { sort = true }) end, "unknown option 'sort'")
    assert.error_matches(function() core.encode(1, { nulls = 1 }) end, "nulls must be a list")
    assert.error(function() core.encode() end)
    assert.error(function() core.array(1) end)
  end)

  it("writes every valid vector so that it reads back the same", function()
    for _, case in ipairs(vectors.valid) do
      local value = core.decode(case[1], { nulls = "keep" })
      if value == INF or value == -INF then
        fails("infinity cannot be JSON", value)
      else
        local text = sorted(value)
        assert.equal(text, sorted((core.decode(text, { nulls = "keep" }))), case[1])
      end
    end
  end)

  it("agrees with lua-cjson in both directions", function()
    math.randomseed(1)
    for _ = 1, 500 do
      local value = random_value(4)
      local text = core.encode(value)
      assert.same(value, (cjson.decode(text)))
      assert.same(value, (core.decode(text, { nulls = "keep" })))
      assert.same(value, (core.decode(cjson.encode(value), { nulls = "keep" })))
    end
  end)
end)

describe("what stands for null", function()
  it("may be a value of any type", function()
    local options = { nulls = { io.stdout, print }, empty_arrays = { core.null } }
    assert.equal("[null,1,null]", core.encode({ io.stdout, 1, print }, options))
    assert.is_nil((core.encode({ io.stderr }, options)))
  end)
end)
