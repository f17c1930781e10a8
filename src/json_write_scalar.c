/* json_write_scalar.c - numbers and strings as JSON, and why a value cannot be JSON. */
#include "json_write_scalar.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_lex.h"

#define MAX_NUMBER_TEXT 40            /* bytes: 17 digits, sign, point, exponent */
#define MAX_PATH_KEY 40               /* bytes of a key shown in a failure's path */
#define MAX_PATH_PARTS 16             /* shown of a path: the innermost */
#define MAX_EXACT 9007199254740992.0  /* 2^53: integral doubles up to here are written as integers where there is no integer type */

/* ---- failures ---- */

/* Add a key to a path: `.key`, or `["key"]` with odd bytes shown as '?'. */
static void add_key (luaL_Buffer *b, const frame *f, int is_first) {
  size_t len = f->key_len < MAX_PATH_KEY ? f->key_len : MAX_PATH_KEY;
  int is_name = len > 0 && len == f->key_len;
  for (size_t i = 0; i < len; i++) {
    char c = f->key[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (i > 0 && c >= '0' && c <= '9'))) is_name = 0;
  }
  luaL_addstring(b, is_name ? is_first ? "" : "." : "[\"");
  /* NOLINTNEXTLINE: a macro, of LuaJIT's, whose two branches are alike */
  for (size_t i = 0; i < len; i++) luaL_addchar(b, f->key[i] >= ' ' && f->key[i] < 127 ? f->key[i] : '?');
  if (!is_name) luaL_addstring(b, len < f->key_len ? "...\"]" : "\"]");
}

/* Push the path of the frame, such as `items[3].price`. */
static void push_path (lua_State *L, const frame *f) {
  const frame *part[MAX_PATH_PARTS];
  int n = 0;
  for (; f != NULL && n < MAX_PATH_PARTS; f = f->up) part[n++] = f;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  if (f != NULL) luaL_addstring(&b, "...");
  for (int i = n - 1; i >= 0; i--) {
    if (part[i]->key != NULL) add_key(&b, part[i], i == n - 1);
    else {
      char text[MAX_NUMBER_TEXT];
      snprintf(text, sizeof text, "[%.0f]", part[i]->index);
      luaL_addstring(&b, text);
    }
  }
  luaL_pushresult(&b);
}

int writer_fail (writer *w, const frame *where, const char *why) {
  w->name = "encode";
  snprintf(w->why, sizeof w->why, "%s", why);
  luaL_checkstack(w->L, LUA_MINSTACK, "no room for a message, or not enough memory");
  push_path(w->L, where);
  lua_replace(w->L, w->path);
  return 0;
}

int writer_stop (writer *w, err_code code) {
  if (code == ERR_MEMORY) luaL_error(w->L, "not enough memory");
  w->name = err_name(code);
  snprintf(w->why, sizeof w->why, "longer than %zu bytes as JSON", w->out->max);
  return 0;
}

/* ---- numbers and strings ---- */

/* Replace the host's decimal point, whatever its bytes, by '.'. */
static void set_point (char *text) {
  char *o = text;
  int was_point = 0;
  for (const char *p = text; *p != '\0'; p++) {
    int is_plain = (*p >= '0' && *p <= '9') || *p == '-' || *p == '+' || *p == 'e';
    if (is_plain || !was_point) *o++ = is_plain ? *p : '.';
    was_point = !is_plain;
  }
  *o = '\0';
}

/* The shortest of 15, 16 or 17 digits that reads back as the same number. */
static void format_float (char *text, size_t size, double n) {
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, size, "%.*g", digits, n);
    set_point(text);
    if (lex_strtod(text) == n) return;
  }
}

int writer_add_number (writer *w, const frame *up) {
  char text[MAX_NUMBER_TEXT];
#if COMPAT_HAS_INTEGERS
  if (lua_isinteger(w->L, -1)) {
    snprintf(text, sizeof text, "%lld", (long long)lua_tointeger(w->L, -1));
    return writer_add(w, text, strlen(text));
  }
#endif
  double n = lua_tonumber(w->L, -1);
  if (isnan(n)) return writer_fail(w, up, "NaN cannot be JSON");
  if (isinf(n)) return writer_fail(w, up, "infinity cannot be JSON");
  int is_integer = !COMPAT_HAS_INTEGERS && floor(n) == n && fabs(n) <= MAX_EXACT && !(n == 0 && signbit(n));
  if (is_integer) snprintf(text, sizeof text, "%.0f", n);
  else {
    format_float(text, sizeof text - 2, n);
    if (strpbrk(text, ".e") == NULL) strcat(text, ".0");
  }
  return writer_add(w, text, strlen(text));
}

/* Append the escape of a byte that must not stand in a string. */
static int write_escape (writer *w, byte c) {
  static const char letters[] = "btn?fr";           /* 8 to 13; 11 has none */
  char text[8];
  if (c == '"' || c == '\\') snprintf(text, sizeof text, "\\%c", c);
  else if (c >= 8 && c <= 13 && c != 11) snprintf(text, sizeof text, "\\%c", letters[c - 8]);
  else snprintf(text, sizeof text, "\\u%04x", c);
  return writer_add(w, text, strlen(text));
}

int writer_add_text (writer *w, const frame *where, const char *text, size_t len) {
  const byte *p = (const byte *)text, *run = p;
  json_lex x = { .end = p + len };
  if (!writer_add(w, "\"", 1)) return 0;
  while ((p = lex_plain(p, x.end)) < x.end) {
    if (*p >= 0x80) {
      if ((p = lex_utf8(&x, p)) == NULL) return writer_fail(w, where, "a string that is not UTF-8 cannot be JSON");
      continue;
    }
    if (!writer_add(w, run, (size_t)(p - run)) || !write_escape(w, *p)) return 0;
    run = ++p;
  }
  return writer_add(w, run, (size_t)(p - run)) && writer_add(w, "\"", 1);
}
