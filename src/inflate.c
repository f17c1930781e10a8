/* inflate.c - zlib's inflate, one gzip member after another, or one stream of deflate; isa-l for what is in gzip; and brotli. */
#include "inflate.h"

#include <limits.h>
#include <string.h>
#include <strings.h>

#define GZIP_WINDOW (15 + 16)            /* the largest window, gzip framing only */
#define ZLIB_WINDOW 15
#define RAW_WINDOW (-15)                 /* neither header nor checksum */
#define ZLIB_HEADER 2                    /* bytes that tell zlib's wrapping from none */

typedef struct named_coding {
  const char *name;
  coding coding;
} named_coding;

static const named_coding codings[] = {
  { "identity", CODING_NONE },
  { "gzip", CODING_GZIP },
  { "x-gzip", CODING_GZIP },
  { "deflate", CODING_DEFLATE },
  { "br", CODING_BROTLI },
  { NULL, CODING_UNKNOWN }
};

/* The coding of this name. */
static coding find_one (const char *name, size_t len) {
  const named_coding *c = codings;
  while (c->name != NULL && (strlen(c->name) != len || strncasecmp(c->name, name, len) != 0)) c++;
  if (c->coding == CODING_BROTLI && !brotli_is_here()) return CODING_UNKNOWN;
  return c->coding;
}

static int is_blank (char c) {
  return c == ' ' || c == '\t' || c == ',';
}

coding coding_find (const char *value, size_t len) {
  const char *p = value, *end = value + len;
  coding found = CODING_NONE;
  while (p < end) {
    const char *name = p;
    while (p < end && !is_blank(*p)) p++;
    coding c = p == name ? CODING_NONE : find_one(name, (size_t)(p - name));
    if (c != CODING_NONE) found = found == CODING_NONE ? c : CODING_UNKNOWN;
    if (p < end) p++;
  }
  return found;
}

const char *coding_name (coding c) {
  return c == CODING_DEFLATE ? "deflate" : c == CODING_BROTLI ? "brotli" : "gzip";
}

void inflater_init (inflater *f) {
  memset(f, 0, sizeof *f);
}

/* Does a stream of deflate begin with zlib's header? No plain one that an encoder writes looks so. */
static int has_zlib_header (const char *in) {
  const unsigned char *b = (const unsigned char *)in;
  return (b[0] & 0x0F) == Z_DEFLATED && (b[0] * 256 + b[1]) % 31 == 0;
}

/* The first bytes are there. */
static err_code begin (inflater *f, const char *in) {
  if (f->coding == CODING_BROTLI) {
    err_code rc = brotli_begin(&f->brotli);
    if (rc != ERR_OK) return rc;
  }
  else {
    int window = f->coding == CODING_GZIP ? GZIP_WINDOW : has_zlib_header(in) ? ZLIB_WINDOW : RAW_WINDOW;
    if (inflateInit2(&f->z, window) != Z_OK) return ERR_MEMORY;      /* the arguments are constants: nothing else can be wrong */
    f->has_zlib = 1;
    f->has_isal = f->coding == CODING_GZIP && isal_is_here();
  }
  f->state = INFLATE_RUNNING;
  return ERR_OK;
}

static uInt clamp (size_t n) {
  return n > UINT_MAX ? UINT_MAX : (uInt)n;
}

static err_code run_zlib (inflater *f, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made) {
  f->z.next_in = (Bytef *)in;            /* zlib reads it only */
  f->z.avail_in = clamp(len);
  f->z.next_out = (Bytef *)out;
  f->z.avail_out = clamp(room);
  uInt had = f->z.avail_in, could = f->z.avail_out;
  int rc = inflate(&f->z, f->has_isal ? Z_BLOCK : Z_NO_FLUSH);
  *used = had - f->z.avail_in;
  *made = could - f->z.avail_out;
  if (rc == Z_STREAM_END) f->state = INFLATE_ENDED;
  else if (rc == Z_MEM_ERROR) return ERR_MEMORY;
  else if (rc != Z_OK && rc != Z_BUF_ERROR) return ERR_DECODE;
  return ERR_OK;
}

/* Has zlib stopped between two blocks, as it does behind the header? */
static int is_at_block (const z_stream *z) {
  return (z->data_type & 128) != 0;      /* as <zlib.h> has it */
}

/* A gzip member: zlib reads its header, isa-l the rest. */
static err_code run_isal (inflater *f, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made) {
  size_t header = 0;
  int has_ended;
  if (f->isal == NULL) {
    err_code rc = run_zlib(f, in, len, used, out, room, made);
    if (rc != ERR_OK || !is_at_block(&f->z)) return rc;
    header = *used;
    rc = isal_begin(&f->isal);
    if (rc != ERR_OK) return rc;
  }
  err_code rc = isal_run(f->isal, in + header, len - header, used, out, room, made, &has_ended);
  *used += header;
  if (!has_ended) return rc;
  f->state = INFLATE_ENDED;
  isal_free(&f->isal);
  return ERR_OK;
}

static err_code run_brotli (inflater *f, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made) {
  size_t had = len, could = room;
  brotli_result rc = brotli_run(&f->brotli, &in, &len, &out, &room);
  *used = had - len;
  *made = could - room;
  if (rc == BROTLI_ENDED) f->state = INFLATE_ENDED;
  else if (rc == BROTLI_FAILED) return brotli_lacks_memory(&f->brotli) ? ERR_MEMORY : ERR_DECODE;
  return ERR_OK;
}

static err_code run (inflater *f, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made) {
  if (f->coding == CODING_BROTLI) return run_brotli(f, in, len, used, out, room, made);
  return (f->has_isal ? run_isal : run_zlib)(f, in, len, used, out, room, made);
}

err_code inflater_run (inflater *f, const char *in, size_t len, size_t *used, char *out, size_t room, size_t *made) {
  *used = *made = 0;
  if (f->state == INFLATE_FAILED) return ERR_DECODE;         /* isa-l, asked again, would give whatever is in its memory */
  if (len == 0 && !f->is_full) return ERR_OK;
  if (f->state == INFLATE_NONE) {
    if (f->coding == CODING_DEFLATE && len < ZLIB_HEADER) return ERR_OK;
    err_code rc = begin(f, in);
    if (rc != ERR_OK) return rc;
  }
  if (f->state == INFLATE_ENDED) {       /* more bytes behind a complete gzip member: the next member */
    if (f->coding != CODING_GZIP) return ERR_DECODE;
    inflateReset(&f->z);
    f->state = INFLATE_RUNNING;
  }
  err_code rc = run(f, in, len, used, out, room, made);
  if (rc == ERR_DECODE) f->state = INFLATE_FAILED;
  f->is_full = f->state == INFLATE_RUNNING && *made == room;
  return rc;
}

int inflater_may_end (const inflater *f) {
  return f->state == INFLATE_ENDED;
}

void inflater_free (inflater *f) {
  if (f->has_zlib) inflateEnd(&f->z);
  isal_free(&f->isal);
  brotli_free(&f->brotli);
  inflater_init(f);
}
