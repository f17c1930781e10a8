local core = require "apify.core"
local child = require "spec.support.child"
local cjson = require "cjson"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"
local vectors = require "spec.vectors.json"

local HAS_INTEGERS = math.type ~= nil

-- What localedef is told of: ASCII, and the decimal point of Arabic.
local SIGNS = "<code_set_name> UTF-8\n<mb_cur_min> 1\n<mb_cur_max> 2\n<comment_char> %\n<escape_char> /\nCHARMAP\n"
  .. "<U0000>..<U007F> /x00 x\n<U066B> /xd9/xab x\nEND CHARMAP\n"

--- Equal values with the same kinds of number, deeply.
local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then
    return a == b and (not HAS_INTEGERS or math.type(a) == math.type(b)) or a ~= a and b ~= b
  end
  for k, v in pairs(a) do
    if not same(v, b[k]) then return false end
  end
  for k in pairs(b) do
    if a[k] == nil then return false end
  end
  return true
end

local function fails_at(offset, text, decode)
  local value, message, name, at = decode(text)
  assert.is_nil(value, text)
  assert.equal("decode", name, text)
  assert.equal(offset, at, text)
  assert.equal("invalid JSON at byte " .. offset .. ": ", message:match "^invalid JSON at byte %d+: ", text)
  return message
end

