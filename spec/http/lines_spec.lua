--- Lines and chunks from pieces of bytes, which may end anywhere.
local apify = require "apify"
local core = require "apify.core"
local errors = require "apify.util.errors"
local stream = require "apify.http.stream"
local lines = require "apify.http.lines"
local testbed = require "spec.support.testbed"

local MIB = 1024 * 1024

-- A stream that gives the pieces; a table stands for an error. `passed`: the last byte of what it has passed over before.
local function made_of(pieces, passed)
  local i = 0
  return {
    read = function(self)
      if self.is_closed then return nil end
      i = i + 1
      if type(pieces[i]) == "table" then return nil, pieces[i] end
      return pieces[i]
    end,
    close = function(self) self.is_closed = true end,
    path = function() return "/v2/logs/x" end,
    take_passed = function() return passed end,
    ask = function(_, question) return question() end,
  }
end

-- What an iterator gives, errors among it by their kind in brackets.
local function drain(it)
  local all = {}
  while true do
    local piece, err = it:next()
    if not piece and not err then return all end
    all[#all + 1] = piece or "<" .. err.kind .. ">"
  end
end

-- All ways to cut a short text into two or three pieces.
local function each_cut(whole, visit)
  for i = 0, #whole do
    for j = i, #whole do
      local pieces = {}
      for _, piece in ipairs { whole:sub(1, i), whole:sub(i + 1, j), whole:sub(j + 1) } do
        if piece ~= "" then pieces[#pieces + 1] = piece end
      end
      visit(pieces)
    end
  end
end

describe("lines", function()
  it("keep a carriage return where a line feed alone is a line break", function()
    each_cut("a\r\n\r\nb\r", function(pieces) assert.same({ "a\r", "\r", "b\r" }, drain(lines.lines(made_of(pieces), true))) end)
  end)

  it("come without their line breaks, wherever the pieces end", function()
    for whole, wanted in pairs {
      ["one\ntwo\n"] = { "one", "two" },
      ["one\ntwo"] = { "one", "two" },
      ["one\r\n\r\ntwo\r\n"] = { "one", "", "two" },
      ["a\rb\nc\r"] = { "a\rb", "c\r" },
      ["\n\n"] = { "", "" },
      ["\r\n"] = { "" },
      ["no end"] = { "no end" },
      [""] = {},
    } do
      each_cut(whole, function(pieces) assert.same(wanted, drain(lines.lines(made_of(pieces)))) end)
    end
  end)

  it("are many and short, or long", function()
    local whole, wanted = {}, {}
    for i = 1, 50000 do
      wanted[i] = "line " .. i
      whole[i] = wanted[i] .. "\n"
    end
    local long = ("y"):rep(3 * MIB)
    assert.same({ table.concat(wanted, "\n") }, { table.concat(drain(lines.lines(made_of { table.concat(whole) })), "\n") })
    local got = drain(lines.lines(made_of { "a\n" .. long, long, long .. "\nb" }))
    assert.same({ 3, "a", 9 * MIB, "b" }, { #got, got[1], #got[2], got[3] })
  end)

  it("that are too long are an error, behind which it goes on", function()
    local pieces = { "before\n" }
    for i = 2, 18 do pieces[i] = ("x"):rep(MIB) end
    pieces[19] = "rest\nafter\nlast"
    assert.same({ "before", "<too_large>", "after", "last" }, drain(lines.lines(made_of(pieces))))
    pieces[19] = nil
    assert.same({ "before", "<too_large>" }, drain(lines.lines(made_of(pieces))))
    local whole = ("x"):rep(16 * MIB)
    assert.equal(16 * MIB, #drain(lines.lines(made_of { whole .. "\n" }))[1])
    assert.same({ "<too_large>", "z" }, drain(lines.lines(made_of { "x", whole .. "\nz" })))
  end)

  it("go on behind an error of the stream, in mid-line too", function()
    local err = errors.new { kind = "network" }
    assert.same({ "a", "<network>", "bc", "d" }, drain(lines.lines(made_of { "a\nb", err, "c\nd" })))
  end)

  it("begin behind one that had begun before", function()
    assert.same({ "b" }, drain(lines.lines(made_of({ "ddle\nb" }, "i"))))
    assert.same({ "ddle", "b" }, drain(lines.lines(made_of({ "ddle\nb" }, "\n"))))
    assert.same({ "b" }, drain(lines.lines(made_of({ "\nb" }, "i"))))
    assert.same({}, drain(lines.lines(made_of({ "ddle" }, "i"))))
  end)

  it("have what is to stand before them", function()
    assert.same({ "> a", "> ", "> b" }, drain(lines.lines(made_of { "a\n\nb" }, false, "> ")))
  end)

  it("have what is found out, once and when there is a line; none is lost when it is not", function()
    local asked, err = 0, errors.new { kind = "network" }
    local function find()
      asked = asked + 1
      if asked == 1 then return nil, err end
      return "> "
    end
    assert.same({ "<network>", "> a", "> b" }, drain(lines.lines(made_of { "a\nb" }, false, find)))
    assert.equal(2, asked)
    assert.same({}, drain(lines.lines(made_of {}, false, find)))
    assert.equal(2, asked)
    asked = 0
    local it = lines.lines(made_of { "a\nb" }, false, find)
    assert.equal(err, select(2, it:next()))
    it:close()
    assert.is_nil(it:next())
  end)

  it("raise the error in a for", function()
    local err = errors.new { kind = "network" }
    local seen = {}
    local ok, raised = pcall(function()
      for line in lines.lines(made_of { "a\n", err }) do seen[#seen + 1] = line end
    end)
    assert.is_false(ok)
    assert.equal(err, raised)
    assert.same({ "a" }, seen)
  end)

  it("end when it is closed, and so does the stream", function()
    local s = made_of { "a\nb\nc" }
    local it = lines.lines(s)
    assert.equal("a", it:next())
    it:close()
    it:close()
    assert.is_nil(it:next())
    assert.is_true(s.is_closed)
  end)

  it("are delivered once each to fibers that share them", function()
    local source, asked = made_of { "a\nb\nc", "\nd\ne\n", "f" }, 0
    local read = source.read
    function source.read(self)
      assert(apify.sleep(0))
      return read(self)
    end
    local function find_prefix()
      asked = asked + 1
      assert(apify.sleep(0))
      return "> "
    end
    local it, all, fibers = lines.lines(source, false, find_prefix), {}, {}
    for i = 1, 3 do
      fibers[i] = apify.spawn(function()
        for line in it do
          all[#all + 1] = line
          assert(apify.sleep(0))
        end
      end)
    end
    for i = 1, 3 do fibers[i]:wait() end
    table.sort(all)
    assert.same({ "> a", "> b", "> c", "> d", "> e", "> f" }, all)
    assert.is_true(asked > 0)
  end)

  it("know what they are", function()
    local it = lines.lines(made_of { "a\nb" })
    it:next()
    assert.equal("apify.Lines: /v2/logs/x, 1 delivered", tostring(it))
    assert.has_error(function() it.next() end)
    assert.has_error(function() it.next(lines.chunks(made_of {})) end)
  end)
end)

describe("chunks", function()
  it("never end within a character", function()
    local whole = "a\195\164\226\130\172\240\159\152\128z"
    local starts, stops = {}, {}
    for character in whole:gmatch "[%z\1-\127\194-\244][\128-\191]*" do
      starts[#starts + 1] = #table.concat(stops) + 1
      stops[#stops + 1] = character
    end
    local is_border = { [0] = true }
    for i, character in ipairs(stops) do is_border[starts[i] + #character - 1] = true end
    each_cut(whole, function(pieces)
      local at = 0
      for _, chunk in ipairs(drain(lines.chunks(made_of(pieces)))) do
        assert.equal(chunk, whole:sub(at + 1, at + #chunk))
        at = at + #chunk
        assert.is_true(is_border[at], "cut at " .. at)
      end
      assert.equal(#whole, at)
    end)
  end)

  it("bring what never becomes a character at the end", function()
    assert.equal("a\226\130", table.concat(drain(lines.chunks(made_of { "a\226", "\130" }))))
    assert.equal("\255\254x", table.concat(drain(lines.chunks(made_of { "\255", "\254x" }))))
  end)

  it("hold nothing back of other bytes", function()
    local it = lines.chunks(made_of { "abc", "\226\130" })
    assert.equal("abc", it:next())
    assert.equal("\226\130", it:next())
    assert.is_nil(it:next())
  end)

  it("go on behind an error, and end when closed", function()
    local err = errors.new { kind = "timeout" }
    assert.same({ "a", "<timeout>", "\195\164" }, drain(lines.chunks(made_of { "a\195", err, "\164" })))
    local s = made_of { "a", "b" }
    local it = lines.chunks(s)
    assert.equal("a", it:next())
    it:close()
    assert.is_nil(it:next())
    assert.is_true(s.is_closed)
    assert.equal("apify.Chunks: /v2/logs/x, 1 delivered", tostring(it))
  end)
end)

describe("a log", function()
  local s = testbed.local_api()
  local client, id

  before_each(function()
    client = testbed.client(s)
    id = s:admin("add_runs", { schedule = { { 0, "RUNNING" }, { 3, "SUCCEEDED" } } }).ids[1]
    s:admin("grow_log", { run = id, lines = 40, interval_secs = 0.05 })
  end)

  local function follow()
    return stream.new {
      settings = client.settings, request = { path = "/logs/" .. id, query = { { "stream", "1" } }, stall_timeout = math.huge },
      go_on = function()
        local run, err = client:run(id):get()
        return run and not apify.is_finished(run), err
      end,
    }
  end

  it("is followed line by line, through cuts and early ends", function()
    local got = {}
    for line in lines.lines(follow()) do
      got[#got + 1] = line
      if #got == 10 then s:admin "cut_logs" end
      if #got == 20 then s:admin "end_logs" end
    end
    assert.equal(40, #got)
    for i, line in ipairs(got) do assert.equal(i, tonumber(line:match " line (%d+) "), line:sub(1, 80)) end
    local asked = 0
    for _, request in ipairs(s:log().requests) do
      if request.path:find "/logs/" then asked = asked + 1 end
    end
    assert.is_true(asked >= 3, asked)
  end)

  it("comes in chunks of whole characters", function()
    local chunks = {}
    for chunk in lines.chunks(follow()) do
      assert.is_true(core.is_utf8(chunk))
      chunks[#chunks + 1] = chunk
    end
    assert.is_true(#chunks > 10, #chunks)
    local expected = assert(stream.new { settings = client.settings, request = { path = "/logs/" .. id } }:read())
    assert.equal(expected, table.concat(chunks):sub(1, #expected))
  end)

  it("is let go when the loop is left", function()
    for _ in (function()
      local it = lines.lines(follow())
      return it, nil, nil, it
    end)() do
      if client:stats().in_flight == 1 then break end
    end
    if _VERSION == "Lua 5.1" then                                       -- no fourth value of a for there
      collectgarbage()
      collectgarbage()
    end
    assert.equal(0, client:stats().in_flight)
  end)
end)
