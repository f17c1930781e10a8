/* json_lex.h - the tokens of JSON: strings, numbers, literals, white space. Bytes only, no Lua.
** Each function gets the first byte of a token and returns the byte after it, or NULL; then 'at' is the byte that
** does not fit and 'message' says why, or 'message' is NULL: the bytes ran out, and more might complete the token. */
#ifndef APIFY_JSON_LEX_H
#define APIFY_JSON_LEX_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#pragma GCC visibility push(hidden)

typedef unsigned char byte;

typedef struct json_lex {
  const byte *end;         /* no byte from here on is read */
  const byte *at;
  const char *message;
  int is_final;            /* nothing will ever follow 'end': a number may stop there */
} json_lex;

typedef struct json_number {
  enum { NUMBER_INTEGER, NUMBER_FLOAT } kind;
  int64_t integer;
  double real;
} json_number;

/* Once per process, before the first number: prepares the locale in which '.' is the decimal point. 0 if out of memory. */
int lex_init (void);

/* strtod for text that uses '.', whatever the host's locale. */
double lex_strtod (const char *text);

/* The token does not fit at 'at'. Always NULL. */
static inline const byte *lex_fail (json_lex *x, const byte *at, const char *message) {
  x->at = at;
  x->message = message;
  return NULL;
}

/* The bytes ran out. Always NULL. */
static inline const byte *lex_short (json_lex *x) {
  return lex_fail(x, x->end, NULL);
}

/* The first byte from 'p' on that is not white space, or 'end'. */
static inline const byte *lex_space (const byte *p, const byte *end) {
  while (p < end && *p <= 0x20 && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')) p++;
  return p;
}

/* Bytes of the byte order mark at 'p': 3, or 0 when there is none. */
static inline size_t lex_mark (const byte *p, const byte *end) {
  return end - p >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

/* What a value is that begins with this byte, in words; NULL: none does. */
static inline const char *lex_kind (byte c) {
  switch (c) {
    case '{': return "an object";
    case '[': return "a list";
    case '"': return "a string";
    case 't': case 'f': return "a boolean";
    case 'n': return "null";
    default: return c == '-' || (c >= '0' && c <= '9') ? "a number" : NULL;
  }
}

/* The first byte that is a quote, a backslash, a control character or not ASCII, or 'end'. */
static inline const byte *lex_plain (const byte *p, const byte *end) {
#if defined(__SSE2__)
  const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(0x20);
  for (; end - p >= 16; p += 16) {
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
    odd = _mm_or_si128(odd, _mm_cmplt_epi8(v, space));       /* signed: also the bytes from 0x80 on */
    int mask = _mm_movemask_epi8(odd);
    if (mask != 0) return p + __builtin_ctz((unsigned)mask);
  }
#endif
  while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\') p++;
  return p;
}

/* Do the 'n' bytes at 'a' and 'b' agree? Faster than memcmp for the short texts of keys and values. */
static inline int lex_same (const byte *a, const byte *b, size_t n) {
  uint64_t x, y;
  if (n < 8) {
    for (size_t i = 0; i < n; i++) if (a[i] != b[i]) return 0;
    return 1;
  }
  for (size_t i = 0; i + 8 < n; i += 8) {
    memcpy(&x, a + i, 8);
    memcpy(&y, b + i, 8);
    if (x != y) return 0;
  }
  memcpy(&x, a + n - 8, 8);                                  /* may overlap those before */
  memcpy(&y, b + n - 8, 8);
  return x == y;
}

/* The well-formed UTF-8 character at 'p', which is not ASCII. */
const byte *lex_utf8 (json_lex *x, const byte *p);

/* The rest of a string, from any byte inside it to the closing quote, which is returned (not the byte after it).
** *has_escapes is set if a backslash was met and else left alone. */
const byte *lex_string_rest (json_lex *x, const byte *p, int *has_escapes);

/* The string whose opening quote is before 'p': its closing quote. */
static inline const byte *lex_string (json_lex *x, const byte *p, int *has_escapes) {
  *has_escapes = 0;
  p = lex_plain(p, x->end);
  if (p < x->end && *p == '"') return p;
  return lex_string_rest(x, p, has_escapes);
}

/* Write what the valid raw bytes of a string mean to 'out', which has room for as many, and return how many there are.
** A surrogate escape that has no partner becomes U+FFFD. */
size_t lex_unescape (const byte *raw, size_t len, char *out);

/* The number at 'p', a minus or a digit. Its value, exact or correctly rounded, in *n; infinity when no double is as large. */
const byte *lex_number (json_lex *x, const byte *p, json_number *n);

/* The same without the value. */
const byte *lex_skip_number (json_lex *x, const byte *p);

/* The literal 'text' of 'len' bytes, whose first is at 'p'. */
const byte *lex_literal (json_lex *x, const byte *p, const char *text, size_t len);

#pragma GCC visibility pop

#endif
