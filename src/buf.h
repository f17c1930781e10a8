/* buf.h - bytes one behind the other, with a maximum: appended at the end, dropped from the front. Plain malloc memory, no Lua. */
#ifndef APIFY_BUF_H
#define APIFY_BUF_H

#include <stddef.h>

#include "err.h"

#pragma GCC visibility push(hidden)

typedef struct buf {
  char *data;      /* NULL until the first byte */
  size_t head;     /* where the bytes begin in 'data' */
  size_t len;      /* how many there are */
  size_t cap;      /* allocated */
  size_t max;      /* 'len' never exceeds this */
} buf;

/* An empty buffer of at most 'max' bytes. Allocates nothing and cannot fail. */
void buf_init (buf *b, size_t max);

/* Give the memory back; the buffer is empty and usable again. Safe to call twice. */
void buf_free (buf *b);

/* Where the bytes begin, never NULL; valid until the next call that may move them. */
static inline char *buf_bytes (const buf *b) {
  static char none[1];
  return b->data == NULL ? none : b->data + b->head;
}

/* Make room for 'n' bytes behind the last one and set *room to it. ERR_OK, ERR_MEMORY or ERR_TOO_LARGE. */
err_code buf_reserve (buf *b, size_t n, char **room);

/* The first 'n' bytes of the room that was reserved are filled now. */
void buf_commit (buf *b, size_t n);

/* Append 'n' bytes. ERR_OK, ERR_MEMORY or ERR_TOO_LARGE; nothing is appended on a failure. */
err_code buf_append (buf *b, const void *bytes, size_t n);

/* Forget the first 'n' bytes; the cost is shared by the appends that follow. */
void buf_drop (buf *b, size_t n);

#pragma GCC visibility pop

#endif
