/* json_step.h - what reading and passing over JSON have in common: where the reader is, and its steps from one token to the next.
** Each function gets the first byte of what it reads and returns the byte after it; NULL is a failure, which is in reader.lex. */
#ifndef APIFY_JSON_STEP_H
#define APIFY_JSON_STEP_H

#include "core.h"
#include "json_shape.h"

#pragma GCC visibility push(hidden)

#define LEVELS_AT_ONCE 32             /* levels of nesting for which stack is reserved in one go */
#define SLOTS_PER_LEVEL 4             /* a table, a key, a value, one to spare */

typedef struct json_reader {
  json_lex lex;
  lua_State *L;
  decoder *d;
  int strings;                        /* stack index of the decoder's table of strings */
  int depth;
  int room;                           /* levels for which stack is reserved */
} json_reader;

/* White space, then at least one byte. */
static inline const byte *next_token (json_reader *r, const byte *p) {
  p = lex_space(p, r->lex.end);
  return p < r->lex.end ? p : lex_short(&r->lex);
}

/* Go one level down, at the bracket 'p'. 0 is a failure. */
static inline int enter (json_reader *r, const byte *p) {
  if (++r->depth > MAX_JSON_DEPTH) {
    lex_fail(&r->lex, p, "nested deeper than 1000 levels");
    return 0;
  }
  if (--r->room >= 0) return 1;
  if (!lua_checkstack(r->L, LEVELS_AT_ONCE * SLOTS_PER_LEVEL)) {
    lex_fail(&r->lex, p, "nested too deep for the stack that is left");
    return 0;
  }
  r->room = LEVELS_AT_ONCE - 1;
  return 1;
}

static inline void leave (json_reader *r) {
  r->depth--;
  r->room++;
}

/* The colon behind a key, and the first byte of the value. */
static inline const byte *take_colon (json_reader *r, const byte *p) {
  if (p < r->lex.end && *p != ':') p = lex_space(p, r->lex.end);
  if (p == r->lex.end) return lex_short(&r->lex);
  if (*p != ':') return lex_fail(&r->lex, p, "expected ':' after a key");
  p++;
  if (p < r->lex.end && *p > ' ') return p;
  return next_token(r, p);
}

/* Behind an element or a field: *is_last, or the first byte of the next one. 'close' is the closing bracket. */
static inline const byte *take_comma (json_reader *r, const byte *p, byte close, int *is_last) {
  *is_last = 0;
  if ((p = next_token(r, p)) == NULL) return NULL;
  if (*p == ',') return next_token(r, p + 1);
  if (*p != close) return lex_fail(&r->lex, p, close == '}' ? "expected ',' or '}'" : "expected ',' or ']'");
  *is_last = 1;
  return p + 1;
}

/* Pass over the value at 'p': it is checked as ever, but not built. */
const byte *json_skip (json_reader *r, const byte *p);

#pragma GCC visibility pop

#endif
