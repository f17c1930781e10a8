--- Lua has no memory at some moment of a list: whoever calls again has each row, once, and the client works as before. `make torture` tries
--- every moment, and much besides; here it is each so many-th. Under Lua 5.4 that is the request after a full collection as well.
local failing = require "spec.support.failing"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local ROWS = 25

-- What compiled code cannot allocate ends the process of LuaJIT: it has no way out of there.
local PROLOGUE = [[
if jit then jit.off() jit.flush() end
local STEP = 13                          -- a prime
local apify = require "apify"
local client = apify.new { base_url = os.getenv "API_URL", token = "apify_api_test", min_delay_between_retries = 0 }

-- All that the step of `begin` gives until its first nil, into `values`, which has room for it. What fails is called again.
local function collect(begin, values)
  local count, errors, has_begun, step = 0, 0, nil, nil
  repeat has_begun, step = pcall(begin) until has_begun
  while count < #values and errors < 3 do
    local ok, value, err = pcall(step)
    if not ok or err then errors = errors + 1
    elseif value == nil then break
    else
      count = count + 1
      values[count] = value
    end
  end
end

-- Of `count` rows none is lost, nor comes twice, whichever allocation fails. `begin` begins a list, `read` gives the rows of what came.
local function try_all(count, begin, read)
  local wanted, n, is_over = nil, 0, false
  while not is_over do
    local values, names = {}, {}
    for i = 1, 2 * count do values[i] = false end
    failing.arm_lua(n)                                   -- the first time none fails
    collect(begin, values)
    is_over = not failing.disarm_lua()
    for i, row in ipairs(read(values)) do names[i] = row and (row.id or row.key or row.n) or nil end
    wanted, is_over = wanted or table.concat(names, " "), is_over and n > 0
    if table.concat(names, " ") ~= wanted or #names ~= count then print(n, unpack(names)) end
    n = n + STEP
  end
  print("ended", n > 100)
end

local unpack = unpack or table.unpack
local function rows_of(values) return values end
]]

describe("a list that has no memory at some moment", function()
  local api = testbed.local_api { count = ROWS }
  local folder = testbed.folder()

  -- Try the list of so many rows that this expression begins.
  local function assert_whole(count, list, read)
    local code = failing.line(folder) .. PROLOGUE .. ([[
      try_all(%d, function()
        local it = %s
        return function() return it:next() end
      end, rows_of)]]):format(count, list)
    if read then code = failing.line(folder) .. PROLOGUE .. read end
    local output, complaints = program.run_code(code, { API_URL = api.url, RUN_ID = api:admin("ids", {}).ids[1] })
    assert.equal("ended\ttrue\n", output .. complaints)
  end

  it("has every row once", function()
    assert_whole(ROWS, "client:runs():iterate { chunk_size = 10 }")
  end)

  it("has every row once, of runs that started together", function()
    api:admin("add_runs", { actor = "janedoe~tied", count = ROWS, schedule = { { 0, "SUCCEEDED" } } })
    assert_whole(ROWS, "client:actor('janedoe~tied'):runs():iterate { chunk_size = 10, pick = { 'id' } }")
  end)

  it("has every row once, with a cursor", function()
    local store = testbed.client(api):run(api:admin("ids", {}).ids[1]):key_value_store()
    for i = 1, 11 do assert(store:set_record("key" .. i, i)) end
    assert_whole(12, "client:run(os.getenv 'RUN_ID'):key_value_store():iterate_keys { chunk_size = 5 }")
  end)

  it("has every item once", function()
    api:admin("seed_items", { run = api:admin("ids", {}).ids[1], count = ROWS })
    assert_whole(ROWS, "client:run(os.getenv 'RUN_ID'):dataset():iterate_items { chunk_size = 10 }")
  end)

  it("has every row once, page by page", function()
    assert_whole(ROWS, nil, [[
      try_all(25, function() return (client:runs():iterate({ chunk_size = 10 }):pages()) end, function(pages)
        local rows = {}
        for _, page in ipairs(pages) do
          for _, row in ipairs(page and page.items or {}) do rows[#rows + 1] = row end
        end
        return rows
      end)]])
  end)
end)