describe("decode", function()
  local folder = testbed.folder()
  local _, write = testbed.files(folder)

  it("gives the value of every valid document, the first time and again", function()
    local decoder = core.decoder {}
    for _ = 1, 20 do
      for _, case in ipairs(vectors.valid) do
        local value = decoder:decode(case[1])
        assert.is_true(same(case[2], value), case[1])
      end
    end
  end)

  it("names the byte that does not fit", function()
    local decoder = core.decoder {}
    for _, case in ipairs(vectors.invalid) do
      fails_at(case[2], case[1], core.decode)
      fails_at(case[2], case[1], function(text) return decoder:decode(text) end)
    end
  end)

  it("fails for every beginning of a document, at its end", function()
    local decoder = core.decoder {}
    for _, case in ipairs(vectors.valid) do
      local text = "[" .. case[1] .. "]"
      for cut = 0, #text - 1 do
        local message = fails_at(cut, text:sub(1, cut), function(t) return decoder:decode(t) end)
        assert.equal("ends early", message:match ": (.*)$", text)
      end
    end
  end)

  it("says why in a readable way", function()
    local function message(text) return (select(2, core.decode(text))) end
    assert.equal("invalid JSON at byte 5: expected ':' after a key", message '{"a" 1}')
    assert.equal("invalid JSON at byte 1: a number must not begin with 0", message "01")
    assert.equal("invalid JSON at byte 1: invalid UTF-8", message '"\255"')
    assert.equal("invalid JSON at byte 2: only white space may follow", message "1 2")
  end)

  it("takes no escape but those that there are", function()
    for c = 0, 255 do
      local text = '"\\' .. string.char(c) .. '"'
      if not ('"\\/bfnrtu'):find(string.char(c), 1, true) then fails_at(2, text, core.decode) end
    end
  end)

  it("takes a byte order mark in front of a document, once", function()
    local mark = "\239\187\191"
    assert.same({ a = 1 }, core.decode(mark .. ' {"a":1}'))
    local function fails(offset, text)
      local value, _, name, at = core.decode(text)
      assert.same({ "decode", offset }, { name, at }, text)
      assert.is_nil(value)
    end
    fails(3, mark)
    fails(3, mark .. mark .. "[]")
    fails(1, " " .. mark .. "[]")
    fails(1, "[" .. mark .. "]")
    fails(4, mark .. "[x]")
    fails(6, mark .. "[] x")
  end)

  it("refuses nesting beyond 1000 levels and survives millions", function()
    assert.is_table(core.decode(("["):rep(1000) .. ("]"):rep(1000)))
    assert.is_table(core.decode(('{"a":'):rep(999) .. "[]" .. ("}"):rep(999)))
    for _, levels in ipairs { 1001, 10000, 10000000 } do
      local message = fails_at(1000, ("["):rep(levels), core.decode)
      assert.truthy(message:find("nested deeper", 1, true))
    end
    fails_at(5000, ('{"a":'):rep(1001), core.decode)
  end)

  it("keeps integers exact", function()
    if HAS_INTEGERS then
      assert.equal("integer", math.type(core.decode "9223372036854775807"))
      assert.equal(math.maxinteger, (core.decode "9223372036854775807"))
      assert.equal(math.mininteger, (core.decode "-9223372036854775808"))
      assert.equal("integer", math.type(core.decode "-9223372036854775808"))
      assert.equal(9223372036854775808.0, (core.decode "9223372036854775808"))
      assert.equal("float", math.type(core.decode "9223372036854775808"))
      assert.equal("float", math.type(core.decode "-9223372036854775809"))
      assert.equal("float", math.type(core.decode "1.0"))
    else
      assert.equal(2 ^ 53, (core.decode "9007199254740992"))
    end
  end)

  it("takes the first and the last character of each length, and escapes that are no pair", function()
    for _, c in ipairs { "\194\128", "\223\191", "\224\160\128", "\237\159\191",
      "\238\128\128", "\239\191\191", "\240\144\128\128", "\244\143\191\191" } do
      assert.equal(c, (core.decode('"' .. c .. '"')))
    end
    for _, bad in ipairs { "\193\191", "\224\159\191", "\237\160\128", "\240\143\191\191", "\244\144\128\128", "\245\128\128\128", "\128" } do
      assert.is_nil((core.decode('"' .. bad .. '"')))
    end
    local odd = "\239\191\189"
    for text, value in pairs {
      ["\\uE000\\uDC00"] = "\238\128\128" .. odd, ["\\uD7FF\\uDC00"] = "\237\159\191" .. odd, ["\\uD800\\uDC00"] = "\240\144\128\128",
      ["\\uDBFF\\uDFFF"] = "\244\143\191\191", ["\\uD800\\uE000"] = odd .. "\238\128\128",
      ["\\uDC00\\uDC00"] = odd .. odd, ["\\uD800\\n"] = odd .. "\n", ["\\uD800\\uDC00xy"] = "\240\144\128\128xy",
      ["\\u007F\\u0080"] = "\127\194\128", ["\\u07FF\\u0800"] = "\223\191\224\160\128", ["\\uFFFF"] = "\239\191\191",
    } do assert.equal(value, (core.decode('"' .. text .. '"')), text) end
  end)

  it("reads minus zero as a float", function()
    for _, text in ipairs { "-0", "-0.0", "-0e5" } do assert.equal(-math.huge, 1 / core.decode(text), text) end
    assert.equal(math.huge, 1 / (core.decode "0" + 0.0))
  end)

  it("rounds every float as the interpreter does", function()
    math.randomseed(7)
    for _ = 1, 1000 do
      local digits = {}
      for i = 1, math.random(1, 25) do digits[i] = math.random(0, 9) end
      local text = math.random(1, 9) .. "." .. table.concat(digits) .. "e" .. math.random(-330, 300)
      assert.equal(tonumber(text), (core.decode(text)), text)
    end
  end)

  it("rounds numbers of any length, with zeros and digits without end", function()
    local function is_right(text) assert.equal(tonumber(text), core.decode(text) + 0.0, text) end
    for zeros = 0, 130 do
      for _, exponent in ipairs { "", "e1", "E+9", "e-3", "e12", "e110", "e00000000000000000005" } do
        is_right("0." .. ("0"):rep(zeros) .. "1" .. exponent)
        is_right("7" .. ("0"):rep(zeros) .. ".25" .. exponent)
      end
    end
    for length = 1, 200 do
      is_right("-" .. ("123456789"):rep(30):sub(1, length) .. ".0")
      is_right("0." .. ("987654321"):rep(30):sub(1, length))
    end
    for _, text in ipairs { "9223372036854775808", "18446744073709551615", "18446744073709551616", "18446744073709551617", "99999999999999999999",
      "184467440737095516160", "1844674407370955161.6e1" } do is_right(text) end
  end)

  it("ignores the host's decimal point, of one byte or two, and so does what is encoded", function()
    for name, sign in pairs { comma = "002C", momayyez = "066B" } do
      write("signs", SIGNS)
      write("source", ('LC_NUMERIC\ndecimal_point "<U%s>"\nthousands_sep ""\ngrouping -1\nEND LC_NUMERIC\n'):format(sign))
      program.shell(("cd %s && localedef -c -i ./source -f ./signs ./%s"):format(folder, name))
      local output = child.run(([[
        assert(os.setlocale("%s", "numeric"))
        assert(jit or ("%%.1f"):format(1.5) ~= "1.5")
        local core = require "apify.core"
        local value = core.decode "[1.5,1.2345678901234567890123,-2.5e-7]"
        assert(value[1] == 3 / 2 and value[2] == 12345678901234567 / 10000000000000000 and value[3] == -25 / 100000000)
        print(core.encode { 1 / 10, 3 / 2, -25 / 100000000, 1e300 })
      ]]):format(name), { env = { LOCPATH = folder } })
      assert.equal("[0.1,1.5,-2.5e-07,1e+300]\n", output)
    end
  end)

  it("leaves out null members unless they are kept, and keeps them in arrays", function()
    local text = '{"a":null,"b":[null],"c":{"d":null}}'
    assert.same({ b = { core.null }, c = {} }, (core.decode(text)))
    assert.same({ b = { core.null }, c = {} }, (core.decode(text, { nulls = "omit" })))
    assert.same({ a = core.null, b = { core.null }, c = { d = core.null } }, (core.decode(text, { nulls = "keep" })))
    assert.equal(core.null, (core.decode "null"))
    assert.equal(cjson.null, core.null)
  end)

  it("marks empty arrays and nothing else", function()
    local value = core.decode '{"a":[],"b":[1],"c":{}}'
    assert.equal(core.array_mt, getmetatable(value.a))
    assert.is_nil(getmetatable(value.b))
    assert.is_nil(getmetatable(value.c))
    assert.is_nil(getmetatable(value))
  end)

  it("raises for options that it does not have", function()
    assert.error_matches(function() core.decode("1", { null = "keep" }) end, "unknown option 'null'")
    assert.error_matches(function() core.decode("1", { nulls = "maybe" }) end, "nulls must be 'omit' or 'keep'")
    assert.error_matches(function() core.decoder { pick = "id" } end, "pick must be a list of strings")
    assert.error_matches(function() core.decoder { pick = { "a", 1 } } end, "pick must be a list of strings, but element 2 is a number")
    assert.error(function() core.decode() end)
  end)
end)

