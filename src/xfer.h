/* xfer.h - one HTTP exchange: an easy handle, and the bytes that it received. */
#ifndef APIFY_XFER_H
#define APIFY_XFER_H

#include <stdint.h>

#include <curl/curl.h>

#include "buf.h"
#include "err.h"
#include "inflate.h"
#include "rows.h"

#pragma GCC visibility push(hidden)

#define XFER_TYPE "apify.transfer"

#define XFER_HIGH_WATER  (256u << 10)    /* received bytes of a stream at which the transfer pauses; doubled for a row that is larger */
#define XFER_LOW_WATER   (64u << 10)     /* ... and below which it goes on */
#define XFER_WINDOW      (64u << 10)     /* decoded bytes made at a time */
#define XFER_SEND_LOW    (64u << 10)     /* bytes of an upload that wait to be sent, below which more are wanted */
#define XFER_ERROR_BODY  (64u << 10)     /* what is kept of the body of a failed request */

typedef enum xfer_phase {
  PHASE_QUEUED,          /* waits for a connection */
  PHASE_CONNECTING,
  PHASE_SENT,            /* the server may have seen it */
  PHASE_HEAD,            /* status and headers are there */
  PHASE_DONE
} xfer_phase;

typedef struct xfer xfer;

/* What a transfer asks of the multi that drives it, which lies above it: it is called through these. */
typedef struct xfer_hooks {
  void (*detach) (xfer *x);          /* take it out of its multi */
  int (*is_foreign) (const xfer *x); /* was it begun by the process that this one was forked from? */
  void (*stop) (xfer *x);            /* end the exchange now, as failed; only while it is in a multi and not done */
} xfer_hooks;

/* What its multi hangs on a transfer: links, so that neither has to allocate for the other, and either may be collected first. */
typedef struct xfer_link {
  const xfer_hooks *hooks;           /* NULL: it is in no multi */
  void *pool;                        /* the multi's own */
  xfer *next, *prev;                 /* of the multi's list */
  xfer *news_next;
  xfer **news;                       /* the multi's list of transfers with news */
  int has_news;
} xfer_link;

/* The answer: libcurl's callbacks append to it, and its readers take from it, at different times and paces. */
typedef struct xfer_receive {
  int in_head;                       /* a status line was read, and not the end of its headers */
  int is_pinned;                     /* the bytes are looked at right now: 'raw' must not move */
  int is_stream;                     /* the body is taken while it comes: pause when it is not */
  int wants_data;                    /* new body bytes are news */
  int is_paused;
  int is_damaged;                    /* its bytes or their checksum are wrong: so may be what was read before that was seen */
  int has_enough;                    /* of the body of an error: the exchange was ended by us */
  int is_head;                       /* asked with HEAD: there is no body, whatever the headers say of it */
  int is_raw;                        /* the body of a success is not decoded */
  buf head;                          /* header lines, as received */
  size_t trailers;                   /* bytes of those behind the body */
  buf raw;                           /* body bytes, as received */
  buf plain;                         /* of a compressed body: decoded and not yet taken */
  inflater inflater;
  rows rows;
  curl_off_t wire;                   /* bytes received, headers included */
  curl_off_t body_wire;              /* bytes of the body received, as they came */
  curl_off_t decoded;                /* ... and after decoding */
  size_t high_water;                 /* of 'raw', now */
  size_t max_body;
} xfer_receive;

/* The body of the request: whole from the start, or an upload that is written while it is sent. */
typedef struct xfer_send {
  const char *body;                  /* the whole; the Lua string is kept in the user value */
  size_t body_len, body_sent;
  int is_upload;
  int is_paused;                     /* there was nothing to send */
  int is_finished;                   /* no more bytes of the upload follow */
  buf waiting;                       /* bytes of the upload that wait to be sent */
  curl_off_t size;                   /* how many it will have; -1: nobody knows */
  curl_off_t given;                  /* how many were written so far */
} xfer_send;

