--- What a process does around the core: it forks, resolves names slowly, and ends in the middle of things.
--- All of it in children, which no sanitizer watches: so this is none of the specs of the core itself.
local child = require "spec.support.child"
local forking = require "spec.support.forking"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local s = testbed.local_api()
local folder, fork_lines

-- Make slow.so of this code.
local function compile_slow(code)
  local file = assert(io.open(folder .. "/slow.c", "w"))
  file:write(code)
  file:close()
  local output, complaints, status = program.shell(("cc -shared -fPIC -ldl -o %s/slow.so %s/slow.c"):format(folder, folder))
  assert(status == 0, output .. complaints)
end

setup(function()
  folder = program.shell("mktemp -d"):gsub("%s+$", "")
  compile_slow([[
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <netdb.h>
    #include <stdlib.h>
    #include <unistd.h>
    typedef int lookup (const char *, const char *, const struct addrinfo *, struct addrinfo **);
    int getaddrinfo (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res) {
      usleep(1500000);
      return ((lookup *)dlsym(RTLD_NEXT, "getaddrinfo"))(node, service, hints, res);
    }
    __attribute__((destructor)) static void linger (void) { if (getenv("LINGER")) usleep(2000000); }]])
  fork_lines = forking.lines(folder)
end)

teardown(function() program.shell("rm -rf " .. folder) end)

describe("a fork", function()
  it("leaves the parent its connections; the child makes its own", function()
    local output = child.run(fork_lines .. ([[
      io.stdout:setvbuf "no"
      local apify = require "apify"
      local client = apify.new { base_url = %q, max_retries = 0 }
      assert(client:runs():list { limit = 1 })
      local it = client:runs():iterate { chunk_size = 5 }
      it()
      local pid = fork()
      if pid == 0 then
        local page, err = client:runs():list { limit = 2 }
        io.write("child ", page and #page.items or tostring(err), " ")
        it = nil
        collectgarbage()
        collectgarbage()
        exit(0)
      end
      local status = wait(pid)
      local n = 1
      for _ in it do n = n + 1 end
      io.write("parent ", n, " ", #client:runs():list({ limit = 3 }).items, " ", status)
    ]]):format(s.url))
    assert.equal("child 2 parent 25 3 0", output)
    local by_connection = {}
    for _, r in ipairs(s:log().requests) do
      local limit = r.path:match "limit=(%d+)"
      by_connection[r.connection] = (by_connection[r.connection] or "") .. limit .. " "
    end
    for _, limits in pairs(by_connection) do
      assert.is_true(limits == "2 " or not limits:find("2 ", 1, true), limits)          -- the child's request came alone
    end
  end)

  it("lets the child go on with what the parent has begun", function()
    local output = child.run(fork_lines .. ([[
      io.stdout:setvbuf "no"
      local apify = require "apify"
      local client = apify.new { base_url = %q, min_delay_between_retries = 0.01 }
      local it = client:runs():iterate { chunk_size = 5, prefetch = 3 }
      it()
      local waits = client:wait_each({ %q })
      local waiting = apify.spawn(function() return waits:next() end)
      apify.sleep(0.1)
      local pid = fork()
      if pid == 0 then
        local n = 1
        for _ in it do n = n + 1 end
        waiting:cancel()
        io.write("child ", n, " ")
        exit(0)
      end
      wait(pid)
      local n = 1
      for _ in it do n = n + 1 end
      waiting:cancel()
      io.write("parent ", n)
    ]]):format(s.url, s:admin("add_runs", { schedule = { { 0, "RUNNING" }, { 60, "SUCCEEDED" } } }).ids[1]))
    assert.equal("child 26 parent 26", output)
  end)

  it("lets the child not use the parent's core", function()
    local output = child.run(fork_lines .. ([[
      io.stdout:setvbuf "no"
      require "apify"
      local multi = package.loaded["apify.core"].multi()
      local x = multi:submit { url = %q, method = "GET" }
      local pid = fork()
      if pid == 0 then
        local _, _, waited = multi:wait(0, {})
        local _, _, submitted = multi:submit { url = "http://x", method = "GET" }
        io.write(tostring(multi:is_usable()), " ", waited, " ", submitted, " ")
        x:close()
        multi:close()
        exit(0)
      end
      wait(pid)
      while x:phase() ~= "done" do assert(multi:wait(1, {})) end
      io.write(x:status())
    ]]):format(s.url .. "/v2/actor-runs"))
    assert.equal("false context context 200", output)
  end)
end)

describe("a slow name", function()
  local function run(code, more)
    local env = { LD_PRELOAD = folder .. "/slow.so" }
    for name, value in pairs(more or {}) do env[name] = value end
    return child.run(code, { env = env })
  end

  it("does not hold up who gives up", function()
    local output, status = run [[
      local apify = require "apify"
      local core = package.loaded["apify.core"]
      local client = apify.new { base_url = "https://name.invalid", max_retries = 0 }
      local started = core.now()
      local _, err = client:runs():list { request_timeout = 0.2 }
      io.write(err.kind, " ", tostring(err.sent), " ", core.now() - started < 1 and "soon" or "late", "\n")
      started = core.now()
      local fiber = apify.spawn(function() return client:runs():list {} end)
      apify.sleep(0.05)
      fiber:cancel()
      _, err = fiber:wait(1)
      io.write(err.kind, " ", core.now() - started < 1 and "soon" or "late", "\n")
      started = core.now()
      client:with({ connect_timeout = 0.1 }):runs():list {}
      io.write(core.now() - started < 1 and "soon" or "late")
    ]]
    assert.equal("timeout false soon\ncancelled soon\nsoon", output)
    assert.equal(0, status)
  end)

  it("may be under way when the Lua state ends, even if the process goes on (slow)", function()
    local output, status = run([[
      require "apify"
      local multi = package.loaded["apify.core"].multi()
      for i = 1, 4 do
        local x = multi:submit { url = "http://name" .. i .. ".invalid/", method = "GET" }
        multi:wait(0.05, {})
        if i % 2 == 0 then x:close() end
      end
      io.write "end"
    ]], { LINGER = "1" })
    assert.equal("end", output)
    assert.equal(0, status)
  end)
end)

it("a program that ends with transfers in flight ends well", function()
  s:faults { action = { hang = {} } }
  local output, status = child.run(([[
    local apify = require "apify"
    local client = apify.new { base_url = %q }
    for _ = 1, 5 do apify.spawn(function() client:runs():list {} end) end
    apify.sleep(0.05)
    io.write(client:stats().in_flight)
  ]]):format(s.url))
  assert.matches("^5apify: the program has ended while 5 fibers were under way[^\n]*\n$", output)
  assert.equal(0, status)
end)

describe("a libisal.so.2", function()
  local function run()
    return child.run(([[
      local core = require "apify.core"
      local page = assert(require("apify").new({ base_url = %q }):runs():list { limit = 3 })
      io.write(core.inflater(), " ", core.inflater "isa-l", " ", #page.items)
    ]]):format(s.url), { env = { LD_LIBRARY_PATH = folder } })
  end

  it("that is broken, or another library, leaves bodies to zlib", function()
    program.shell(": >" .. folder .. "/libisal.so.2")
    assert.equal("zlib zlib 3", (run()))
    program.shell(("ln -sf $(ls /lib/*/libz.so.1 /usr/lib/*/libz.so.1 | head -n 1) %s/libisal.so.2"):format(folder))
    assert.equal("zlib zlib 3", (run()))
  end)
end)
