/* core.h - what the parts of the core share: limits, and the functions by which each part adds itself to the module. */
#ifndef APIFY_CORE_H
#define APIFY_CORE_H

#include "compat.h"

#pragma GCC visibility push(hidden)

/* Named maxima. Each is the default of an option, or a bound with its reason beside it. */
#define MAX_JSON_DEPTH   1000                 /* nesting; bounds the C and the Lua stack */
#define MAX_ROW_SIZE     (16u << 20)          /* bytes of one row: what a stream may have to hold at once */
#define MAX_ROW_GAP      (64u << 20)          /* bytes without a row that are worth keeping, such as one that is passed over: it has to end */
#define MAX_BODY_SIZE    (64u << 20)          /* decoded bytes of a buffered body */
#define MAX_UPLOAD_SIZE  9007199254740992.0   /* bytes: 2^53, up to where every Lua number is exact */
#define MAX_HEADER_SIZE  (256u << 10)         /* all headers of one response */

/* Make the metatable of the type 'name': its name, the metamethods 'meta', and 'methods' as its __index. The stack stays as it was. */
static inline void core_new_type (lua_State *L, const char *name, const luaL_Reg *meta, const luaL_Reg *methods) {
  luaL_newmetatable(L, name);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  luaL_setfuncs(L, meta, 0);
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
}

/* Add a function to the module table on top of the stack. */
static inline void core_add (lua_State *L, const char *name, lua_CFunction f) {
  lua_pushcfunction(L, f);
  lua_setfield(L, -2, name);
}

/* The option 'name' of the table at 'idx', as a boolean. */
static inline int core_flag (lua_State *L, int idx, const char *name) {
  lua_getfield(L, idx, name);
  int set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return set;
}

/* nil and a word that is no failure, such as "more". Pushes 2 values. */
static inline int core_push_word (lua_State *L, const char *word) {
  lua_pushnil(L);
  lua_pushstring(L, word);
  return 2;
}


/* Each adds its functions to the module table on top of the stack, and leaves it there. */
void open_file (lua_State *L);                /* file_lua.c: file */
void open_gzip (lua_State *L);                /* gzip_lua.c: gzip */
void open_json (lua_State *L);                /* json_lua.c: decode, encode, decoder, null, array */
void open_multi (lua_State *L);               /* multi_lua.c: multi */
void open_rows (lua_State *L);                /* rows_lua.c: rows */
void open_secret (lua_State *L);              /* secret_lua.c: secret */
void open_system (lua_State *L);              /* system_lua.c: now, random, ... */
void open_tap (lua_State *L);                 /* tap_lua.c: tap, stop_taps */
void open_text (lua_State *L);                /* text_lua.c: crc32, is_utf8, sha256, utf8_end */
void open_xfer (lua_State *L);                /* xfer_lua.c: the transfer's metatable */

#pragma GCC visibility pop

#endif
