/* brotli.h - the decoder of brotli that libcurl has brought into the process, if it has: nothing is linked for it. */
#ifndef APIFY_BROTLI_H
#define APIFY_BROTLI_H

#include <stddef.h>
#include <stdint.h>

#include "err.h"

#pragma GCC visibility push(hidden)

typedef struct brotli {
  void *library;         /* NULL: closed */
  void *state;
  void *(*create) (void *alloc, void *free, void *user);
  void (*destroy) (void *state);
  int (*decode) (void *state, size_t *len, const uint8_t **in, size_t *room, uint8_t **out, size_t *total);
  int (*error_code) (const void *state);
} brotli;

typedef enum { BROTLI_FAILED, BROTLI_ENDED, BROTLI_WANTS_INPUT, BROTLI_WANTS_ROOM } brotli_result;   /* the library's own values */

/* Is there a decoder in this process? */
int brotli_is_here (void);

/* Begin a stream. ERR_OK, ERR_MEMORY, or ERR_DECODE when there is no decoder. */
err_code brotli_begin (brotli *b);

/* Decode from '*in' to '*out', which are moved on; '*len' and '*room' shrink. */
brotli_result brotli_run (brotli *b, const char **in, size_t *len, char **out, size_t *room);

/* Did it fail because memory ran out? */
int brotli_lacks_memory (const brotli *b);

/* Give everything back; safe to call twice. */
void brotli_free (brotli *b);

#pragma GCC visibility pop

#endif
