--- The helper thread and what a process does around it: it forks, it ends, it has no folder to write to and no descriptors left.
local child = require "spec.support.child"
local forking = require "spec.support.forking"
local program = require "spec.support.program"
local server = require "spec.local_api.server"

local s, folder, fork_lines

setup(function()
  s = server.start()
  folder = program.shell("mktemp -d"):gsub("%s+$", "")
  fork_lines = forking.lines(folder)
  program.shell("mkdir " .. folder .. "/tmp")
end)

teardown(function()
  s:stop()
  program.shell("rm -rf " .. folder)
end)

before_each(function() s:admin "reset" end)

-- What a program printed and its status; it leaves nothing in its temporary folder.
local function run(code, opts)
  opts = opts or {}
  opts.env = opts.env or { TMPDIR = folder .. "/tmp" }
  local output, status = child.run(([[
    io.stdout:setvbuf "no"
    package.path = "./?.lua;" .. package.path
    local core = require "apify.core"
    local multi = assert(core.multi())
    local function submit() return assert(multi:submit { url = %q, method = "GET" }) end
  ]]):format(s.url .. "/v2/actor-runs") .. code, opts)
  assert.equal("", (program.shell("ls -A " .. folder .. "/tmp")))
  return output, status
end

local WITH_PEER = [[
  local peer = require "spec.support.notify_peer".start()
  local function follow(x)
    while x:phase() ~= "done" do
      local line = peer:news()
      if not line:find "^!+$" then error(line) end
      assert(multi:wait(0, {}))
    end
    return x:status()
  end
]]

describe("a fork", function()
  it("leaves the parent its connection, whatever the child closes", function()
    local output = run(WITH_PEER .. fork_lines .. [[
      peer:meet(multi)
      local x = submit()
      local pid = fork()
      if pid == 0 then
        io.write(select(3, multi:notify_open()), " ", select(3, multi:notify_accept()), " ")
        multi:notify_close()
        multi:notify_close()
        x:close()
        multi:close()
        exit(0)
      end
      io.write(wait(pid), " ")
      io.write(follow(x), " ", follow(submit()), " ")
      multi:close()
      io.write(tostring(peer:reads_end()))
    ]])
    assert.equal("context context 0 200 200 true", output)
  end)

  it("leaves the parent its socket, whatever the child collects", function()
    local output = run(WITH_PEER .. fork_lines .. [[
      local path = multi:notify_open()
      local pid = fork()
      if pid == 0 then
        multi = nil
        collectgarbage()
        collectgarbage()
        exit(0)
      end
      io.write(wait(pid), " ", peer:tell(path), " ", tostring(multi:notify_accept()), " ", follow(submit()))
    ]])
    assert.equal("0 connected true 200", output)
  end)

  it("lets the child have a core and a thread of its own", function()
    local output = run(WITH_PEER .. fork_lines .. [[
      multi:notify_open()
      peer:meet(multi)
      local pid = fork()
      if pid == 0 then
        multi = core.multi()
        peer:meet(multi)
        io.write(follow(submit()), " ")
        multi:close()
        exit(0)
      end
      io.write(wait(pid), " ")
      peer:meet(multi)
      io.write(follow(submit()))
    ]])
    assert.equal("200 0 200", output)
  end)

  it("ends the connection for the host even while a child has a copy", function()
    local output = run(WITH_PEER .. fork_lines .. [[
      local fifo = os.getenv "TMPDIR" .. "/fifo"
      os.execute("mkfifo " .. fifo)
      peer:meet(multi)
      local pid = fork()
      if pid == 0 then
        io.open(fifo):read()
        exit(0)
      end
      multi:notify_close()
      io.write(tostring(peer:reads_end()))
      io.open(fifo, "w"):close()
      wait(pid)
      os.remove(fifo)
    ]])
    assert.equal("true", output)
  end)

  it("may come at any moment of the thread's", function()
    local output = run(WITH_PEER .. fork_lines .. [[
      peer:meet(multi)
      local x = submit()
      for i = 1, 100 do
        multi:wait(0, {})                                          -- the thread has a byte to send in the same moment
        submit():close()
        local pid = fork()
        if pid == 0 then
          multi:close()
          exit(0)
        end
        if wait(pid) ~= 0 then io.write(i, " ") end
      end
      while x:phase() ~= "done" do multi:wait(1, {}) end
      multi:close()
      io.write(x:status())
    ]])
    assert.equal("200", output)
  end)
end)

describe("the end", function()
  it("of a program with a host connected is a good one", function()
    local code = WITH_PEER .. [[
      peer:meet(multi)
      submit()
      io.write "end"
    ]]
    for _, last in ipairs { "", "os.exit(0, true)", "os.exit(0)" } do
      local output, status = run(code .. last)
      assert.same({ "end", 0 }, { output, status }, last)
    end
  end)

  it("of a program removes a socket that nobody came to", function()
    local output, status = run "io.write((multi:notify_open():gsub('/apify%-%w+', '')))"
    assert.same({ folder .. "/tmp/wake", 0 }, { output, status })
  end)
end)

describe("no socket", function()
  it("is made where $TMPDIR cannot be used, and the error names it", function()
    local absent, long = folder .. "/absent", folder .. "/" .. ("x"):rep(100)
    for tmpdir, reason in pairs { [absent] = "No such file or directory", ["/proc"] = "No such file or directory", [long] = "File name too long" } do
      local output = run([[
        local path, message, name = multi:notify_open()
        io.write(tostring(path), " ", name, " ", message)
      ]], { env = { TMPDIR = tmpdir } })
      assert.equal(("nil connect no folder could be made in %s: %s"):format(tmpdir, reason), output)
    end
  end)

  it("is made in /tmp when $TMPDIR is empty", function()
    assert.equal("/tmp/apify-", run("io.write(multi:notify_open())", { env = { TMPDIR = "" } }):sub(1, 11))
  end)

  it("and nothing else stays when descriptors are lacking, which the error says", function()
    local output = run([[
      local held = {}
      repeat
        local file = io.open "/dev/null"
        held[#held + 1] = file
      until not file
      local function free()
        local files = {}
        repeat
          local file = io.open "/dev/null"
          files[#files + 1] = file
        until not file
        for _, file in ipairs(files) do file:close() end
        return #files
      end
      for left = 0, 3 do
        local path, message, name = multi:notify_open()
        if path then break end
        if name ~= "connect" or not message:find "EMFILE.*limit of open files is 20" then io.write(name, " ", message, "\n") end
        if free() ~= left then io.write("of ", left, " ", free(), " are left\n") end
        io.write(left, " ")
        table.remove(held):close()
      end
      io.write "end"
    ]], { before = "ulimit -n 20;" })
    assert.equal("0 1 2 end", output)
  end)
end)
