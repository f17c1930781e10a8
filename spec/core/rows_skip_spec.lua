--- Rows that cannot be decoded, passed over by the reader of rows.
local core = require "apify.core"
local cuts = require "spec.support.cuts"
local vectors = require "spec.vectors.json"

--- All that comes of the pieces: rows, "bad" for each that was passed over; and the failure where that cannot be.
local function read(pieces, max_row, max_gap, decoder)
  local reader = core.rows(decoder or core.decoder {}, max_row, max_gap)
  local rows, is_skipping, failure = {}, false, nil
  local function drain()
    while not failure do
      local row, word, name
      if is_skipping then
        row = reader:skip()
        if row == nil then return "more" end
        is_skipping = false
        if row then
          rows[#rows + 1] = "bad"
        else
          word, name = select(2, reader:next())
          failure = name == "too_large" and word:match "^no row in the .*" or "broken"
        end
      else
        row, word, name = reader:next()
        if row ~= nil then rows[#rows + 1] = row
        elseif name then is_skipping = true
        else return word end
      end
    end
  end
  for _, piece in ipairs(pieces) do
    reader:feed(piece)
    drain()
  end
  reader:finish()
  local word = drain()
  return rows, failure or word
end

--- The same however the text is cut.
local function read_all_ways(text, max_row, max_gap, decoder)
  local outcome = cuts.read(text, function(pieces) return { read(pieces, max_row, max_gap, decoder) } end)
  return outcome[1], outcome[2]
end

describe("a row that cannot be decoded", function()
  it("is passed over where its end can be told", function()
    for _, bad in ipairs { '"\\x"', '{"a":tru}', '{"a":"\255"}', '["\\u12"]', "NaN", "-Infinity",
      "01", "1.", "nul", "09", "1e", "-z", "+1", ".5", "_09AZaz", "x", "Z",
      '{"a" 1}', "{1}", '{"a":"]}\\""x}',
      "[" .. ("["):rep(1100) .. ("]"):rep(1100) .. "]", "[" .. ('{"a":'):rep(70) .. "x" .. ("}"):rep(70) .. "]" } do
      local short = #bad < 100 and read_all_ways or function(text) return read { text } end
      for _, frame in ipairs { { '[1,', ",2]" }, { '{"data":{"items":[1 , ', ' ,\n2],"total":3}}' } } do
        local rows, word = short(frame[1] .. bad .. frame[2])
        assert.same({ 1, "bad", 2 }, rows, bad)
        assert.equal("end", word)
      end
      assert.same({ "bad" }, (short("[" .. bad .. "]")))
    end
  end)

  it("is passed over when it is larger than the maximum, of which no more than a window is held", function()
    assert.same({ 1, "bad", "bad", 2 }, (read_all_ways('[1,"12345678901234567890",{"a":"123456789","b":[1,2,{}]},2]', 10)))
    local pieces = { '[1,"' }
    for _ = 1, 50 do pieces[#pieces + 1] = ("x"):rep(1000000) end
    pieces[#pieces + 1] = '",2]'
    assert.same({ 1, "bad", 2 }, (read(pieces, 1000)))
  end)

  it("ends the list where its end cannot be told", function()
    for _, bad in ipairs { '"\\x', '{"a":tru', '{"a":[1}', "'a,b'", "@", "", '{"a":1}}', "1 2", "tru e", '"\\x":1', '{"a":[1}]', '[{"a":1]}',
      ("["):rep(63) .. '{"a"' .. ("]"):rep(64) } do
      local rows, word = read_all_ways("[1," .. bad .. ",2]")
      assert.equal("broken", word, bad)
      assert.equal(1, rows[1])
    end
    for _, text in ipairs { '[1,"\\x"', '[1,NaN', '[1,"\\x"}', '{"data":{"total":NaN,"items":[1]}}', "NaN" } do
      assert.equal("broken", (select(2, read_all_ways(text))), text)
    end
  end)

  it("counts for the offset of what is wrong behind it", function()
    local reader = core.rows(core.decoder {})
    reader:feed '[1,NaN,2,{"a":x}]'
    assert.equal(1, reader:next())
    assert.equal(3, (select(4, reader:next())))
    assert.is_true(reader:skip())
    assert.is_false(reader:skip())
    assert.equal(2, reader:next())
    assert.is_false(reader:skip())
    assert.equal(14, (select(4, reader:next())))
  end)

  it("leaves the texts behind it as they are", function()
    assert.same({ "1", "bad", "2", "bad", '"a"' }, (read_all_ways('[1,NaN,\n2 , nul\t,\r\n"a"]', nil, nil, core.decoder { raw = true })))
  end)

  it("leaves the reader as it was otherwise, whatever is wrong with it", function()
    for _, case in ipairs(vectors.invalid) do
      local rows, word = read_all_ways('[{"b":1},{"a":[' .. case[1] .. ']},{"b":2}]')
      if word == "end" and rows[3] then assert.same({ { b = 1 }, { b = 2 } }, { rows[1], rows[#rows] }, case[1]) end
    end
  end)
end)

describe("bytes without a row", function()
  local LONG = ("x"):rep(30)

  it("are too many from the last row on", function()
    local reader = core.rows(core.decoder {}, 20, 20)
    reader:feed("[1," .. (" "):rep(40))
    assert.equal(1, reader:next())
    assert.same({ nil, "no row in the 20 bytes from byte 2 on", "too_large", 2 }, { reader:next() })
  end)

  it("are too many where a row that is passed over does not end in time", function()
    for _, text in ipairs { '[1,"' .. LONG, '[1,"\\x' .. LONG .. '",2]', "[1,NaN" .. LONG .. ",2]", "[1,NaN" .. (" "):rep(30) .. ",2]",
      '[1,{"a":[' .. LONG .. "]},2]" } do
      assert.same({ { 1 }, "no row in the 20 bytes from byte 2 on" }, { read_all_ways(text, 20, 20) }, text)
    end
    assert.same({ { 1, "bad", "bad", 2 }, "end" }, { read_all_ways('[1,"12345678901234567","12345678901234567",2]', 10, 20) })
  end)

  it("are too many around the rows, too", function()
    local function outcome(text)
      local rows, word = read_all_ways(text, 20, 20)
      return { #rows, word }
    end
    local space, members = (" "):rep(21), ('"a":1,'):rep(4) .. '"b":1'
    for text, count in pairs { [space .. "[1]"] = 0, ["[1" .. space .. ",2]"] = 1, ["[1," .. space .. "2]"] = 1, ["[1]" .. space] = 1,
      ["{" .. members .. ',"data":[1]}'] = 0, ['{"data":[1],' .. members .. "}"] = 1 } do
      assert.same({ count, ("no row in the 20 bytes from byte %d on"):format(text:find "1[], ]" and count > 0 and text:find "1[], ]" or 0) },
        outcome(text), text)
    end
    assert.same({ 2, "end" }, outcome((" "):rep(19) .. "[1" .. (" "):rep(19) .. ",2]" .. (" "):rep(19)))
  end)
end)

it("nothing is passed over where nothing failed", function()
  local reader = core.rows(core.decoder {})
  reader:feed "[1,2]"
  assert.is_false(reader:skip())
  assert.equal(1, reader:next())
  assert.is_false(reader:skip())
  assert.equal(2, reader:next())
end)
