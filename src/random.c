/* random.c - random bytes from the system: nobody can guess them, and a forked child has others. */
#include "random.h"

#include <sys/types.h>
#include <unistd.h>
#if defined(__linux__) || defined(__FreeBSD__) || defined(__APPLE__)
#include <sys/random.h>
#endif

int random_fill (void *out, size_t n) {
#if defined(__linux__) || defined(__FreeBSD__)
  return getrandom(out, n, 0) == (ssize_t)n;
#else
  return getentropy(out, n) == 0;
#endif
}
