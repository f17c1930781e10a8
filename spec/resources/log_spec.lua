-- runs first
--- Logs: read, followed while they grow, saved; whatever happens to the connection.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local ACTOR = "janedoe~my-actor"
local UTF8_TEXT = " příliš žluťoučký kůň 日本語 😀"
local PATH = os.tmpname()

describe("a log", function()
  local s = testbed.local_api { count = 3 }
  local client, id

  teardown(function() os.remove(PATH) end)

  before_each(function()
    client = testbed.client(s)
    id = waiting.add(s)
  end)

  local function set_log(text) s:admin("set_log", { run = id, text = text }) end

  local function finish() s:admin("set_status", { ids = { id }, status = "SUCCEEDED" }) end

  --- The lines of a log of so many that the local API makes up, without their times.
  local function made_up(count)
    local lines = {}
    for n = 1, count do
      local text = ("line %d of the log"):format(n)
      if n == 13 then text = text .. " " .. ("long "):rep(14000) end
      if n % 4 == 0 then text = text .. UTF8_TEXT end
      if n % 5 == 0 then text = "ERROR " .. text end
      lines[n] = text
    end
    return lines
  end

  --- The same of what came; each line must begin with a time.
  local function without_times(lines)
    local texts = {}
    for i, line in ipairs(lines) do
      texts[i] = line:match "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ (.*)$" or error("no time: " .. line:sub(1, 100), 2)
    end
    return texts
  end

  --- Compared one by one: a list of differences with a line of 70,000 bytes is no help.
  local function assert_lines(expected, lines)
    local texts = without_times(lines)
    for i = 1, math.max(#expected, #texts) do
      if expected[i] ~= texts[i] then
        error(("line %d is %s, not %s"):format(i, tostring(texts[i]):sub(1, 80), tostring(expected[i]):sub(1, 80)), 2)
      end
    end
  end

  --- All that an iterator gives; a text in place of the list when it fails.
  local function collect(it)
    local list = {}
    while true do
      local piece, err = it:next()
      if err then return tostring(err), list end
      if not piece then return list end
      list[#list + 1] = piece
    end
  end

  --- A text that hardly gets smaller when compressed.
  local function noise(count)
    local lines, seed = {}, 1
    for i = 1, count do
      seed = (seed * 16807) % 2147483647
      lines[i] = ("%d žluťoučký %d\n"):format(i, seed)
    end
    return table.concat(lines)
  end

  --- Wait until the server has noticed that all clients left.
  local function until_left()
    for _ = 1, 300 do
      if s:log().counters.open == 0 then return end
      assert(apify.sleep(0.02))
    end
    error("the server still answers", 2)
  end

  --- How many requests for the log there were.
  local function log_requests()
    local count = 0
    for _, request in ipairs(s:log().requests) do
      if request.path:find("/log", 1, true) then count = count + 1 end
    end
    return count
  end

  local function paths()
    local list = {}
    for i, request in ipairs(s:log().requests) do list[i] = request.path end
    return list
  end

  local function log() return client:run(id):log() end

  describe("that is complete", function()
    before_each(function()
      set_log "one\r\ntwo \27[31mred\27[0m\n\nžluťoučký\nlast"
      finish()
    end)

    it("comes as one text, with and without its colours", function()
      assert.equal("one\r\ntwo red\n\nžluťoučký\nlast", (assert(log():get())))
      assert.equal("one\r\ntwo \27[31mred\27[0m\n\nžluťoučký\nlast", (assert(log():get { raw = true })))
      assert.same({ "/v2/actor-runs/" .. id .. "/log", "/v2/actor-runs/" .. id .. "/log?raw=1" }, paths())
    end)

    it("comes line by line, the last one without a line break too", function()
      assert.same({ "one", "two red", "", "žluťoučký", "last" }, collect((log():lines())))
      assert.same({ "one\r", "two \27[31mred\27[0m", "", "žluťoučký", "last" }, collect((log():lines { raw = true })))
    end)

    it("ends when it is followed", function()
      assert.same({ "one", "two red", "", "žluťoučký", "last" }, collect((log():lines { follow = true })))
      assert.equal("one\r\ntwo red\n\nžluťoučký\nlast", table.concat(collect((log():stream()))))
    end)

    it("has no empty line behind its last line break", function()
      set_log "one\ntwo\n"
      assert.same({ "one", "two" }, collect((log():lines())))
      set_log ""
      assert.same({}, collect((log():lines { follow = true })))
      assert.equal("", (log():get()))
    end)

    it("is found by the run's id too", function()
      assert.same({ "one", "two red", "", "žluťoučký", "last" }, collect((client:log(id):lines { follow = true })))
      assert.equal("/v2/logs/" .. id .. "?stream=1", paths()[1])
    end)

    it("is iterated by a for, and closed when that is left", function()
      local lines = {}
      for line in log():lines() do
        lines[#lines + 1] = line
        if #lines == 2 then break end
      end
      assert.same({ "one", "two red" }, lines)
    end)
  end)

  describe("of an unknown run", function()
    it("is an error with not_found, also where it is followed", function()
      local unknown = client:run("nosuchrun"):log()
      local function assert_not_found(value, err)
        assert.is_nil(value)
        assert.is_true(err.not_found)
        assert.equal(404, err.status)
      end
      assert_not_found(unknown:get())
      assert_not_found(unknown:download())
      assert_not_found(unknown:lines():next())
      assert_not_found(unknown:lines({ follow = true }):next())
      assert_not_found(unknown:stream():next())
      assert.is_false(pcall(function()
        for _ in unknown:lines() do error "a line" end
      end))
    end)
  end)

  describe("of a last run", function()
    it("is that of the run that was last at the first step", function()
      s:admin("grow_log", { run = id, lines = 20, first = 10, interval_secs = 0.02 })
      local it, lines = client:actor(ACTOR):last_run():log():lines { follow = true }, {}
      lines[1] = it:next()
      waiting.add(s)
      s:admin "cut_logs"
      for line in it do
        lines[#lines + 1] = line
        if #lines == 20 then finish() end
      end
      assert_lines(made_up(20), lines)
    end)

    it("is saved whole though another run becomes the last one meanwhile", function()
      local text, other, pieces = noise(2000), nil, {}
      set_log(text)
      s:faults { match = { path = "/log", first = 1 }, action = { cut = {} } }
      local ok, err = client:actor(ACTOR):last_run():log():download(function(bytes)
        pieces[#pieces + 1] = bytes
        other = other or waiting.add(s)
      end)
      assert.is_true(ok, err)
      assert.equal(text, table.concat(pieces))
      assert.equal(2, log_requests())
    end)
  end)

  describe("that grows", function()
    local function grow(count, interval, options)
      options = options or {}
      options.run, options.lines, options.interval_secs = id, count, interval
      s:admin("grow_log", options)
    end

    it("is followed until the run ends", function()
      grow(40, 0.02)
      local lines = {}
      for line in log():lines { follow = true } do
        lines[#lines + 1] = line
        if #lines == 40 then finish() end
      end
      assert_lines(made_up(40), lines)
    end)

    it("has its colours when they are wanted", function()
      grow(10, 0.01)
      finish()
      local lines = collect((log():lines { follow = true, raw = true }))
      assert.matches("Z \27%[1;31mERROR\27%[39;49m line 5 of the log\27%[0m$", lines[5])
      assert.is_nil(lines[4]:find "\27")
    end)

    --- Does it end with a whole character?
    local function ends_whole(piece)
      local lead, rest = piece:match "([\194-\244])([\128-\191]*)$"
      if not lead then return true end
      return #rest == (lead < "\224" and 1 or lead < "\240" and 2 or 3)
    end

    it("comes in pieces that never end within a character", function()
      grow(40, 0.01)
      finish()
      local all = {}
      for piece in log():stream() do
        assert.is_nil(piece:find "^[\128-\191]")
        assert.is_true(ends_whole(piece), piece:sub(-20))
        all[#all + 1] = piece
      end
      local lines = {}
      for line in table.concat(all):gmatch "([^\n]*)\n" do lines[#lines + 1] = line end
      assert_lines(made_up(40), lines)
      assert.is_true(#all > 10, #all)
    end)

    it("arrives line by line, complete, once, though its connection is cut five times and ended politely twice", function()
      local secs = 5
      local count = secs * 20
      grow(count, 0.05)
      local lines, arrivals = {}, 0
      local fiber = apify.spawn(function()
        for line in log():lines { follow = true } do
          lines[#lines + 1] = line
          if #lines == count then finish() end
        end
        return lines
      end)
      for _, how in ipairs { "cut", "cut", "end", "cut", "cut", "end", "cut" } do
        local had = #lines
        apify.sleep(secs / 10)
        if #lines > had then arrivals = arrivals + 1 end
        while s:admin(how .. "_logs").streams == 0 do apify.sleep(0.02) end
      end
      assert_lines(made_up(count), (assert(fiber:wait())))
      assert.is_true(arrivals >= 4, arrivals)
      assert.is_true(client:stats().retries >= 5)
    end)

    it("goes on when asked again after it could not be known whether the run goes on", function()
      client = client:with { max_retries = 1 }
      set_log "one\n"
      local it = log():lines { follow = true }
      assert.equal("one", it:next())
      s:faults { match = { path = "/actor%-runs/%w+$" }, action = { status = { code = 500 } } }
      s:admin "end_logs"
      local line, err = it:next()
      assert.is_nil(line)
      assert.equal(500, err.status)
      s:faults()
      set_log "one\ntwo\n"
      assert.equal("two", (it:next()))
      finish()
      assert.same({}, collect(it))
    end)

    it("loses nothing when its connection ends politely just before the run does", function()
      set_log "one\n"
      local it = log():lines { follow = true }
      assert.equal("one", it:next())
      s:admin "end_logs"
      set_log "one\ntwo\n"
      finish()
      assert.same({ "two" }, collect(it))
    end)

    -- The lines must be the last ones of so many.
    local function assert_last_lines(count, lines)
      local last = made_up(count)
      for _ = 1, count - #lines do table.remove(last, 1) end
      assert_lines(last, lines)
    end

    it("gives what comes from now on, once and complete, though its connection is cut", function()
      grow(60, 0.02, { first = 20 })
      local lines = {}
      for line in log():lines { follow = true, from_start = false } do
        lines[#lines + 1] = line
        if #lines % 10 == 5 then s:admin "cut_logs" end
        if line:find "line 60 " then finish() end
      end
      assert.is_true(#lines > 10 and #lines <= 40, #lines)
      assert_last_lines(60, lines)
    end)

    it("gives what comes from now on when the look at what was there before broke off", function()
      local text = noise(3000)
      set_log(text)
      s:faults { match = { path = "/log", first = 2 }, action = { cut = { after_bytes = 5000 } } }
      local fiber = apify.spawn(collect, (log():lines { follow = true, from_start = false }))
      while log_requests() < 4 do assert(apify.sleep(0.01)) end
      set_log(text .. "new\n")
      finish()
      assert.same({ "new" }, fiber:wait(10))
    end)

    it("leaves out the rest of a line that had begun before", function()
      set_log "one\nin the mid"
      local fiber = apify.spawn(collect, (log():lines { follow = true, from_start = false }))
      while log_requests() < 2 do assert(apify.sleep(0.01)) end
      set_log "one\nin the middle\nlast\n"
      finish()
      assert.same({ "last" }, fiber:wait(10))
      assert.same({ "/v2/actor-runs/" .. id .. "/log", "/v2/actor-runs/" .. id .. "/log?stream=1" }, { paths()[1], paths()[2] })
    end)

    it("gives nothing new of a run that is over", function()
      set_log "one\n"
      finish()
      assert.same({}, collect((log():lines { follow = true, from_start = false })))
      assert.same({ "one" }, collect((log():lines { follow = true, from_start = true })))
    end)

    it("has nothing from now on unless it is followed", function()
      local ok, why = pcall(function() return log():lines { from_start = false } end)
      assert.is_false(ok)
      assert.matches("log_spec.lua:%d+: option 'from_start' of log:lines: false is for follow = true", why)
    end)

    it("has what is to stand before its lines", function()
      set_log "one\ntwo\n"
      finish()
      assert.same({ "my-actor runId:" .. id .. " -> one", "my-actor runId:" .. id .. " -> two" }, collect((log():lines { prefix = true })))
      assert.same({ "a: one", "a: two" }, collect((log():lines { prefix = "a: ", follow = true })))
      assert.same({ "one", "two" }, collect((log():lines { prefix = false })))
      local last = client:actor(ACTOR):last_run():log():lines { prefix = true }
      assert.equal("my-actor runId:" .. id .. " -> one", last:next())
      last:close()
    end)

    it("goes without the Actor's name where that cannot be had, and fails with what is about the run", function()
      set_log "one\ntwo\n"
      s:faults({ match = { path = "/acts/" }, action = { status = { code = 403 } } },
        { match = { path = "/actor%-runs/%w+$", first = 1 }, action = { status = { code = 401 } } })
      local it = log():lines { prefix = true }
      assert.equal(401, select(2, it:next()).status)
      assert.equal("runId:" .. id .. " -> one", it:next())
      assert.equal("runId:" .. id .. " -> two", it:next())
      assert.is_nil(it:next())
    end)

    it("is read as far as it is now without follow", function()
      grow(50, 1, { first = 20 })
      local count = #collect((log():lines()))
      assert.is_true(count >= 20 and count < 50, count)
    end)
  end)

  describe("that is silent", function()
    it("is not taken for dead", function()
      client = client:with { stall_timeout = 0.3 }
      s:admin("grow_log", { run = id, lines = 2, first = 1, interval_secs = 1.5, ansi = false })
      local it = log():lines { follow = true }
      assert_lines(made_up(2), { it:next(), it:next() })
      assert.equal(1, #s:log().requests)
      it:close()
    end)

    it("ends at once when another fiber closes it", function()
      set_log "one\n"
      local it = log():lines { follow = true }
      local fiber = apify.spawn(function() return collect(it) end)
      waiting.until_open(s, 1)
      apify.sleep(0.05)
      it:close()
      assert.same({ "one" }, fiber:wait(5))
      until_left()
      assert.equal(0, client:stats().in_flight)
    end)

    it("is let go of when a loop is left", function()
      set_log "one\n"
      for line in log():lines { follow = true } do
        if line == "one" then break end
      end
      if _VERSION == "Lua 5.1" then                                     -- no fourth value of a for there
        collectgarbage()
        collectgarbage()
      end
      assert.equal(0, client:stats().in_flight)
      until_left()
    end)

    it("ends at once when its fiber is cancelled", function()
      set_log "one\n"
      local it = log():lines { follow = true }
      it:next()
      local fiber = apify.spawn(function() return select(2, it:next()) end)
      fiber:cancel()
      local err = fiber:wait(5)
      assert.equal("cancelled", err.kind)
      until_left()
    end)

    it("ends at its deadline", function()
      set_log "one\n"
      local it = log():lines { follow = true, deadline = 0.5 }
      assert.equal("one", it:next())
      local line, err = it:next()
      assert.is_nil(line)
      assert.equal("timeout", err.kind)
    end)

    it("ends when the run does", function()
      set_log "one\n"
      local it = log():lines { follow = true }
      assert.equal("one", it:next())
      finish()
      assert.same({ nil, nil }, { it:next() })
      assert.same({ nil, nil }, { it:next() })
    end)

    it("ends when the run is removed", function()
      set_log "one\n"
      local it = log():lines { follow = true }
      assert.equal("one", it:next())
      s:admin("remove", { ids = { id } })
      assert.same({ nil, nil }, { it:next() })
    end)
  end)

  describe("that breaks off", function()
    local TEXT = noise(15000)

    before_each(function()
      set_log(TEXT)
      finish()
    end)

    local function cut(after_bytes, first) s:faults { match = { path = "/log", first = first }, action = { cut = { after_bytes = after_bytes } } } end

    it("goes on where it was, byte for byte", function()
      cut(200001, 3)
      assert.equal(TEXT, table.concat(collect((log():stream()))))
      assert.equal(5, log_requests())                                  -- one is the last look
    end)

    it("is saved whole", function()
      cut(100000, 2)
      assert.is_true((assert(log():download(PATH))))
      local file = assert(io.open(PATH, "rb"))
      assert.equal(TEXT, file:read "*a")
      file:close()
      assert.equal(3, log_requests())
      cut(100000, 2)
      assert.equal(TEXT, (assert(log():download())))
      assert.equal(6, log_requests())
    end)

    it("is an error when attempts are used up without anything new, and goes on when asked again", function()
      client = client:with { max_retries = 2 }
      cut(100000)
      local it = log():stream()
      local message, pieces = collect(it)
      assert.is_string(message)
      assert.equal(TEXT:sub(1, 90000), table.concat(pieces):sub(1, 90000))
      assert.equal(3, log_requests())                                  -- the one that brought something, and two more
      s:faults()
      for piece in it do pieces[#pieces + 1] = piece end
      assert.equal(TEXT, table.concat(pieces))
    end)

    it("and has another beginning then is an error of kind decode", function()
      cut(100000)
      local it = log():stream()
      assert.is_string(it:next())
      set_log("another" .. TEXT)
      s:faults()
      local piece, err
      repeat piece, err = it:next() until not piece
      assert.equal("decode", err.kind)
      assert.matches("the content changed", err.message)
    end)

    it("and is shorter then is an error too", function()
      cut(100000)
      local it = log():stream()
      assert.is_string(it:next())
      set_log "a line"
      s:faults()
      local piece, err
      repeat piece, err = it:next() until not piece
      assert.matches("the content changed", err.message)
    end)

    it("while it is saved, and has changed then, is saved as it is now", function()
      s:faults({ match = { path = "/log", first = 1 }, action = { cut = {} } },
        { match = { path = "/log", first = 1 }, action = { delay = 0.3 } })
      local fiber = apify.spawn(function() return log():download(PATH) end)
      waiting.until_open(s, 2)
      set_log "short"
      assert.is_true((assert(fiber:wait())))
      local file = assert(io.open(PATH, "rb"))
      assert.equal("short", file:read "*a")
      file:close()
    end)
  end)

  describe("as a file", function()
    it("is written to a name, a handle, a function or a string", function()
      set_log "the text"
      assert.is_true(log():download(PATH))
      local file = assert(io.open(PATH, "w+b"))
      assert.is_true(log():download(file))
      file:seek "set"
      assert.equal("the text", file:read "*a")
      file:close()
      local pieces = {}
      assert.is_true(log():download(function(bytes) pieces[#pieces + 1] = bytes end))
      assert.equal("the text", table.concat(pieces))
      assert.equal("the text", (log():download()))
    end)
  end)

  it("refuses what is no option, and calls with a dot", function()
    local l = log()
    assert.has_error(function() l:lines { folow = true } end)
    assert.has_error(function() l:stream { follow = true } end)
    assert.has_error(function() l.lines() end)
    assert.has_error(function() l:download(5) end)
    assert.same({}, s:log().requests)
  end)
end)
