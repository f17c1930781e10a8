/* json_read.c - the decoder: recursive descent over the bytes, pushing Lua values as it goes.
** Each function gets the first byte of what it reads and returns the byte after it; NULL is a failure, which is in
** reader.lex, and then the Lua stack may hold anything: json_read unwinds it. A Lua call may raise at any time, so that
** nothing here owns memory: shapes belong to the decoder, a userdata. */
#include "json_read.h"

#include <stdio.h>

#include "json_step.h"

#define MAX_SHAPE_DEPTH 32            /* deeper objects are built without a shape */
#define MAX_CONSTRUCTOR_DEPTH 16      /* deeper objects are filled: their arguments would crowd the stack */
#define MAX_SPARSE 16                 /* objects with less than half of the members, before the constructor is given up */
#define MAX_SIZE_HINT 64              /* members an object is prepared for at most */
#define MIN_FIELD_SIZE 5              /* bytes: `"":0,` */
#define MIN_ELEMENT_SIZE 2            /* bytes: `0,` */
#define SMALL_STRING 4096             /* escaped strings up to here are unescaped on the C stack */
#define MAX_MESSAGE 128               /* bytes of a failure's text */

/* An object that is being built: a table and its fields, or a constructor and its arguments. */
typedef struct fields {
  shape *s;                           /* may be NULL */
  member *last;                       /* the last known member that was met */
  uint64_t seen;                      /* members met, by index; all bits: any may have been */
  size_t count;                       /* members met */
  int base;                           /* stack index of the table or the constructor */
  int args;                           /* arguments pushed; -1: it is a table */
  int total;                          /* arguments of the constructor */
} fields;

static const byte *read_value (json_reader *r, const byte *p, shape **at);

/* The shape at 'at', which may be NULL: there is none to be had. */
static shape *inside (json_reader *r, shape **at) {
  return at == NULL || r->depth > MAX_SHAPE_DEPTH ? NULL : shape_at(r->d, at);
}

/* ---- strings, numbers ---- */

/* Push what the raw bytes of a string with escapes mean. Long ones are unescaped in a userdata, so that a raise leaks
** nothing. Not inlined: its buffer must not be part of each level of the recursion. */
__attribute__((noinline)) static void push_unescaped (lua_State *L, const byte *raw, size_t len) {
  char small[SMALL_STRING];
  if (len <= sizeof small) {
    lua_pushlstring(L, small, lex_unescape(raw, len, small));
    return;
  }
  char *large = lua_newuserdatauv(L, len, 0);
  lua_pushlstring(L, large, lex_unescape(raw, len, large));
  lua_remove(L, -2);
}

/* Push what the raw bytes of a string mean. */
static inline void push_string (lua_State *L, const byte *raw, size_t len, int has_escapes) {
  if (has_escapes) push_unescaped(L, raw, len);
  else lua_pushlstring(L, (const char *)raw, len);
}

/* The string whose opening quote is before 'p'. Pushes it. */
static inline const byte *read_string (json_reader *r, const byte *p, int *has_escapes) {
  const byte *close = lex_string(&r->lex, p, has_escapes);
  if (close == NULL) return NULL;
  push_string(r->L, p, (size_t)(close - p), *has_escapes);
  return close + 1;
}

/* The same as the value of a known member, which often has one of the texts that it had before. */
static inline const byte *read_text (json_reader *r, const byte *p, member *m) {
  int has_escapes;
  const byte *close = lex_string(&r->lex, p, &has_escapes);
  if (close == NULL) return NULL;
  size_t len = (size_t)(close - p);
  if (m->misses >= MAX_MISSES || has_escapes || len == 0 || len > MAX_LEARNED_TEXT) {
    push_string(r->L, p, len, has_escapes);
    return close + 1;
  }
  int place = text_place(p, len);
  const text *last = &m->last[place];
  if (last->bytes != NULL && last->len == len && lex_same(p, last->bytes, len)) {
    lua_rawgeti(r->L, r->strings, m->slot + 1 + place);
    m->misses = 0;
  }
  else {
    lua_pushlstring(r->L, (const char *)p, len);
    member_remember(r->L, r->strings, m, place);
  }
  return close + 1;
}

