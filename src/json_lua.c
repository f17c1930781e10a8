/* json_lua.c - the codec as Lua sees it: decoders, one-off decode and encode, readers of rows, the marks of null and arrays. */
#include "core.h"

#include "buf.h"
#include "json_lex.h"
#include "json_read.h"
#include "json_write.h"
#include "rows.h"

#define ROWS_TYPE "apify.rows"
#define SLOT_DECODER 1                /* in the user value of a reader of rows */
#define SLOT_ENVELOPE 2
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
    lua_getfield(L, 1, "raw");
    is_raw = lua_toboolean(L, -1);
    lua_pop(L, 1);
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

/* core.encode(value, {nulls, empty_arrays, array_mts, sort_keys}?) -> text | nil, message, name.   Pushes 1 or 3 values. */
static int l_encode (lua_State *L) {
  static const char *const names[] = { "nulls", "empty_arrays", "array_mts", "sort_keys", NULL };
  luaL_checkany(L, 1);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) return json_write(L, 1, 0, 0);
  check_options(L, 2, names);
  lua_getfield(L, 2, "sort_keys");
  int sorts_keys = lua_toboolean(L, -1);
  lua_newtable(L);
  add_marks(L, 2, 4, "nulls", MARK_NULL);
  add_marks(L, 2, 4, "empty_arrays", MARK_EMPTY_ARRAY);
  add_marks(L, 2, 4, "array_mts", MARK_ARRAY_METATABLE);
  return json_write(L, 1, 4, sorts_keys);
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

/* ---- rows ---- */

typedef struct rows_reader {
  rows rows;
  buf bytes;
  int is_finished;                    /* no byte follows */
  int is_reading;                     /* bytes are being turned into Lua values: they must stay where they are */
} rows_reader;

static rows_reader *check_rows (lua_State *L) {
  return luaL_checkudata(L, 1, ROWS_TYPE);
}

/* core.rows(decoder, max_row?) -> rows.   Pushes 1 value. */
static int l_rows (lua_State *L) {
  json_check_decoder(L, 1);
  lua_Number max_row = luaL_optnumber(L, 2, MAX_ROW_SIZE);
  luaL_argcheck(L, max_row >= 1 && max_row <= MAX_ROW_SIZE, 2, "out of range");
  rows_reader *r = lua_newuserdatauv(L, sizeof *r, 1);
  rows_init(&r->rows, (size_t)max_row);
  buf_init(&r->bytes, MAX_BODY_SIZE);
  r->is_finished = r->is_reading = 0;
  luaL_getmetatable(L, ROWS_TYPE);
  lua_setmetatable(L, -2);
  lua_createtable(L, 2, 0);
  lua_pushvalue(L, 1);
  lua_rawseti(L, -2, SLOT_DECODER);
  lua_newtable(L);
  lua_rawseti(L, -2, SLOT_ENVELOPE);
  lua_setiuservalue(L, -2, 1);
  return 1;
}

/* rows:feed(bytes, first?, last?) -> true | nil, message, name.   Pushes 1 or 3 values.
** 'first' and 'last' (from 1) feed a part of 'bytes' without a copy of it. */
static int l_rows_feed (lua_State *L) {
  size_t len;
  rows_reader *r = check_rows(L);
  const char *bytes = luaL_checklstring(L, 2, &len);
  lua_Number first = luaL_optnumber(L, 3, 1), last = luaL_optnumber(L, 4, (lua_Number)len);
  luaL_argcheck(L, !r->is_finished, 1, "the rows are finished");
  luaL_argcheck(L, !r->is_reading, 1, "a row is being read");
  luaL_argcheck(L, first >= 1, 3, "out of range");
  if (last > (lua_Number)len) last = (lua_Number)len;
  size_t from = first > last ? len : (size_t)first - 1;
  err_code code = buf_append(&r->bytes, bytes + from, first > last ? 0 : (size_t)last - from);
  if (code != ERR_OK) return err_push(L, code, "no room for more bytes that no row was taken from");
  lua_pushboolean(L, 1);
  return 1;
}

/* rows:finish(): no byte follows. */
static int l_rows_finish (lua_State *L) {
  check_rows(L)->is_finished = 1;
  return 0;
}

