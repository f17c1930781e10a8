--- An error at any moment, such as Ctrl-C's: a debug hook raises it in the middle of some file's instructions. (Compiled code has no hooks:
--- the compiler of LuaJIT is off from here on.)
local interrupts = {}

interrupts.MESSAGE = "interrupted here"

local make_coroutine = coroutine.create

if jit then jit.off() end

--- Have `fn` run with the hook, in all of its coroutines. Where that is, a hook belongs to one of them under Lua 5.4.
local function call_hooked(hook, step, fn)
  if not jit then
    coroutine.create = function(f)                       -- luacheck: ignore 122
      local co = make_coroutine(f)
      debug.sethook(co, hook, "", step)
      return co
    end
  end
  debug.sethook(hook, "", step)
  local ok, why = pcall(fn)
  debug.sethook()
  coroutine.create = make_coroutine                      -- luacheck: ignore 122
  return ok, why
end

--- Call `fn`, and raise an error after the first `n` times `step` instructions, at the next that is in a file whose name has `name` in it.
--- Where that was, nil if `fn` had ended before; and what pcall of it returned.
---@param n integer
---@param step integer
---@param name string
---@param fn fun()
---@return string? where
---@return boolean ok
---@return any why
function interrupts.call(n, step, name, fn)
  local count, where, is_over = 0, nil, false
  local function hook()
    if is_over then return end
    count = count + 1
    if count < n then return end
    local at = debug.getinfo(2, "Sl")
    if not at.source:find(name, 1, true) then
      debug.sethook(hook, "", 1)
      return
    end
    where, is_over = ("%s:%d"):format(at.source:match "[^/]*$", at.currentline), true
    error(interrupts.MESSAGE, 0)
  end
  local ok, why = call_hooked(hook, step, fn)
  is_over = true
  return where, ok, why
end

--- Call `case(at)` again and again. There `at(meanwhile, act)` calls `act`, and in the middle of that `meanwhile`, before its n-th
--- instruction in a file whose name has `name` in it: n = 1, 2, ... until there are no more. How many there were.
---@param name string
---@param case fun(at: fun(meanwhile: fun(), act: fun()))
---@return integer
function interrupts.each_place(name, case)
  local n, is_reached = 0, nil
  local function at(meanwhile, act)
    local count = 0
    local function hook()
      if is_reached or not debug.getinfo(2, "S").source:find(name, 1, true) then return end
      count = count + 1
      if count < n then return end
      is_reached = true
      debug.sethook()
      meanwhile()
    end
    local ok, why = call_hooked(hook, 1, act)
    if not ok then error(why, 0) end
  end
  repeat
    n, is_reached = n + 1, false
    case(at)
  until not is_reached
  return n - 1
end

return interrupts
