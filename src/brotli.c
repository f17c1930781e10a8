/* brotli.c - libbrotlidec's streaming decoder, looked up by name in what is loaded already.
** The few declarations are those of <brotli/decode.h>, which a build need not have. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                       /* RTLD_NOLOAD */
#endif
#include "brotli.h"

#include "dl.h"

#define FIRST_ALLOC_ERROR (-21)           /* BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES ... */
#define LAST_ALLOC_ERROR (-30)            /* ... BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES */

static void *find_library (void) {
  static const char *const names[] = { "libbrotlidec.so.1", "libbrotlidec.1.dylib", NULL };
  void *library = NULL;
  for (int i = 0; library == NULL && names[i] != NULL; i++) library = dlopen(names[i], RTLD_LAZY | RTLD_NOLOAD);
  return library;
}

static int find_all (brotli *b) {
  return dl_find(b->library, "BrotliDecoderCreateInstance", &b->create, sizeof b->create)
    && dl_find(b->library, "BrotliDecoderDestroyInstance", &b->destroy, sizeof b->destroy)
    && dl_find(b->library, "BrotliDecoderDecompressStream", &b->decode, sizeof b->decode)
    && dl_find(b->library, "BrotliDecoderGetErrorCode", &b->error_code, sizeof b->error_code);
}

/* Find the library and its functions. 0: they are not here. */
static int load (brotli *b) {
  *b = (brotli){ 0 };
  b->library = find_library();
  if (b->library == NULL || find_all(b)) return b->library != NULL;
  brotli_free(b);
  return 0;
}

int brotli_is_here (void) {
  brotli b;
  int is_here = load(&b);
  brotli_free(&b);
  return is_here;
}

err_code brotli_begin (brotli *b) {
  if (!load(b)) return ERR_DECODE;
  b->state = b->create(NULL, NULL, NULL);
  if (b->state != NULL) return ERR_OK;
  brotli_free(b);
  return ERR_MEMORY;
}

brotli_result brotli_run (brotli *b, const char **in, size_t *len, char **out, size_t *room) {
  const uint8_t *from = (const uint8_t *)*in;
  uint8_t *to = (uint8_t *)*out;
  int result = b->decode(b->state, len, &from, room, &to, NULL);
  *in = (const char *)from;
  *out = (char *)to;
  return (brotli_result)result;
}

int brotli_lacks_memory (const brotli *b) {
  int code = b->error_code(b->state);
  return code <= FIRST_ALLOC_ERROR && code >= LAST_ALLOC_ERROR;
}

void brotli_free (brotli *b) {
  if (b->state != NULL) b->destroy(b->state);
  if (b->library != NULL) dlclose(b->library);      /* libcurl holds it */
  *b = (brotli){ 0 };
}
