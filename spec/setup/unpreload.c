/* unpreload.c - preloaded behind a sanitizer's runtime: the programs that this process starts are spared it. */
#include <stdlib.h>

__attribute__((constructor))
static void forget_preload (void) {
  unsetenv("LD_PRELOAD");
}
