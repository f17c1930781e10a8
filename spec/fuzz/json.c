/* json.c - damaged documents through the decoder, the reader of rows and the encoder.
** Plain program: json VECTORS ROUNDS mutates the documents of spec/vectors/json.lua; the same rounds give the same inputs.
** With -DLIBFUZZER it is the entry of libFuzzer instead. A promise that does not hold aborts:
**   - no byte outside a window is read (each window is a block of its own, which AddressSanitizer watches);
**   - rows come out the same however the body is cut, and as in the whole document;
**   - a body that the one refuses is refused by the other, at the same byte;
**   - the same rows are passed over, and the same come behind them, however the body is cut;
**   - what is decoded can be encoded, and reads back the same. */
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "json_read.h"
#include "json_write.h"
#include "rows.h"

#define MAX_DOCUMENT 4096
#define MAX_ROW 600                /* small enough to be reached */
#define MAX_SEEDS 512
#define DEC_IDX 1                  /* stack: the decoder, the rows of the first and of the second reading, the envelope */
#define ENV_IDX 4

typedef struct result {
  rows_state state;
  err_code error;
  size_t offset;
  int count;
  int skipped;
} result;

static unsigned long seed;

/* A number below 'n', the same in every run. */
static size_t below (size_t n) {
  seed = seed * 6364136223846793005ul + 1442695040888963407ul;
  return n == 0 ? 0 : (size_t)(seed >> 33) % n;
}

static void check (int holds, const char *what, const char *bytes, size_t len) {
  if (holds) return;
  fprintf(stderr, "broken promise: %s\n", what);
  fwrite(bytes, 1, len, stderr);
  fputc('\n', stderr);
  abort();
}

/* A copy in a block of exactly its size. */
static char *exact (const char *bytes, size_t len) {
  char *copy = malloc(len > 0 ? len : 1);
  if (copy == NULL) abort();
  memcpy(copy, bytes, len);
  return copy;
}

/* Read a body in pieces of at most 'piece' bytes; its rows go into the list at 'list'. Rows that fail are passed over, where that can be;
** the outcome is that of the first. */
static result read_rows (lua_State *L, int list, const char *bytes, size_t len, size_t piece) {
  rows r;
  size_t head = 0, fed = 0;
  result out = { ROWS_MORE, ERR_OK, 0, 0, 0 };
  rows_state state;
  rows_init(&r, MAX_ROW);
  for (int is_final = 0, is_skipping = 0;;) {
    size_t used;
    char *window = exact(bytes + head, fed - head);
    if (is_skipping) state = rows_skip(&r, window, fed - head, is_final, &used);
    else state = rows_next(&r, L, DEC_IDX, ENV_IDX, window, fed - head, is_final, &used);
    check(used <= fed - head, "no more bytes are used than there are", bytes, len);
    free(window);
    head += used;
    if (state == ROWS_MORE && fed == len) is_final = 1;
    else if (state == ROWS_MORE) fed += 1 + below(piece < len - fed ? piece : len - fed);
    else if (is_skipping && state == ROWS_ROW) is_skipping = 0, out.skipped++;
    else if (state == ROWS_ROW) lua_rawseti(L, list, ++out.count);
    else if (is_skipping || state == ROWS_END) break;
    else {
      is_skipping = 1;
      if (out.error == ERR_OK) out.error = r.error, out.offset = r.offset;
    }
  }
  out.state = out.error == ERR_OK ? ROWS_END : ROWS_FAIL;
  return out;
}

/* Push the text of the value at 'idx': 1; or 0, and where infinity is in it, which is read and cannot be written. */
static int push_text (lua_State *L, int idx) {
  if (json_write(L, idx, 0, 1) == 1) return 1;
  if (strstr(lua_tostring(L, -2), "infinity") != NULL) {
    lua_pop(L, 1);
    lua_remove(L, -2);
    return 0;
  }
  fprintf(stderr, "cannot be encoded: %s\n", lua_tostring(L, -2));
  abort();
}

/* Do the values at 'a' and 'b' have the same text? */
static int same (lua_State *L, int a, int b) {
  push_text(L, a);
  push_text(L, b);
  int is = lua_rawequal(L, -1, -2);
  lua_settop(L, -3);
  return is;
}

/* The decoded value on top, encoded, decoded and encoded again, gives the same text. */
static void check_round_trip (lua_State *L, const char *bytes, size_t len) {
  size_t n;
  if (!push_text(L, lua_gettop(L))) {
    lua_pop(L, 1);
    return;
  }
  const char *text = lua_tolstring(L, -1, &n);
  check(json_decode(L, DEC_IDX, text, n) == 1, "encoded text is valid", bytes, len);
  push_text(L, lua_gettop(L));
  check(lua_rawequal(L, -1, -3), "encoded text reads back the same", bytes, len);
  lua_pop(L, 3);
}

/* The outcome of the first reading must be that of the whole document. */
static void check_against_whole (lua_State *L, const result *r, const char *bytes, size_t len) {
  char *window = exact(bytes, len);
  int is_bare = len > 0 && bytes[strspn(bytes, " \t\r\n")] == '[';
  int pushed = json_decode(L, DEC_IDX, window, len);
  free(window);
  int is_valid = pushed == 1;
  if (r->state == ROWS_END) check(is_valid, "rows are complete, so the document is valid", bytes, len);
  if (is_valid && is_bare && r->error != ERR_TOO_LARGE) {
    check(r->state == ROWS_END, "the document is valid, so the rows are complete", bytes, len);
    check(r->count == (int)lua_rawlen(L, -1), "there are as many rows as elements", bytes, len);
    check(r->count == 0 || same(L, lua_gettop(L), 2), "the rows are the document's elements", bytes, len);
  }
  if (!is_valid && is_bare && r->error != ERR_TOO_LARGE)
    check(r->offset == (size_t)lua_tonumber(L, -1), "rows and document fail at the same byte", bytes, len);
  if (is_valid) check_round_trip(L, bytes, len);
}

