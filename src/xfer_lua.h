/* xfer_lua.h - the transfer's Lua side. */
#ifndef APIFY_XFER_LUA_H
#define APIFY_XFER_LUA_H

#include "xfer.h"

#pragma GCC visibility push(hidden)

/* A transfer for the multi at 'multi_idx', configured by the options table at 'options_idx' and not yet attached.
** Pushes it and returns it; or pushes nothing and returns NULL for want of memory. Raises on bad options. */
xfer *xfer_new (lua_State *L, int multi_idx, int options_idx);

#pragma GCC visibility pop

#endif
