/* buf.c - the byte buffer. Dropping moves 'head'; the bytes move to the front only when room is needed and
** at least half of the memory is free, so that each byte is moved a bounded number of times. */
#include "buf.h"

#include <stdlib.h>
#include <string.h>

#define MIN_CAPACITY 256        /* the first allocation: a short header line or envelope fits */

void buf_init (buf *b, size_t max) {
  b->data = NULL;
  b->head = b->len = b->cap = 0;
  b->max = max;
}

void buf_free (buf *b) {
  free(b->data);
  buf_init(b, b->max);
}

/* The capacity to ask for when 'need' bytes must fit: at least half as much again as there is now. */
static size_t grown (const buf *b, size_t need) {
  size_t cap = b->cap + b->cap / 2;
  if (cap < MIN_CAPACITY) cap = MIN_CAPACITY;
  return cap < need ? need : cap;
}

/* Move the bytes to the front of the memory. */
static void compact (buf *b) {
  if (b->head == 0) return;
  memmove(b->data, b->data + b->head, b->len);
  b->head = 0;
}

/* Move the bytes to the front of a larger block. ERR_OK or ERR_MEMORY. */
static err_code grow (buf *b, size_t need) {
  size_t cap = grown(b, need);
  char *data = malloc(cap);
  if (data == NULL) return ERR_MEMORY;
  if (b->len > 0) memcpy(data, b->data + b->head, b->len);      /* NOLINT: where there are bytes, there is memory */
  free(b->data);
  b->data = data;
  b->head = 0;
  b->cap = cap;
  return ERR_OK;
}

err_code buf_reserve (buf *b, size_t n, char **room) {
  *room = NULL;
  if (b->len > b->max || n > b->max - b->len) return ERR_TOO_LARGE;
  if (b->data == NULL || n > b->cap - b->head - b->len) {
    size_t need = b->len + n;
    if (b->data != NULL && need <= b->cap && b->head >= b->cap / 2) compact(b);
    else {
      err_code code = grow(b, need);
      if (code != ERR_OK) return code;
    }
  }
  *room = b->data + b->head + b->len;
  return ERR_OK;
}

void buf_commit (buf *b, size_t n) {
  b->len += n;
}

err_code buf_append (buf *b, const void *bytes, size_t n) {
  char *room;
  err_code code = buf_reserve(b, n, &room);
  if (code != ERR_OK) return code;
  if (n > 0) memcpy(room, bytes, n);
  buf_commit(b, n);
  return ERR_OK;
}

void buf_drop (buf *b, size_t n) {
  if (n >= b->len) b->head = b->len = 0;
  else {
    b->head += n;
    b->len -= n;
  }
}
