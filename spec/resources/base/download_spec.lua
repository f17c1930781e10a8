--- Downloads: where the bytes go, and which run they are of.
local apify = require "apify"
local download = require "apify.resources.base.download"
local operations = require "apify.resources.base.operations"
local resource = require "apify.resources.base.resource"
local testbed = require "spec.support.testbed"

local ACTOR = "janedoe~my-actor"

describe("a download", function()
  local api = testbed.local_api { count = 2, statuses = { "SUCCEEDED" } }
  local client, id, handle

  before_each(function()
    client = testbed.client(api, { max_retries = 0 })
    local ids = api:admin("ids", { actor = ACTOR }).ids
    id = ids[#ids]
    api:admin("set_log", { run = id, text = "some bytes\n" })
    handle = resource.new(resource.define "Thing", client.settings, "/logs/" .. id)
    api:log(true)
  end)

  after_each(function()
    collectgarbage()
    assert.equal(0, client:stats().in_flight, "transfers are left")
  end)

  local function run(to, o, fields) return download.run(handle, operations.log.download, o or {}, to, nil, fields) end

  it("is returned, or given to a sink, with the answer's head", function()
    local text, info = run()
    assert.same({ "some bytes\n", 200 }, { text, info.status })
    local pieces = {}
    assert.is_true((run(function(bytes) pieces[#pieces + 1] = bytes end)))
    assert.equal("some bytes\n", table.concat(pieces))
  end)

  it("asks with the options, and with fields beside", function()
    assert.same({ 500 }, { (function()
      api:faults { match = { query = "raw=1" }, action = { status = { code = 500 } } }
      local _, err = run(nil, { raw = true })
      return err.status
    end)() })
    local _, err = run(nil, {}, { media = "zip" })
    assert.equal("decode", err.kind)
  end)

  it("into what cannot be opened sends nothing, and says of what", function()
    local ok, err = run "/no/such/folder/file"
    assert.is_nil(ok)
    assert.same({ "io", "GET", "/v2/logs/" .. id }, { err.kind, err.method, err.path })
    assert.equal(0, #api:log().requests)
  end)

  it("of a client that is closed is refused before its sink is touched", function()
    client:close()
    assert.equal("closed", select(2, run "/no/such/folder/file").kind)
    client = apify.new { base_url = api.url }
  end)

  it("below a last run is of the run that is last at the first step", function()
    local path = "/acts/" .. ACTOR .. "/runs/last"
    local mount = { query = {}, run_path = path, is_last = true }
    local last = resource.new(resource.define "Log", client.settings, path .. "/log", nil, mount)
    local bytes = download.stream(last, function(log) return resource.request(log, operations.log.get, {}) end)
    assert.equal(0, #api:log().requests)
    assert.equal(200, assert(bytes:info()).status)
    bytes:close()
    local paths = {}
    for i, request in ipairs(api:log().requests) do paths[i] = request.path end
    assert.same({ "/v2" .. path, "/v2/actor-runs/" .. id .. "/log" }, paths)
  end)
end)
