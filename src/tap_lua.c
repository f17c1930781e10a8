/* tap_lua.c - the quick way for the rows of a page: while the next row is one as most are, taking it costs one call of C.
** A tap is opened on a transfer whose rows are being read, for so many rows at most and a short time. It gives what its rule calls
** usual, and counts that; anything else is for the caller to judge, who shuts the tap and goes on without it. A row is counted last: whatever raises
** before that leaves the transfer where the row begins, or as one that is being read, so that nobody goes on behind the row.
** What rows are known by is kept as bytes: strings that outlive their rows would leave holes in the memory that rows are made of. */
#include <string.h>

#include "core.h"
#include "event.h"
#include "json_read.h"
#include "xfer_lua.h"

#define TAP_TYPE "apify.tap"
#define TAP_LOOK_MS 1                 /* a tap gives rows for so long at most: then the caller is to look whether it is the turn of others */
#define MAX_TAP_BYTES (1u << 20)      /* of the keys of one tap; then it gives no more */

/* Which rows are usual. */
typedef enum tap_rule {
  RULE_ANY,                           /* every row */
  RULE_LATER,                         /* has a key, and a place behind that of the row before it */
  RULE_NEW                            /* has a key that is in neither of two sets: it is put into the first */
} tap_rule;

/* Slots of its user value, a table. */
enum { TAP_TRANSFER = 1, TAP_DECODER, TAP_ENVELOPE, TAP_KEY, TAP_PLACE, TAP_NEW_KEYS, TAP_OLD_KEYS };

/* What take() has on the stack: itself, and what is in those slots. */
enum { AT_TAP = 1, AT_SLOTS, AT_DECODER, AT_ENVELOPE, AT_ROW, AT_KEY };

typedef struct tap {
  xfer *x;                            /* NULL: it is shut */
  const unsigned *stops;              /* how often all taps of this Lua state were stopped */
  unsigned opened_at;                 /* ... when this one was opened */
  unsigned openings;                  /* of this one */
  int look_ms;
  int64_t until;                      /* in event_now's time */
  tap_rule rule;
  int is_desc;
  int is_adding;                      /* there is a row, which is not counted yet: its key is being added to the set */
  lua_Integer room, given;            /* rows */
  buf keys, places;                   /* RULE_LATER: each with a zero behind it; the first place is that of the row before */
  size_t last;                        /* bytes of the last place, its zero included */
} tap;

static tap *check_tap (lua_State *L) {
  return luaL_checkudata(L, 1, TAP_TYPE);
}

/* The same for take(), which has the metatable as its upvalue. */
static tap *own_tap (lua_State *L) {
  tap *t = lua_touserdata(L, AT_TAP);
  int is_tap = t != NULL && lua_getmetatable(L, AT_TAP) && lua_rawequal(L, -1, lua_upvalueindex(1));
  luaL_argcheck(L, is_tap, AT_TAP, "tap expected");
  lua_settop(L, AT_TAP);
  return t;
}

static int is_stopped (const tap *t) {
  return t->x == NULL || t->opened_at != *t->stops;
}

/* ---- usual rows ---- */

/* Push the field of the row whose name is in the slot: its text with the zero behind it, or NULL if it is none without a zero in it. */
static const char *push_text (lua_State *L, int slot, size_t *size) {
  lua_rawgeti(L, AT_SLOTS, slot);
  lua_rawget(L, AT_ROW);
  if (lua_type(L, -1) != LUA_TSTRING) return NULL;
  const char *text = lua_tolstring(L, -1, size);
  if (*size == 0 || strlen(text) != *size) return NULL;
  ++*size;
  return text;
}

/* Does the place come behind the last one, in the order of the list? */
static int is_behind (const tap *t, const char *place) {
  int order = strcmp(place, buf_bytes(&t->places) + t->places.len - t->last);
  return t->is_desc ? order < 0 : order > 0;
}

/* RULE_LATER. Remembers the row if it is usual. */
static int take_later (lua_State *L, tap *t) {
  size_t key_size, place_size;
  const char *key = push_text(L, TAP_KEY, &key_size), *place = push_text(L, TAP_PLACE, &place_size);
  if (key == NULL || place == NULL || !is_behind(t, place)) return 0;
  if (buf_append(&t->keys, key, key_size) != ERR_OK) return 0;
  if (buf_append(&t->places, place, place_size) != ERR_OK) {
    t->keys.len -= key_size;
    return 0;
  }
  t->last = place_size;
  return 1;
}

/* Is the key in the set in the slot? Pushes the set. */
static int is_in (lua_State *L, int slot) {
  lua_rawgeti(L, AT_SLOTS, slot);
  lua_pushvalue(L, AT_KEY);
  lua_rawget(L, -2);
  int found = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return found;
}