/* Pushes the number. */
static const byte *read_number (json_reader *r, const byte *p) {
  json_number n;
  if ((p = lex_number(&r->lex, p, &n)) == NULL) return NULL;
  if (n.kind == NUMBER_FLOAT) lua_pushnumber(r->L, n.real);
#if COMPAT_HAS_INTEGERS
  else lua_pushinteger(r->L, n.integer);
#else
  else lua_pushnumber(r->L, (lua_Number)n.integer);
#endif
  return p;
}

/* ---- arrays ---- */

/* Push a table for an array of the size of the last one here, as far as the bytes that are left could fill it. */
static void open_array (json_reader *r, const byte *p, const shape *s) {
  size_t most = (size_t)(r->lex.end - p) / MIN_ELEMENT_SIZE + 1;
  size_t size = s == NULL ? 0 : s->array_size;
  lua_createtable(r->L, (int)(size < most ? size : most), 0);
}

/* Mark the empty table on top as an array. */
static void mark_array (json_reader *r) {
  lua_rawgeti(r->L, r->strings, SLOT_ARRAY_MARK);
  lua_setmetatable(r->L, -2);
}

static const byte *read_array (json_reader *r, const byte *p, shape *s) {
  int is_last;
  int n = 0;
  if (!enter(r, p)) return NULL;
  if ((p = next_token(r, p + 1)) == NULL) return NULL;
  if (*p == ']') {
    lua_createtable(r->L, 0, 0);
    mark_array(r);
    leave(r);
    return p + 1;
  }
  open_array(r, p, s);
  do {
    if ((p = read_value(r, p, s == NULL ? NULL : &s->rest)) == NULL) return NULL;
    lua_rawseti(r->L, -2, ++n);
    if ((p = take_comma(r, p, ']', &is_last)) == NULL) return NULL;
  } while (!is_last);
  if (s != NULL) s->array_size = (size_t)n;
  leave(r);
  return p;
}

/* ---- objects ---- */

/* Push a table for an object as large as the last two here, as far as the bytes that are left could fill it. */
static void open_table (json_reader *r, const byte *p, const shape *s) {
  size_t most = (size_t)(r->lex.end - p) / MIN_FIELD_SIZE + 1;
  size_t size = s == NULL ? 0 : s->object_size[0] > s->object_size[1] ? s->object_size[0] : s->object_size[1];
  if (size > MAX_SIZE_HINT) size = MAX_SIZE_HINT;
  lua_createtable(r->L, 0, (int)(size < most ? size : most));
}

/* Begin an object: pushes its table, or the constructor of its shape. */
static void open_fields (json_reader *r, const byte *p, shape *s, fields *f) {
  memset(f, 0, sizeof *f);
  f->s = s;
  f->args = -1;
  f->base = lua_gettop(r->L) + 1;
  if (COMPAT_CONSTRUCTORS && s != NULL && s->constructor != 0 && r->depth <= MAX_CONSTRUCTOR_DEPTH
      && lua_checkstack(r->L, s->args + LEVELS_AT_ONCE * SLOTS_PER_LEVEL)) {
    f->args = 0;
    f->total = s->args;
    lua_rawgeti(r->L, r->strings, s->constructor);
  }
  else open_table(r, p, s);
}

/* Push nil for members that are absent, until there are 'args' arguments. */
static inline void fill_args (json_reader *r, fields *f, int args) {
  for (; f->args < args; f->args++) lua_pushnil(r->L);
}

/* Call the constructor: its table replaces it and its arguments. */
static void construct (json_reader *r, fields *f) {
  fill_args(r, f, f->total);
  f->args = -1;
  lua_call(r->L, f->total, 1);
}

/* Go on with a table: the constructor knows no argument for the member that comes.
** 'keys' (0 or 1) strings on top stay there. */
static void construct_early (json_reader *r, fields *f, int keys) {
  if (keys > 0) lua_insert(r->L, f->base);
  construct(r, f);
  if (keys > 0) lua_insert(r->L, f->base);
}

