/* json_decoder.c - the decoder as a userdata: options, and what it has learned. Its one user value is the table of
** strings: the mark of arrays, the picked names, then the keys and values of the shapes' members. */
#include "json_read.h"

decoder *json_check_decoder (lua_State *L, int arg) {
  return luaL_checkudata(L, arg, DECODER_TYPE);
}

void json_check_whole (lua_State *L, int arg) {
  luaL_argcheck(L, !json_check_decoder(L, arg)->is_raw, arg, "a raw decoder reads rows only");
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
  lua_newtable(L);
  luaL_getmetatable(L, ARRAY_TYPE);
  lua_rawseti(L, -2, SLOT_ARRAY_MARK);
  if (picks != 0) {
    d->picks = add_picks(L, picks);
    d->root[PLACE_DOCUMENT].is_picky = d->root[PLACE_ROW].is_picky = 1;
  }
  lua_setiuservalue(L, -2, 1);
  d->keeps_nulls = (byte)keeps_nulls;
  d->slots = FIRST_PICK - 1 + d->picks;
  return d;
}

void decoder_refresh (decoder *d) {
  if (d->learned < MAX_LEARNED || d->active > 0) return;
  shapes_free(d);
  d->slots = FIRST_PICK - 1 + d->picks;              /* what is learned next is written over the strings there */
}
