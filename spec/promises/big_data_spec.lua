--- Slow (8 s): a large dataset read by processes of their own, whose memory is looked at. BIG_DATA_ITEMS says how large:
--- 100,000 items of half a kilobyte each when absent.
local measured = require "spec.support.measured"
local testbed = require "spec.support.testbed"

local COUNT = tonumber(os.getenv "BIG_DATA_ITEMS") or 100000
local PAGED = math.min(COUNT, 100000)    -- items that are read in pages
local MAX_KB = 20000                     -- however many items there are
local MIN_BYTES = 500 * COUNT            -- of the dataset as JSON

-- Reports how many items came in order, the one after the other, each whole.
local ITERATE = [[
local count, dataset = 0, client:dataset(env "DATASET")
for item in dataset:iterate_items { chunk_size = tonumber(env "CHUNK_SIZE"), limit = tonumber(env "LIMIT") } do
  assert(item.n == count and #item.variants == 2 and item.description, count)
  count = count + 1
end
report(count)
]]

-- Reports how large the file is.
local DOWNLOAD = [[
assert(client:dataset(env "DATASET"):download_items(env "FORMAT", env "FILE"))
report((io.open(env "FILE"):seek "end"))
]]

describe(("a dataset of %d items"):format(COUNT), function()
  local api = testbed.local_api(false)
  local dataset, file

  setup(function()
    api:admin("reset", { count = 1, settings = { cache_gzip = true } })
    dataset = api:admin("seed_items", { run = api:admin("ids").ids[1], count = COUNT }).dataset
    file = api.dir .. "/items"
  end)

  after_each(function() os.remove(file) end)

  --- What the code reports, which must do with little memory.
  local function small(code, url, env)
    env.DATASET, env.FILE = dataset, file
    local number, peak, time = measured.run(code, api, url, env)
    assert.is_true(peak < MAX_KB, ("%d kB at its peak, in %s"):format(peak, time))
    return number
  end

  --- The items of the downloaded file, a line each: how many come in order, the one after the other.
  local function count_lines(before, after)
    local count, pattern = 0, "^" .. before .. '{"n":(%d+),.*"}' .. after .. "$"
    for line in io.lines(file) do
      if tonumber(line:match(pattern)) ~= count then return count end
      count = count + 1
    end
    return count
  end

  for _, url in ipairs { "url", "tls_url" } do
    it("is iterated over in little memory: " .. (url == "url" and "http" or "TLS"), function()
      assert.equal(COUNT, small(ITERATE, url, {}))
    end)
  end

  it("is iterated over in large pages in little memory", function()
    assert.equal(PAGED, small(ITERATE, "url", { CHUNK_SIZE = 10000, LIMIT = PAGED }))
  end)

  it("is downloaded in little memory: JSON over http", function()
    local size = small(DOWNLOAD, "url", { FORMAT = "json" })
    assert.is_true(size > MIN_BYTES, size)
    assert.equal(COUNT, count_lines("%[?", "[,%]]"))
  end)

  it("is downloaded in little memory: JSON Lines over TLS", function()
    local size = small(DOWNLOAD, "tls_url", { FORMAT = "jsonl" })
    assert.is_true(size > MIN_BYTES, size)
    assert.equal(COUNT, count_lines("", ""))
  end)
end)