/* Prepare for the value of member 'm', or of the key on top if 'm' is NULL: pushes the key unless arguments are gathered. */
static inline void open_field (json_reader *r, fields *f, member *m) {
  if (COMPAT_CONSTRUCTORS && f->args >= 0) {
    if (m != NULL && m->arg != 0 && m->arg <= f->total) {
      fill_args(r, f, m->arg - 1);
      return;
    }
    construct_early(r, f, m == NULL);
  }
  if (m != NULL) lua_rawgeti(r->L, r->strings, m->slot);
}

/* Store the value on top as member 'm', or under the key below it; pops both. */
static inline void close_field (json_reader *r, fields *f, member *m) {
  if (!COMPAT_CONSTRUCTORS || f->args < 0) lua_rawset(r->L, f->base);
  else if (m->arg > f->args) f->args++;
  else lua_replace(r->L, f->base + m->arg);
}

/* Was the member (NULL: one without a place) perhaps in this object before? From now on it is. */
static inline int was_seen (fields *f, const member *m) {
  uint64_t bit = m == NULL ? ~(uint64_t)0 : (uint64_t)1 << (m->index < 63 ? m->index : 63);
  int was = m == NULL || (f->seen & bit) != 0;
  f->seen |= bit;
  return was;
}

/* The key whose opening quote is at 'p'. Pushes it if no member is known for it: *found is NULL then. */
static inline const byte *read_key (json_reader *r, const byte *p, fields *f, member **found) {
  int has_escapes;
  *found = NULL;
  if (*p != '"') return lex_fail(&r->lex, p, "expected a key");
  p++;
  if (f->s != NULL && (*found = shape_find(f->s, f->last, p, r->lex.end)) != NULL) {
    f->last = *found;
    return p + f->last->key.len + 1;
  }
  if ((p = read_string(r, p, &has_escapes)) == NULL || f->s == NULL || has_escapes) return p;
  *found = shape_learn(r->L, r->strings, r->d, f->s, f->last);
  if (*found != NULL) {
    f->last = *found;
    lua_pop(r->L, 1);
  }
  return p;
}

/* Is the member, or the key on top if 'm' is NULL, to be built? */
static inline int is_wanted (json_reader *r, const fields *f, const member *m) {
  if (m != NULL) return !m->is_skipped;
  return f->s == NULL || !f->s->is_picky || decoder_picks(r->L, r->strings, r->d);
}

/* A null member that is to be absent: undoes an earlier member of the same name, and drops the key. */
static const byte *read_absent (json_reader *r, const byte *p, fields *f, member *m) {
  if ((p = lex_literal(&r->lex, p, "null", 4)) == NULL) return NULL;
  if (was_seen(f, m)) {
    open_field(r, f, m);
    lua_pushnil(r->L);
    close_field(r, f, m);
  }
  return p;
}

/* One field, at the opening quote of its key. */
static inline const byte *read_field (json_reader *r, const byte *p, fields *f) {
  member *m;
  if ((p = read_key(r, p, f, &m)) == NULL) return NULL;
  if ((p = take_colon(r, p)) == NULL) return NULL;
  if (!is_wanted(r, f, m)) {
    if (m == NULL) lua_pop(r->L, 1);
    return json_skip(r, p);
  }
  if (*p == 'n' && !r->d->keeps_nulls) return read_absent(r, p, f, m);
  f->count++;
  was_seen(f, m);
  open_field(r, f, m);
  if (m == NULL) p = read_value(r, p, f->s == NULL ? NULL : &f->s->rest);
  else if (*p == '"') p = read_text(r, p + 1, m);
  else p = read_value(r, p, &m->inside);
  if (p != NULL) close_field(r, f, m);
  return p;
}

/* Finish an object: its table is on top. Learns its size, and whether a constructor pays. */
static inline void close_fields (json_reader *r, fields *f) {
  shape *s = f->s;
  int was_called = f->args >= 0;
  if (was_called) construct(r, f);
  if (s == NULL) return;
  s->object_size[1] = s->object_size[0];
  s->object_size[0] = f->count;
  if (!COMPAT_CONSTRUCTORS) return;
  if (s->constructor == 0) shape_compile(r->L, r->strings, r->d, s);
  else if (was_called && f->count * 2 < (size_t)f->total && ++s->sparse > MAX_SPARSE) shape_give_up(s);
}

