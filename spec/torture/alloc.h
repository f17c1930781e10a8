/* alloc.h - included before every file of the core that is built to be tortured: its memory comes from spec/torture/host.c. */
#ifndef TORTURE_ALLOC_H
#define TORTURE_ALLOC_H

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void *torture_malloc (size_t size);
void *torture_calloc (size_t count, size_t size);
void *torture_realloc (void *block, size_t size);
void torture_free (void *block);
char *torture_strdup (const char *s);
char *torture_realpath (const char *path);
void *torture_zalloc (void *opaque, unsigned count, unsigned size);
void torture_zfree (void *opaque, void *block);

#undef strdup
#define malloc(size)          torture_malloc(size)
#define calloc(count, size)   torture_calloc(count, size)
#define realloc(block, size)  torture_realloc(block, size)
#define free(block)           torture_free(block)
#define strdup(s)             torture_strdup(s)
#define realpath(path, room)  torture_realpath(path)

#undef inflateInit2
#undef deflateInit2
#define TORTURE_ZLIB(z)  ((z)->zalloc = torture_zalloc, (z)->zfree = torture_zfree)
#define inflateInit2(z, bits) \
  (TORTURE_ZLIB(z), inflateInit2_((z), (bits), ZLIB_VERSION, (int)sizeof(z_stream)))
#define deflateInit2(z, level, method, bits, mem, strategy) \
  (TORTURE_ZLIB(z), deflateInit2_((z), (level), (method), (bits), (mem), (strategy), ZLIB_VERSION, (int)sizeof(z_stream)))

#endif
