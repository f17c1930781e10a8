/* inflate.c - compressed bodies in windows of every size. The first byte says which coding, and whether the rest is what is compressed,
** or is compressed first, in members, and perhaps damaged; or is the blocks of a gzip member, whose header and right checksum are put around.
**   - no byte behind a window is read or written, by isa-l's assembler neither;
**   - the sizes of windows change neither what comes out nor whether and where it fails;
**   - what zlib takes, isa-l takes, to the same bytes; and whatever either takes has the checksum and the length that are behind it;
**   - what was compressed comes out again. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                       /* MAP_ANONYMOUS */
#endif
#include "inflate.h"

#include <sys/mman.h>

#include "fuzz.h"

#define MAX_OUTPUT (64u << 10)
#define MAX_PACKED (4 * FUZZ_MAX_INPUT + 4096)
#define GUARD (64u << 10)                /* bytes that nobody may touch: a multiple of every usual page */

typedef struct result {
  err_code error;
  int may_end;
  size_t used, made;
  size_t member;                         /* where in 'bytes' the gzip member begins */
  char bytes[MAX_OUTPUT];
} result;

static char *in_end, *out_end;           /* ends of memory: what is behind them must not be touched */

/* The end of 'size' bytes of memory with a guard behind them. */
static char *guarded (size_t size) {
  size = (size + GUARD - 1) / GUARD * GUARD;
  char *from = mmap(NULL, size + GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (from == MAP_FAILED || mprotect(from + size, GUARD, PROT_NONE) != 0) abort();
  return from + size;
}

void fuzz_open (lua_State *L) {
  (void)L;
  in_end = guarded(MAX_PACKED);
  out_end = guarded(MAX_OUTPUT);
}

/* A member of gzip has ended, with the trailer that ends at 'end'. */
static void check_member (result *out, const char *end) {
  const unsigned char *t = (const unsigned char *)end - 8;
  size_t len = out->made - out->member;
  unsigned long trailer[2] = { crc32(0, (const Bytef *)out->bytes + out->member, (uInt)len), len };
  for (size_t i = 0; i < 8; i++) fuzz_check(t[i] == (trailer[i / 4] >> 8 * (i % 4) & 255), "a member has its checksum and its length");
  out->member = out->made;
}

/* One step into a window of its own size. */
static err_code run (inflater *f, const char *in, size_t len, size_t *used, result *out, size_t room) {
  size_t made;
  char *from = memcpy(in_end - len, in, len), *to = out_end - room;
  err_code rc = inflater_run(f, from, len, used, to, room, &made);
  fuzz_check(*used <= len && made <= room, "a step stays within its windows");
  memcpy(out->bytes + out->made, to, made);
  out->made += made;
  out->used += *used;
  if (rc == ERR_OK && *used > 0 && f->coding == CODING_GZIP && f->state == INFLATE_ENDED) check_member(out, in + *used);
  return rc;
}

/* Decode all, in windows of at most these sizes. */
static void decode (coding c, const char *bytes, size_t len, size_t max_in, size_t max_out, result *out) {
  inflater f;
  size_t fed = 0, used;
  inflater_init(&f);
  f.coding = c;
  out->error = ERR_OK, out->used = out->made = out->member = 0;
  while (out->error == ERR_OK && out->made < MAX_OUTPUT) {
    size_t had = out->made, left = MAX_OUTPUT - out->made, room = 1 + fuzz_below(max_out);
    out->error = run(&f, bytes + out->used, fed - out->used, &used, out, room < left ? room : left);
    if (used > 0 || out->made > had) continue;
    if (fed == len) break;
    fed += 1 + fuzz_below(max_in < len - fed ? max_in : len - fed);
  }
  out->may_end = inflater_may_end(&f);
  inflater_free(&f);
}

/* Some of the fields that a header of gzip may have. */
static gz_header *some_header (void) {
  static Bytef text[300], extra[300];
  static gz_header h;
  memset(text, 'a', fuzz_below(sizeof text));
  h = (gz_header){ .text = (int)fuzz_below(2), .time = fuzz_below(1000), .os = 3, .hcrc = (int)fuzz_below(2) };
  if (fuzz_below(2) == 0) h.extra = extra, h.extra_len = (uInt)fuzz_below(sizeof extra);
  if (fuzz_below(2) == 0) h.name = text;
  if (fuzz_below(2) == 0) h.comment = text + fuzz_below(sizeof text);
  return &h;
}

/* Compress in members of random sizes, with random levels, flushes and headers. Returns the length. */
static size_t pack (const char *bytes, size_t len, int window, char *out) {
  size_t size = 0;
  do {
    z_stream z = { 0 };
    size_t n = window > 15 && fuzz_below(3) == 0 ? fuzz_below(len + 1) : len;
    if (deflateInit2(&z, (int)fuzz_below(10), Z_DEFLATED, window, 1 + (int)fuzz_below(2), (int)fuzz_below(5)) != Z_OK) abort();
    if (window > 15 && fuzz_below(2) == 0) deflateSetHeader(&z, some_header());
    z.next_in = (Bytef *)bytes;          /* zlib reads it only */
    z.next_out = (Bytef *)out + size;
    z.avail_out = (uInt)(MAX_PACKED - size);
    z.avail_in = (uInt)fuzz_below(n + 1);
    size_t rest = n - z.avail_in;
    deflate(&z, (int)fuzz_below(4));
    z.avail_in += (uInt)rest;
    int rc = deflate(&z, Z_FINISH);
    size += z.total_out;
    deflateEnd(&z);
    if (rc != Z_STREAM_END) return 0;    /* so many members do not fit */
    bytes += n, len -= n;
  } while (len > 0);
  return size;
}

/* The blocks of deflate that 'bytes' begins with, as a gzip member. Returns its length; 0: zlib knows no such blocks. */
static size_t frame (const char *bytes, size_t len, char *out) {
  static const char header[10] = { 31, (char)139, 8 };
  static Bytef plain[MAX_OUTPUT];
  z_stream z = { 0 };
  if (inflateInit2(&z, -15) != Z_OK) abort();
  z.next_in = (Bytef *)bytes;            /* zlib reads it only */
  z.avail_in = (uInt)len;
  z.next_out = plain;
  z.avail_out = sizeof plain - 1;
  int rc = inflate(&z, Z_FINISH);
  size_t made = z.total_out, used = z.total_in, at = sizeof header + used;
  inflateEnd(&z);
  if (rc != Z_STREAM_END) return 0;
  memcpy(out, header, sizeof header);
  memcpy(out + sizeof header, bytes, used);
  unsigned long trailer[2] = { crc32(0, plain, (uInt)made), made };
  for (size_t i = 0; i < 8; i++) out[at + i] = (char)(trailer[i / 4] >> 8 * (i % 4));
  return at + 8;
}

/* Where a body is wrong, one may see it sooner than the other; and isa-l does not mind some strange codes that zlib does not take. */
static void check_isal (const char *bytes, size_t len, const result *zlib) {
  static result isal;
  isal_use(1);
  decode(CODING_GZIP, bytes, len, 1 + fuzz_below(len), 1 + fuzz_below(fuzz_below(2) == 0 ? 300 : MAX_OUTPUT), &isal);
  isal_use(0);
  size_t both = zlib->made < isal.made ? zlib->made : isal.made;
  fuzz_check(memcmp(zlib->bytes, isal.bytes, both) == 0, "zlib and isa-l make the same bytes");
  if (zlib->error != ERR_OK || !zlib->may_end || zlib->made >= MAX_OUTPUT) return;
  fuzz_check(isal.error == ERR_OK && isal.may_end, "isa-l takes what zlib takes");
  fuzz_check(zlib->made == isal.made && zlib->used == isal.used, "zlib and isa-l find the same end");
}

static void check_decoding (coding c, const char *bytes, size_t len, size_t wanted) {
  static result a, b;
  isal_use(0);
  decode(c, bytes, len, len, fuzz_below(8) == 0 ? MAX_OUTPUT : 4096, &a);
  decode(c, bytes, len, 1 + fuzz_below(20), 1 + fuzz_below(300), &b);
  if (a.made < MAX_OUTPUT) fuzz_check(a.error == b.error, "windows change no outcome");
  size_t both = a.made < b.made ? a.made : b.made;
  int may_differ = c == CODING_BROTLI && a.error != ERR_OK;      /* libbrotlidec keeps back what it has when a window ends in damage */
  fuzz_check((may_differ || a.made == b.made) && memcmp(a.bytes, b.bytes, both) == 0, "windows change no byte");
  if (a.error == ERR_OK && a.made < MAX_OUTPUT) fuzz_check(a.may_end == b.may_end && a.used == b.used, "windows change no end");
  if (wanted > 0) fuzz_check(a.error == ERR_OK && a.may_end && a.used == len && a.made == wanted, "what was compressed is all there");
  if (c == CODING_GZIP) check_isal(bytes, len, &a);
}

void fuzz_one (lua_State *L, const char *bytes, size_t len) {
  static const coding codings[] = { CODING_GZIP, CODING_DEFLATE, CODING_BROTLI, CODING_DEFLATE };
  static char packed[MAX_PACKED];
  (void)L;
  if (len == 0) return;
  int how = *bytes++ & 31;
  len--;
  coding c = codings[how & 3];
  if (how == 16) {
    size_t framed = frame(bytes, len, packed);
    if (framed > 0) check_decoding(CODING_GZIP, packed, framed, 0);
    return;
  }
  if (c == CODING_BROTLI || (how & 4) == 0) {
    if (c == CODING_BROTLI && coding_find("br", 2) != c) return;
    check_decoding(c, bytes, len, 0);
    return;
  }
  size_t size = pack(bytes, len, c == CODING_GZIP ? 31 : (how & 3) == 1 ? 15 : -15, packed);
  if (size == 0) return;
  int is_damaged = how & 8;
  if (is_damaged) packed[fuzz_below(size)] ^= (char)(1 << fuzz_below(8));
  check_decoding(c, packed, size, is_damaged ? 0 : len);
}
