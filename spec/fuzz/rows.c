/* rows.c - the reader of rows, with the body cut at random, row for row.
**   - no byte outside a window is read;
**   - rows come out the same however the body is cut, and as in the whole document: whole, without nulls, picked, and as their text;
**   - a body that the one refuses is refused by the other, at the same byte;
**   - the same rows are passed over, and the same come behind them, however the body is cut. */
#include "rows.h"

#include "fuzz.h"
#include "json_read.h"

#define MAX_ROW 600                   /* small enough to be reached */
#define MAX_GAP 1500

enum { OMITS_IDX = 1, KEEPS_IDX, PICKS_IDX, RAW_IDX, DECODERS };      /* stack: decoders, kept for all inputs */

typedef struct result {
  rows_state state;
  err_code error;
  size_t offset;
  int count, skipped;
  int list, envelope;                 /* stack indices */
} result;

void fuzz_open (lua_State *L) {
  fuzz_load_core(L);
  decoder_new(L, 0, 0);
  decoder_new(L, 1, 0);
  lua_newtable(L);
  lua_pushliteral(L, "id");
  lua_rawseti(L, -2, 1);
  decoder_new(L, 0, lua_gettop(L));
  lua_remove(L, -2);
  decoder_new(L, 0, 0)->is_raw = 1;
}

/* Read a body in pieces of at most 'piece' bytes. Rows that fail are passed over, where that can be; the outcome is that of the first. */
static result read_rows (lua_State *L, int dec, const char *bytes, size_t len, size_t piece) {
  rows r;
  size_t head = 0, fed = 0;
  rows_state state;
  lua_newtable(L);
  lua_newtable(L);
  result out = { .list = lua_gettop(L) - 1, .envelope = lua_gettop(L) };
  rows_init(&r, MAX_ROW, MAX_GAP);
  for (int is_final = 0, is_skipping = 0;;) {
    size_t used;
    char *window = fuzz_exact(bytes + head, fed - head);
    if (is_skipping) state = rows_skip(&r, window, fed - head, is_final, &used);
    else state = rows_next(&r, L, dec, out.envelope, window, fed - head, is_final, &used);
    fuzz_check(used <= fed - head, "no more bytes are used than there are");
    free(window);
    head += used;
    if (state == ROWS_MORE && fed == len) {
      fuzz_check(!is_final, "more is asked for only while more can come");
      is_final = 1;
    }
    else if (state == ROWS_MORE) fed += 1 + fuzz_below(piece < len - fed ? piece : len - fed);
    else if (is_skipping && state == ROWS_ROW) is_skipping = 0, out.skipped++;
    else if (state == ROWS_ROW) lua_rawseti(L, out.list, ++out.count);
    else if (is_skipping || state == ROWS_END) break;
    else {
      is_skipping = 1;
      if (out.error == ERR_OK) out.error = r.error, out.offset = r.offset;
    }
  }
  out.state = out.error == ERR_OK ? ROWS_END : ROWS_FAIL;
  return out;
}

static result check_cuts (lua_State *L, int dec, const char *bytes, size_t len) {
  result a = read_rows(L, dec, bytes, len, 1 + fuzz_below(len));
  result b = read_rows(L, dec, bytes, len, 1 + fuzz_below(8));
  fuzz_check(a.state == b.state && a.error == b.error && a.offset == b.offset, "cuts change no outcome");
  fuzz_check(a.count == b.count && a.skipped == b.skipped, "cuts change no number of rows");
  fuzz_check(fuzz_same(L, a.list, b.list), "cuts change no row");
  fuzz_check(fuzz_same(L, a.envelope, b.envelope), "cuts change nothing around the rows");
  return a;
}

/* The outcome must be that of the whole document. */
static void check_against_whole (lua_State *L, int dec, const result *r, const char *bytes, size_t len) {
  char *window = fuzz_exact(bytes, len);
  int is_bare = len > 0 && bytes[strspn(bytes, " \t\r\n")] == '[';
  int is_valid = json_decode(L, dec, window, len) == 1;
  free(window);
  if (r->state == ROWS_END) fuzz_check(is_valid, "rows are complete, so the document is valid");
  if (!is_bare || r->error == ERR_TOO_LARGE) return;
  if (!is_valid) fuzz_check(r->offset == (size_t)lua_tonumber(L, -1), "rows and document fail at the same byte");
  else {
    fuzz_check(r->state == ROWS_END, "the document is valid, so the rows are complete");
    fuzz_check(r->count == (int)lua_rawlen(L, -1), "there are as many rows as elements");
    fuzz_check(r->count == 0 || fuzz_same(L, -1, r->list), "the rows are the document's elements");
  }
}

/* Each text on the list 'texts' is that of the row on the list 'rows'. */
static void check_texts (lua_State *L, const result *texts, const result *whole) {
  fuzz_check(texts->state == ROWS_END && texts->count == whole->count, "there are as many texts as rows");
  for (int i = 1; i <= texts->count; i++) {
    size_t len;
    lua_rawgeti(L, whole->list, i);
    lua_rawgeti(L, texts->list, i);
    const char *text = lua_tolstring(L, -1, &len);
    fuzz_check(json_decode(L, OMITS_IDX, text, len) == 1 && fuzz_same(L, -1, -3), "a row's text is the row");
    lua_pop(L, 3);
  }
}

/* The picked rows are the rows, but for members of other names. */
static void check_picked (lua_State *L, const result *picked, const result *whole) {
  fuzz_check(picked->error == whole->error && picked->count == whole->count, "there are as many picked rows as rows");
  for (int i = 1; i <= picked->count; i++) {
    lua_rawgeti(L, whole->list, i);
    lua_rawgeti(L, picked->list, i);
    if (lua_istable(L, -2) && lua_rawlen(L, -2) == 0) {
      lua_getfield(L, -2, "id");
      lua_getfield(L, -2, "id");
      fuzz_check(fuzz_same(L, -1, -2), "a picked member is the row's");
      lua_pop(L, 2);
      for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) fuzz_check(strcmp(lua_tostring(L, -2), "id") == 0, "only what is picked is there");
    }
    lua_pop(L, 2);
  }
}

void fuzz_one (lua_State *L, const char *bytes, size_t len) {
  result whole = check_cuts(L, OMITS_IDX, bytes, len);
  int other = KEEPS_IDX + (int)fuzz_below(DECODERS - KEEPS_IDX);
  result r = check_cuts(L, other, bytes, len);
  check_against_whole(L, OMITS_IDX, &whole, bytes, len);
  if (other == KEEPS_IDX) check_against_whole(L, KEEPS_IDX, &r, bytes, len);
  else if (other == PICKS_IDX) check_picked(L, &r, &whole);
  else if (whole.state == ROWS_END) check_texts(L, &r, &whole);
}
