/* secret.c - the token as a userdata: readable by the transfer that sends it, by nothing else. */
#include "secret.h"

#include <string.h>

#define SECRET_TYPE "apify.secret"

const char *secret_text (lua_State *L, int idx) {
  return luaL_testudata(L, idx, SECRET_TYPE);
}

/* core.secret(token) -> secret.   Raises when the token cannot stand in a header. Pushes 1 value. */
static int l_new (lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  for (size_t i = 0; i < len; i++)
    luaL_argcheck(L, (unsigned char)s[i] > ' ' && (unsigned char)s[i] < 127, 1, "a token has printable ASCII characters only");
  char *copy = lua_newuserdatauv(L, len + 1, 0);
  memcpy(copy, s, len + 1);
  luaL_setmetatable(L, SECRET_TYPE);
  return 1;
}

static int l_tostring (lua_State *L) {
  lua_pushliteral(L, SECRET_TYPE ": hidden");
  return 1;
}

static int l_gc (lua_State *L) {                   /* the block is freed next; do not leave the token in it */
  volatile char *p = luaL_checkudata(L, 1, SECRET_TYPE);
  while (*p != '\0') *p++ = '\0';
  return 0;
}

static const luaL_Reg meta[] = {
  { "__gc", l_gc },
  { "__tostring", l_tostring },
  { NULL, NULL }
};

void open_secret (lua_State *L) {
  luaL_newmetatable(L, SECRET_TYPE);
  luaL_setfuncs(L, meta, 0);
  lua_pushliteral(L, SECRET_TYPE);
  lua_setfield(L, -2, "__name");
  lua_pushliteral(L, "hidden");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  lua_pushcfunction(L, l_new);
  lua_setfield(L, -2, "secret");
}
