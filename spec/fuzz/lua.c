/* lua.c - the targets that are written in Lua, the file FUZZ_LUA: it returns a function of the input, which raises where a promise
** does not hold. libFuzzer sees which lines of Lua follow each other by counters of its own kind; not under LuaJIT, which would
** have to interpret all. */
#include <stdint.h>
#include <stdio.h>

#include "compat.h"
#include "fuzz.h"

#if !COMPAT_CONSTRUCTORS && !defined(PLAIN)

#define COUNTERS 16384

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

static void on_line (lua_State *L, lua_Debug *ar) {
  static uintptr_t previous;
  lua_getinfo(L, "S", ar);
  uintptr_t place = ((uintptr_t)ar->source >> 4) * 31 + (uintptr_t)ar->currentline * 2654435761u;
  uint8_t *counter = &counters[((place >> 7) ^ previous) % COUNTERS];
  if (*counter < UINT8_MAX) ++*counter;
  previous = place >> 8;
}

static void watch (lua_State *L) {
  lua_sethook(L, on_line, LUA_MASKLINE, 0);
}

#else

static void watch (lua_State *L) {
  (void)L;
}

#endif

void fuzz_open (lua_State *L) {
  fuzz_load_core(L);
  if (luaL_dofile(L, FUZZ_LUA)) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  watch(L);
}

static int traced (lua_State *L) {
  lua_getglobal(L, "debug");
  lua_getfield(L, -1, "traceback");
  lua_pushvalue(L, 1);
  lua_call(L, 1, 1);
  return 1;
}

void fuzz_one (lua_State *L, const char *bytes, size_t len) {
  int f = lua_gettop(L);
  lua_pushcfunction(L, traced);
  lua_pushvalue(L, f);
  lua_pushlstring(L, bytes, len);
  lua_pushinteger(L, (lua_Integer)fuzz_below(1 << 30));
  int status = lua_pcall(L, 2, 0, f + 1);
  if (status != 0) fprintf(stderr, "%s\n", lua_tostring(L, -1));
  fuzz_check(status == 0, "the target raises nothing");
}
