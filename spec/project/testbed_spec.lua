--- The testbed sees what a case has left under way.
local apify = require "apify"
local nginx_server = require "spec.hosts.nginx_server"
local program = require "spec.support.program"
local shell = require "spec.support.shell"
local testbed = require "spec.support.testbed"

local api = testbed.local_api { count = 30 }

local function complaint()
  local ok, why = pcall(testbed.check_nothing_left)
  return not ok and why or nil
end

it("a transfer that was begun and not ended", function()
  local rows = testbed.client(api):runs():iterate { chunk_size = 10 }
  assert(rows:next())
  assert.truthy(complaint():find "^%d transfers are left$")
  rows:close()
  assert.is_nil(complaint())
end)

it("a fiber that still waits", function()
  local fiber = apify.spawn(apify.sleep, 60)
  assert.equal("fibers are left", complaint())
  fiber:cancel()
  assert.equal("cancelled", select(2, fiber:wait()).kind)
  assert.is_nil(complaint())
end)

describe("a client of it", function()
  it("has the address that is named, and trusts its certificate", function()
    local seen
    local client = testbed.client(api, { url = "tls_url", on_attempt = function(attempt) seen = attempt end })
    assert.equal(30, assert(client:runs():list()).total)
    assert.equal("2", seen.http_version)
  end)

  it("finds what the reset has made", function()
    assert.equal(api.seeded.last_id, assert(testbed.client(api):run(api.seeded.last_id):get()).id)
  end)
end)

describe("a folder", function()
  local folder = testbed.folder()

  for _, place in ipairs { "first", "second" } do
    it("is empty when the " .. place .. " case begins", function()
      assert.is_nil(io.open(folder .. "/file"))
      local file = assert(io.open(folder .. "/file", "w"))
      file:close()
    end)
  end
end)

describe("an nginx of a spec", function()
  local folder = testbed.folder()

  it("is ended with its files when the spec is, together with all that it runs", function()
    local code = folder .. "/spec.lua"
    shell.write_file(code, [[
      local own = require("spec.hosts.nginx_server").start "http://127.0.0.1:1"
      local file = io.open(os.getenv "TOLD", "w"); file:write(own.pid, " ", own.dir, " "); file:close()
      os.execute "sleep 60"
    ]])
    local told = folder .. "/told"
    local pid = shell.run(("timeout 60 %s >/dev/null 2>&1 & echo $!"):format(program.command(code, { TOLD = told })))
    shell.eventually(function() return shell.read_file(told):find " $" end)
    local nginx, dir = shell.read_file(told):match "(%d+) (%S+) "
    assert.equal(0, (select(3, program.shell("kill -0 " .. nginx))))
    shell.run("kill -TERM " .. pid)
    assert.is_true(nginx_server.secs_until_end(nginx) < 5)
    shell.eventually(function() return shell.run("ls -d " .. dir .. " 2>/dev/null") == "" end)
  end)
end)
