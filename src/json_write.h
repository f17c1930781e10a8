/* json_write.h - Lua values to JSON text. */
#ifndef APIFY_JSON_WRITE_H
#define APIFY_JSON_WRITE_H

#include "core.h"

#pragma GCC visibility push(hidden)

#define MAX_JSON_TEXT ((size_t)1 << 30)       /* bytes of one encoded value: far above any body the API takes */

/* What a value or a metatable stands for, in the table of foreign marks: mark[value] = one of these. */
typedef enum json_mark { MARK_NULL = 1, MARK_EMPTY_ARRAY, MARK_ARRAY_METATABLE } json_mark;

/* Register the metatable of the encoder's scratch memory. Once per VM. */
void json_write_open (lua_State *L);

/* Encode the value at 'idx', to 'max' bytes at most. Pushes the text; or nil, message, name ("encode", "too_large"). Returns how many values.
** 'marks': stack index of the table of foreign marks, or 0. 'sorts_keys': members in the order of their keys' bytes.
** Calls no metamethod but __pairs. Raises only if memory runs out, and then nothing leaks. */
int json_write (lua_State *L, int idx, int marks, int sorts_keys, size_t max);

#pragma GCC visibility pop

#endif