/* RULE_NEW. Remembers the row if it is usual. */
static int take_new (lua_State *L, tap *t) {
  size_t size;
  if (push_text(L, TAP_KEY, &size) == NULL || is_in(L, TAP_OLD_KEYS) || is_in(L, TAP_NEW_KEYS)) return 0;
  lua_pushvalue(L, AT_KEY);
  lua_pushboolean(L, 1);
  t->is_adding = 1;
  lua_rawset(L, -3);
  t->is_adding = 0;
  return 1;
}

static int is_usual (lua_State *L, tap *t) {
  if (t->rule == RULE_ANY) return 1;
  return lua_istable(L, AT_ROW) && (t->rule == RULE_LATER ? take_later(L, t) : take_new(L, t));
}

/* ---- taking ---- */

/* The next row, which is counted; or nil and a row that is not; or nothing. */
static int take_row (lua_State *L, tap *t, xfer *x) {
  lua_getiuservalue(L, AT_TAP, 1);
  lua_rawgeti(L, AT_SLOTS, TAP_DECODER);
  lua_rawgeti(L, AT_SLOTS, TAP_ENVELOPE);
  unsigned openings = t->openings;
  if (xfer_push_row(L, x, AT_DECODER, AT_ENVELOPE) != 1) return 0;
  int was_stopped = is_stopped(t) || t->openings != openings;         /* by a finalizer, while the row was read */
  int results = !was_stopped && is_usual(L, t) ? 1 : 2;
  lua_settop(L, AT_ROW);
  if (results == 1) t->given++;
  else {
    lua_pushnil(L);
    lua_insert(L, AT_ROW);
  }
  return results;
}

/* Is the next row for the caller, whatever it is? */
static int is_over (const tap *t) {
  if (is_stopped(t) || t->given >= t->room || t->x->easy == NULL || t->x->is_reading) return 1;
  return t->given > 0 && event_now() > t->until;
}

#if LUA_VERSION_NUM >= 504
/* take_row of the tap at AT_TAP, for a protected call. */
static int run_take (lua_State *L) {
  tap *t = lua_touserdata(L, AT_TAP);
  return take_row(L, t, t->x);
}
#endif

/* core.take(tap) -> row | nil, row that is for the caller to judge | nil.   Pushes 1, 2 or no values.
** Nothing: the tap is shut or was stopped, its time is over, it has given all that it may, or there is no row to be had now. */
static int l_take (lua_State *L) {
  tap *t = own_tap(L);
  if (is_over(t)) return 0;
  xfer *x = t->x;
  x->is_reading = 1;
#if LUA_VERSION_NUM >= 504
  lua_getiuservalue(L, AT_TAP, 1);                   /* the transfer stays on the stack, whatever becomes of the tap */
  lua_pushcfunction(L, run_take);
  lua_pushvalue(L, AT_TAP);
  int rc = lua_pcall(L, 1, LUA_MULTRET, 0), results = lua_gettop(L) - AT_TAP - 1;
  if (rc != LUA_OK) results = -1;
  x->is_reading = results < 0 && t->is_adding;
#else                                                /* LuaJIT: a protected call costs a tenth of a row */
  int results = take_row(L, t, x);                   /* its stack keeps the transfer */
  x->is_reading = 0;
#endif
  x->receive.is_pinned = 0;
  if (x->is_doomed) xfer_release(x);
  return results < 0 ? lua_error(L) : results;
}

/* ---- opening and shutting ---- */

static void clear (tap *t) {
  t->x = NULL;
  t->given = 0;
  t->is_adding = 0;
  buf_drop(&t->keys, t->keys.len);
  buf_drop(&t->places, t->places.len);
}

/* Put the field of the table at 5 into the slot of the table on top. */
static void keep_field (lua_State *L, const char *name, int slot) {
  lua_getfield(L, 5, name);
  lua_rawseti(L, -2, slot);
}

/* Set what the rule needs from the table at 5; the table for the slots is on top. */
static void set_rule (lua_State *L, tap *t) {
  t->rule = RULE_NEW;
  keep_field(L, "key", TAP_KEY);
  keep_field(L, "place", TAP_PLACE);
  keep_field(L, "new_keys", TAP_NEW_KEYS);
  keep_field(L, "old_keys", TAP_OLD_KEYS);
  lua_getfield(L, 5, "last");
  if (!lua_isnil(L, -1)) {
    const char *last = luaL_checklstring(L, -1, &t->last);
    t->rule = RULE_LATER;
    t->is_desc = core_flag(L, 5, "desc");
    if (buf_append(&t->places, last, ++t->last) != ERR_OK) luaL_error(L, "not enough memory");
  }
  lua_pop(L, 1);
}

