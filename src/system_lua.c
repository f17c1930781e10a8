/* system_lua.c - what the standard library lacks: a monotonic clock, the wall clock's fractions, and good random numbers. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <zlib.h>

#include "core.h"
#include "isal.h"
#include "random.h"

#define MAX_RANDOM 64                    /* bytes in one call: keys are short */

/* core.now() -> seconds of the monotonic clock.   Pushes 1 value. */
static int l_now (lua_State *L) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_nsec / 1e9);
  return 1;
}

/* core.time() -> seconds since the epoch, with a fraction.   Pushes 1 value. */
static int l_time (lua_State *L) {
  struct timeval t;
  gettimeofday(&t, NULL);
  lua_pushnumber(L, (lua_Number)t.tv_sec + (lua_Number)t.tv_usec / 1e6);
  return 1;
}

/* Fill 'out' with random bytes; raises where the system has none. */
static void fill_random (lua_State *L, unsigned char *out, size_t n) {
  if (!random_fill(out, n)) luaL_error(L, "no random numbers from the system");
}

/* core.random() -> a number from 0 up to, not including, 1.   Pushes 1 value. */
static int l_random (lua_State *L) {
  uint64_t bits;
  fill_random(L, (unsigned char *)&bits, sizeof bits);
  lua_pushnumber(L, (lua_Number)(bits >> 11) / 9007199254740992.0);      /* 53 bits */
  return 1;
}

/* core.random_hex(n) -> n random bytes as 2n hexadecimal digits.   Pushes 1 value. */
static int l_random_hex (lua_State *L) {
  static const char digits[] = "0123456789abcdef";
  unsigned char bytes[MAX_RANDOM];
  char text[2 * MAX_RANDOM];
  int n = (int)luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 1 && n <= MAX_RANDOM, 1, "expected 1 to 64 bytes");
  fill_random(L, bytes, (size_t)n);
  for (int i = 0; i < n; i++) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15];
  }
  lua_pushlstring(L, text, 2 * (size_t)n);
  return 1;
}

/* core.is_terminal(fd) -> boolean.   Pushes 1 value. */
static int l_is_terminal (lua_State *L) {
  lua_pushboolean(L, isatty((int)luaL_checkinteger(L, 1)));
  return 1;
}

/* core.inflater([name]) -> "isa-l" or "zlib", which decodes the gzip bodies that begin from now on; with a name: be it that one,
** if it is here.   Pushes 1 value. */
static int l_inflater (lua_State *L) {
  static const char *const names[] = { "zlib", "isa-l", NULL };
  if (!lua_isnoneornil(L, 1)) isal_use(luaL_checkoption(L, 1, NULL, names));
  lua_pushstring(L, names[isal_is_here()]);
  return 1;
}

static const luaL_Reg functions[] = {
  { "inflater", l_inflater },
  { "is_terminal", l_is_terminal },
  { "now", l_now },
  { "random", l_random },
  { "random_hex", l_random_hex },
  { "time", l_time },
  { NULL, NULL }
};

#if defined(__linux__)
#define PLATFORM "linux"
#elif defined(__APPLE__)
#define PLATFORM "darwin"
#elif defined(__FreeBSD__)
#define PLATFORM "freebsd"
#else
#define PLATFORM "unix"
#endif

void open_system (lua_State *L) {
  luaL_setfuncs(L, functions, 0);
  lua_pushliteral(L, PLATFORM);
  lua_setfield(L, -2, "platform");
  lua_pushstring(L, curl_version_info(CURLVERSION_NOW)->version);
  lua_setfield(L, -2, "curl_version");
  lua_pushstring(L, zlibVersion());
  lua_setfield(L, -2, "zlib_version");
}
