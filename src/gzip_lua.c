/* gzip_lua.c - the body of a request from many pieces, compressed while they come, so that neither the pieces nor a whole text
** have to be Lua strings. Both forms are kept until it is known which one is smaller. */
#include <string.h>
#include <zlib.h>

#include "buf.h"
#include "core.h"

#define PACKER_TYPE "apify.packer"
#define GZIP_WINDOW (15 + 16)            /* the largest window, gzip framing */
#define MEM_LEVEL 8                      /* zlib's default: 256 KiB of working memory */
#define LEVEL 1                          /* bodies are sent once: speed counts, and JSON gets small at any level */
#define MIN_COMPRESSED 1024              /* bytes below which compressing is not worth it */
#define WINDOW (16u << 10)               /* compressed bytes made at a time */
#define USUAL_BODY (4u << 20)            /* room made at once: it costs memory only as it is filled, and growing would cost it twice */

typedef struct packer {
  z_stream z;
  int is_open;                           /* zlib holds memory */
  buf plain, packed;
} packer;

static packer *checkpacker (lua_State *L) {
  return luaL_checkudata(L, 1, PACKER_TYPE);
}

/* Empty, and nothing is held any more. Safe to call twice. */
static void release (packer *p) {
  if (p->is_open) deflateEnd(&p->z);
  p->is_open = 0;
  buf_free(&p->plain);
  buf_free(&p->packed);
}

/* __gc. */
static int l_release (lua_State *L) {
  release(checkpacker(L));
  return 0;
}

/* core.packer() -> packer.   Pushes 1 value. */
static int l_new (lua_State *L) {
  packer *p = lua_newuserdatauv(L, sizeof *p, 0);
  memset(p, 0, sizeof *p);
  buf_init(&p->plain, MAX_BODY_SIZE);
  buf_init(&p->packed, MAX_BODY_SIZE);
  luaL_setmetatable(L, PACKER_TYPE);
  return 1;
}

/* Compress 'len' more bytes; all that zlib still holds, if 'flush' says that they are the last. ERR_OK, ERR_MEMORY or ERR_TOO_LARGE. */
static err_code compress_some (packer *p, const char *bytes, size_t len, int flush) {
  char *room;
  p->z.next_in = (Bytef *)bytes;         /* zlib reads it only */
  p->z.avail_in = (uInt)len;             /* fits: 'plain' has taken it, and is bounded */
  do {
    err_code rc = buf_reserve(&p->packed, WINDOW, &room);
    if (rc != ERR_OK) return rc;
    p->z.next_out = (Bytef *)room;
    p->z.avail_out = WINDOW;
    if (deflate(&p->z, flush) == Z_STREAM_ERROR) return ERR_MEMORY;
    buf_commit(&p->packed, WINDOW - p->z.avail_out);
  } while (p->z.avail_out == 0);
  return ERR_OK;
}

static err_code begin (packer *p) {
  char *room;
  if (p->is_open) return ERR_OK;
  err_code rc = buf_reserve(&p->plain, USUAL_BODY, &room);
  if (rc != ERR_OK) return rc;
  if (deflateInit2(&p->z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) return ERR_MEMORY;
  p->is_open = 1;
  return ERR_OK;
}

static int fail (lua_State *L, packer *p, err_code rc) {
  release(p);
  return err_push(L, rc, rc == ERR_MEMORY ? "out of memory" : "the body is larger than 64 MiB");
}

/* packer:add(bytes, ...) -> true | nil, message, name. After a failure it is empty.   Pushes 1 or 3 values. */
static int l_add (lua_State *L) {
  packer *p = checkpacker(L);
  int n = lua_gettop(L);
  for (int i = 2; i <= n; i++) luaL_checkstring(L, i);
  err_code rc = begin(p);
  for (int i = 2; i <= n && rc == ERR_OK; i++) {
    size_t len;
    const char *bytes = lua_tolstring(L, i, &len);
    rc = buf_append(&p->plain, bytes, len);
    if (rc == ERR_OK) rc = compress_some(p, bytes, len, Z_NO_FLUSH);
  }
  if (rc != ERR_OK) return fail(L, p, rc);
  lua_pushboolean(L, 1);
  return 1;
}

/* packer:finish() -> bytes, is_compressed: all that was added, as gzip where that is smaller | nil, message, name.
** It is empty then, and may be used again.   Pushes 2 or 3 values. */
static int l_finish (lua_State *L) {
  packer *p = checkpacker(L);
  err_code rc = begin(p);
  if (rc == ERR_OK) rc = compress_some(p, NULL, 0, Z_FINISH);
  if (rc != ERR_OK) return fail(L, p, rc);
  int is_compressed = p->plain.len >= MIN_COMPRESSED && p->packed.len < p->plain.len;
  const buf *body = is_compressed ? &p->packed : &p->plain;
  lua_pushlstring(L, body->len > 0 ? buf_bytes(body) : "", body->len);
  lua_pushboolean(L, is_compressed);
  release(p);
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

void open_packer (lua_State *L) {
  core_new_type(L, PACKER_TYPE, meta, methods);
  lua_pushcfunction(L, l_new);
  lua_setfield(L, -2, "packer");
}
