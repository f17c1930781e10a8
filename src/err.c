/* err.c - the table of failure names. */
#include "err.h"

static const char *const names[] = {
  [ERR_OK] = "ok",
  [ERR_CLOSED] = "closed",
  [ERR_CONNECT] = "connect",
  [ERR_CONTEXT] = "context",
  [ERR_DECODE] = "decode",
  [ERR_IO] = "io",
  [ERR_MEMORY] = "memory",
  [ERR_NETWORK] = "network",
  [ERR_TLS] = "tls",
  [ERR_TOO_LARGE] = "too_large"
};

const char *err_name (err_code code) {
  return names[code];
}

int err_push (lua_State *L, err_code code, const char *message) {
  lua_pushnil(L);
  lua_pushstring(L, message);
  lua_pushstring(L, err_name(code));
  return 3;
}

int err_push_at (lua_State *L, err_code code, const char *message, size_t offset) {
  err_push(L, code, message);
  lua_pushinteger(L, (lua_Integer)offset);
  return 4;
}
