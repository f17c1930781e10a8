/* sha256.h - SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104). */
#ifndef APIFY_SHA256_H
#define APIFY_SHA256_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define SHA256_SIZE  32                  /* bytes of a digest */
#define SHA256_BLOCK 64

typedef struct sha256 {
  uint32_t state[8];
  uint64_t len;                          /* bytes so far */
  unsigned char block[SHA256_BLOCK];     /* the last len % 64 of them */
} sha256;

void sha256_init (sha256 *h);
void sha256_add (sha256 *h, const void *bytes, size_t n);
void sha256_end (sha256 *h, unsigned char out[SHA256_SIZE]);     /* 'h' is spent */

/* The HMAC of a text with a key of any length. */
void sha256_hmac (const void *key, size_t key_len, const void *text, size_t len, unsigned char out[SHA256_SIZE]);

#pragma GCC visibility pop

#endif
