/* xfer_lua.h - a transfer on the Lua stack. */
#ifndef APIFY_XFER_LUA_H
#define APIFY_XFER_LUA_H

#include "xfer.h"

#pragma GCC visibility push(hidden)

/* A transfer for the multi at 'multi_idx', configured by the options table at 'options_idx' and not yet attached.
** Pushes it and returns it; or pushes nothing and returns NULL for want of memory. Raises on bad options. */
xfer *xfer_new (lua_State *L, int multi_idx, int options_idx);

/* The transfer at index 1 in any state, or an argument error. */
xfer *xfer_any (lua_State *L);

/* The open transfer at index 1, or an argument error. */
xfer *xfer_check (lua_State *L);

/* Push one of the kept values of the transfer at 'idx'. */
void xfer_push_slot (lua_State *L, int idx, int slot);

/* Run 'read', which makes Lua values of the transfer's bytes. Any allocation may run a finalizer, and that may close the
** transfer or drive it: the bytes stay where they are meanwhile, also if 'read' raises. It finds the arguments, of which there are two at most.
** Returns what 'read' does, or 3 values when one is under way. */
int xfer_guard (lua_State *L, int (*read) (lua_State *L, xfer *x));

/* Read the next row of the open transfer 'x' with the decoder at 'dec_idx'; the members around the rows go to the table at 'env_idx'.
** Pushes the row, or what `transfer:row` returns when there is none: 2 or 4 values. Returns how many. To be called inside of a guard. */
int xfer_push_row (lua_State *L, xfer *x, int dec_idx, int env_idx);

/* What xfer_guard needs in each Lua state. The stack stays as it was. */
void xfer_guard_open (lua_State *L);

/* The methods that tell what it knows of itself: owner, phase, status, headers and the like. */
extern const luaL_Reg xfer_info[];

#pragma GCC visibility pop

#endif
