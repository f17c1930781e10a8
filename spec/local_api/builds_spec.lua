-- runs once
--- The local API's builds from their start to their end, through curl alone.
local cjson = require "cjson"
local testbed = require "spec.support.testbed"
local tools = require "spec.support.shell"

local ACTOR, BUILDS = "/v2/acts/janedoe~my-actor", "/v2/actor-builds"
local FAILING = { { 0, "READY" }, { 0.01, "RUNNING" }, { 0.05, "FAILED" } }
local LONG = { { 0, "READY" }, { 0.01, "RUNNING" }, { 60, "SUCCEEDED" } }

describe("the local API's builds", function()
  local api = testbed.local_api { count = 1 }

  local function fetch(method, path, more)
    local base = api.dir .. "/fetch"
    os.remove(base .. ".body")
    local status = tools.run(("curl -s -g --noproxy '*' --max-time 30 -X %s -H 'Authorization: Bearer x' %s -o %s.body -w '%%{http_code}' '%s'")
      :format(method, more or "", base, api.url .. path))
    return { status = tonumber(status), body = tools.read_file(base .. ".body") }
  end

  local function data(answer, status)
    assert.equal(status or 200, answer.status, answer.body)
    return cjson.decode(answer.body).data
  end

  local function refused(answer, status, type)
    assert.same({ status, type }, { answer.status, cjson.decode(answer.body).error.type })
  end

  local function start(query) return data(fetch("POST", ACTOR .. "/builds?version=0.1" .. (query or "")), 201) end
  local function tags() return data(fetch("GET", ACTOR)).taggedBuilds end

  it("are READY, RUNNING and SUCCEEDED by the clock, and tagged once they have succeeded", function()
    local build = start "&tag=beta&useCache=1"
    assert.same({ "READY", "0.1.3", true, "beta" }, { build.status, build.buildNumber, build.options.useCache, build.actVersion.buildTag })
    assert.is_nil(tags().beta)
    local ended = data(fetch("GET", BUILDS .. "/" .. build.id .. "?waitForFinish=20"))
    assert.same({ "SUCCEEDED", build.id }, { ended.status, tags().beta.buildId })
    assert.is_string(ended.finishedAt)
    assert.equal("0.1.2", tags().latest.buildNumber)
    assert.equal("SUCCEEDED", start("&waitForFinish=20").status)
    assert.equal("0.1.4", tags().latest.buildNumber)
  end)

  it("fail when they are told to, and have no tag then", function()
    api:admin("build_behaviour", { schedule = FAILING })
    assert.equal("FAILED", start("&tag=beta&waitForFinish=20").status)
    assert.is_nil(tags().beta)
  end)

  it("are aborted, and not again", function()
    api:admin("build_behaviour", { schedule = LONG })
    local path = BUILDS .. "/" .. start().id
    assert.equal("ABORTING", data(fetch("POST", path .. "/abort")).status)
    assert.equal("ABORTED", data(fetch("GET", path .. "?waitForFinish=20")).status)
    assert.equal("ABORTED", data(fetch("POST", (path:gsub("^.*/", ACTOR .. "/builds/")) .. "/abort")).status)
  end)

  it("are deleted once they have ended, save for the default one", function()
    api:admin("build_behaviour", { schedule = LONG })
    local path = BUILDS .. "/" .. start().id
    refused(fetch("DELETE", path), 400, "deleting-unfinished-build")
    fetch("POST", path .. "/abort")
    data(fetch("GET", path .. "?waitForFinish=20"))
    assert.equal(204, fetch("DELETE", path).status)
    refused(fetch("GET", path), 404, "record-not-found")
    refused(fetch("DELETE", BUILDS .. "/" .. data(fetch("GET", ACTOR .. "/builds/default")).id), 400, "deleting-default-build")
  end)

  it("are listed for their Actor and for all", function()
    api:admin("add_builds", { actor = "janedoe~other", count = 2, version = "2.0" })
    local build = start()
    local page = data(fetch("GET", ACTOR .. "/builds?desc=1&limit=1"))
    assert.same({ 2, 1, build.id }, { page.total, page.count, page.items[1].id })
    assert.equal(5, data(fetch("GET", BUILDS)).total)
    assert.equal("2.0.2", data(fetch("GET", BUILDS .. "?offset=3")).items[1].buildNumber)
  end)

  it("have a log, and the OpenAPI definition of their Actor", function()
    local build = start "&waitForFinish=20"
    for _, path in ipairs { BUILDS .. "/" .. build.id .. "/log", "/v2/logs/" .. build.id } do
      local times = {}
      for time in fetch("GET", path).body:gmatch("(%S+) build " .. build.id .. " line %d\n") do times[#times + 1] = time end
      assert.equal(5, #times)
      assert.equal(build.finishedAt, times[5])             -- they are spread over the time that it takes
      for i = 1, 4 do assert.is_true(times[i] < times[i + 1], path) end
    end
    for _, path in ipairs { BUILDS .. "/" .. build.id, ACTOR .. "/builds/" .. build.id, ACTOR .. "/builds/default" } do
      assert.equal(build.id, cjson.decode(fetch("GET", path .. "/openapi.json").body).info["x-build-id"])
    end
  end)

  it("are refused without a version, of one that there is not, and of no Actor", function()
    refused(fetch("POST", ACTOR .. "/builds"), 400, "invalid-input")
    refused(fetch("POST", ACTOR .. "/builds?version=1"), 400, "invalid-input")
    refused(fetch("POST", ACTOR .. "/builds?version=7.7"), 404, "record-not-found")
    refused(fetch("POST", "/v2/acts/nobody/builds?version=0.1"), 404, "actor-not-found")
    refused(fetch("GET", "/v2/acts/nobody/builds"), 404, "actor-not-found")
    refused(fetch("GET", BUILDS .. "/nobody"), 404, "record-not-found")
    local other = api:admin("add_builds", { actor = "janedoe~other" }).ids[1]
    refused(fetch("GET", ACTOR .. "/builds/" .. other), 404, "record-not-found")
  end)

  it("are of the versions that the Actor has, and of none when it was created a moment ago", function()
    local version = '{"versionNumber":"1.2","sourceType":"SOURCE_FILES","buildTag":"next","sourceFiles":[]}'
    tools.write_file(api.dir .. "/body", '{"name":"new","versions":[' .. version .. "]}")
    assert.equal(201, fetch("POST", "/v2/acts", "-H 'Content-Type: application/json' --data-binary @" .. api.dir .. "/body").status)
    local path = "/v2/acts/janedoe~new"
    assert.equal(0, data(fetch("GET", path .. "/builds")).total)
    refused(fetch("GET", path .. "/builds/default"), 404, "record-not-found")
    refused(fetch("POST", path .. "/builds?version=0.1"), 404, "record-not-found")
    refused(fetch("POST", path .. "/runs?build=next"), 400, "unknown-build-tag")
    local build = data(fetch("POST", path .. "/builds?version=1.2&waitForFinish=20"), 201)
    assert.same({ "1.2.1", build.id }, { build.buildNumber, data(fetch("GET", path)).taggedBuilds.next.buildId })
    assert.equal(build.id, data(fetch("POST", path .. "/runs?build=next"), 201).buildId)
  end)
end)
