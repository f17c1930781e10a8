/* rows.c - the reader of rows. The punctuation around rows and members is a state machine that may stop after any byte.
** A value is decoded from the window at once, in the hope that it is all there. If the window ends inside it, what was
** built is thrown away, and from then on its bytes are only scanned for its end; then it is decoded once more. A row is scanned
** from the start where the window has less left than the row before it took.
** A raw row is scanned only. Lua may raise wherever a value is made: then the reader is where that value begins. */
#include "rows.h"

#include <stdio.h>
#include <string.h>

#include "json_read.h"

#define IN_ROWS 1                     /* how deep a bare list's rows lie; each level of the envelope adds one */

/* The window, and where the reader is in it. */
typedef struct window {
  lua_State *L;
  int dec_idx, env_idx;
  const byte *start, *p, *end;
  int is_final;
} window;

/* What a step of the reader comes to: go on with the next step, or leave with this state. */
typedef enum { STEP_ON, STEP_ROW, STEP_MORE, STEP_END, STEP_FAIL } step;

void rows_init (rows *r, size_t max_row, size_t max_gap) {
  memset(r, 0, sizeof *r);
  r->max_row = max_row;
  r->max_gap = max_gap;
}

/* ---- failures ---- */

static step fail (rows *r, const window *w, const byte *at, const char *why) {
  r->error = ERR_DECODE;
  r->offset = r->base + (size_t)(at - w->start);
  snprintf(r->message, sizeof r->message, "invalid JSON at byte %zu: %s", r->offset, why);
  return STEP_FAIL;
}

/* It may be JSON, but not the rows of a list. */
static step fail_shape (rows *r, const window *w, const char *why, const char *found) {
  step s = fail(r, w, w->p, why);
  snprintf(r->message, sizeof r->message, "not a list: %s%s", why, found);
  return s;
}

static step fail_early (rows *r, const window *w) {
  return fail(r, w, w->end, "ends early");
}

/* The value that begins at w->p is larger than the maximum. */
static step fail_large (rows *r, const window *w) {
  r->error = ERR_TOO_LARGE;
  r->offset = r->base + (size_t)(w->p - w->start);
  snprintf(r->message, sizeof r->message, "the value at byte %zu is larger than %zu bytes", r->offset, r->max_row);
  return STEP_FAIL;
}

/* Are so many bytes of the window too many without a row? Then that is the failure. */
static int lacks_rows (rows *r, size_t used) {
  if (r->base + used - r->row_end <= r->max_gap) return 0;
  r->error = ERR_TOO_LARGE;
  r->offset = r->row_end;
  snprintf(r->message, sizeof r->message, "no row in the %zu bytes from byte %zu on", r->max_gap, r->row_end);
  return 1;
}

/* ---- values ---- */

