/* json_shape.c - learning and forgetting shapes. Members and shapes never move and are never freed while a decode is
** under way, since any Lua call may run a finalizer that uses the same decoder. */
#include "json_shape.h"

#include <stdio.h>
#include <stdlib.h>

#define MIN_QUIET 8                   /* objects without a new member before a shape counts as stable */
#define MIN_ARGS 2                    /* of a constructor: below, a call costs more than it saves */
#define MAX_ARGS 48                   /* of a constructor: they all lie on the stack at once */
#define MAX_BUILDS 4                  /* constructors of one shape; then it is never stable */

static void free_members (shape *s) {
  while (s->first != NULL) {
    member *m = s->first;
    s->first = m->following;
    free(m);
  }
}

void shapes_free (decoder *d) {
  while (d->newest != NULL) {
    shape *s = d->newest;
    d->newest = s->older;
    free_members(s);
    free(s);
  }
  for (int i = 0; i < PLACES; i++) {
    byte is_picky = d->root[i].is_picky;
    free_members(&d->root[i]);
    memset(&d->root[i], 0, sizeof d->root[i]);
    d->root[i].is_picky = is_picky;
  }
  d->learned = 0;
}

shape *shape_at (decoder *d, shape **at) {
  if (*at != NULL || d->learned >= MAX_LEARNED) return *at;
  shape *s = calloc(1, sizeof *s);
  if (s == NULL) return NULL;
  s->older = d->newest;
  d->newest = s;
  d->learned++;
  return *at = s;
}

member *shape_search (const shape *s, const member *from, const byte *p, const byte *end) {
  int is_full = s->count >= MAX_MEMBERS;
  int left = is_full ? MAX_PROBES : s->count;
  for (const member *m = is_full ? from : s->first; m != NULL && left > 0; m = m->following, left--)
    if (key_matches(p, end, &m->key)) return (member *)m;
  return NULL;
}

int decoder_picks (lua_State *L, int strings, const decoder *d) {
  int found = 0;
  for (int i = 0; i < d->picks && !found; i++) {
    lua_rawgeti(L, strings, FIRST_PICK + i);
    found = lua_rawequal(L, -1, -2);
    lua_pop(L, 1);
  }
  return found;
}

/* Put the string on top into slot 'slot': its bytes stay where they are while it is there. The stack stays as it was. */
static text anchor (lua_State *L, int strings, int slot) {
  text t;
  t.bytes = (const byte *)lua_tolstring(L, -1, &t.len);
  lua_pushvalue(L, -1);
  lua_rawseti(L, strings, slot);
  return t;
}

/* No text is in slots 'from' to 'from + TEXTS - 1'. They are filled all the same: a table without holes is an array, and LuaJIT loses
** what it moves from a table's other half into the array when memory fails meanwhile. */
static void fill_texts (lua_State *L, int strings, int from) {
  for (int i = 0; i < TEXTS; i++) {
    lua_pushboolean(L, 0);
    lua_rawseti(L, strings, from + i);
  }
}

member *shape_learn (lua_State *L, int strings, decoder *d, shape *s, member *previous) {
  if (s->count >= MAX_MEMBERS || d->learned >= MAX_LEARNED || lua_rawlen(L, -1) > MAX_LEARNED_KEY) return NULL;
  int slot = d->slots + 1;
  text key = anchor(L, strings, slot);
  fill_texts(L, strings, slot + 1);
  member *m = calloc(1, sizeof *m);
  if (m == NULL) return NULL;
  d->slots += 1 + TEXTS;
  d->learned++;
  m->slot = slot;
  m->key = key;
  m->index = s->count++;
  m->is_skipped = (byte)(s->is_picky && !decoder_picks(L, strings, d));
  member **link = previous == NULL ? &s->first : &previous->following;
  m->following = *link;
  *link = m;
  if (!m->is_skipped) s->quiet = 0, s->constructor = 0;
  return m;
}

/* Forget the texts of a member that changes all the time. */
static void forget_texts (lua_State *L, int strings, member *m) {
  memset(m->last, 0, sizeof m->last);
  fill_texts(L, strings, m->slot + 1);
}

void member_remember (lua_State *L, int strings, member *m, int place) {
  m->last[place].bytes = NULL;
  if (++m->misses >= MAX_MISSES) forget_texts(L, strings, m);
  else m->last[place] = anchor(L, strings, m->slot + 1 + place);
}

/* How many members a constructor would get; they are numbered in the order of documents. */
static int number_args (shape *s) {
  int args = 0;
  for (member *m = s->first; m != NULL; m = m->following) m->arg = m->is_skipped ? 0 : ++args;
  return args;
}

static void add_args (luaL_Buffer *b, int args) {
  char name[16];
  for (int i = 1; i <= args; i++) {
    snprintf(name, sizeof name, i == 1 ? "a%d" : ",a%d", i);
    luaL_addstring(b, name);
  }
}

/* Add `["key"]=a1,` with each byte of the key as a decimal escape. */
static void add_field (luaL_Buffer *b, const member *m) {
  char text[24];
  luaL_addstring(b, "[\"");
  for (size_t i = 0; i < m->key.len; i++) {
    snprintf(text, sizeof text, "\\%03d", m->key.bytes[i]);
    luaL_addstring(b, text);
  }
  snprintf(text, sizeof text, "\"]=a%d,", m->arg);
  luaL_addstring(b, text);
}

/* Push the source of the constructor. */
static void push_source (lua_State *L, const shape *s, int args) {
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  luaL_addstring(&b, "return function(");
  add_args(&b, args);
  luaL_addstring(&b, ") return {");
  for (const member *m = s->first; m != NULL; m = m->following)
    if (m->arg != 0) add_field(&b, m);
  luaL_addstring(&b, "} end");
  luaL_pushresult(&b);
}

void shape_compile (lua_State *L, int strings, decoder *d, shape *s) {
  if (s->builds >= MAX_BUILDS || ++s->quiet < MIN_QUIET || d->active > 1) return;
  if (s->count > MAX_ARGS || !lua_checkstack(L, LUA_MINSTACK)) return;
  s->builds++;
  int args = number_args(s);
  if (args < MIN_ARGS) return;
  push_source(L, s, args);
  size_t len;
  const char *source = lua_tolstring(L, -1, &len);
  if (luaL_loadbuffer(L, source, len, "=constructor") == LUA_OK) {
    lua_call(L, 0, 1);
    lua_rawseti(L, strings, ++d->slots);
    s->constructor = d->slots;
    s->args = args;
    lua_pop(L, 1);
  }
  else lua_pop(L, 2);
}

void shape_give_up (shape *s) {
  s->constructor = 0;
  s->builds = MAX_BUILDS;
}
