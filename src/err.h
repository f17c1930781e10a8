/* err.h - why something failed: one code inside the core, one stable name in Lua. */
#ifndef APIFY_ERR_H
#define APIFY_ERR_H

#include "compat.h"

#pragma GCC visibility push(hidden)

typedef enum err_code {
  ERR_OK = 0,
  ERR_CLOSED,         /* used after close */
  ERR_CONNECT,        /* no connection was made: nothing was sent */
  ERR_CONTEXT,        /* not possible here, such as a core made before a fork */
  ERR_DECODE,         /* bytes that are not what they say they are */
  ERR_IO,             /* a file, or a body that is not as long as was said */
  ERR_MEMORY,
  ERR_NETWORK,        /* the connection failed after it was made */
  ERR_TLS,
  ERR_TOO_LARGE       /* a named maximum was reached */
} err_code;

/* The stable name of a code, such as "too_large". */
const char *err_name (err_code code);

/* Push nil, message, name: the three results of every failure that is returned to Lua. */
int err_push (lua_State *L, err_code code, const char *message);

/* The same, and the offset of the byte at which it failed: four results. */
int err_push_at (lua_State *L, err_code code, const char *message, size_t offset);

#pragma GCC visibility pop

#endif
