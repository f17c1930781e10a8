/* xfer_info_lua.h - a transfer on the Lua stack, and the methods that tell what it knows. */
#ifndef APIFY_XFER_INFO_LUA_H
#define APIFY_XFER_INFO_LUA_H

#include "xfer.h"

#pragma GCC visibility push(hidden)

/* The transfer at index 1 in any state, or an argument error. */
xfer *xfer_any (lua_State *L);

/* The open transfer at index 1, or an argument error. */
xfer *xfer_check (lua_State *L);

/* Push one of the kept values of the transfer at 'idx'. */
void xfer_push_slot (lua_State *L, int idx, int slot);

/* Run 'read', which makes Lua values of the transfer's bytes. Any allocation may run a finalizer, and that may close the
** transfer or drive it: the bytes stay where they are meanwhile. Returns what 'read' does, or 3 values when one is under way. */
int xfer_guard (lua_State *L, int (*read) (lua_State *L, xfer *x));

/* owner, phase, status, headers and the like. */
extern const luaL_Reg xfer_info[];

#pragma GCC visibility pop

#endif
