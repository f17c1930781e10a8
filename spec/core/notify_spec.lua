--- The helper thread that tells a host's own socket of news. The host's end is a program that reports what it reads:
--- "!" for news, "." for a heartbeat.
local core = require "apify.core"
local notify_peer = require "spec.support.notify_peer"
local server = require "spec.local_api.server"

local s, peer, multi

setup(function()
  s = server.start()
  peer = notify_peer.start()
end)

teardown(function()
  peer:stop()
  s:stop()
end)

before_each(function()
  s:admin "reset"
  multi = assert(core.multi())
end)

after_each(function() multi:close() end)

local function shell(command)
  local pipe = assert(io.popen(command))
  local output = pipe:read "*a"
  pipe:close()
  return output
end

-- A thread that was joined may be listed for a moment yet.
local function eventually_holds(expected)
  local stop = core.now() + 5
  while peer:holdings() ~= expected and core.now() < stop do assert(multi:wait(0.01, {})) end
  assert.equal(expected, peer:holdings())
end

local function own_id()
  local file = assert(io.open "/proc/self/stat")
  local id = file:read "*n"
  file:close()
  return ("%d"):format(id)
end

local function folder_of(path)
  return (path:gsub("/[^/]*$", ""))
end

local function exists(folder) return shell(("ls -d %s 2>/dev/null"):format(folder)) ~= "" end

local function submit()
  return assert(multi:submit { method = "GET", url = s.url .. "/v2/actor-runs" })
end

-- Drive only when told of news, as a host does, until the transfer has come so far.
local function follow(x, phase)
  while x:phase() ~= phase do
    assert.truthy(peer:news():find "^!+$")                         -- two, if what came first had not been sent yet
    assert(multi:wait(0, {}))
  end
end

describe("the helper thread", function()
  it("tells of news while nobody waits", function()
    s:faults { action = { delay = 0.1 } }
    peer:meet(multi)
    for _ = 1, 5 do
      local x = submit()
      follow(x, "done")
      assert.equal(200, x:status())
      x:close()
    end
  end)

  it("tells of what was there before the host connected", function()
    local x = submit()
    peer:meet(multi)
    follow(x, "done")
    x:close()
  end)

  it("tells once, until somebody waits", function()
    peer:meet(multi)
    local x = submit()
    assert.equal("!", peer:read())
    assert.equal(".", peer:read())
    assert.equal(".", peer:read())
    assert(multi:wait(0, {}))
    follow(x, "done")
    x:close()
  end)

  it("tells that a transfer was given up, also to who has nothing else to hear of", function()
    s:faults { action = { hang = {} } }
    peer:meet(multi)
    for _, give_up in ipairs { "close", "collect" } do
      local x = submit()
      follow(x, "sent")
      repeat assert(multi:wait(0, {})) until peer:read() == "."
      if give_up == "close" then x:close() end
      x = nil                                                     -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.equal("!", peer:news())
      assert.equal(0, multi:in_flight())
      assert(multi:wait(0, {}))
    end
  end)

  it("shows a heartbeat each second to a host without work", function()
    peer:meet(multi)
    local started = core.now()
    assert.same({ ".", "." }, { peer:read(), peer:read() })
    assert.is_true(core.now() - started > 1.5, core.now() - started)
  end)

  it("goes on when the host hangs up", function()
    peer:meet(multi)
    assert.equal("gone", peer:tell "-")
    local x = submit()
    while x:phase() ~= "done" do assert(multi:wait(1, {})) end
    x:close()
    peer:meet(multi)
    follow(submit(), "done")
  end)

  it("uses no time after the connection is closed", function()
    peer:meet(multi)
    multi:notify_close()
    multi:notify_close()
    assert.is_true(peer:reads_end())
    local x = submit()                                            -- readable, and nobody serves it
    local tasks = "/proc/" .. own_id() .. "/task/"
    local thread = shell("ls " .. tasks .. " | grep -vx " .. own_id()):match "^(%d+)\n$"
    local function switches() return shell("grep ctxt " .. tasks .. thread .. "/status") end
    local other = assert(core.multi())                            -- whose heartbeats are the clock
    peer:meet(other)
    peer:read()
    peer:read()
    local before = switches()
    peer:read()
    peer:read()
    assert.equal(before, switches())
    other:close()
    x:close()
  end)
end)

