--- A module for programs of specs: libcurl's memory or Lua's, of which the n-th allocation fails, and the operating system's fork.
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
  static lua_Alloc lua_real;
  static void *lua_user, *again_at;
  static size_t again_old, again_new;
  static long lua_count, lua_nth;
  static int is_again;
  static void *a (void *user, void *p, size_t old, size_t new) {
    if (new == 0 || (p != NULL && new <= old)) return lua_real(lua_user, p, old, new);
    if (is_again && p == again_at && old == again_old && new == again_new) return is_again = 0, NULL;
    if (++lua_count != lua_nth) return lua_real(lua_user, p, old, new);
    again_at = p; again_old = old; again_new = new; is_again = LUA_VERSION_NUM >= 504;
    return NULL;
  }
  static int l_arm_lua (lua_State *L) {
    lua_count = 0; is_again = 0; lua_nth = (long)lua_tonumber(L, 1);
    lua_real = lua_getallocf(L, &lua_user);
    lua_setallocf(L, a, NULL);
    return 0;
  }
  static int l_disarm_lua (lua_State *L) { lua_setallocf(L, lua_real, lua_user); lua_pushboolean(L, lua_count >= lua_nth); return 1; }
  static int l_fork (lua_State *L) { lua_pushnumber(L, fork()); return 1; }
  static int l_wait (lua_State *L) { int st; waitpid((pid_t)lua_tonumber(L, 1), &st, 0); lua_pushnumber(L, st); return 1; }
  static int l_exit (lua_State *L) { _exit((int)lua_tonumber(L, 1)); }
  int luaopen_failing (lua_State *L) {
    curl_global_init_mem(CURL_GLOBAL_DEFAULT, m, free, r, s, c);
    lua_newtable(L);
    lua_pushcfunction(L, l_arm); lua_setfield(L, -2, "arm");
    lua_pushcfunction(L, l_disarm); lua_setfield(L, -2, "disarm");
    lua_pushcfunction(L, l_arm_lua); lua_setfield(L, -2, "arm_lua");
    lua_pushcfunction(L, l_disarm_lua); lua_setfield(L, -2, "disarm_lua");
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
