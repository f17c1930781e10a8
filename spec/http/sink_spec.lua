--- Where bytes go: files, handles, functions and strings, and what each does when it fails.
local apify = require "apify"
local errors = require "apify.util.errors"
local sink = require "apify.http.sink"

local function read_file(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

-- A new folder, and what is in it as one string.
local function folder()
  local path = os.tmpname()
  os.remove(path)
  assert(os.execute("mkdir " .. path))
  return path, function()
    local pipe = io.popen("ls -A " .. path)
    local names = pipe:read "*a"
    pipe:close()
    return names
  end
end

describe("sink.check", function()
  it("accepts a file name, whatever can be written to, a function, and nothing", function()
    local file = io.tmpfile()
    local callable = setmetatable({}, { __call = function() end })
    for _, value in ipairs { "x.csv", file, { write = function() end }, { write = callable }, function() end } do
      sink.check(value, "argument 1")
    end
    sink.check(nil, "argument 1")
    file:close()
  end)

  it("raises at the caller's line for all else, and names it", function()
    local closed = io.tmpfile()
    closed:close()
    local wild = setmetatable({}, { __index = function() error "not for you" end })
    for _, value in ipairs { "", "a\0b", 5, true, {}, { write = 1 }, { write = "x" }, closed, wild } do
      local ok, message = pcall(sink.check, value, "argument 1 of log:download")
      assert.is_false(ok)
      assert.truthy(message:find("sink_spec.lua:%d+: bad argument 1 of log:download: "), message)
    end
  end)
end)

describe("a file", function()
  local dir, names

  before_each(function() dir, names = folder() end)
  after_each(function() os.execute("rm -r " .. dir) end)

  it("may have as long a name as the system takes", function()
    for _, length in ipairs { 233, 234, 255 } do
      local name = ("n"):rep(length)
      local out = assert(sink.open(dir .. "/" .. name))
      assert.is_true(out:write "text")
      assert.truthy(names():find "%.%x+%.part\n$")
      assert.is_true(out:finish())
      assert.equal(name .. "\n", names())
      assert.equal("text", read_file(dir .. "/" .. name))
      os.remove(dir .. "/" .. name)
    end
    local out, fields = sink.open(dir .. "/" .. ("n"):rep(256))
    assert.is_nil(out)
    assert.equal("io", fields.kind)
  end)

  it("is there when it is complete, and not before", function()
    local out = assert(sink.open(dir .. "/x"))
    assert.is_true(out:write "one")
    assert.is_true(out:write "two")
    assert.is_nil(read_file(dir .. "/x"))
    assert.is_true(out:finish())
    assert.equal("onetwo", read_file(dir .. "/x"))
    out:abort()
    assert.equal("x\n", names())
  end)

  it("begins again", function()
    local out = assert(sink.open(dir .. "/x"))
    assert.is_true(out:restart())
    out:write "the first content"
    assert.is_true(out:restart())
    out:write "second"
    assert.is_true(out:finish())
    assert.equal("second", read_file(dir .. "/x"))
  end)

  it("leaves what was there alone when it is given up, and nothing beside it", function()
    local file = io.open(dir .. "/x", "w")
    file:write "before"
    file:close()
    local out = assert(sink.open(dir .. "/x"))
    out:write "after"
    out:abort()
    out:abort()
    assert.equal("before", read_file(dir .. "/x"))
    assert.equal("x\n", names())
  end)

  it("that cannot be made is a failure that names it", function()
    local out, fields = sink.open(dir .. "/none/x")
    assert.is_nil(out)
    assert.equal("io", fields.kind)
    assert.truthy(fields.message:find(dir .. "/none/x", 1, true))
    assert.equal(2, fields.errno)
  end)

  it("that cannot be written is a failure that names it", function()
    if not io.open("/dev/full", "w") then pending "this system has no full device" return end
    local out = assert(sink.open "/dev/full")
    local ok, fields = out:write "x"
    if ok then ok, fields = out:finish() end
    assert.is_nil(ok)
    assert.equal("io", fields.kind)
    assert.truthy(fields.message:find("/dev/full", 1, true))
    assert.equal(28, fields.errno)
    out:abort()
  end)
end)

describe("a handle", function()
  it("takes the bytes and stays open", function()
    local file = io.tmpfile()
    local out = sink.open(file)
    assert.is_true(out:write "one")
    assert.is_true(out:finish())
    assert.equal("file", io.type(file))
    file:seek "set"
    assert.equal("one", file:read "*a")
    out:abort()
    assert.equal("file", io.type(file))
    file:close()
  end)

  it("begins again only as long as nothing was written", function()
    local out = sink.open { write = function() return true end }
    assert.is_true(out:restart())
    out:write "x"
    assert.is_false(out:restart())
  end)

  it("may be any object with a write method", function()
    local pieces = {}
    local out = sink.open { write = function(self, bytes) assert(self.write) pieces[#pieces + 1] = bytes end }
    assert.is_true(out:write "a")
    assert.is_true(out:write "b")
    assert.is_true(out:finish())
    assert.same({ "a", "b" }, pieces)
  end)

  it("that says no is a failure", function()
    local out = sink.open { write = function() return nil, "the cup is full", 28 end }
    local ok, fields = out:write "x"
    assert.is_nil(ok)
    assert.same({ kind = "io", message = "the sink: the cup is full", cause = "the cup is full", errno = 28 }, fields)
  end)

  it("that cannot be flushed is a failure of the end", function()
    local out = sink.open { write = function() return true end, flush = function() return nil, "no" end }
    out:write "x"
    local ok, fields = out:finish()
    assert.is_nil(ok)
    assert.same({ kind = "io", message = "the sink: no", cause = "no" }, fields)
  end)

  it("that was closed meanwhile is a failure", function()
    local file = io.tmpfile()
    local out = sink.open(file)
    file:close()
    local ok, fields = out:write "x"
    assert.is_nil(ok)
    assert.equal("io", fields.kind)
    assert.truthy(fields.message:find("closed file", 1, true))
  end)
end)

describe("a function", function()
  it("is called with each piece, and need not answer", function()
    local pieces = {}
    local out = sink.open(function(bytes) pieces[#pieces + 1] = bytes end)
    assert.is_true(out:write "a")
    assert.is_true(out:write "b")
    assert.is_true(out:finish())
    assert.same({ "a", "b" }, pieces)
    assert.is_false(out:restart())
  end)

  it("stops with false, or with nil and why", function()
    local ok, fields = sink.open(function() return false end):write "x"
    assert.is_nil(ok)
    assert.equal("io", fields.kind)
    ok, fields = sink.open(function() return nil, "enough" end):write "x"
    assert.is_nil(ok)
    assert.same({ kind = "io", message = "the sink: enough", cause = "enough" }, fields)
  end)

  it("that raises is a failure with its cause", function()
    local cause = { why = "a table" }
    local ok, fields = sink.open(function() error(cause) end):write "x"
    assert.is_nil(ok)
    assert.equal("io", fields.kind)
    assert.truthy(fields.message:find("^the sink raised: "))
    assert.equal(cause, fields.cause)
  end)

  it("passes an error of this module on as it is", function()
    local err = errors.new { kind = "cancelled" }
    local raised = select(2, sink.open(function() error(err) end):write "x")
    local returned = select(2, sink.open(function() return nil, err end):write "x")
    assert.is_true(raised == err and returned == err)
  end)

  it("may wait", function()
    local order = {}
    local fiber = apify.spawn(function()
      local out = sink.open(function(bytes)
        assert(apify.sleep(0.01))
        order[#order + 1] = bytes
      end)
      assert(out:write "written")
    end)
    order[#order + 1] = "meanwhile"
    fiber:wait()
    assert.same({ "meanwhile", "written" }, order)
  end)
end)

describe("no sink", function()
  it("collects a string", function()
    local out = sink.open(nil, 100)
    assert.is_true(out:write "one")
    assert.is_true(out:restart())
    out:write "a"
    out:write "b"
    assert.equal("ab", out:finish())
    assert.equal("", sink.open(nil):finish())
  end)

  it("is limited", function()
    local out = sink.open(nil, 5)
    assert.is_true(out:write "12345")
    local ok, fields = out:write "6"
    assert.is_nil(ok)
    assert.equal("too_large", fields.kind)
    assert.truthy(fields.message:find("5 bytes", 1, true))
  end)
end)
