-- runs once, by LuaJIT
-- runs last
--- The module in Neovim.
local program = require "spec.support.program"
local shell = require "spec.support.shell"
local stage = require "spec.hosts.stage"

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

-- The shell command that runs Neovim in the environment of LuaJIT's build: without a screen, unless env has a TERM.
local function command(env)
  local words = {}
  for name, value in pairs(env) do words[#words + 1] = name .. "=" .. quote(value) end
  local neovim = ([[unset LUA_PATH LUA_CPATH; eval "$(sh spec/setup/env luajit)"; exec env %s ]] ..
    [[nvim %s -u NONE -c "luafile spec/hosts/nvim.lua"]]):format(table.concat(words, " "), env.TERM and "" or "--headless")
  return "sh -c " .. quote(neovim)
end

-- A piece of shell that waits for a file, with n to count; for 15 s at most.
local until_there = "until [ -s %s ] || [ $n -ge 300 ]; do n=$((n + 1)); sleep 0.05; done"

describe("Neovim", function()
  local neovim = stage.new(command)
  setup(function() neovim:open() end)
  teardown(function() neovim:close() end)
  before_each(function() neovim:reset() end)
  neovim:common(it)

  it("keeps its timer on time while a call outside of fibers waits", function()
    neovim:faults { match = { path = "/actor%-runs/" }, action = { delay = 0.5 } }
    assert.same({ "SUCCEEDED" }, neovim:play_on_time "outside_on_time")
  end)

  it("has its own functions in a fiber, after each kind of wait", function()
    assert.same({ "false before SUCCEEDED", "sleep", "iterate", "wait" }, neovim:play "api")
  end)

  it("refuses to wait in a fast event outside of fibers, before anything is sent", function()
    local told = neovim:play "fast"
    assert.matches("vim%.schedule", table.remove(told, 2))
    assert.same({ "nil context true", "nil context", "requests 0", "fiber SUCCEEDED false" }, told)
  end)

  it("is told within a second or so of an error in a fiber that nobody waits for, once, and though the fiber is kept", function()
    assert.same({ "apify.Fiber true", "1 apify: error in a fiber that nobody waited for: kept" }, neovim:play "kept_crash")
  end)

  it("ends a call that waits when Ctrl-C is pressed in a terminal", function()
    local ready, result = neovim.s.dir .. "/ready", neovim.s.dir .. "/result"
    local typist = ("n=0; %s; printf '\\003'; %s"):format(until_there:format(ready), until_there:format(result))
    local editor = neovim:command_of("interrupt", { TERM = "xterm", READY = ready, RESULT = result })
    local _, _, code = program.shell(("{ %s; } | timeout 30 script -qefc %s /dev/null"):format(typist, quote(editor)))
    assert.equal("nil cancelled true SUCCEEDED 0", shell.read_file(result))
    assert.equal(0, code)
  end)
end)
