/* random.h - random bytes from the system. */
#ifndef APIFY_RANDOM_H
#define APIFY_RANDOM_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Fill 'out' with 'n' random bytes, at most 256. 0 where the system has none. */
int random_fill (void *out, size_t n);

#pragma GCC visibility pop

#endif