static int is_delimiter (byte c) {
  return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* One byte of a value with brackets or quotes. Is it the last? */
static int scan_byte (rows_scan *s, byte c) {
  if (s->in_escape) s->in_escape = 0;
  else if (s->in_string) {
    if (c == '\\') s->in_escape = 1;
    else if (c == '"') s->in_string = 0, s->depth--;
  }
  else if (c == '"') s->in_string = 1, s->depth++;
  else if (c == '{' || c == '[') s->depth++;
  else if (c == '}' || c == ']') s->depth--;
  return s->depth == 0;
}

/* Look at the bytes of the value at 'p' that were not there before. Is all of it there now? */
static int scan_value (rows_scan *s, const byte *p, size_t len) {
  if (*p == 't' || *p == 'f' || *p == 'n') return 1;          /* so short that decoding it again is no work */
  int is_number = *p != '"' && *p != '{' && *p != '[';
  while (s->done < len) {
    if (s->in_string && !s->in_escape) s->done = (size_t)(lex_plain(p + s->done, p + len) - p);
    if (s->done == len) return 0;
    byte c = p[s->done++];
    if (is_number ? is_delimiter(c) : scan_byte(s, c)) return 1;
  }
  return 0;
}

/* Is it pointless to decode the value at w->p yet? One that was unfinished before, or probably is now, is scanned first. */
static int is_waiting (rows *r, const window *w, size_t len, int is_cut, json_place place) {
  int is_unfinished = r->scan.done > 0 || (place == PLACE_ROW && len < r->row_size);
  if (!is_unfinished) return 0;
  return !scan_value(&r->scan, w->p, len) && !w->is_final && !is_cut;
}

/* Decode the value at w->p and push it, or ask for more, or fail. */
static step take_value (rows *r, window *w, json_place place) {
  size_t len = (size_t)(w->end - w->p);
  int is_cut = len > r->max_row;
  if (is_cut) len = r->max_row + 1;                           /* one more, to tell a value that ends there from a larger one */
  if (is_waiting(r, w, len, is_cut, place)) return STEP_MORE;
  json_input in = { .bytes = (const char *)w->p, .len = len, .place = place, .depth = r->level + (place == PLACE_ROW ? IN_ROWS : 0) };
  memset(&r->scan, 0, sizeof r->scan);                        /* first: json_read may raise */
  switch (json_read(w->L, w->dec_idx, &in)) {
    case JSON_OK:
      if (in.used > r->max_row) {
        lua_pop(w->L, 1);
        return fail_large(r, w);
      }
      if (place == PLACE_ROW) r->row_size = in.used;
      w->p += in.used;
      return STEP_ON;
    case JSON_INCOMPLETE:
      if (is_cut) return fail_large(r, w);
      if (w->is_final) return fail_early(r, w);
      scan_value(&r->scan, w->p, len);
      return STEP_MORE;
    default:
      return fail(r, w, w->p + in.used, in.message);
  }
}

/* ---- the envelope ---- */

static int key_is (const rows *r, const char *key) {
  return r->key_len == strlen(key) && memcmp(r->key, key, r->key_len) == 0;
}

/* The key at w->p, kept in r->key until its value has been read. */
static step take_key (rows *r, window *w) {
  const byte *at = w->p;
  if (*at != '"') return fail(r, w, at, "expected a key");
  step s = take_value(r, w, PLACE_ENVELOPE);
  if (s != STEP_ON) return s;
  const char *key = lua_tolstring(w->L, -1, &r->key_len);
  int fits = r->key_len <= sizeof r->key;
  if (fits) memcpy(r->key, key, r->key_len);
  lua_pop(w->L, 1);
  if (!fits) return fail(r, w, at, "a key that is too long for an envelope");
  r->expect = EXPECT_COLON;
  return STEP_ON;
}

/* Put the value on top into the envelope's table under the key; pops it. A null member is absent if so decided. */
static void put_member (const rows *r, const window *w) {
  const decoder *d = lua_touserdata(w->L, w->dec_idx);
  if (!d->keeps_nulls && lua_islightuserdata(w->L, -1)) {
    lua_pop(w->L, 1);
    lua_pushnil(w->L);
  }
  lua_pushlstring(w->L, r->key, r->key_len);
  lua_insert(w->L, -2);
  lua_rawset(w->L, w->env_idx);
}

/* The list of rows begins at w->p. */
static step open_list (rows *r, window *w) {
  if (r->has_rows) return fail(r, w, w->p, "a second list of rows");
  r->has_rows = 1;
  r->expect = EXPECT_ROW_OR_END;
  w->p++;
  return STEP_ON;
}

/* An object of the envelope begins at w->p. */
static step open_level (rows *r, window *w) {
  r->level++;
  r->expect = EXPECT_KEY_OR_END;
  w->p++;
  return STEP_ON;
}

/* An object of the envelope ends at w->p. */
static step close_level (rows *r, window *w) {
  if (--r->level == 0) {
    if (!r->has_rows) return fail_shape(r, w, "there are no items in its data", "");
    r->expect = EXPECT_NOTHING;
  }
  else r->expect = EXPECT_AFTER_VALUE;
  w->p++;
  return STEP_ON;
}

/* The value of the member r->key, at w->p. */
static step take_member (rows *r, window *w) {
  int is_data = r->level == 1 && key_is(r, "data");
  int is_items = r->level == 2 && key_is(r, "items");
  if (*w->p == '[' && (is_data || is_items)) return open_list(r, w);
  if (*w->p == '{' && is_data) return open_level(r, w);
  if ((is_data || is_items) && lex_kind(*w->p) != NULL) return fail_shape(r, w, "in the place of its rows is ", lex_kind(*w->p));
  step s = take_value(r, w, PLACE_ENVELOPE);
  if (s != STEP_ON) return s;
  put_member(r, w);
  r->expect = EXPECT_AFTER_VALUE;
  return STEP_ON;
}

/* ---- rows ---- */

/* Push the text of the row at w->p, a string, an object or an array, which is looked at only as far as finding its end needs. */
static step take_text (rows *r, window *w) {
  size_t len = (size_t)(w->end - w->p);
  int is_cut = len > r->max_row;
  if (!scan_value(&r->scan, w->p, is_cut ? r->max_row : len)) {
    if (is_cut) return fail_large(r, w);
    return w->is_final ? fail_early(r, w) : STEP_MORE;
  }
  size_t used = r->scan.done;
  memset(&r->scan, 0, sizeof r->scan);
  lua_pushlstring(w->L, (const char *)w->p, used);
  w->p += used;
  return STEP_ON;
}

/* The text of the row at w->p. A number or a literal is decoded all the same: only that tells where it ends, and that it is one. */
static step take_raw (rows *r, window *w) {
  const byte *start = w->p;
  if (*start == '"' || *start == '{' || *start == '[') return take_text(r, w);
  step s = take_value(r, w, PLACE_ROW);
  if (s != STEP_ON) return s;
  lua_pop(w->L, 1);
  lua_pushlstring(w->L, (const char *)start, (size_t)(w->p - start));
  return STEP_ON;
}

static step take_row (rows *r, window *w) {
  const decoder *d = lua_touserdata(w->L, w->dec_idx);
  step s = d->is_raw ? take_raw(r, w) : take_value(r, w, PLACE_ROW);
  if (s == STEP_FAIL) r->bad = BAD_FOUND;
  if (s != STEP_ON) return s;
  r->expect = EXPECT_AFTER_ROW;
  r->row_end = r->base + (size_t)(w->p - w->start);
  return STEP_ROW;
}

/* The list of rows ends at w->p. */
static step close_list (rows *r, window *w) {
  r->expect = r->level == 0 ? EXPECT_NOTHING : EXPECT_AFTER_VALUE;
  w->p++;
  return STEP_ON;
}

/* A comma at w->p: then 'next' is expected. Anything else fails with 'why'. */
static step take_comma (rows *r, window *w, rows_expect next, const char *why) {
  if (*w->p != ',') return fail(r, w, w->p, why);
  r->expect = next;
  w->p++;
  return STEP_ON;
}

static step take_colon (rows *r, window *w) {
  if (*w->p != ':') return fail(r, w, w->p, "expected ':' after a key");
  r->expect = EXPECT_VALUE;
  w->p++;
  return STEP_ON;
}

/* ---- the state machine ---- */

/* A byte at w->p that begins no JSON: a byte order mark in front of the body, or the beginning of one, does no harm. */
static step take_mark (rows *r, window *w) {
  size_t len = (size_t)(w->end - w->p);
  int is_first = r->base == 0 && w->p == w->start;
  if (is_first && lex_mark(w->p, w->end) > 0) {
    w->p += 3;
    return STEP_ON;
  }
  if (is_first && !w->is_final && len < 3 && memcmp(w->p, "\xEF\xBB", len) == 0) return STEP_MORE;
  return fail_shape(r, w, "neither '[' nor '{' begins it", "");
}

/* One token, whose first byte is at w->p. */
static step take_token (rows *r, window *w) {
  byte c = *w->p;
  switch (r->expect) {
    case EXPECT_BODY:
      if (c == '[') return open_list(r, w);
      return c == '{' ? open_level(r, w) : take_mark(r, w);
    case EXPECT_ROW_OR_END: return c == ']' ? close_list(r, w) : take_row(r, w);
    case EXPECT_ROW: return take_row(r, w);
    case EXPECT_AFTER_ROW: return c == ']' ? close_list(r, w) : take_comma(r, w, EXPECT_ROW, "expected ',' or ']'");
    case EXPECT_KEY_OR_END: return c == '}' ? close_level(r, w) : take_key(r, w);
    case EXPECT_KEY: return take_key(r, w);
    case EXPECT_COLON: return take_colon(r, w);
    case EXPECT_VALUE: return take_member(r, w);
    case EXPECT_AFTER_VALUE: return c == '}' ? close_level(r, w) : take_comma(r, w, EXPECT_KEY, "expected ',' or '}'");
    default: return fail(r, w, w->p, "only white space may follow");
  }
}

/* No token is left in the window. */
static step run_out (rows *r, const window *w) {
  if (!w->is_final) return STEP_MORE;
  return r->expect == EXPECT_NOTHING ? STEP_END : fail_early(r, w);
}

rows_state rows_next (rows *r, lua_State *L, int dec_idx, int env_idx, const char *bytes, size_t len, int final, size_t *used) {
  static const rows_state state[] = { [STEP_ROW] = ROWS_ROW, [STEP_MORE] = ROWS_MORE, [STEP_END] = ROWS_END, [STEP_FAIL] = ROWS_FAIL };
  const byte *start = (const byte *)bytes;
  window w = { L, lua_absindex(L, dec_idx), lua_absindex(L, env_idx), start, start + r->passed, start + len, final };
  step s = STEP_ON;
  *used = 0;
  if (r->error != ERR_OK) return ROWS_FAIL;
  while (s == STEP_ON) {
    if (r->scan.done == 0) w.p = lex_space(w.p, w.end);
    r->passed = (size_t)(w.p - start);
    if (lacks_rows(r, r->passed)) s = STEP_FAIL;
    else s = w.p < w.end ? take_token(r, &w) : run_out(r, &w);
  }
  r->passed = 0;
  *used = (size_t)(w.p - start);
  r->base += *used;
  return state[s];
}

/* ---- rows that are passed over ---- */

static int is_word_byte (byte c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' || c == '.' || c == '_';
}

/* Is a bracket outside of strings one that may stand there? Notes the kind of one that opens; one that closes is behind such a one. */
static int fits (rows *r, byte c) {
  size_t depth = r->scan.depth;
  if (c == '{' || c == '[') {
    uint64_t bit = depth < MAX_BRACES ? (uint64_t)1 << depth : 0;
    r->braces = c == '{' ? r->braces | bit : r->braces & ~bit;
  }
  else if ((c == '}' || c == ']') && depth <= MAX_BRACES) return ((r->braces >> (depth - 1)) & 1) == (c == '}');
  return 1;
}

/* Pass over bytes of a value with brackets or quotes. Returns where it stopped; NULL: its brackets do not match. */
static const byte *pass_nested (rows *r, const byte *p, const byte *end) {
  while (p < end) {
    if (r->scan.in_string && !r->scan.in_escape) p = lex_plain(p, end);
    if (p == end) break;
    if (!r->scan.in_string && !fits(r, *p)) return NULL;
    if (scan_byte(&r->scan, *p++)) {
      r->bad = BAD_PASSED;
      break;
    }
  }
  return p;
}

/* The same for a number or a word. */
static const byte *pass_plain (rows *r, const byte *p, const byte *end) {
  while (p < end && is_word_byte(*p)) p++, r->scan.done++;
  if (p == end) return p;
  r->bad = BAD_PASSED;
  return r->scan.done > 0 ? p : NULL;
}

/* Pass over what is there of the bad row. Returns where it stopped; NULL: its end cannot be told. */
static const byte *pass_row (rows *r, const byte *p, const byte *end) {
  if (r->bad == BAD_FOUND && p < end) {
    memset(&r->scan, 0, sizeof r->scan);
    r->bad = *p == '"' || *p == '{' || *p == '[' ? BAD_NESTED : BAD_PLAIN;
  }
  if (r->bad == BAD_NESTED) p = pass_nested(r, p, end);
  else if (r->bad == BAD_PLAIN) p = pass_plain(r, p, end);
  if (p == NULL || r->bad != BAD_PASSED) return p;
  p = lex_space(p, end);
  if (p == end) return p;
  if (*p != ',' && *p != ']') return NULL;
  memset(&r->scan, 0, sizeof r->scan);
  r->bad = BAD_NONE;
  r->error = ERR_OK;
  r->expect = EXPECT_AFTER_ROW;
  return p;
}

rows_state rows_skip (rows *r, const char *bytes, size_t len, int final, size_t *used) {
  const byte *start = (const byte *)bytes, *p = r->bad == BAD_NONE ? NULL : pass_row(r, start, start + len);
  *used = 0;
  if (p != NULL && !lacks_rows(r, (size_t)(p - start))) {
    *used = (size_t)(p - start);
    r->base += *used;
    if (r->error == ERR_OK) {
      r->row_end = r->base;
      return ROWS_ROW;
    }
    if (!final) return ROWS_MORE;
  }
  r->bad = BAD_NONE;
  return ROWS_FAIL;
}
