/* core.c - the module 'apify.core': each part adds itself to one table. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE                       /* dladdr, RTLD_NOLOAD, RTLD_NODELETE */
#endif
#include <dlfcn.h>

#include "core.h"

#if LIBCURL_VERSION_NUM != 0 && LIBCURL_VERSION_NUM < 0x075000
#error "libcurl 7.80 or later is needed (CURLOPT_PREREQFUNCTION)"
#endif

/* Keep this shared object mapped until the process ends, also when its Lua state is closed:
** a name resolver's thread and the fork handler may still run code from it and from libcurl. */
static void pin_module (void) {
  Dl_info info;
  if (dladdr((void *)(size_t)&pin_module, &info) == 0 || info.dli_fname == NULL) return;
  void *self = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
  if (self != NULL) dlclose(self);                  /* the count goes back; NODELETE stays */
}

__attribute__((visibility("default")))
int luaopen_apify_core (lua_State *L) {
  pin_module();
  lua_newtable(L);
  open_file(L);
  open_gzip(L);
  open_json(L);
  open_rows(L);
  open_secret(L);
  open_system(L);
  open_tap(L);
  open_text(L);
  open_xfer(L);
  open_multi(L);
  return 1;
}
