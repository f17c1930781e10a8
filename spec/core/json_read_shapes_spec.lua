--- What a decoder remembers of the objects that it has met changes nothing of what it gives.
local core = require "apify.core"

--- How many objects a constructor builds while `fn` runs: on LuaJIT alone, where one is called.
local function constructed(fn)
  local count = 0
  if jit then
    jit.off()
    jit.flush()                                        -- what is compiled calls no hook
  end
  debug.sethook(function()
    local info = debug.getinfo(2, "S")
    if info.source == "=constructor" and info.what ~= "main" then count = count + 1 end
  end, "c")
  local ok, why = pcall(fn)
  debug.sethook()
  if jit then jit.on() end
  assert(ok, why)
  return count
end

--- The same number on LuaJIT, none elsewhere.
local function on_luajit(count) return jit and count or 0 end

--- An object with members k<first> to k<last>, and its text.
local function object(first, last)
  local value, parts = {}, {}
  for i = first, last do
    value["k" .. i] = i
    parts[#parts + 1] = ('"k%d":%d'):format(i, i)
  end
  return value, "{" .. table.concat(parts, ",") .. "}"
end

describe("objects alike", function()
  local decoder

  before_each(function() decoder = core.decoder {} end)

  --- Decode such an object so many times.
  local function decode(times, first, last)
    local value, text = object(first, last)
    for _ = 1, times do assert.same(value, (decoder:decode(text))) end
  end

  it("are built by a constructor from the ninth on", function()
    assert.equal(on_luajit(0), constructed(function() decode(8, 1, 2) end))
    assert.equal(on_luajit(12), constructed(function() decode(12, 1, 2) end))
  end)

  it("are built by one if they have two members at least and 48 at most", function()
    for count, is_built in pairs { false, true, [3] = true, [48] = true, [49] = false, [64] = false, [100] = false } do
      decoder = core.decoder {}
      assert.equal(on_luajit(is_built and 12 or 0), constructed(function() decode(20, 1, count) end), count)
    end
  end)

  it("are built by four at most of one place, as members are added", function()
    local built = {}
    for last = 2, 8 do built[#built + 1] = constructed(function() decode(20, 1, last) end) end
    assert.is_true(built[1] == on_luajit(12))
    assert.is_true(built[7] == 0)
    local total = 0
    for _, count in ipairs(built) do total = total + (count > 1 and 1 or 0) end
    assert.equal(on_luajit(4), total)
  end)

  it("are not if most members are absent", function()
    decode(20, 1, 40)
    assert.equal(on_luajit(30), constructed(function() decode(30, 1, 20) end))              -- half of them
    assert.equal(on_luajit(17), constructed(function() decode(300, 1, 19) end))
    assert.equal(0, constructed(function() decode(20, 1, 40) end))
  end)

  it("are built so inside of others, and in lists", function()
    for _, around in ipairs { '{"a":%s}', "[%s]", '{"a":{"b":[%s]}}', '[{"b":%s}]' } do
      decoder = core.decoder {}
      local _, text = object(1, 2)
      local whole = around:format(text)
      local value = core.decode(whole)
      assert.equal(on_luajit(12), constructed(function()
        for _ = 1, 20 do assert.same(value, (decoder:decode(whole))) end
      end), around)
    end
  end)

  it("are built so down to the sixteenth level", function()
    for _, levels in ipairs { 16, 17, 20 } do
      decoder = core.decoder {}
      local text = ('{"a":1,"b":'):rep(levels) .. "2" .. ("}"):rep(levels)
      local value = core.decode(text)
      for _ = 1, 20 do assert.same(value, (decoder:decode(text))) end
      assert.equal(on_luajit(16), constructed(function() decoder:decode(text) end))
    end
  end)

  it("are learned anew when there is no more room to learn, within a document and behind it", function()
    for _, options in ipairs { {}, { pick = { "k1", "k3" } } } do
      decoder = core.decoder(options)
      local value, parts = {}, {}
      for i = 1, 40 do
        local inside, text = object(1, 200)
        value["n" .. i] = { [1] = inside, [2] = { a = { b = inside } } }
        parts[i] = ('"n%d":[%s,{"a":{"b":%s}}]'):format(i, text, text)
      end
      local _, text = object(1, 4)
      local expected = options.pick and { k1 = 1, k3 = 3 } or { k1 = 1, k2 = 2, k3 = 3, k4 = 4 }
      for _ = 1, 3 do
        local document = '{"k1":{' .. table.concat(parts, ",") .. "}}"
        assert.same({ k1 = value }, (decoder:decode(document)))
        for _ = 1, 20 do assert.same(expected, (decoder:decode(text))) end
        assert.equal(on_luajit(20), constructed(function()
          for _ = 1, 20 do assert.same(expected, (decoder:decode(text))) end
        end))
      end
    end
  end)

  it("may lack members, have others, and the same ones in any order and twice", function()
    decode(20, 1, 9)
    for first = 1, 9 do
      for last = first, 12 do decode(2, first, last) end
    end
    for _ = 1, 12 do
      decode(1, 1, 9)
      assert.same({ k9 = 1, k1 = 2, k5 = 3 }, (decoder:decode '{"k9":1,"k1":2,"k5":3}'))
      assert.same({ k1 = 3, k2 = "b" }, (decoder:decode '{"k1":1,"k2":"a","k1":2,"k2":"b","k1":3}'))
      assert.same({ k2 = 1 }, (decoder:decode '{"k1":1,"k2":1,"k1":null}'))
      assert.same({}, (decoder:decode '{"k9":1,"k9":null}'))
      assert.same({ k1 = { k1 = { k1 = 1, k2 = 2 } } }, (decoder:decode '{"k1":{"k1":{"k1":1,"k2":2}}}'))
    end
  end)

  it("lose each member that comes again and is null, of many too", function()
    local value, text = object(1, 100)
    for i = 1, 100 do
      value["k" .. i] = nil
      assert.same(value, (decoder:decode(text:gsub("}", (',"k%d":null}'):format(i)))))
      value["k" .. i] = i
    end
  end)

  it("may have keys of any bytes", function()
    local keys = { "", "a b", "]]", "'", "1", "\195\169", "\240\159\152\128", "end", "%d", ("x"):rep(128), ("x"):rep(129), "\127" }
    local value, parts = {}, {}
    for i, key in ipairs(keys) do
      value[key] = i
      parts[i] = '"' .. key .. '":' .. i
    end
    for _ = 1, 20 do assert.same(value, (decoder:decode("{" .. table.concat(parts, ",") .. "}"))) end
  end)

  it("may be maps with free keys", function()
    for round = 1, 12 do decode(2, round * 10, round * 10 + 300) end
    decode(5, 1, 600)
  end)

  it("may have the same texts or others, of any length", function()
    for round = 1, 60 do
      for _, length in ipairs { 0, 1, 2, 255, 256, 257 } do
        local text = ("x"):rep(length - 2) .. (length > 1 and ("%02d"):format(round % 7) or length == 1 and tostring(round % 5) or "")
        assert.same({ a = text, b = text .. "b" }, (decoder:decode(('{"a":"%s","b":"%sb"}'):format(text, text))))
      end
    end
    for round = 1, 60 do
      local text = "text" .. round
      assert.same({ a = text, b = "same" }, (decoder:decode(('{"a":"%s","b":"same"}'):format(text))))
    end
    for _, letter in ipairs { "x", "xy", "abcdefgh" } do
      for round = 1, 2 do
        for length = 64, 1, -1 do
          local text = letter:rep(64):sub(1, length)
          assert.same({ ["a" .. round] = text }, (decoder:decode(('{"a%d":"%s"}'):format(round, text))))
        end
      end
    end
  end)

  it("keep no long texts alive", function()
    local function learn(length)
      for i = 1, 4 do decoder:decode(('{"a":"%s"}'):format(("x"):rep(length + i))) end
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    local before = learn(1)
    assert.is_true(learn(1e6) - before < 500)
  end)

  it("may be of picked members alone, whatever was learned and forgotten", function()
    local picky = core.decoder { pick = { "k1", "k3" } }
    for round = 1, 40 do
      local _, text = object(1, 4)
      for _ = 1, 3 do assert.same({ k1 = 1, k3 = 3 }, (picky:decode(text))) end
      assert.same({ k1 = 1, k3 = 3 }, (picky:decode '{"\\u006b1":1,"\\u006b2":2,"k3":3,"k\\u0034":4}'))
      local value, others = object(round * 200, round * 200 + 199)
      assert.same({ k1 = value }, (picky:decode('{"k1":' .. others .. ',"x":' .. others .. "}")))
    end
  end)

  it("may be of picked members alone, whose texts are no names", function()
    local picked = { "a", "b", "c", "d", "e" }
    local picky = core.decoder { pick = picked }
    local function check(round)
      for i, name in ipairs(picked) do
        for n = 1, 30 do
          local text = ("text%d_%d_%d"):format(round, i, n)
          assert.same({ [name] = text }, (picky:decode(('{"x%d":[],"%s":"%s"}'):format(i, name, text))))
          assert.same({}, (picky:decode(('{"%s":1}'):format(text))))
        end
        local value = picky:decode(('{"%s":[]}'):format(name))
        assert.equal(core.array_mt, getmetatable(value[name]))
      end
    end
    check(1)
    local parts = {}
    for i = 1, 30 do
      local _, text = object(i * 1000, i * 1000 + 199)
      parts[i] = ('"n%d":%s'):format(i, text)
    end
    picky:decode('{"a":{' .. table.concat(parts, ",") .. "}}")           -- more than it can keep
    check(2)
  end)

  it("are learned within bounds in a single document, too", function()
    local function learn(text)
      decoder:decode(text)
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    local few, wide, deep = {}, {}, {}
    for i = 1, 100 do
      local _, text = object(i * 1000, i * 1000 + 249)
      few[i], wide[i] = ('"w%d":{"k1":1}'):format(i), ('"w%d":%s'):format(i, text)
    end
    for i = 1, 250 do deep[i] = ('"d%d":'):format(i) .. ('{"k":'):rep(30) .. "1" .. ("}"):rep(30) end
    for text, most in pairs { [table.concat(few, ",") .. "," .. table.concat(wide, ",")] = 1500, [table.concat(deep, ",")] = 450 } do
      decoder = core.decoder {}
      local before = learn "{}"
      assert.is_true(learn("{" .. text .. "}") - before < most)
    end
  end)

  it("are forgotten when they are too many, inside of others too", function()
    local function learn(round)
      local parts = {}
      for i = 1, 30 do
        local _, text = object(round * 10000 + i * 200, round * 10000 + i * 200 + 199)
        parts[i] = ('"n%d_%d":%s'):format(round, i, text)
      end
      decoder:decode('{"data' .. round .. '":{' .. table.concat(parts, ",") .. "}}")
      collectgarbage()
      collectgarbage()
      return collectgarbage "count"
    end
    for round = 1, 3 do learn(round) end
    local before = learn(4)
    for round = 5, 9 do learn(round) end
    assert.is_true(learn(10) - before < 1000)
  end)

  it("are forgotten with the decoder", function()
    local function read(name)
      local file = io.open("/proc/self/" .. name)
      local text = file and file:read "*a" or ""       -- elsewhere than on Linux
      if file then file:close() end
      return text
    end
    local maps = read "maps"
    local keeps_freed = maps:find "libasan" or maps:find "vgpreload"
    local function resident()
      return keeps_freed and 0 or 4096 * (read("statm"):match "^%d+ (%d+)" or 0)
    end
    local _, text = object(1, 200)
    local function learn(times)
      for i = 1, times do
        local one = core.decoder {}
        if i % 20 == 0 then collectgarbage() end
        one:decode('{"in":' .. text .. "," .. text:sub(2))
      end
      collectgarbage()
      collectgarbage()
      return resident()
    end
    local before = learn(100)
    assert.is_true(learn(400) - before < 5e6)           -- 24 MB were learned
  end)

  it("may be deep, and as many as there are", function()
    local text = ('{"a":1,"b":'):rep(200) .. "[]" .. ("}"):rep(200)
    for _ = 1, 20 do
      local value = decoder:decode(text)
      for _ = 1, 200 do
        assert(value.a == 1)
        value = value.b
      end
      assert.same({}, value)
    end
    for _, part in ipairs { "[1]", "{}", "[]", '{"a":1}', '{"a":1,"b":2}', '[{"a":[]}]' } do
      local list = decoder:decode("[" .. (part .. ","):rep(2999) .. part .. "]")
      assert.equal(3000, #list)
      assert.same(core.decode(part), list[3000])
    end
  end)
end)

describe("a new coroutine, whose stack is small", function()
  it("has room for whatever is decoded", function()
    local function decoded(decoder, text)
      return coroutine.wrap(function() return (decoder:decode(text)) end)()
    end
    local decoder = core.decoder {}
    for levels = 1, 100 do
      local text = ("["):rep(levels) .. ("]"):rep(levels)
      assert.equal(text, core.encode(decoded(decoder, text)))
    end
    local parts = {}
    for i = 1, 47 do parts[i] = ('"k%d":%d'):format(i, i) end
    local wide = "{" .. table.concat(parts, ",") .. ',"in":'
    local text = wide:rep(20) .. "[]" .. ("}"):rep(20)
    local value = core.decode(text)
    for _ = 1, 20 do decoder:decode(text) end
    for _ = 1, 20 do assert.same(value, decoded(decoder, text)) end
  end)
end)

describe("texts with escapes", function()
  it("may be of any length, as values and as keys", function()
    local decoder = core.decoder {}
    for _, length in ipairs { 0, 1, 10, 100, 127, 128, 250, 255, 256, 257, 500, 511, 512, 513, 1000, 1023, 1024, 1025, 5000, 100000 } do
      local plain = ("x"):rep(length)
      assert.same({ a = plain .. "\n", [plain .. "\t"] = "b", c = 1 }, (decoder:decode(('{"a":"%s\\n","%s\\t":"b","c":1}'):format(plain, plain))))
      assert.same({ plain .. "\n", "z" }, (core.decode(('["%s\\n","z"]'):format(plain))))
    end
  end)
end)
