--- An allocation of libcurl's that failed made a request that asked for something else, a wait without end, or an error of another name;
--- and an error that was raised in the middle of a value, for want of room on the stack, made the transfer one that "is being read already".
local core = require "apify.core"
local failing = require "spec.support.failing"
local program = require "spec.support.program"
local testbed = require "spec.support.testbed"

local DEPTH = 200

describe("an allocation of libcurl's that fails", function()
  local api = testbed.local_api { count = 30 }
  local folder = testbed.folder()

  it("is an error of kind memory at once, or does not matter; what was asked for is what comes", function()
    local output = program.run_code(failing.line(folder) .. [[
      local apify = require "apify"
      local client = apify.new { base_url = os.getenv "API_URL", token = false, max_retries = 1, min_delay_between_retries = 0, request_timeout = 2 }
      local function attempt()
        local page, err = client:actor("janedoe~my-actor"):runs():list { offset = 20, limit = 3 }
        if page then return page.offset == 20 and #page.items == 3 and "right" or "another page" end
        return (err.kind == "memory" or err.message:find "no memory") and "memory" or tostring(err)
      end
      local count, rights, n, has_failed = 0, 0, 0, true
      repeat
        n = n + 1
        local pid = failing.fork()
        if pid == 0 then
          failing.arm(n)
          local what = attempt()
          if not failing.disarm() then failing.exit(3) end
          local is_usable = what == "right" or attempt() == "right"
          if what ~= "right" and what ~= "memory" or not is_usable then print(n, what, is_usable) io.stdout:flush() end
          failing.exit(what == "right" and 1 or 0)
        end
        local status = failing.wait(pid)                             -- a crash is libcurl's own: a signal, which is no exit
        has_failed = status ~= 3 * 256
        if status == 256 then rights = rights + 1 end
        if status == 0 then count = count + 1 end
      until not has_failed
      print("ended", count > 20 and rights > 2)
    ]], { API_URL = api.url })
    assert.equal("ended\ttrue\n", output)
  end)
end)

describe("a transfer whose value there was no room for", function()
  local api = testbed.local_api()
  local decoder = core.decoder()
  local multi, transfer

  -- The transfer has an answer with this body.
  local function answer(body)
    api:faults { action = { status = { code = 200, body = body, content_type = "text/plain" } } }
    multi = assert(core.multi())
    transfer = assert(multi:submit { method = "GET", url = api.url .. "/v2/actor-runs" })
    while transfer:phase() ~= "done" do assert(multi:wait(1, {})) end
  end

  after_each(function()
    transfer:close()
    multi:close()
  end)

  -- Call `read` with just so little room on the stack that it raises an error: as late in it as possible.
  local function raise_in(read)
    local function dive(levels, ...)
      if levels == 0 then return pcall(read) end
      local ok = dive(levels - 1, ...)
      return ok
    end
    local enough, too_many, has_raised = 0, 1e5, false
    while too_many - enough > 1 do
      local levels = math.floor((enough + too_many) / 2)
      local ok, has_returned = pcall(dive, levels, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)      -- so that each level takes some room
      if ok and has_returned then enough = levels else too_many = levels end
      has_raised = has_raised or ok and not has_returned
    end
    return has_raised
  end

  it("can be read afterwards, where there is room", function()
    answer(("["):rep(DEPTH) .. ("]"):rep(DEPTH))
    assert.is_true(raise_in(function() return transfer:value(decoder) end))
    assert.equal("table", type(transfer:value(decoder)))
  end)

  it("gives the very row afterwards that there was no room for", function()
    local rows = {}
    for i = 1, 100 do rows[i] = ('{"n":%d,"deep":%s1%s}'):format(i, ("["):rep(DEPTH), ("]"):rep(DEPTH)) end
    answer("[" .. table.concat(rows, ", ") .. "]")
    local count = 1
    assert.equal(1, transfer:row(decoder).n)
    assert.is_true(raise_in(function()
      if not transfer:row(decoder) then assert(transfer:skip_row()) end
      count = count + 1
    end))
    for n = count + 1, 100 do assert.equal(n, assert(transfer:row(decoder)).n) end
    assert.same({ nil, "end" }, { transfer:row(decoder) })
  end)
end)
