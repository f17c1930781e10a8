local core = require "apify.core"
local cuts = require "spec.support.cuts"
local vectors = require "spec.vectors.json"

local MANY = 10000

--- What a reader makes of pieces of a body: its rows, and how it ended.
local function read(pieces, decoder, max_row)
  local reader = core.rows(decoder or core.decoder {}, max_row)
  local out = { rows = {} }
  local function drain()
    for _ = 1, MANY do
      local row, word, name, offset = reader:next()
      if row == nil then
        out.word, out.name, out.offset, out.message = not name and word or nil, name, offset, name and word
        return
      end
      out.rows[#out.rows + 1] = row
    end
  end
  for _, piece in ipairs(pieces) do
    reader:feed(piece)
    drain()
  end
  reader:finish()
  drain()
  out.envelope = reader:envelope()
  return out
end

--- The same outcome however the text is cut.
local function read_all_ways(text, max_row)
  local decoder = core.decoder {}
  return cuts.read(text, function(pieces) return read(pieces, decoder, max_row) end)
end

local bodies = {
  "[]", " [ ] ", "[1]", '[1,-2.5e3,"x",true,false,null,[],{},[1,[2]],{"a":{"b":"]}"}}]', '["\\"","\\\\","[{\\u0022"]',
  '[ {"a" : 1} , {"a" : null} ]', "[[[[1]]],[]]", '["\195\169\240\159\152\128\\ud83d\\ude00"]', "[12345678901234567890,0.1,-0,1E5]",
}

describe("rows", function()
  it("are the elements of a bare list, however it is cut", function()
    for _, text in ipairs(bodies) do
      local out = read_all_ways(text)
      assert.equal("end", out.word, text)
      assert.same(core.decode(text), out.rows, text)
      assert.same({}, out.envelope)
    end
  end)

  it("may have a byte order mark in front of them, however it is cut", function()
    local mark = "\239\187\191"
    assert.same({ { 1, 2 }, "end" }, { read_all_ways(mark .. "[1,2]").rows, read_all_ways(mark .. "[1,2]").word })
    assert.same({ 1 }, read_all_ways(mark .. ' {"data":{"items":[1]}}').rows)
    assert.equal("decode", read_all_ways("[" .. mark .. "1]").name)
    for _, text in ipairs { mark .. mark .. "[1]", " " .. mark .. "[1]", "\239\187[1]", "\239\187", "\239" } do
      assert.equal("not a list: neither '[' nor '{' begins it", read_all_ways(text).message, text)
    end
  end)

  it("are data.items or data of an envelope, however it is cut", function()
    for _, text in ipairs(bodies) do
      local out = read_all_ways('{"a":[1],"data":{"total":3,"items":' .. text .. ',"desc":false,"n":null,"o":{"items":[0]}},"z":"y"}')
      assert.equal("end", out.word, text)
      assert.same(core.decode(text), out.rows, text)
      assert.same({ a = { 1 }, total = 3, desc = false, o = { items = { 0 } }, z = "y" }, out.envelope)
      out = read_all_ways(' { "items" : "no" , "data" : ' .. text .. " } ")
      assert.equal("end", out.word, text)
      assert.same(core.decode(text), out.rows, text)
      assert.same({ items = "no" }, out.envelope)
    end
  end)

  it("fail as the whole document does, at the same byte", function()
    for _, case in ipairs(vectors.invalid) do
      for _, frame in ipairs { { "[", "]" }, { '[{"a":', "},2]" }, { "[1,", "" } } do
        local text = frame[1] .. case[1] .. frame[2]
        local value, message, name, offset = core.decode(text)
        local out = read_all_ways(text)
        assert.equal(name, out.name, text)
        if value == nil then
          assert.equal(offset, out.offset, text)
          assert.equal(message, out.message, text)
        end
      end
    end
  end)

  it("fail in an envelope as the whole document does", function()
    for _, case in ipairs(vectors.invalid) do
      local text = '{"data":{"total":' .. case[1] .. ',"items":[1,2]}}'
      local value, message, _, offset = core.decode(text)
      local out = read_all_ways(text)
      if value == nil and out.message ~= message then
        assert.truthy(out.message:find "^invalid JSON at byte")
      end
      if value == nil then assert.equal(offset, out.offset, text) end
    end
    for _, text in ipairs { "{", '{"a"', '{"a":', '{"data":{', '{"data":{"items":[1],', '{"data":[1]', '{"a":1,}', '{a:1}', '{"a":1 2}',
      '{"data":{"items":[1]}}x', '{"data":[]}}', '{"a" 1}', '{"data":{"items":[]],"x":1}}', "x", '"s"', "12", "", " " } do
      local value, _, _, offset = core.decode(text)
      local out = read_all_ways(text)
      assert.equal("decode", out.name, text)
      if value == nil then assert.equal(offset, out.offset, text) end
    end
  end)

  it("end early when the body does, at its end", function()
    local text = '{"data":{"total":3,"items":[{"a":"b"},12],"x":1}}'
    for at = 0, #text - 1 do
      local out = read { text:sub(1, at) }
      assert.equal("decode", out.name)
      assert.equal(at, out.offset)
      assert.truthy(out.message:find("ends early", 1, true))
    end
  end)

  it("are missed in a document without a list", function()
    for _, text in ipairs { "{}", '{"data":{}}', '{"items":[1]}', '{"error":{"type":"x"}}', '{"data":{"data":[1]}}', '{"date":[1]}', '{"d":[1]}',
      '{"data2":[1]}', '{"data":{"itemz":[1],"item":[1]}}' } do
      local out = read_all_ways(text)
      assert.equal("decode", out.name, text)
      assert.equal("not a list: there are no items in its data", out.message, text)
    end
    for value, kind in pairs { ['"s"'] = "a string", ["-1"] = "a number", ["7"] = "a number", ["true"] = "a boolean", ["false"] = "a boolean",
      ["null"] = "null" } do
      for _, frame in ipairs { '{"data":%s}', '{"a":1,"data":%s,"b":2}', '{"data":{"total":3,"items":%s}}' } do
        assert.equal("not a list: in the place of its rows is " .. kind, read_all_ways(frame:format(value)).message, value)
      end
    end
    assert.equal("not a list: in the place of its rows is an object", read_all_ways('{"data":{"items":{"a":1}}}').message)
    assert.equal("invalid JSON at byte 8: expected a value", read_all_ways('{"data":<html>}').message)
    for _, text in ipairs { '"s"', "12", "true", "null", "<html>" } do
      assert.equal("not a list: neither '[' nor '{' begins it", read_all_ways(text).message, text)
    end
    for _, text in ipairs { "<", "\239\187[", "\239\187\0" } do
      local reader = core.rows(core.decoder {})
      reader:feed(text)
      assert.equal("decode", (select(3, reader:next())), text)
    end
    assert.same({ type = "x" }, read({ '{"error":{"type":"x"}}' }).envelope.error)
  end)

  it("have an envelope of as many members as there are", function()
    local parts, expected = {}, {}
    for i = 1, 10000 do
      parts[i] = ('"k%d":%d,"n%d":null,'):format(i, i, i)
      expected["k" .. i] = i
    end
    local out = read { "{" .. table.concat(parts) .. '"data":[1]}' }
    assert.same({ { 1 }, "end" }, { out.rows, out.word })
    assert.same(expected, out.envelope)
  end)

  it("come from one list only", function()
    local out = read_all_ways '{"data":{"items":[1],"items":[2]}}'
    assert.same({ 1 }, out.rows)
    assert.equal("decode", out.name)
    assert.equal(29, out.offset)
  end)

  it("come out as soon as their last byte is there", function()
    local text = '[{"a":1},"x",[2],true,null,12,{}]'
    local due = { [8] = { a = 1 }, [12] = "x", [16] = { 2 }, [21] = true, [26] = core.null, [30] = 12, [32] = {} }
    local reader = core.rows(core.decoder {})
    for at = 1, #text do
      reader:feed(text:sub(at, at))
      local row, word = reader:next()
      assert.same(due[at], row)
      if row == nil then
        assert.equal("more", word)
      else
        assert.is_nil((reader:next()))
      end
    end
    assert.same({ nil, "more" }, { reader:next() })
    reader:finish()
    assert.same({ nil, "end" }, { reader:next() })
    assert.same({ nil, "end" }, { reader:next() })
    for behind in (",] \n\r\t"):gmatch "." do
      reader = core.rows(core.decoder {})
      reader:feed "[1"
      assert.same({ nil, "more" }, { reader:next() })
      reader:feed("2" .. behind)
      assert.equal(12, (reader:next()))
    end
    reader = core.rows(core.decoder {})
    reader:feed '{"data":{"total":1'
    assert.same({ nil, "more" }, { reader:next() })
    reader:feed "2}"
    reader:next()
    assert.same({ total = 12 }, reader:envelope())
  end)

  it("are read from no bytes but those that are there", function()
    for was_there in ("05e.-"):gmatch "." do
      for text in ("-5 0 -0 10 1.5 -0.5 5e5 5e-5 5e+55"):gmatch "%S+" do
        for cut = 1, #text - 1 do
          local reader = core.rows(core.decoder {})
          reader:feed "["
          assert.same({ nil, "more" }, { reader:next() })
          reader:feed('"' .. was_there:rep(60) .. '",1,')
          assert.same({ was_there:rep(60), 1 }, { reader:next(), (reader:next()) })
          assert.same({ nil, "more" }, { reader:next() })
          reader:feed(text:sub(1, cut))
          assert.same({ nil, "more" }, { reader:next() }, text:sub(1, cut))
          reader:feed(text:sub(cut + 1) .. ",")
          assert.equal(tonumber(text), (reader:next()))
        end
      end
    end
  end)

  it("larger than the maximum fail, at their beginning", function()
    for _, row in ipairs { '"12345678"', "1234567890", '{"a":"78"}', "[1,2,3,45]" } do
      local fits = read_all_ways("[" .. row .. "]", 10)
      assert.equal("end", fits.word, row)
      local out = read_all_ways("[0, " .. row .. "]", 9)
      assert.same({ 0 }, out.rows)
      assert.equal("too_large", out.name, row)
      assert.equal(4, out.offset, row)
      assert.equal("the value at byte 4 is larger than 9 bytes", out.message)
    end
    local unfinished = read({ '["', ("x"):rep(50) }, nil, 20)
    assert.equal("too_large", unfinished.name)
    assert.equal("too_large", read_all_ways('{"data":{"x":"123456789","items":[]}}', 9).name)
  end)

  it("fail for good", function()
    local reader = core.rows(core.decoder {})
    reader:feed "[1,x"
    assert.equal(1, (reader:next()))
    local first = { reader:next() }
    assert.equal("decode", first[3])
    reader:feed ",2]"
    assert.same(first, { reader:next() })
  end)

  it("count depth from the document's beginning", function()
    local row = ("["):rep(999) .. ("]"):rep(999)
    assert.equal("end", read({ "[" .. row .. "]" }).word)
    assert.equal("decode", read({ "[[" .. row .. "]]" }).name)
    assert.equal("decode", read({ '{"data":{"items":[' .. row .. "]}}" }).name)
    assert.equal("end", read({ '{"a":' .. row .. ',"data":[]}' }).word)
    assert.equal("decode", read({ '{"a":[' .. row .. '],"data":[]}' }).name)
    local deep = "[" .. ("["):rep(100000)
    local out = read { deep:sub(1, 50000), deep:sub(50001) }
    assert.equal(1000, out.offset)
  end)

  it("honour pick and nulls", function()
    local text = '{"data":{"total":null,"items":[{"id":1,"x":{"id":2},"n":null}],"id":{"x":1}}}'
    local out = read(cuts.bytes(text), core.decoder { pick = { "id", "n" } })
    assert.same({ { id = 1 } }, out.rows)
    assert.same({ id = { x = 1 } }, out.envelope)
    out = read(cuts.bytes(text), core.decoder { pick = { "n" }, nulls = "keep" })
    assert.same({ { n = core.null } }, out.rows)
    assert.same({ total = core.null, id = { x = 1 } }, out.envelope)
  end)

  it("of a raw decoder are their text, however it is cut", function()
    local function read_raw(text, max_row)
      local decoder = core.decoder { raw = true }
      return cuts.read(text, function(pieces) return read(pieces, decoder, max_row) end)
    end
    for _, text in ipairs(bodies) do
      local out, plain = read_raw('{"data":{"total":3,"items":' .. text .. ',"x":[1]}}'), core.decode(text)
      assert.same({ "end", { total = 3, x = { 1 } } }, { out.word, out.envelope })
      assert.equal(#plain, #out.rows)
      for i, row in ipairs(out.rows) do
        assert.is_nil(row:find "^%s" or row:find "%s$")
        assert.same(plain[i], (core.decode(row)))
      end
      assert.equal((text:gsub("%s", "")), (("[" .. table.concat(out.rows, ",") .. "]"):gsub("%s", "")))
    end
    assert.same({ '{ "a" : [ 1.0e0 ] }', "1.00", "null" }, read_raw '[ { "a" : [ 1.0e0 ] } ,\t1.00\n,null ]'.rows)
    assert.same({ '{"a":oops}', '"\255"' }, read_raw '[{"a":oops},"\255"]'.rows)
  end)

  it("of a raw decoder fail where no end is found, and where they are too large", function()
    for _, text in ipairs { "[oops]", "[1", "[1.]", '["a]', '[{"a":1]', "[nul]", "[]]", "[1 2]", "[,]", "[1,]" } do
      local out = read({ text }, core.decoder { raw = true })
      assert.equal("decode", out.name, text)
    end
    for _, row in ipairs { '"12345678"', "1234567890", '{"a":"78"}', "[1,2,3,45]" } do
      local decoder = core.decoder { raw = true }
      assert.equal("end", read({ "[" .. row .. "]" }, decoder, 10).word)
      for _, pieces in ipairs { { "[0, " .. row .. "]" }, cuts.bytes("[0, " .. row .. "]") } do
        local out = read(pieces, decoder, 9)
        assert.same({ { "0" }, "too_large", 4 }, { out.rows, out.name, out.offset })
      end
    end
    assert.equal("decode", read({ '["1234' }, core.decoder { raw = true }, 5).name)
    assert.error_matches(function() core.decoder { raw = true, pick = { "a" } } end, "cannot pick")
    assert.error_matches(function() core.decoder { raw = true }:decode "1" end, "rows only")
  end)

  it("take time in proportion to the bytes, also in tiny pieces", function()
    local function spend(size)
      local reader = core.rows(core.decoder {})
      local started = os.clock()
      reader:feed('[{"a":"')
      for _ = 1, size do
        reader:feed "xxxxxxxxxxxxxxxx"
        assert.is_nil((reader:next()))
      end
      reader:feed('"}]')
      assert.equal(16 * size, #reader:next().a)
      return os.clock() - started
    end
    spend(500)
    local small, large = spend(1000), spend(10000)
    assert.is_true(large < 40 * math.max(small, 0.002))
  end)

  it("refuse an envelope's key that is too long", function()
    local out = read_all_ways('{"' .. ("k"):rep(129) .. '":1,"data":[]}')
    assert.equal("decode", out.name)
    assert.equal(1, out.offset)
    assert.equal("end", read_all_ways('{"' .. ("k"):rep(128) .. '":1,"data":[]}').word)
  end)

  it("can be fed a part of a string", function()
    local reader = core.rows(core.decoder {})
    reader:feed("xx[1,2]yy", 3, 5)
    reader:feed("xx[1,2]yy", 6, 7)
    reader:feed("xx[1,2]yy", 8, 7)
    reader:feed("]", 2)
    assert.equal(1, (reader:next()))
    assert.equal(2, (reader:next()))
    assert.same({ nil, "more" }, { reader:next() })
    reader:feed(" \n", 1, 100)
    reader:finish()
    assert.same({ nil, "end" }, { reader:next() })
    assert.error(function() core.rows(core.decoder {}):feed("x", 0) end)
  end)

  it("refuse what is no decoder, and bytes after the end", function()
    assert.error(function() core.rows {} end)
    assert.error(function() core.rows(core.decoder {}, 0) end)
    local reader = core.rows(core.decoder {})
    reader:finish()
    assert.error_matches(function() reader:feed "x" end, "finished")
  end)

  describe("that come in pieces", function()
    local row, half
    local KB = 50                          -- that a row takes at least

    setup(function()
      local list = {}
      for i = 1, 1000 do list[i] = { number = i } end
      row = core.encode(list)
      half = math.floor(#row / 2)
    end)

    -- Kilobytes that ten rows take to build, garbage included, when their texts come in such pieces, after so many whole ones.
    local function cost(wholes, pieces)
      local decoder = core.decoder {}
      for _ = 1, 30 do decoder:decode("[" .. row .. "]") end
      local readers = {}
      for i = 1, 10 do
        readers[i] = core.rows(decoder)
        readers[i]:feed "["
        for _ = 1, wholes do
          readers[i]:feed(row .. ",")
          assert(readers[i]:next())
        end
      end
      collectgarbage()
      collectgarbage "stop"
      local before = collectgarbage "count"
      for _, reader in ipairs(readers) do
        local last
        for _, piece in ipairs(pieces) do
          reader:feed(piece)
          last = reader:next()
        end
        assert(last)
      end
      local after = collectgarbage "count"
      collectgarbage "restart"
      assert.is_true(after - before > 10 * KB)
      return after - before
    end

    it("are not built twice, when each is as large as the one before", function()
      assert.is_true(cost(1, { row:sub(1, half), row:sub(half + 1) .. "," }) < 1.1 * cost(1, { row .. "," }))
    end)

    it("are built twice at most, however many the pieces", function()
      local whole = cost(0, { row .. "," })
      for _, first in ipairs { 1, 2, 100, half } do
        local pieces = { row:sub(1, first) }
        local step = math.ceil((#row - first) / 10)
        for at = first + 1, #row, step do pieces[#pieces + 1] = row:sub(at, at + step - 1) end
        assert.is_true(cost(0, pieces) < 2.1 * whole, first)
      end
    end)
  end)
end)
