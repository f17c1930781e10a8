--- What the standard library lacks for specs about forks: a program's own fork(), wait(pid) and exit(code).
local program = require "spec.support.program"

local forking = {}

local IS_JIT = rawget(_G, "jit") ~= nil

local JIT_LINES = [[
  local ffi = require "ffi"
  ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
  local fork, exit = ffi.C.fork, ffi.C._exit
  local function wait(pid) local st = ffi.new "int[1]"; ffi.C.waitpid(pid, st, 0); return st[0] end
]]

local MODULE = [[
  #include <lua.h>
  #include <sys/wait.h>
  #include <unistd.h>
  static int l_fork (lua_State *L) { lua_pushinteger(L, fork()); return 1; }
  static int l_wait (lua_State *L) { int st; waitpid((pid_t)lua_tointeger(L, 1), &st, 0); lua_pushinteger(L, st); return 1; }
  static int l_exit (lua_State *L) { _exit((int)lua_tointeger(L, 1)); }
  int luaopen_forker (lua_State *L) {
    lua_newtable(L);
    lua_pushcfunction(L, l_fork); lua_setfield(L, -2, "fork");
    lua_pushcfunction(L, l_wait); lua_setfield(L, -2, "wait");
    lua_pushcfunction(L, l_exit); lua_setfield(L, -2, "exit");
    return 1;
  }]]

--- Lines of Lua that define the three as locals. A module is compiled into the folder where Lua needs one.
---@param folder string
---@return string
function forking.lines(folder)
  if IS_JIT then return JIT_LINES end
  local file = assert(io.open(folder .. "/forker.c", "w"))
  file:write(MODULE)
  file:close()
  local output, complaints, status = program.shell(
    ("cc -shared -fPIC -I/usr/include/lua5.4 -I/usr/local/include -o %s/forker.so %s/forker.c"):format(folder, folder))
  assert(status == 0, output .. complaints)
  return ("package.cpath = %q .. package.cpath\n"):format(folder .. "/?.so;")
    .. 'local f = require "forker"\nlocal fork, wait, exit = f.fork, f.wait, f.exit\n'
end

return forking
