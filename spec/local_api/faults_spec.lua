--- Faults of the local API that are asked for and never happen: a spec that set one has shown nothing.
local server = require "spec.local_api.server"
local testbed = require "spec.support.testbed"
local tools = require "spec.support.shell"

local RUNS = "/v2/acts/janedoe~my-actor/runs"
local TEAPOT = { status = { code = 418 } }

-- Where this function was called, as in messages.
local function here()
  local info = debug.getinfo(2, "Sl")
  return info.short_src .. ":" .. info.currentline
end

-- What a function raises.
local function raised(action, ...)
  local ok, problem = pcall(action, ...)
  assert.is_false(ok, "nothing is raised")
  return problem
end

describe("a fault that is asked for", function()
  local api = testbed.local_api()

  local function status_of(path)
    return tools.run(("curl -s -o /dev/null -w '%%{http_code}' '%s%s'"):format(api.url, path))
  end

  -- What is said of a rule that was never hit.
  local function complaint(text, seen)
    return ("a fault was asked for and never happened: %s (it looked at %d requests)"):format(text, seen)
  end

  describe("and never happens", function()
    local MISSED = "'status 1' { action = { status = { code = 418 } }, match = { path = \"/runs$\" } }"
    local ways = {
      ["new rules"] = function(s) s:faults { action = TEAPOT } end,
      ["no rules"] = function(s) s:faults() end,
      ["a reset"] = function(s) s:admin "reset" end,
    }

    for way, act in pairs(ways) do
      it("is an error at " .. way .. ", at the line of the spec, and then forgotten", function()
        local set_at = here() api:faults { match = { path = "/runs$" }, action = TEAPOT }
        local problem = raised(act, api)
        assert.equal("local API: " .. complaint(MISSED .. ", set at " .. set_at, 0), problem:gsub("^spec/local_api/faults_spec%.lua:%d+: ", ""), 10)
        assert.matches("^spec/local_api/faults_spec%.lua:%d+: ", problem)
        assert.same({}, api:admin("faults").rules)
        assert.equal("200", status_of(RUNS))
        api:admin "reset"
      end)
    end

    it("is an error when the server stops, which it does all the same", function()
      local own = server.start()
      own:faults { match = { path = "/runs$" }, action = TEAPOT }
      local problem = raised(function() own:stop() end)
      assert.matches("^spec/local_api/faults_spec%.lua:%d+: local API: a fault was asked for and never happened: 'status 1'", problem)
      assert.equal("", tools.read_file(own.dir .. "/nginx.conf"))
      assert.equal("", tools.read_file("/proc/" .. own.pid .. "/cmdline"))
      own:stop()
    end)

    it("is one error for all such rules, and none for those that were hit", function()
      api:faults({ name = "first", match = { query = "limit=7" }, action = TEAPOT }, { name = "second", action = TEAPOT },
        { name = "third", match = { method = "POST" }, action = { status = { code = 500, body = ("x"):rep(100) } } })
      assert.equal("418", status_of(RUNS))
      local problem = raised(api.faults, api)
      assert.is_nil(problem:find("second", 1, true))
      assert.matches("never happened: 'first' .* match = { query = \"limit=7\" } }, set at .-\n and 'third' .* body = \"x+%.%.%.\"", problem)
    end)

    it("counts as missed when its turn did not come", function()
      api:faults { match = { nth = 3 }, action = TEAPOT }
      assert.equal("200", status_of(RUNS))
      assert.equal("200", status_of(RUNS))
      assert.matches("(it looked at 2 requests)", raised(api.faults, api), 1, true)
      api:faults { match = { nth = 2 }, action = TEAPOT }
      assert.equal("200", status_of(RUNS))
      assert.equal("418", status_of(RUNS))
      api:faults()
    end)

    it("is no error if the rule says that it may miss", function()
      api:faults { may_miss = true, action = TEAPOT }
      api:faults { may_miss = true, action = TEAPOT }
      api:admin "reset"
    end)

    it("is no second failure of a spec that has failed for another reason", function()
      local folder = tools.run("mktemp -d"):match("%S+")
      finally(function() tools.run("rm -rf " .. folder) end)
      local file = assert(io.open(folder .. "/failing_spec.lua", "w"))
      file:write([[
        local server = require "spec.local_api.server"
        local s = server.start()
        teardown(function() s:stop() end)
        before_each(function() s:admin "reset" end)
        it("fails", function() s:faults { action = { hang = {} } } error "its own reason" end)
        it("passes", function() end)
        it("misses", function() s:faults { action = { hang = {} } } end)
      ]])
      file:close()
      local output = tools.run(("%s spec/setup/busted.lua -o plainTerminal %s/failing_spec.lua 2>&1"):format(arg[-1] or "lua5.4", folder))
      assert.matches("2 successes / 0 failures / 2 errors", output)
      assert.matches("its own reason", output)
      local _, count = output:gsub("a fault was asked for and never happened: 'hang 1'", "")
      assert.equal(1, count, output)
    end)
  end)

  describe("with a pattern that can match nothing", function()
    local function refusal(match)
      local _, problem = pcall(api.faults, api, { match = match, action = TEAPOT })
      return problem
    end

    it("is refused where '-' is a quantifier, with the right pattern", function()
      local text = "local API: '-' behind a plain character is a quantifier in the Lua pattern \"%s\": write \"%s\""
      for wrong, right in pairs {
        ["/actor-runs"] = "/actor%-runs", ["^/v2/actor-runs/%w-$"] = "^/v2/actor%-runs/%w-$", ["key-value-stores"] = "key%-value%-stores",
        ["/actor%-tasks/.-/run-sync$"] = "/actor%-tasks/.-/run%-sync$",
      } do
        assert.equal(text:format(wrong, right), refusal { path = wrong })
      end
      assert.equal(text:format("id=a-b", "id=a%-b"), refusal { query = "id=a-b" })
    end)

    it("is refused where the server has no such path", function()
      for _, path in ipairs { "/runs%?", "^/acts/", "/x/y$", "/runs/latest/log", "//", "^$" } do
        assert.equal(("local API: no path of this server matches \"%s\""):format(path), refusal { path = path })
      end
    end)

    it("is refused where it is none", function()
      assert.equal("local API: malformed pattern (missing ']') in \"/runs[\"", refusal { path = "/runs[" })
      assert.equal("local API: malformed pattern (ends with '%') in \"a%\"", refusal { query = "a%" })
    end)

    it("leaves the rules before as they were", function()
      api:faults { action = TEAPOT }
      refusal { path = "/actor-runs" }
      assert.equal("418", status_of(RUNS))
    end)

    it("leaves in peace what is right", function()
      for _, path in ipairs {
        "/runs$", "/runs", "runs", "^", "/acts/", "^/v2/acts/", "/items$", "records/[^/]+$", "/actor%-runs", "/actor%-runs/%w+$", "/once",
        "^/v2/actor%-runs/HG7ML7M8z78YcAPEB$", "actor%-runs/bad", "someone~hangs", "janedoe~my%-actor", "/run%-sync", "run%-sync$", "requests/batch",
        "/acts/[^/]-/runs$", "/a.*s/(.-)/runs/last", "[%w-]+/runs", "/key%-value%-stores/.+/records/K[12]%-?%d*", "^/v2/datasets/[^/]+/items$",
        "/runs?$", "%f[%w]runs", "^%/v2%/acts%/janedoe%~my%-actor$", "/log", "records/a%%20b$", "-runs", "records/[^%]/]+$", "[]a]?runs",
      } do api:faults { match = { path = path }, action = TEAPOT, may_miss = true } end
      for _, query in ipairs { "offset=[1-9]", "offset=[45]%d%d%d&", "limit=1$", "a=%w-&" } do
        api:faults { match = { query = query }, action = TEAPOT, may_miss = true }
      end
    end)
  end)
end)
