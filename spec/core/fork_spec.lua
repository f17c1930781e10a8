--- What a forked child leaves the parent of what that has begun: files, transfers, streams, uploads.
local answers = require "apify.http.answers"
local apify = require "apify"
local core = require "apify.core"
local forking = require "spec.support.forking"
local shell = require "spec.support.shell"
local source = require "apify.http.source"
local stream = require "apify.http.stream"
local transfers = require "spec.support.transfers"
local upload_body = require "apify.http.upload"

local folder

local submit, drive = transfers.submit, transfers.drive

setup(function()
  transfers.start()
  folder = shell.run("mktemp -d"):match "%S+"
end)

teardown(function()
  transfers.stop()
  os.execute("rm -rf " .. folder)
end)

before_each(transfers.reset)
after_each(transfers.check)

describe("a fork", function()
  local fork, wait, exit

  setup(function()
    fork, wait, exit = (rawget(_G, "loadstring") or load)(forking.lines(folder) .. "return fork, wait, exit")()
  end)

  it("leaves the parent its unfinished file", function()
    local f, g = assert(core.file(folder .. "/forked")), assert(core.file(folder .. "/taken"))
    assert.is_true(f:write "the parent's")
    local pid = fork()
    if pid == 0 then
      f:discard()
      local _, _, name = g:commit()
      exit(name == "io" and 0 or 1)
    end
    wait(pid)
    assert.equal("", shell.read_file(folder .. "/taken"))
    assert.is_true(f:commit())
    assert.is_true(g:commit())
    assert.equal("the parent's", shell.read_file(folder .. "/forked"))
  end)

  --- Leave a text for the parent, if this is the child of the fork; else what the child has left.
  local function hear(pid, fn)
    if pid == 0 then
      local _, text = pcall(fn)
      shell.write_file(folder .. "/heard", tostring(text))
      exit(0)
    end
    wait(pid)
    return shell.read_file(folder .. "/heard")
  end

  it("makes the parent's transfers foreign to the child, but those that are done", function()
    local done, x = submit {}, submit { path = "/v2/actor-runs?waitForFinish=60" }
    drive(function() return done:phase() == "done" end)
    transfers.server:faults { action = { hang = {} } }
    local pending = submit {}
    drive(function() return transfers.server:admin("faults").rules[1].hits >= 1 end)        -- x may be as late
    assert.equal("true false false", hear(fork(), function()
      local closed = x
      closed:close()
      return ("%s %s %s"):format(pending:is_foreign(), done:is_foreign(), closed:is_foreign())
    end))
    assert.is_false(pending:is_foreign())
    pending:close()
    x:close()
  end)

  it("lets parent and child read the same stream to its end, each over its own connection", function()
    transfers.server:admin("reset", { count = 1000 })
    local client = apify.new { base_url = transfers.server.url, token = "t", min_delay_between_retries = 0.01 }
    local function open()
      return stream.new { settings = client.settings, deadline = 30, request = {
        path = "/acts/janedoe~my-actor/runs", query = { { "limit", "1000" } }, stall_timeout = math.huge,
      } }
    end
    local function drain(st)
      local pieces = {}
      while true do
        local bytes, err = st:read()
        if err then return tostring(err) end
        if not bytes then return table.concat(pieces) end
        pieces[#pieces + 1] = bytes
      end
    end
    local whole = drain(open())
    assert.is_true(#whole > 300000)
    for _, has_begun in ipairs { true, false } do
      transfers.server:faults { match = { first = 1 }, action = { drip = { bytes = 20000, secs = 0.1 } } }
      local st = open()
      local first = has_begun and st:read() or ""
      if not has_begun then apify.spawn(function() st:info() end) end
      assert.is_true(whole == first .. hear(fork(), function() return drain(st) end))
      assert.is_true(whole == first .. drain(st))
    end
  end)

  it("leaves the parent its upload", function()
    local client = apify.new { base_url = transfers.server.url, token = "t" }
    local store = client:key_value_store(assert(client:key_value_stores():get_or_create()).id)
    local pid, calls = nil, 0
    local op = { method = "PUT", path = "/key-value-stores/" .. store.id .. "/records/k", headers = {}, deadline = 30 }
    local value, err = upload_body.run(client.settings, op, source.open(function()
      calls = calls + 1
      if calls == 2 then pid = fork() end
      return calls < 4 and "piece " or nil
    end), answers.acknowledgement)
    assert.equal("context", hear(pid, function() return value and "stored" or err.kind end))
    assert.truthy(value)
    assert.equal("piece piece piece ", assert(store:get_record("k", { raw = true })).value)
  end)
end)
