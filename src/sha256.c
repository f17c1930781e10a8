/* sha256.c - SHA-256 (FIPS 180-4) and HMAC with it (RFC 2104), for signed URLs of storages.
**
** Of our own, as no library that has it is there wherever the core is built: the TLS library behind libcurl is OpenSSL on Debian,
** and GnuTLS, Schannel, Secure Transport, wolfSSL or mbedTLS elsewhere; libcurl shows none of it, and zlib has checksums only. */
#include "sha256.h"

#include <string.h>

static const uint32_t K[64] = {          /* of the cube roots of the first 64 primes */
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

static uint32_t rotated (uint32_t x, int n) {
  return x >> n | x << (32 - n);
}

/* The 64 words that a block is stretched to. */
static void schedule (uint32_t w[64], const unsigned char *block) {
  for (int i = 0; i < 16; i++, block += 4)
    w[i] = (uint32_t)block[0] << 24 | (uint32_t)block[1] << 16 | (uint32_t)block[2] << 8 | block[3];
  for (int i = 16; i < 64; i++) {
    uint32_t near = w[i - 2], far = w[i - 15];
    w[i] = w[i - 16] + (rotated(far, 7) ^ rotated(far, 18) ^ far >> 3) + w[i - 7] + (rotated(near, 17) ^ rotated(near, 19) ^ near >> 10);
  }
}

static void add_block (uint32_t state[8], const unsigned char *block) {
  uint32_t w[64], s[8];                  /* s: a to h of the standard */
  schedule(w, block);
  memcpy(s, state, sizeof s);
  for (int i = 0; i < 64; i++) {
    uint32_t e = s[4], a = s[0];
    uint32_t t1 = s[7] + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & s[5]) ^ (~e & s[6])) + K[i] + w[i];
    uint32_t t2 = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
    memmove(s + 1, s, 7 * sizeof *s);
    s[4] += t1;
    s[0] = t1 + t2;
  }
  for (int i = 0; i < 8; i++) state[i] += s[i];
}

void sha256_init (sha256 *h) {
  static const uint32_t first[8] = {     /* of the square roots of the first 8 primes */
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19
  };
  memcpy(h->state, first, sizeof first);
  h->len = 0;
}

void sha256_add (sha256 *h, const void *bytes, size_t n) {
  const unsigned char *p = bytes;
  while (n > 0) {
    size_t used = h->len % SHA256_BLOCK, taken = SHA256_BLOCK - used;
    if (taken > n) taken = n;
    memcpy(h->block + used, p, taken);
    h->len += taken;
    p += taken;
    n -= taken;
    if (h->len % SHA256_BLOCK == 0) add_block(h->state, h->block);
  }
}

void sha256_end (sha256 *h, unsigned char out[SHA256_SIZE]) {
  static const unsigned char padding[SHA256_BLOCK] = { 0x80 };
  uint64_t bits = h->len * 8;
  size_t used = h->len % SHA256_BLOCK;
  unsigned char length[8];
  for (int i = 0; i < 8; i++) length[i] = (unsigned char)(bits >> (56 - 8 * i));
  sha256_add(h, padding, (used < 56 ? 56 : 120) - used);
  sha256_add(h, length, sizeof length);
  for (int i = 0; i < SHA256_SIZE; i++) out[i] = (unsigned char)(h->state[i / 4] >> (24 - 8 * (i % 4)));
}

/* The digest of the key, with each of its bytes changed by 'mask', and what follows it. */
static void keyed (const unsigned char key[SHA256_BLOCK], unsigned char mask, const void *text, size_t len, unsigned char out[SHA256_SIZE]) {
  unsigned char pad[SHA256_BLOCK];
  sha256 h;
  for (int i = 0; i < SHA256_BLOCK; i++) pad[i] = key[i] ^ mask;
  sha256_init(&h);
  sha256_add(&h, pad, sizeof pad);
  sha256_add(&h, text, len);
  sha256_end(&h, out);
}

void sha256_hmac (const void *key, size_t key_len, const void *text, size_t len, unsigned char out[SHA256_SIZE]) {
  unsigned char block[SHA256_BLOCK] = { 0 }, inner[SHA256_SIZE];
  if (key_len <= SHA256_BLOCK) memcpy(block, key, key_len);
  else {
    sha256 h;
    sha256_init(&h);
    sha256_add(&h, key, key_len);
    sha256_end(&h, block);
  }
  keyed(block, 0x36, text, len, inner);
  keyed(block, 0x5c, inner, sizeof inner, out);
}