describe("a decoder", function()
  it("builds only picked members of a document, and checks the others", function()
    local decoder = core.decoder { pick = { "id", "status" } }
    local text = '{"x":{"id":1},"\\u0069d":"a","y":[{},"\\n",-1.5e3,true,false,null],"status":null,"z":{"status":[[]]}}'
    for _ = 1, 30 do assert.same({ id = "a" }, (decoder:decode(text))) end
    for _ = 1, 30 do assert.same({ id = { id = 1, x = 2 } }, (decoder:decode '{"id":{"id":1,"x":2},"x":3}')) end
    assert.same({ { x = 1 } }, (decoder:decode '[{"x":1}]'))
    assert.same({ id = 1 }, (decoder:decode('{"x":[' .. ("[],"):rep(3000) .. '[]],"id":1}')))
    fails_at(6, '{"x":01}', function(t) return decoder:decode(t) end)
  end)

  it("finds the fault in what it skips", function()
    local decoder = core.decoder { pick = { "id" } }
    for _, case in ipairs(vectors.invalid) do
      local text = '{"id":1,"x":' .. case[1]
      local _, _, name, offset = core.decode(text)
      local _, _, picked_name, picked_offset = decoder:decode(text)
      assert.equal(name, picked_name, text)
      assert.equal(offset, picked_offset, text)
    end
  end)

  it("gives the same whatever it has learned before", function()
    math.randomseed(11)
    local keys = { "a", "b", "c", "d", "e", "a\\u0062", "\\u0061" }
    local values = { "1", '"x"', '"y"', "null", "[]", '{"a":1}', '{"b":null,"a":"z"}', "[1,2]" }
    for _, nulls in ipairs { "omit", "keep" } do
      local decoder = core.decoder { nulls = nulls }
      for _ = 1, 800 do
        local parts = {}
        for i = 1, math.random(0, 6) do parts[i] = '"' .. keys[math.random(#keys)] .. '":' .. values[math.random(#values)] end
        local text = "{" .. table.concat(parts, ",") .. "}"
        assert.is_true(same(core.decoder({ nulls = nulls }):decode(text), decoder:decode(text)), text)
      end
    end
  end)

  it("agrees with lua-cjson on rows whose members come and go", function()
    math.randomseed(5)
    local decoder = core.decoder { nulls = "keep" }
    for _ = 1, 15 do
      local rows = {}
      for r = 1, 30 do
        local row = {}
        for i = 1, 20 do
          if math.random(10) > 2 then row[#row + 1] = string.format('"k%d":%s', i, ({ "1", '"t"', "null", "{}" })[math.random(4)]) end
        end
        rows[r] = "{" .. table.concat(row, ",") .. "}"
      end
      local text = "[" .. table.concat(rows, ",") .. "]"
      assert.same(cjson.decode(text), (decoder:decode(text)))
    end
  end)

  it("stays bounded when keys never repeat", function()
    local decoder = core.decoder {}
    local function document(n)
      local parts = {}
      for i = 1, 500 do parts[i] = string.format('"key%d_%d":{"n%d":"v%d"}', n, i, i * n, i) end
      return "{" .. table.concat(parts, ",") .. "}"
    end
    for n = 1, 12 do decoder:decode(document(n)) end
    collectgarbage()
    collectgarbage()
    local before = collectgarbage "count"
    for n = 13, 30 do
      local value = decoder:decode(document(n))
      assert.equal("v7", value["key" .. n .. "_7"]["n" .. 7 * n])
    end
    collectgarbage()
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 600)
  end)

  it("survives a finalizer that decodes with the same decoder, and has it learn more than it can keep", function()
    local decoder = core.decoder {}
    local parts = {}
    for i = 1, 50 do parts[i] = ('"p%d":{"MEMBER":%d}'):format(i, i) end
    local many = "{" .. table.concat(parts, ",") .. "}"
    local ran = 0
    local function trap()
      local function run()
        ran = ran + 1
        decoder:decode('{"id":"x' .. ran .. '","n' .. ran % 300 .. '":{"id":1}}')
        decoder:decode((many:gsub("MEMBER", "m" .. ran)))
      end
      if newproxy then
        getmetatable(newproxy(true)).__gc = run
      else
        setmetatable({}, { __gc = run })
      end
    end
    for i = 1, 60 do
      for _ = 1, 20 do trap() end
      local rows = {}
      for r = 1, 50 do rows[r] = string.format('{"id":"%d-%d","n":{"id":%d,"s":"t"},"o%d":1}', i, r, r, r % 7) end
      local value = decoder:decode("[" .. table.concat(rows, ",") .. "]")
      for r = 1, 50 do assert.same({ id = i .. "-" .. r, n = { id = r, s = "t" }, ["o" .. r % 7] = 1 }, value[r]) end
    end
    assert.is_true(ran > 0)
  end)
end)
