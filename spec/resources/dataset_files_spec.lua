--- Datasets beside iteration: pages, files in all formats, pushes, statistics.
local apify = require "apify"
local testbed = require "spec.support.testbed"
local waiting = require "spec.support.waiting"

local FORMATS = { "json", "jsonl", "csv", "xlsx", "xml", "html", "rss" }
local PATH = os.tmpname()

local function read_file(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

describe("a dataset", function()
  local s = testbed.local_api { count = 1 }
  local client, id

  teardown(function() os.remove(PATH) end)

  before_each(function()
    client = testbed.client(s)
    id = waiting.add(s)
  end)

  local function dataset() return client:run(id):dataset() end

  local function seed(count, kind) s:admin("seed_items", { run = id, count = count, kind = kind or "plain" }) end

  --- What another client gets.
  local function fetch(query)
    local pipe = assert(io.popen(("curl -sS --noproxy '*' '%s/v2/actor-runs/%s/dataset/items?%s'"):format(s.url, id, query)))
    local text = pipe:read "*a"
    pipe:close()
    return text
  end

  --- How many requests for items the client made.
  local function requests()
    local count = 0
    for _, request in ipairs(s:log().requests) do
      if request.path:find("/items", 1, true) then count = count + 1 end
    end
    return count
  end

  --- Files that are beside PATH, and have its name in theirs.
  local function leftovers()
    local pipe = assert(io.popen("ls " .. PATH .. ".* 2>/dev/null"))
    local text = pipe:read "*a"
    pipe:close()
    return text
  end

  describe("page by page", function()
    it("has the fields of a page", function()
      seed(50)
      local page = assert(dataset():list_items { offset = 10, limit = 5 })
      assert.same({ 5, 10, 5, 50, false }, { page.count, page.offset, page.limit, page.total, page.desc })
      assert.equal(5, #page.items)
      assert.equal(10, page.items[1].n)
    end)

    it("counts stored items, not rows", function()
      seed(22, "mixed")
      local page = assert(dataset():list_items { clean = true })
      assert.same({ 22, 20 }, { page.count, #page.items })
    end)

    it("has the last ones first with desc", function()
      seed(5)
      local page = assert(dataset():list_items { desc = true, limit = 2 })
      assert.same({ 4, 3, true }, { page.items[1].n, page.items[2].n, page.desc })
    end)

    it("is an empty list when there is nothing", function()
      local page = assert(dataset():list_items())
      assert.same({ 0, 0 }, { page.total, #page.items })
    end)

    it("keeps nulls, or leaves them out", function()
      seed(1)
      assert.equal(apify.null, dataset():list_items().items[1].discount)
      assert.is_nil(dataset():list_items({ nulls = "omit" }).items[1].discount)
    end)
  end)

  describe("as a file", function()
    --- Is it the expected file? One of xlsx holds the time at which it was made.
    local function is_same(format, expected, text)
      if format ~= "xlsx" then return text == expected end
      return #text == #expected and text:sub(1, 4) == "PK\3\4"
    end

    for _, format in ipairs(FORMATS) do
      it("of " .. format .. " is the same in a string, a file, a handle and a function", function()
        seed(200)
        local expected = fetch("format=" .. format)
        assert.is_true(#expected > 10000)
        assert.is_true(is_same(format, expected, (assert(dataset():download_items(format)))))
        assert.is_true(assert(dataset():download_items(format, PATH)))
        assert.is_true(is_same(format, expected, read_file(PATH)))
        local file = assert(io.open(PATH, "w+b"))
        assert.is_true(assert(dataset():download_items(format, file)))
        file:seek "set"
        assert.is_true(is_same(format, expected, file:read "*a"))
        file:close()
        local pieces = {}
        assert.is_true(assert(dataset():download_items(format, function(bytes) pieces[#pieces + 1] = bytes end)))
        assert.is_true(is_same(format, expected, table.concat(pieces)))
      end)
    end

    it("has the options of its format", function()
      seed(3)
      local text = assert(dataset():download_items("csv", nil, {
        fields = { "n", "id" }, delimiter = ";", skip_header_row = true, limit = 2, bom = false,
      }))
      assert.equal(fetch "format=csv&fields=n,id&delimiter=%3B&skipHeaderRow=1&limit=2&bom=0", text)
      assert.matches("^\"?0\"?;", text)
    end)

    it("is whole though its connection breaks", function()
      seed(3000)
      local expected = fetch "format=jsonl"
      for _, to in ipairs { "string", "file", "function" } do
        s:admin("log", { clear = true })
        s:faults { match = { path = "/items", first = 3 }, action = { cut = { after_bytes = 700000 } } }
        local pieces = {}
        local sinks = { file = PATH, ["function"] = function(bytes) pieces[#pieces + 1] = bytes end }
        local got = assert(dataset():download_items("jsonl", sinks[to]))
        if to == "file" then got = read_file(PATH) end
        if to == "function" then got = table.concat(pieces) end
        assert.is_true(got == expected, to)
        assert.equal(4, requests())
      end
    end)

    it("leaves the file that was there as it was when it fails, and nothing beside it", function()
      client = client:with { max_retries = 1 }
      seed(3000)
      write_file(PATH, "what was there")
      s:faults { match = { path = "/items" }, action = { cut = { after_bytes = 700000 } } }
      local ok, err = dataset():download_items("json", PATH)
      assert.is_nil(ok)
      assert.equal("network", err.kind)
      assert.equal("what was there", read_file(PATH))
      assert.equal("", leftovers())
    end)

    it("leaves nothing behind when its fiber is cancelled", function()
      seed(3000)
      write_file(PATH, "what was there")
      s:faults { match = { path = "/items" }, action = { drip = { bytes = 200000, secs = 30 } } }
      local fiber = apify.spawn(function() return dataset():download_items("json", PATH) end)
      waiting.until_open(s, 1)
      repeat apify.sleep(0.02) until leftovers() ~= ""
      fiber:cancel()
      local ok, err = fiber:wait(5)
      assert.is_nil(ok)
      assert.equal("cancelled", err.kind)
      assert.equal("what was there", read_file(PATH))
      assert.equal("", leftovers())
      assert.equal(0, client:stats().in_flight)
    end)

    it("is an error of kind io where there is no room", function()
      seed(3000)
      local ok, err = dataset():download_items("json", "/dev/full")
      assert.is_nil(ok)
      assert.equal("io", err.kind)
      local full = assert(io.open("/dev/full", "w"))
      ok, err = dataset():download_items("json", full)
      full:close()
      assert.is_nil(ok)
      assert.equal("io", err.kind)
      assert.equal(0, client:stats().in_flight)
    end)

    it("is an error of kind io where the folder is missing, before anything is sent", function()
      local ok, err = dataset():download_items("json", "/no/such/folder/items.json")
      assert.is_nil(ok)
      assert.equal("io", err.kind)
      assert.equal(0, requests())
    end)

    it("stops where the sink says so, or raises", function()
      seed(3000)
      local cause = { code = 7 }
      local ok, err = dataset():download_items("json", function() error(cause) end)
      assert.is_nil(ok)
      assert.equal("io", err.kind)
      assert.equal(cause, err.cause)
      ok, err = dataset():download_items("json", function() return false end)
      assert.is_nil(ok)
      assert.equal("io", err.kind)
      ok, err = dataset():download_items("json", function() return nil, "no more room" end)
      assert.is_nil(ok)
      assert.matches("no more room", err.message)
      assert.equal(0, client:stats().in_flight)
    end)

    it("of a dataset that is not there is an error, and no file", function()
      os.remove(PATH)
      local ok, err = client:dataset("nosuchdataset"):download_items("json", PATH)
      assert.is_nil(ok)
      assert.is_true(err.not_found)
      assert.is_nil(io.open(PATH))
    end)

    it("refuses another format, a wrong sink and unknown options before anything is sent", function()
      local d = dataset()
      assert.has_error(function() d:download_items "pdf" end)
      assert.has_error(function() d:download_items() end)
      assert.has_error(function() d:download_items("json", 5) end)
      assert.has_error(function() d:download_items("json", PATH, { limti = 5 }) end)
      assert.equal(0, requests())
    end)

    it("larger than max_body_size is too large for a string, but not for a file", function()
      client = client:with { max_body_size = 10000 }
      seed(100)
      local text, err = dataset():download_items "json"
      assert.is_nil(text)
      assert.equal("too_large", err.kind)
      assert.is_true(assert(dataset():download_items("json", PATH)))
    end)
  end)

  describe("that is written", function()
    local function stored() return s:admin("items", { run = id }).items end

    local ITEM = { text = "žluťoučký \"kůň\"\n", number = 1.5, yes = true, list = { 1, 2 }, nested = { a = { b = "c" } } }

    it("takes an item, a list, a JSON text and what an iterator gives", function()
      local d = dataset()
      assert.same({ true, 1 }, { d:push_items(ITEM) })
      assert.same({ true, 2 }, { d:push_items { { n = 1 }, ITEM } })
      assert.same({ true, 2 }, { d:push_items '[{"n":2},{"n":3}]' })
      local n = 3
      assert.same({ true, 2 }, { d:push_items(function()
        n = n + 1
        return n < 6 and { n = n } or nil
      end) })
      assert.same({ ITEM, { n = 1 }, ITEM, { n = 2 }, { n = 3 }, { n = 4 }, { n = 5 } }, stored())
      assert.same({ ITEM, { n = 1 }, ITEM }, d:list_items({ limit = 3 }).items)
    end)

    it("gives back nulls, empty lists and objects as they were pushed", function()
      local d = dataset()
      assert(d:push_items { none = apify.null, list = apify.array {}, object = {} })
      local first = assert(d:iterate_items():next())
      assert(d:push_items(first))
      local text = fetch ""
      assert.is_truthy(text:find '"list":%[%].*"list":%[%]', text)
      assert.is_truthy(text:find '"object":{}.*"object":{}', text)
      assert.is_truthy(text:find '"none":null.*"none":null', text)
    end)

    it("refuses what breaks its schema, and says where", function()
      s:admin("dataset_rules", { run = id, required = { "n" } })
      local ok, err = dataset():push_items { { n = 1 }, { m = 2 }, { n = 3 }, { m = 4 } }
      assert.is_nil(ok)
      assert.same({ "schema-validation-error", 400, 0 }, { err.type, err.status, err.pushed })
      assert.same({ 2, 4 }, { err.data.invalidItems[1].itemPosition, err.data.invalidItems[2].itemPosition })
      assert.same({}, stored())
    end)

    it("copies another dataset through an iterator", function()
      seed(300)
      local other = assert(client:datasets():get_or_create "copy")
      assert.same({ true, 300 }, { client:dataset(other.id):push_items(dataset():iterate_items()) })
      assert.equal(300, client:dataset(other.id):get().itemCount)
    end)
  end)

  it("has statistics", function()
    assert(dataset():push_items { { n = 3, s = "" }, { n = -1, s = "x" }, { n = apify.null, s = "y" } })
    local fields = assert(dataset():get_statistics()).fieldStatistics
    assert.same({ -1, 3, 1, 0 }, { fields.n.min, fields.n.max, fields.n.nullCount, fields.n.emptyCount })
    assert.equal(1, fields.s.emptyCount)
  end)
end)
