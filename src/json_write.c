/* json_write.c - the encoder: a walk over Lua values that appends to one buffer, which a userdata owns.
** Each function appends the value on top of the stack and leaves the stack as it was; but a table with __pairs
** becomes a plain one of its pairs there. 0 is a failure, whose text is in writer.why; the frames of the values around it,
** linked through the C stack, say where. */
#include "json_write.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_read.h"
#include "json_write_scalar.h"

#define SCRATCH_TYPE "apify.json_text"
#define SLOTS_PER_LEVEL 8             /* a value, a key, a metatable, and what sorting needs */

typedef struct sorted_key {
  const char *text;
  size_t len;
} sorted_key;

static int write_value (writer *w, const frame *up, int depth);

static int write_string (writer *w, const frame *up) {
  size_t len;
  const char *text = lua_tolstring(w->L, -1, &len);
  return writer_add_text(w, up, text, len);
}

/* ---- tables ---- */

/* What the value on top stands for in the table of foreign marks; 0: nothing. */
static int foreign_mark (writer *w) {
  if (w->marks == 0) return 0;
  lua_pushvalue(w->L, -1);
  lua_rawget(w->L, w->marks);
  int mark = (int)lua_tointeger(w->L, -1);
  lua_pop(w->L, 1);
  return mark;
}

/* Is the table on top marked as an array by its metatable? */
static int is_marked (writer *w) {
  if (!lua_getmetatable(w->L, -1)) return 0;
  int is = lua_rawequal(w->L, -1, w->array_mark) || foreign_mark(w) == MARK_ARRAY_METATABLE;
  lua_pop(w->L, 1);
  return is;
}

/* Is the table on top, seen from 'f', around itself? Else it is merely deep. */
static const char *too_deep (writer *w, const frame *f) {
  const void *table = lua_topointer(w->L, -1);
  for (; f != NULL; f = f->up)
    if (f->table == table) return "a table that contains itself cannot be JSON";
  return "nested deeper than 1000 levels";
}

/* Check that the keys of the table on top are exactly 1..n, and set *n. */
static int check_array (writer *w, const frame *up, size_t *n) {
  lua_State *L = w->L;
  char why[MAX_WHY];
  size_t count = 0;
  lua_Number most = 0;
  for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TNUMBER) {
      if (lua_type(L, -2) == LUA_TSTRING) snprintf(why, sizeof why, "an array must not have the string key '%.40s'", lua_tostring(L, -2));
      else snprintf(why, sizeof why, "a %s cannot be a key", luaL_typename(L, -2));
      return writer_fail(w, up, why);
    }
    lua_Number key = lua_tonumber(L, -2);
    if (key < 1 || floor(key) != key) {
      snprintf(why, sizeof why, "%.14g is neither an index of an array nor a string key", key);
      return writer_fail(w, up, why);
    }
    if (key > most) most = key;
    count++;
  }
  *n = count;
  if (most == (lua_Number)count) return 1;
  snprintf(why, sizeof why, "an array with holes: %.0f is its last index, but it has %zu element%s", most, count, count == 1 ? "" : "s");
  return writer_fail(w, up, why);
}

static int write_array (writer *w, const frame *up, const void *table, int depth) {
  size_t n = 0;
  if (!check_array(w, up, &n)) return 0;
  frame f = { .up = up, .table = table };
  if (!writer_add(w, "[", 1)) return 0;
  for (size_t i = 1; i <= n; i++) {
    f.index = (lua_Number)i;
    if (i > 1 && !writer_add(w, ",", 1)) return 0;
    lua_rawgeti(w->L, -1, (int)i);
    if (!write_value(w, &f, depth)) return 0;
    lua_pop(w->L, 1);
  }
  return writer_add(w, "]", 1);
}

/* Append one member: its value is on top. */
static int write_member (writer *w, frame *f, const char *key, size_t len, int is_first, int depth) {
  f->key = key;
  f->key_len = len;
  return (is_first || writer_add(w, ",", 1)) && writer_add_text(w, f, key, len) && writer_add(w, ":", 1) && write_value(w, f, depth);
}

/* The key below the value on top must be a string. */
static int check_key (writer *w, const frame *up) {
  char why[MAX_WHY];
  if (lua_type(w->L, -2) == LUA_TSTRING) return 1;
  if (lua_type(w->L, -2) == LUA_TNUMBER)
    snprintf(why, sizeof why, "the number key %.14g stands beside string keys", lua_tonumber(w->L, -2));
  else snprintf(why, sizeof why, "a %s cannot be a key", luaL_typename(w->L, -2));
  return writer_fail(w, up, why);
}

