--- What is sent to change a storage's own object; URLs of what it holds.
local core = require "apify.core"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"
local testbed = require "spec.support.testbed"

describe("a storage", function()
  local api = testbed.local_api { settings = { journal_bodies = true } }
  local handle

  before_each(function()
    local client = testbed.client(api)
    local id = assert(client:datasets():get_or_create "before").id
    handle = resource.new(resource.define "Thing", client.settings, "/datasets/" .. id)
    api:log(true)
  end)

  local function update(opts) return resource.change(handle, "update", operations.dataset.update, opts) end

  it("is changed by what is given alone: the API's names, false for null", function()
    assert.equal("after", assert(update { name = "after" }).name)
    assert.is_nil(assert(update { name = false, general_access = "RESTRICTED" }).name)
    local requests = api:log().requests
    assert.same({ "PUT", '{"name":"after"}', "application/json; charset=utf-8" }, {
      requests[1].method, requests[1].body, requests[1].headers["content-type"],
    })
    assert.equal('{"generalAccess":"RESTRICTED","name":null}', requests[2].body)
  end)

  it("is given back to the account's settings", function()
    assert(update { general_access = "RESTRICTED" })
    assert.equal("FOLLOW_USER_SETTING", assert(update { general_access = false }).generalAccess)
    assert.equal('{"generalAccess":null}', api:log().requests[2].body)
  end)

  it("is not changed by nothing", function()
    for _, opts in ipairs { {}, { request_timeout = 5 } } do
      local ok, text = pcall(update, opts)
      assert.is_false(ok)
      assert.truthy(text:find("thing:update needs one of the options general_access, name, title", 1, true), text)
    end
    assert.equal(0, #api:log().requests)
  end)
end)

describe("a public URL", function()
  local api = testbed.local_api()
  local client, nobody, dataset, store

  before_each(function()
    client, nobody = testbed.client(api), testbed.client(api, { token = false })
    dataset = client:dataset(assert(client:datasets():get_or_create "items").id)
    store = client:key_value_store(assert(client:key_value_stores():get_or_create "records").id)
    assert(dataset:push_items { { n = 1 }, { n = 2, m = "x" }, { n = 3 } })
    for _, key in ipairs { "a.1", "a.2", "b('!)" } do assert(store:set_record(key, "value of " .. key)) end
    assert(dataset:update { general_access = "RESTRICTED" })
    assert(store:update { general_access = "RESTRICTED" })
  end)

  -- What whoever has no token is given at a URL of the API.
  local function fetch(address)
    local path, list = address:match("^" .. api.url:gsub("%p", "%%%0") .. "/v2(/[^?]*)%??(.*)$")
    local query = {}
    for name, value in list:gmatch "([^=&]+)=([^&]*)" do
      query[name] = value:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
    end
    return nobody:request { path = path, query = query }
  end

  local function is_refused(address)
    local _, err = fetch(address)
    assert.equal(403, err.status)
  end

  it("of items shows them to whoever has no token, chosen and in a format", function()
    is_refused((api.url .. "/v2/datasets/%s/items"):format(dataset.id))
    assert.equal(3, #assert(fetch(assert(dataset:create_items_public_url()))))
    local choice = { expires_in_secs = 60, fields = { "n", "m" }, offset = 1, limit = 1, format = "csv" }
    local address = assert(dataset:create_items_public_url(choice))
    assert.matches("/items%?signature=[%w_-]+&offset=1&limit=1&fields=n%%2Cm&format=csv$", address)
    assert.equal("n,m\n2,x", (assert(fetch(address)):gsub("^\239\187\191", ""):gsub("\r", ""):gsub("\n$", "")))
  end)

  it("is over when its time is", function()
    local address = assert(dataset:create_items_public_url { expires_in_secs = 0.001 })
    local made_at = core.time()
    repeat until core.time() > made_at + 0.002
    is_refused(address)
    is_refused((assert(dataset:create_items_public_url()):gsub("signature=...", "signature=AAA")))
  end)

  it("of keys shows these, and of a record that one alone", function()
    local address = assert(store:create_keys_public_url { expires_in_secs = 60, prefix = "a", exclusive_start_key = "a.1", limit = 5 })
    assert.equal("a.2", assert(fetch(address)).items[1].key)
    local record = assert(store:get_record_public_url "b('!)")
    assert.equal("value of b('!)", assert(fetch(record)))
    is_refused((record:gsub("records/[^?]*", "records/a.1")))
    is_refused((address:gsub("/keys", "/records/a.1")))
  end)

  it("below a run is one of the storage by its own id", function()
    local run = client:run(api:admin("ids").ids[1])
    local id = assert(run:get()).defaultDatasetId
    assert.matches("/v2/datasets/" .. id .. "/items%?signature=", assert(run:dataset():create_items_public_url()))
    assert.equal(dataset:create_items_public_url(), client:dataset("~items"):create_items_public_url())
    assert.matches("/v2/key%-value%-stores/%w+/records/INPUT%?signature=", assert(run:key_value_store():get_record_public_url "INPUT"))
  end)

  it("is plain where the API gives no key, whatever is said of nulls", function()
    local id = assert(client:run(api:admin("ids").ids[1]):get()).defaultDatasetId
    assert.equal(("%s/v2/datasets/%s/items"):format(api.url, id), nobody:dataset(id):create_items_public_url { expires_in_secs = 5 })
    local body = '{"data":{"id":"x","urlSigningSecretKey":null}}'
    api:faults { match = { path = "/datasets/[^/]+$" }, action = { status = { code = 200, body = body } } }
    assert.equal(api.url .. "/v2/datasets/x/items?clean=1", client:with({ nulls = "keep" }):dataset(id):create_items_public_url { clean = true })
  end)

  it("begins with public_base_url", function()
    local other = client:with { public_base_url = "https://data.example.com/api/" }
    assert.matches("^https://data.example.com/api/v2/datasets/", assert(other:dataset(dataset.id):create_items_public_url()))
    for _, bad in ipairs { "https://me:secret@example.com", "ftp://example.com", "" } do
      local ok, text = pcall(client.with, client, { public_base_url = bad })
      assert.is_false(ok)
      assert.matches("option 'public_base_url'", text, 1, true)
      assert.not_matches("secret", text)
    end
  end)

  it("of a missing storage is an error; misuse is found before anything is sent", function()
    for _, call in ipairs { { client:dataset "none", "create_items_public_url" }, { client:key_value_store "none", "create_keys_public_url" } } do
      local address, err = call[1][call[2]](call[1])
      assert.is_nil(address)
      assert.is_true(err.not_found)
    end
    assert.is_true(select(2, client:key_value_store("none"):get_record_public_url "k").not_found)
    api:log(true)
    for _, call in ipairs {
      function() dataset:create_items_public_url { expires_in_secs = 0 } end, function() dataset:create_items_public_url { signature = "s" } end,
      function() dataset:create_items_public_url { format = "pdf" } end, function() store:create_keys_public_url { limit = 1001 } end,
      function() store:get_record_public_url "a/b" end, function() store.create_keys_public_url() end,
    } do
      local ok, text = pcall(call)
      assert.is_false(ok)
      assert.matches("^%S*storage_spec.lua:%d+: ", text)
    end
    assert.equal(0, #api:log().requests)
  end)
end)
