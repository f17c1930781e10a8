--- Turns: of many, so many at a time; the others in the order in which they came.
local limiter = require "apify.util.limiter"

describe("a limiter", function()
  local line, told

  local function new(count)
    told = {}
    line = limiter.new(count, function(who) told[#told + 1] = who.name end)
  end

  local function taker(name) return { name = name, is_over = false } end

  it("are for so many at a time, and who has one keeps it", function()
    new(2)
    local a, b, c = taker "a", taker "b", taker "c"
    assert.same({ true, true, false }, { line:take(a), line:take(b), line:take(c) })
    assert.same({ true, true, false }, { line:take(b), line:take(a), line:take(c) })
    assert.same({}, told)
  end)

  it("go to those who wait, in the order in which they came, who are told", function()
    new(1)
    local a, b, c = taker "a", taker "b", taker "c"
    line:take(a)
    line:take(b)
    line:take(c)
    line:take(b)                                                     -- asking again is no second place
    line:give_back(a)
    assert.same({ "b" }, told)
    assert.same({ false, true, false }, { line:take(a), line:take(b), line:take(c) })
    line:give_back(b)
    line:give_back(c)
    line:give_back(a)
    assert.same({ "b", "c", "a" }, told)
    assert.is_false(line:is_crowded())
  end)

  it("pass over those who do not want one any more", function()
    new(1)
    local a, b, c = taker "a", taker "b", taker "c"
    line:take(a)
    line:take(b)
    line:take(c)
    b.is_over = true
    line:give_back(a)
    assert.same({ "c" }, told)
    assert.is_true(line:take(c))
  end)

  it("are free again when nobody waits, or nobody who still wants one", function()
    new(1)
    local a, b, c = taker "a", taker "b", taker "c"
    line:take(a)
    line:give_back(a)
    assert.is_true(line:take(b))
    assert.is_false(line:take(c))
    c.is_over = true
    line:give_back(b)
    assert.is_true(line:take(a))
    assert.same({}, told)
  end)

  it("given back by one who has none change nothing", function()
    new(1)
    local a, b = taker "a", taker "b"
    line:give_back(b)
    line:take(a)
    line:give_back(b)
    assert.is_false(line:take(b))
    line:give_back(a)
    line:give_back(a)
    assert.same({ "b" }, told)
    assert.is_false(line:take(a))
  end)

  it("may be given back by the one who is told", function()
    told = {}
    line = limiter.new(1, function(who)
      told[#told + 1] = who.name
      who.is_over = true
      line:give_back(who)
    end)
    local a = taker "a"
    line:take(a)
    for _, name in ipairs { "b", "c", "d" } do line:take(taker(name)) end
    line:give_back(a)
    assert.same({ "b", "c", "d" }, told)
    assert.is_true(line:take(a))
  end)

  it("are too few for more takers than there are turns", function()
    new(2)
    assert.same({ 0, false }, { line.takers, line:is_short() })
    line.takers = line.takers + 2
    assert.is_false(line:is_short())
    line.takers = line.takers + 1
    assert.is_true(line:is_short())
  end)

  it("are forgotten with those who had them", function()
    new(1)
    local known = setmetatable({}, { __mode = "k" })
    local function pass_on()
      local who = taker "first"
      line:take(who)
      for _ = 1, 10 do
        local heir = taker "heir"
        known[heir] = true
        line:take(heir)
        line:give_back(who)
        who = heir
      end
      line:give_back(who)
    end
    pass_on()
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(known))
    assert.equal(10, #told)
  end)

  it("say whether anybody waits", function()
    new(1)
    local a, b = taker "a", taker "b"
    line:take(a)
    assert.is_false(line:is_crowded())
    line:take(b)
    assert.is_true(line:is_crowded())
    line:give_back(a)
    assert.is_false(line:is_crowded())
  end)
end)
