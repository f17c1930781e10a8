/* json_lex.c - the tokens of JSON, the parts that are not worth inlining: UTF-8, escapes, numbers. RFC 8259, strictly. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                 /* strtod_l */
#endif
#include "json_lex.h"

#include <float.h>
#include <locale.h>
#include <stdlib.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

#define MAX_EXACT_INTEGER ((uint64_t)1 << 53)      /* every integer up to here is a double */
#define MAX_EXACT_POWER 22                         /* every power of ten up to here is a double */
#define MAX_DIGITS 19                              /* as many decimal digits always fit in 64 bits */
#define MAX_EXPONENT 100000                        /* larger ones are cut to this: beyond any double all the same */
#define SHORT_NUMBER 64                            /* longer numbers are copied to the heap */

/* ---- UTF-8 and strings ---- */

static int is_tail (byte c) {
  return (c & 0xC0) == 0x80;
}

/* Length of the character that begins with 'lead', and the allowed range of its second byte, which rules out overlong
** forms, surrogates and what is beyond U+10FFFF. 0: no character begins so. */
static int utf8_shape (byte lead, byte *low, byte *high) {
  *low = 0x80, *high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (lead == 0xE0) *low = 0xA0;
    if (lead == 0xED) *high = 0x9F;
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (lead == 0xF0) *low = 0x90;
    if (lead == 0xF4) *high = 0x8F;
    return 4;
  }
  return 0;
}

const byte *lex_utf8 (json_lex *x, const byte *p) {
  byte low, high;
  int len = utf8_shape(*p, &low, &high);
  if (len == 0) return lex_fail(x, p, "invalid UTF-8");
  for (int i = 1; i < len; i++) {
    if (p + i == x->end) return lex_short(x);
    if (i == 1 ? p[1] < low || p[1] > high : !is_tail(p[i])) return lex_fail(x, p, "invalid UTF-8");
  }
  return p + len;
}