struct xfer {
  int (*read) (lua_State *L, xfer *x);   /* of the call that is_reading speaks of */
  CURL *easy;                        /* NULL: closed */
  struct curl_slist *headers;
  xfer_phase phase;
  int status;
  int is_reading;                    /* inside a call that turns its bytes into Lua values: it must not be released */
  int is_doomed;                     /* closed meanwhile: released when that is over */
  int was_sent;                      /* a connection was there and the request went out, perhaps in part */
  int was_resent;                    /* ... more than once: libcurl repeats it by itself when a reused connection closes unanswered */
  int lack_errno;                    /* EMFILE or ENFILE when there was no descriptor to be had */
  int64_t touched;                   /* when the last byte came or the phase changed, in event_now's time */
  err_code code;                     /* why it failed; ERR_OK while it has not */
  char message[CURL_ERROR_SIZE];     /* ... in words */
  char curl_text[CURL_ERROR_SIZE];   /* libcurl's own words, which it may write at any time */
  xfer_link link;
  xfer_receive receive;
  xfer_send send;
};

/* Slots of the transfer's user value, a table. */
enum { SLOT_MULTI = 1, SLOT_OWNER, SLOT_BODY, SLOT_ENVELOPE };

/* Read the options at 'idx' into the transfer at 'x_idx', which owns all that is acquired. ERR_OK or ERR_MEMORY; raises on bad options. */
err_code xfer_setup (lua_State *L, int idx, xfer *x, int x_idx);

/* Closed and empty; cannot fail. */
void xfer_init (xfer *x);

/* Stop and give everything back; safe to call twice. */
void xfer_release (xfer *x);

static inline int xfer_is_success (const xfer *x) {
  return x->status >= 200 && x->status < 300;
}

/* Is its body compressed, and decoded here? */
static inline int xfer_is_coded (const xfer *x) {
  return x->receive.inflater.coding != CODING_NONE;
}

/* Tell libcurl what of the transfer is paused and what is not. */
void xfer_apply_pauses (xfer *x);

/* The body will be written, 'size' bytes (-1: nobody knows). */
void xfer_set_upload (xfer *x, curl_off_t size);

/* A copy of the bytes follows what was written before. ERR_OK also if nobody wants them any more, because the answer is there;
** ERR_IO: more than was said, and the transfer has failed; ERR_CLOSED, ERR_MEMORY, or why the transfer had failed. */
err_code xfer_write (xfer *x, const char *bytes, size_t len);

/* No more bytes follow. ERR_OK; ERR_IO: fewer than was said, and the transfer has failed; or why it had failed. */
err_code xfer_finish_body (xfer *x);

/* Is the body not finished, and would bytes that are written now be sent soon? */
int xfer_wants_body (const xfer *x);

/* What a callback has left for the time when libcurl has returned. */
void xfer_settle (xfer *x);

/* A seek callback that fails. */
int xfer_cannot_rewind (void *user, curl_off_t offset, int origin);

/* libcurl says that the exchange is over. */
void xfer_finish (xfer *x, CURLcode result);

/* Put the transfer on its multi's list of news, once. */
void xfer_note (xfer *x);

typedef enum { BODY_SOME, BODY_MORE, BODY_END, BODY_FAIL } body_state;

/* The bytes of the body that can be read now; drop what was used with xfer_drop. */
buf *xfer_window (xfer *x);

/* Make more bytes readable: BODY_SOME, or why there are none. BODY_FAIL sets code and message. */
body_state xfer_produce (xfer *x);

/* Forget 'n' bytes at the front of the window; a paused transfer goes on when there is room again. */
void xfer_drop (xfer *x, size_t n);

/* The transfer failed for this reason, unless it has failed before. */
void xfer_fail (xfer *x, err_code code, const char *message);

/* A header of the answer: its name and its value without blanks around it; not terminated. */
typedef struct xfer_field {
  const char *name;
  size_t name_len;
  const char *value;
  size_t value_len;
} xfer_field;

/* The next header from '*at' on, which begins at 0 and is moved on. 1; or 0 when there is none. */
int xfer_next_header (const xfer *x, size_t *at, xfer_field *field);

/* The last header of this name: its value (not terminated) and length, or NULL. */
const char *xfer_header (const xfer *x, const char *name, size_t *len);

#pragma GCC visibility pop

#endif
