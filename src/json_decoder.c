/* json_decoder.c - the decoder as a userdata: options, and what it has learned. Its one user value is the table of
** strings: the mark of arrays, the picked names, then the keys and values of the shapes' members. */
#include "json_read.h"

decoder *json_check_decoder (lua_State *L, int arg) {
  return luaL_checkudata(L, arg, DECODER_TYPE);
}

decoder *json_check_whole (lua_State *L, int arg) {
  decoder *d = json_check_decoder(L, arg);
  luaL_argcheck(L, !d->is_raw, arg, "a raw decoder reads rows only");
  return d;
}

/* Push a new table of strings with the mark of arrays in its place. */
static void push_strings (lua_State *L) {
  lua_newtable(L);
  luaL_getmetatable(L, ARRAY_TYPE);
  lua_rawseti(L, -2, SLOT_ARRAY_MARK);
}

/* Copy the list of names at 'picks' into the table of strings on top. Returns how many. */
static int add_picks (lua_State *L, int picks) {
  int count = (int)lua_rawlen(L, picks);
  for (int i = 1; i <= count; i++) {
    lua_rawgeti(L, picks, i);
    if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "pick must be a list of strings, but element %d is a %s", i, luaL_typename(L, -1));
    lua_rawseti(L, -2, FIRST_PICK + i - 1);
  }
  return count;
}

decoder *decoder_new (lua_State *L, int keeps_nulls, int picks) {
  decoder *d = lua_newuserdatauv(L, sizeof *d, 1);
  memset(d, 0, sizeof *d);
  luaL_getmetatable(L, DECODER_TYPE);
  lua_setmetatable(L, -2);
  push_strings(L);
  if (picks != 0) {
    d->picks = add_picks(L, picks);
    d->root[PLACE_DOCUMENT].is_picky = d->root[PLACE_ROW].is_picky = 1;
  }
  lua_setiuservalue(L, -2, 1);
  d->keeps_nulls = (byte)keeps_nulls;
  d->slots = FIRST_PICK - 1 + d->picks;
  return d;
}

void decoder_refresh (lua_State *L, int dec_idx, decoder *d) {
  if (d->learned < MAX_LEARNED || d->active > 0) return;
  dec_idx = lua_absindex(L, dec_idx);
  push_strings(L);
  lua_getiuservalue(L, dec_idx, 1);
  for (int i = 0; i < d->picks; i++) {
    lua_rawgeti(L, -1, FIRST_PICK + i);
    lua_rawseti(L, -3, FIRST_PICK + i);
  }
  shapes_free(d);
  d->slots = FIRST_PICK - 1 + d->picks;
  lua_pop(L, 1);
  lua_setiuservalue(L, dec_idx, 1);
}
