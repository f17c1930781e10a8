/* tables.c - the cost of merely building the rows' tables: no bytes to fetch, inflate or parse.
** tables.open(path) -> next, a function for `for`. data.lua has written the steps: a letter, four bytes of a number, a string's bytes. */
#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ROOM (64 * 1024)               /* more than the steps of a row */

typedef struct steps {
  FILE *file;
  char text[ROOM];
  size_t at, end;
} steps;

/* So many bytes, which stay until the next call. */
static const char *take (lua_State *L, steps *s, size_t size) {
  if (s->end - s->at < size) {
    memmove(s->text, s->text + s->at, s->end - s->at);
    s->end -= s->at;
    s->at = 0;
    s->end += fread(s->text + s->end, 1, ROOM - s->end, s->file);
    if (s->end < size) luaL_error(L, "the steps end too early");
  }
  const char *bytes = s->text + s->at;
  s->at += size;
  return bytes;
}

static int is_over (steps *s) {
  if (s->at < s->end) return 0;
  s->at = 0;
  s->end = fread(s->text, 1, ROOM, s->file);
  return s->end == 0;
}

/* One step; 0 at the end of the row. Pushes 1 value, or takes 2 off. */
static int step (lua_State *L, steps *s) {
  const char *head = take(L, s, 5);
  char letter = head[0];
  uint32_t number;
  double value;
  memcpy(&number, head + 1, sizeof number);
  switch (letter) {
    case 't': lua_createtable(L, 0, (int)number); return 1;
    case 's': lua_pushlstring(L, take(L, s, number), number); return 1;
    case 'n': memcpy(&value, take(L, s, sizeof value), sizeof value); lua_pushnumber(L, value); return 1;
    case '=': lua_rawset(L, -3); return 1;
    default: return 0;
  }
}

static int l_next (lua_State *L) {
  steps *s = lua_touserdata(L, lua_upvalueindex(1));
  if (is_over(s)) return 0;
  luaL_checkstack(L, 20, NULL);
  while (step(L, s)) { }
  return 1;
}

static int l_open (lua_State *L) {
  const char *path = luaL_checkstring(L, 1);
  steps *s = lua_newuserdata(L, sizeof *s);
  s->at = s->end = 0;
  s->file = fopen(path, "rb");
  if (s->file == NULL) return luaL_error(L, "cannot open %s", path);
  lua_pushcclosure(L, l_next, 1);
  return 1;
}

int luaopen_tables (lua_State *L);
int luaopen_tables (lua_State *L) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, l_open);
  lua_setfield(L, -2, "open");
  return 1;
}