static const byte *read_object (json_reader *r, const byte *p, shape *s) {
  fields f;
  int is_last;
  if (!enter(r, p)) return NULL;
  open_fields(r, p, s, &f);
  if ((p = next_token(r, p + 1)) == NULL) return NULL;
  if (*p == '}') p++;
  else do {
    if ((p = read_field(r, p, &f)) == NULL) return NULL;
    if ((p = take_comma(r, p, '}', &is_last)) == NULL) return NULL;
  } while (!is_last);
  close_fields(r, &f);
  leave(r);
  return p;
}

/* ---- any value ---- */

/* The value at 'p'; 'at' is where its shape is kept, or NULL. Pushes it. */
static const byte *read_value (json_reader *r, const byte *p, shape **at) {
  int has_escapes;
  switch (*p) {
    case '"': return read_string(r, p + 1, &has_escapes);
    case '{': return read_object(r, p, inside(r, at));
    case '[': return read_array(r, p, inside(r, at));
    case 't':
      lua_pushboolean(r->L, 1);
      return lex_literal(&r->lex, p, "true", 4);
    case 'f':
      lua_pushboolean(r->L, 0);
      return lex_literal(&r->lex, p, "false", 5);
    case 'n':
      lua_pushlightuserdata(r->L, NULL);
      return lex_literal(&r->lex, p, "null", 4);
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      return read_number(r, p);
    default:
      return lex_fail(&r->lex, p, "expected a value");
  }
}

/* The outermost value, whose shape is part of the decoder. */
static const byte *read_root (json_reader *r, const byte *p, shape *root) {
  if ((p = next_token(r, p)) == NULL) return NULL;
  if (*p != '{' && *p != '[') return read_value(r, p, NULL);
  return *p == '{' ? read_object(r, p, root) : read_array(r, p, root);
}

json_status json_read (lua_State *L, int dec_idx, json_input *in) {
  json_reader r;
  const byte *bytes = (const byte *)in->bytes;
  luaL_checkstack(L, LEVELS_AT_ONCE * SLOTS_PER_LEVEL, "no room to decode, or not enough memory");
  r.L = L;
  r.d = lua_touserdata(L, dec_idx);
  decoder_refresh(r.d);
  lua_getiuservalue(L, dec_idx, 1);
  r.strings = lua_gettop(L);
  r.lex.end = bytes + in->len;
  r.lex.is_final = in->is_final;
  r.depth = in->depth;
  r.room = LEVELS_AT_ONCE - 1;
  r.d->active++;
  const byte *p = read_root(&r, bytes, &r.d->root[in->place]);
  r.d->active--;
  if (p != NULL) {
    lua_replace(L, r.strings);
    in->used = (size_t)(p - bytes);
    return JSON_OK;
  }
  lua_settop(L, r.strings - 1);
  in->used = (size_t)(r.lex.at - bytes);                      /* NOLINT: whatever returns NULL has set it */
  in->message = r.lex.message;
  return in->message == NULL ? JSON_INCOMPLETE : JSON_INVALID;
}

/* Push nil, message, "decode", offset. */
static int push_failure (lua_State *L, const char *why, size_t offset) {
  char message[MAX_MESSAGE];
  snprintf(message, sizeof message, "invalid JSON at byte %zu: %s", offset, why);
  return err_push_at(L, ERR_DECODE, message, offset);
}

int json_decode (lua_State *L, int dec_idx, const char *bytes, size_t len) {
  const byte *end = (const byte *)bytes + len;
  size_t mark = lex_mark((const byte *)bytes, end);
  json_input in = { .bytes = bytes + mark, .len = len - mark, .place = PLACE_DOCUMENT, .is_final = 1 };
  json_status status = json_read(L, dec_idx, &in);
  if (status == JSON_INVALID) return push_failure(L, in.message, mark + in.used);
  if (status == JSON_INCOMPLETE) return push_failure(L, "ends early", len);
  const byte *p = lex_space((const byte *)bytes + mark + in.used, end);
  if (p == end) return 1;
  lua_pop(L, 1);
  return push_failure(L, "only white space may follow", (size_t)(p - (const byte *)bytes));
}
