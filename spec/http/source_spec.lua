--- Where bytes come from: files, handles and functions, how much they give, and whether they can do it again.
local apify = require "apify"
local errors = require "apify.util.errors"
local source = require "apify.http.source"

local path = os.tmpname()
teardown(function() os.remove(path) end)

local function fill(text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- All of it as one string; nil and the fields of an error.
local function drain(src)
  local pieces = {}
  while true do
    local bytes, fields = src:read()
    if fields then return nil, fields end
    if not bytes then return table.concat(pieces), #pieces end
    if bytes ~= "" then pieces[#pieces + 1] = bytes end
  end
end

-- A function that gives the values one by one.
local function giver(...)
  local values, i = { n = select("#", ...), ... }, 0
  return function()
    i = i + 1
    return values[i]
  end
end

describe("source.check", function()
  it("accepts a file name, whatever can be read from, and a function", function()
    local file = io.tmpfile()
    for _, value in ipairs { "x.csv", file, { read = function() end }, function() end } do source.check(value, "argument 2") end
    file:close()
  end)

  it("raises at the caller's line for all else, and names it", function()
    local closed = io.tmpfile()
    closed:close()
    for _, value in ipairs { "", "a\0b", 5, {}, { read = true }, closed, false } do
      local ok, message = pcall(source.check, value, "argument 2 of upload_record")
      assert.is_false(ok)
      assert.truthy(message:find("source_spec.lua:%d+: bad argument 2 of upload_record: "), message)
    end
    assert.is_false(pcall(source.check, nil, "argument 2"))
  end)
end)

describe("a file", function()
  it("has a size, comes in pieces, and again", function()
    local text = ("0123456789abcdef"):rep(10000) .. "end"
    fill(text)
    local src = assert(source.open(path))
    assert.equal(#text, src:size())
    for _ = 1, 2 do
      local all, count = drain(src)
      assert.equal(text, all)
      assert.equal(3, count)
      assert.is_true(src:can_rewind())
      assert.is_true(src:rewind())
    end
    src:close()
    src:close()
  end)

  it("may be empty", function()
    fill ""
    local src = assert(source.open(path))
    assert.equal(0, src:size())
    assert.equal("", drain(src))
    src:close()
  end)

  it("that is missing is a failure that names it", function()
    local src, fields = source.open "/nowhere/at/all"
    assert.is_nil(src)
    assert.same({ kind = "io", message = "/nowhere/at/all: No such file or directory", errno = 2 }, fields)
  end)

  it("that is a folder is a failure that names it", function()
    local src, fields = source.open "/usr"
    assert.is_nil(src)
    assert.equal("io", fields.kind)
    assert.truthy(fields.message:find("/usr", 1, true))
  end)

  it("that shrinks or grows meanwhile is a failure", function()
    fill(("x"):rep(100000))
    local src = assert(source.open(path))
    src:read()
    fill "x"
    local all, fields = drain(src)
    assert.is_nil(all)
    assert.truthy(fields.message:find("ended after 65536 of 100000 bytes", 1, true), fields.message)
    src:close()
    src = assert(source.open(path))
    fill "xyz"
    all, fields = drain(src)
    assert.is_nil(all)
    assert.truthy(fields.message:find("more than the 1 bytes", 1, true), fields.message)
    src:close()
  end)

  it("without a size of its own is read to its end", function()
    local file = io.open "/proc/self/status"
    if not file then pending "this system has no /proc" return end
    file:close()
    local src = assert(source.open "/proc/self/status")
    assert.is_nil(src:size())
    assert.truthy(drain(src):find "Name:")
    assert.is_true(src:rewind())
    assert.truthy(drain(src):find "Name:")
    src:close()
  end)
end)

describe("a handle", function()
  it("is read from where it stands, again too, and stays open", function()
    fill "skip this, send that"
    local file = assert(io.open(path, "rb"))
    file:read(11)
    local src = source.open(file)
    assert.equal(9, src:size())
    assert.equal("send that", drain(src))
    assert.is_true(src:rewind())
    assert.equal("send that", drain(src))
    src:close()
    assert.equal("file", io.type(file))
    file:close()
  end)

  it("that cannot seek has no size and cannot be rewound once it was read", function()
    local pipe = io.popen "printf hello"
    local src = source.open(pipe)
    assert.is_nil(src:size())
    assert.is_true(src:can_rewind())
    assert.is_true(src:rewind())
    assert.equal("hello", drain(src))
    assert.is_false(src:can_rewind())
    local ok, fields = src:rewind()
    assert.is_nil(ok)
    assert.equal("io", fields.kind)
    pipe:close()
  end)

  it("may be any object with a read method", function()
    local next_piece = giver("a", "", "b")
    local src = source.open { read = function(self, n) assert(self.read and n > 0) return next_piece() end }
    assert.equal("ab", drain(src))
  end)

  it("that tells an impossible place has no size", function()
    for _, odd in ipairs { 4.5, math.huge, 0 / 0, -1, 2 ^ 54, "5", {} } do
      local next_piece = giver "abc"
      local src = source.open { seek = function(_, whence) return whence == "end" and odd or 0 end, read = next_piece }
      assert.is_nil(src:size())
      assert.equal("abc", drain(src))
      src = source.open { seek = function(_, whence) return whence == "end" and 3 or odd end, read = next_piece }
      assert.is_nil(src:size())
    end
  end)

  it("that cannot be read is a failure before anything is sent", function()
    local file = assert(io.open(path, "w"))
    local src, fields = source.open(file)
    assert.is_nil(src)
    assert.same({ kind = "io", message = "the source: Bad file descriptor", cause = "Bad file descriptor", errno = 9 }, fields)
    assert.equal("file", io.type(file))
    file:close()
  end)

  it("that says no, or was closed meanwhile, is a failure", function()
    local all, fields = drain(source.open { read = function() return nil, "torn", 5 end })
    assert.is_nil(all)
    assert.same({ kind = "io", message = "the source: torn", cause = "torn", errno = 5 }, fields)
    local file = io.tmpfile()
    local src = source.open(file)
    file:close()
    all, fields = drain(src)
    assert.is_nil(all)
    assert.truthy(fields.message:find("closed file", 1, true))
  end)
end)

describe("a function", function()
  it("gives pieces as they come, empty ones too", function()
    local src = source.open(giver("a", "", "bc", ""))
    assert.is_nil(src:size())
    assert.same({ "a", "", "bc", "" }, { src:read(), src:read(), src:read(), src:read() })
    assert.is_nil(src:read())
  end)

  it("that promised a size gives its last piece only when nothing follows", function()
    local src = source.open(giver("ab", "cd", ""), 4)
    assert.same({ "ab", "", "", "cd" }, { src:read(), src:read(), src:read(), src:read() })
    assert.is_nil(src:read())
    assert.is_nil(src:read())
    local all, fields = drain(source.open(giver("abcd", "e"), 4))
    assert.is_nil(all)
    assert.truthy(fields.message:find("more than the 4 bytes", 1, true), fields.message)
  end)

  it("that gave nothing can be had again without it", function()
    local src = source.open(giver())
    assert.is_nil(src:read())
    assert.is_true(src:can_rewind())
    assert.is_true(src:rewind())
    assert.is_nil(src:read())
  end)

  it("cannot be rewound once it was read", function()
    local src = source.open(giver "a")
    assert.is_true(src:can_rewind())
    src:read()
    assert.is_false(src:can_rewind())
  end)

  it("must give strings", function()
    for _, value in ipairs { 5, true, false, {} } do
      local all, fields = drain(source.open(giver(value)))
      assert.is_nil(all)
      assert.same({ kind = "io", message = ("the source: it gave a %s, not a string"):format(type(value)) }, fields)
    end
  end)

  it("must give as many bytes as were promised", function()
    assert.equal("abc", drain(source.open(giver("a", "bc"), 3)))
    assert.equal(3, source.open(giver(), 3):size())
    local all, fields = drain(source.open(giver "ab", 3))
    assert.is_nil(all)
    assert.same({ kind = "io", message = "the source ended after 2 of 3 bytes" }, fields)
    all, fields = drain(source.open(giver("ab", "cd"), 3))
    assert.is_nil(all)
    assert.equal("io", fields.kind)
  end)

  it("that fails or raises is a failure with its cause", function()
    local all, fields = drain(source.open(function() return nil, "empty barrel" end))
    assert.is_nil(all)
    assert.same({ kind = "io", message = "the source: empty barrel", cause = "empty barrel" }, fields)
    local cause = {}
    all, fields = drain(source.open(function() error(cause) end))
    assert.is_nil(all)
    assert.truthy(fields.message:find "^the source raised: ")
    assert.equal(cause, fields.cause)
  end)

  it("passes an error of this module on as it is", function()
    local err = errors.new { kind = "cancelled" }
    local raised = select(2, source.open(function() error(err) end):read())
    local returned = select(2, source.open(function() return nil, err end):read())
    assert.is_true(raised == err and returned == err)
  end)

  it("may wait", function()
    local order = {}
    local fiber = apify.spawn(function()
      local src = source.open(function()
        if order[2] then return nil end
        assert(apify.sleep(0.01))
        order[2] = "read"
        return "x"
      end)
      assert.equal("x", drain(src))
    end)
    order[1] = "meanwhile"
    fiber:wait()
    assert.same({ "meanwhile", "read" }, order)
  end)
end)
