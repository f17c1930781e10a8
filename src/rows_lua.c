/* rows_lua.c - the reader of rows as Lua sees it: pieces of text are fed to it, and rows come out. */
#include "buf.h"
#include "core.h"
#include "json_read.h"
#include "rows.h"

#define ROWS_TYPE "apify.rows"
#define SLOT_DECODER 1                /* in the user value of a reader of rows */
#define SLOT_ENVELOPE 2

typedef struct rows_reader {
  rows rows;
  buf bytes;
  int is_finished;                    /* no byte follows */
  int is_reading;                     /* bytes are being turned into Lua values: they must stay where they are */
} rows_reader;

static rows_reader *check_rows (lua_State *L) {
  return luaL_checkudata(L, 1, ROWS_TYPE);
}

/* core.rows(decoder, max_row?, max_gap?) -> rows.   Pushes 1 value. */
static int l_new (lua_State *L) {
  json_check_decoder(L, 1);
  lua_Number max_row = luaL_optnumber(L, 2, MAX_ROW_SIZE), max_gap = luaL_optnumber(L, 3, MAX_ROW_GAP);
  luaL_argcheck(L, max_row >= 1 && max_row <= MAX_ROW_SIZE, 2, "out of range");
  luaL_argcheck(L, max_gap >= 1 && max_gap <= MAX_ROW_GAP, 3, "out of range");
  rows_reader *r = lua_newuserdatauv(L, sizeof *r, 1);
  rows_init(&r->rows, (size_t)max_row, (size_t)max_gap);
  buf_init(&r->bytes, MAX_BODY_SIZE);
  r->is_finished = r->is_reading = 0;
  luaL_setmetatable(L, ROWS_TYPE);
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
static int l_feed (lua_State *L) {
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
static int l_finish (lua_State *L) {
  check_rows(L)->is_finished = 1;
  return 0;
}

/* rows:next() -> row | nil, "more" | nil, "end" | nil, message, name, offset.   Pushes 1, 2 or 4 values. */
static int l_next (lua_State *L) {
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
  if (state == ROWS_FAIL) return err_push_at(L, r->rows.error, r->rows.message, r->rows.offset);
  return core_push_word(L, state == ROWS_END ? "end" : "more");
}

/* rows:skip() -> true | nil, "more" | false: pass over the row that could not be decoded.   Pushes 1 or 2 values. */
static int l_skip (lua_State *L) {
  size_t used;
  rows_reader *r = check_rows(L);
  luaL_argcheck(L, !r->is_reading, 1, "a row is being read");
  rows_state state = rows_skip(&r->rows, buf_bytes(&r->bytes), r->bytes.len, r->is_finished, &used);
  buf_drop(&r->bytes, used);
  if (state == ROWS_MORE) return core_push_word(L, "more");
  lua_pushboolean(L, state == ROWS_ROW);
  return 1;
}

/* rows:envelope() -> the members around the rows, as far as they were met.   Pushes 1 value. */
static int l_envelope (lua_State *L) {
  check_rows(L);
  lua_getiuservalue(L, 1, 1);
  lua_rawgeti(L, -1, SLOT_ENVELOPE);
  return 1;
}

/* __gc. */
static int l_release (lua_State *L) {
  buf_free(&check_rows(L)->bytes);
  return 0;
}

static const luaL_Reg meta[] = {
  { "__gc", l_release },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "envelope", l_envelope },
  { "feed", l_feed },
  { "finish", l_finish },
  { "next", l_next },
  { "skip", l_skip },
  { NULL, NULL }
};

void open_rows (lua_State *L) {
  core_new_type(L, ROWS_TYPE, meta, methods);
  core_add(L, "rows", l_new);
}
