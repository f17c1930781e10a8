/* json_read.h - JSON bytes to Lua values, in one pass, by a decoder that remembers the shapes of the objects it met. */
#ifndef APIFY_JSON_READ_H
#define APIFY_JSON_READ_H

#include "core.h"
#include "err.h"
#include "json_shape.h"

#pragma GCC visibility push(hidden)

#define DECODER_TYPE "apify.decoder"
#define ARRAY_TYPE "apify.array"        /* registered name of the metatable that marks arrays */

typedef enum json_status {
  JSON_OK,
  JSON_INCOMPLETE,         /* the bytes so far could be the beginning of a value */
  JSON_INVALID             /* no further byte could make them one */
} json_status;

typedef struct json_input {
  const char *bytes;
  size_t len;              /* no byte behind it is read */
  json_place place;        /* whose shapes to use; picking does not apply to the envelope */
  int is_final;            /* no byte will ever follow: a number may end with the bytes */
  int depth;               /* how deep the value lies in its document already */
  /* results */
  size_t used;             /* bytes of the value, or the offset of the byte that does not fit */
  const char *message;     /* JSON_INVALID: why; static text */
} json_input;

/* Push a new decoder. 'picks' is the stack index of the list of names to build of each row or document, or 0 for all of
** them; null members are absent unless 'keeps_nulls'. Raises an argument error for a list that holds anything else. */
decoder *decoder_new (lua_State *L, int keeps_nulls, int picks);

/* The decoder at stack index 'arg', or an argument error. Nothing is pushed. */
decoder *json_check_decoder (lua_State *L, int arg);

/* The same, but a raw decoder, which gives the text of rows and nothing else, is an argument error too. */
void json_check_whole (lua_State *L, int arg);

/* Forget all that is learned if the decoder can learn no more, so that documents of a new kind are fast too. Done before
** a decode, and only when none is under way. */
void decoder_refresh (decoder *d);

/* Read one value, which may have white space in front. JSON_OK: pushes it. Else the stack stays as it was.
** 'dec_idx' is the stack index of the decoder. Raises if Lua is out of memory, and then nothing leaks. */
json_status json_read (lua_State *L, int dec_idx, json_input *in);

/* Decode a whole document, which may begin with a byte order mark, with the decoder at 'dec_idx'.
** Pushes the value; or nil, message, name, offset. Returns how many. */
int json_decode (lua_State *L, int dec_idx, const char *bytes, size_t len);

#pragma GCC visibility pop

#endif