/* One document: 'bytes' ends with a zero that is not part of it. */
static void try_document (lua_State *L, const char *bytes, size_t len) {
  for (int i = 0; i < 3; i++) lua_newtable(L);
  result a = read_rows(L, 2, bytes, len, 1 + below(len));
  result b = read_rows(L, 3, bytes, len, 1 + below(8));
  check(a.state == b.state && a.error == b.error && a.offset == b.offset, "cuts change no outcome", bytes, len);
  check(a.count == b.count && a.skipped == b.skipped, "cuts change no number of rows", bytes, len);
  check(a.count == 0 || same(L, 2, 3), "cuts change no row", bytes, len);
  check_against_whole(L, &a, bytes, len);
  lua_settop(L, DEC_IDX);
}

/* A state with the codec as apify.core, and a decoder at DEC_IDX. */
static int load_core (lua_State *L) {
  lua_newtable(L);
  open_json(L);
  return 1;
}

static lua_State *open_state (void) {
  lua_State *L = luaL_newstate();
  if (L == NULL) abort();
  luaL_openlibs(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, load_core);
  lua_setfield(L, -2, "apify.core");
  lua_getglobal(L, "require");
  lua_pushliteral(L, "apify.core");
  lua_call(L, 1, 0);
  lua_settop(L, 0);
  decoder_new(L, 0, 0);
  return L;
}

#ifdef LIBFUZZER

int LLVMFuzzerTestOneInput (const unsigned char *data, size_t len) {
  static lua_State *L;
  char text[MAX_DOCUMENT + 1];
  if (L == NULL) L = open_state();
  if (len > MAX_DOCUMENT) return 0;
  memcpy(text, data, len);
  text[len] = '\0';
  try_document(L, text, len);
  return 0;
}

#else

typedef struct document {
  char text[MAX_DOCUMENT + 1];
  size_t len;
} document;

static document seeds[MAX_SEEDS];
static size_t seed_count;

/* Take the documents of the list 'name' of the vectors on top. */
static void take_seeds (lua_State *L, const char *name) {
  lua_getfield(L, -1, name);
  for (int i = 1; seed_count < MAX_SEEDS; i++) {
    lua_rawgeti(L, -1, i);
    if (lua_isnil(L, -1)) break;
    lua_rawgeti(L, -1, 1);
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    if (len <= MAX_DOCUMENT) {
      memcpy(seeds[seed_count].text, text, len);
      seeds[seed_count++].len = len;
    }
    lua_pop(L, 2);
  }
  lua_pop(L, 2);
}

/* Replace 'cut' bytes at 'at' by 'n' others, as far as there is room. */
static void splice (document *d, size_t at, size_t cut, const char *bytes, size_t n) {
  if (d->len - cut + n > MAX_DOCUMENT) return;
  memmove(d->text + at + n, d->text + at + cut, d->len - at - cut);
  memcpy(d->text + at, bytes, n);
  d->len += n - cut;
}

/* One change at a random place. */
static void mutate (document *d) {
  static const char *const tokens[] = { "[", "]", "{", "}", ",", ":", "\"", "\\", "\\u", "d83d", "null", "true", "-", "0", "1e9", ".5", "\xc3",
    "\xe2\x82\xac", "\"data\":", "\"items\":[", "\"a\":", " ", "\n", "{\"id\":1,\"s\":\"x\"}," };
  size_t at = below(d->len + 1), left = d->len - at;
  char one = (char)below(256);
  const document *other = &seeds[below(seed_count)];
  const char *token = tokens[below(sizeof tokens / sizeof *tokens)];
  switch (below(6)) {
    case 0: splice(d, at, left > 0, &one, 1); break;
    case 1: splice(d, at, 0, token, strlen(token)); break;
    case 2: splice(d, at, below(left + 1) % 8 % (left + 1), "", 0); break;
    case 3: splice(d, at, 0, other->text, other->len); break;
    case 4: splice(d, at, left > 0, token, strlen(token)); break;
    default: d->len = at; break;
  }
}

/* Put a document into one of the frames in which rows come. */
static void wrap (document *d) {
  static const char *const frames[][2] = { { "", "" }, { "[", "]" }, { "[{\"a\":", "},1]" }, { "{\"data\":{\"total\":1,\"items\":[", "],\"b\":[]}}" },
    { "{\"e\":{},\"data\":[", ",{}]}" } };
  size_t which = below(sizeof frames / sizeof *frames);
  splice(d, d->len, 0, frames[which][1], strlen(frames[which][1]));
  splice(d, 0, 0, frames[which][0], strlen(frames[which][0]));
}

int main (int argc, char **argv) {
  if (argc != 3) return fputs("usage: json VECTORS ROUNDS\n", stderr), 2;
  lua_State *L = open_state();
  if (luaL_dofile(L, argv[1])) return fprintf(stderr, "%s\n", lua_tostring(L, -1)), 1;
  lua_pushvalue(L, -1);
  take_seeds(L, "valid");
  take_seeds(L, "invalid");
  lua_settop(L, DEC_IDX);
  long rounds = atol(argv[2]);
  for (long i = 0; i < rounds; i++) {
    document d = seeds[(size_t)i % seed_count];
    wrap(&d);
    for (size_t n = below(4); n > 0; n--) mutate(&d);
    d.text[d.len] = '\0';
    try_document(L, d.text, d.len);
  }
  lua_close(L);
  printf("%ld documents, no broken promise\n", rounds);
  return 0;
}

#endif