static int hex_value (byte c) {
  if (c >= '0' && c <= '9') return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The escape whose backslash is at 'p': the byte after it. */
static const byte *skip_escape (json_lex *x, const byte *p) {
  if (++p == x->end) return lex_short(x);
  if (*p != 'u') return *p != 0 && strchr("\"\\/bfnrt", *p) != NULL ? p + 1 : lex_fail(x, p, "invalid escape in a string");
  for (int i = 1; i <= 4; i++) {
    if (p + i == x->end) return lex_short(x);
    if (hex_value(p[i]) < 0) return lex_fail(x, p + i, "expected four hexadecimal digits after \\u");
  }
  return p + 5;
}

const byte *lex_string_rest (json_lex *x, const byte *p, int *has_escapes) {
  for (;;) {
    p = lex_plain(p, x->end);
    if (p == x->end) return lex_short(x);
    if (*p == '"') return p;
    if (*p == '\\') {
      *has_escapes = 1;
      p = skip_escape(x, p);
    }
    else if (*p < 0x20) p = lex_fail(x, p, "control character in a string");
    else p = lex_utf8(x, p);
    if (p == NULL) return NULL;
  }
}

/* The 16 bits of the escape whose hexadecimal digits begin at 'p'. */
static unsigned unit_at (const byte *p) {
  unsigned unit = 0;
  for (int i = 0; i < 4; i++) unit = unit << 4 | (unsigned)hex_value(p[i]);
  return unit;
}

/* Write a code point as UTF-8; how many bytes it took. */
static size_t put_utf8 (char *out, unsigned c) {
  if (c < 0x80) {
    out[0] = (char)c;
    return 1;
  }
  size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
  for (size_t i = len - 1; i > 0; i--, c >>= 6) out[i] = (char)(0x80 | (c & 0x3F));
  out[0] = (char)((0xF00 >> len & 0xFF) | c);
  return len;
}

/* Decode the \u escape(s) at 'p' (the backslash) into *c and return how many raw bytes that took. */
static size_t take_unit (const byte *p, const byte *end, unsigned *c) {
  unsigned unit = unit_at(p + 2);
  *c = unit >= 0xD800 && unit <= 0xDFFF ? 0xFFFD : unit;
  if (unit >= 0xD800 && unit <= 0xDBFF && end - p >= 12 && p[6] == '\\' && p[7] == 'u') {
    unsigned low = unit_at(p + 8);
    if (low >= 0xDC00 && low <= 0xDFFF) {
      *c = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
      return 12;
    }
  }
  return 6;
}

static char simple_escape (byte c) {
  switch (c) {
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return (char)c;
  }
}

size_t lex_unescape (const byte *raw, size_t len, char *out) {
  const byte *end = raw + len;
  char *o = out;
  while (raw < end) {
    const byte *slash = memchr(raw, '\\', (size_t)(end - raw));
    size_t run = (size_t)((slash == NULL ? end : slash) - raw);
    memcpy(o, raw, run);
    o += run, raw += run;
    if (slash == NULL) break;
    if (raw[1] == 'u') {
      unsigned c;
      raw += take_unit(raw, end, &c);
      o += put_utf8(o, c);
    }
    else {
      *o++ = simple_escape(raw[1]);
      raw += 2;
    }
  }
  return (size_t)(o - out);
}

/* ---- numbers ---- */

/* A number as it is written: (-1)^is_negative * mantissa * 10^exponent, if no digit was left out. */
typedef struct parts {
  uint64_t mantissa;
  int64_t exponent;      /* as wide as the longest text could make it */
  int digits;            /* significant ones in 'mantissa' */
  int is_negative, is_integer, is_cut;
} parts;

static locale_t c_locale;              /* owned by the process; the same for every VM */

int lex_init (void) {
  if (c_locale == (locale_t)0) c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  return c_locale != (locale_t)0;
}

double lex_strtod (const char *text) {
  return strtod_l(text, NULL, c_locale);
}

static int is_digit (byte c) {
  return c >= '0' && c <= '9';
}

/* Take the digits at 'p', at least one, into the mantissa; each moves the exponent by 'step' (-1 behind the point). */
static const byte *take_digits (json_lex *x, const byte *p, parts *n, int step) {
  if (p == x->end) return lex_short(x);
  if (!is_digit(*p)) return lex_fail(x, p, "expected a digit");
  for (; p < x->end && is_digit(*p); p++) {
    if (n->digits < MAX_DIGITS) {
      n->mantissa = n->mantissa * 10 + (uint64_t)(*p - '0');
      n->digits += n->mantissa != 0;
      n->exponent += step;
    }
    else n->is_cut = 1;
  }
  return p;
}

/* Take the exponent behind the 'e'. */
static const byte *take_exponent (json_lex *x, const byte *p, parts *n) {
  int value = 0;
  int is_negative = p < x->end && *p == '-';
  if (p < x->end && (*p == '-' || *p == '+')) p++;
  if (p == x->end) return lex_short(x);
  if (!is_digit(*p)) return lex_fail(x, p, "expected a digit");
  for (; p < x->end && is_digit(*p); p++)
    if (value < MAX_EXPONENT) value = value * 10 + (*p - '0');
  n->exponent += is_negative ? -value : value;
  return p;
}

/* The grammar of a number. */
static const byte *take_number (json_lex *x, const byte *p, parts *n) {
  memset(n, 0, sizeof *n);
  n->is_integer = 1;
  if (*p == '-') n->is_negative = 1, p++;
  if (p < x->end && *p == '0') {
    if (++p < x->end && is_digit(*p)) return lex_fail(x, p, "a number must not begin with 0");
  }
  else if ((p = take_digits(x, p, n, 0)) == NULL) return NULL;
  if (p < x->end && *p == '.') {
    n->is_integer = 0;
    if ((p = take_digits(x, p + 1, n, -1)) == NULL) return NULL;
  }
  if (p < x->end && (*p == 'e' || *p == 'E')) {
    n->is_integer = 0;
    if ((p = take_exponent(x, p + 1, n)) == NULL) return NULL;
  }
  return p == x->end && !x->is_final ? lex_short(x) : p;
}

const byte *lex_skip_number (json_lex *x, const byte *p) {
  parts n;
  return take_number(x, p, &n);
}

/* Is the number an integer of 64 bits? Then it is put into *out. "-0" is not: it is the float -0.0. */
static int to_integer (const parts *n, int64_t *out) {
  if (!n->is_integer || n->is_cut) return 0;
  if (n->is_negative) {
    if (n->mantissa == 0 || n->mantissa > (uint64_t)INT64_MAX + 1) return 0;
    *out = -(int64_t)(n->mantissa - 1) - 1;
    return 1;
  }
  *out = (int64_t)n->mantissa;
  return n->mantissa <= (uint64_t)INT64_MAX;
}

/* Does one exact multiplication or division give the correctly rounded double? Then it is put into *out. */
static int to_exact (const parts *n, double *out) {
  static const double power[MAX_EXACT_POWER + 1] = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22
  };
  if (n->mantissa == 0) *out = 0.0;
  else {
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
    if (n->is_cut || n->mantissa > MAX_EXACT_INTEGER) return 0;
    if (n->exponent < -MAX_EXACT_POWER || n->exponent > MAX_EXACT_POWER) return 0;
    double m = (double)n->mantissa;
    *out = n->exponent < 0 ? m / power[-n->exponent] : m * power[n->exponent];
#else
    (void)power;                                   /* wider registers would round twice */
    return 0;
#endif
  }
  if (n->is_negative) *out = -*out;
  return 1;
}

/* The double nearest to the text from 'p' to 'end'. 0: out of memory. */
static int to_nearest (const byte *p, const byte *end, double *out) {
  char small[SHORT_NUMBER];
  size_t len = (size_t)(end - p);
  char *text = len < sizeof small ? small : malloc(len + 1);
  if (text == NULL) return 0;
  memcpy(text, p, len);
  text[len] = '\0';
  *out = lex_strtod(text);
  if (text != small) free(text);
  return 1;
}

const byte *lex_number (json_lex *x, const byte *p, json_number *out) {
  parts n;
  const byte *start = p;
  if ((p = take_number(x, p, &n)) == NULL) return NULL;
  out->kind = to_integer(&n, &out->integer) ? NUMBER_INTEGER : NUMBER_FLOAT;
  if (out->kind == NUMBER_INTEGER || to_exact(&n, &out->real)) return p;
  if (!to_nearest(start, p, &out->real)) return lex_fail(x, start, "out of memory for a long number");
  return p;
}

const byte *lex_literal (json_lex *x, const byte *p, const char *text, size_t len) {
  for (size_t i = 1; i < len; i++) {                    /* the first byte led here */
    if (p + i == x->end) return lex_short(x);
    if (p[i] != (byte)text[i]) return lex_fail(x, p + i, "expected a value");
  }
  return p + len;
}
