/* json_lua.c - JSON as Lua sees it: decoders, one-off decode and encode, the marks of null and arrays. */
#include "core.h"

#include "json_lex.h"
#include "json_read.h"
#include "json_write.h"

#define UP_OMITS 1                    /* upvalues of decode: the decoders that it shares between calls */
#define UP_KEEPS 2

/* ---- options ---- */

/* Check that the table at 'idx' has no option but those of 'names' (NULL: the last), or raise an error that names it. */
static void check_options (lua_State *L, int idx, const char *const names[]) {
  luaL_checktype(L, idx, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, idx); lua_pop(L, 1)) {
    const char *name = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : luaL_typename(L, -2);
    int i = 0;
    while (names[i] != NULL && strcmp(names[i], name) != 0) i++;
    if (names[i] == NULL) luaL_error(L, "unknown option '%s'", name);
  }
}

/* The option `nulls`: are null members kept? */
static int keeps_nulls (lua_State *L, int idx) {
  lua_getfield(L, idx, "nulls");
  const char *mode = lua_isnil(L, -1) ? "omit" : lua_tostring(L, -1);
  int keeps = mode != NULL && strcmp(mode, "keep") == 0;
  if (!keeps && (mode == NULL || strcmp(mode, "omit") != 0)) luaL_error(L, "nulls must be 'omit' or 'keep'");
  lua_pop(L, 1);
  return keeps;
}

/* ---- decoding ---- */

/* core.decoder(options?) -> decoder.   Pushes 1 value. */
static int l_decoder (lua_State *L) {
  static const char *const names[] = { "nulls", "pick", "raw", NULL };
  int keeps = 0, picks = 0, is_raw = 0;
  lua_settop(L, 1);
  if (!lua_isnil(L, 1)) {
    check_options(L, 1, names);
    keeps = keeps_nulls(L, 1);
    is_raw = core_flag(L, 1, "raw");
    lua_getfield(L, 1, "pick");
    if (!lua_isnil(L, 2)) picks = 2;
    if (picks != 0 && !lua_istable(L, 2)) luaL_error(L, "pick must be a list of strings");
    if (picks != 0 && is_raw) luaL_error(L, "a raw decoder cannot pick");
  }
  decoder_new(L, keeps, picks)->is_raw = (byte)is_raw;
  return 1;
}

/* decoder:decode(text) -> value | nil, message, name, offset.   Pushes 1 or 4 values. */
static int l_decoder_decode (lua_State *L) {
  size_t len;
  json_check_whole(L, 1);
  const char *text = luaL_checklstring(L, 2, &len);
  return json_decode(L, 1, text, len);
}

/* __gc of a decoder. */
static int l_decoder_release (lua_State *L) {
  shapes_free(json_check_decoder(L, 1));
  return 0;
}

/* core.decode(text, {nulls}?) -> value | nil, message, name, offset.   Pushes 1 or 4 values. */
static int l_decode (lua_State *L) {
  static const char *const names[] = { "nulls", NULL };
  size_t len;
  int keeps = 0;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    check_options(L, 2, names);
    keeps = keeps_nulls(L, 2);
  }
  lua_pushvalue(L, lua_upvalueindex(keeps ? UP_KEEPS : UP_OMITS));
  return json_decode(L, 3, text, len);
}

/* ---- encoding ---- */

/* Enter the values listed in the option 'name' as 'mark' into the table of marks at 'marks'. */
static void add_marks (lua_State *L, int options, int marks, const char *name, json_mark mark) {
  lua_getfield(L, options, name);
  if (!lua_isnil(L, -1)) {
    if (!lua_istable(L, -1)) luaL_error(L, "%s must be a list", name);
    int count = (int)lua_rawlen(L, -1);
    for (int i = 1; i <= count; i++) {
      lua_rawgeti(L, -1, i);
      lua_pushinteger(L, mark);
      lua_rawset(L, marks);
    }
  }
  lua_pop(L, 1);
}

/* The option `max_bytes`: how long a text may be. */
static size_t max_bytes (lua_State *L, int idx) {
  lua_getfield(L, idx, "max_bytes");
  lua_Number max = lua_isnil(L, -1) ? (lua_Number)MAX_JSON_TEXT : lua_tonumber(L, -1);
  if (!(max >= 1 && max <= (lua_Number)MAX_JSON_TEXT)) luaL_error(L, "max_bytes must be a number from 1 to %d", (int)MAX_JSON_TEXT);
  lua_pop(L, 1);
  return (size_t)max;
}

/* core.encode(value, {nulls, empty_arrays, array_mts, sort_keys, max_bytes}?) -> text | nil, message, name.   Pushes 1 or 3 values. */
static int l_encode (lua_State *L) {
  static const char *const names[] = { "nulls", "empty_arrays", "array_mts", "sort_keys", "max_bytes", NULL };
  luaL_checkany(L, 1);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) return json_write(L, 1, 0, 0, MAX_JSON_TEXT);
  check_options(L, 2, names);
  lua_newtable(L);
  add_marks(L, 2, 3, "nulls", MARK_NULL);
  add_marks(L, 2, 3, "empty_arrays", MARK_EMPTY_ARRAY);
  add_marks(L, 2, 3, "array_mts", MARK_ARRAY_METATABLE);
  return json_write(L, 1, 3, core_flag(L, 2, "sort_keys"), max_bytes(L, 2));
}

/* core.array(t?) -> t, marked as an array.   Pushes 1 value. */
static int l_array (lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_settop(L, 0);
    lua_newtable(L);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_getmetatable(L, ARRAY_TYPE);
  lua_setmetatable(L, 1);
  return 1;
}

/* ---- tables ---- */

static const luaL_Reg decoder_meta[] = {
  { "__gc", l_decoder_release },
  { NULL, NULL }
};

static const luaL_Reg decoder_methods[] = {
  { "decode", l_decoder_decode },
  { NULL, NULL }
};

static const luaL_Reg functions[] = {
  { "array", l_array },
  { "decoder", l_decoder },
  { "encode", l_encode },
  { NULL, NULL }
};

void open_json (lua_State *L) {
  if (!lex_init()) luaL_error(L, "not enough memory");
  luaL_newmetatable(L, ARRAY_TYPE);
  lua_pushliteral(L, ARRAY_TYPE);
  lua_setfield(L, -2, "__name");
  lua_setfield(L, -2, "array_mt");
  core_new_type(L, DECODER_TYPE, decoder_meta, decoder_methods);
  json_write_open(L);
  luaL_setfuncs(L, functions, 0);
  decoder_new(L, 0, 0);
  decoder_new(L, 1, 0);
  lua_pushcclosure(L, l_decode, 2);
  lua_setfield(L, -2, "decode");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
}
