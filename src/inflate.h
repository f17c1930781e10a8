/* inflate.h - gzip by the spoonful: a bounded piece of output at a time, from whatever input is there.
** libcurl's own decoding is off because it accepts half a gzip stream silently and decodes while a transfer is paused. */
#ifndef APIFY_INFLATE_H
#define APIFY_INFLATE_H

#include <stddef.h>
#include <zlib.h>
#include "err.h"

#pragma GCC visibility push(hidden)

typedef enum inflate_state {
  INFLATE_NONE,          /* the body is not compressed */
  INFLATE_RUNNING,
  INFLATE_ENDED          /* at the end of a gzip member: the body may end here */
} inflate_state;

typedef struct inflater {
  z_stream z;
  inflate_state state;
  int is_open;           /* zlib holds memory */
} inflater;

/* No memory yet; cannot fail. */
void inflater_init (inflater *f);

/* Begin a gzip body. ERR_OK or ERR_MEMORY. */
err_code inflater_begin (inflater *f);

/* Decode from 'in' into 'out'; *used and *made say how far. ERR_OK, ERR_DECODE (damaged) or ERR_MEMORY. */
err_code inflater_run (inflater *f, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made);

/* May the body end now? False in the middle of a gzip stream. */
int inflater_may_end (const inflater *f);

/* Give zlib's memory back; safe to call twice. */
void inflater_free (inflater *f);

#pragma GCC visibility pop

#endif