/* The members in the table's own order. */
static int write_members (writer *w, const frame *up, frame *f, int depth) {
  int is_first = 1;
  for (lua_pushnil(w->L); lua_next(w->L, -2); lua_pop(w->L, 1)) {
    size_t len;
    if (!check_key(w, up)) return 0;
    const char *key = lua_tolstring(w->L, -2, &len);
    if (!write_member(w, f, key, len, is_first, depth)) return 0;
    is_first = 0;
  }
  return 1;
}

static int compare_keys (const void *a, const void *b) {
  const sorted_key *x = a, *y = b;
  int order = memcmp(x->text, y->text, x->len < y->len ? x->len : y->len);
  return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

/* Push a list of the keys of the table on top, which keeps them alive, and a userdata with the keys in order.
** Returns that, or NULL: a key that cannot be one. */
static sorted_key *push_sorted (writer *w, const frame *up, size_t *n) {
  lua_State *L = w->L;
  int table = lua_gettop(L);
  lua_newtable(L);
  *n = 0;
  for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
    if (!check_key(w, up)) return NULL;
    lua_pushvalue(L, -2);
    lua_rawseti(L, table + 1, (int)++*n);
  }
  sorted_key *keys = lua_newuserdatauv(L, (*n + 1) * sizeof *keys, 0);
  for (size_t i = 0; i < *n; i++) {
    lua_rawgeti(L, table + 1, (int)i + 1);
    keys[i].text = lua_tolstring(L, -1, &keys[i].len);
    lua_pop(L, 1);
  }
  qsort(keys, *n, sizeof *keys, compare_keys);
  return keys;
}

/* The members in the order of their keys' bytes. */
static int write_sorted (writer *w, const frame *up, frame *f, int depth) {
  size_t n;
  int table = lua_gettop(w->L);
  const sorted_key *keys = push_sorted(w, up, &n);
  if (keys == NULL) return 0;
  for (size_t i = 0; i < n; i++) {
    lua_pushlstring(w->L, keys[i].text, keys[i].len);
    lua_rawget(w->L, table);
    if (!write_member(w, f, keys[i].text, keys[i].len, i == 0, depth)) return 0;
    lua_pop(w->L, 1);
  }
  lua_settop(w->L, table);
  return 1;
}

static int write_object (writer *w, const frame *up, const void *table, int depth) {
  frame f = { .up = up, .table = table };
  if (!writer_add(w, "{", 1)) return 0;
  if (!(w->sorts_keys ? write_sorted : write_members)(w, up, &f, depth)) return 0;
  return writer_add(w, "}", 1);
}

/* Is the first key of the table on top a number? Then it must be an array. */
static int begins_with_number (lua_State *L) {
  lua_pushnil(L);
  if (!lua_next(L, -2)) return 0;
  int is = lua_type(L, -2) == LUA_TNUMBER;
  lua_pop(L, 2);
  return is;
}

/* The table below the function on top, its __pairs: pushes a plain table of what that iterates over. Called under lua_pcall. */
static int l_collect (lua_State *L) {
  lua_insert(L, 1);                                  /* __pairs, the table */
  lua_call(L, 1, 3);                                 /* 1 to 3: iterator, state, key */
  lua_newtable(L);
  for (;;) {
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2)) break;
    lua_pushvalue(L, -2);
    lua_replace(L, 3);
    lua_rawset(L, 4);
  }
  lua_settop(L, 4);
  return 1;
}

/* A table that says itself what its pairs are is replaced, on top, by a plain one of these. What its __pairs raises is a failure. */
static int take_pairs (writer *w, const frame *up) {
  lua_State *L = w->L;
  char why[MAX_WHY];
  if (luaL_getmetafield(L, -1, "__pairs") == 0) return 1;
  lua_pushcfunction(L, l_collect);
  lua_insert(L, -2);
  lua_pushvalue(L, -3);
  lua_insert(L, -2);
  int rc = lua_pcall(L, 2, 1, 0);
  if (rc == LUA_OK) {
    lua_replace(L, -2);
    return 1;
  }
  if (rc == LUA_ERRMEM) return lua_error(L);
  const char *text = lua_tostring(L, -1);
  snprintf(why, sizeof why, "its __pairs raised: %s", text != NULL ? text : luaL_typename(L, -1));
  return writer_fail(w, up, why);
}