/* tap:open(transfer, decoder, room, rule?): give rows of the transfer, as many as there is room for at most.   Pushes nothing.
** 'rule': nothing, for all rows; { key = name, new_keys = set, old_keys = set }; or { key = name, place = name, last = place, desc = flag }. */
static int l_open (lua_State *L) {
  tap *t = check_tap(L);
  xfer *x = luaL_checkudata(L, 2, XFER_TYPE);
  json_check_decoder(L, 3);
  lua_Number room = luaL_checknumber(L, 4);
  lua_settop(L, 5);
  if (!lua_isnil(L, 5)) luaL_checktype(L, 5, LUA_TTABLE);
  clear(t);
  t->openings++;
  t->rule = RULE_ANY;
  lua_createtable(L, TAP_OLD_KEYS, 0);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, TAP_TRANSFER);
  lua_pushvalue(L, 3);
  lua_rawseti(L, -2, TAP_DECODER);
  xfer_push_slot(L, 2, SLOT_ENVELOPE);
  lua_rawseti(L, -2, TAP_ENVELOPE);
  if (!lua_isnil(L, 5)) set_rule(L, t);
  lua_setiuservalue(L, 1, 1);
  t->opened_at = *t->stops;
  t->until = event_now() + t->look_ms;
  t->room = (lua_Integer)room;
  t->x = x;                                          /* last */
  return 0;
}

/* core.tap(look_ms?) -> tap, which is shut. 'look_ms': another time than a millisecond for which it gives rows.   Pushes 1 value. */
static int l_new (lua_State *L) {
  int look_ms = (int)luaL_optnumber(L, 1, TAP_LOOK_MS);
  tap *t = lua_newuserdatauv(L, sizeof *t, 1);
  memset(t, 0, sizeof *t);
  buf_init(&t->keys, MAX_TAP_BYTES);
  buf_init(&t->places, MAX_TAP_BYTES);
  luaL_setmetatable(L, TAP_TYPE);
  t->stops = lua_touserdata(L, lua_upvalueindex(1));
  t->look_ms = look_ms;
  return 1;
}

/* core.stop_taps(): no tap that is open in this Lua state gives anything from here on.   Pushes nothing. */
static int l_stop (lua_State *L) {
  ++*(unsigned *)lua_touserdata(L, lua_upvalueindex(1));
  return 0;
}

/* tap:shut(): it gives nothing from here on.   Pushes nothing. */
static int l_shut (lua_State *L) {
  check_tap(L)->x = NULL;
  return 0;
}

/* tap:clear(): it is shut, and forgets what it gave.   Pushes nothing. */
static int l_clear (lua_State *L) {
  clear(check_tap(L));
  return 0;
}

/* tap:count() -> how many rows it gave.   Pushes 1 value. */
static int l_count (lua_State *L) {
  lua_pushinteger(L, check_tap(L)->given);
  return 1;
}

/* Push a list of the last 'n' texts, which are there. */
static void push_last (lua_State *L, const buf *b, int n) {
  const char *start = buf_bytes(b), *end = start + b->len;
  lua_createtable(L, n, 0);
  for (; n > 0; n--) {
    const char *p = end - 1;
    while (p > start && p[-1] != '\0') p--;
    lua_pushlstring(L, p, (size_t)(end - 1 - p));
    lua_rawseti(L, -2, n);
    end = p;
  }
}

/* tap:rows(n) -> keys, first place, list of the last n keys, list of the last n places.   Pushes 4 values, or none if there were no rows.
** Of a tap with places. 'keys' are those of all rows, each with a zero behind it; there may be fewer than n. */
static int l_rows (lua_State *L) {
  tap *t = check_tap(L);
  lua_Integer n = (lua_Integer)luaL_checknumber(L, 2);
  if (t->rule != RULE_LATER || t->given == 0) return 0;
  if (n > t->given) n = t->given;
  lua_pushlstring(L, buf_bytes(&t->keys), t->keys.len);
  lua_pushstring(L, buf_bytes(&t->places) + strlen(buf_bytes(&t->places)) + 1);
  push_last(L, &t->keys, (int)n);
  push_last(L, &t->places, (int)n);
  return 4;
}

/* __gc. */
static int l_release (lua_State *L) {
  tap *t = check_tap(L);
  clear(t);
  buf_free(&t->keys);
  buf_free(&t->places);
  return 0;
}

static const luaL_Reg meta[] = {
  { "__gc", l_release },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "clear", l_clear },
  { "count", l_count },
  { "open", l_open },
  { "rows", l_rows },
  { "shut", l_shut },
  { NULL, NULL }
};

void open_tap (lua_State *L) {
  core_new_type(L, TAP_TYPE, meta, methods);
  luaL_getmetatable(L, TAP_TYPE);
  lua_pushcclosure(L, l_take, 1);
  lua_setfield(L, -2, "take");
  *(unsigned *)lua_newuserdatauv(L, sizeof(unsigned), 0) = 0;
  lua_pushvalue(L, -1);
  lua_pushcclosure(L, l_new, 1);
  lua_setfield(L, -3, "tap");
  lua_pushcclosure(L, l_stop, 1);
  lua_setfield(L, -2, "stop_taps");
}
