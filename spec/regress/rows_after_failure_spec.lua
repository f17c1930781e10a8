--- A page that breaks off: its rows come first, then the failure, and the rest after it.
local testbed = require "spec.support.testbed"

local api = testbed.local_api { count = 250 }

it("pages hands out the rows before a failure first, then tells the failure, then goes on", function()
  api:faults { match = { path = "/runs$", query = "offset=0", first = 1 }, action = { cut = { after_bytes = 5000 } } }
  local client = testbed.client(api, { max_retries = 0 })
  local it = client:actor("janedoe~my-actor"):runs():iterate { prefetch = 1 }
  local next_page, count, failures = it:pages(), 0, 0
  for _ = 1, 10 do
    local ok, page = pcall(next_page)
    if not ok then failures = failures + 1
    elseif page then count = count + page.count
    else break end
    assert.equal(count, it:progress().delivered)
  end
  assert.same({ 250, 1 }, { count, failures })
end)
