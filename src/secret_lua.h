/* secret_lua.h - a token that no dump of Lua tables can show. */
#ifndef APIFY_SECRET_LUA_H
#define APIFY_SECRET_LUA_H

#include "compat.h"

#pragma GCC visibility push(hidden)

/* The header line that carries the secret at 'idx', or NULL when the value there is not one; the stack stays as it was. */
const char *secret_header (lua_State *L, int idx);

#pragma GCC visibility pop

#endif
