--- Runs a Lua program as a user would, in a process of its own, with the interpreter of the spec.
local program = {}

local IS_JIT = rawget(_G, "jit") ~= nil
local INTERPRETER = (os.getenv "SPEC_WRAPPER" or "") .. (IS_JIT and " luajit" or " lua5.4")

-- Not package.path and package.cpath: an nginx below the program would look there too, with another Lua.
local LUA_PATH = os.getenv "LUA_PATH" or "./lua/?.lua;./lua/?/init.lua;;"
local LUA_CPATH = os.getenv "LUA_CPATH" or ("./build/%s/?.so;;"):format(IS_JIT and "luajit" or "5.4")

--- Are the programs run under AddressSanitizer, which takes memory of its own?
program.is_wrapped = os.getenv "SPEC_WRAPPER" ~= nil

local function quote(text)
  return "'" .. tostring(text):gsub("'", "'\\''") .. "'"
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  os.remove(path)
  return text
end

--- The shell command that runs a program with the environment given and the module of this checkout.
---@param path string
---@param env? table<string, string>
---@return string
function program.command(path, env)
  local words = { "env" }
  local function set(name, value) words[#words + 1] = quote(name .. "=" .. value) end
  set("LUA_PATH", LUA_PATH)
  set("LUA_CPATH", LUA_CPATH)
  for name, value in pairs(env or {}) do set(name, value) end
  return table.concat(words, " ") .. (" %s %s"):format(INTERPRETER, quote(path))
end

--- Run a shell command without a terminal: what it wrote, and its exit code.
---@param command string
---@return string output
---@return string complaints what went to standard error
---@return integer code
function program.shell(command)
  local base = os.tmpname()
  local pipe = assert(io.popen(("unset LD_PRELOAD; { %s\n} >%s.out 2>%s.err </dev/null; echo $?"):format(command, base, base)))
  local code = tonumber(pipe:read "*a")
  pipe:close()
  os.remove(base)
  return read(base .. ".out"), read(base .. ".err"), code
end

--- Run a program without a terminal: what it wrote, and its exit code. `before`: shell words in front, such as "ulimit -n 20;".
---@param path string
---@param env? table<string, string>
---@param before? string
---@return string output
---@return string complaints
---@return integer code
function program.run(path, env, before)
  return program.shell((before or "") .. " " .. program.command(path, env))
end

--- The same of Lua code.
---@param code string
---@param env? table<string, string>
---@param before? string
---@return string output
---@return string complaints
---@return integer code
function program.run_code(code, env, before)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(code)
  file:close()
  local output, complaints, status = program.run(path, env, before)
  os.remove(path)
  return output, complaints, status
end

--- Run a program in a terminal of its own: all that it wrote there, and its exit code. `press` is typed once
--- the terminal shows `after`, one after the other.
---@param path string
---@param env? table<string, string>
---@param keys? { press: string, after: string }[]
---@return string screen
---@return integer code
function program.run_in_terminal(path, env, keys)
  local shown = os.tmpname()
  local typist = {}
  for i, key in ipairs(keys or {}) do
    typist[i] = ("n=0; until grep -q %s %s || [ $n -ge 400 ]; do n=$((n+1)); sleep 0.05; done; printf %s;"):format(
      quote(key.after), shown, quote(key.press))
  end
  local command = ("{ %s true; } | script -qefc %s /dev/null >%s"):format(table.concat(typist, " "), quote(program.command(path, env)), shown)
  local _, _, code = program.shell(command)
  return read(shown), code
end

return program
