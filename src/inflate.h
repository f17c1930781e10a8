/* inflate.h - compressed bodies by the spoonful: a bounded piece of output at a time, from whatever input is there.
** libcurl's own decoding is off because it accepts half a gzip stream silently and decodes while a transfer is paused. */
#ifndef APIFY_INFLATE_H
#define APIFY_INFLATE_H

#include <stddef.h>
#include <zlib.h>

#include "brotli.h"
#include "err.h"
#include "isal.h"

#pragma GCC visibility push(hidden)

/* How a body is compressed. gzip alone is asked for; stores give others when they keep what somebody has put there. */
typedef enum coding {
  CODING_NONE,
  CODING_GZIP,
  CODING_DEFLATE,        /* in zlib's wrapping, as it should be, or without, as some servers do */
  CODING_BROTLI,
  CODING_UNKNOWN         /* or more than one: cannot be decoded */
} coding;

typedef enum inflate_state {
  INFLATE_NONE,          /* not begun */
  INFLATE_RUNNING,
  INFLATE_ENDED,         /* at the end of the stream, or of a gzip member: the body may end here */
  INFLATE_FAILED         /* for good */
} inflate_state;

typedef struct inflater {
  coding coding;
  inflate_state state;
  int is_full;           /* the room was used up: more may come without more input */
  int has_zlib;          /* zlib holds memory */
  int has_isal;          /* isa-l decodes what zlib has read the header of */
  z_stream z;
  void *isal;            /* its state, between a header and the end of its member */
  brotli brotli;
} inflater;

/* What a value of Content-Encoding says; CODING_UNKNOWN too where its decoder is not here. */
coding coding_find (const char *value, size_t len);

/* Its name, for texts. */
const char *coding_name (coding c);

/* Nothing to decode and no memory yet; cannot fail. */
void inflater_init (inflater *f);

/* Decode from 'in' into 'out'; *used and *made say how far. ERR_OK, ERR_DECODE (damaged) or ERR_MEMORY. */
err_code inflater_run (inflater *f, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made);

/* May the body end now? False in the middle of a stream, and before its first byte. */
int inflater_may_end (const inflater *f);

/* Give the memory back; safe to call twice. */
void inflater_free (inflater *f);

#pragma GCC visibility pop

#endif