/* rows:next() -> row | nil, "more" | nil, "end" | nil, message, name, offset.   Pushes 1, 2 or 4 values. */
static int l_rows_next (lua_State *L) {
  size_t used;
  rows_reader *r = check_rows(L);
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, 1);
  lua_rawgeti(L, 2, SLOT_DECODER);
  lua_rawgeti(L, 2, SLOT_ENVELOPE);
  luaL_argcheck(L, !r->is_reading, 1, "a row is being read");
  r->is_reading = 1;                                 /* a finalizer that runs meanwhile must not move the bytes */
  rows_state state = rows_next(&r->rows, L, 3, 4, buf_bytes(&r->bytes), r->bytes.len, r->is_finished, &used);
  r->is_reading = 0;
  buf_drop(&r->bytes, used);
  if (state == ROWS_ROW) return 1;
  if (state == ROWS_FAIL) {
    err_push(L, r->rows.error, r->rows.message);
    lua_pushinteger(L, (lua_Integer)r->rows.offset);
    return 4;
  }
  lua_pushnil(L);
  lua_pushstring(L, state == ROWS_END ? "end" : "more");
  return 2;
}

/* true; nil, "more"; or false. Pushes 1 or 2 values. */
static int push_skipped (lua_State *L, rows_state state) {
  if (state == ROWS_MORE) {
    lua_pushnil(L);
    lua_pushliteral(L, "more");
    return 2;
  }
  lua_pushboolean(L, state == ROWS_ROW);
  return 1;
}

/* rows:skip() -> true | nil, "more" | false: pass over the row that could not be decoded.   Pushes 1 or 2 values. */
static int l_rows_skip (lua_State *L) {
  size_t used;
  rows_reader *r = check_rows(L);
  luaL_argcheck(L, !r->is_reading, 1, "a row is being read");
  rows_state state = rows_skip(&r->rows, buf_bytes(&r->bytes), r->bytes.len, r->is_finished, &used);
  buf_drop(&r->bytes, used);
  return push_skipped(L, state);
}

/* rows:envelope() -> the members around the rows, as far as they were met.   Pushes 1 value. */
static int l_rows_envelope (lua_State *L) {
  check_rows(L);
  lua_getiuservalue(L, 1, 1);
  lua_rawgeti(L, -1, SLOT_ENVELOPE);
  return 1;
}

/* __gc. */
static int l_rows_release (lua_State *L) {
  buf_free(&check_rows(L)->bytes);
  return 0;
}

/* ---- tables ---- */

static const luaL_Reg decoder_methods[] = {
  { "decode", l_decoder_decode },
  { NULL, NULL }
};

static const luaL_Reg rows_methods[] = {
  { "feed", l_rows_feed },
  { "finish", l_rows_finish },
  { "next", l_rows_next },
  { "skip", l_rows_skip },
  { "envelope", l_rows_envelope },
  { NULL, NULL }
};

static const luaL_Reg functions[] = {
  { "array", l_array },
  { "decoder", l_decoder },
  { "encode", l_encode },
  { "rows", l_rows },
  { NULL, NULL }
};

/* Give the registered metatable 'tname' its methods and its name. */
static void set_methods (lua_State *L, const char *tname, const luaL_Reg *methods) {
  luaL_newmetatable(L, tname);
  lua_pushstring(L, tname);
  lua_setfield(L, -2, "__name");
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

/* Make the metatable of readers of rows. */
static void open_rows (lua_State *L) {
  set_methods(L, ROWS_TYPE, rows_methods);
  luaL_getmetatable(L, ROWS_TYPE);
  lua_pushcfunction(L, l_rows_release);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}

void open_json (lua_State *L) {
  if (!lex_init()) luaL_error(L, "not enough memory");
  decoder_open(L);
  set_methods(L, DECODER_TYPE, decoder_methods);
  json_write_open(L);
  open_rows(L);
  luaL_setfuncs(L, functions, 0);
  decoder_new(L, 0, 0);
  decoder_new(L, 1, 0);
  lua_pushcclosure(L, l_decode, 2);
  lua_setfield(L, -2, "decode");
  luaL_getmetatable(L, ARRAY_TYPE);
  lua_setfield(L, -2, "array_mt");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
}
