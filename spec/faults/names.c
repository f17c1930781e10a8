/* names.c - preloaded: names that are never answered (hang.test), or answered with an error (fail.test: no such name, again.test: no server
** has answered), as getaddrinfo would tell it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int (*lookup) (const char *, const char *, const struct addrinfo *, struct addrinfo **);

enum { HANG_SECS = 5 };                 /* longer than any call of the matrix may take */

int getaddrinfo (const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  if (name != NULL && strcmp(name, "hang.test") == 0) {
    sleep(HANG_SECS);
    return EAI_AGAIN;
  }
  if (name != NULL && strcmp(name, "again.test") == 0) return EAI_AGAIN;
  if (name != NULL && strcmp(name, "fail.test") == 0) return EAI_NONAME;
  return ((lookup) dlsym(RTLD_NEXT, "getaddrinfo"))(name, service, hints, found);
}
