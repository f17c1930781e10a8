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

  it("can be read afterwards, where there is room", function()
    api:faults { action = { status = { code = 200, body = ("["):rep(DEPTH) .. ("]"):rep(DEPTH), content_type = "text/plain" } } }
    local multi = assert(core.multi())
    local transfer = assert(multi:submit { method = "GET", url = api.url .. "/v2/actor-runs" })
    while transfer:phase() ~= "done" do assert(multi:wait(1, {})) end
    local decoder = core.decoder()

    --- "fine", "raised", or an error of its own when there is no room for so many levels.
    local function dive(levels)
      if levels == 0 then
        local ok, value, message = pcall(transfer.value, transfer, decoder)
        return not ok and "raised" or value and "fine" or message     -- such as "nested too deep for the stack that is left"
      end
      local what = dive(levels - 1)
      return what
    end

    local enough, too_many, found = 0, 1e6, nil
    while too_many - enough > 1 and not found do
      local levels = math.floor((enough + too_many) / 2)
      local ok, what = pcall(dive, levels)
      if not ok then too_many = levels
      elseif what == "raised" then found = what
      else enough = levels
      end
    end
    assert.equal("raised", found)
    assert.equal("table", type(transfer:value(decoder)))
    transfer:close()
    multi:close()
  end)
end)
