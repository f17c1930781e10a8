--- Files that are there in full or not at all.
local core = require "apify.core"
local shell = require "spec.support.shell"

local folder

local function run(command)
  return (shell.run(command):gsub("%s+$", ""))
end

-- The bytes of a file, or nil.
local function read_file(name)
  local file = io.open(name, "rb")
  if not file then return nil end
  local bytes = file:read "*a"
  file:close()
  return bytes
end

setup(function() folder = run "mktemp -d" end)
teardown(function() os.execute("rm -rf " .. folder) end)

describe("a file", function()
  local function path(name)
    return folder .. "/" .. name
  end

  -- The names in the folder that begin so, sorted.
  local function names(prefix)
    return run(("cd %s; ls -d %s* 2>/dev/null"):format(folder, prefix))
  end

  local function mode(name)
    return run(("stat -c %%a %s"):format(path(name)))
  end

  it("is there when it is committed, and beside until then", function()
    local f = assert(core.file(path "a.csv"))
    assert.is_true(f:write "one,")
    assert.is_true(f:write "")
    assert.is_true(f:write "two")
    assert.is_nil(read_file(path "a.csv"))
    local part = names "a.csv"
    assert.truthy(part:find "^a%.csv%.%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%.part$", part)
    assert.is_true(f:commit())
    assert.equal("a.csv", names "a.csv")
    assert.equal("one,two", read_file(path "a.csv"))
  end)

  it("leaves what was there until it is committed, and keeps its permissions", function()
    shell.write_file(path "b", "old")
    os.execute("chmod 640 " .. path "b")
    local f, g = assert(core.file(path "b")), assert(core.file(path "b"))
    assert.is_true(f:write "new")
    assert.is_true(g:write "newer")
    assert.equal("old", read_file(path "b"))
    assert.is_true(f:commit())
    assert.is_true(g:commit())
    assert.same({ "newer", "640", "b" }, { read_file(path "b"), mode "b", names "b" })
    assert.equal(run "printf '%o' $((0666 & ~$(umask)))", (function()
      assert.is_true(assert(core.file(path "b2")):commit())
      return mode "b2"
    end)())
  end)

  it("starts over when it is rewound", function()
    local f = assert(core.file(path "c"))
    assert.is_true(f:rewind())
    assert.is_true(f:write "a long beginning")
    assert.is_true(f:rewind())
    assert.is_true(f:write "short")
    assert.is_true(f:commit())
    assert.equal("short", read_file(path "c"))
  end)

  it("is gone when it is discarded, collected or left, and of no use then", function()
    local f = assert(core.file(path "d"))
    assert.is_true(f:write "x")
    f:discard()
    f:discard()
    assert.equal("", names "d")
    for _, name in ipairs { "write", "rewind", "commit" } do
      assert.error_matches(function() f[name](f, "x") end, "the file is closed")
    end
    assert(core.file(path "d")):write "x"
    collectgarbage()
    collectgarbage()
    assert.equal("", names "d")
    if _VERSION == "Lua 5.4" then
      f = assert(core.file(path "d"))
      getmetatable(f).__close(f, nil)
      assert.equal("", names "d")
    end
    f = assert(core.file(path "d"))
    assert.is_true(f:commit())
    f:discard()
    assert.equal("d", names "d")
    assert.error_matches(function() f:write "x" end, "closed")
  end)

  it("goes where a symbolic link leads, so that the link stays", function()
    shell.write_file(path "e", "old")
    os.execute(("cd %s; mkdir -p sub; ln -s ../e sub/link; ln -s nowhere dangling"):format(folder))
    local f = assert(core.file(path "sub/link"))
    assert.is_true(f:write "new")
    assert.is_true(f:commit())
    assert.equal("new", read_file(path "e"))
    assert.equal("../e", run("readlink " .. path "sub/link"))
    local g, message, name, errno = core.file(path "dangling")
    assert.same({ "io", 2, nil }, { name, errno, g })
    assert.equal(("cannot write %s: No such file or directory"):format(path "dangling"), message)
    assert.equal("nowhere", run("readlink " .. path "dangling"))
  end)

  it("is written directly when it is a device or a pipe, and cannot be rewound then", function()
    local f = assert(core.file "/dev/null")
    assert.is_true(f:rewind())
    assert.is_true(f:write "x")
    local ok, message, name, errno = f:rewind()
    assert.same({ "cannot write /dev/null: Illegal seek", "io", 29 }, { message, name, errno, ok })
    assert.is_true(f:commit())
    os.execute(("mkfifo %s; cat %s >%s &"):format(path "fifo", path "fifo", path "through"))
    f = assert(core.file(path "fifo"))
    assert.is_true(f:write "through the pipe")
    assert.is_true(f:commit())
    shell.eventually(function() return read_file(path "through") == "through the pipe" end)
    assert.equal("p", run(("stat -c %%A %s | cut -c 1"):format(path "fifo")))
    assert.equal("fifo", names "fifo")
    f = assert(core.file "/dev/stdout")
    assert.is_true(f:write "")
    f:discard()
    assert.truthy(io.stdout:write "")
  end)

  it("says when there is no room", function()
    local f = assert(core.file "/dev/full")
    local ok, message, name, errno = f:write "x"
    assert.same({ "cannot write /dev/full: No space left on device", "io", 28 }, { message, name, errno, ok })
    f:discard()
  end)

  it("says why it cannot be", function()
    local function refused(name, errno)
      local f, message, kind, n = core.file(name)
      assert.is_nil(f)
      assert.same({ "io", errno }, { kind, n })
      assert.truthy(message:find("cannot write " .. name .. ": ", 1, true), message)
    end
    refused(folder, 21)
    refused(path "sub/", 21)
    refused(path "new/", 21)
    refused(path "missing/x", 2)
    refused(path "a.csv/x", 20)
    refused("", 2)
    refused(path(("x"):rep(300)), 36)
    refused("/dev/fd/999", 9)
    assert.is_false(pcall(core.file, "a\0b"))
    assert.is_false(pcall(core.file))
  end)

  it("is removed when it cannot take its place", function()
    local f = assert(core.file(path "sub/g"))
    assert.is_true(f:write "x")
    os.execute(("mkdir -p %s/x"):format(path "sub/g"))
    local ok, message, name, errno = f:commit()
    assert.same({ ("cannot write %s: Is a directory"):format(path "sub/g"), "io", 21 }, { message, name, errno, ok })
    assert.equal("sub/g", names "sub/g")
    assert.error_matches(function() f:commit() end, "closed")
  end)

  it("is where it was to be, whatever the working directory is", function()
    local here = run "pwd"
    if not folder:find "^/" then return end
    local relative = ("../"):rep(select(2, here:gsub("/", ""))) .. folder:sub(2)
    local f = assert(core.file(relative .. "/h"))
    assert.is_true(f:commit())
    assert.equal("h", names "h")
  end)
end)
