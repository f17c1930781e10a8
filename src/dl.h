/* dl.h - functions of libraries that nothing is linked for, by their names. */
#ifndef APIFY_DL_H
#define APIFY_DL_H

#include <dlfcn.h>
#include <string.h>

/* Set the pointer to a function at 'to', of 'size' bytes. Is there such a function? */
static inline int dl_find (void *library, const char *name, void *to, size_t size) {
  void *found = dlsym(library, name);
  memcpy(to, &found, size);               /* C has no conversion from one kind of pointer to the other; POSIX makes them alike */
  return found != NULL;
}

#endif
