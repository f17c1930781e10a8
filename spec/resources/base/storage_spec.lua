--- What is sent to change a storage's own object.
local apify = require "apify"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"
local storage = require "apify.resources.base.storage"
local testbed = require "spec.support.testbed"

describe("a storage", function()
  local api = testbed.local_api { settings = { journal_bodies = true } }
  local handle

  before_each(function()
    local client = apify.new { base_url = api.url }
    local id = assert(client:datasets():get_or_create "before").id
    handle = resource.new(resource.define "Thing", client.settings, "/datasets/" .. id)
    api:log(true)
  end)

  local function update(opts) return storage.update(handle, operations.dataset.update, opts, "thing:update") end

  it("is changed by what is given alone: the API's names, false for null", function()
    assert.equal("after", assert(update { name = "after" }).name)
    assert.is_nil(assert(update { name = false, general_access = "RESTRICTED" }).name)
    local requests = api:log().requests
    assert.same({ "PUT", '{"name":"after"}', "application/json; charset=utf-8" }, {
      requests[1].method, requests[1].body, requests[1].headers["content-type"],
    })
    assert.equal('{"generalAccess":"RESTRICTED","name":null}', requests[2].body)
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
