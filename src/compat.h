/* compat.h - every difference between Lua 5.4 and LuaJIT 2.1 (API level 5.1) that the core meets.
** The rest of the core is written against the names of 5.4 and has no version test. */
#ifndef APIFY_COMPAT_H
#define APIFY_COMPAT_H

#include <lua.h>
#include <lauxlib.h>

#if LUA_VERSION_NUM >= 503
#define COMPAT_HAS_INTEGERS 1
#else
#define COMPAT_HAS_INTEGERS 0          /* every number is a double: integers are exact to 2^53 */
#endif

/* Calling a compiled constructor builds a table faster than filling one does: true of LuaJIT, not of 5.4. */
#if LUA_VERSION_NUM < 502
#define COMPAT_CONSTRUCTORS 1
#else
#define COMPAT_CONSTRUCTORS 0
#endif

#if LUA_VERSION_NUM == 503
#define lua_newuserdatauv(L, size, n)    lua_newuserdata(L, size)
#define lua_setiuservalue(L, idx, n)     lua_setuservalue(L, idx)
#define lua_getiuservalue(L, idx, n)     lua_getuservalue(L, idx)
#endif

#if LUA_VERSION_NUM < 502

#ifndef LUA_OK
#define LUA_OK 0
#endif
#define lua_rawlen(L, idx)               lua_objlen(L, idx)

/* One user value, and it must be a table: a 5.1 userdata has an environment instead. */
#define lua_newuserdatauv(L, size, n)    lua_newuserdata(L, size)
#define lua_setiuservalue(L, idx, n)     lua_setfenv(L, idx)
#define lua_getiuservalue(L, idx, n)     lua_getfenv(L, idx)

#define lua_absindex(L, i)               ((i) > 0 || (i) <= LUA_REGISTRYINDEX ? (i) : lua_gettop(L) + (i) + 1)

/* Own copies, so that one build runs under LuaJIT and under plain 5.1, which lacks them. */
#undef luaL_newlib
#define luaL_newlib(L, list)             (lua_newtable(L), luaL_setfuncs(L, list, 0))
#define luaL_setfuncs                    compat_setfuncs
#define luaL_setmetatable                compat_setmetatable
#define luaL_testudata                   compat_testudata
#define lua_rawgetp                      compat_rawgetp
#define lua_rawsetp                      compat_rawsetp

/* Add the functions of 'list' to the table below 'nup' upvalues; pops the upvalues. */
static inline void compat_setfuncs (lua_State *L, const luaL_Reg *list, int nup) {
  luaL_checkstack(L, nup + 1, "too many upvalues");
  for (; list->name != NULL; list++) {
    for (int i = 0; i < nup; i++) lua_pushvalue(L, -nup);
    lua_pushcclosure(L, list->func, nup);
    lua_setfield(L, -(nup + 2), list->name);
  }
  lua_pop(L, nup);
}

/* Give the value on top the metatable registered as 'tname'; the stack stays as it was. */
static inline void compat_setmetatable (lua_State *L, const char *tname) {
  luaL_getmetatable(L, tname);
  lua_setmetatable(L, -2);
}

/* The userdata at 'idx' if it is a 'tname', else NULL; the stack stays as it was. */
static inline void *compat_testudata (lua_State *L, int idx, const char *tname) {
  void *p = lua_touserdata(L, idx);
  if (p == NULL || !lua_getmetatable(L, idx)) return NULL;
  luaL_getmetatable(L, tname);
  if (!lua_rawequal(L, -1, -2)) p = NULL;
  lua_pop(L, 2);
  return p;
}

/* Push t[p], raw, with a light userdata as key. */
static inline void compat_rawgetp (lua_State *L, int idx, const void *p) {
  idx = lua_absindex(L, idx);
  lua_pushlightuserdata(L, (void *)p);
  lua_rawget(L, idx);
}

/* t[p] = the value on top, raw; pops it. */
static inline void compat_rawsetp (lua_State *L, int idx, const void *p) {
  idx = lua_absindex(L, idx);
  lua_pushlightuserdata(L, (void *)p);
  lua_insert(L, -2);
  lua_rawset(L, idx);
}

/* Hooks are of all coroutines. */
static inline void compat_hear_interrupt (lua_State *L) { (void)L; }

#else

/* Ctrl-C, of which the program lua tells by a hook of the main thread that raises an error at its next instruction. In another coroutine,
** where that would come only after the wait, take the hook over. Debuggers have no such one. */
static inline void compat_hear_interrupt (lua_State *L) {
  const int all = LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT;
  lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
  lua_State *mainthread = lua_tothread(L, -1);
  lua_pop(L, 1);
  if (mainthread == L || lua_gethookmask(mainthread) != all || lua_gethookcount(mainthread) != 1) return;
  lua_sethook(L, lua_gethook(mainthread), all, 1);
  lua_sethook(mainthread, NULL, 0, 0);
}

#endif

#endif
