/* rows.h - rows out of an unfinished body: each comes out as soon as its last byte is there.
** A body is a list of rows, `[row, ...]`, or an envelope around one: `{"data": {"items": [row, ...], ...}, ...}` or
** `{"data": [row, ...], ...}`. Other members may stand anywhere in it. */
#ifndef APIFY_ROWS_H
#define APIFY_ROWS_H

#include <stddef.h>
#include <stdint.h>

#include "core.h"
#include "err.h"

#pragma GCC visibility push(hidden)

#define MAX_ENVELOPE_KEY 128          /* bytes of a key around the rows */
#define MAX_ROWS_MESSAGE 128
#define MAX_BRACES 64                 /* levels of a row that is passed over: bits of rows.braces */

/* What the next token may be. */
typedef enum rows_expect {
  EXPECT_BODY,
  EXPECT_ROW_OR_END,                  /* behind the '[' of the rows */
  EXPECT_ROW,
  EXPECT_AFTER_ROW,
  EXPECT_KEY_OR_END,                  /* behind a '{' of the envelope */
  EXPECT_KEY,
  EXPECT_COLON,
  EXPECT_VALUE,
  EXPECT_AFTER_VALUE,
  EXPECT_NOTHING
} rows_expect;

/* How far an unfinished value has been looked at, so that no byte of it is looked at twice. */
typedef struct rows_scan {
  size_t done;                        /* bytes; 0: not begun */
  size_t depth;                       /* of brackets */
  int in_string, in_escape;
} rows_scan;

/* A row that cannot be decoded, and how far it was passed over. */
typedef enum rows_bad {
  BAD_NONE,
  BAD_FOUND,                          /* it begins with the window */
  BAD_NESTED,                         /* within brackets or quotes */
  BAD_PLAIN,                          /* within a number or a word */
  BAD_PASSED                          /* behind it: is it followed by what may follow a row? */
} rows_bad;

typedef struct rows {
  rows_expect expect;
  int level;                          /* 0: outside; 1: in the body's object; 2: in `data` */
  int has_rows;                       /* the list of rows was met */
  size_t max_row;                     /* bytes */
  size_t max_gap;                     /* bytes between two rows, those that are passed over included */
  size_t row_size;                    /* bytes of the last row */
  size_t row_end;                     /* offset in the body behind the last row */
  size_t base;                        /* ... of the window's first byte */
  size_t passed;                      /* bytes of the window that a call has passed which Lua's raise has ended */
  rows_scan scan;
  rows_bad bad;
  uint64_t braces;                    /* of the bad row: a bit for each level, 1 for '{', as far as there are bits */
  size_t key_len;
  char key[MAX_ENVELOPE_KEY];         /* of the member that is being read */
  /* ROWS_FAIL: why; stays so, unless it is a row that is passed over */
  err_code error;
  size_t offset;                      /* in the body */
  char message[MAX_ROWS_MESSAGE];
} rows;

typedef enum { ROWS_ROW, ROWS_MORE, ROWS_END, ROWS_FAIL } rows_state;

/* Ready for the first byte of a body. There is nothing to release. */
void rows_init (rows *r, size_t max_row, size_t max_gap);

/* Find the next row. The window 'bytes..bytes+len' begins where the previous call's *used ended; 'final': no byte follows.
** ROWS_ROW: pushes the row, or its text if the decoder is raw. ROWS_MORE: more bytes are needed, or the news that none follows.
** ROWS_END: the document is complete. ROWS_FAIL: r->error, r->message and r->offset say why. Only a row is pushed.
** *used: bytes at the front that are not needed any more; the caller drops them before the next call.
** May raise: the next call, with the same window or more of it, goes on with the value that could not be made.
** 'dec_idx' is the stack index of the decoder, 'env_idx' of the table that receives the members around the rows. */
rows_state rows_next (rows *r, lua_State *L, int dec_idx, int env_idx, const char *bytes, size_t len, int final, size_t *used);

/* After ROWS_FAIL: pass over the row that could not be decoded. The window as for rows_next.
** ROWS_ROW: it is passed, and rows_next goes on behind it. ROWS_MORE: more bytes are needed. ROWS_FAIL: it was no row that failed,
** its end cannot be told, or is too far away, which is what the reader has failed for then. Pushes nothing; the bytes that were passed
** over are not kept. */
rows_state rows_skip (rows *r, const char *bytes, size_t len, int final, size_t *used);

#pragma GCC visibility pop

#endif
