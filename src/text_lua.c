/* text_lua.c - UTF-8 as JSON's lexer knows it: strictly, without overlong forms and surrogates. */
#include "core.h"
#include "json_lex.h"

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

static const luaL_Reg functions[] = {
  { "is_utf8", l_is_utf8 },
  { "utf8_end", l_utf8_end },
  { NULL, NULL }
};

void open_text (lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
