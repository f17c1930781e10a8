--- The official JavaScript client and ours, asked for the same by the local API: both succeed, both put the same on the wire, and what
--- is a text is the same.
--- `make peers` installs it in build/javascript.
local cases = require "spec.peers.cases"
local control = require "spec.local_api.control_call"
local core = require "apify.core"
local testbed = require "spec.support.testbed"

local HOME = "build/javascript"

local api = testbed.local_api(false)

describe("the official client's vocabulary", function()
  local client, driver, port, input

  setup(function()
    client = testbed.client(api)
    input = os.tmpname()
    assert(os.remove(input) and os.execute("mkfifo " .. input))
    driver = assert(io.popen(("node spec/peers/driver.mjs %s %s <%s"):format(HOME, api.url, input)))
    local path = input
    input = assert(io.open(path, "w"))                     -- the driver ends when this is closed
    os.remove(path)
    port = assert(driver:read "*l", "the JavaScript client does not start: make peers")
  end)

  teardown(function()
    input:close()
    driver:close()
  end)

  local function ask_theirs(case)
    return cases.ask(api, client, case, function(w)
      local answer, status = control(("http://127.0.0.1:%s/"):format(port), core.encode { code = case.js, w = w })
      return status == 200, answer
    end)
  end

  for _, case in ipairs(cases.all()) do
    if case.js then
      it(("%s is %s%s"):format(case.name, case.js, case.differs and ", but on the wire: " .. case.differs or ""), function()
        local value, err, ours = cases.ask(api, client, case, function(w) return case.call(client, w, api) end)
        assert.is_nil(value == nil and tostring(err) or nil)
        local done, text, theirs = ask_theirs(case)
        assert.is_true(done, text)
        if case.is_text then assert.equal(text, value) end
        if case.differs then assert.not_same(theirs, ours) else assert.same(theirs, ours) end
      end)
    end
  end

  it("is all that it has", function()
    local connection = assert(require "socket".connect("127.0.0.1", tonumber(port)))
    connection:send "GET / HTTP/1.0\r\n\r\n"
    local missing = connection:receive "*a":match "\r\n\r\n(.*)$"
    connection:close()
    assert.equal("", missing)
  end)
end)
