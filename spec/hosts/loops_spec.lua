-- runs once
--- How fibers go on in Neovim: where its functions may be called, and known as fibers, whatever the editor does in between.
local program = require "spec.support.program"
local shell = require "spec.support.shell"
local testbed = require "spec.support.testbed"

-- In front of each script. `finish()` ends the editor's wait.
local PRELUDE = [[
  local apify, loop = require "apify", require "apify.loop"
  local client = apify.new { base_url = os.getenv "API_URL", token = "apify_api_loops" }
  local function status() return assert(client:run(os.getenv "RUN_ID"):get()).status end
  local function say(...)
    local words = { ... }
    for i = 1, select("#", ...) do words[i] = tostring(words[i]) end
    io.stdout:write(table.concat(words, " "), "\n")
  end
  local is_over = false
  local function finish() is_over = true end
  local function after(milliseconds, fn)
    local timer = vim.loop.new_timer()
    timer:start(milliseconds, 0, fn)
  end
]]

local WAIT = [[

  say("over", (vim.wait(15000, function() return is_over end)))
]]

describe("a fiber in Neovim", function()
  local api = testbed.local_api { count = 25 }

  -- What the script says, which must complain of nothing.
  local function play(code)
    local path = api.dir .. "/script.lua"
    shell.write_file(path, PRELUDE .. code .. WAIT)
    local output, complaints, exit_code = program.shell(([[unset LUA_PATH LUA_CPATH; eval "$(sh spec/setup/env luajit)"; ]] ..
      [[API_URL=%s RUN_ID=%s timeout 30 nvim --headless -u NONE -c 'luafile %s' -c 'qa!']]):format(api.url, api.seeded.last_id, path))
    assert.same({ "", 0 }, { complaints, exit_code }, output)
    return output
  end

  it("goes on outside of fast events when it is cancelled in one", function()
    assert.equal("in a fast event true\nnil cancelled false true\nover true\n", play [[
      local fiber = apify.spawn(function()
        local ok, err = apify.sleep(100)
        say(ok, err.kind, vim.in_fast_event(), (pcall(vim.api.nvim_buf_set_lines, 0, 0, -1, false, { "x" })))
        finish()
      end)
      after(20, function()
        say("in a fast event", vim.in_fast_event())
        fiber:cancel()
      end)
    ]])
  end)

  it("goes on when it began 40 deep inside others", function()
    assert.equal("40\nover true\n", play [[
      local started = 0
      local function nest(count)
        started = started + 1
        if count > 1 then return apify.spawn(nest, count - 1) end
        apify.sleep(0.01)
        say(started)
        finish()
      end
      apify.spawn(nest, 40)
    ]])
  end)

  local cases = {
    { "an autocommand that makes a call", [[
      _G.on_user = function() say("inside", status()) end
      vim.cmd "autocmd User Mine lua on_user()"
    ]], [[vim.cmd "doautocmd User Mine"]] },
    { "vim.wait, during which a call is made", [[local has_answer = false]], [[
      vim.schedule(function()
        say("inside", status())
        has_answer = true
      end)
      vim.wait(10000, function() return has_answer end)
    ]] },
  }
  for _, case in ipairs(cases) do
    it("is still one after " .. case[1], function()
      assert.equal("true\ninside SUCCEEDED\ntrue\nnil cancelled\nnil cancelled\nover true\n", play(case[2] .. [[
        local fiber
        fiber = apify.spawn(function()
          apify.sleep(0.01)
          say(loop.current_task() ~= nil)
          ]] .. case[3] .. [[

          say(loop.current_task() ~= nil)
          vim.schedule(function() fiber:cancel() end)
          for _ = 1, 2 do
            local ok, err = apify.sleep(5)
            say(ok, err and err.kind)
          end
          finish()
        end)
      ]]))
    end)
  end
end)
