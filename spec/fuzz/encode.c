/* encode.c - values of all kinds, made by a program of bytes, through the encoder.
**   - it gives text or says why not, and raises nothing;
**   - text is valid, is in the same order each time when its keys are sorted, and the value that it reads back to has the same text. */
#include "fuzz.h"
#include "json_read.h"
#include "json_write.h"

#define MAX_VALUES 100

enum { DECODER_IDX = 1, MARKS_IDX, MARK_IDX, FIRST_VALUE };      /* stack */

void fuzz_open (lua_State *L) {
  fuzz_load_core(L);
  decoder_new(L, 1, 0);
  lua_newtable(L);
  lua_newtable(L);                    /* a foreign metatable that marks arrays */
  lua_pushvalue(L, MARK_IDX);
  lua_pushinteger(L, MARK_ARRAY_METATABLE);
  lua_rawset(L, MARKS_IDX);
}

/* The bytes of the program: one more, or 0 behind the end. */
static int take (const char **p, const char *end) {
  return *p < end ? (unsigned char)*(*p)++ : 0;
}

static void push_number (lua_State *L, int kind, int n) {
  static const lua_Number numbers[] = {
    0.1, 1e300 * 1e300, -1e300 * 1e300, 5e-324, 1.7976931348623157e308, 9007199254740993.0, -0.0, 1e15, 123456.75
  };
  if (kind % 2 == 0) lua_pushinteger(L, n - 128);
  else if (kind % 3 == 0) lua_pushnumber(L, (lua_Number)n * 1.0001e-5);
  else lua_pushnumber(L, numbers[(size_t)n % (sizeof numbers / sizeof *numbers)]);
}

static void push_text (lua_State *L, const char **p, const char *end) {
  size_t len = (size_t)take(p, end) % 40;
  if (len > (size_t)(end - *p)) len = (size_t)(end - *p);
  lua_pushlstring(L, *p, len);
  *p += len;
}

/* Put the value on top into the table below it, with the value below that as its key if it can be one. */
static void store (lua_State *L, int n) {
  if (lua_gettop(L) < FIRST_VALUE + 1 || !lua_istable(L, -2)) return;
  if (n % 3 == 0) {
    lua_rawseti(L, -2, (int)lua_rawlen(L, -2) + 1);
    return;
  }
  if (n % 3 == 1) lua_pushinteger(L, n);
  else lua_pushfstring(L, "k%d", n / 8);
  lua_insert(L, -2);
  lua_rawset(L, -3);
}

/* One instruction. */
static void step (lua_State *L, const char **p, const char *end) {
  int op = take(p, end);
  switch (op % 12) {
    case 0: lua_newtable(L); break;
    case 1: push_number(L, op / 12, take(p, end)); break;
    case 2: lua_pushboolean(L, op / 12 % 2); break;
    case 3: lua_pushlightuserdata(L, op / 12 % 8 == 7 ? L : NULL); break;
    case 4: lua_pushcfunction(L, luaopen_base); break;
    case 5: if (lua_istable(L, -1)) lua_pushvalue(L, MARK_IDX), lua_setmetatable(L, -2); break;
    case 6: if (lua_istable(L, -1)) luaL_getmetatable(L, ARRAY_TYPE), lua_setmetatable(L, -2); break;
    case 7: if (lua_gettop(L) >= FIRST_VALUE) lua_pushvalue(L, -1); break;
    case 8: case 9: push_text(L, p, end); break;
    default: store(L, op / 12 * 8 + take(p, end) % 8); break;
  }
}

static int l_write (lua_State *L) {
  return json_write(L, FIRST_VALUE, MARKS_IDX, lua_toboolean(L, lua_upvalueindex(1)), MAX_JSON_TEXT);
}

/* Push the text of the value at 'value', or why there is none. Is it text? */
static int write (lua_State *L, int value, int is_sorted) {
  lua_pushboolean(L, is_sorted);
  lua_pushcclosure(L, l_write, 1);
  for (int i = DECODER_IDX; i <= MARK_IDX; i++) lua_pushvalue(L, i);
  lua_pushvalue(L, value);
  fuzz_check(lua_pcall(L, 4, 2, 0) == 0, "the encoder raises nothing");
  int is_text = lua_type(L, -2) == LUA_TSTRING;
  lua_remove(L, is_text ? -1 : -2);
  return is_text;
}

void fuzz_one (lua_State *L, const char *bytes, size_t len) {
  size_t n;
  const char *end = bytes + len;
  luaL_checkstack(L, MAX_VALUES + LUA_MINSTACK, "values");
  lua_newtable(L);
  for (int i = 0; i < MAX_VALUES && bytes < end; i++) step(L, &bytes, end);
  lua_settop(L, FIRST_VALUE);
  if (!write(L, FIRST_VALUE, 1)) {
    fuzz_check(lua_type(L, -1) == LUA_TSTRING && !write(L, FIRST_VALUE, 0), "a failure has a reason");
    return;
  }
  const char *text = lua_tolstring(L, -1, &n);
  fuzz_check(json_decode(L, DECODER_IDX, text, n) == 1, "encoded text is valid");
  fuzz_check(write(L, lua_gettop(L), 1) && lua_rawequal(L, -1, -3), "encoded text reads back the same");
  lua_settop(L, FIRST_VALUE);
  fuzz_check(write(L, FIRST_VALUE, 0), "the order of keys decides nothing");
  text = lua_tolstring(L, -1, &n);
  fuzz_check(json_decode(L, DECODER_IDX, text, n) == 1, "encoded text is valid");
}
