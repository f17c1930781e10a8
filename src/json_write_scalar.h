/* json_write_scalar.h - where the encoder is, and what it appends that has no parts; and the failure that says where it was. */
#ifndef APIFY_JSON_WRITE_SCALAR_H
#define APIFY_JSON_WRITE_SCALAR_H

#include "buf.h"
#include "core.h"

#pragma GCC visibility push(hidden)

#define MAX_WHY 160                   /* bytes of a failure's reason */

/* Where in the whole value the walk is. */
typedef struct frame {
  const struct frame *up;
  const void *table;
  const char *key;                    /* NULL: an element, of number 'index' */
  size_t key_len;
  lua_Number index;
} frame;

typedef struct writer {
  lua_State *L;
  buf *out;
  int array_mark;                     /* stack index of the metatable that marks arrays */
  int marks;                          /* stack index of the table of foreign marks, or 0 */
  int sorts_keys;
  const char *name;                   /* of the failure */
  char why[MAX_WHY];
  int path;                           /* stack index of the failure's path */
} writer;

/* The value at 'where' cannot be JSON: 'why' ends the sentence. Keeps the path at w->path. Always 0. */
int writer_fail (writer *w, const frame *where, const char *why);

/* The buffer takes no more. Raises if memory ran out. Always 0. */
int writer_stop (writer *w, err_code code);

/* Append bytes. 0 is a failure, here and below. */
static inline int writer_add (writer *w, const void *bytes, size_t len) {
  err_code code = buf_append(w->out, bytes, len);
  return code == ERR_OK || writer_stop(w, code);
}

/* Append the number on top of the stack. */
int writer_add_number (writer *w, const frame *up);

/* Append a string in quotes. */
int writer_add_text (writer *w, const frame *where, const char *text, size_t len);

#pragma GCC visibility pop

#endif
