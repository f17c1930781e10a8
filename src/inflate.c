/* inflate.c - zlib's inflate, one gzip member after another. */
#include "inflate.h"

#include <limits.h>
#include <string.h>

#define GZIP_WINDOW (15 + 16)            /* the largest window, gzip framing only */

void inflater_init (inflater *f) {
  memset(f, 0, sizeof *f);
}

err_code inflater_begin (inflater *f) {
  int rc = inflateInit2(&f->z, GZIP_WINDOW);
  if (rc != Z_OK) return ERR_MEMORY;     /* the arguments are constants: nothing else can be wrong */
  f->is_open = 1;
  f->state = INFLATE_RUNNING;
  return ERR_OK;
}

static uInt clamp (size_t n) {
  return n > UINT_MAX ? UINT_MAX : (uInt)n;
}

err_code inflater_run (inflater *f, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made) {
  *used = *made = 0;
  if (len == 0) return ERR_OK;
  if (f->state == INFLATE_ENDED) {       /* more bytes behind a complete member: the next member */
    inflateReset(&f->z);
    f->state = INFLATE_RUNNING;
  }
  f->z.next_in = (Bytef *)in;            /* zlib reads it only */
  f->z.avail_in = clamp(len);
  f->z.next_out = (Bytef *)out;
  f->z.avail_out = clamp(room);
  uInt had = f->z.avail_in, could = f->z.avail_out;
  int rc = inflate(&f->z, Z_NO_FLUSH);
  *used = had - f->z.avail_in;
  *made = could - f->z.avail_out;
  if (rc == Z_STREAM_END) f->state = INFLATE_ENDED;
  else if (rc == Z_MEM_ERROR) return ERR_MEMORY;
  else if (rc != Z_OK && rc != Z_BUF_ERROR) return ERR_DECODE;
  return ERR_OK;
}

int inflater_may_end (const inflater *f) {
  return f->state != INFLATE_RUNNING;
}

void inflater_free (inflater *f) {
  if (f->is_open) inflateEnd(&f->z);
  inflater_init(f);
}
