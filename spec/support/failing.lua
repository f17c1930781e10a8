--- A module for programs of specs: libcurl's memory, of which the n-th allocation fails, and the operating system's fork.
local program = require "spec.support.program"

local failing = {}

local IS_JIT = rawget(_G, "jit") ~= nil

local MODULE = [[
  #include <curl/curl.h>
  #include <lua.h>
  #include <stdlib.h>
  #include <string.h>
  #include <sys/wait.h>
  #include <unistd.h>
  static long count, nth;
  static int is_due (void) { return ++count == nth; }
  static void *m (size_t n) { return is_due() ? NULL : malloc(n); }
  static void *c (size_t n, size_t k) { return is_due() ? NULL : calloc(n, k); }
  static void *r (void *p, size_t n) { return is_due() ? NULL : realloc(p, n); }
  static char *s (const char *t) { return is_due() ? NULL : strdup(t); }
  static int l_arm (lua_State *L) { count = 0; nth = (long)lua_tonumber(L, 1); return 0; }
  static int l_disarm (lua_State *L) { int hit = nth > 0 && count >= nth; nth = 0; lua_pushboolean(L, hit); return 1; }
  static int l_fork (lua_State *L) { lua_pushnumber(L, fork()); return 1; }
  static int l_wait (lua_State *L) { int st; waitpid((pid_t)lua_tonumber(L, 1), &st, 0); lua_pushnumber(L, st); return 1; }
  static int l_exit (lua_State *L) { _exit((int)lua_tonumber(L, 1)); }
  int luaopen_failing (lua_State *L) {
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, m, free, r, s, c);
    lua_newtable(L);
    lua_pushcfunction(L, l_arm); lua_setfield(L, -2, "arm");
    lua_pushcfunction(L, l_disarm); lua_setfield(L, -2, "disarm");
    lua_pushcfunction(L, l_fork); lua_setfield(L, -2, "fork");
    lua_pushcfunction(L, l_wait); lua_setfield(L, -2, "wait");
    lua_pushcfunction(L, l_exit); lua_setfield(L, -2, "exit");
    return 1;
  }]]

--- A line of Lua that defines the local `failing`; it has to come before apify is loaded. The module is compiled into the folder.
---@param folder string
---@return string
function failing.line(folder)
  local file = assert(io.open(folder .. "/failing.c", "w"))
  file:write(MODULE)
  file:close()
  local output, complaints, status = program.shell(("cc -shared -fPIC -I%s -I/usr/local/include -o %s/failing.so %s/failing.c -lcurl"):format(
    IS_JIT and "/usr/include/luajit-2.1" or "/usr/include/lua5.4", folder, folder))
  assert(status == 0, output .. complaints)
  return ("package.cpath = %q .. package.cpath; local failing = require 'failing'\n"):format(folder .. "/?.so;")
end

return failing
