/* gzip_lua.c - the body of a request from one or many pieces, compressed while they come, so that neither the pieces nor a whole text
** have to be Lua strings. Both forms are kept until it is known which one is smaller. */
#include <string.h>
#include <zlib.h>

#include "buf.h"
#include "core.h"
#include "err.h"

#define GZIP_TYPE "apify.gzip"
#define GZIP_WINDOW (15 + 16)            /* the largest window, gzip framing */
#define MEM_LEVEL 8                      /* zlib's default: 256 KiB of working memory */
#define LEVEL 1                          /* bodies are sent once: speed counts, and JSON gets small at any level */
#define MIN_COMPRESSED 1024              /* bytes below which compressing is not worth it */
#define WINDOW (16u << 10)               /* compressed bytes made at a time */
#define USUAL_BODY (4u << 20)            /* room made at once: it costs memory only as it is filled, and growing would cost it twice */

typedef struct gzip {
  z_stream z;
  int is_open;                           /* zlib holds memory: there are enough bytes to compress */
  buf plain, packed;
} gzip;

static gzip *checkgzip (lua_State *L) {
  return luaL_checkudata(L, 1, GZIP_TYPE);
}

/* Empty, and nothing is held any more. Safe to call twice. */
static void release (gzip *g) {
  if (g->is_open) deflateEnd(&g->z);
  g->is_open = 0;
  buf_free(&g->plain);
  buf_free(&g->packed);
}

/* __gc. */
static int l_release (lua_State *L) {
  release(checkgzip(L));
  return 0;
}

/* core.gzip() -> gzip, an empty body.   Pushes 1 value. */
static int l_new (lua_State *L) {
  gzip *g = lua_newuserdatauv(L, sizeof *g, 0);
  memset(g, 0, sizeof *g);
  buf_init(&g->plain, MAX_BODY_SIZE);
  buf_init(&g->packed, 2 * MAX_BODY_SIZE);               /* out of reach: zlib adds some bytes to a block at most */
  luaL_setmetatable(L, GZIP_TYPE);
  return 1;
}

/* Compress the last 'len' plain bytes; all that zlib still holds, if 'flush' says that no more follow. */
static err_code compress_last (gzip *g, size_t len, int flush) {
  char *room;
  g->z.next_in = (Bytef *)buf_bytes(&g->plain) + g->plain.len - len;      /* zlib reads it only */
  g->z.avail_in = (uInt)len;             /* fits: 'plain' is bounded */
  do {
    err_code rc = buf_reserve(&g->packed, WINDOW, &room);
    if (rc != ERR_OK) return rc;
    g->z.next_out = (Bytef *)room;
    g->z.avail_out = WINDOW;
    if (deflate(&g->z, flush) == Z_STREAM_ERROR) return ERR_MEMORY;
    buf_commit(&g->packed, WINDOW - g->z.avail_out);
  } while (g->z.avail_out == 0);
  return ERR_OK;
}

/* Make room for what may come, and compress what is there. */
static err_code begin (gzip *g) {
  char *room;
  err_code rc = g->plain.len < USUAL_BODY ? buf_reserve(&g->plain, USUAL_BODY - g->plain.len, &room) : ERR_OK;
  if (rc != ERR_OK) return rc;
  if (deflateInit2(&g->z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) return ERR_MEMORY;
  g->is_open = 1;
  rc = buf_reserve(&g->packed, deflateBound(&g->z, g->plain.len) + WINDOW, &room);
  return rc == ERR_OK ? compress_last(g, g->plain.len, Z_NO_FLUSH) : rc;
}

static err_code add (gzip *g, const char *bytes, size_t len) {
  err_code rc = buf_append(&g->plain, bytes, len);
  if (rc != ERR_OK) return rc;
  if (g->is_open) return compress_last(g, len, Z_NO_FLUSH);
  return g->plain.len < MIN_COMPRESSED ? ERR_OK : begin(g);
}

/* Add the strings from index 2 on. */
static err_code add_all (lua_State *L, gzip *g) {
  err_code rc = ERR_OK;
  int n = lua_gettop(L);
  for (int i = 2; i <= n; i++) luaL_checkstring(L, i);
  for (int i = 2; i <= n && rc == ERR_OK; i++) {
    size_t len;
    const char *bytes = lua_tolstring(L, i, &len);
    rc = add(g, bytes, len);
  }
  return rc;
}

static int fail (lua_State *L, gzip *g, err_code rc) {
  release(g);
  return err_push(L, rc, rc == ERR_MEMORY ? "out of memory" : "the body is larger than 64 MiB");
}

/* gzip:add(bytes, ...) -> true | nil, message, name. After a failure it is empty.   Pushes 1 or 3 values. */
static int l_add (lua_State *L) {
  gzip *g = checkgzip(L);
  err_code rc = add_all(L, g);
  if (rc != ERR_OK) return fail(L, g, rc);
  lua_pushboolean(L, 1);
  return 1;
}

/* gzip:finish(bytes, ...) -> body, is_compressed: all that was added, these bytes too, as gzip where that is smaller | nil, message, name.
** It is empty then, and may be used again.   Pushes 2 or 3 values. */
static int l_finish (lua_State *L) {
  gzip *g = checkgzip(L);
  err_code rc = add_all(L, g);
  if (rc == ERR_OK && g->is_open) rc = compress_last(g, 0, Z_FINISH);
  if (rc != ERR_OK) return fail(L, g, rc);
  int is_compressed = g->is_open && g->packed.len < g->plain.len;
  buf_free(is_compressed ? &g->plain : &g->packed);      /* before a third copy is made */
  const buf *body = is_compressed ? &g->packed : &g->plain;
  lua_pushlstring(L, buf_bytes(body), body->len);
  lua_pushboolean(L, is_compressed);
  release(g);
  return 2;
}

static const luaL_Reg meta[] = {
  { "__gc", l_release },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "add", l_add },
  { "finish", l_finish },
  { NULL, NULL }
};

void open_gzip (lua_State *L) {
  core_new_type(L, GZIP_TYPE, meta, methods);
  core_add(L, "gzip", l_new);
}
