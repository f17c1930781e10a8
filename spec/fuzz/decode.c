/* decode.c - documents, with a record separator (0x1E) between them, by decoders that are new and decoders that are kept.
**   - no byte behind a document is read;
**   - a decoder that has read other documents, and this one before, reads it as a new one does;
**   - without nulls, and with picked names, a document is the whole one less those members;
**   - what is decoded can be encoded, and reads back the same. */
#include "fuzz.h"
#include "json_read.h"
#include "json_write.h"

#define ROUNDS 3                     /* of the kept decoders: objects become so well known that they are constructed */
#define MODES 3

enum { PICKS_IDX = 1, KEPT_IDX };    /* stack: the picked names; a kept decoder for each mode */
enum { KEEPS, OMITS, PICKS };

static const char *const names[] = { "id", "a", "data", NULL };

void fuzz_open (lua_State *L) {
  fuzz_load_core(L);
  lua_newtable(L);
  for (int i = 0; names[i] != NULL; i++) {
    lua_pushstring(L, names[i]);
    lua_rawseti(L, PICKS_IDX, i + 1);
  }
}

static void push_decoder (lua_State *L, int mode) {
  decoder_new(L, mode == KEEPS, mode == PICKS ? PICKS_IDX : 0);
}

/* Push the value, or the message of the failure. Is it a value? */
static int push_decoded (lua_State *L, int dec_idx, const char *bytes, size_t len) {
  char *window = fuzz_exact(bytes, len);
  int pushed = json_decode(L, dec_idx, window, len);
  free(window);
  if (pushed == 1) return 1;
  fuzz_check(lua_tonumber(L, -1) <= (lua_Number)len, "a failure is within the document");
  lua_pop(L, 2);
  lua_remove(L, -2);
  return 0;
}

/* Make the whole value on top what it is without nulls, if 'mode' is that, or with the picked names alone. */
static void prune (lua_State *L, int mode, int level) {
  luaL_checkstack(L, 10, "pruning");
  if (!lua_istable(L, -1)) return;
  int t = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, t);) {
    int is_member = lua_type(L, -2) == LUA_TSTRING;
    int is_absent = is_member && lua_islightuserdata(L, -1);
    if (is_member && mode == PICKS && level == 0) {
      int i = 0;
      while (names[i] != NULL && !(strlen(names[i]) == lua_rawlen(L, -2) && strcmp(names[i], lua_tostring(L, -2)) == 0)) i++;
      is_absent |= names[i] == NULL;
    }
    if (!is_absent) prune(L, mode, level + 1);
    lua_pop(L, 1);
    if (!is_absent) continue;
    lua_pushvalue(L, -1);
    lua_pushnil(L);
    lua_rawset(L, t);
  }
}

/* The value on top, encoded, is text that reads back the same; but infinity, which is read and cannot be written. */
static void check_round_trip (lua_State *L, int dec_idx) {
  size_t len;
  int value = lua_gettop(L);
  if (json_write(L, value, 0, (int)fuzz_below(2), MAX_JSON_TEXT) == 1) {
    const char *text = lua_tolstring(L, -1, &len);
    fuzz_check(push_decoded(L, dec_idx, text, len), "encoded text is valid");
    fuzz_check(fuzz_same(L, value, -1), "encoded text reads back the same");
  }
  else fuzz_check(strstr(lua_tostring(L, -2), "infinity") != NULL, "what is decoded can be encoded");
  lua_settop(L, value);
}

/* Leaves what a new decoder of this mode gives on the stack. */
static int check_kept (lua_State *L, int mode, const char *bytes, size_t len) {
  push_decoder(L, mode);
  int is_value = push_decoded(L, lua_gettop(L), bytes, len);
  for (int i = 0; i < ROUNDS; i++) {
    int is_too = push_decoded(L, KEPT_IDX + mode, bytes, len);
    fuzz_check(is_too == is_value && fuzz_same(L, -1, -2), "a kept decoder reads as a new one");
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  return is_value;
}

static void try_document (lua_State *L, const char *bytes, size_t len) {
  int top = lua_gettop(L);
  int is_value = check_kept(L, KEEPS, bytes, len);
  if (is_value) check_round_trip(L, KEPT_IDX + KEEPS);
  for (int mode = OMITS; mode <= PICKS; mode++) {
    int is_too = check_kept(L, mode, bytes, len);
    fuzz_check(is_too == is_value, "what is left out is checked, too");
    push_decoded(L, KEPT_IDX + KEEPS, bytes, len);
    if (is_value) prune(L, mode, 0);
    fuzz_check(fuzz_same(L, -1, -2), "what is left out changes nothing else");
    lua_settop(L, top + 1);
  }
  lua_settop(L, top);
}

void fuzz_one (lua_State *L, const char *bytes, size_t len) {
  const char *end = bytes + len;
  for (int mode = 0; mode < MODES; mode++) push_decoder(L, mode);
  while (bytes <= end) {
    const char *stop = memchr(bytes, 0x1E, (size_t)(end - bytes));
    if (stop == NULL) stop = end;
    try_document(L, bytes, (size_t)(stop - bytes));
    bytes = stop + 1;
  }
}
