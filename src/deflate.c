/* deflate.c - zlib where there is nothing to wait for: text to gzip, and checksums. */
#include <string.h>
#include <zlib.h>

#include "buf.h"
#include "core.h"

#define DEFLATER_TYPE "apify.deflater"
#define GZIP_WINDOW (15 + 16)            /* the largest window, gzip framing */
#define MEM_LEVEL 8                      /* zlib's default: 256 KiB of working memory */
#define BEST_LEVEL 9
#define USUAL_LEVEL 6
#define MAX_GZIP ((size_t)1 << 30)       /* bytes of a result: far above any body the API takes */

/* What pushing the result must not leak. */
typedef struct deflater {
  z_stream z;
  int is_open;                           /* zlib holds memory */
  buf out;
} deflater;

/* Give everything back; safe to call twice. */
static void release (deflater *d) {
  if (d->is_open) deflateEnd(&d->z);
  d->is_open = 0;
  buf_free(&d->out);
}

/* __gc. */
static int l_release (lua_State *L) {
  release(luaL_checkudata(L, 1, DEFLATER_TYPE));
  return 0;
}

/* Push a deflater that holds nothing. */
static deflater *push_deflater (lua_State *L) {
  deflater *d = lua_newuserdatauv(L, sizeof *d, 0);
  memset(d, 0, sizeof *d);
  buf_init(&d->out, MAX_GZIP);
  luaL_setmetatable(L, DEFLATER_TYPE);
  return d;
}

/* Compress 'text' into 'out', which is made as large as the result can be: no byte of it is moved later. */
static err_code deflate_all (deflater *d, const char *text, size_t len, int level) {
  char *room;
  if (deflateInit2(&d->z, level, Z_DEFLATED, GZIP_WINDOW, MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) return ERR_MEMORY;
  d->is_open = 1;
  size_t bound = deflateBound(&d->z, len);
  err_code rc = buf_reserve(&d->out, bound, &room);
  if (rc != ERR_OK) return rc;
  d->z.next_in = (Bytef *)text;          /* zlib reads it only */
  d->z.avail_in = (uInt)len;             /* below MAX_GZIP by now, as is 'bound' */
  d->z.next_out = (Bytef *)room;
  d->z.avail_out = (uInt)bound;
  if (deflate(&d->z, Z_FINISH) != Z_STREAM_END) return ERR_MEMORY;
  buf_commit(&d->out, bound - d->z.avail_out);
  return ERR_OK;
}

/* core.gzip(text, level?) -> bytes | nil, message, name.   Pushes 1 or 3 values. */
static int l_gzip (lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_Number level = luaL_optnumber(L, 2, USUAL_LEVEL);
  luaL_argcheck(L, level >= 1 && level <= BEST_LEVEL, 2, "expected a level from 1 to 9");
  deflater *d = push_deflater(L);
  err_code rc = deflate_all(d, text, len, (int)level);
  if (rc == ERR_OK) lua_pushlstring(L, buf_bytes(&d->out), d->out.len);
  release(d);
  if (rc == ERR_OK) return 1;
  return err_push(L, rc, rc == ERR_MEMORY ? "out of memory" : "the text is too large for gzip");
}

/* core.crc32(crc, bytes, first?, last?) -> number: the CRC-32 of what 'crc' (0: nothing) stands for and the bytes behind it.
** 'first' and 'last' (from 1) take a part of 'bytes' without a copy of it.   Pushes 1 value. */
static int l_crc32 (lua_State *L) {
  size_t len;
  lua_Number crc = luaL_checknumber(L, 1);
  const char *bytes = luaL_checklstring(L, 2, &len);
  lua_Number first = luaL_optnumber(L, 3, 1), last = luaL_optnumber(L, 4, (lua_Number)len);
  luaL_argcheck(L, crc >= 0 && crc <= 0xFFFFFFFF, 1, "out of range");
  luaL_argcheck(L, first >= 1, 3, "out of range");
  if (last > (lua_Number)len) last = (lua_Number)len;
  if (first <= last) crc = crc32_z((uLong)crc, (const Bytef *)bytes + (size_t)first - 1, (size_t)last - (size_t)first + 1);
  lua_pushinteger(L, (lua_Integer)crc);
  return 1;
}

static const luaL_Reg functions[] = {
  { "crc32", l_crc32 },
  { "gzip", l_gzip },
  { NULL, NULL }
};

void open_deflate (lua_State *L) {
  luaL_newmetatable(L, DEFLATER_TYPE);
  lua_pushcfunction(L, l_release);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}
