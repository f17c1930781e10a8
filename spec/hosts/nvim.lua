-- luacheck: read globals vim
--- Plays a scene in Neovim: nvim --headless -u NONE -c 'luafile spec/hosts/nvim.lua', with SCENE and what it needs in the environment.
local apify = require "apify"
local play = require "spec.hosts.play"

local host = { name = "nvim" }

--- The host's own timer: calls `fn` each 5 ms until the returned function is called.
function host.ticker(fn)
  local timer = vim.loop.new_timer()
  timer:start(5, 5, fn)
  return function()
    timer:stop()
    timer:close()
  end
end

--- Call `begin`; the editor's loop goes on until `host.leave` is called.
function host.loop(begin)
  host.stays = true
  begin()
end

--- End the editor.
function host.leave(is_failed)
  vim.schedule(function() vim.cmd(is_failed and "cquit" or "qa!") end)
end

--- End the editor at once.
function host.exit() vim.cmd "qa!" end

--- Call `fn` in the loop, outside of all fibers, as a fast event.
function host.in_callback(fn)
  local timer = vim.loop.new_timer()
  timer:start(1, 0, function()
    timer:close()
    fn()
  end)
end

local own = {}

--- In a fiber the editor's own functions can be called, before and after a wait.
function own.api(h)
  h.enter(function()
    vim.api.nvim_buf_set_lines(0, 0, -1, false, { "before" })
    local run = assert(h.client:run(h.run_id):get())
    vim.api.nvim_buf_set_lines(0, 1, -1, false, { run.status })
    h.say(vim.in_fast_event(), table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), " "))
    for _, name in ipairs { "sleep", "iterate", "wait" } do
      if name == "sleep" then apify.sleep(0.01)
      elseif name == "iterate" then h.client:runs():iterate():next()
      else apify.spawn(function() apify.sleep(0.01) end):wait()
      end
      vim.cmd("let g:after = '" .. name .. "'")
      h.say(vim.g.after)
    end
  end)
end

--- In a fast event nothing can wait outside of fibers, but a fiber can be started.
function own.fast(h)
  host.loop(function()
    host.in_callback(function()
      local began = h.now()
      local run, err = h.client:run(h.run_id):get()
      h.say(run, err.kind, h.now() - began < 0.1)
      h.say(err.message)
      local slept, why = apify.sleep(1)
      h.say(slept, why.kind)
      h.say("requests", h.client:stats().attempts)
      apify.spawn(function()
        h.say("fiber", assert(h.client:run(h.run_id):get()).status, vim.in_fast_event())
        host.leave()
      end)
    end)
  end)
end

--- Errors leave fibers while nothing is collected: one of which somebody hears, and one that is kept.
function own.kept_crash(h)
  host.loop(function()
    local told = {}
    rawset(vim, "notify", function(text) told[#told + 1] = text:match "[^\n]*" end)
    local heard = apify.spawn(function() error "heard" end)
    local kept = apify.spawn(function() error("kept", 0) end)
    apify.spawn(function()
      pcall(heard.wait, heard)
      repeat apify.sleep(0.01) until told[1]
      h.say(tostring(kept):match "^[%w.]+", kept:is_done())
      kept = nil                                          -- luacheck: ignore 311
      collectgarbage()
      collectgarbage()
      apify.sleep(0.01)
      h.say(#told, told[1])
      host.leave()
    end)
  end)
end

local function write(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

--- A call that would not end stands in the way of a user, who presses Ctrl-C once the file READY is there.
function own.interrupt(h)
  vim.loop.new_timer():start(200, 0, function() write(os.getenv "READY", "ready") end)
  local began = h.now()
  local run, err = h.client:run(os.getenv "ENDLESS_ID"):wait_for_finish()
  local later = assert(h.client:run(h.run_id):get()).status
  write(os.getenv "RESULT", ("%s %s %s %s %d"):format(run, err.kind, h.now() - began < 10, later, h.client:stats().in_flight))
end

play(host, own)
