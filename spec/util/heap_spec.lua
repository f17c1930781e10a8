local heap = require "apify.util.heap"
local interrupts = require "spec.support.interrupts"

--- All values in the order in which they leave.
local function drain(h)
  local values = {}
  while h:size() > 0 do
    local _, value = h:pop()
    values[#values + 1] = value
  end
  return values
end

describe("heap", function()
  it("gives values by ascending key", function()
    local h = heap.new()
    for _, key in ipairs { 5, 1, 4, -2, 3.5, 0, math.huge, -math.huge } do h:push(key, key) end
    assert.same({ -math.huge, -2, 0, 1, 3.5, 4, 5, math.huge }, drain(h))
  end)

  it("gives values of equal keys in the order in which they came", function()
    local h = heap.new()
    for i = 1, 100 do h:push(i % 3, i) end
    local expected = {}
    for key = 0, 2 do
      for i = 1, 100 do
        if i % 3 == key then expected[#expected + 1] = i end
      end
    end
    assert.same(expected, drain(h))
  end)

  it("shows the next pair without removing it", function()
    local h = heap.new()
    h:push(2, "b")
    h:push(1, "a")
    assert.same({ 1, "a" }, { h:peek() })
    assert.equal(2, h:size())
    assert.same({ 1, "a" }, { h:pop() })
    assert.same({ 2, "b" }, { h:peek() })
    assert.equal(1, h:size())
  end)

  it("gives nothing when it is empty", function()
    local h = heap.new()
    assert.is_nil((h:peek()))
    assert.is_nil((h:pop()))
    assert.equal(0, h:size())
    h:push(1, "a")
    h:pop()
    assert.is_nil((h:pop()))
    assert.is_nil((h:peek()))
    assert.equal(0, h:size())
  end)

  it("holds any value, false too", function()
    local h = heap.new()
    h:push(1, false)
    local key, value = h:pop()
    assert.equal(1, key)
    assert.is_false(value)
  end)

  it("keeps the order through mixed pushes and pops", function()
    local h, seed, model = heap.new(), 7, {}
    local function random(n)
      seed = seed * 48271 % 2147483647
      return seed % n
    end
    for i = 1, 5000 do
      if random(5) < 3 then
        local key = random(50)
        h:push(key, i)
        model[#model + 1] = { key, i }
      elseif #model > 0 then
        local first = 1
        for j = 2, #model do
          if model[j][1] < model[first][1] then first = j end
        end
        assert.same(table.remove(model, first), { h:pop() })
      end
      assert.equal(#model, h:size())
    end
  end)

  it("lets go of what it gave away", function()
    local h, seen = heap.new(), setmetatable({}, { __mode = "k" })
    for i = 1, 10 do
      local value = {}
      seen[value] = true
      h:push(-i, value)
    end
    for _ = 1, 10 do h:pop() end
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(seen))
  end)

  it("refuses a key that cannot be compared", function()
    local h = heap.new()
    assert.has_error(function() h:push(0 / 0, "x") end)
    assert.has_error(function() h:push(nil, "x") end)
    assert.has_error(function() h:push("1", "x") end)
    assert.equal(0, h:size())
    h:push(1, "a")
    assert.same({ "a" }, drain(h))
  end)

  it("keeps several heaps apart", function()
    local a, b = heap.new(), heap.new()
    a:push(1, "a")
    assert.equal(0, b:size())
    b:push(0, "b")
    assert.same({ 1, "a" }, { a:pop() })
  end)

  it("is whole after an error at any instruction of it", function()
    if jit then
      jit.off()
      jit.flush()                                        -- what is compiled already calls no hook
    end
    local n, interrupted = 0, 0
    repeat
      n = n + 1
      local was_reached = false
      local h, pushed, popped, is_popping = heap.new(), {}, {}, false
      debug.sethook(function()
        debug.sethook()
        was_reached = true
        if not debug.getinfo(2, "S").source:find("heap.lua", 1, true) then return end
        interrupted = interrupted + 1
        error "interrupted"
      end, "", n)                                        -- after n instructions, those of this spec included
      pcall(function()
        for i = 1, 9 do
          h:push(i * 7 % 10, i)
          pushed[i] = true
        end
        is_popping = true
        for _ = 1, 5 do popped[select(2, h:pop())] = true end
        is_popping = false
        h:push(-1, 10)
      end)
      debug.sethook()
      h:push(100, "last")
      local before, seen, last = -math.huge, {}, nil
      while h:size() > 0 do
        local key, value = h:pop()
        assert(key >= before and not seen[value], n)
        before, last, seen[value] = key, value, true
      end
      assert(last == "last", n)
      local missing = 0
      for i in pairs(pushed) do
        if not (seen[i] or popped[i]) then missing = missing + 1 end
      end
      assert(missing <= (is_popping and 1 or 0), n)      -- one was about to be returned
    until not was_reached
    if jit then jit.on() end
    assert.is_true(interrupted > 100, interrupted)
  end)

  it("loses nothing where it is used in the middle of its own work, as by a finalizer", function()
    local reached = interrupts.each_place("util/heap.lua", function(at)
      local h, expected, seen = heap.new(), {}, {}
      for i = 1, 9 do h:push(i * 7 % 10, i) end
      for i = 4, 10 do expected[i] = true end
      at(function()
        h:push(5.5, "inner")
        h:push(2.5, "gone")
        expected.inner, seen[select(2, h:pop())] = true, true
      end, function()
        for _ = 1, 3 do seen[select(2, h:pop())] = true end
        h:push(5, 10)
      end)
      local before = -math.huge
      while h:size() > 0 do
        local key, value = h:pop()
        assert(key >= before, "in order")
        before, seen[value] = key, true
      end
      for value in pairs(expected) do assert(seen[value], value) end
    end)
    assert.is_true(reached > 50, reached)
  end)
end)
