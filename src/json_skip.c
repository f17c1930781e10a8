/* json_skip.c - values that nobody wants, such as the members that were not picked. */
#include "json_step.h"

/* A string, from its opening quote. */
static inline const byte *skip_string (json_reader *r, const byte *p) {
  int has_escapes;
  const byte *close = lex_string(&r->lex, p + 1, &has_escapes);
  return close == NULL ? NULL : close + 1;
}

static const byte *skip_container (json_reader *r, const byte *p) {
  int is_last;
  byte close = *p == '{' ? '}' : ']';
  if (!enter(r, p)) return NULL;
  if ((p = next_token(r, p + 1)) == NULL) return NULL;
  if (*p == close) p++;
  else do {
    if (close == '}') {
      if (*p != '"') return lex_fail(&r->lex, p, "expected a key");
      if ((p = skip_string(r, p)) == NULL || (p = take_colon(r, p)) == NULL) return NULL;
    }
    if ((p = json_skip(r, p)) == NULL) return NULL;
    if ((p = take_comma(r, p, close, &is_last)) == NULL) return NULL;
  } while (!is_last);
  leave(r);
  return p;
}

const byte *json_skip (json_reader *r, const byte *p) {
  switch (*p) {
    case '"': return skip_string(r, p);
    case '{': case '[': return skip_container(r, p);
    case 't': return lex_literal(&r->lex, p, "true", 4);
    case 'f': return lex_literal(&r->lex, p, "false", 5);
    case 'n': return lex_literal(&r->lex, p, "null", 4);
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
      return lex_skip_number(&r->lex, p);
    default:
      return lex_fail(&r->lex, p, "expected a value");
  }
}
