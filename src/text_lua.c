/* text_lua.c - questions about bytes: are they UTF-8, as JSON's lexer knows it, without overlong forms and surrogates; their
** checksum; their digest. */
#include <zlib.h>

#include "core.h"
#include "json_lex.h"
#include "sha256.h"

#define MAX_HELD 3                       /* bytes of a character that may lack its last one */

/* Is all of it UTF-8? */
static int is_utf8 (const byte *p, const byte *end) {
  json_lex x = { .end = end };
  while (p < end) {
    p = lex_plain(p, end);               /* also stops at quotes and the like */
    if (p == end) break;
    p = *p < 0x80 ? p + 1 : lex_utf8(&x, p);
    if (p == NULL) return 0;
  }
  return 1;
}

/* core.is_utf8(bytes) -> boolean.   Pushes 1 value. */
static int l_is_utf8 (lua_State *L) {
  size_t len;
  const byte *bytes = (const byte *)luaL_checklstring(L, 1, &len);
  lua_pushboolean(L, is_utf8(bytes, bytes + len));
  return 1;
}

/* Does a character begin at 'p' that only lacks bytes? */
static int is_unfinished (const byte *p, const byte *end) {
  json_lex x = { .end = end };
  return lex_utf8(&x, p) == NULL && x.message == NULL;
}

/* core.utf8_end(bytes) -> length of the longest prefix that does not end inside an unfinished character.
** Bytes that are not UTF-8 count as complete, so that at most 3 are held back.   Pushes 1 value. */
static int l_utf8_end (lua_State *L) {
  size_t len;
  const byte *bytes = (const byte *)luaL_checklstring(L, 1, &len);
  size_t keep = len;
  for (size_t n = 1; n <= MAX_HELD && n <= len; n++) {
    byte c = bytes[len - n];
    if ((c & 0xC0) == 0x80) continue;    /* not the first byte of a character */
    if (c >= 0x80 && is_unfinished(bytes + len - n, bytes + len)) keep = len - n;
    break;
  }
  lua_pushinteger(L, (lua_Integer)keep);
  return 1;
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

/* core.sha256(bytes, key?) -> the SHA-256 digest or, with a key, the HMAC-SHA256, as 64 hexadecimal digits.   Pushes 1 value. */
static int l_sha256 (lua_State *L) {
  static const char DIGITS[] = "0123456789abcdef";
  size_t len, key_len;
  const char *bytes = luaL_checklstring(L, 1, &len), *key = luaL_optlstring(L, 2, NULL, &key_len);
  unsigned char digest[SHA256_SIZE];
  char text[2 * SHA256_SIZE];
  if (key != NULL) sha256_hmac(key, key_len, bytes, len, digest);
  else {
    sha256 h;
    sha256_init(&h);
    sha256_add(&h, bytes, len);
    sha256_end(&h, digest);
  }
  for (size_t i = 0; i < SHA256_SIZE; i++) {
    text[2 * i] = DIGITS[digest[i] >> 4];
    text[2 * i + 1] = DIGITS[digest[i] & 15];
  }
  lua_pushlstring(L, text, sizeof text);
  return 1;
}

static const luaL_Reg functions[] = {
  { "crc32", l_crc32 },
  { "is_utf8", l_is_utf8 },
  { "sha256", l_sha256 },
  { "utf8_end", l_utf8_end },
  { NULL, NULL }
};

void open_text (lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