describe("the socket", function()
  it("is in a folder of its own, which is gone once the host is connected", function()
    local path = assert(multi:notify_open())
    local base = os.getenv "TMPDIR" or "/tmp"
    assert.equal(base .. "/apify-", path:match "^(.*/apify%-)%w%w%w%w%w%w/wake$")
    assert.equal("drwx------", shell(("ls -ld %s"):format(folder_of(path))):sub(1, 10))
    assert.equal("connected", peer:tell(path))
    assert.is_true(multi:notify_accept())
    assert.is_false(exists(folder_of(path)))
  end)

  it("is gone too when nobody has connected, and accept says so", function()
    local path = assert(multi:notify_open())
    local ok, message, name = multi:notify_accept()
    assert.same({ nil, "connect" }, { ok, name })
    assert.truthy(message:find("no connection could be taken", 1, true))
    assert.is_false(exists(folder_of(path)))
    assert.equal("context", select(3, multi:notify_accept()))
    peer:meet(multi)
  end)

  it("is gone after close, of the one or of the other, after another open, and after collection", function()
    collectgarbage()
    local before = peer:holdings()
    local own = assert(core.multi())
    local paths = { assert(own:notify_open()) }
    own:notify_close()
    assert.is_false(exists(folder_of(paths[1])))
    paths[2] = assert(own:notify_open())
    paths[3] = assert(own:notify_open())
    assert.is_false(exists(folder_of(paths[2])))
    own:close()
    assert.is_false(exists(folder_of(paths[3])))
    own = assert(core.multi())
    paths[4] = assert(own:notify_open())
    assert.is_true(exists(folder_of(paths[4])))
    own = nil                                                     -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.is_false(exists(folder_of(paths[4])))
    eventually_holds(before)
  end)

  it("is not inherited by other programs", function()
    local list = "ls -l /proc/self/fd | grep -c -e socket -e event -e timerfd"
    local before = shell(list)
    assert(multi:notify_open())
    assert.equal(before, shell(list))
    multi:notify_close()
    peer:meet(multi)
    assert.equal(before, shell(list))
  end)

  it("is closed for the host by another open, by close and by collection", function()
    local before = peer:holdings()
    for _, finish in ipairs { "notify_open", "notify_close", "close", "collect" } do
      local own = assert(core.multi())
      peer:meet(own)
      if own[finish] then own[finish](own) end
      own = nil                                                   -- luacheck: ignore
      collectgarbage()
      collectgarbage()
      assert.is_true(peer:reads_end())
    end
    eventually_holds(before)
  end)

  it("may be opened and closed as often as one likes", function()
    peer:meet(multi)
    local first = submit()                                        -- its connection is kept for the next
    follow(first, "done")
    first:close()
    multi:notify_close()
    assert.is_true(peer:reads_end())
    local before, folders = peer:holdings(), {}
    for i = 1, 500 do
      local path = assert(multi:notify_open())
      folders[i] = folder_of(path)
      assert.equal("connected", peer:tell(path))
      assert.is_true(multi:notify_accept())
      if i % 50 == 0 then
        local x = submit()
        follow(x, "done")
        x:close()
      end
      multi:notify_close()
      assert.is_true(peer:reads_end())
    end
    assert.same(before, peer:holdings())
    assert.is_false(exists(table.concat(folders, " ")))
  end)

  it("takes its thread along, as often as one likes", function()
    local before = peer:holdings()
    for _ = 1, 50 do
      local own = assert(core.multi())
      peer:meet(own)
      own:close()
      assert.is_true(peer:reads_end())
    end
    eventually_holds(before)
  end)

  it("is refused by a core that is closed", function()
    multi:close()
    assert.equal("closed", select(3, multi:notify_open()))
    assert.equal("closed", select(3, multi:notify_accept()))
    multi:notify_close()
  end)
end)
