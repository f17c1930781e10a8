/* inflate.c - compressed bodies in windows of every size. The first byte says which coding, and whether the rest is what is compressed,
** or is compressed first, in members, and perhaps damaged.
**   - no byte outside a window is read or written;
**   - the sizes of windows change neither what comes out nor whether and where it fails;
**   - what was compressed comes out again. */
#include "inflate.h"

#include "fuzz.h"

#define MAX_OUTPUT (64u << 10)
#define MAX_PACKED (4 * FUZZ_MAX_INPUT + 4096)

typedef struct result {
  err_code error;
  int may_end;
  size_t used, made;
  char bytes[MAX_OUTPUT];
} result;

void fuzz_open (lua_State *L) {
  (void)L;
}

/* One step into a window of its own size. */
static err_code run (inflater *f, const char *in, size_t len, size_t *used, result *out, size_t room) {
  size_t made;
  char *from = fuzz_exact(in, len), *to = malloc(room);
  if (to == NULL) abort();
  err_code rc = inflater_run(f, from, len, used, to, room, &made);
  fuzz_check(*used <= len && made <= room, "a step stays within its windows");
  memcpy(out->bytes + out->made, to, made);
  out->made += made;
  out->used += *used;
  free(from);
  free(to);
  return rc;
}

/* Decode all, in windows of at most these sizes. */
static void decode (coding c, const char *bytes, size_t len, size_t max_in, size_t max_out, result *out) {
  inflater f;
  size_t fed = 0, used;
  inflater_init(&f);
  f.coding = c;
  out->error = ERR_OK, out->used = out->made = 0;
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

/* Compress in members of random sizes, with random levels and flushes. Returns the length. */
static size_t pack (const char *bytes, size_t len, int window, char *out) {
  size_t size = 0;
  do {
    z_stream z = { 0 };
    size_t n = window > 15 && fuzz_below(3) == 0 ? fuzz_below(len + 1) : len;
    if (deflateInit2(&z, (int)fuzz_below(10), Z_DEFLATED, window, 1 + (int)fuzz_below(2), (int)fuzz_below(5)) != Z_OK) abort();
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

static void check_decoding (coding c, const char *bytes, size_t len, size_t wanted) {
  static result a, b;
  decode(c, bytes, len, len, fuzz_below(8) == 0 ? MAX_OUTPUT : 4096, &a);
  decode(c, bytes, len, 1 + fuzz_below(20), 1 + fuzz_below(300), &b);
  if (a.made < MAX_OUTPUT) fuzz_check(a.error == b.error, "windows change no outcome");
  size_t both = a.made < b.made ? a.made : b.made;
  int may_differ = c == CODING_BROTLI && a.error != ERR_OK;      /* libbrotlidec keeps back what it has when a window ends in damage */
  fuzz_check((may_differ || a.made == b.made) && memcmp(a.bytes, b.bytes, both) == 0, "windows change no byte");
  if (a.error == ERR_OK && a.made < MAX_OUTPUT) fuzz_check(a.may_end == b.may_end && a.used == b.used, "windows change no end");
  if (wanted > 0) fuzz_check(a.error == ERR_OK && a.may_end && a.used == len && a.made == wanted, "what was compressed is all there");
}

void fuzz_one (lua_State *L, const char *bytes, size_t len) {
  static const coding codings[] = { CODING_GZIP, CODING_DEFLATE, CODING_BROTLI, CODING_DEFLATE };
  static char packed[MAX_PACKED];
  (void)L;
  if (len == 0) return;
  int how = *bytes++ & 15;
  len--;
  coding c = codings[how & 3];
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
