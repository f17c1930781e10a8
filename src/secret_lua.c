/* secret_lua.c - the token as a userdata: readable by the transfer that sends it, by nothing else; it can hide itself in a text. */
#include "secret_lua.h"

#include <string.h>

#include "core.h"

#define SECRET_TYPE "apify.secret"
#define MIN_MASKED 8                               /* a shorter one is no secret, and found in any text */

static const char bearer[] = "Authorization: Bearer ";             /* in front of each token */

const char *secret_header (lua_State *L, int idx) {
  return luaL_testudata(L, idx, SECRET_TYPE);
}

/* core.secret(token) -> secret.   Raises when the token cannot stand in a header. Pushes 1 value. */
static int l_new (lua_State *L) {
  size_t len;
  const char *s = luaL_checklstring(L, 1, &len);
  for (size_t i = 0; i < len; i++)
    luaL_argcheck(L, (unsigned char)s[i] > ' ' && (unsigned char)s[i] < 127, 1, "a token has printable ASCII characters only");
  char *header = lua_newuserdatauv(L, sizeof bearer + len, 0);
  memcpy(header, bearer, sizeof bearer - 1);
  memcpy(header + sizeof bearer - 1, s, len + 1);
  luaL_setmetatable(L, SECRET_TYPE);
  return 1;
}

static int hex_value (char c) {                    /* -1: not a hexadecimal digit */
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* How many bytes at 's' stand for 'c': itself, %XX as in a URL, or behind a backslash as in JSON; 0 if they do not. */
static size_t match_char (const char *s, size_t len, char c) {
  if (len > 0 && s[0] == c) return 1;
  if (len > 1 && s[0] == '\\' && s[1] == c) return 2;
  if (len > 2 && s[0] == '%' && hex_value(s[1]) >= 0 && hex_value(s[2]) >= 0)
    return hex_value(s[1]) * 16 + hex_value(s[2]) == c ? 3 : 0;
  return 0;
}

/* How many bytes at 's' are the token; 0 if they are not. */
static size_t match_token (const char *s, size_t len, const char *token) {
  size_t at = 0;
  for (; *token != '\0'; token++) {
    size_t n = match_char(s + at, len - at, *token);
    if (n == 0) return 0;
    at += n;
  }
  return at;
}

/* secret:mask(text) -> the text with *** wherever it has the token, however that is written.   Pushes 1 value. */
static int l_mask (lua_State *L) {
  const char *header = luaL_checkudata(L, 1, SECRET_TYPE), *token = header + sizeof bearer - 1;
  size_t len, done = 0;
  const char *s = luaL_checklstring(L, 2, &len);
  if (strlen(token) < MIN_MASKED) {
    lua_settop(L, 2);
    return 1;
  }
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (size_t at = 0; at < len;) {
    size_t n = match_token(s + at, len - at, token);
    if (n == 0) at++;
    else {
      luaL_addlstring(&b, s + done, at - done);
      luaL_addstring(&b, "***");
      at += n;
      done = at;
    }
  }
  luaL_addlstring(&b, s + done, len - done);
  luaL_pushresult(&b);
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

static const luaL_Reg methods[] = {
  { "mask", l_mask },
  { NULL, NULL }
};

void open_secret (lua_State *L) {
  core_new_type(L, SECRET_TYPE, meta, methods);
  luaL_getmetatable(L, SECRET_TYPE);
  lua_pushliteral(L, "hidden");
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 1);
  core_add(L, "secret", l_new);
}
