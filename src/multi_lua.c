/* multi_lua.c - the multi as Lua sees it: transfers are submitted, waited for, and handed out when they have news. */
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "descriptors.h"
#include "multi.h"
#include "xfer_lua.h"

#define MULTI_TYPE "apify.multi"

#define HTTPS_PER_HOST   16L             /* connections to one https host */

static multi *anymulti (lua_State *L) {               /* in any state */
  return luaL_checkudata(L, 1, MULTI_TYPE);
}

/* Pushes nil, message, name and returns 3 when the multi cannot be used; 0 when it can. */
static int refuse (lua_State *L, const multi *m) {
  if (!m->is_open) return err_push(L, ERR_CLOSED, "the core is closed");
  if (multi_is_foreign(m)) return err_push(L, ERR_CONTEXT, "the core was made before a fork: its connections belong to the parent process");
  if (m->is_driving) return err_push(L, ERR_CONTEXT, "the core is being driven already");
  return 0;
}

/* close() and __gc. Safe to call twice. */
static int l_close (lua_State *L) {
  multi_close(anymulti(L));
  return 0;
}

/* core.multi() -> multi | nil, message, name.   Pushes 1 or 3 values. */
static int l_new (lua_State *L) {
  multi *m = lua_newuserdatauv(L, sizeof *m, 1);
  multi_init(m);                                      /* closed; cannot fail */
  lua_newtable(L);                                    /* pointer -> transfer, weak: nobody's transfer is collected */
  lua_newtable(L);
  lua_pushliteral(L, "v");
  lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_setiuservalue(L, -2, 1);
  luaL_setmetatable(L, MULTI_TYPE);
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return err_push(L, ERR_MEMORY, "libcurl could not be initialised");
  int rc = multi_open(m);
  if (rc == 0) return 1;
  char text[128];
  if (descriptors_is_lack(rc)) descriptors_explain(rc, text, sizeof text);
  else snprintf(text, sizeof text, "the event set could not be made: %s", strerror(rc));
  return err_push(L, ERR_CONNECT, text);
}

/* The kind of pool that the options want. */
static pool_kind wanted_kind (lua_State *L, int idx) {
  lua_getfield(L, idx, "url");
  const char *url = lua_tostring(L, -1);
  int is_https = url != NULL && strncmp(url, "https:", 6) == 0;
  pool_kind kind = !is_https ? POOL_PLAIN : core_flag(L, idx, "http1") ? POOL_HTTP1 : POOL_SHARED;
  lua_pop(L, 1);
  return kind;
}

static long connection_limit (lua_State *L, int idx, pool_kind kind) {
  lua_getfield(L, idx, "max_connections");
  long limit = lua_isnil(L, -1) ? (kind == POOL_PLAIN ? 0 : HTTPS_PER_HOST) : (long)lua_tonumber(L, -1);
  lua_pop(L, 1);
  return limit;
}

/* multi:submit(options) -> transfer | nil, message, name.   Pushes 1 or 3 values. Raises on bad options. */
static int l_submit (lua_State *L) {
  multi *m = anymulti(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  if (refuse(L, m)) return 3;
  pool_kind kind = wanted_kind(L, 2);
  pool *p = multi_find_pool(m, kind, connection_limit(L, 2, kind));
  xfer *x = p == NULL ? NULL : xfer_new(L, 1, 2);
  if (x == NULL) return err_push(L, ERR_MEMORY, "out of memory");
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, x);
  lua_pop(L, 1);
  if (multi_attach(p, x) != ERR_OK) return err_push(L, ERR_MEMORY, "libcurl refused the transfer");
  return 1;
}

/* Move the transfers with news into the list at 'idx'; returns how many. Each has its news until it is in the list, which may have no
** room for it; and a finalizer that runs meanwhile may take it out. */
static int give_news (lua_State *L, multi *m, int idx) {
  int n = 0;
  xfer *x;
  lua_getiuservalue(L, 1, 1);
  while ((x = multi_first_news(m)) != NULL) {
    lua_rawgetp(L, -1, x);
    if (lua_isnil(L, -1)) {                            /* about to be collected */
      lua_pop(L, 1);
      multi_drop_news(m, x);
      continue;
    }
    lua_rawseti(L, idx, ++n);
    if (x->link.has_news) multi_drop_news(m, x);
  }
  lua_pop(L, 1);
  return n;
}

/* multi:wait(seconds, list) -> number of transfers with news, put into list; was there anything on a socket? | nil, message, name.
** Pushes 2 or 3 values.
** Waits at most 'seconds', less when something happens or a signal arrives; works some milliseconds at most. */
static int l_wait (lua_State *L) {
  multi *m = anymulti(L);
  double seconds = luaL_checknumber(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  if (refuse(L, m)) return 3;
  int has_moved = multi_drive(m, seconds);
  int n = give_news(L, m, 3);
  multi_update_deadline(m);
  compat_hear_interrupt(L);
  lua_pushinteger(L, n);
  lua_pushboolean(L, has_moved);
  return 2;
}

/* multi:fd() -> a descriptor that is readable when wait(0) has work, or nil where the platform has none.   Pushes 1 value. */
static int l_fd (lua_State *L) {
  multi *m = anymulti(L);
  int fd = m->is_open ? event_export(&m->events) : -1;
  if (fd < 0) lua_pushnil(L);
  else lua_pushinteger(L, fd);
  return 1;
}

/* multi:in_flight() -> number of unfinished transfers.   Pushes 1 value. */
static int l_in_flight (lua_State *L) {
  lua_pushinteger(L, anymulti(L)->in_flight);
  return 1;
}

/* multi:is_usable() -> boolean: open, and made by this process.   Pushes 1 value. */
static int l_is_usable (lua_State *L) {
  const multi *m = anymulti(L);
  lua_pushboolean(L, m->is_open && !multi_is_foreign(m));
  return 1;
}

static const luaL_Reg meta[] = {
  { "__gc", l_close },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "close", l_close },
  { "fd", l_fd },
  { "in_flight", l_in_flight },
  { "is_usable", l_is_usable },
  { "submit", l_submit },
  { "wait", l_wait },
  { NULL, NULL }
};

void open_multi (lua_State *L) {
  core_new_type(L, MULTI_TYPE, meta, methods);
  core_add(L, "multi", l_new);
}