static int write_table (writer *w, const frame *up, int depth) {
  const void *table = lua_topointer(w->L, -1);
  switch (foreign_mark(w)) {
    case MARK_NULL: return writer_add(w, "null", 4);
    case MARK_EMPTY_ARRAY: return writer_add(w, "[]", 2);
    default: break;
  }
  if (depth > MAX_JSON_DEPTH) return writer_fail(w, up, too_deep(w, up));
  int is_array = is_marked(w);
  if (!take_pairs(w, up)) return 0;
  if (is_array || begins_with_number(w->L)) return write_array(w, up, table, depth);
  return write_object(w, up, table, depth);
}

/* ---- any value ---- */

/* A value that is JSON only if it stands for null or an empty array. */
static int write_foreign (writer *w, const frame *up) {
  char why[MAX_WHY];
  if (lua_islightuserdata(w->L, -1) && lua_touserdata(w->L, -1) == NULL) return writer_add(w, "null", 4);
  switch (foreign_mark(w)) {
    case MARK_NULL: return writer_add(w, "null", 4);
    case MARK_EMPTY_ARRAY: return writer_add(w, "[]", 2);
    default: break;
  }
  snprintf(why, sizeof why, "a %s cannot be JSON", luaL_typename(w->L, -1));
  return writer_fail(w, up, why);
}

/* Append the value on top; 'up' is the frame of the table it is in, or NULL, and 'depth' how deep that table lies. */
static int write_value (writer *w, const frame *up, int depth) {
  luaL_checkstack(w->L, SLOTS_PER_LEVEL, "no room to encode, or not enough memory");
  switch (lua_type(w->L, -1)) {
    case LUA_TSTRING: return write_string(w, up);
    case LUA_TNUMBER: return writer_add_number(w, up);
    case LUA_TTABLE: return write_table(w, up, depth + 1);
    case LUA_TBOOLEAN: return lua_toboolean(w->L, -1) ? writer_add(w, "true", 4) : writer_add(w, "false", 5);
    case LUA_TNIL: return writer_fail(w, up, "nil cannot be JSON");
    default: return write_foreign(w, up);
  }
}

/* __gc of the scratch memory. */
static int l_release (lua_State *L) {
  buf_free(luaL_checkudata(L, 1, SCRATCH_TYPE));
  return 0;
}

/* Push a userdata that owns an empty buffer. */
static buf *push_scratch (lua_State *L, size_t max) {
  buf *b = lua_newuserdatauv(L, sizeof *b, 0);
  buf_init(b, max);
  luaL_getmetatable(L, SCRATCH_TYPE);
  lua_setmetatable(L, -2);
  return b;
}

/* Push `path: why`. */
static void push_message (writer *w) {
  const char *path = lua_tostring(w->L, w->path);
  if (path != NULL && *path != '\0') lua_pushfstring(w->L, "%s: %s", path, w->why);
  else lua_pushstring(w->L, w->why);
}

int json_write (lua_State *L, int idx, int marks, int sorts_keys, size_t max) {
  writer w = { .L = L, .marks = marks, .sorts_keys = sorts_keys };
  luaL_checkstack(L, LUA_MINSTACK, "no room to encode, or not enough memory");
  idx = lua_absindex(L, idx);
  int base = lua_gettop(L);
  w.out = push_scratch(L, max);
  luaL_getmetatable(L, ARRAY_TYPE);
  w.array_mark = lua_gettop(L);
  lua_pushnil(L);
  w.path = lua_gettop(L);
  lua_pushvalue(L, idx);
  if (write_value(&w, NULL, 0)) {
    lua_pushlstring(L, buf_bytes(w.out), w.out->len);
    buf_free(w.out);
    lua_replace(L, base + 1);
    lua_settop(L, base + 1);
    return 1;
  }
  buf_free(w.out);
  push_message(&w);
  lua_replace(L, base + 2);
  lua_settop(L, base + 2);
  lua_pushnil(L);
  lua_replace(L, base + 1);
  lua_pushstring(L, w.name);
  return 3;
}

void json_write_open (lua_State *L) {
  luaL_newmetatable(L, SCRATCH_TYPE);
  lua_pushcfunction(L, l_release);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
